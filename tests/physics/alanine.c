/*
 * Alanine dipeptide: engines ensemble and openmm sample one distribution.
 *
 * 320 replicas are mixed at 700 K and brought to 300 K by engine ensemble. 64 of them go on with
 * OpenMM, 256 with engine ensemble, for 60 ps each. Where both engines compute the same dynamics,
 * the 320 averages are independent draws of one distribution, in equilibrium or not, and what is
 * compared needs no assumption about correlation times:
 *
 * - The mean and the variance of the potential energy: |z| < 4.5, with standard errors from how the
 *   replicas differ. Student's t with some 90 degrees of freedom is beyond that 2 times in 10^5.
 * - The populations of 60 x 60 degree bins of phi and psi, those below 4 % taken together, by
 *   Hotelling's statistic; its p, by dealing the replicas anew, has to be above 5e-5.
 *
 * The same for engine ensemble with generalized Born forces at every second step, against itself
 * with them at every step: from the same 256 frames, with noise of their own.
 *
 * A correct engine would fail for one seed in 10^4. Seeds are fixed.
 */
#include "physics/sampling.h"
#include "support/cmocka.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SEQUENCE "ACE-A-NME"

enum {
    OPENMM = 64,
    ENSEMBLE = 256,
    POOL = OPENMM + ENSEMBLE,
    SIDE = 6,
    BINS = SIDE * SIDE,
    SAMPLES = 600,
    EVERY = 50,
    DEALS = 200000
};

static const double HOT_KELVIN = 700, Z_LIMIT = 4.5, P_LIMIT = 5e-5, LEAST_POPULATION = 0.04;

static const ddmd_engine_options OPTIONS = {.temperature_kelvin = 300,
                                            .friction_per_ps = 5,
                                            .timestep_fs = 2,
                                            .seed = 23,
                                            .threads_per_replica = 1,
                                            .platform = "Reference"};

/* Averages over the frames of each replica, kJ/mol and its square. */
typedef struct tally {
    const backbone *chain;
    double potential[POOL], square[POOL], bins[POOL][BINS];
} tally;

static size_t bin_of(double degrees)
{
    size_t bin = (size_t)((degrees + 180) * SIDE / 360);
    return bin < SIDE ? bin : SIDE - 1;
}

static void observe(void *user, int replica, const ddmd_engine_frame *frame)
{
    tally *t = user;
    double phi, psi;
    backbone_angles(t->chain, frame->positions, 0, &phi, &psi);
    t->potential[replica] += frame->potential_energy / SAMPLES;
    t->square[replica] += frame->potential_energy * frame->potential_energy / SAMPLES;
    t->bins[replica][bin_of(phi) * SIDE + bin_of(psi)] += 1.0 / SAMPLES;
}

/* Replicas of engine ensemble at 300 K that have seen all basins. */
static ddmd_engine *mixed_pool(const molecule *m)
{
    ddmd_error err = {0};
    ddmd_engine *pool = engine_create("ensemble", m, &OPTIONS, POOL);
    start_from_fold(pool, m, SEQUENCE, DDMD_PEPTIDE_EXTENDED, 0, POOL, HOT_KELVIN);
    ASSERT_OK(ddmd_engine_advance(pool, 10000, &err), &err);
    for (int r = 0; r < POOL; r++)
        start_from_replica(pool, r, m, pool, r);
    ASSERT_OK(ddmd_engine_advance(pool, 50000, &err), &err);
    return pool;
}

/* n replicas of an engine, from those of the pool from `first` on. */
static void run(const char *name, const molecule *m, ddmd_engine *pool, int first, int n,
                int gb_interval_steps, tally *t)
{
    ddmd_engine_options options = OPTIONS;
    options.seed += (uint64_t)gb_interval_steps; /* not the noise that made the pool */
    options.gb_interval_steps = gb_interval_steps;
    ddmd_engine *engine = engine_create(name, m, &options, n);
    for (int r = 0; r < n; r++)
        start_from_replica(engine, r, m, pool, first + r);
    sample(engine, m, n, SAMPLES, EVERY, true, observe, t);
    ddmd_engine_destroy(&engine);
}

/* Squared deviations from a centre that both sides share. */
static void take_deviations(const tally *t, int n, double centre, double *deviations)
{
    for (int r = 0; r < n; r++)
        deviations[r] = t->square[r] - 2 * centre * t->potential[r] + centre * centre;
}

/* Returns z. */
static double report(const char *what, estimate ensemble, estimate openmm)
{
    double z = estimate_z(ensemble, openmm);
    print_message("%-32s %9.3f +- %6.3f  %9.3f +- %6.3f  z %5.2f\n", what, ensemble.mean,
                  ensemble.error, openmm.mean, openmm.error, z);
    return z;
}

/* Of n replicas of `other`, which is another engine or other options. */
static void compare_energies(const tally *ensemble, const tally *other, int n)
{
    estimate a = estimate_mean(ensemble->potential, ENSEMBLE, 1);
    estimate b = estimate_mean(other->potential, (size_t)n, 1);
    double deviations_a[ENSEMBLE], deviations_b[POOL];
    double centre = (a.mean * ENSEMBLE + b.mean * n) / (ENSEMBLE + n);
    take_deviations(ensemble, ENSEMBLE, centre, deviations_a);
    take_deviations(other, n, centre, deviations_b);
    double z = report("potential energy, kJ/mol", a, b);
    assert_true(fabs(z) < Z_LIMIT);
    z = report("its variance, (kJ/mol)^2", estimate_mean(deviations_a, ENSEMBLE, 1),
               estimate_mean(deviations_b, (size_t)n, 1));
    assert_true(fabs(z) < Z_LIMIT);
}

/* The bins that stand alone, of either side's replicas; what they leave of 1 is the last bin. */
static size_t choose_bins(const tally *t, size_t n, size_t chosen[BINS])
{
    size_t dim = 0;
    for (size_t bin = 0; bin < BINS; bin++)
        if (estimate_mean(&t->bins[0][bin], n, BINS).mean >= LEAST_POPULATION)
            chosen[dim++] = bin;
    return dim;
}

static double *take_bins(const tally *t, size_t n, const size_t *chosen, size_t dim)
{
    double *rows = calloc(n * dim, sizeof *rows);
    assert_non_null(rows);
    for (size_t r = 0; r < n; r++)
        for (size_t i = 0; i < dim; i++)
            rows[r * dim + i] = t->bins[r][chosen[i]];
    return rows;
}

static void compare_populations(const tally *ensemble, const tally *other, int n_other)
{
    size_t chosen[BINS], n = (size_t)n_other, dim = choose_bins(ensemble, ENSEMBLE, chosen);
    assert_true(dim >= 4);
    double *a = take_bins(ensemble, ENSEMBLE, chosen, dim);
    double *b = take_bins(other, n, chosen, dim);
    for (size_t i = 0; i < dim; i++) {
        char name[64];
        snprintf(name, sizeof name, "phi from %d, psi from %d",
                 (int)(chosen[i] / SIDE) * 360 / SIDE - 180,
                 (int)(chosen[i] % SIDE) * 360 / SIDE - 180);
        report(name, estimate_mean(a + i, ENSEMBLE, dim), estimate_mean(b + i, n, dim));
    }
    double p, found = hotelling(b, n, a, ENSEMBLE, dim, DEALS, &p);
    print_message("populations: %.2f, where chi-square with %zu degrees is expected; p %.2g\n",
                  found, dim, p);
    assert_true(p > P_LIMIT);
    free(a);
    free(b);
}

static void one_distribution(void **state)
{
    (void)state;
    need_openmm(OPTIONS.platform);
    molecule m = molecule_create(SEQUENCE, 0);
    backbone chain = backbone_create(&m);
    tally *tallies = calloc(3, sizeof *tallies), *ensemble = tallies, *openmm = tallies + 1;
    tally *in_pairs = tallies + 2;
    assert_non_null(tallies);
    ensemble->chain = openmm->chain = in_pairs->chain = &chain;
    ddmd_engine *pool = mixed_pool(&m);
    run("ensemble", &m, pool, OPENMM, ENSEMBLE, 1, ensemble);
    run("ensemble", &m, pool, OPENMM, ENSEMBLE, 2, in_pairs);
    run("openmm", &m, pool, 0, OPENMM, 1, openmm);
    print_message("%-32s %19s  %19s\n", "", "ensemble", "openmm");
    compare_energies(ensemble, openmm, OPENMM);
    compare_populations(ensemble, openmm, OPENMM);
    print_message("%-32s %19s  %19s\n", "", "every step", "every second");
    compare_energies(ensemble, in_pairs, ENSEMBLE);
    compare_populations(ensemble, in_pairs, ENSEMBLE);
    ddmd_engine_destroy(&pool);
    backbone_destroy(&chain);
    molecule_destroy(&m);
    free(tallies);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_distribution),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
