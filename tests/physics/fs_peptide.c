/*
 * Fs-peptide (254 atoms) at 400 K: engines ensemble and openmm sample one distribution.
 *
 * Its folds take far longer to mix than OpenMM can be run for in a test, so what is compared needs
 * no mixing: 32 frames, half of them from a helix and half from an extended chain, each
 * after 30 ps at 400 K with engine ensemble. From the positions and velocities of each, OpenMM
 * runs one trajectory of 5 ps and engine ensemble four, all with noise of their own. Where both
 * engines compute the same dynamics, averages over such trajectories have the same expectation, in
 * equilibrium or not; and in the difference of the averages from one frame, that in which the
 * frames differ cancels. At a friction of 5/ps energy is exchanged with the bath within 0.2 ps.
 *
 * The mean of the 32 differences is compared with its standard error, which comes from how they
 * differ: |z| < 5 for the mean of the potential energy and its variance (about the mean of all
 * frames), the radius of gyration and the helicity. Student's t with 31 degrees of freedom is
 * beyond that 2 times in 10^5, so that a correct engine would fail for one seed in 10^4. Seeds are
 * fixed.
 */
#include "physics/sampling.h"
#include "support/cmocka.h"

#include "ddmd/geometry.h"

#include <math.h>
#include <stdlib.h>

#define SEQUENCE "ACE-AAAAAAAARAAAARAAAARA-NME"

enum { FRAMES = 32, COPIES = 4, MOST = FRAMES * COPIES, SAMPLES = 50, EVERY = 50, HEATING = 15000 };

enum { POTENTIAL, SQUARE, GYRATION, HELICITY, QUANTITIES };

static const double Z_LIMIT = 5;

static const ddmd_engine_options OPTIONS = {.temperature_kelvin = 400,
                                            .friction_per_ps = 5,
                                            .timestep_fs = 2,
                                            .seed = 29,
                                            .threads_per_replica = 1,
                                            .platform = "CPU"};

/* Averages over the samples of each replica; replica r starts from frame r % FRAMES. */
typedef struct tally {
    const backbone *chain;
    double *alphas; /* [n_residues][3] */
    double values[QUANTITIES][MOST];
} tally;

/* The share of residues whose phi is -100 to -30 and psi -80 to -5 degrees. */
static double helicity(const backbone *chain, const float *positions)
{
    size_t n = 0;
    for (size_t k = 0; k < chain->n_residues; k++) {
        double phi, psi;
        backbone_angles(chain, positions, k, &phi, &psi);
        n += phi > -100 && phi < -30 && psi > -80 && psi < -5;
    }
    return (double)n / (double)chain->n_residues;
}

static void observe(void *user, int replica, const ddmd_engine_frame *frame)
{
    tally *t = user;
    double energy = frame->potential_energy;
    ddmd_gather_f32(frame->positions, t->chain->ca, t->chain->n_residues, t->alphas);
    t->values[POTENTIAL][replica] += energy / SAMPLES;
    t->values[SQUARE][replica] += energy * energy / SAMPLES;
    t->values[GYRATION][replica] +=
        ddmd_radius_of_gyration(t->alphas, t->chain->n_residues) / SAMPLES;
    t->values[HELICITY][replica] += helicity(t->chain, frame->positions) / SAMPLES;
}

static ddmd_engine *heated_pool(const molecule *m)
{
    ddmd_error err = {0};
    ddmd_engine *pool = engine_create("ensemble", m, &OPTIONS, FRAMES);
    start_from_fold(pool, m, SEQUENCE, DDMD_PEPTIDE_HELIX, 0, FRAMES / 2, 0);
    start_from_fold(pool, m, SEQUENCE, DDMD_PEPTIDE_EXTENDED, FRAMES / 2, FRAMES - FRAMES / 2, 0);
    ASSERT_OK(ddmd_engine_advance(pool, HEATING, &err), &err);
    return pool;
}

static void run(const char *name, const molecule *m, ddmd_engine *pool, int copies, tally *t)
{
    int n = copies * FRAMES;
    ddmd_engine_options options = OPTIONS;
    options.seed++; /* not the noise that made the frames */
    ddmd_engine *engine = engine_create(name, m, &options, n);
    for (int r = 0; r < n; r++)
        start_from_replica(engine, r, m, pool, r % FRAMES);
    sample(engine, m, n, SAMPLES, EVERY, true, observe, t);
    ddmd_engine_destroy(&engine);
}

/* From averages of squares to those of squared deviations, from a centre that both sides share. */
static void centre_squares(tally *t, int n, double centre)
{
    for (int r = 0; r < n; r++)
        t->values[SQUARE][r] += centre * (centre - 2 * t->values[POTENTIAL][r]);
}

static void compare(const char *what, int quantity, const tally *ensemble, const tally *openmm)
{
    double means[FRAMES] = {0}, differences[FRAMES];
    for (int r = 0; r < MOST; r++)
        means[r % FRAMES] += ensemble->values[quantity][r] / COPIES;
    for (int f = 0; f < FRAMES; f++)
        differences[f] = means[f] - openmm->values[quantity][f];
    estimate found = estimate_mean(differences, FRAMES, 1);
    double z = found.mean / found.error;
    print_message("%-26s ensemble %10.4f  openmm %10.4f  difference %8.4f +- %8.4f  z %5.2f\n",
                  what, estimate_mean(means, FRAMES, 1).mean,
                  estimate_mean(openmm->values[quantity], FRAMES, 1).mean, found.mean, found.error,
                  z);
    assert_true(fabs(z) < Z_LIMIT);
}

static void one_distribution(void **state)
{
    (void)state;
    need_openmm(OPTIONS.platform);
    molecule m = molecule_create(SEQUENCE, 0);
    backbone chain = backbone_create(&m);
    tally *tallies = calloc(2, sizeof *tallies), *ensemble = tallies, *openmm = tallies + 1;
    double *alphas = calloc(chain.n_residues * 3, sizeof *alphas);
    assert_true(tallies && alphas);
    *ensemble = *openmm = (tally){.chain = &chain, .alphas = alphas};
    ddmd_engine *pool = heated_pool(&m);
    run("ensemble", &m, pool, COPIES, ensemble);
    run("openmm", &m, pool, 1, openmm);
    double centre = estimate_mean(ensemble->values[POTENTIAL], MOST, 1).mean;
    centre_squares(ensemble, MOST, centre);
    centre_squares(openmm, FRAMES, centre);
    compare("potential energy, kJ/mol", POTENTIAL, ensemble, openmm);
    compare("its variance, (kJ/mol)^2", SQUARE, ensemble, openmm);
    compare("radius of gyration, nm", GYRATION, ensemble, openmm);
    compare("helicity", HELICITY, ensemble, openmm);
    ddmd_engine_destroy(&pool);
    backbone_destroy(&chain);
    molecule_destroy(&m);
    free(alphas);
    free(tallies);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_distribution),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
