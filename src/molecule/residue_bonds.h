/* What is known of residues by name: their atoms and the bonds between them. */
#ifndef DDMD_MOLECULE_RESIDUE_BONDS_H
#define DDMD_MOLECULE_RESIDUE_BONDS_H

#include <stdbool.h>

typedef struct ddmd_residue_kind {
    char name[4];
    bool amino_acid;
    bool linked;       /* its N is bonded to the C of the residue before it */
    const char *bonds; /* "N-CA CA-C ...": see ddmd_residue_bond_next */
} ddmd_residue_kind;

/* The kind of a residue by its standard name (pdb_names.h); NULL where it is not known. */
const ddmd_residue_kind *ddmd_residue_kind_find(const char *name);

/*
 * The next bond of a kind: *cursor starts at kind->bonds and moves on. False at the end. Every
 * variant of the residue is in one list, so some atoms may be missing from a given residue.
 */
bool ddmd_residue_bond_next(const char **cursor, char first[8], char second[8]);

/* Whether some bond of the kind has an atom of that name. */
bool ddmd_residue_kind_has(const ddmd_residue_kind *kind, const char *atom);

/* Whether residues of that name are parts of a protein: known ones, caps, modified amino acids. */
bool ddmd_residue_is_protein(const char *name);

#endif
