/* Energies, forces, minimisation, against the plain reference and against each other. */
#include "contract/engine.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static void energies_and_forces_are_those_of_the_reference(void **state)
{
    const engine_case *c = *state;
    ddmd_error err = {0};
    size_t n = case_coordinates(c);
    ddmd_engine_options options = case_options(c);
    ddmd_engine *engine = case_create(c, &options, 1);
    double *forces = calloc(2 * n, sizeof *forces), *expected = forces + n;
    ddmd_energy energy, wanted;
    ASSERT_OK(ddmd_engine_energy(engine, c->subject->positions, &energy, forces, &err), &err);
    ASSERT_OK(
        ddmd_system_energy(c->subject->system, c->subject->positions, &wanted, expected, &err),
        &err);
    double largest = 0, worst = 0;
    for (size_t i = 0; i < n; i++) {
        largest = fmax(largest, fabs(expected[i]));
        worst = fmax(worst, fabs(expected[i] - forces[i]));
    }
    assert_true(largest > 0);
    if (!(worst <= 1e-6 * largest))
        fail_msg("forces differ by %g of at most %g kJ/(mol nm)", worst, largest);
#define COMPARE(term)                                                            \
    if (!(fabs(energy.term - wanted.term) <= 1e-6 * fmax(1, fabs(wanted.term)))) \
        fail_msg(#term " is %.9g, not %.9g kJ/mol", energy.term, wanted.term);
    COMPARE(total)
    DDMD_ENERGY_TERM_MAP(COMPARE)
#undef COMPARE
    ASSERT_OK(ddmd_engine_energy(engine, c->subject->positions, &wanted, NULL, &err), &err);
    assert_memory_equal(&wanted, &energy, sizeof energy);
    free(forces);
    ddmd_engine_destroy(&engine);
}

/*
 * (E(x+h) - E(x-h)) / 2h is off by h^2/6 E''' and by rounding, 1e-16 E / h: with h = 1e-5 nm and
 * E''' below 1e9 both stay below 0.02 kJ/(mol nm), in forces of up to thousands.
 */
static void forces_are_the_slope_of_the_energy(void **state)
{
    const engine_case *c = *state;
    ddmd_error err = {0};
    const double h = 1e-5;
    size_t n = case_coordinates(c);
    ddmd_engine_options options = case_options(c);
    ddmd_engine *engine = case_create(c, &options, 1);
    double *forces = calloc(2 * n, sizeof *forces), *x = forces + n;
    ddmd_energy energy, above, below;
    memcpy(x, c->subject->positions, n * sizeof *x);
    ASSERT_OK(ddmd_engine_energy(engine, x, &energy, forces, &err), &err);
    for (size_t i = 0; i < n; i++) {
        double held = x[i];
        x[i] = held + h;
        ASSERT_OK(ddmd_engine_energy(engine, x, &above, NULL, &err), &err);
        x[i] = held - h;
        ASSERT_OK(ddmd_engine_energy(engine, x, &below, NULL, &err), &err);
        x[i] = held;
        double slope = (above.total - below.total) / (2 * h);
        if (!(fabs(slope + forces[i]) < 0.02))
            fail_msg("coordinate %zu: force %.9g, slope %.9g", i, forces[i], slope);
    }
    free(forces);
    ddmd_engine_destroy(&engine);
}

static void energy_leaves_replicas_as_they_are(void **state)
{
    const engine_case *c = *state;
    ddmd_error err = {0};
    size_t n = case_coordinates(c);
    ddmd_engine_options options = case_options(c);
    ddmd_engine *engine = case_create(c, &options, 1);
    float *positions = case_positions(c);
    double *moved = calloc(n, sizeof *moved);
    memcpy(moved, c->subject->positions, n * sizeof *moved);
    ddmd_energy energy;

    case_start(engine, 0, 1, positions);
    ASSERT_OK(ddmd_engine_advance(engine, 30, &err), &err);
    float *expected = case_read(c, engine, 0);
    ASSERT_OK(ddmd_engine_energy(engine, moved, &energy, NULL, &err), &err);
    ASSERT_OK(ddmd_engine_minimize(engine, moved, 50, 0, &err), &err);
    float *found = case_read(c, engine, 0);
    assert_memory_equal(found, expected, 2 * n * sizeof *found);
    free(found);
    free(expected);
    free(moved);
    free(positions);
    ddmd_engine_destroy(&engine);
}

static void minimisation_goes_downhill_and_keeps_constraints(void **state)
{
    const engine_case *c = *state;
    const ddmd_system *system = c->subject->system;
    ddmd_error err = {0};
    size_t n = case_coordinates(c);
    const double tolerance = 5;
    ddmd_engine_options options = case_options(c);
    ddmd_engine *engine = case_create(c, &options, 1);
    double *x = calloc(2 * n, sizeof *x), *forces = x + n;
    ddmd_energy before, after;
    memcpy(x, c->subject->positions, n * sizeof *x);
    for (size_t i = 0; i < n; i++)
        x[i] += 0.01 * sin(7.0 * (double)i); /* well away from any minimum */
    ASSERT_OK(ddmd_engine_energy(engine, x, &before, NULL, &err), &err);
    ASSERT_OK(ddmd_engine_minimize(engine, x, tolerance, 0, &err), &err);
    ASSERT_OK(ddmd_engine_energy(engine, x, &after, forces, &err), &err);
    assert_true(after.total < before.total - 10);
    double square = 0;
    for (size_t i = 0; i < n; i++)
        square += forces[i] * forces[i] / (double)n;
    if (system->n_constraints == 0) /* else forces along the constraints remain */
        assert_true(sqrt(square) < tolerance);
    for (int32_t k = 0; k < system->n_constraints; k++) {
        const double *a = x + 3 * (size_t)system->constraints[k].i;
        const double *b = x + 3 * (size_t)system->constraints[k].j;
        double length = system->constraints[k].length_nm;
        double r = sqrt((a[0] - b[0]) * (a[0] - b[0]) + (a[1] - b[1]) * (a[1] - b[1]) +
                        (a[2] - b[2]) * (a[2] - b[2]));
        if (!(fabs(r - length) < 2e-6 * length)) /* twice the tolerance of the constraints */
            fail_msg("constraint %d is %.9g, not %.9g nm", (int)k, r, length);
    }

    /* One iteration does less than all. */
    double *one = calloc(n, sizeof *one);
    memcpy(one, c->subject->positions, n * sizeof *one);
    ASSERT_OK(ddmd_engine_minimize(engine, one, 1e-3, 1, &err), &err);
    ASSERT_OK(ddmd_engine_energy(engine, one, &before, NULL, &err), &err);
    assert_true(before.total > after.total);
    free(one);

    assert_int_equal(ddmd_engine_minimize(engine, x, 0, 0, &err), DDMD_INVALID);
    assert_int_equal(ddmd_engine_minimize(engine, x, 1, -1, &err), DDMD_INVALID);
    x[0] = NAN;
    assert_int_equal(ddmd_engine_minimize(engine, x, 1, 0, &err), DDMD_NUMERIC);
    assert_int_equal(ddmd_engine_energy(engine, x, &after, NULL, &err), DDMD_NUMERIC);
    assert_prefixed(c, &err);
    free(x);
    ddmd_engine_destroy(&engine);
}

const contract_test engine_energy_tests[] = {
    {"energies_and_forces_are_those_of_the_reference",
     energies_and_forces_are_those_of_the_reference},
    {"forces_are_the_slope_of_the_energy", forces_are_the_slope_of_the_energy},
    {"energy_leaves_replicas_as_they_are", energy_leaves_replicas_as_they_are},
    {"minimisation_goes_downhill_and_keeps_constraints",
     minimisation_goes_downhill_and_keeps_constraints},
    {NULL, NULL},
};
