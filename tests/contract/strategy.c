/* What holds for every selection strategy. */
#include "ddmd/random.h"
#include "ddmd/select.h"
#include "support/cmocka.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { N = 1200, DIM = 4, SIMULATIONS = 40 };

/* A window: four blobs and strays, RMSD with gaps, a few frames of each simulation. */
struct window {
    float latent[N * DIM], rmsd_nm[N];
    uint32_t simulation[N];
    ddmd_candidates candidates;
};

static void make_window(struct window *window)
{
    ddmd_random random;
    ddmd_random_init(&random, 1, DDMD_RANDOM_TEST, 0, 0);
    for (size_t i = 0; i < N; i++) {
        bool stray = ddmd_random_below(&random, 8) == 0;
        uint32_t blob = ddmd_random_below(&random, 4);
        for (uint32_t d = 0; d < DIM; d++)
            window->latent[i * DIM + d] =
                (float)(stray ? 16 * ddmd_random_uniform(&random) - 8
                              : (blob == d ? 5 : 0) + 0.4 * ddmd_random_normal(&random));
        window->rmsd_nm[i] =
            ddmd_random_below(&random, 20) == 0 ? NAN : (float)ddmd_random_uniform(&random);
        window->simulation[i] = 1000 - 7 * ddmd_random_below(&random, SIMULATIONS);
    }
    window->candidates = (ddmd_candidates){.n = N,
                                           .dim = DIM,
                                           .latent = window->latent,
                                           .rmsd_nm = window->rmsd_nm,
                                           .simulation = window->simulation};
}

static const ddmd_select_options usual = {
    .outliers = {.min_samples = 10, .min_outliers = 60, .max_outliers = 200},
    .lof_neighbors = 20,
    .exploration = 1,
    .max_restarts = 150,
    .max_per_cluster = 10,
    .seed = 42,
    .round = 3,
    .threads = 1,
};

static ddmd_selection select_with(const char *strategy, const ddmd_candidates *candidates,
                                  ddmd_select_options options)
{
    ddmd_error err = {0};
    ddmd_selection selection = {0};
    ASSERT_OK(ddmd_select(strategy, candidates, &options, &selection, &err), &err);
    return selection;
}

static void assert_same(const ddmd_selection *a, const ddmd_selection *b)
{
    assert_int_equal(a->n_points, b->n_points);
    assert_true(a->outliers.eps == b->outliers.eps);
    assert_int_equal(a->n_states, b->n_states);
    for (size_t i = 0; i < a->n_points; i++) {
        assert_int_equal(a->points[i].index, b->points[i].index);
        assert_int_equal(a->points[i].cluster, b->points[i].cluster);
        assert_memory_equal(&a->points[i].score, &b->points[i].score, sizeof a->points[i].score);
        assert_memory_equal(&a->points[i].lof, &b->points[i].lof, sizeof a->points[i].lof);
    }
}

static void a_description_names_what_it_needs(const char *name, unsigned needs)
{
    (void)name;
    const unsigned all = DDMD_STRATEGY_EMBEDDING | DDMD_STRATEGY_RMSD | DDMD_STRATEGY_RESTARTS;
    assert_int_equal(needs & ~all, 0);
    if (!(needs & DDMD_STRATEGY_RESTARTS))
        assert_int_equal(needs, 0);
}

static void assert_sound(const ddmd_selection *selection, const struct window *window,
                         unsigned needs)
{
    bool seen[N] = {false};
    int32_t n_clusters = (int32_t)(selection->outliers.n_clusters + selection->n_states);
    assert_true(selection->outliers.n_clusters == 0 || selection->n_states == 0);
    for (size_t i = 0; i < selection->n_points; i++) {
        const ddmd_restart_point *point = &selection->points[i];
        assert_true(point->index < window->candidates.n);
        assert_false(seen[point->index]);
        seen[point->index] = true;
        assert_true(isfinite(point->score));
        assert_true(i == 0 || point->score >= selection->points[i - 1].score);
        if (needs & DDMD_STRATEGY_RMSD)
            assert_true(isfinite(window->rmsd_nm[point->index]));
        assert_true(point->cluster >= (selection->n_states > 0 ? 0 : -1) &&
                    point->cluster < n_clusters);
    }
}

static void points_are_candidates_and_none_twice(const char *name, unsigned needs)
{
    struct window window;
    make_window(&window);
    ddmd_selection selection = select_with(name, &window.candidates, usual);
    assert_int_equal(selection.n_points > 0, (needs & DDMD_STRATEGY_RESTARTS) != 0);
    assert_sound(&selection, &window, needs);
    ddmd_selection_clear(&selection);
    assert_null(selection.points);
}

static void caps_hold(const char *name, unsigned needs)
{
    (void)needs;
    struct window window;
    make_window(&window);
    static const size_t caps[] = {0, 1, 2, 7, 1000000};
    for (size_t a = 0; a < 5; a++) {
        for (size_t b = 0; b < 5; b++) {
            ddmd_select_options options = usual;
            options.max_restarts = caps[(a + b) % 5] + a;
            options.max_per_cluster = caps[a];
            options.max_per_simulation = caps[b];
            ddmd_selection selection = select_with(name, &window.candidates, options);
            assert_true(selection.n_points <= options.max_restarts);
            for (size_t i = 0; i < selection.n_points; i++) {
                size_t of_cluster = 0, of_simulation = 0;
                for (size_t j = 0; j < selection.n_points; j++) {
                    of_cluster += selection.points[j].cluster == selection.points[i].cluster;
                    of_simulation += window.simulation[selection.points[j].index] ==
                                     window.simulation[selection.points[i].index];
                }
                if (caps[a] > 0 && selection.points[i].cluster >= 0)
                    assert_true(of_cluster <= caps[a]);
                if (caps[b] > 0)
                    assert_true(of_simulation <= caps[b]);
            }
            ddmd_selection_clear(&selection);
        }
    }
}

/* A capped selection is what is left of the whole ranking when it is walked down by hand. */
static void caps_pass_over_the_lower_ranked(const char *name, unsigned needs)
{
    (void)needs;
    struct window window;
    make_window(&window);
    ddmd_select_options options = usual;
    options.max_restarts = N;
    options.max_per_cluster = 0;
    ddmd_selection whole = select_with(name, &window.candidates, options);
    options.max_restarts = 100;
    options.max_per_cluster = 3;
    options.max_per_simulation = 4;
    ddmd_selection capped = select_with(name, &window.candidates, options);
    size_t of_cluster[N + 1] = {0}, of_simulation[1001] = {0}, n = 0;
    for (size_t i = 0; i < whole.n_points && n < 100; i++) {
        int32_t cluster = whole.points[i].cluster;
        size_t *simulation = &of_simulation[window.simulation[whole.points[i].index]];
        if ((cluster >= 0 && of_cluster[cluster] == 3) || *simulation == 4)
            continue;
        if (cluster >= 0)
            of_cluster[cluster]++;
        ++*simulation;
        assert_true(n < capped.n_points);
        assert_int_equal(capped.points[n++].index, whole.points[i].index);
    }
    assert_int_equal(capped.n_points, n);
    ddmd_selection_clear(&whole);
    ddmd_selection_clear(&capped);
}

/* Without caps, fewer points are the first ones of more. */
static void fewer_points_are_the_best(const char *name, unsigned needs)
{
    (void)needs;
    struct window window;
    make_window(&window);
    ddmd_select_options options = usual;
    options.max_per_cluster = 0;
    ddmd_selection many = select_with(name, &window.candidates, options);
    options.max_restarts = 20;
    ddmd_selection few = select_with(name, &window.candidates, options);
    assert_int_equal(few.n_points, many.n_points < 20 ? many.n_points : 20);
    for (size_t i = 0; i < few.n_points; i++)
        assert_int_equal(few.points[i].index, many.points[i].index);
    ddmd_selection_clear(&many);
    ddmd_selection_clear(&few);
}

static void the_same_on_any_number_of_threads(const char *name, unsigned needs)
{
    (void)needs;
    struct window window;
    make_window(&window);
    ddmd_selection first = select_with(name, &window.candidates, usual);
    for (int threads = 0; threads <= 3; threads++) {
        ddmd_select_options options = usual;
        options.threads = threads;
        ddmd_selection again = select_with(name, &window.candidates, options);
        assert_same(&first, &again);
        ddmd_selection_clear(&again);
    }
    ddmd_selection_clear(&first);
}

static void no_candidates_are_no_error(const char *name, unsigned needs)
{
    (void)needs;
    const ddmd_candidates none = {.dim = DIM};
    ddmd_selection selection = select_with(name, &none, usual);
    assert_int_equal(selection.n_points, 0);
    ddmd_selection_clear(&selection);
}

static void a_single_candidate_is_no_error(const char *name, unsigned needs)
{
    (void)needs;
    struct window window;
    make_window(&window);
    window.rmsd_nm[0] = 0.3F;
    window.candidates.n = 1;
    ddmd_selection selection = select_with(name, &window.candidates, usual);
    assert_true(selection.n_points <= 1);
    ddmd_selection_clear(&selection);
}

static void few_candidates_are_no_error(const char *name, unsigned needs)
{
    struct window window;
    make_window(&window);
    static const size_t sizes[] = {1, 2, 3, 4, 9, 10, 20, 33};
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        window.candidates.n = sizes[i];
        ddmd_selection selection = select_with(name, &window.candidates, usual);
        assert_sound(&selection, &window, needs);
        ddmd_selection_clear(&selection);
    }
}

/* All frames of a window may be the same, as those of a molecule that is stuck. */
static void equal_candidates_are_no_error(const char *name, unsigned needs)
{
    struct window window;
    make_window(&window);
    for (size_t i = 0; i < N; i++) {
        memcpy(window.latent + i * DIM, window.latent, DIM * sizeof *window.latent);
        window.rmsd_nm[i] = 0.5F;
    }
    const uint32_t nowhere_else[N] = {0};
    for (int shared = 0; shared < 2; shared++) {
        window.candidates.point_of = shared ? nowhere_else : NULL;
        window.candidates.n_points = shared ? 1 : N;
        ddmd_selection selection = select_with(name, &window.candidates, usual);
        assert_sound(&selection, &window, needs);
        assert_true(selection.n_states <= 1);
        if (selection.n_states == 1)
            assert_int_equal(selection.n_points, usual.max_per_cluster);
        ddmd_selection_clear(&selection);
    }
}

/* Frames that share points of the embedding are each a candidate, and caps count each. */
static void frames_may_share_points(const char *name, unsigned needs)
{
    enum { POINTS = 60 };
    struct window window;
    make_window(&window);
    uint32_t point_of[N];
    for (uint32_t i = 0; i < N; i++)
        point_of[i] = i * 7 % POINTS;
    window.candidates.point_of = point_of;
    window.candidates.n_points = POINTS;
    ddmd_selection selection = select_with(name, &window.candidates, usual);
    assert_sound(&selection, &window, needs);
    size_t of_cluster[N] = {0};
    for (size_t i = 0; i < selection.n_points; i++) {
        if (selection.points[i].cluster >= 0)
            assert_true(++of_cluster[selection.points[i].cluster] <= usual.max_per_cluster);
    }
    ddmd_selection_clear(&selection);
}

static void no_finite_rmsd_is_no_error(const char *name, unsigned needs)
{
    struct window window;
    make_window(&window);
    for (size_t i = 0; i < N; i++)
        window.rmsd_nm[i] = i % 2 ? NAN : INFINITY;
    ddmd_selection selection = select_with(name, &window.candidates, usual);
    const unsigned blind = DDMD_STRATEGY_RESTARTS;
    assert_int_equal(selection.n_points > 0,
                     (needs & (DDMD_STRATEGY_RMSD | DDMD_STRATEGY_RESTARTS)) == blind);
    assert_sound(&selection, &window, needs);
    ddmd_selection_clear(&selection);
}

/* Strategies that do not ask for the RMSD do not look at it. */
static void the_target_stays_hidden(const char *name, unsigned needs)
{
    struct window window;
    make_window(&window);
    if (needs & DDMD_STRATEGY_RMSD)
        return;
    ddmd_selection seen = select_with(name, &window.candidates, usual);
    window.candidates.rmsd_nm = NULL;
    ddmd_selection hidden = select_with(name, &window.candidates, usual);
    assert_same(&seen, &hidden);
    ddmd_selection_clear(&seen);
    ddmd_selection_clear(&hidden);
}

static void what_is_needed_must_be_given(const char *name, unsigned needs)
{
    struct window window;
    make_window(&window);
    for (int missing = 0; missing < 3; missing++) {
        ddmd_error err = {0};
        ddmd_candidates candidates = window.candidates;
        ddmd_select_options options = usual;
        if (missing == 0)
            candidates.latent = NULL;
        else if (missing == 1)
            candidates.rmsd_nm = NULL;
        else
            candidates.simulation = NULL;
        bool matters = missing == 0   ? needs & DDMD_STRATEGY_EMBEDDING
                       : missing == 1 ? needs & DDMD_STRATEGY_RMSD
                                      : false;
        ddmd_selection selection = {.n_points = 77};
        enum ddmd_status status = ddmd_select(name, &candidates, &options, &selection, &err);
        assert_int_equal(status, matters ? DDMD_INVALID : DDMD_OK);
        if (matters) {
            assert_int_equal(selection.n_points, 77);
            assert_non_null(strstr(err.message, name));
            continue;
        }
        ddmd_selection_clear(&selection);
    }
}

/* Coordinates that are not finite are answered where they are looked at, and only there. */
static void bad_coordinates_are_answered(const char *name, unsigned needs)
{
    struct window window;
    make_window(&window);
    window.latent[5 * DIM + 2] = NAN;
    ddmd_error err = {0};
    ddmd_selection selection = {0};
    enum ddmd_status status = ddmd_select(name, &window.candidates, &usual, &selection, &err);
    if (needs & DDMD_STRATEGY_EMBEDDING) {
        assert_int_equal(status, DDMD_NUMERIC);
        assert_non_null(strstr(err.message, "point 5"));
    } else {
        assert_int_equal(status, DDMD_OK);
    }
    ddmd_selection_clear(&selection);
}

static const struct rule {
    const char *name;
    void (*check)(const char *strategy, unsigned needs);
} rules[] = {
#define RULE(name)  \
    {               \
#name, name \
    }
    RULE(a_description_names_what_it_needs),
    RULE(points_are_candidates_and_none_twice),
    RULE(caps_hold),
    RULE(caps_pass_over_the_lower_ranked),
    RULE(fewer_points_are_the_best),
    RULE(the_same_on_any_number_of_threads),
    RULE(no_candidates_are_no_error),
    RULE(a_single_candidate_is_no_error),
    RULE(few_candidates_are_no_error),
    RULE(equal_candidates_are_no_error),
    RULE(frames_may_share_points),
    RULE(no_finite_rmsd_is_no_error),
    RULE(the_target_stays_hidden),
    RULE(what_is_needed_must_be_given),
    RULE(bad_coordinates_are_answered),
#undef RULE
};

enum { N_RULES = sizeof rules / sizeof *rules };

struct check {
    const struct rule *rule;
    ddmd_strategy_info strategy;
};

static void run_check(void **state)
{
    const struct check *check = *state;
    check->rule->check(check->strategy.name, check->strategy.needs);
}

int main(void)
{
    size_t n = ddmd_strategy_count() * N_RULES;
    struct check *checks = calloc(n, sizeof *checks);
    struct CMUnitTest *tests = calloc(n, sizeof *tests);
    char(*names)[96] = calloc(n, sizeof *names);
    for (size_t i = 0; i < n; i++) {
        checks[i].rule = &rules[i % N_RULES];
        ddmd_strategy_describe(i / N_RULES, &checks[i].strategy);
        snprintf(names[i], sizeof names[i], "%s: %s", checks[i].strategy.name,
                 checks[i].rule->name);
        tests[i] = (struct CMUnitTest){
            .name = names[i], .test_func = run_check, .initial_state = &checks[i]};
    }
    int failed = _cmocka_run_group_tests("contract.strategy", tests, n, NULL, NULL);
    free(checks);
    free(tests);
    free(names);
    return failed;
}
