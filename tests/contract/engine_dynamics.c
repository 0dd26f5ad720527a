/* Trajectories: what they depend on, and whether they are those of statistical mechanics. */
#include "contract/engine.h"

#include <math.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

enum { STEPS = 60 };

static bool is_deterministic(const engine_case *c)
{
    return c->capabilities & DDMD_ENGINE_DETERMINISTIC;
}

/* Positions and velocities after 2 x STEPS steps of a start; the caller frees. */
static float *run(const engine_case *c, ddmd_engine *engine, int replica,
                  const ddmd_engine_start *start)
{
    ddmd_error err = {0};
    ASSERT_OK(ddmd_engine_start_replica(engine, replica, start, &err), &err);
    ASSERT_OK(ddmd_engine_advance(engine, STEPS, &err), &err);
    ASSERT_OK(ddmd_engine_advance(engine, STEPS, &err), &err);
    return case_read(c, engine, replica);
}

static void advance_moves_the_atoms(void **state)
{
    const engine_case *c = *state;
    ddmd_error err = {0};
    ddmd_engine_options options = case_options(c);
    ddmd_engine *engine = case_create(c, &options, 1);
    float *positions = case_positions(c);
    const ddmd_engine_start start = {.first_step = 1000, .positions = positions};
    float *found = run(c, engine, 0, &start);
    ddmd_engine_frame frame = {0};
    ASSERT_OK(ddmd_engine_read(engine, 0, &frame, &err), &err);
    assert_int_equal(frame.step, 1000 + 2 * STEPS);
    assert_true(isfinite(frame.potential_energy) && frame.kinetic_energy > 0);
    for (size_t i = 0; i < case_coordinates(c); i++) {
        assert_true(found[i] != positions[i]);
        assert_true(fabsf(found[i] - positions[i]) < 2);
    }

    /* The potential energy of a frame is that of its positions, to float32 forces and sums. */
    size_t n = case_coordinates(c);
    double *x = calloc(n, sizeof *x);
    ddmd_energy energy;
    for (size_t i = 0; i < n; i++)
        x[i] = found[i];
    ASSERT_OK(ddmd_engine_energy(engine, x, &energy, NULL, &err), &err);
    assert_true(fabs(energy.total - frame.potential_energy) < 2e-4 * fabs(energy.total) + 1e-3);
    free(x);
    free(found);
    free(positions);
    ddmd_engine_destroy(&engine);
}

static void the_same_start_gives_the_same_bits(void **state)
{
    const engine_case *c = *state;
    if (!is_deterministic(c)) {
        print_message("not promised by this engine on this platform\n");
        skip();
    }
    ddmd_engine_options options = case_options(c);
    float *positions = case_positions(c);
    size_t bytes = 2 * case_coordinates(c) * sizeof(float);
    const ddmd_engine_start start = {.simulation_id = 5, .first_step = 300, .positions = positions};
    ddmd_engine *engine = case_create(c, &options, 2), *other = case_create(c, &options, 1);
    float *expected = run(c, engine, 0, &start);
    float *again = run(c, engine, 0, &start), *elsewhere = run(c, engine, 1, &start);
    float *in_another = run(c, other, 0, &start);
    assert_memory_equal(again, expected, bytes);
    assert_memory_equal(elsewhere, expected, bytes);
    assert_memory_equal(in_another, expected, bytes);

    /* Whatever a trajectory is a function of changes it. */
    ddmd_engine_start changed[] = {start, start, start};
    changed[0].simulation_id = 6;
    changed[1].first_step = 301;
    changed[2].temperature_kelvin = 310;
    for (size_t k = 0; k < sizeof changed / sizeof *changed; k++) {
        float *found = run(c, engine, 0, &changed[k]);
        assert_memory_not_equal(found, expected, bytes);
        free(found);
    }
    options.seed++;
    ddmd_engine *seeded = case_create(c, &options, 1);
    float *found = run(c, seeded, 0, &start);
    assert_memory_not_equal(found, expected, bytes);
    free(found);
    free(in_another);
    free(elsewhere);
    free(again);
    free(expected);
    free(positions);
    ddmd_engine_destroy(&seeded);
    ddmd_engine_destroy(&other);
    ddmd_engine_destroy(&engine);
}

static void a_replica_does_not_feel_the_others(void **state)
{
    const engine_case *c = *state;
    if (!is_deterministic(c)) {
        print_message("not promised by this engine on this platform\n");
        skip();
    }
    ddmd_error err = {0};
    ddmd_engine_options options = case_options(c);
    float *positions = case_positions(c);
    const ddmd_engine_start start = {.simulation_id = 5, .positions = positions};
    ddmd_engine *alone = case_create(c, &options, 1), *crowd = case_create(c, &options, 4);
    float *expected = run(c, alone, 0, &start);

    case_start(crowd, 0, 1, positions);
    case_start(crowd, 3, 2, positions);
    ASSERT_OK(ddmd_engine_advance(crowd, 7, &err), &err);
    ASSERT_OK(ddmd_engine_start_replica(crowd, 2, &start, &err), &err);
    ASSERT_OK(ddmd_engine_advance(crowd, STEPS, &err), &err);
    case_start(crowd, 1, 9, positions);
    case_start(crowd, 0, 10, positions);
    ddmd_engine_stop_replica(crowd, 3);
    ASSERT_OK(ddmd_engine_advance(crowd, STEPS, &err), &err);
    float *found = case_read(c, crowd, 2);
    assert_memory_equal(found, expected, 2 * case_coordinates(c) * sizeof *found);
    free(found);
    free(expected);
    free(positions);
    ddmd_engine_destroy(&alone);
    ddmd_engine_destroy(&crowd);
}

typedef struct worker {
    const engine_case *c;
    const float *positions;
    float *result; /* NULL where something failed */
} worker;

/* cmocka's assertions belong to the main thread. */
static void *work(void *argument)
{
    worker *w = argument;
    size_t n = case_coordinates(w->c);
    ddmd_engine_options options = case_options(w->c);
    ddmd_engine *engine = NULL;
    float *values = calloc(2 * n, sizeof *values);
    bool good = ddmd_engine_create(w->c->engine, w->c->subject->system, &options, 2, &engine,
                                   NULL) == DDMD_OK;
    for (int turn = 0; turn < 3 && good; turn++) {
        const ddmd_engine_start start = {.simulation_id = 5, .positions = w->positions};
        ddmd_engine_frame frame = {.positions = values, .velocities = values + n};
        good = ddmd_engine_start_replica(engine, 0, &start, NULL) == DDMD_OK &&
               ddmd_engine_start_replica(engine, 1, &start, NULL) == DDMD_OK &&
               ddmd_engine_advance(engine, STEPS, NULL) == DDMD_OK &&
               ddmd_engine_advance(engine, STEPS, NULL) == DDMD_OK &&
               ddmd_engine_read(engine, 1, &frame, NULL) == DDMD_OK;
    }
    ddmd_engine_destroy(&engine);
    if (good)
        w->result = values;
    else
        free(values);
    return NULL;
}

static void engines_run_in_several_threads(void **state)
{
    const engine_case *c = *state;
    enum { N_THREADS = 3 };
    float *positions = case_positions(c);
    worker workers[N_THREADS];
    pthread_t threads[N_THREADS];
    for (int t = 0; t < N_THREADS; t++) {
        workers[t] = (worker){.c = c, .positions = positions};
        assert_int_equal(pthread_create(&threads[t], NULL, work, &workers[t]), 0);
    }
    for (int t = 0; t < N_THREADS; t++)
        pthread_join(threads[t], NULL);
    for (int t = 0; t < N_THREADS; t++) {
        assert_non_null(workers[t].result);
        if (is_deterministic(c))
            assert_memory_equal(workers[t].result, workers[0].result,
                                2 * case_coordinates(c) * sizeof(float));
    }
    for (int t = 0; t < N_THREADS; t++)
        free(workers[t].result);
    free(positions);
}

static double kinetic_temperature(const engine_case *c, double kinetic_energy)
{
    int32_t degrees = ddmd_system_degrees_of_freedom(c->subject->system);
    return 2 * kinetic_energy / (degrees * DDMD_GAS_CONSTANT);
}

static void drawn_velocities_are_maxwellian_and_respect_constraints(void **state)
{
    const engine_case *c = *state;
    const ddmd_system *system = c->subject->system;
    enum { DRAWS = 100 };
    ddmd_error err = {0};
    ddmd_engine_options options = case_options(c);
    ddmd_engine *engine = case_create(c, &options, 1);
    float *positions = case_positions(c);
    size_t n = case_coordinates(c);
    double mean = 0;
    for (uint32_t draw = 0; draw < DRAWS; draw++) {
        const ddmd_engine_start start = {
            .simulation_id = draw, .temperature_kelvin = 450, .positions = positions};
        ASSERT_OK(ddmd_engine_start_replica(engine, 0, &start, &err), &err);
        float *read = case_read(c, engine, 0);
        const float *v = read + n;
        double kinetic = 0;
        for (size_t i = 0; i < n; i++)
            kinetic += 0.5 * system->masses[i / 3] * v[i] * v[i];
        mean += kinetic_temperature(c, kinetic) / DRAWS;
        for (int32_t k = 0; k < system->n_constraints; k++) {
            size_t i = 3 * (size_t)system->constraints[k].i;
            size_t j = 3 * (size_t)system->constraints[k].j;
            double rv = 0;
            for (size_t x = 0; x < 3; x++)
                rv += (double)(positions[i + x] - positions[j + x]) * (v[i + x] - v[j + x]);
            /* v is of float32, up to 10 nm/ps */
            assert_true(fabs(rv) / system->constraints[k].length_nm < 1e-5);
        }
        free(read);
    }
    /* The kinetic temperature of n degrees of freedom has the variance 2 T^2 / n. */
    double error = 450 * sqrt(2.0 / ddmd_system_degrees_of_freedom(system) / DRAWS);
    if (!(fabs(mean - 450) < 4 * error))
        fail_msg("%g K instead of 450, standard error %g", mean, error);
    free(positions);
    ddmd_engine_destroy(&engine);
}

/*
 * The mean is within four standard errors, taken from means over blocks that are long compared with
 * 1/friction; the variance is that of the canonical ensemble, 2 T^2 / n, where the standard error
 * of a variance from N independent samples is sqrt(2/N) of it.
 */
static void langevin_dynamics_keeps_the_temperature(void **state)
{
    const engine_case *c = *state;
    enum { REPLICAS = 4, BLOCKS = 8, SAMPLES = 50, EVERY = 20, SETTLE = 1000 };
    ddmd_error err = {0};
    ddmd_engine_options options = case_options(c);
    options.friction_per_ps = 100.0 / (EVERY * options.timestep_fs * 1e-3 * SAMPLES);
    ddmd_engine *engine = case_create(c, &options, REPLICAS);
    float *positions = case_positions(c);
    double block[REPLICAS][BLOCKS] = {{0}}, mean = 0, square = 0;
    for (int r = 0; r < REPLICAS; r++)
        case_start(engine, r, (uint32_t)r, positions);
    ASSERT_OK(ddmd_engine_advance(engine, SETTLE, &err), &err);
    for (int s = 0; s < BLOCKS * SAMPLES; s++) {
        ASSERT_OK(ddmd_engine_advance(engine, EVERY, &err), &err);
        for (int r = 0; r < REPLICAS; r++) {
            ddmd_engine_frame frame = {0};
            ASSERT_OK(ddmd_engine_read(engine, r, &frame, &err), &err);
            double t = kinetic_temperature(c, frame.kinetic_energy);
            block[r][s / SAMPLES] += t / SAMPLES;
            mean += t / (REPLICAS * BLOCKS * SAMPLES);
            square += t * t / (REPLICAS * BLOCKS * SAMPLES);
        }
    }
    double spread = 0;
    for (int r = 0; r < REPLICAS; r++)
        for (int b = 0; b < BLOCKS; b++)
            spread += pow(block[r][b] - mean, 2) / (REPLICAS * BLOCKS - 1);
    double error = sqrt(spread / (REPLICAS * BLOCKS));
    assert_true(error < 6); /* else the test would say little */
    if (!(fabs(mean - 300) < 4 * error))
        fail_msg("%g K instead of 300, standard error %g", mean, error);

    double expected = 2 * 300.0 * 300.0 / ddmd_system_degrees_of_freedom(c->subject->system);
    double independent = expected / (error * error);
    double variance = square - mean * mean;
    if (!(fabs(variance / expected - 1) < 4 * sqrt(2 / independent)))
        fail_msg("the variance is %g of the canonical one, standard error %g", variance / expected,
                 sqrt(2 / independent));
    free(positions);
    ddmd_engine_destroy(&engine);
}

/*
 * Replicas of one engine at their own temperatures; 0 stands for the engine's. Deviations are
 * pooled as shares of the temperature, whose spread is the same for all.
 */
static void each_replica_keeps_its_own_temperature(void **state)
{
    const engine_case *c = *state;
    enum { REPLICAS = 4, BLOCKS = 8, SAMPLES = 50, EVERY = 20, SETTLE = 1000 };
    static const double given[REPLICAS] = {0, 200, 400, 550}, kelvin[] = {300, 200, 400, 550};
    ddmd_error err = {0};
    ddmd_engine_options options = case_options(c);
    options.friction_per_ps = 100.0 / (EVERY * options.timestep_fs * 1e-3 * SAMPLES);
    ddmd_engine *engine = case_create(c, &options, REPLICAS);
    float *positions = case_positions(c);
    double block[REPLICAS][BLOCKS] = {{0}}, mean[REPLICAS] = {0}, spread = 0;
    for (int r = 0; r < REPLICAS; r++) {
        const ddmd_engine_start start = {
            .simulation_id = (uint32_t)r, .temperature_kelvin = given[r], .positions = positions};
        ASSERT_OK(ddmd_engine_start_replica(engine, r, &start, &err), &err);
    }
    ASSERT_OK(ddmd_engine_advance(engine, SETTLE, &err), &err);
    for (int s = 0; s < BLOCKS * SAMPLES; s++) {
        ASSERT_OK(ddmd_engine_advance(engine, EVERY, &err), &err);
        for (int r = 0; r < REPLICAS; r++) {
            ddmd_engine_frame frame = {0};
            ASSERT_OK(ddmd_engine_read(engine, r, &frame, &err), &err);
            double share = kinetic_temperature(c, frame.kinetic_energy) / kelvin[r];
            block[r][s / SAMPLES] += share / SAMPLES;
            mean[r] += share / (BLOCKS * SAMPLES);
        }
    }
    for (int r = 0; r < REPLICAS; r++)
        for (int b = 0; b < BLOCKS; b++)
            spread += pow(block[r][b] - mean[r], 2) / (REPLICAS * (BLOCKS - 1));
    double error = sqrt(spread / BLOCKS);
    assert_true(error < 0.03); /* 4 errors are less than half way to the next temperature */
    for (int r = 0; r < REPLICAS; r++)
        if (!(fabs(mean[r] - 1) < 4 * error))
            fail_msg("%g K instead of %g, standard error %g", mean[r] * kelvin[r], kelvin[r],
                     error * kelvin[r]);
    free(positions);
    ddmd_engine_destroy(&engine);
}

/* Root-mean-square deviation of the total energy from its mean, over 2 ps (drift included). */
static double energy_fluctuation(const engine_case *c, double timestep_fs, const float *positions)
{
    enum { SAMPLES = 200 };
    ddmd_error err = {0};
    ddmd_engine_options options = case_options(c);
    options.friction_per_ps = 0;
    options.timestep_fs = timestep_fs;
    ddmd_engine *engine = case_create(c, &options, 1);
    case_start(engine, 0, 1, positions);
    double period_fs = 10 * c->subject->timestep_fs, mean = 0, square = 0, first = 0;
    for (int s = 0; s < SAMPLES; s++) {
        ddmd_engine_frame frame = {0};
        ASSERT_OK(ddmd_engine_advance(engine, (int64_t)lround(period_fs / timestep_fs), &err),
                  &err);
        ASSERT_OK(ddmd_engine_read(engine, 0, &frame, &err), &err);
        double total = frame.potential_energy + frame.kinetic_energy;
        if (s == 0)
            first = total;
        mean += (total - first) / SAMPLES;
        square += (total - first) * (total - first) / SAMPLES;
    }
    ddmd_engine_destroy(&engine);
    return sqrt(square - mean * mean);
}

/*
 * Verlet keeps a shadow energy that differs from the true one by a term of order dt^2, so that the
 * fluctuation falls fourfold where the step is halved; a wrong force or integrator drifts instead.
 */
static void without_friction_energy_is_conserved(void **state)
{
    const engine_case *c = *state;
    float *positions = case_positions(c);
    double step = c->subject->timestep_fs / 2;
    double coarse = energy_fluctuation(c, step, positions);
    double fine = energy_fluctuation(c, step / 2, positions);
    double thermal =
        0.5 * ddmd_system_degrees_of_freedom(c->subject->system) * DDMD_GAS_CONSTANT * 300;
    if (!(coarse < 0.005 * thermal))
        fail_msg("the energy fluctuates by %g of %g kJ/mol", coarse, thermal);
    if (!(fine < coarse / 2.5))
        fail_msg("the energy fluctuates by %g kJ/mol, and by %g with half the step", coarse, fine);
    free(positions);
}

const contract_test engine_dynamics_tests[] = {
    {"advance_moves_the_atoms", advance_moves_the_atoms},
    {"the_same_start_gives_the_same_bits", the_same_start_gives_the_same_bits},
    {"a_replica_does_not_feel_the_others", a_replica_does_not_feel_the_others},
    {"engines_run_in_several_threads", engines_run_in_several_threads},
    {"drawn_velocities_are_maxwellian_and_respect_constraints",
     drawn_velocities_are_maxwellian_and_respect_constraints},
    {"langevin_dynamics_keeps_the_temperature", langevin_dynamics_keeps_the_temperature},
    {"each_replica_keeps_its_own_temperature", each_replica_keeps_its_own_temperature},
    {"without_friction_energy_is_conserved", without_friction_energy_is_conserved},
    {NULL, NULL},
};
