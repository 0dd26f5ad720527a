/* Finding the covalent bonds of a structure. */
#ifndef DDMD_MOLECULE_BONDS_H
#define DDMD_MOLECULE_BONDS_H

#include "ddmd/structure.h"

/* Zero-initialised is empty; items is freed by the caller. */
typedef struct ddmd_bond_list {
    int32_t (*items)[2];
    size_t n, capacity;
} ddmd_bond_list;

enum ddmd_status ddmd_bonds_add(ddmd_bond_list *bonds, int32_t i, int32_t j, ddmd_error *err);

/* Those that the names of atoms and residues tell (residue_bonds.h). */
enum ddmd_status ddmd_bonds_add_standard(const ddmd_structure *structure, ddmd_bond_list *bonds,
                                         ddmd_error *err);

/* SG-SG of cysteines without HG, in the positions of the first model. */
enum ddmd_status ddmd_bonds_add_disulfides(const ddmd_structure *structure, ddmd_bond_list *bonds,
                                           ddmd_error *err);

/* Order by atoms, each bond once. */
void ddmd_bonds_sort(ddmd_bond_list *bonds);

/* Whether a bond is in a sorted list. */
bool ddmd_bonds_have(const ddmd_bond_list *bonds, int32_t i, int32_t j);

#endif
