/* Arguments, states, failures: how a replica begins, stops and fails. */
#include "contract/engine.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static void bad_arguments_are_refused(void **state)
{
    const engine_case *c = *state;
    const ddmd_system *system = c->subject->system;
    const ddmd_engine_options good = case_options(c);
    ddmd_error err = {0};
    ddmd_engine *engine = NULL;

    assert_int_equal(ddmd_engine_create(c->engine, system, &good, 0, &engine, &err), DDMD_INVALID);
    assert_prefixed(c, &err);
    assert_int_equal(ddmd_engine_create(c->engine, system, NULL, 1, &engine, &err), DDMD_INVALID);
    assert_int_equal(ddmd_engine_create(c->engine, NULL, &good, 1, &engine, &err), DDMD_INVALID);

    ddmd_engine_options bad[] = {good, good, good, good, good, good, good, good};
    const char *named[] = {"temperature_kelvin", "friction_per_ps",      "timestep_fs",
                           "timestep_fs",        "constraint_tolerance", "threads_per_replica",
                           "gb_interval_steps",  "gb_interval_steps"};
    bad[0].temperature_kelvin = 0;
    bad[1].friction_per_ps = -1;
    bad[2].timestep_fs = 0;
    bad[3].timestep_fs = NAN;
    bad[4].constraint_tolerance = 1;
    bad[5].threads_per_replica = 0;
    bad[6].gb_interval_steps = -1;
    bad[7].gb_interval_steps = 5;
    for (size_t b = 0; b < sizeof bad / sizeof *bad; b++) {
        assert_int_equal(ddmd_engine_create(c->engine, system, &bad[b], 1, &engine, &err),
                         DDMD_CONFIG);
        assert_prefixed(c, &err);
        assert_non_null(strstr(err.message, named[b]));
        assert_null(engine);
    }
}

static void an_interval_of_forces_is_taken_or_refused(void **state)
{
    const engine_case *c = *state;
    ddmd_error err = {0};
    ddmd_engine *engine = NULL;
    ddmd_engine_options options = case_options(c);
    options.gb_interval_steps = 1;
    engine = case_create(c, &options, 1);
    ddmd_engine_destroy(&engine);
    options.gb_interval_steps = 2;
    if (c->capabilities & DDMD_ENGINE_GB_INTERVAL) {
        engine = case_create(c, &options, 1);
        ddmd_engine_destroy(&engine);
        return;
    }
    assert_int_equal(ddmd_engine_create(c->engine, c->subject->system, &options, 1, &engine, &err),
                     DDMD_UNSUPPORTED);
    assert_null(engine);
    assert_prefixed(c, &err);
    assert_non_null(strstr(err.message, "gb_interval_steps of 2"));
    assert_non_null(strstr(err.message, "use engine: ensemble"));
}

static void a_start_is_read_back_exactly(void **state)
{
    const engine_case *c = *state;
    ddmd_error err = {0};
    size_t n = case_coordinates(c);
    ddmd_engine_options options = case_options(c);
    ddmd_engine *engine = case_create(c, &options, 2);
    float *positions = case_positions(c);
    float *velocities = calloc(n, sizeof *velocities);
    for (size_t i = 0; i < n; i++)
        velocities[i] = (float)sin((double)i);
    const ddmd_engine_start start = {.simulation_id = 7,
                                     .first_step = 123456789012,
                                     .positions = positions,
                                     .velocities = velocities};
    ASSERT_OK(ddmd_engine_start_replica(engine, 1, &start, &err), &err);

    float *read = calloc(2 * n, sizeof *read);
    ddmd_engine_frame frame = {.positions = read, .velocities = read + n};
    ASSERT_OK(ddmd_engine_read(engine, 1, &frame, &err), &err);
    assert_memory_equal(read, positions, n * sizeof *read);
    assert_memory_equal(read + n, velocities, n * sizeof *read);
    assert_int_equal(frame.step, 123456789012);

    /* Either array may be left out. */
    ddmd_engine_frame bare = {0};
    ASSERT_OK(ddmd_engine_read(engine, 1, &bare, &err), &err);
    assert_true(bare.potential_energy == frame.potential_energy);
    assert_true(bare.kinetic_energy == frame.kinetic_energy);

    double kinetic = 0;
    for (size_t i = 0; i < n; i++)
        kinetic += 0.5 * c->subject->system->masses[i / 3] * velocities[i] * velocities[i];
    if (c->subject->system->n_constraints == 0) /* the engine may project these velocities */
        assert_true(fabs(frame.kinetic_energy - kinetic) < 1e-6 * kinetic);
    free(read);
    free(velocities);
    free(positions);
    ddmd_engine_destroy(&engine);
}

static void a_replica_goes_from_idle_to_running_to_idle(void **state)
{
    const engine_case *c = *state;
    ddmd_error err = {0};
    ddmd_engine_options options = case_options(c);
    ddmd_engine *engine = case_create(c, &options, 2);
    float *positions = case_positions(c);
    ddmd_engine_frame frame = {0};
    assert_string_equal(ddmd_engine_name(engine), c->engine);
    assert_true(strlen(ddmd_engine_device(engine)) > 0);

    assert_int_equal(ddmd_engine_replica_state(engine, 0), DDMD_REPLICA_IDLE);
    assert_int_equal(ddmd_engine_read(engine, 0, &frame, &err), DDMD_INVALID);
    assert_prefixed(c, &err);
    ASSERT_OK(ddmd_engine_advance(engine, 5, &err), &err); /* nobody runs */

    case_start(engine, 0, 1, positions);
    ASSERT_OK(ddmd_engine_advance(engine, 5, &err), &err);
    ASSERT_OK(ddmd_engine_advance(engine, 0, &err), &err);
    ASSERT_OK(ddmd_engine_read(engine, 0, &frame, &err), &err);
    assert_int_equal(frame.step, 5);
    assert_int_equal(ddmd_engine_replica_state(engine, 1), DDMD_REPLICA_IDLE);
    assert_int_equal(ddmd_engine_advance(engine, -1, &err), DDMD_INVALID);
    assert_prefixed(c, &err);

    ddmd_engine_stop_replica(engine, 0);
    ddmd_engine_stop_replica(engine, 1);
    assert_int_equal(ddmd_engine_replica_state(engine, 0), DDMD_REPLICA_IDLE);
    assert_int_equal(ddmd_engine_read(engine, 0, &frame, &err), DDMD_INVALID);

    const ddmd_engine_start start = {.positions = positions};
    for (int beyond = -1; beyond <= 2; beyond += 3) {
        assert_int_equal(ddmd_engine_start_replica(engine, beyond, &start, &err), DDMD_INVALID);
        assert_prefixed(c, &err);
        assert_int_equal(ddmd_engine_read(engine, beyond, &frame, &err), DDMD_INVALID);
        ddmd_engine_stop_replica(engine, beyond);
    }
    const ddmd_engine_start nothing = {0};
    assert_int_equal(ddmd_engine_start_replica(engine, 0, &nothing, &err), DDMD_INVALID);
    free(positions);
    ddmd_engine_destroy(&engine);
    assert_null(engine);
    ddmd_engine_destroy(&engine);
}

/* NaN, and an atom so far away that the energy is beyond the limit. */
static void a_start_that_cannot_be_fails_alone(void **state)
{
    const engine_case *c = *state;
    ddmd_engine_options options = case_options(c);
    ddmd_engine *engine = case_create(c, &options, 2);
    float *positions = case_positions(c);
    size_t n = case_coordinates(c);
    float *bad = calloc(n, sizeof *bad);
    const float values[] = {NAN, INFINITY, 1e5f};
    case_start(engine, 0, 1, positions);
    for (size_t v = 0; v < 3; v++) {
        ddmd_error err = {0};
        memcpy(bad, positions, n * sizeof *bad);
        bad[4] = values[v];
        const ddmd_engine_start start = {.simulation_id = 2, .positions = bad};
        assert_int_equal(ddmd_engine_start_replica(engine, 1, &start, &err), DDMD_NUMERIC);
        assert_prefixed(c, &err);
        assert_int_equal(ddmd_engine_replica_state(engine, 1), DDMD_REPLICA_FAILED);
        assert_true(strlen(ddmd_engine_failure(engine, 1)) > 0);
        assert_int_equal(ddmd_engine_replica_state(engine, 0), DDMD_REPLICA_RUNNING);
        assert_string_equal(ddmd_engine_failure(engine, 0), "");
        ddmd_engine_frame frame = {0};
        assert_int_equal(ddmd_engine_read(engine, 1, &frame, &err), DDMD_INVALID);
    }
    case_start(engine, 1, 3, positions);
    assert_string_equal(ddmd_engine_failure(engine, 1), "");
    free(bad);
    free(positions);
    ddmd_engine_destroy(&engine);
}

static void a_replica_that_blows_up_fails_alone(void **state)
{
    const engine_case *c = *state;
    ddmd_error err = {0};
    ddmd_engine_options options = case_options(c);
    size_t n = case_coordinates(c);
    float *positions = case_positions(c), *clash = case_clash(c);

    ddmd_engine *alone = case_create(c, &options, 1);
    case_start(alone, 0, 1, positions);
    ASSERT_OK(ddmd_engine_advance(alone, 40, &err), &err);
    ASSERT_OK(ddmd_engine_advance(alone, 40, &err), &err);
    float *expected = case_read(c, alone, 0);

    ddmd_engine *engine = case_create(c, &options, 2);
    case_start(engine, 1, 1, positions);
    case_start(engine, 0, 2, clash);
    ASSERT_OK(ddmd_engine_advance(engine, 40, &err), &err);
    assert_int_equal(ddmd_engine_replica_state(engine, 0), DDMD_REPLICA_FAILED);
    assert_true(strlen(ddmd_engine_failure(engine, 0)) > 0);
    assert_int_equal(ddmd_engine_replica_state(engine, 1), DDMD_REPLICA_RUNNING);

    case_start(engine, 0, 3, positions); /* the slot is good again */
    ASSERT_OK(ddmd_engine_advance(engine, 40, &err), &err);
    assert_int_equal(ddmd_engine_replica_state(engine, 0), DDMD_REPLICA_RUNNING);
    float *found = case_read(c, engine, 1);
    if (c->capabilities & DDMD_ENGINE_DETERMINISTIC)
        assert_memory_equal(found, expected, 2 * n * sizeof *found);
    free(found);
    free(expected);
    free(clash);
    free(positions);
    ddmd_engine_destroy(&alone);
    ddmd_engine_destroy(&engine);
}

static void a_molecule_far_away_is_brought_to_the_origin(void **state)
{
    const engine_case *c = *state;
    ddmd_error err = {0};
    ddmd_engine_options options = case_options(c);
    ddmd_engine *engine = case_create(c, &options, 1);
    float *positions = case_positions(c);
    size_t n = case_coordinates(c);
    for (size_t i = 0; i < n; i++)
        positions[i] += i % 3 == 1 ? 12 : 0;
    case_start(engine, 0, 1, positions);
    float *read = case_read(c, engine, 0);
    double centroid[3] = {0};
    for (size_t i = 0; i < n; i++)
        centroid[i % 3] += read[i] * 3.0 / (double)n;
    for (size_t x = 0; x < 3; x++)
        assert_true(fabs(centroid[x]) < 1e-6);
    /* The shape is kept, but for what float32 lost 12 nm away: half a unit of 2^-20 nm an atom. */
    for (size_t i = 3; i < n; i++)
        assert_true(fabsf((read[i] - read[i - 3]) - (positions[i] - positions[i - 3])) < 0x1p-19f);
    ASSERT_OK(ddmd_engine_advance(engine, 5, &err), &err);
    free(read);
    free(positions);
    ddmd_engine_destroy(&engine);
}

const contract_test engine_state_tests[] = {
    {"bad_arguments_are_refused", bad_arguments_are_refused},
    {"an_interval_of_forces_is_taken_or_refused", an_interval_of_forces_is_taken_or_refused},
    {"a_start_is_read_back_exactly", a_start_is_read_back_exactly},
    {"a_replica_goes_from_idle_to_running_to_idle", a_replica_goes_from_idle_to_running_to_idle},
    {"a_start_that_cannot_be_fails_alone", a_start_that_cannot_be_fails_alone},
    {"a_replica_that_blows_up_fails_alone", a_replica_that_blows_up_fails_alone},
    {"a_molecule_far_away_is_brought_to_the_origin", a_molecule_far_away_is_brought_to_the_origin},
    {NULL, NULL},
};
