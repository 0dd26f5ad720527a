/*
 * The records of a PDB file as they stand there: atoms of the first model with their own
 * spellings, coordinates of every model. pdb_read.c makes a structure of them.
 */
#ifndef DDMD_MOLECULE_PDB_RECORDS_H
#define DDMD_MOLECULE_PDB_RECORDS_H

#include "ddmd/structure.h"
#include "pdb_fields.h"

typedef struct ddmd_pdb_atom {
    ddmd_pdb_line line;
    char name[5];
    char alternate;     /* altLoc, ' ' where there is none */
    bool other_residue; /* of a point mutation that shares the place of its residue */
    int32_t serial;     /* -1: none that can be read */
    int32_t residue;
} ddmd_pdb_atom;

typedef struct ddmd_pdb_connection {
    int32_t serials[2];
} ddmd_pdb_connection;

/* Zero-initialised is empty. */
typedef struct ddmd_pdb_records {
    ddmd_pdb_atom *atoms;
    ddmd_residue *residues; /* standard names; first_atom, n_atoms: of atoms above */
    ddmd_chain *chains;
    ddmd_pdb_connection *connections;
    double *positions; /* [n_models][n_atoms][3], nm */
    size_t n_atoms, n_residues, n_chains, n_connections, n_models;
    size_t atom_capacity, residue_capacity, chain_capacity, connection_capacity;
    size_t position_capacity;
    bool has_box;
    double box[3][3];
} ddmd_pdb_records;

/* FORMAT where the text breaks the rules of ddmd_structure_read_pdb. */
enum ddmd_status ddmd_pdb_records_parse(const char *bytes, size_t length, const char *source,
                                        ddmd_pdb_records *records, ddmd_error *err);

void ddmd_pdb_records_clear(ddmd_pdb_records *records);

#endif
