/* The bead chain: its terms, and which fold they favour. */
#include "ddmd/peptide.h"
#include "ddmd/random.h"
#include "ddmd/system.h"
#include "support/cmocka.h"
#include "toy_molecule.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static void test_terms(void **state)
{
    (void)state;
    static const int32_t lengths[] = {4, 5, 6, 28, 3375};
    for (size_t k = 0; k < sizeof lengths / sizeof lengths[0]; k++) {
        ddmd_error err = {0};
        ddmd_system *s = NULL;
        int32_t n = lengths[k], pairs = 0;
        ASSERT_OK(ddmd_system_create_bead_chain(n, &s, &err), &err);
        for (int32_t apart = 2; apart <= 5; apart++)
            pairs += n > apart ? n - apart : 0;
        assert_int_equal(s->n_atoms, n);
        assert_int_equal(s->n_bonds, n - 1);
        assert_int_equal(s->n_angles, n - 2);
        assert_int_equal(s->n_torsions, 2 * (n - 3));
        assert_int_equal(s->n_exceptions, pairs);
        assert_int_equal(s->n_constraints, 0);
        assert_false(s->has_nonbonded || s->has_gbsa);
        for (int32_t e = 1; e < s->n_exceptions; e++) {
            const ddmd_exception *x = &s->exceptions[e], *before = x - 1;
            assert_true(x->i < x->j && x->j < n);
            assert_true(x->i > before->i || (x->i == before->i && x->j > before->j));
        }
        assert_int_equal(ddmd_system_degrees_of_freedom(s), 3 * n);
        ddmd_system_destroy(&s);
    }
}

static void test_lengths(void **state)
{
    (void)state;
    static const int32_t wrong[] = {-1, 0, 3, 10001, INT32_MAX};
    for (size_t k = 0; k < sizeof wrong / sizeof wrong[0]; k++) {
        ddmd_error err = {0};
        ddmd_system *s = NULL;
        assert_int_equal(ddmd_system_create_bead_chain(wrong[k], &s, &err), DDMD_CONFIG);
        assert_null(s);
    }
}

/* Walk downhill until nothing moves; the positions end in the nearest minimum. */
static double relax(const ddmd_system *system, double *positions)
{
    ddmd_error err = {0};
    ddmd_energy energy = {0};
    size_t n = (size_t)system->n_atoms * 3;
    double *forces = calloc(n, sizeof *forces);
    assert_non_null(forces);
    for (int step = 0; step < 20000; step++) {
        ASSERT_OK(ddmd_system_energy(system, positions, &energy, forces, &err), &err);
        for (size_t i = 0; i < n; i++)
            positions[i] += 2e-5 * forces[i];
    }
    free(forces);
    return energy.total;
}

static double distance(const double *positions, int32_t i, int32_t j)
{
    const double *a = positions + 3 * i, *b = positions + 3 * j;
    return sqrt((a[0] - b[0]) * (a[0] - b[0]) + (a[1] - b[1]) * (a[1] - b[1]) +
                (a[2] - b[2]) * (a[2] - b[2]));
}

/* Both folds are minima near to where they are built, the helix by far the deeper. */
static void test_two_states(void **state)
{
    (void)state;
    enum { N = 20 };
    ddmd_error err = {0};
    ddmd_system *system = NULL;
    ASSERT_OK(ddmd_system_create_bead_chain(N, &system, &err), &err);
    double energies[2], ends[2];
    for (int fold = 0; fold < 2; fold++) {
        ddmd_structure *structure = NULL;
        ASSERT_OK(ddmd_bead_chain_build(N, fold == 0 ? DDMD_PEPTIDE_HELIX : DDMD_PEPTIDE_EXTENDED,
                                        &structure, &err),
                  &err);
        energies[fold] = relax(system, structure->positions);
        ends[fold] = distance(structure->positions, 0, N - 1);
        ddmd_structure_destroy(&structure);
    }
    assert_true(energies[0] < energies[1] - 100 * DDMD_GAS_CONSTANT * 300);
    assert_near(ends[0], 0.15 * (N - 1), 0.15); /* the length of the helix, within 5 % */
    assert_true(ends[1] > 4.5);
    ddmd_system_destroy(&system);
}

/*
 * Langevin dynamics (BAOAB, Leimkuhler and Matthews, Appl. Math. Res. Express 2013, 34) at 300 K:
 * the share of helical pairs three apart, averaged over the last half.
 */
static double simulate(enum ddmd_peptide_fold fold, int32_t n, int n_steps)
{
    const double dt = 0.015, mass = 110, kt = DDMD_GAS_CONSTANT * 300;
    const double keep = exp(-dt), kick = sqrt((1 - keep * keep) * kt / mass);
    ddmd_error err = {0};
    ddmd_energy energy;
    ddmd_system *system = NULL;
    ddmd_structure *structure = NULL;
    ddmd_random random;
    ASSERT_OK(ddmd_system_create_bead_chain(n, &system, &err), &err);
    ASSERT_OK(ddmd_bead_chain_build(n, fold, &structure, &err), &err);
    ddmd_random_init(&random, 11, DDMD_RANDOM_TEST, 0, 0);
    size_t count = (size_t)n * 3;
    double *x = structure->positions, *v = calloc(count, sizeof *v), *f = calloc(count, sizeof *f);
    assert_true(v && f);
    for (size_t i = 0; i < count; i++)
        v[i] = sqrt(kt / mass) * ddmd_random_normal(&random);
    ASSERT_OK(ddmd_system_energy(system, x, &energy, f, &err), &err);
    int helical = 0, pairs = 0;
    for (int step = 0; step < n_steps; step++) {
        for (size_t i = 0; i < count; i++) {
            v[i] += 0.5 * dt * f[i] / mass;
            x[i] += 0.5 * dt * v[i];
            v[i] = keep * v[i] + kick * ddmd_random_normal(&random);
            x[i] += 0.5 * dt * v[i];
        }
        ASSERT_OK(ddmd_system_energy(system, x, &energy, f, &err), &err);
        for (size_t i = 0; i < count; i++)
            v[i] += 0.5 * dt * f[i] / mass;
        for (int32_t i = 0; step >= n_steps / 2 && i + 3 < n; i++, pairs++)
            helical += distance(x, i, i + 3) < 0.65;
    }
    free(v);
    free(f);
    ddmd_structure_destroy(&structure);
    ddmd_system_destroy(&system);
    return (double)helical / pairs;
}

/* What the chain is for: short runs stay in the fold that they start from. */
static void test_folding_is_rare(void **state)
{
    (void)state;
    assert_true(simulate(DDMD_PEPTIDE_HELIX, 12, 20000) > 0.95);
    assert_true(simulate(DDMD_PEPTIDE_EXTENDED, 12, 20000) < 0.5);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_terms),
        cmocka_unit_test(test_lengths),
        cmocka_unit_test(test_two_states),
        cmocka_unit_test(test_folding_is_rare),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
