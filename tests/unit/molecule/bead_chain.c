#include "ddmd/peptide.h"
#include "support/cmocka.h"

#include <math.h>
#include <string.h>

static double distance(const ddmd_structure *s, int32_t i, int32_t j)
{
    const double *a = &s->positions[(size_t)i * 3], *b = &s->positions[(size_t)j * 3];
    return sqrt(pow(a[0] - b[0], 2) + pow(a[1] - b[1], 2) + pow(a[2] - b[2], 2));
}

static void check_structure(const ddmd_structure *s, int32_t n)
{
    assert_int_equal(s->n_atoms, n);
    assert_int_equal(s->n_residues, n);
    assert_int_equal(s->n_bonds, n - 1);
    assert_int_equal(s->n_models, 1);
    assert_int_equal(s->n_chains, 1);
    assert_int_equal(s->chains[0].n_residues, n);
    for (int32_t i = 0; i < n; i++) {
        assert_string_equal(s->atoms[i].name, "CA");
        assert_int_equal(s->atoms[i].residue, i);
        assert_string_equal(s->residues[i].name, "BEA");
        assert_int_equal(s->residues[i].number, i + 1);
        assert_int_equal(s->residues[i].first_atom, i);
        assert_int_equal(s->residues[i].n_atoms, 1);
    }
    for (int32_t i = 0; i + 1 < n; i++) {
        assert_int_equal(s->bonds[i][0], i);
        assert_int_equal(s->bonds[i][1], i + 1);
        assert_true(fabs(distance(s, i, i + 1) - 0.38) < 1e-9);
    }
}

static void helices_have_the_trace_of_an_alpha_helix(void **state)
{
    (void)state;
    ddmd_error err = {0};
    ddmd_structure *s = NULL;
    ASSERT_OK(ddmd_bead_chain_build(30, DDMD_PEPTIDE_HELIX, &s, &err), &err);
    check_structure(s, 30);
    for (int32_t i = 0; i + 4 < 30; i++) {
        /* Mean C-alpha distances of alpha helices in proteins. */
        assert_true(fabs(distance(s, i, i + 2) - 0.545) < 0.01);
        assert_true(fabs(distance(s, i, i + 3) - 0.505) < 0.01);
        assert_true(fabs(distance(s, i, i + 4) - 0.62) < 0.01);
    }
    /* 18 residues are five turns and 2.7 nm. */
    assert_true(fabs(distance(s, 0, 18) - 2.7) < 1e-6);
    /* Right-handed: the fourth bead stands to the left of the turn of the first three. */
    const double *p = s->positions;
    double a[3], b[3], c[3];
    for (int k = 0; k < 3; k++) {
        a[k] = p[3 + k] - p[k];
        b[k] = p[6 + k] - p[3 + k];
        c[k] = p[9 + k] - p[6 + k];
    }
    assert_true(a[0] * (b[1] * c[2] - b[2] * c[1]) + a[1] * (b[2] * c[0] - b[0] * c[2]) +
                    a[2] * (b[0] * c[1] - b[1] * c[0]) >
                0.01);
    ddmd_structure_destroy(&s);
}

static void strands_are_extended(void **state)
{
    (void)state;
    ddmd_error err = {0};
    ddmd_structure *s = NULL;
    ASSERT_OK(ddmd_bead_chain_build(30, DDMD_PEPTIDE_EXTENDED, &s, &err), &err);
    check_structure(s, 30);
    for (int32_t i = 0; i + 2 < 30; i++)
        assert_true(fabs(distance(s, i, i + 2) - 0.69) < 0.005);
    assert_true(distance(s, 0, 29) > 29 * 0.34);
    ddmd_structure_destroy(&s);
}

static void sizes_are_checked(void **state)
{
    (void)state;
    static const int32_t good[] = {4, 10000}, bad[] = {3, 0, -1, 10001, INT32_MAX, INT32_MIN};
    for (size_t k = 0; k < sizeof good / sizeof good[0]; k++) {
        ddmd_error err = {0};
        ddmd_structure *s = NULL;
        ASSERT_OK(ddmd_bead_chain_build(good[k], DDMD_PEPTIDE_HELIX, &s, &err), &err);
        check_structure(s, good[k]);
        ddmd_structure_destroy(&s);
    }
    for (size_t k = 0; k < sizeof bad / sizeof bad[0]; k++) {
        ddmd_error err = {0};
        ddmd_structure *s = NULL;
        assert_int_equal(ddmd_bead_chain_build(bad[k], DDMD_PEPTIDE_HELIX, &s, &err), DDMD_CONFIG);
        assert_non_null(strstr(err.message, "4 to 10000"));
        assert_null(s);
    }
    ddmd_structure *s = NULL;
    assert_int_equal(ddmd_bead_chain_build(10, (enum ddmd_peptide_fold)2, &s, NULL), DDMD_INVALID);
    assert_null(s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(helices_have_the_trace_of_an_alpha_helix),
        cmocka_unit_test(strands_are_extended),
        cmocka_unit_test(sizes_are_checked),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
