/* Every amino acid in OpenMM's force fields, where they are installed. */
#include "ddmd/peptide.h"
#include "ddmd/system.h"
#include "support/cmocka.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static ddmd_force_field *load(const char *file)
{
    ddmd_error err = {0};
    ddmd_force_field *ff = NULL;
    if (ddmd_force_field_load(&file, 1, &ff, &err) != DDMD_OK) {
        print_message("%s\n", err.message);
        skip();
    }
    return ff;
}

static double net_charge(const ddmd_system *system)
{
    double charge = 0;
    for (int32_t i = 0; i < system->n_atoms; i++)
        charge += system->charges[i];
    return charge;
}

/* All twenty, with charged ends: as many terms as OpenMM 7.7's createSystem makes. */
static void test_all_amino_acids(void **state)
{
    (void)state;
    static const struct {
        const char *file;
        int32_t n_torsions;
    } cases[] = {
        {"amber99sbildn.xml", 967},
        {"amber14-all.xml", 1106},
        {"amber03.xml", 968},
        {"amberfb15.xml", 1518},
    };
    ddmd_error err = {0};
    ddmd_structure *structure = NULL;
    ASSERT_OK(ddmd_peptide_build("ARNDCQEGHILKMFPSTWYV", DDMD_PEPTIDE_EXTENDED, &structure, &err),
              &err);
    for (size_t c = 0; c < sizeof cases / sizeof cases[0]; c++) {
        ddmd_force_field *ff = load(cases[c].file);
        ddmd_system *system = NULL;
        ddmd_system_options options = {0};
        ASSERT_OK(ddmd_system_create(structure, ff, &options, &system, &err), &err);
        assert_int_equal(system->n_atoms, 327);
        assert_int_equal(system->n_bonds, 332);
        assert_int_equal(system->n_angles, 594);
        assert_int_equal(system->n_torsions, cases[c].n_torsions);
        assert_int_equal(system->n_exceptions, 1773);
        assert_true(fabs(net_charge(system)) < 1e-4); /* R, K against D, E */
        ddmd_system_destroy(&system);
        ddmd_force_field_destroy(&ff);
    }
    ddmd_structure_destroy(&structure);
}

/* Take an atom that ends one bond out of a structure. */
static void remove_atom(ddmd_structure *s, int32_t atom)
{
    int32_t n_bonds = 0;
    for (int32_t b = 0; b < s->n_bonds; b++) {
        int32_t i = s->bonds[b][0], j = s->bonds[b][1];
        if (i == atom || j == atom)
            continue;
        s->bonds[n_bonds][0] = i - (i > atom);
        s->bonds[n_bonds++][1] = j - (j > atom);
    }
    s->n_bonds = n_bonds;
    int32_t residue = s->atoms[atom].residue;
    s->residues[residue].n_atoms--;
    for (int32_t r = residue + 1; r < s->n_residues; r++)
        s->residues[r].first_atom--;
    memmove(s->atoms + atom, s->atoms + atom + 1,
            (size_t)(s->n_atoms - atom - 1) * sizeof *s->atoms);
    s->n_atoms--;
}

static int32_t find_atom(const ddmd_structure *s, int32_t residue, const char *name)
{
    for (int32_t i = 0; i < s->n_atoms; i++)
        if (s->atoms[i].residue == residue && strcmp(s->atoms[i].name, name) == 0)
            return i;
    fail_msg("residue %d has no atom %s", residue, name);
    return -1;
}

static int32_t count_torsions_about(const ddmd_system *system, int32_t j, int32_t k)
{
    int32_t n = 0;
    for (int32_t t = 0; t < system->n_torsions; t++)
        n += (system->torsions[t].j == j && system->torsions[t].k == k) ||
             (system->torsions[t].j == k && system->torsions[t].k == j);
    return n;
}

/* Cysteines without their hydrogens are a disulfide where they are bonded, else thiolates. */
static void test_disulfide(void **state)
{
    (void)state;
    ddmd_error err = {0};
    ddmd_force_field *ff = load("amber99sbildn.xml");
    ddmd_structure *s = NULL;
    ddmd_system *system = NULL;
    ddmd_system_options options = {0};
    ASSERT_OK(ddmd_peptide_build("ACE-CGGC-NME", DDMD_PEPTIDE_EXTENDED, &s, &err), &err);
    for (int32_t residue = 1; residue <= 4; residue += 3)
        remove_atom(s, find_atom(s, residue, "HG"));
    ASSERT_OK(ddmd_system_create(s, ff, &options, &system, &err), &err);
    assert_true(fabs(net_charge(system) + 2) < 1e-4);
    ddmd_system_destroy(&system);

    int32_t i = find_atom(s, 1, "SG"), j = find_atom(s, 4, "SG");
    s->bonds[s->n_bonds][0] = i; /* there is room where a hydrogen's bond was */
    s->bonds[s->n_bonds++][1] = j;
    ASSERT_OK(ddmd_system_create(s, ff, &options, &system, &err), &err);
    assert_true(fabs(net_charge(system)) < 1e-4);
    assert_int_equal(count_torsions_about(system, i, j), 2); /* CB-SG-SG-CB has two terms */
    ddmd_system_destroy(&system);
    ddmd_structure_destroy(&s);
    ddmd_force_field_destroy(&ff);
}

/* Histidine by where its protons are. */
static void test_histidine(void **state)
{
    (void)state;
    ddmd_error err = {0};
    ddmd_force_field *ff = load("amber99sbildn.xml");
    ddmd_structure *s = NULL;
    ddmd_system *system = NULL;
    ddmd_system_options options = {0};
    ASSERT_OK(ddmd_peptide_build("ACE-H-NME", DDMD_PEPTIDE_EXTENDED, &s, &err), &err);
    ASSERT_OK(ddmd_system_create(s, ff, &options, &system, &err), &err);
    int32_t ce1 = find_atom(s, 1, "CE1"), nd1 = find_atom(s, 1, "ND1"),
            ne2 = find_atom(s, 1, "NE2"), he2 = find_atom(s, 1, "HE2");
    assert_true(fabs(system->charges[ce1] - 0.1635) < 1e-6); /* HIE */
    assert_true(fabs(net_charge(system)) < 1e-4);
    ddmd_system_destroy(&system);

    for (int32_t b = 0; b < s->n_bonds; b++) /* move the proton over */
        if (s->bonds[b][0] == ne2 && s->bonds[b][1] == he2)
            s->bonds[b][0] = nd1;
    ASSERT_OK(ddmd_system_create(s, ff, &options, &system, &err), &err);
    assert_true(fabs(system->charges[ce1] - 0.2057) < 1e-6); /* HID */
    ddmd_system_destroy(&system);
    ddmd_structure_destroy(&s);
    ddmd_force_field_destroy(&ff);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_all_amino_acids),
        cmocka_unit_test(test_disulfide),
        cmocka_unit_test(test_histidine),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
