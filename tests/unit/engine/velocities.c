#include "engine/velocities.h"

#include "support/cmocka.h"

#include <math.h>
#include <string.h>

enum { ATOMS = 4, DRAWS = 20000 };

/* A rigid triangle (a ring of constraints, as in water) and an atom by itself. */
static double masses[ATOMS] = {16, 1, 1, 40};
static ddmd_constraint constraints[] = {{0, 1, 0.1}, {0, 2, 0.1}, {1, 2, 0.16}};
static const double positions[ATOMS * 3] = {0, 0, 0, 0.08, 0.06, 0, -0.08, 0.06, 0, 1, 1, 1};

static ddmd_system make_system(int32_t n_constraints)
{
    return (ddmd_system){.n_atoms = ATOMS,
                         .masses = masses,
                         .n_constraints = n_constraints,
                         .constraints = constraints};
}

static double temperature(const ddmd_system *system, const float *v)
{
    double kinetic = 0;
    for (int i = 0; i < 3 * ATOMS; i++)
        kinetic += 0.5 * masses[i / 3] * v[i] * v[i];
    return 2 * kinetic / (ddmd_system_degrees_of_freedom(system) * DDMD_GAS_CONSTANT);
}

/*
 * n degrees of freedom: the mean of T has the standard error T sqrt(2 / n / draws), its variance is
 * 2 T^2 / n with a relative standard error of sqrt((2 + 12 / n) / draws), from the kurtosis of a
 * gamma distribution.
 */
static void check_distribution(int32_t n_constraints)
{
    ddmd_error err = {0};
    const ddmd_system system = make_system(n_constraints);
    double n = ddmd_system_degrees_of_freedom(&system), mean = 0, square = 0;
    for (uint32_t draw = 0; draw < DRAWS; draw++) {
        float v[3 * ATOMS];
        ASSERT_OK(ddmd_velocities_draw(&system, positions, 300, 11, draw, v, &err), &err);
        double t = temperature(&system, v);
        mean += t / DRAWS;
        square += t * t / DRAWS;
    }
    double variance = square - mean * mean, expected = 2 * 300.0 * 300.0 / n;
    assert_true(fabs(mean - 300) < 4 * sqrt(expected / DRAWS));
    assert_true(fabs(variance / expected - 1) < 4 * sqrt((2 + 12 / n) / DRAWS));
}

static void free_velocities_are_maxwellian(void **state)
{
    (void)state;
    check_distribution(0);
}

static void constrained_velocities_are_maxwellian(void **state)
{
    (void)state;
    check_distribution(3);
}

static void every_atom_has_its_share(void **state)
{
    (void)state;
    ddmd_error err = {0};
    const ddmd_system system = make_system(0);
    double square[3 * ATOMS] = {0}, sum[3 * ATOMS] = {0};
    for (uint32_t draw = 0; draw < DRAWS; draw++) {
        float v[3 * ATOMS];
        ASSERT_OK(ddmd_velocities_draw(&system, positions, 300, 12, draw, v, &err), &err);
        for (int i = 0; i < 3 * ATOMS; i++) {
            sum[i] += v[i];
            square[i] += (double)v[i] * v[i];
        }
    }
    for (int i = 0; i < 3 * ATOMS; i++) {
        double expected = DDMD_GAS_CONSTANT * 300 / masses[i / 3];
        assert_true(fabs(square[i] / DRAWS / expected - 1) < 4.5 * sqrt(2.0 / DRAWS));
        assert_true(fabs(sum[i] / DRAWS) < 4.5 * sqrt(expected / DRAWS));
    }
}

static void draws_are_a_function_of_seed_and_simulation(void **state)
{
    (void)state;
    ddmd_error err = {0};
    const ddmd_system system = make_system(3);
    float a[3 * ATOMS], b[3 * ATOMS];
    ASSERT_OK(ddmd_velocities_draw(&system, positions, 300, 1, 2, a, &err), &err);
    ASSERT_OK(ddmd_velocities_draw(&system, positions, 300, 1, 2, b, &err), &err);
    assert_memory_equal(a, b, sizeof a);
    ASSERT_OK(ddmd_velocities_draw(&system, positions, 300, 1, 3, b, &err), &err);
    assert_memory_not_equal(a, b, sizeof a);
    ASSERT_OK(ddmd_velocities_draw(&system, positions, 300, 2, 2, b, &err), &err);
    assert_memory_not_equal(a, b, sizeof a);
}

static void projection_stops_every_constraint_and_keeps_momentum(void **state)
{
    (void)state;
    ddmd_error err = {0};
    const ddmd_system system = make_system(3);
    double v[3 * ATOMS], before[3] = {0}, after[3] = {0};
    for (int i = 0; i < 3 * ATOMS; i++) {
        v[i] = sin(i + 1.0);
        before[i % 3] += masses[i / 3] * v[i];
    }
    ASSERT_OK(ddmd_velocities_project(&system, positions, v, &err), &err);
    for (int i = 0; i < 3 * ATOMS; i++)
        after[i % 3] += masses[i / 3] * v[i];
    for (int x = 0; x < 3; x++)
        assert_true(fabs(after[x] - before[x]) < 1e-12);
    for (int c = 0; c < 3; c++) {
        double rv = 0;
        for (int x = 0; x < 3; x++)
            rv += (positions[3 * constraints[c].i + x] - positions[3 * constraints[c].j + x]) *
                  (v[3 * constraints[c].i + x] - v[3 * constraints[c].j + x]);
        assert_true(fabs(rv) / constraints[c].length_nm < 1e-10);
    }
}

static void massless_atoms_stand_still(void **state)
{
    (void)state;
    ddmd_error err = {0};
    double light[ATOMS] = {16, 1, 1, 0};
    ddmd_system system = make_system(3);
    system.masses = light;
    float v[3 * ATOMS];
    ASSERT_OK(ddmd_velocities_draw(&system, positions, 300, 1, 2, v, &err), &err);
    for (int x = 9; x < 12; x++)
        assert_true(v[x] == 0);
}

static void constrained_atoms_in_one_place_are_named(void **state)
{
    (void)state;
    ddmd_error err = {0};
    const ddmd_system system = make_system(3);
    double collapsed[3 * ATOMS];
    float v[3 * ATOMS] = {7};
    memcpy(collapsed, positions, sizeof collapsed);
    memcpy(collapsed + 3, collapsed, 3 * sizeof *collapsed);
    assert_int_equal(ddmd_velocities_draw(&system, collapsed, 300, 1, 2, v, &err), DDMD_NUMERIC);
    assert_non_null(strstr(err.message, "atoms 1 and 2"));
    assert_true(v[0] == 7);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(free_velocities_are_maxwellian),
        cmocka_unit_test(constrained_velocities_are_maxwellian),
        cmocka_unit_test(every_atom_has_its_share),
        cmocka_unit_test(draws_are_a_function_of_seed_and_simulation),
        cmocka_unit_test(projection_stops_every_constraint_and_keeps_momentum),
        cmocka_unit_test(massless_atoms_stand_still),
        cmocka_unit_test(constrained_atoms_in_one_place_are_named),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
