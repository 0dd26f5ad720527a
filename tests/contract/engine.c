/* One suite over every engine: what include/ddmd/engine.h promises, asked of each. */
#include "contract/engine.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

ddmd_engine_options case_options(const engine_case *c)
{
    return (ddmd_engine_options){
        .temperature_kelvin = 300,
        .friction_per_ps = 1,
        .timestep_fs = c->subject->timestep_fs,
        .seed = 20240607,
        .threads_per_replica = 1,
    };
}

ddmd_engine *case_create(const engine_case *c, const ddmd_engine_options *options, int n_replicas)
{
    ddmd_error err = {0};
    ddmd_engine *engine = NULL;
    ASSERT_OK(ddmd_engine_create(c->engine, c->subject->system, options, n_replicas, &engine, &err),
              &err);
    return engine;
}

size_t case_coordinates(const engine_case *c)
{
    return (size_t)c->subject->system->n_atoms * 3;
}

float *case_positions(const engine_case *c)
{
    ddmd_error err = {0};
    ddmd_engine_options options = case_options(c);
    ddmd_engine *engine = case_create(c, &options, 1);
    size_t n = case_coordinates(c);
    double *positions = calloc(n, sizeof *positions);
    float *rounded = calloc(n, sizeof *rounded);
    memcpy(positions, c->subject->positions, n * sizeof *positions);
    ASSERT_OK(ddmd_engine_minimize(engine, positions, 10, 0, &err), &err);
    for (size_t i = 0; i < n; i++)
        rounded[i] = (float)positions[i];
    free(positions);
    ddmd_engine_destroy(&engine);
    return rounded;
}

void case_start(ddmd_engine *engine, int replica, uint32_t simulation_id, const float *positions)
{
    ddmd_error err = {0};
    const ddmd_engine_start start = {.simulation_id = simulation_id, .positions = positions};
    ASSERT_OK(ddmd_engine_start_replica(engine, replica, &start, &err), &err);
    assert_int_equal(ddmd_engine_replica_state(engine, replica), DDMD_REPLICA_RUNNING);
}

float *case_read(const engine_case *c, ddmd_engine *engine, int replica)
{
    ddmd_error err = {0};
    size_t n = case_coordinates(c);
    float *values = calloc(2 * n, sizeof *values);
    ddmd_engine_frame frame = {.positions = values, .velocities = values + n};
    ASSERT_OK(ddmd_engine_read(engine, replica, &frame, &err), &err);
    return values;
}

static double energy_at(const engine_case *c, ddmd_engine *engine, double *work, double share)
{
    ddmd_error err = {0};
    ddmd_energy energy;
    const double *a = c->subject->positions + 3 * (size_t)c->subject->pair[0];
    const double *b = c->subject->positions + 3 * (size_t)c->subject->pair[1];
    for (size_t x = 0; x < 3; x++)
        work[3 * (size_t)c->subject->pair[1] + x] = a[x] + share * (b[x] - a[x]);
    ASSERT_OK(ddmd_engine_energy(engine, work, &energy, NULL, &err), &err);
    return energy.total;
}

float *case_clash(const engine_case *c)
{
    ddmd_engine_options options = case_options(c);
    ddmd_engine *engine = case_create(c, &options, 1);
    size_t n = case_coordinates(c);
    double *work = calloc(n, sizeof *work);
    float *rounded = calloc(n, sizeof *rounded);
    memcpy(work, c->subject->positions, n * sizeof *work);
    double near = 0.01, far = 1;
    for (int halving = 0; halving < 40; halving++) {
        double middle = 0.5 * (near + far);
        *(energy_at(c, engine, work, middle) > 5e6 ? &near : &far) = middle;
    }
    double energy = energy_at(c, engine, work, far);
    assert_true(energy > 4e6 && energy < 6e6);
    for (size_t i = 0; i < n; i++)
        rounded[i] = (float)work[i];
    free(work);
    ddmd_engine_destroy(&engine);
    return rounded;
}

void assert_prefixed(const engine_case *c, const ddmd_error *err)
{
    char prefix[64];
    snprintf(prefix, sizeof prefix, "engine %s: ", c->engine);
    if (strncmp(err->message, prefix, strlen(prefix)) != 0)
        fail_msg("'%s' does not begin with '%s'", err->message, prefix);
}

static void every_engine_says_what_it_is(void **state)
{
    (void)state;
    assert_true(ddmd_engine_count() >= 2);
    for (size_t e = 0; e < ddmd_engine_count(); e++) {
        ddmd_engine_info info;
        ddmd_engine_describe(e, &info);
        assert_non_null(info.name);
        assert_true(strlen(info.summary) > 0);
        assert_int_equal(info.available, info.unavailable == NULL);
        for (size_t other = 0; other < e; other++) {
            ddmd_engine_info before;
            ddmd_engine_describe(other, &before);
            assert_string_not_equal(before.name, info.name);
        }
    }
}

static void unknown_engine_is_answered_with_the_list(void **state)
{
    const test_subject *chain = *state;
    ddmd_error err = {0};
    ddmd_engine *engine = NULL;
    const ddmd_engine_options options = {
        .temperature_kelvin = 300, .timestep_fs = 1, .threads_per_replica = 1};
    assert_int_equal(ddmd_engine_create("opemm", chain->system, &options, 1, &engine, &err),
                     DDMD_CONFIG);
    assert_null(engine);
    assert_non_null(strstr(err.message, "opemm"));
    assert_non_null(strstr(err.message, "toy"));
    assert_non_null(strstr(err.message, "did you mean openmm?"));
    assert_int_equal(ddmd_engine_create("opemm", chain->system, &options, 1, &engine, NULL),
                     DDMD_CONFIG);
}

/* An engine that cannot run here is asked all the same: it must say what to do. */
static void unavailable_engine_refuses(void **state)
{
    const test_subject *chain = *state;
    const ddmd_engine_options options = {
        .temperature_kelvin = 300, .timestep_fs = 1, .threads_per_replica = 1};
    bool any = false;
    for (size_t e = 0; e < ddmd_engine_count(); e++) {
        ddmd_engine_info info;
        ddmd_error err = {0};
        ddmd_engine *engine = NULL;
        ddmd_engine_describe(e, &info);
        if (info.available)
            continue;
        any = true;
        assert_int_equal(ddmd_engine_create(info.name, chain->system, &options, 1, &engine, &err),
                         DDMD_UNSUPPORTED);
        assert_non_null(strstr(err.message, info.unavailable));
    }
    if (!any) {
        print_message("every engine is available here\n");
        skip();
    }
}

enum { MAX_CASES = 16, MAX_TESTS = 256 };

typedef struct suite {
    engine_case cases[MAX_CASES];
    size_t n_cases;
    struct CMUnitTest tests[MAX_TESTS];
    char names[MAX_TESTS][128];
    size_t n_tests;
} suite;

static void add_test(suite *s, const char *name, CMUnitTestFunction run, void *state)
{
    if (s->n_tests == MAX_TESTS)
        abort();
    snprintf(s->names[s->n_tests], sizeof s->names[0], "%s", name);
    s->tests[s->n_tests] =
        (struct CMUnitTest){.name = s->names[s->n_tests], .test_func = run, .initial_state = state};
    s->n_tests++;
}

/* Every test for one engine and subject, where the engine can run it. */
static void add_case(suite *s, const ddmd_engine_info *info, const test_subject *subject)
{
    ddmd_error err = {0};
    ddmd_engine *engine = NULL;
    if (!subject->system) {
        print_message("[ SKIPPED  ] engine %s, %s: %s\n", info->name, subject->name,
                      subject->missing);
        return;
    }
    engine_case *c = &s->cases[s->n_cases++];
    *c = (engine_case){.engine = info->name, .subject = subject};
    ddmd_engine_options options = case_options(c);
    if (ddmd_engine_create(info->name, subject->system, &options, 1, &engine, &err) != DDMD_OK) {
        fprintf(stderr, "%s\n", err.message);
        abort();
    }
    c->capabilities = ddmd_engine_capabilities(engine);
    print_message("[   CASE   ] engine %s on %s, %s\n", info->name, ddmd_engine_device(engine),
                  subject->name);
    ddmd_engine_destroy(&engine);
    const contract_test *const parts[] = {engine_state_tests, engine_dynamics_tests,
                                          engine_energy_tests, NULL};
    for (size_t p = 0; parts[p]; p++)
        for (const contract_test *t = parts[p]; t->name; t++) {
            char name[128];
            snprintf(name, sizeof name, "%s, %s: %s", info->name, subject->name, t->name);
            add_test(s, name, t->run, c);
        }
}

int main(void)
{
    static suite s;
    test_subject chain, alanine;
    test_subject_chain(&chain);
    test_subject_alanine(&alanine);
    add_test(&s, "every_engine_says_what_it_is", every_engine_says_what_it_is, NULL);
    add_test(&s, "unknown_engine_is_answered_with_the_list",
             unknown_engine_is_answered_with_the_list, &chain);
    add_test(&s, "unavailable_engine_refuses", unavailable_engine_refuses, &chain);
    for (size_t e = 0; e < ddmd_engine_count(); e++) {
        ddmd_engine_info info;
        ddmd_engine_describe(e, &info);
        if (!info.available) {
            print_message("[ SKIPPED  ] engine %s: %s\n", info.name, info.unavailable);
            continue;
        }
        add_case(&s, &info, &chain);
        if (info.capabilities & DDMD_ENGINE_IMPLICIT_SOLVENT)
            add_case(&s, &info, &alanine);
    }
    int failed = _cmocka_run_group_tests("engine", s.tests, s.n_tests, NULL, NULL);
    test_subject_clear(&chain);
    test_subject_clear(&alanine);
    return failed;
}
