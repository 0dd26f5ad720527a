#include "contract/engine_systems.h"

#include "core/array.h"
#include "ddmd/force_field.h"
#include "ddmd/peptide.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { N_BEADS = 12 };

static void need(enum ddmd_status status, const ddmd_error *err)
{
    if (status != DDMD_OK) {
        fprintf(stderr, "%s\n", err->message);
        abort();
    }
}

static void take_positions(test_subject *subject, const ddmd_structure *structure)
{
    ddmd_error err = {0};
    size_t n = (size_t)structure->n_atoms * 3;
    need(ddmd_array_copy(&subject->positions, structure->positions, n, sizeof(double), &err), &err);
}

static void fill_terms(ddmd_system *s)
{
    for (int32_t i = 0; i < N_BEADS; i++)
        s->masses[i] = 80 + 5 * (i % 4);
    for (int32_t i = 0; i + 1 < N_BEADS; i++)
        s->bonds[s->n_bonds++] = (ddmd_bond){i, i + 1, 0.375 + 0.001 * i, 8000};
    for (int32_t i = 0; i + 2 < N_BEADS; i++)
        s->angles[s->n_angles++] = (ddmd_angle){i, i + 1, i + 2, 1.6 + 0.02 * i, 60};
    for (int32_t i = 0; i + 3 < N_BEADS; i++) {
        s->torsions[s->n_torsions++] = (ddmd_torsion){i, i + 1, i + 2, i + 3, 1, 0.3, 4};
        s->torsions[s->n_torsions++] = (ddmd_torsion){i, i + 1, i + 2, i + 3, 3, -1.1, 2};
    }
    for (int32_t i = 0; i + 4 < N_BEADS; i++) {
        s->exceptions[s->n_exceptions++] = (ddmd_exception){i, i + 4, 0.02, 0.5, 4};
        if (i + 5 < N_BEADS) /* an excluded pair, which must not act */
            s->exceptions[s->n_exceptions++] = (ddmd_exception){i, i + 5, 0, 0.5, 0};
    }
}

void test_subject_chain(test_subject *subject)
{
    ddmd_error err = {0};
    ddmd_structure *structure = NULL;
    ddmd_system *s = NULL;
    const size_t n = N_BEADS;
    need(ddmd_bead_chain_build(N_BEADS, DDMD_PEPTIDE_HELIX, &structure, &err), &err);
    need(ddmd_array_alloc(&s, 1, sizeof *s, &err), &err);
    need(ddmd_array_alloc(&s->masses, n, sizeof *s->masses, &err), &err);
    need(ddmd_array_alloc(&s->bonds, n, sizeof *s->bonds, &err), &err);
    need(ddmd_array_alloc(&s->angles, n, sizeof *s->angles, &err), &err);
    need(ddmd_array_alloc(&s->torsions, 2 * n, sizeof *s->torsions, &err), &err);
    need(ddmd_array_alloc(&s->exceptions, 2 * n, sizeof *s->exceptions, &err), &err);
    s->name = strdup("test chain");
    s->n_atoms = N_BEADS;
    fill_terms(s);
    *subject = (test_subject){.name = "chain", .system = s, .pair = {0, 4}, .timestep_fs = 10};
    take_positions(subject, structure);
    ddmd_structure_destroy(&structure);
}

void test_subject_alanine(test_subject *subject)
{
    static const char *const files[] = {"amber99sbildn.xml", "amber99_obc.xml"};
    ddmd_error err = {0};
    ddmd_structure *structure = NULL;
    ddmd_force_field *force_field = NULL;
    *subject = (test_subject){.name = "alanine dipeptide", .timestep_fs = 2};
    if (ddmd_force_field_load(files, 2, &force_field, &err) != DDMD_OK) {
        snprintf(subject->missing, sizeof subject->missing, "%.500s", err.message);
        return;
    }
    const ddmd_system_options options = {.constrain_hydrogen_bonds = true};
    need(ddmd_peptide_build("ACE-A-NME", DDMD_PEPTIDE_EXTENDED, &structure, &err), &err);
    need(ddmd_system_create(structure, force_field, &options, &subject->system, &err), &err);
    take_positions(subject, structure);
    int32_t found = 0; /* the carbons at both ends */
    for (int32_t i = 0; i < structure->n_atoms; i++)
        if (strcmp(structure->atoms[i].name, "CH3") == 0 ||
            (structure->atoms[i].residue == 2 && strcmp(structure->atoms[i].name, "C") == 0))
            subject->pair[found++ % 2] = i;
    if (found != 2) {
        fprintf(stderr, "%d carbons at the ends of ACE-A-NME\n", (int)found);
        abort();
    }
    ddmd_structure_destroy(&structure);
    ddmd_force_field_destroy(&force_field);
}

void test_subject_clear(test_subject *subject)
{
    ddmd_system_destroy(&subject->system);
    free(subject->positions);
    *subject = (test_subject){0};
}
