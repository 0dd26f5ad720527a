/* Force-field files of strangers: read, and where that works, given to a molecule. */
#include "ddmd/system.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* The molecule of the seeds: a chain of two groups, a water. */
static ddmd_atom atoms[] = {
    {.name = "C1", .element = "C"},
    {.name = "H1", .element = "H"},
    {.name = "H2", .element = "H"},
    {.name = "O1", .element = "O"},
    {.name = "C1", .element = "C", .residue = 1},
    {.name = "H1", .element = "H", .residue = 1},
    {.name = "H2", .element = "H", .residue = 1},
    {.name = "H3", .element = "H", .residue = 1},
    {.name = "O", .element = "O", .residue = 2},
    {.name = "H1", .element = "H", .residue = 2},
    {.name = "H2", .element = "H", .residue = 2},
};
static ddmd_residue residues[] = {
    {.name = "GRP", .number = 1, .insertion_code = ' ', .n_atoms = 4},
    {.name = "GRP", .number = 2, .insertion_code = ' ', .first_atom = 4, .n_atoms = 4},
    {.name = "HOH", .number = 3, .insertion_code = ' ', .first_atom = 8, .n_atoms = 3},
};
static ddmd_chain chains[] = {{.id = "A", .n_residues = 3}};
static int32_t bonds[][2] = {{0, 1}, {0, 2}, {0, 3}, {0, 4}, {4, 5},
                             {4, 6}, {4, 7}, {8, 9}, {8, 10}};
static double positions[] = {0,    0,    0,   0.1,  0,    0,   -0.1, 0.05, 0,   0,   0.12,
                             0.01, 0,    0,   0.15, 0.09, 0,   0.2,  -0.1, 0.1, 0.2, 0,
                             -0.1, 0.18, 0.5, 0.5,  0.5,  0.6, 0.5,  0.5,  0.4, 0.6, 0.5};

static const ddmd_structure molecule = {
    .n_atoms = sizeof atoms / sizeof atoms[0],
    .n_residues = sizeof residues / sizeof residues[0],
    .n_chains = 1,
    .n_bonds = sizeof bonds / sizeof bonds[0],
    .n_models = 1,
    .atoms = atoms,
    .residues = residues,
    .chains = chains,
    .bonds = bonds,
    .positions = positions,
};

static void check(bool holds, const char *what)
{
    if (!holds) {
        fprintf(stderr, "broken: %s\n", what);
        abort();
    }
}

static void check_system(const ddmd_system *s)
{
    check(s->n_atoms == molecule.n_atoms, "atoms");
    check(s->n_bonds + s->n_constraints <= molecule.n_bonds + 1, "bonds and constraints");
    for (int32_t i = 0; i < s->n_atoms; i++)
        check(s->masses[i] > 0 && isfinite(s->charges[i]) && s->epsilon[i] >= 0, "parameters");
    for (int32_t e = 0; e < s->n_exceptions; e++) {
        const ddmd_exception *x = &s->exceptions[e];
        check(x->i >= 0 && x->i < x->j && x->j < s->n_atoms, "exception");
        check(e == 0 || x[-1].i < x->i || (x[-1].i == x->i && x[-1].j < x->j), "their order");
    }
    for (int32_t t = 0; t < s->n_torsions; t++)
        check(s->torsions[t].periodicity > 0, "periodicity");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const ddmd_system_options options[] = {
        {0}, {.constrain_hydrogen_bonds = true, .hydrogen_mass_amu = 3, .cutoff_nm = 0.4}};
    ddmd_error err = {0};
    ddmd_force_field *ff = NULL;
    if (ddmd_force_field_parse((const char *)data, size, "fuzz.xml", &ff, &err) != DDMD_OK)
        return 0;
    for (size_t o = 0; o < sizeof options / sizeof options[0]; o++) {
        ddmd_system *system = NULL;
        ddmd_energy energy;
        double forces[sizeof positions / sizeof positions[0]];
        if (ddmd_system_create(&molecule, ff, &options[o], &system, &err) == DDMD_OK) {
            check_system(system);
            (void)ddmd_system_energy(system, positions, &energy, forces, &err);
        }
        ddmd_system_destroy(&system);
    }
    ddmd_force_field_destroy(&ff);
    return 0;
}
