/*
 * Engine ensemble in time: the kinetic energy under its thermostat, and the total energy without.
 *
 * Errors come from how the replicas differ, which are independent of each other.
 */
#include "physics/sampling.h"
#include "support/cmocka.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { REPLICAS = 64, EVERY = 50, MELTING = 10000 };

static const double KELVIN = 300;

/* Averages over the samples of each replica, K and K^2. */
typedef struct tally {
    double degrees; /* of freedom */
    double kelvin[REPLICAS], square[REPLICAS];
} tally;

static void observe(void *user, int replica, const ddmd_engine_frame *frame)
{
    tally *t = user;
    double excess = 2 * frame->kinetic_energy / (t->degrees * DDMD_GAS_CONSTANT) - KELVIN;
    t->kelvin[replica] += excess;
    t->square[replica] += excess * excess;
}

/*
 * Mean and variance of the kinetic temperature, against 300 K and 2 T^2 / dof. The scheme keeps
 * both up to terms in the square of the time step. The total momentum is not removed: dof is 3 N
 * less the constraints. A friction of 10/ps forgets within 0.1 ps, which keeps errors small.
 */
static void check_temperature(double timestep_fs, double hydrogen_mass_amu, int gb_interval_steps,
                              int n_samples, double allowed_kelvin)
{
    const ddmd_engine_options options = {.temperature_kelvin = KELVIN,
                                         .friction_per_ps = 10,
                                         .timestep_fs = timestep_fs,
                                         .seed = 17,
                                         .gb_interval_steps = gb_interval_steps,
                                         .threads_per_replica = 1};
    ddmd_error err = {0};
    molecule m = molecule_create("ACE-AAA-NME", hydrogen_mass_amu);
    tally t = {.degrees = ddmd_system_degrees_of_freedom(m.system)};
    assert_true(t.degrees == 3 * m.system->n_atoms - m.system->n_constraints);
    ddmd_engine *engine = engine_create("ensemble", &m, &options, REPLICAS);
    start_from_fold(engine, &m, "ACE-AAA-NME", DDMD_PEPTIDE_EXTENDED, 0, REPLICAS, 0);
    ASSERT_OK(ddmd_engine_advance(engine, MELTING, &err), &err);
    sample(engine, &m, REPLICAS, n_samples, EVERY, false, observe, &t);
    for (int r = 0; r < REPLICAS; r++) {
        t.kelvin[r] /= n_samples;
        t.square[r] /= n_samples;
    }
    estimate excess = estimate_mean(t.kelvin, REPLICAS, 1);
    for (int r = 0; r < REPLICAS; r++)
        t.square[r] += excess.mean * (excess.mean - 2 * t.kelvin[r]);
    estimate variance = estimate_mean(t.square, REPLICAS, 1);
    double expected = 2 * KELVIN * KELVIN / t.degrees;
    print_message("%g fs, hydrogens of %g amu, interval %d: %.3f +- %.3f K; variance %.4f +- %.4f "
                  "of 2 T^2/dof\n",
                  timestep_fs, hydrogen_mass_amu > 0 ? hydrogen_mass_amu : 1.008, gb_interval_steps,
                  KELVIN + excess.mean, excess.error, variance.mean / expected,
                  variance.error / expected);
    assert_true(excess.error < 0.1);
    assert_true(fabs(excess.mean) < allowed_kelvin);
    assert_true(variance.error < 0.005 * expected);
    assert_true(fabs(variance.mean - expected) < 0.02 * expected);
    ddmd_engine_destroy(&engine);
    molecule_destroy(&m);
}

static void temperature_at_2_fs(void **state)
{
    (void)state;
    check_temperature(2, 0, 1, 8000, 0.3);
}

static void temperature_at_4_fs(void **state)
{
    (void)state;
    check_temperature(4, 3, 1, 4000, 1);
}

/* Impulses leave as much as the same step would, but for what they drive. */
static void temperature_at_2_fs_in_pairs(void **state)
{
    (void)state;
    check_temperature(2, 0, 2, 8000, 0.3);
}

static void temperature_at_4_fs_in_pairs(void **state)
{
    (void)state;
    check_temperature(4, 3, 2, 4000, 1);
}

enum { NVE_REPLICAS = 16, NVE_SAMPLES = 200, NVE_EVERY = 250 };

typedef struct energies {
    int n[NVE_REPLICAS];
    double total[NVE_REPLICAS][NVE_SAMPLES];
} energies;

static void observe_total(void *user, int replica, const ddmd_engine_frame *frame)
{
    energies *e = user;
    e->total[replica][e->n[replica]++] = frame->potential_energy + frame->kinetic_energy;
}

/* By least squares, for one interval between samples. */
static double slope(const double *values, int n)
{
    double sum = 0;
    for (int s = 0; s < n; s++)
        sum += values[s] * (s - 0.5 * (n - 1));
    return sum * 12 / (n * ((double)n * n - 1));
}

/* 100 ps of chignolin at 2 fs without a thermostat: 0.05 kJ/mol/ns for a degree of freedom. */
static void check_drift(int gb_interval_steps)
{
    const ddmd_engine_options options = {.temperature_kelvin = KELVIN,
                                         .timestep_fs = 2,
                                         .seed = 17,
                                         .gb_interval_steps = gb_interval_steps,
                                         .threads_per_replica = 1};
    ddmd_error err = {0};
    molecule m = molecule_create("YYDPETGTWY", 0);
    energies *e = calloc(1, sizeof *e);
    assert_non_null(e);
    ddmd_engine *engine = engine_create("ensemble", &m, &options, NVE_REPLICAS);
    start_from_fold(engine, &m, "YYDPETGTWY", DDMD_PEPTIDE_EXTENDED, 0, NVE_REPLICAS, 0);
    ASSERT_OK(ddmd_engine_advance(engine, 500, &err), &err);
    sample(engine, &m, NVE_REPLICAS, NVE_SAMPLES, NVE_EVERY, false, observe_total, e);
    double slopes[NVE_REPLICAS];
    double units = NVE_EVERY * 2e-6 * ddmd_system_degrees_of_freedom(m.system);
    for (int r = 0; r < NVE_REPLICAS; r++)
        slopes[r] = slope(e->total[r], NVE_SAMPLES) / units;
    estimate drift = estimate_mean(slopes, NVE_REPLICAS, 1);
    print_message("interval %d: drift %.4f +- %.4f kJ/mol/ns for a degree of freedom\n",
                  gb_interval_steps, drift.mean, drift.error);
    assert_true(drift.error < 0.01);
    assert_true(fabs(drift.mean) < 0.05);
    ddmd_engine_destroy(&engine);
    molecule_destroy(&m);
    free(e);
}

static void energy_does_not_drift(void **state)
{
    (void)state;
    check_drift(1);
}

static void energy_does_not_drift_in_pairs(void **state)
{
    (void)state;
    check_drift(2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(temperature_at_2_fs),
        cmocka_unit_test(temperature_at_4_fs),
        cmocka_unit_test(energy_does_not_drift),
        cmocka_unit_test(temperature_at_2_fs_in_pairs),
        cmocka_unit_test(temperature_at_4_fs_in_pairs),
        cmocka_unit_test(energy_does_not_drift_in_pairs),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
