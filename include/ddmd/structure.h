/*
 * Molecular structures: atoms, residues, chains, bonds and one or more sets of coordinates, read
 * from and written to PDB files (wwPDB format 3.3).
 *
 * Units: nm. Index order of coordinates: [model][atom][xyz]. A structure is not changed after it
 * was made; its members may be read directly.
 */
#ifndef DDMD_STRUCTURE_H
#define DDMD_STRUCTURE_H

#include "ddmd/error.h"
#include "ddmd/log.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct ddmd_atom {
    char name[8];    /* as the force field spells it ("HB2"), after the renaming of variants */
    char element[4]; /* "C", "CL" is "Cl"; empty where it cannot be told */
    int32_t residue; /* index into residues */
    int32_t line;    /* line of the file that it came from; 0: built */
    float occupancy;
    float b_factor; /* square angstrom, as in the file */
    bool hetero;    /* HETATM */
} ddmd_atom;

typedef struct ddmd_residue {
    char name[8];        /* "ALA", after the renaming of variants ("HSD" is "HIS") */
    int32_t number;      /* of the file; may repeat and may be negative */
    char insertion_code; /* ' ' where there is none */
    int32_t chain;       /* index into chains */
    int32_t first_atom;
    int32_t n_atoms;
} ddmd_residue;

typedef struct ddmd_chain {
    char id[8];
    int32_t first_residue;
    int32_t n_residues;
} ddmd_chain;

typedef struct ddmd_structure {
    char *source; /* file name or sequence, for messages */
    int32_t n_atoms, n_residues, n_chains, n_bonds, n_models;
    ddmd_atom *atoms;
    ddmd_residue *residues;
    ddmd_chain *chains;
    int32_t (*bonds)[2]; /* covalent bonds, i < j, sorted; see ddmd_structure_read_pdb */
    double *positions;   /* [n_models][n_atoms][3], nm */
    bool has_box;
    double box[3][3]; /* box vectors, rows a, b, c, nm (OpenMM's reduced form) */
} ddmd_structure;

/*
 * Read a PDB file. Understood: ATOM, HETATM, TER, MODEL/ENDMDL (every model must have the atoms of
 * the first; END alone separates models, too), altLoc (the first location of each atom is kept),
 * insertion codes, CRYST1 (a cell of 1 x 1 x 1 or 0 x 0 x 0 angstrom says that there is none),
 * CONECT, hybrid-36, hexadecimal and wrapped numbers, old names (HT1, HN, HSD, 1HB, CD of ILE, OT1,
 * ...). Other records are passed over. A chain ends at TER or where the chain's letter changes.
 *
 * Bonds: inside the 20 amino acids, ACE, NME, NH2 and water from what is known of them; between
 * consecutive residues of one chain C-N, whatever the distance (a gap in the chain is bonded
 * across, as OpenMM does it; ddmd_structure_log_gaps() tells); between cysteines SG-SG nearer than
 * 0.3 nm where no HG is present; from CONECT the rest, but for bonds between metals and the
 * residues above. Where serial numbers repeat, CONECT means the first atom that has one.
 *
 * IO: the file cannot be read. FORMAT: with "file:line: what was expected", for example a
 * coordinate that is no number, a line cut short, a model with other atoms, no atom at all.
 */
enum ddmd_status ddmd_structure_read_pdb(const char *path, ddmd_structure **structure,
                                         ddmd_error *err);

/* The same from memory; `source` stands in messages. bytes need not end in a zero. */
enum ddmd_status ddmd_structure_parse_pdb(const char *bytes, size_t length, const char *source,
                                          ddmd_structure **structure, ddmd_error *err);

/*
 * Warn of peptide bonds (C-N of consecutive residues) longer than 2.5 angstrom, which is nearly
 * twice what they are, in any of n_models sets of coordinates ([n_models][n_atoms][3], nm): a gap
 * in a chain, across which a simulation would pull the ends together. The first ten are named.
 */
void ddmd_structure_log_gaps(const ddmd_structure *structure, const double *positions,
                             size_t n_models, const ddmd_log *log);

/*
 * Write PDB text of n_models coordinate sets ([n_models][n_atoms][3], nm) to path in one step
 * (the file is complete or as it was). MODEL records stand where n_models > 1; CONECT records for
 * disulfides and hetero groups; CRYST1 where there is a box. positions may be the structure's own.
 * Reading the file again gives the same structure, but for digits. NUMERIC: a coordinate is not
 * finite. UNSUPPORTED: names, numbers, coordinates or the box do not fit the format's columns.
 */
enum ddmd_status ddmd_structure_write_pdb(const ddmd_structure *structure, const double *positions,
                                          int32_t n_models, const char *path, ddmd_error *err);

/* Deep copy with one model of coordinates ([n_atoms][3], nm) in place of its own. */
enum ddmd_status ddmd_structure_copy(const ddmd_structure *structure, const double *positions,
                                     ddmd_structure **copy, ddmd_error *err);

void ddmd_structure_destroy(ddmd_structure **structure);

/*
 * Atom selections, in the words of MDAnalysis and MDTraj:
 *   all | none | protein | backbone | name CA CB | resname ALA | resid 3 5:9 | index 0:10 |
 *   chain A | element C | not X | X and Y | X or Y | ( X )
 * `resid` is the number in the file, ranges a:b include both ends, `index` counts from 0. Names
 * may end in * ("name HB*"). Atoms have the names of ddmd_atom; residues may be named in any
 * spelling (WAT, HSD), which means all of their kind. `protein` includes caps and the common
 * modified amino acids; `backbone` is N, CA, C and O of protein. `not` binds before `and`, which
 * binds before `or`.
 *
 * *indices (the caller frees) gets the *n selected atoms in ascending order. CONFIG: a mistake in
 * the expression, with its column, or nothing selected.
 */
enum ddmd_status ddmd_structure_select(const ddmd_structure *structure, const char *expression,
                                       int32_t **indices, size_t *n, ddmd_error *err);

/*
 * Where the atoms of one structure are in another that spells out the same molecule: residues in
 * the same order with the same names, and in each residue the same atom names in any order.
 * order[i] ([structure->n_atoms]) is the atom of `other` that is atom i of `structure`. CONFIG:
 * they are not the same molecule; the message names the first residue or atom that differs.
 */
enum ddmd_status ddmd_structure_match(const ddmd_structure *structure, const ddmd_structure *other,
                                      int32_t *order, ddmd_error *err);

#ifdef __cplusplus
}
#endif
#endif
