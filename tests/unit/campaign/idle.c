/* Which simulations are culled, against a plain reading of the rule. */
#include "campaign/role/idle.h"
#include "ddmd/random.h"
#include "support/cmocka.h"

#include <stdlib.h>

enum { MOST_SIMULATIONS = 5, MOST = 120 };

typedef struct window {
    size_t n;
    uint32_t simulation[MOST], index[MOST];
    bool is_outlier[MOST];
} window;

static ddmd_config rule(double after_ns, double idle_ns)
{
    ddmd_config config = {0};
    config.simulation.report_interval_ps = 1;
    config.selection.cull_after_ns = after_ns;
    config.selection.cull_idle_ns = idle_ns;
    return config;
}

/* Simulations under way, their frames as they came; the window begins somewhere in between. */
static window random_window(ddmd_random *random)
{
    window w = {0};
    uint32_t next[MOST_SIMULATIONS] = {0};
    double rare = ddmd_random_uniform(random) * 0.3;
    size_t skipped = (size_t)(ddmd_random_uniform(random) * 60);
    size_t n = 1 + (size_t)(ddmd_random_uniform(random) * (MOST - 1));
    for (size_t i = 0; i < skipped + n; i++) {
        uint32_t s = (uint32_t)(ddmd_random_uniform(random) * MOST_SIMULATIONS);
        uint32_t index = next[s]++;
        if (i < skipped)
            continue;
        w.simulation[w.n] = 10 + s;
        w.index[w.n] = index;
        w.is_outlier[w.n++] = ddmd_random_uniform(random) < rare;
    }
    return w;
}

/* Newest frames of a simulation in the window without an outlier, and its length. */
static uint32_t quiet_frames(const window *w, uint32_t simulation, uint32_t *length)
{
    uint32_t quiet = 0;
    *length = 0;
    for (size_t i = 0; i < w->n; i++) {
        if (w->simulation[i] != simulation)
            continue;
        *length = w->index[i] + 1;
        quiet = w->is_outlier[i] ? 0 : quiet + 1;
    }
    return quiet;
}

static void simulations_are_idle_as_the_rule_says(void **state)
{
    (void)state;
    size_t some = 0, none = 0;
    ddmd_random random;
    ddmd_random_init(&random, 11, DDMD_RANDOM_RESTART, 0, 0);
    for (int round = 0; round < 500; round++) {
        window w = random_window(&random);
        uint32_t after = 1 + (uint32_t)(ddmd_random_uniform(&random) * 30);
        uint32_t idle_for = 1 + (uint32_t)(ddmd_random_uniform(&random) * 20);
        ddmd_config config = rule(after * 1e-3, idle_for * 1e-3);
        ddmd_idle *idle = NULL;
        ddmd_error err = {0};
        size_t n, k = 0;
        ASSERT_OK(
            ddmd_find_idle(&config, w.simulation, w.index, w.is_outlier, w.n, &idle, &n, &err),
            &err);
        for (uint32_t s = 10; s < 10 + MOST_SIMULATIONS; s++) {
            uint32_t length, quiet = quiet_frames(&w, s, &length);
            if (length < after || quiet < idle_for)
                continue;
            assert_true(k < n);
            assert_int_equal(idle[k].simulation, s);
            assert_int_equal(idle[k++].n_frames, quiet);
        }
        assert_int_equal(k, n);
        some += n > 0;
        none += n == 0;
        free(idle);
    }
    assert_true(some > 50 && none > 50);
}

static void no_frames_are_of_no_simulation(void **state)
{
    (void)state;
    ddmd_config config = rule(1, 1);
    ddmd_idle *idle = NULL;
    size_t n = 1;
    ddmd_error err = {0};
    ASSERT_OK(ddmd_find_idle(&config, NULL, NULL, NULL, 0, &idle, &n, &err), &err);
    assert_int_equal(n, 0);
    free(idle);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(simulations_are_idle_as_the_rule_says),
        cmocka_unit_test(no_frames_are_of_no_simulation),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
