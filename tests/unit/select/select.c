#include "ddmd/select.h"
#include "support/cmocka.h"
#include "unit/select/reference.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { N = 800, DIM = 3 };

struct window {
    float *latent;
    float rmsd_nm[N];
    uint32_t simulation[N];
    ddmd_candidates candidates;
    int32_t labels[N]; /* what DBSCAN finds with the eps that is chosen */
    ddmd_outlier_result outliers;
};

static const ddmd_select_options usual = {
    .outliers = {.min_samples = 8, .min_outliers = 40, .max_outliers = 100},
    .lof_neighbors = 20,
    .max_restarts = 30,
    .seed = 1,
    .round = 1,
    .threads = 1,
};

static int make_window(void **state)
{
    struct window *window = calloc(1, sizeof *window);
    window->latent = reference_points(REFERENCE_CLUSTERS, N, DIM, 7);
    for (uint32_t i = 0; i < N; i++) {
        uint32_t step = i * 37 % N / 20; /* twenty frames of each value */
        window->rmsd_nm[i] = (float)step * 0.01F;
        window->simulation[i] = i / 10;
    }
    window->candidates = (ddmd_candidates){.n = N,
                                           .dim = DIM,
                                           .latent = window->latent,
                                           .rmsd_nm = window->rmsd_nm,
                                           .simulation = window->simulation};
    *state = window;
    return ddmd_find_outliers(window->latent, N, DIM, NULL, &usual.outliers, window->labels,
                              &window->outliers, NULL) != DDMD_OK;
}

static int free_window(void **state)
{
    struct window *window = *state;
    free(window->latent);
    free(window);
    return 0;
}

static ddmd_selection take(const char *strategy, const struct window *window,
                           ddmd_select_options options)
{
    ddmd_error err = {0};
    ddmd_selection selection = {0};
    ASSERT_OK(ddmd_select(strategy, &window->candidates, &options, &selection, &err), &err);
    return selection;
}

/* Is frame a to be taken before b, by keys that are better the smaller, then by index? */
static bool before(const double *keys, size_t a, size_t b)
{
    return keys[a] < keys[b] || (keys[a] == keys[b] && a < b);
}

/* The selection is the best of the pool by its keys. */
static void assert_best(const ddmd_selection *selection, const double *keys, const bool *pool)
{
    size_t worst = selection->points[selection->n_points - 1].index, better = 0;
    for (size_t i = 0; i < selection->n_points; i++) {
        size_t index = selection->points[i].index;
        assert_true(pool[index]);
        assert_true(selection->points[i].score == keys[index]);
        assert_true(i == 0 || before(keys, selection->points[i - 1].index, index));
    }
    for (size_t i = 0; i < N; i++)
        better += pool[i] && before(keys, i, worst);
    assert_int_equal(better, selection->n_points - 1);
}

static void pool_of_outliers(const struct window *window, bool *pool)
{
    for (size_t i = 0; i < N; i++)
        pool[i] = window->labels[i] < 0;
}

static void ml_rmsd_ranks_outliers_by_rmsd(void **state)
{
    const struct window *window = *state;
    bool pool[N];
    double keys[N];
    pool_of_outliers(window, pool);
    for (size_t i = 0; i < N; i++)
        keys[i] = window->rmsd_nm[i];
    ddmd_selection selection = take("ml+rmsd", window, usual);
    assert_int_equal(selection.n_points, 30);
    assert_true(selection.outliers.eps == window->outliers.eps);
    assert_int_equal(selection.outliers.n_outliers, window->outliers.n_outliers);
    assert_best(&selection, keys, pool);
    for (size_t i = 0; i < selection.n_points; i++)
        assert_true(isnan(selection.points[i].lof));
    ddmd_selection_clear(&selection);
}

static void outliers_are_marked_where_that_is_asked_for(void **state)
{
    const struct window *window = *state;
    ddmd_select_options options = usual;
    ddmd_selection selection = take("ml+rmsd", window, options);
    assert_null(selection.is_outlier);
    ddmd_selection_clear(&selection);
    options.mark_outliers = true;
    selection = take("ml+rmsd", window, options);
    for (size_t i = 0; i < N; i++)
        assert_int_equal(selection.is_outlier[i], window->labels[i] < 0);
    ddmd_selection_clear(&selection);
    assert_null(selection.is_outlier);
    selection = take("rmsd", window, options);
    assert_null(selection.is_outlier);
    ddmd_selection_clear(&selection);
}

static void ml_lof_ranks_outliers_by_their_factor_in_the_window(void **state)
{
    const struct window *window = *state;
    ddmd_error err = {0};
    bool pool[N];
    double keys[N];
    pool_of_outliers(window, pool);
    ASSERT_OK(ddmd_lof(window->latent, N, DIM, NULL, 20, 1, keys, &err), &err);
    for (size_t i = 0; i < N; i++)
        keys[i] = -keys[i];
    ddmd_selection selection = take("ml+lof", window, usual);
    assert_best(&selection, keys, pool);
    for (size_t i = 0; i < selection.n_points; i++)
        assert_true(selection.points[i].lof == -selection.points[i].score);
    ddmd_selection_clear(&selection);
}

static void rmsd_ranks_all_frames(void **state)
{
    struct window *window = *state;
    bool pool[N];
    double keys[N];
    window->rmsd_nm[0] = NAN; /* the best but for these three */
    window->rmsd_nm[65] = -INFINITY;
    window->rmsd_nm[130] = INFINITY;
    for (size_t i = 0; i < N; i++) {
        pool[i] = isfinite(window->rmsd_nm[i]);
        keys[i] = pool[i] ? window->rmsd_nm[i] : 0;
    }
    window->candidates.latent = NULL;
    ddmd_selection selection = take("rmsd", window, usual);
    assert_int_equal(selection.n_points, 30);
    assert_best(&selection, keys, pool);
    assert_true(selection.outliers.n_outliers == 0 && selection.outliers.eps == 0);
    ddmd_selection_clear(&selection);

    ddmd_select_options options = usual;
    options.max_restarts = N;
    selection = take("rmsd", window, options);
    assert_int_equal(selection.n_points, N - 3);
    ddmd_selection_clear(&selection);
}

/* Every member of a pool must come up about equally often over many rounds. */
static void random_choices_are_uniform(void **state)
{
    const struct window *window = *state;
    static const char *const strategies[] = {"ml", "random"};
    enum { ROUNDS = 600 };
    for (int s = 0; s < 2; s++) {
        size_t taken[N] = {0}, members = s == 0 ? window->outliers.n_outliers : N;
        ddmd_select_options options = usual;
        options.max_restarts = members / 2;
        for (uint32_t round = 0; round < ROUNDS; round++) {
            options.round = round;
            ddmd_selection selection = take(strategies[s], window, options);
            assert_int_equal(selection.n_points, members / 2);
            for (size_t i = 0; i < selection.n_points; i++) {
                taken[selection.points[i].index]++;
                assert_true(selection.points[i].score == 0);
            }
            ddmd_selection_clear(&selection);
        }
        for (size_t i = 0; i < N; i++) {
            if (s == 0 && window->labels[i] >= 0) {
                assert_int_equal(taken[i], 0);
                continue;
            }
            /* binomial(600, 1/2): six standard deviations are 73.5 */
            assert_in_range(taken[i], ROUNDS / 2 - 74, ROUNDS / 2 + 74);
        }
    }
}

static void seeds_and_rounds_choose_differently(void **state)
{
    const struct window *window = *state;
    static const char *const strategies[] = {"ml", "random"};
    for (int s = 0; s < 2; s++) {
        ddmd_select_options options[3] = {usual, usual, usual};
        options[1].seed = 2;
        options[2].round = 2;
        ddmd_selection first = take(strategies[s], window, options[0]);
        for (int i = 1; i < 3; i++) {
            size_t same = 0;
            ddmd_selection other = take(strategies[s], window, options[i]);
            for (size_t p = 0; p < first.n_points; p++)
                same += first.points[p].index == other.points[p].index;
            assert_true(same < first.n_points / 2);
            ddmd_selection_clear(&other);
        }
        ddmd_selection_clear(&first);
    }
}

static void the_cluster_is_that_of_the_nearest_member(void **state)
{
    const struct window *window = *state;
    ddmd_selection selection = take("ml+rmsd", window, usual);
    assert_true(selection.outliers.n_clusters > 1);
    for (size_t i = 0; i < selection.n_points; i++) {
        size_t index = selection.points[i].index, nearest = N;
        for (size_t j = 0; j < N; j++) {
            if (window->labels[j] >= 0 &&
                (nearest == N || reference_distance2(window->latent, DIM, index, j) <
                                     reference_distance2(window->latent, DIM, index, nearest)))
                nearest = j;
        }
        assert_int_equal(selection.points[i].cluster, window->labels[nearest]);
    }
    ddmd_selection_clear(&selection);
}

/* A capped selection is what is left of the whole ranking when it is walked down by hand. */
static void caps_pass_over_the_lower_ranked(void **state)
{
    const struct window *window = *state;
    ddmd_select_options options = usual;
    options.max_restarts = N;
    ddmd_selection whole = take("ml+lof", window, options);
    options.max_restarts = 25;
    options.max_per_cluster = 6;
    options.max_per_simulation = 1;
    ddmd_selection capped = take("ml+lof", window, options);
    size_t of_cluster[N] = {0}, of_simulation[N] = {0}, n = 0;
    for (size_t i = 0; i < whole.n_points && n < 25; i++) {
        size_t *cluster = &of_cluster[whole.points[i].cluster];
        size_t *simulation = &of_simulation[window->simulation[whole.points[i].index]];
        if (*cluster == 6 || *simulation == 1)
            continue;
        ++*cluster;
        ++*simulation;
        assert_true(n < capped.n_points);
        assert_int_equal(capped.points[n++].index, whole.points[i].index);
    }
    assert_int_equal(capped.n_points, n);
    ddmd_selection_clear(&whole);
    ddmd_selection_clear(&capped);
}

/* Frames that share points, in any numbering, are chosen as if each had its own. */
static void frames_may_share_points(void **state)
{
    const struct window *window = *state;
    enum { POINTS = 500 }; /* some of them at no frame */
    float latent[POINTS * DIM];
    uint32_t point_of[N];
    for (uint32_t i = 0; i < POINTS; i++)
        memcpy(latent + (i * 77 % POINTS) * DIM, window->latent + i * DIM, DIM * sizeof *latent);
    for (uint32_t i = 0; i < N; i++)
        point_of[i] = (i < 450 ? i : i * i % 450) * 77 % POINTS;
    struct window shared = *window, expanded = *window;
    shared.candidates.latent = latent;
    shared.candidates.n_points = POINTS;
    shared.candidates.point_of = point_of;
    for (size_t i = 0; i < N; i++)
        memcpy(window->latent + i * DIM, latent + point_of[i] * DIM, DIM * sizeof *latent);

    for (size_t s = 0; s < ddmd_strategy_count(); s++) {
        ddmd_strategy_info info;
        ddmd_strategy_describe(s, &info);
        ddmd_select_options options = usual;
        options.max_restarts = 90;
        options.max_per_cluster = 15;
        options.max_per_simulation = 2;
        ddmd_selection found = take(info.name, &shared, options);
        ddmd_selection expected = take(info.name, &expanded, options);
        assert_int_equal(found.n_points, expected.n_points);
        assert_true(found.n_points > 30 || !(info.needs & DDMD_STRATEGY_RESTARTS));
        assert_true(found.outliers.eps == expected.outliers.eps);
        assert_int_equal(found.outliers.n_outliers, expected.outliers.n_outliers);
        assert_int_equal(found.outliers.n_clusters, expected.outliers.n_clusters);
        /* where k-means begins depends on how points are given */
        for (size_t i = 0; i < found.n_points && found.n_states == 0; i++) {
            const ddmd_restart_point *point = &found.points[i];
            assert_int_equal(point->index, expected.points[i].index);
            assert_int_equal(point->cluster, expected.points[i].cluster);
            assert_true(point->score == expected.points[i].score);
            assert_true(isnan(point->lof) ? isnan(expected.points[i].lof)
                                          : point->lof == expected.points[i].lof);
        }
        ddmd_selection_clear(&found);
        ddmd_selection_clear(&expected);
    }
}

static void frames_must_be_at_points(void **state)
{
    struct window *window = *state;
    ddmd_error err = {0};
    ddmd_selection selection = {.n_points = 7};
    uint32_t point_of[N] = {0};
    point_of[3] = 2;
    window->candidates.point_of = point_of;
    window->candidates.n_points = 2;
    assert_int_equal(ddmd_select("ml", &window->candidates, &usual, &selection, &err),
                     DDMD_INVALID);
    assert_string_equal(err.message, "strategy ml: frame 3 is at point 2 of 2");
    window->candidates.n_points = 3;
    window->latent[2 * DIM] = NAN;
    assert_int_equal(ddmd_select("ml", &window->candidates, &usual, &selection, &err),
                     DDMD_NUMERIC);
    assert_non_null(strstr(err.message, "point 2"));
    assert_int_equal(selection.n_points, 7);
}

/* With neither noise nor clusters there is nothing to choose, or no cluster to cap. */
static void windows_without_outliers_or_clusters(void **state)
{
    struct window *window = *state;
    ddmd_select_options options = usual;
    memset(window->latent, 0, sizeof *window->latent * N * DIM);
    ddmd_selection selection = take("ml+rmsd", window, options);
    assert_int_equal(selection.n_points, 0);
    assert_int_equal(selection.outliers.n_clusters, 1);
    ddmd_selection_clear(&selection);

    options.outliers.min_samples = N + 1;
    options.max_per_cluster = 1;
    selection = take("ml+rmsd", window, options);
    assert_int_equal(selection.n_points, 30);
    for (size_t i = 0; i < 30; i++)
        assert_int_equal(selection.points[i].cluster, -1);
    ddmd_selection_clear(&selection);
}

static void strategies_are_found_by_name(void **state)
{
    (void)state;
    static const char *const names[] = {"ml+rmsd", "ml+lof",       "ml",   "rmsd",
                                        "random",  "least-counts", "ucb",  "ucb+energy",
                                        "fast",    "fast+lof",     "plain"};
    enum { N_NAMES = sizeof names / sizeof *names };
    assert_int_equal(ddmd_strategy_count(), N_NAMES);
    for (size_t i = 0; i < N_NAMES; i++) {
        ddmd_error err = {0};
        ddmd_strategy_info info, found;
        ddmd_strategy_describe(i, &info);
        assert_string_equal(info.name, names[i]);
        assert_true(info.summary && *info.summary);
        ASSERT_OK(ddmd_strategy_find(names[i], &found, &err), &err);
        assert_ptr_equal(found.name, info.name);
        ASSERT_OK(ddmd_strategy_find(names[i], NULL, &err), &err);
    }
}

static void unknown_strategies_are_answered_with_a_list(void **state)
{
    const struct window *window = *state;
    ddmd_error err = {0};
    ddmd_selection selection = {.n_points = 7};
    assert_int_equal(ddmd_strategy_find("ml+rsmd", NULL, &err), DDMD_CONFIG);
    assert_string_equal(err.message, "no strategy is called 'ml+rsmd' (did you mean ml+rmsd?); "
                                     "there are ml+rmsd, ml+lof, ml, rmsd, random, least-counts, "
                                     "ucb, ucb+energy, fast, fast+lof, plain");
    assert_int_equal(ddmd_strategy_find("", NULL, &err), DDMD_CONFIG);
    assert_int_equal(ddmd_strategy_find(NULL, NULL, &err), DDMD_INVALID);
    assert_int_equal(ddmd_select("greedy", &window->candidates, &usual, &selection, &err),
                     DDMD_CONFIG);
    assert_int_equal(selection.n_points, 7);
}

static void bad_arguments_are_named(void **state)
{
    struct window *window = *state;
    ddmd_error err = {0};
    ddmd_selection selection = {.n_points = 7};
    ddmd_select_options options = usual;
    assert_int_equal(ddmd_select("ml", NULL, &options, &selection, &err), DDMD_INVALID);
    assert_int_equal(ddmd_select("ml", &window->candidates, NULL, &selection, &err), DDMD_INVALID);
    assert_int_equal(ddmd_select("ml", &window->candidates, &options, NULL, &err), DDMD_INVALID);

    options.outliers.min_outliers = 101;
    assert_int_equal(ddmd_select("ml", &window->candidates, &options, &selection, &err),
                     DDMD_INVALID);
    assert_string_equal(err.message, "strategy ml: min_outliers 101 is above max_outliers 100");
    options = usual;
    options.outliers.min_samples = 0;
    assert_int_equal(ddmd_select("ml", &window->candidates, &options, &selection, &err),
                     DDMD_INVALID);
    assert_non_null(strstr(err.message, "min_samples"));
    options = usual;
    options.lof_neighbors = 0;
    assert_int_equal(ddmd_select("ml+lof", &window->candidates, &options, &selection, &err),
                     DDMD_INVALID);
    assert_non_null(strstr(err.message, "lof_neighbors"));
    for (int i = 0; i < 3; i++) {
        static const double wrong[] = {-0.5, NAN, INFINITY};
        options = usual;
        options.exploration = wrong[i];
        assert_int_equal(ddmd_select("ucb", &window->candidates, &options, &selection, &err),
                         DDMD_INVALID);
        assert_non_null(strstr(err.message, "exploration"));
    }
    options = usual;
    options.max_per_simulation = 1;
    window->candidates.simulation = NULL;
    assert_int_equal(ddmd_select("random", &window->candidates, &options, &selection, &err),
                     DDMD_INVALID);
    assert_non_null(strstr(err.message, "max_per_simulation"));
    assert_int_equal(selection.n_points, 7);
}

#define WITH_WINDOW(test) cmocka_unit_test_setup_teardown(test, make_window, free_window)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_WINDOW(ml_rmsd_ranks_outliers_by_rmsd),
        WITH_WINDOW(ml_lof_ranks_outliers_by_their_factor_in_the_window),
        WITH_WINDOW(outliers_are_marked_where_that_is_asked_for),
        WITH_WINDOW(rmsd_ranks_all_frames),
        WITH_WINDOW(random_choices_are_uniform),
        WITH_WINDOW(seeds_and_rounds_choose_differently),
        WITH_WINDOW(the_cluster_is_that_of_the_nearest_member),
        WITH_WINDOW(caps_pass_over_the_lower_ranked),
        WITH_WINDOW(frames_may_share_points),
        WITH_WINDOW(frames_must_be_at_points),
        WITH_WINDOW(windows_without_outliers_or_clusters),
        cmocka_unit_test(strategies_are_found_by_name),
        WITH_WINDOW(unknown_strategies_are_answered_with_a_list),
        WITH_WINDOW(bad_arguments_are_named),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
