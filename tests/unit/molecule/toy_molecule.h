/* Small molecules and force fields that tests write down themselves. */
#ifndef DDMD_TEST_TOY_MOLECULE_H
#define DDMD_TEST_TOY_MOLECULE_H

#include "ddmd/force_field.h"
#include "ddmd/structure.h"
#include "ddmd/system.h"

typedef struct toy_atom {
    const char *name, *element;
    int residue; /* ascending from 0 */
} toy_atom;

/* A structure "toy.pdb" in chain A; atom i stands in line i + 1. Coordinates are zero. */
ddmd_structure *toy_structure(const toy_atom *atoms, int n_atoms, const char *const *residues,
                              int n_residues, const int (*bonds)[2], int n_bonds);

/* Parse XML that must be right. */
ddmd_force_field *toy_force_field(const char *xml);

/* Parse XML that must be wrong: the status, and a message that begins with `message`. */
void assert_refused(const char *xml, enum ddmd_status status, const char *message);

/* Create a system that must come about. */
ddmd_system *toy_system(const ddmd_structure *structure, const ddmd_force_field *force_field,
                        ddmd_system_options options);

void assert_near(double value, double expected, double tolerance);

/* Whether `part` stands in `message`; fails the test with both where not. */
void assert_says(const char *message, const char *part);

#endif
