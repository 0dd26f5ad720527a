#include "toy_molecule.h"

#include "core/array.h"
#include "support/cmocka.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

ddmd_structure *toy_structure(const toy_atom *atoms, int n_atoms, const char *const *residues,
                              int n_residues, const int (*bonds)[2], int n_bonds)
{
    ddmd_error err = {0};
    ddmd_structure *s = NULL;
    ASSERT_OK(ddmd_array_alloc(&s, 1, sizeof *s, &err), &err);
    ASSERT_OK(ddmd_array_copy(&s->source, "toy.pdb", sizeof "toy.pdb", 1, &err), &err);
    ASSERT_OK(ddmd_array_alloc(&s->atoms, (size_t)n_atoms, sizeof *s->atoms, &err), &err);
    ASSERT_OK(ddmd_array_alloc(&s->residues, (size_t)n_residues, sizeof *s->residues, &err), &err);
    ASSERT_OK(ddmd_array_alloc(&s->chains, 1, sizeof *s->chains, &err), &err);
    ASSERT_OK(ddmd_array_alloc(&s->bonds, (size_t)n_bonds, sizeof *s->bonds, &err), &err);
    ASSERT_OK(ddmd_array_alloc(&s->positions, (size_t)n_atoms * 3, sizeof(double), &err), &err);
    s->n_atoms = n_atoms;
    s->n_residues = n_residues;
    s->n_chains = s->n_models = 1;
    s->n_bonds = n_bonds;
    s->chains[0] = (ddmd_chain){.id = "A", .n_residues = n_residues};
    for (int r = 0; r < n_residues; r++) {
        s->residues[r] = (ddmd_residue){.number = r + 1, .insertion_code = ' '};
        snprintf(s->residues[r].name, sizeof s->residues[r].name, "%s", residues[r]);
    }
    for (int i = 0; i < n_atoms; i++) {
        ddmd_residue *residue = &s->residues[atoms[i].residue];
        s->atoms[i] = (ddmd_atom){.residue = atoms[i].residue, .line = i + 1};
        snprintf(s->atoms[i].name, sizeof s->atoms[i].name, "%s", atoms[i].name);
        snprintf(s->atoms[i].element, sizeof s->atoms[i].element, "%s", atoms[i].element);
        if (residue->n_atoms++ == 0)
            residue->first_atom = i;
    }
    for (int b = 0; b < n_bonds; b++)
        for (int end = 0; end < 2; end++)
            s->bonds[b][end] = bonds[b][end];
    return s;
}

ddmd_force_field *toy_force_field(const char *xml)
{
    ddmd_error err = {0};
    ddmd_force_field *ff = NULL;
    ASSERT_OK(ddmd_force_field_parse(xml, strlen(xml), "toy.xml", &ff, &err), &err);
    return ff;
}

void assert_refused(const char *xml, enum ddmd_status status, const char *message)
{
    ddmd_error err = {0};
    ddmd_force_field *ff = NULL;
    enum ddmd_status got = ddmd_force_field_parse(xml, strlen(xml), "toy.xml", &ff, &err);
    assert_null(ff);
    if (got != status || strncmp(err.message, message, strlen(message)) != 0)
        fail_msg("expected %s: %s\n     got %s: %s", ddmd_status_name(status), message,
                 ddmd_status_name(got), err.message);
}

ddmd_system *toy_system(const ddmd_structure *structure, const ddmd_force_field *force_field,
                        ddmd_system_options options)
{
    ddmd_error err = {0};
    ddmd_system *system = NULL;
    ASSERT_OK(ddmd_system_create(structure, force_field, &options, &system, &err), &err);
    return system;
}

void assert_near(double value, double expected, double tolerance)
{
    if (!(fabs(value - expected) <= tolerance))
        fail_msg("%.15g is not within %g of %.15g", value, tolerance, expected);
}

void assert_says(const char *message, const char *part)
{
    if (!strstr(message, part))
        fail_msg("expected \"%s\" in \"%s\"", part, message);
}
