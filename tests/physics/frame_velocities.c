/*
 * The velocities of frames have a component along constraints that their kinetic energy leaves out:
 * half of what the thermostat gave along each in the last step, and that in which the chord from
 * one position to the next differs from the tangent. Engine ensemble has as much of it as OpenMM.
 */
#include "physics/sampling.h"
#include "support/cmocka.h"

#include <math.h>
#include <stdlib.h>

#define SEQUENCE "ACE-AAA-NME"

enum { REPLICAS = 16, MELTING = 5000, EVERY = 20 };

/* Student's t with 15 degrees of freedom is beyond this once in 10^5. */
static const double Z_LIMIT = 6.5;

/* What the velocities have more than the kinetic energy, as a temperature, K. */
static double excess_of(const molecule *m, const ddmd_engine_frame *frame)
{
    double sum = 0;
    for (size_t i = 0; i < m->n; i++)
        sum += 0.5 * m->system->masses[i / 3] * pow((double)frame->velocities[i], 2);
    return 2 * (sum - frame->kinetic_energy) /
           (ddmd_system_degrees_of_freedom(m->system) * DDMD_GAS_CONSTANT);
}

static estimate measure(ddmd_engine *engine, const molecule *m, int n_samples)
{
    ddmd_error err = {0};
    double excess[REPLICAS] = {0};
    float *velocities = calloc(m->n, sizeof *velocities);
    assert_non_null(velocities);
    for (int s = 0; s < n_samples; s++) {
        ASSERT_OK(ddmd_engine_advance(engine, EVERY, &err), &err);
        for (int r = 0; r < REPLICAS; r++) {
            ddmd_engine_frame frame = {.velocities = velocities};
            ASSERT_OK(ddmd_engine_read(engine, r, &frame, &err), &err);
            excess[r] += excess_of(m, &frame) / n_samples;
        }
    }
    free(velocities);
    return estimate_mean(excess, REPLICAS, 1);
}

static void compare(double timestep_fs, double hydrogen_mass_amu, double friction)
{
    const ddmd_engine_options options = {.temperature_kelvin = 300,
                                         .friction_per_ps = friction,
                                         .timestep_fs = timestep_fs,
                                         .seed = 31,
                                         .threads_per_replica = 1,
                                         .platform = "Reference"};
    ddmd_error err = {0};
    molecule m = molecule_create(SEQUENCE, hydrogen_mass_amu);
    ddmd_engine *ensemble = engine_create("ensemble", &m, &options, REPLICAS);
    ddmd_engine *openmm = engine_create("openmm", &m, &options, REPLICAS);
    start_from_fold(ensemble, &m, SEQUENCE, DDMD_PEPTIDE_EXTENDED, 0, REPLICAS, 0);
    ASSERT_OK(ddmd_engine_advance(ensemble, MELTING, &err), &err);
    for (int r = 0; r < REPLICAS; r++)
        start_from_replica(openmm, r, &m, ensemble, r);
    estimate a = measure(ensemble, &m, 1000), b = measure(openmm, &m, 50);
    double noise = 300 * (1 - exp(-2e-3 * friction * timestep_fs)) / 4 * m.system->n_constraints /
                   ddmd_system_degrees_of_freedom(m.system);
    print_message("%g fs, %4g/ps: ensemble %.3f +- %.3f K, openmm %.3f +- %.3f K, z %5.2f; "
                  "of the noise %.3f K\n",
                  timestep_fs, friction, a.mean, a.error, b.mean, b.error, estimate_z(a, b), noise);
    assert_true(fabs(estimate_z(a, b)) < Z_LIMIT);
    ddmd_engine_destroy(&openmm);
    ddmd_engine_destroy(&ensemble);
    molecule_destroy(&m);
}

static void velocities_along_constraints(void **state)
{
    (void)state;
    need_openmm("Reference");
    compare(2, 0, 1);
    compare(2, 0, 10);
    compare(4, 3, 1);
    compare(4, 3, 5);
    compare(4, 3, 10);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(velocities_along_constraints),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
