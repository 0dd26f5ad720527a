/* Engine ensemble: what it refuses, odd systems, and what bits depend on. */
#include "support/cmocka.h"

#include "ddmd/engine.h"
#include "ddmd/random.h"
#include "engine/ensemble/kernels.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_ATOMS = 40, MAX_TERMS = 200 };

/* A system whose arrays stand beside it. */
typedef struct test_system {
    ddmd_system s;
    double masses[MAX_ATOMS], charges[MAX_ATOMS], sigma[MAX_ATOMS], epsilon[MAX_ATOMS];
    double gb_charges[MAX_ATOMS], radius[MAX_ATOMS], scale[MAX_ATOMS];
    ddmd_bond bonds[MAX_TERMS];
    ddmd_angle angles[MAX_TERMS];
    ddmd_torsion torsions[MAX_TERMS];
    ddmd_exception exceptions[MAX_TERMS];
    ddmd_constraint constraints[MAX_TERMS];
    double positions[3 * MAX_ATOMS];
} test_system;

static void add_bonded(test_system *t)
{
    ddmd_system *s = &t->s;
    for (int32_t i = 0; i + 1 < s->n_atoms; i++)
        s->bonds[s->n_bonds++] = (ddmd_bond){i, i + 1, 0.15 + 0.001 * i, 2e5};
    for (int32_t i = 0; i + 2 < s->n_atoms; i++)
        s->angles[s->n_angles++] = (ddmd_angle){i, i + 1, i + 2, 1.7 + 0.01 * i, 400};
    for (int32_t i = 0; i + 3 < s->n_atoms; i++) {
        for (int32_t n = -2; n <= 6; n += 2)
            s->torsions[s->n_torsions++] =
                (ddmd_torsion){i, i + 1, i + 2, i + 3, n, 0.4 * n + 0.1, 3.0 + i % 3};
        s->exceptions[s->n_exceptions++] = (ddmd_exception){i, i + 1, 0, 0.3, 0};
        s->exceptions[s->n_exceptions++] = (ddmd_exception){i, i + 2, 0, 0.3, 0};
        s->exceptions[s->n_exceptions++] = (ddmd_exception){i, i + 3, 0.05, 0.28, 0.2};
    }
}

/* A helix of n atoms of all sizes with every kind of term. */
static void fill(test_system *t, int32_t n)
{
    ddmd_random random;
    ddmd_random_init(&random, 11, DDMD_RANDOM_TEST, (uint32_t)n, 0);
    *t = (test_system){.s = {
                           .name = "test molecule",
                           .n_atoms = n,
                           .has_nonbonded = true,
                           .has_gbsa = true,
                           .gb_alpha = 1,
                           .gb_beta = 0.8,
                           .gb_gamma = 4.85,
                           .solute_dielectric = 1,
                           .solvent_dielectric = 78.3,
                           .surface_area_energy = 2.25936,
                       }};
    ddmd_system *s = &t->s;
    s->masses = t->masses;
    s->charges = t->charges;
    s->sigma_nm = t->sigma;
    s->epsilon = t->epsilon;
    s->gb_charges = t->gb_charges;
    s->gb_radius_nm = t->radius;
    s->gb_scale = t->scale;
    s->bonds = t->bonds;
    s->angles = t->angles;
    s->torsions = t->torsions;
    s->exceptions = t->exceptions;
    s->constraints = t->constraints;
    for (int32_t i = 0; i < n; i++) {
        t->masses[i] = 12 + i % 5;
        t->charges[i] = t->gb_charges[i] = ddmd_random_uniform(&random) - 0.5;
        t->sigma[i] = 0.2 + 0.1 * ddmd_random_uniform(&random);
        t->epsilon[i] = 0.5 * ddmd_random_uniform(&random);
        t->radius[i] = 0.1 + 0.1 * ddmd_random_uniform(&random);
        t->scale[i] = 0.7 + 0.2 * ddmd_random_uniform(&random);
        const double at[3] = {0.17 * cos(1.6 * i), 0.17 * sin(1.6 * i), 0.06 * i};
        for (int x = 0; x < 3; x++)
            t->positions[3 * i + x] = (float)(at[x] + 0.01 * ddmd_random_uniform(&random));
    }
    add_bonded(t);
}

static const char *const isas[] = {"avx512", "avx2", "neon", "plain"};
enum { N_ISAS = sizeof isas / sizeof *isas };

/* Largest |dF|/|F| and relative error of energy over the instruction sets. */
static void compare(const test_system *t, double bound)
{
    ddmd_error err = {0};
    ddmd_energy energy;
    ensemble_model *model = NULL;
    const ddmd_engine_options options = {.friction_per_ps = 1, .timestep_fs = 2, .seed = 1};
    size_t n = (size_t)t->s.n_atoms * 3;
    double expected[3 * MAX_ATOMS];
    float positions[3 * MAX_ATOMS];
    for (size_t i = 0; i < n; i++)
        positions[i] = (float)t->positions[i];
    ASSERT_OK(ddmd_system_energy(&t->s, t->positions, &energy, expected, &err), &err);
    ASSERT_OK(ensemble_model_create(&t->s, &options, &model, &err), &err);
    for (size_t isa = 0; isa < N_ISAS; isa++) {
        const ensemble_kernels *kernels = ensemble_kernels_find(isas[isa]);
        if (!kernels)
            continue;
        ensemble_group *g = NULL;
        double potential[ENSEMBLE_MAX_LANES], kinetic[ENSEMBLE_MAX_LANES];
        ASSERT_OK(ensemble_group_create(model, kernels->lanes, &g, &err), &err);
        for (int lane = 0; lane < kernels->lanes; lane++)
            ensemble_group_put(g, model, lane, positions, positions);
        kernels->evaluate(model, g, potential, kinetic);
        double difference = 0, size = 1e-20, speed = 0;
        for (size_t i = 0; i < n; i++) {
            double found = g->f[i * (size_t)kernels->lanes + (size_t)kernels->lanes - 1];
            difference += (found - expected[i]) * (found - expected[i]);
            size += expected[i] * expected[i];
            speed += 0.5 * t->masses[i / 3] * positions[i] * positions[i];
        }
        if (!(sqrt(difference / size) <= bound))
            fail_msg("%s, %d atoms: forces are off by %g", isas[isa], (int)t->s.n_atoms,
                     sqrt(difference / size));
        double scale = fabs(energy.total) + fabs(energy.bond) + fabs(energy.nonbonded);
        if (!(fabs(potential[0] - energy.total) <= bound * scale))
            fail_msg("%s, %d atoms: energy %.9g, not %.9g", isas[isa], (int)t->s.n_atoms,
                     potential[0], energy.total);
        if (t->s.n_constraints == 0) /* else of what they leave of these velocities */
            assert_true(fabs(kinetic[0] - speed) <= 1e-6 * speed + 1e-12);
        ensemble_group_destroy(&g);
    }
    ensemble_model_destroy(&model);
}

/* Whole blocks and parts of one, with and without each kind of pair. */
static void any_number_of_atoms(void **state)
{
    (void)state;
    for (int32_t n = 1; n <= MAX_ATOMS; n += n < 10 ? 1 : 7)
        for (int kind = 0; kind < 4; kind++) {
            test_system t;
            fill(&t, n);
            t.s.has_nonbonded = kind & 1;
            t.s.has_gbsa = kind & 2;
            compare(&t, 3e-6);
        }
}

/* Spheres that lie inside others, and OBC1. */
static void strange_radii(void **state)
{
    (void)state;
    test_system t;
    fill(&t, 20);
    t.radius[3] = 0.5;
    t.scale[7] = 4;
    t.radius[9] = 0.02;
    t.s.gb_alpha = 0.8;
    t.s.gb_beta = 0;
    t.s.gb_gamma = 2.909125;
    compare(&t, 1e-5); /* the spheres that engulf others make terms that cancel */
}

static void refused(const test_system *t, const char *word)
{
    ddmd_error err = {0};
    ddmd_engine *engine = NULL;
    const ddmd_engine_options options = {
        .temperature_kelvin = 300, .timestep_fs = 1, .threads_per_replica = 1};
    assert_int_equal(ddmd_engine_create("ensemble", &t->s, &options, 1, &engine, &err),
                     DDMD_UNSUPPORTED);
    assert_null(engine);
    if (!strstr(err.message, word) || !strstr(err.message, "engine ensemble: "))
        fail_msg("'%s' does not name %s", err.message, word);
}

static void what_it_cannot_do_is_named(void **state)
{
    (void)state;
    test_system t;
    char xml[] = "<System/>";
    fill(&t, 12);
    t.s.cutoff_nm = 1;
    refused(&t, "cutoff_nm");
    fill(&t, 12);
    t.s.openmm_xml = xml;
    refused(&t, "use engine: openmm");
    fill(&t, 12);
    for (int32_t c = 0; c < 2; c++) /* a chain 0-1-2 is a star of 1, one more is not */
        t.constraints[t.s.n_constraints++] = (ddmd_constraint){c, c + 1, 0.15};
    compare(&t, 3e-6);
    t.constraints[t.s.n_constraints++] = (ddmd_constraint){2, 3, 0.15};
    refused(&t, "use engine: openmm");
    fill(&t, 12);
    for (int32_t c = 1; c < 5; c++)
        t.constraints[t.s.n_constraints++] = (ddmd_constraint){0, c, 0.15};
    refused(&t, "3 hydrogens");
    fill(&t, 12);
    t.masses[1] = 0;
    t.constraints[t.s.n_constraints++] = (ddmd_constraint){0, 1, 0.15};
    refused(&t, "without mass");
    fill(&t, 12);
    t.torsions[3].periodicity = 40;
    refused(&t, "periodicity 40");
    fill(&t, 12);
    t.radius[4] = 0.009;
    refused(&t, "Born radius of atom 5");
}

/* With generalized Born forces at every so many steps. */
static ddmd_engine *create(const test_system *t, int n_replicas, int gb_interval_steps)
{
    ddmd_error err = {0};
    ddmd_engine *engine = NULL;
    const ddmd_engine_options options = {.temperature_kelvin = 300,
                                         .friction_per_ps = 1,
                                         .timestep_fs = 0.5,
                                         .seed = 9,
                                         .gb_interval_steps = gb_interval_steps,
                                         .threads_per_replica = 1};
    ASSERT_OK(ddmd_engine_create("ensemble", &t->s, &options, n_replicas, &engine, &err), &err);
    return engine;
}

static const double STEP_PS = 0.001;

static ddmd_engine *create_nve(const test_system *t, int gb_interval_steps)
{
    ddmd_error err = {0};
    ddmd_engine *engine = NULL;
    const ddmd_engine_options options = {.temperature_kelvin = 300,
                                         .timestep_fs = STEP_PS * 1e3,
                                         .seed = 9,
                                         .gb_interval_steps = gb_interval_steps,
                                         .threads_per_replica = 1};
    ASSERT_OK(ddmd_engine_create("ensemble", &t->s, &options, 1, &engine, &err), &err);
    return engine;
}

static void minimized(const test_system *t, ddmd_engine *engine, double shift, float *positions)
{
    ddmd_error err = {0};
    double x[3 * MAX_ATOMS];
    memcpy(x, t->positions, sizeof x);
    ASSERT_OK(ddmd_engine_minimize(engine, x, 10, 500, &err), &err);
    for (int32_t i = 0; i < 3 * t->s.n_atoms; i++)
        positions[i] = (float)(x[i] + shift);
}

static void begin(ddmd_engine *engine, int replica, uint64_t step, float *state, bool draw,
                  size_t n)
{
    ddmd_error err = {0};
    const ddmd_engine_start start = {.simulation_id = 4,
                                     .first_step = step,
                                     .positions = state,
                                     .velocities = draw ? NULL : state + n};
    ASSERT_OK(ddmd_engine_start_replica(engine, replica, &start, &err), &err);
}

static void get(ddmd_engine *engine, int replica, float *state, size_t n)
{
    ddmd_error err = {0};
    ddmd_engine_frame frame = {.positions = state, .velocities = state + n};
    ASSERT_OK(ddmd_engine_read(engine, replica, &frame, &err), &err);
}

/* Also where a molecule away from the origin is brought back on the way, at step 1000. */
static void go_on_from_frames(int gb_interval_steps)
{
    ddmd_error err = {0};
    test_system t;
    fill(&t, 21);
    const size_t n = 63;
    float whole[126], parts[126];
    ddmd_engine *engine = create(&t, 2, gb_interval_steps);
    minimized(&t, engine, 1.5, whole);
    begin(engine, 0, 990, whole, true, n);
    get(engine, 0, parts, n);
    ASSERT_OK(ddmd_engine_advance(engine, 20, &err), &err);
    get(engine, 0, whole, n);
    double centroid = 0;
    for (size_t i = 0; i < n; i += 3)
        centroid += (double)whole[i] * 3 / (double)n;
    assert_true(fabs(centroid) < 0.1);
    const int cuts[] = {3, 7, 10};
    for (int c = 0, step = 990; c < 3; step += cuts[c++]) {
        begin(engine, 1, (uint64_t)step, parts, false, n);
        ddmd_engine_stop_replica(engine, 0);
        ASSERT_OK(ddmd_engine_advance(engine, cuts[c], &err), &err);
        get(engine, 1, parts, n);
    }
    assert_memory_equal(parts, whole, sizeof whole);
    ddmd_engine_destroy(&engine);
}

static void a_start_from_a_frame_goes_on_with_the_same_bits(void **state)
{
    (void)state;
    go_on_from_frames(1);
    go_on_from_frames(3);
}

/*
 * Energies are evaluated at the end of each call: what that leaves behind is not seen later. All
 * lanes are in use, so that nothing is copied between calls.
 */
static void cut_calls(int gb_interval_steps)
{
    enum { REPLICAS = ENSEMBLE_MAX_LANES };
    ddmd_error err = {0};
    test_system t;
    fill(&t, 21);
    const size_t n = 63;
    float start[126], whole[126], parts[126];
    ddmd_engine *engine = create(&t, REPLICAS, gb_interval_steps);
    minimized(&t, engine, 0, start);
    for (int r = 0; r < REPLICAS; r++)
        begin(engine, r, 0, start, true, n);
    ASSERT_OK(ddmd_engine_advance(engine, 30, &err), &err);
    get(engine, 0, whole, n);
    for (int r = 0; r < REPLICAS; r++)
        begin(engine, r, 0, start, true, n);
    ASSERT_OK(ddmd_engine_advance(engine, 11, &err), &err);
    begin(engine, 1, 0, start, true, n); /* another start in the same group */
    for (int call = 0; call < 19; call++)
        ASSERT_OK(ddmd_engine_advance(engine, 1, &err), &err);
    get(engine, 0, parts, n);
    assert_memory_equal(parts, whole, sizeof whole);
    ASSERT_OK(ddmd_engine_advance(engine, 11, &err), &err);
    get(engine, 1, parts, n);
    assert_memory_equal(parts, whole, sizeof whole);
    ddmd_engine_destroy(&engine);
}

static void calls_may_be_cut_anywhere(void **state)
{
    (void)state;
    cut_calls(1);
    cut_calls(3);
}

/* Any lane of any group, alone or among others that are near, far, hot, lost, or at other steps. */
static void change_lanes(int gb_interval_steps)
{
    enum { REPLICAS = 37 };
    ddmd_error err = {0};
    test_system t;
    fill(&t, 18);
    const size_t n = 54;
    float start[108], expected[108], found[108];
    ddmd_engine *alone = create(&t, 1, gb_interval_steps),
                *crowd = create(&t, REPLICAS, gb_interval_steps);
    minimized(&t, alone, 0, start);
    begin(alone, 0, 5, start, true, n);
    ASSERT_OK(ddmd_engine_advance(alone, 50, &err), &err);
    get(alone, 0, expected, n);
    for (int r = 0; r < REPLICAS; r++) {
        if (r % 3 == 0) {
            begin(crowd, r, 5, start, true, n);
            continue;
        }
        float other[108];
        memcpy(other, start, sizeof start);
        for (size_t i = 0; i < n && r % 3 == 1; i++)
            other[i] *= 0.8f + 0.4f * (float)r / REPLICAS;
        const ddmd_engine_start hot = {.simulation_id = (uint32_t)r,
                                       .first_step = (uint64_t)r,
                                       .temperature_kelvin = r % 3 == 2 ? 90000 : 200,
                                       .positions = other};
        (void)ddmd_engine_start_replica(crowd, r, &hot, NULL);
    }
    ASSERT_OK(ddmd_engine_advance(crowd, 50, &err), &err);
    for (int r = 0; r < REPLICAS; r += 3) {
        get(crowd, r, found, n);
        assert_memory_equal(found, expected, sizeof found);
    }
    ddmd_engine_destroy(&crowd);
    ddmd_engine_destroy(&alone);
}

static void bits_do_not_depend_on_the_lane(void **state)
{
    (void)state;
    change_lanes(1);
    change_lanes(3);
}

/* Forces, of which those of generalized Born count `weight` times, in float64. */
static void weighted_forces(const test_system *t, const double *x, int weight, double *forces)
{
    ddmd_error err = {0};
    ddmd_energy energy;
    ddmd_system bare = t->s;
    double of_bare[3 * MAX_ATOMS];
    bare.has_gbsa = false;
    ASSERT_OK(ddmd_system_energy(&bare, x, &energy, of_bare, &err), &err);
    ASSERT_OK(ddmd_system_energy(&t->s, x, &energy, forces, &err), &err);
    for (int32_t i = 0; i < 3 * t->s.n_atoms; i++)
        forces[i] = of_bare[i] + weight * (forces[i] - of_bare[i]);
}

/* The energies of a frame at x: the whole potential, and of velocities of the same time. */
static void check_frame(const test_system *t, ddmd_engine *engine, const double *x, const double *v,
                        int lacking)
{
    ddmd_error err = {0};
    ddmd_energy energy;
    ddmd_engine_frame frame = {0};
    double forces[3 * MAX_ATOMS], kinetic = 0;
    ASSERT_OK(ddmd_engine_read(engine, 0, &frame, &err), &err);
    ASSERT_OK(ddmd_system_energy(&t->s, x, &energy, forces, &err), &err);
    assert_true(fabs(frame.potential_energy - energy.total) <= 2e-5 * fabs(energy.total) + 1e-3);
    weighted_forces(t, x, lacking, forces);
    for (int32_t i = 0; i < 3 * t->s.n_atoms; i++) {
        double mass = t->masses[i / 3], now = v[i] + 0.5 * STEP_PS / mass * forces[i];
        kinetic += 0.5 * mass * now * now;
    }
    assert_true(fabs(frame.kinetic_energy - kinetic) <= 2e-5 * kinetic);
}

/* Against the same in float64: impulses of k times the force at every k-th step. */
static void generalized_born_acts_at_its_steps(void **state)
{
    (void)state;
    test_system t;
    fill(&t, 21);
    const size_t n = 63;
    for (int interval = 1; interval <= 4; interval++)
        for (uint64_t first = 0; first < (uint64_t)interval; first++) {
            ddmd_error err = {0};
            ddmd_engine *engine = create_nve(&t, interval);
            float start[126];
            double x[3 * MAX_ATOMS], v[3 * MAX_ATOMS], forces[3 * MAX_ATOMS];
            minimized(&t, engine, 0, start);
            begin(engine, 0, first, start, true, n);
            get(engine, 0, start, n);
            for (size_t i = 0; i < n; i++) {
                x[i] = start[i];
                v[i] = start[n + i];
            }
            for (uint64_t step = first; step < first + 9; step++) {
                int since = (int)(step % (uint64_t)interval);
                check_frame(&t, engine, x, v, since ? 2 * since - interval : interval);
                weighted_forces(&t, x, since ? 0 : interval, forces);
                for (size_t i = 0; i < n; i++) {
                    v[i] += STEP_PS / t.masses[i / 3] * forces[i];
                    x[i] += STEP_PS * v[i];
                }
                ASSERT_OK(ddmd_engine_advance(engine, 1, &err), &err);
            }
            get(engine, 0, start, n);
            for (size_t i = 0; i < n; i++)
                assert_true(fabs(start[i] - x[i]) <= 2e-6);
            ddmd_engine_destroy(&engine);
        }
}

/* Subnormal numbers are flushed only while the engine computes. */
static void the_callers_arithmetic_is_left_alone(void **state)
{
    (void)state;
    ddmd_error err = {0};
    test_system t;
    fill(&t, 8);
    float start[48];
    volatile float tiny = 1e-38f;
    ddmd_engine *engine = create(&t, 1, 1);
    minimized(&t, engine, 0, start);
    begin(engine, 0, 0, start, true, 24);
    ASSERT_OK(ddmd_engine_advance(engine, 3, &err), &err);
    volatile float smaller = tiny * 0.01f;
    assert_true(smaller > 0);
    ddmd_engine_destroy(&engine);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(any_number_of_atoms),
        cmocka_unit_test(strange_radii),
        cmocka_unit_test(what_it_cannot_do_is_named),
        cmocka_unit_test(generalized_born_acts_at_its_steps),
        cmocka_unit_test(a_start_from_a_frame_goes_on_with_the_same_bits),
        cmocka_unit_test(calls_may_be_cut_anywhere),
        cmocka_unit_test(bits_do_not_depend_on_the_lane),
        cmocka_unit_test(the_callers_arithmetic_is_left_alone),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
