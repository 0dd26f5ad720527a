/*
 * The many spellings of residues and atoms in PDB files, brought to one: that of the wwPDB with
 * the hydrogens as OpenMM names them (H, H2, H3 at the N-terminus; H1, H2, H3 in the caps).
 */
#ifndef DDMD_MOLECULE_PDB_NAMES_H
#define DDMD_MOLECULE_PDB_NAMES_H

#include "residue_bonds.h"

/* "HSD" is "HIS", "WAT" is "HOH"; a name that is not known comes back as it is. */
const char *ddmd_pdb_residue_name(const char *name);

/* name[] gets the standard spelling of an atom of a residue of that kind (which may be NULL). */
void ddmd_pdb_atom_name(const ddmd_residue_kind *kind, const char *spelling, char name[8]);

#endif
