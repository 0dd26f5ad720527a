#include "ddmd/engine.h"
#include "ddmd/peptide.h"
#include "support/cmocka.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static const ddmd_engine_options options = {.temperature_kelvin = 300,
                                            .friction_per_ps = 1,
                                            .timestep_fs = 15,
                                            .seed = 3,
                                            .threads_per_replica = 1};

static ddmd_system *make_chain(int32_t n)
{
    ddmd_error err = {0};
    ddmd_system *system = NULL;
    ASSERT_OK(ddmd_system_create_bead_chain(n, &system, &err), &err);
    return system;
}

static float *extended(int32_t n)
{
    ddmd_error err = {0};
    ddmd_structure *structure = NULL;
    ASSERT_OK(ddmd_bead_chain_build(n, DDMD_PEPTIDE_EXTENDED, &structure, &err), &err);
    float *positions = calloc((size_t)n * 3, sizeof *positions);
    for (int32_t i = 0; i < 3 * n; i++)
        positions[i] = (float)structure->positions[i];
    ddmd_structure_destroy(&structure);
    return positions;
}

static ddmd_engine *make_engine(const ddmd_system *system, int n_replicas)
{
    ddmd_error err = {0};
    ddmd_engine *engine = NULL;
    ASSERT_OK(ddmd_engine_create("toy", system, &options, n_replicas, &engine, &err), &err);
    return engine;
}

static void refuse(const ddmd_system *system, const char *what)
{
    ddmd_error err = {0};
    ddmd_engine *engine = NULL;
    assert_int_equal(ddmd_engine_create("toy", system, &options, 1, &engine, &err),
                     DDMD_UNSUPPORTED);
    assert_null(engine);
    if (!strstr(err.message, what) || !strstr(err.message, "use engine: openmm"))
        fail_msg("'%s' does not name %s", err.message, what);
}

static void what_it_cannot_do_is_named(void **state)
{
    (void)state;
    ddmd_system *chain = make_chain(8);
    ddmd_constraint constraint = {0, 1, 0.38};
    char xml[] = "<System/>";
    ddmd_system other = *chain;
    other.has_nonbonded = true;
    refuse(&other, "nonbonded");
    other.has_gbsa = true;
    refuse(&other, "GBSA");
    other = *chain;
    other.constraints = &constraint;
    other.n_constraints = 1;
    refuse(&other, "constraint");
    other = *chain;
    other.openmm_xml = xml;
    refuse(&other, "OpenMM");
    other = *chain;
    int32_t held = chain->torsions[0].periodicity;
    chain->torsions[0].periodicity = 1000;
    refuse(chain, "periodicity 1000");
    chain->torsions[0].periodicity = held;
    ddmd_system_destroy(&chain);
}

/* A frame is the whole state: a start from it goes on as if nothing had happened. */
static void a_start_from_a_frame_goes_on_with_the_same_bits(void **state)
{
    (void)state;
    enum { N = 12 };
    ddmd_error err = {0};
    ddmd_system *system = make_chain(N);
    ddmd_engine *engine = make_engine(system, 2);
    float *positions = extended(N), through[2][3 * N], resumed[2][3 * N], middle[2][3 * N];
    const ddmd_engine_start first = {.simulation_id = 4, .positions = positions};
    ddmd_engine_frame frame = {.positions = through[0], .velocities = through[1]};
    ASSERT_OK(ddmd_engine_start_replica(engine, 0, &first, &err), &err);
    ASSERT_OK(ddmd_engine_advance(engine, 5000, &err), &err);
    ASSERT_OK(ddmd_engine_read(engine, 0, &frame, &err), &err);

    ddmd_engine_frame half = {.positions = middle[0], .velocities = middle[1]};
    ASSERT_OK(ddmd_engine_start_replica(engine, 1, &first, &err), &err);
    ddmd_engine_stop_replica(engine, 0);
    ASSERT_OK(ddmd_engine_advance(engine, 1234, &err), &err);
    ASSERT_OK(ddmd_engine_read(engine, 1, &half, &err), &err);
    const ddmd_engine_start second = {.simulation_id = 4,
                                      .first_step = half.step,
                                      .positions = middle[0],
                                      .velocities = middle[1]};
    ASSERT_OK(ddmd_engine_start_replica(engine, 0, &second, &err), &err);
    ddmd_engine_stop_replica(engine, 1);
    ASSERT_OK(ddmd_engine_advance(engine, 5000 - 1234, &err), &err);
    ddmd_engine_frame end = {.positions = resumed[0], .velocities = resumed[1]};
    ASSERT_OK(ddmd_engine_read(engine, 0, &end, &err), &err);
    assert_memory_equal(resumed, through, sizeof through);
    assert_int_equal(end.step, frame.step);
    assert_true(end.potential_energy == frame.potential_energy);
    free(positions);
    ddmd_engine_destroy(&engine);
    ddmd_system_destroy(&system);
}

static void a_long_chain_has_the_forces_of_the_reference(void **state)
{
    (void)state;
    enum { N = 3375 };
    ddmd_error err = {0};
    ddmd_system *system = make_chain(N);
    ddmd_engine *engine = make_engine(system, 1);
    float *positions = extended(N);
    double *x = calloc(9 * (size_t)N, sizeof *x), *forces = x + 3 * N, *expected = forces + 3 * N;
    for (int i = 0; i < 3 * N; i++)
        x[i] = positions[i] + 0.05 * sin(3.0 * i); /* out of the plane */
    ddmd_energy energy, wanted;
    ASSERT_OK(ddmd_engine_energy(engine, x, &energy, forces, &err), &err);
    ASSERT_OK(ddmd_system_energy(system, x, &wanted, expected, &err), &err);
    assert_true(fabs(energy.total - wanted.total) < 1e-10 * fabs(wanted.total));
    double largest = 0;
    for (int i = 0; i < 3 * N; i++)
        largest = fmax(largest, fabs(expected[i]));
    for (int i = 0; i < 3 * N; i++)
        assert_true(fabs(forces[i] - expected[i]) < 1e-9 * largest);
    free(x);
    free(positions);
    ddmd_engine_destroy(&engine);
    ddmd_system_destroy(&system);
}

static void minimisation_finds_the_bottom_of_a_long_chain(void **state)
{
    (void)state;
    enum { N = 200 };
    ddmd_error err = {0};
    ddmd_system *system = make_chain(N);
    ddmd_engine *engine = make_engine(system, 1);
    float *positions = extended(N);
    double x[3 * N], forces[3 * N], square = 0;
    for (int i = 0; i < 3 * N; i++)
        x[i] = positions[i] + 0.02 * sin(3.0 * i);
    ddmd_energy energy;
    ASSERT_OK(ddmd_engine_minimize(engine, x, 1e-4, 0, &err), &err);
    ASSERT_OK(ddmd_engine_energy(engine, x, &energy, forces, &err), &err);
    for (int i = 0; i < 3 * N; i++)
        square += forces[i] * forces[i] / (3 * N);
    assert_true(sqrt(square) < 1e-4);
    /* Below what rounding can resolve it ends all the same. */
    ASSERT_OK(ddmd_engine_minimize(engine, x, 1e-300, 0, &err), &err);
    free(positions);
    ddmd_engine_destroy(&engine);
    ddmd_system_destroy(&system);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_it_cannot_do_is_named),
        cmocka_unit_test(a_start_from_a_frame_goes_on_with_the_same_bits),
        cmocka_unit_test(a_long_chain_has_the_forces_of_the_reference),
        cmocka_unit_test(minimisation_finds_the_bottom_of_a_long_chain),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
