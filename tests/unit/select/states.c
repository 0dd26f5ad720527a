/* Strategies that count visits to states, on windows whose states are known. */
#include "ddmd/select.h"
#include "support/cmocka.h"
#include "unit/select/reference.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/*
 * Four places on a line, visited 8, 4, 2 and 1 times; as many states are asked for, so that each
 * place is one. Frames of one place are frames of two simulations in turn.
 */
enum { FRAMES = 15, STATES = 4 };
static const int place_of[FRAMES] = {0, 1, 0, 2, 0, 1, 0, 3, 0, 1, 0, 2, 0, 1, 0};
static const double visits_of[STATES] = {8, 4, 2, 1};

struct window {
    float latent[FRAMES], rmsd_nm[FRAMES];
    uint32_t simulation[FRAMES];
    ddmd_candidates candidates;
    ddmd_select_options options;
};

static struct window *make_window(void)
{
    struct window *w = calloc(1, sizeof *w);
    static const float mean_rmsd_nm[STATES] = {0.125F, 0.25F, 0.375F, 0.625F};
    size_t seen[STATES] = {0};
    for (uint32_t i = 0; i < FRAMES; i++) {
        int place = place_of[i];
        w->latent[i] = (float)(10 * place * place);
        /* the mean, and as much above it as below */
        size_t turn = seen[place]++;
        float off = 0.0078125F * (float)(turn / 2 + 1) * (turn % 2 ? 1 : -1);
        w->rmsd_nm[i] = mean_rmsd_nm[place] + (place == 3 ? 0 : off);
        w->simulation[i] = 40 - i % 2;
    }
    w->candidates = (ddmd_candidates){.n = FRAMES,
                                      .dim = 1,
                                      .latent = w->latent,
                                      .rmsd_nm = w->rmsd_nm,
                                      .simulation = w->simulation};
    w->options = (ddmd_select_options){.n_states = STATES,
                                       .exploration = 1,
                                       .lof_neighbors = 3,
                                       .max_restarts = FRAMES,
                                       .seed = 1,
                                       .round = 1,
                                       .threads = 1};
    return w;
}

static ddmd_selection take(const char *strategy, const struct window *w)
{
    ddmd_error err = {0};
    ddmd_selection selection = {0};
    ASSERT_OK(ddmd_select(strategy, &w->candidates, &w->options, &selection, &err), &err);
    assert_int_equal(selection.n_states, STATES);
    assert_true(selection.outliers.n_clusters == 0 && selection.outliers.eps == 0);
    return selection;
}

/*
 * The whole order: in each turn one frame of each state that has one left, by the worth of the
 * states, and for equal worth by the frames. keys: of the frames, smaller first, then by index;
 * NULL where the order in a state is random. turn: what is added to scores from turn to turn.
 */
static void assert_order(const ddmd_selection *selection, const double *worths, const double *keys,
                         double turn)
{
    bool taken[FRAMES] = {false};
    size_t turns[STATES] = {0};
    assert_int_equal(selection->n_points, FRAMES);
    for (size_t i = 0; i < FRAMES; i++) {
        const ddmd_restart_point *point = &selection->points[i];
        int place = place_of[point->index];
        assert_false(taken[point->index]);
        for (int other = 0; other < STATES; other++) {
            if ((double)turns[other] < visits_of[other] && turns[other] <= turns[place])
                assert_true(turns[other] == turns[place] && worths[other] <= worths[place]);
        }
        for (size_t j = 0; j < FRAMES && keys; j++) {
            if (!taken[j] && place_of[j] == place)
                assert_true(keys[j] >= keys[point->index]);
        }
        assert_true(fabs(point->score - ((double)turns[place] * turn - worths[place])) < 1e-12);
        taken[point->index] = true;
        turns[place]++;
        for (size_t j = 0; j < i; j++)
            assert_int_equal(point->cluster == selection->points[j].cluster,
                             place == place_of[selection->points[j].index]);
    }
}

static void the_least_visited_come_first(void **state)
{
    (void)state;
    struct window *w = make_window();
    const double worths[STATES] = {-8, -4, -2, -1};
    ddmd_selection selection = take("least-counts", w);
    assert_order(&selection, worths, NULL, 8);
    assert_true(selection.points[0].score == 1 && selection.points[3].score == 8);
    for (size_t i = 0; i < FRAMES; i++)
        assert_true(isnan(selection.points[i].lof));
    ddmd_selection_clear(&selection);
    free(w);
}

/* Each of the eight frames of a state comes first in about an eighth of many rounds. */
static void frames_of_a_state_are_drawn_uniformly(void **state)
{
    (void)state;
    enum { ROUNDS = 2000 };
    static const char *const strategies[] = {"least-counts", "ucb+energy"};
    struct window *w = make_window();
    for (int s = 0; s < 2; s++) {
        size_t first[FRAMES] = {0};
        for (w->options.round = 0; w->options.round < ROUNDS; w->options.round++) {
            ddmd_selection selection = take(strategies[s], w);
            for (size_t i = 0; i < FRAMES; i++) {
                if (place_of[selection.points[i].index] != 0)
                    continue;
                first[selection.points[i].index]++;
                break;
            }
            ddmd_selection_clear(&selection);
        }
        for (size_t i = 0; i < FRAMES; i++) {
            /* binomial(2000, 1/8): six standard deviations are 88.7 */
            if (place_of[i] == 0)
                assert_in_range(first[i], ROUNDS / 8 - 89, ROUNDS / 8 + 89);
        }
    }
    free(w);
}

static void fill_keys(const struct window *w, double *keys)
{
    for (size_t i = 0; i < FRAMES; i++)
        keys[i] = (double)w->rmsd_nm[i];
}

/* Rewards from 0 to 1 over the frames; t = 15 frames in all. */
static void bounds_are_those_of_ucb1(void **state)
{
    (void)state;
    static const double explorations[] = {0, 0.25, 1, 100};
    struct window *w = make_window();
    double keys[FRAMES], lowest = INFINITY, highest = -INFINITY;
    static const double means[STATES] = {0.125, 0.25, 0.375, 0.625};
    fill_keys(w, keys);
    for (size_t i = 0; i < FRAMES; i++) {
        lowest = fmin(lowest, keys[i]);
        highest = fmax(highest, keys[i]);
    }
    for (int e = 0; e < 4; e++) {
        double worths[STATES], best = -INFINITY, worst = INFINITY;
        for (int s = 0; s < STATES; s++) {
            worths[s] = (highest - means[s]) / (highest - lowest) +
                        explorations[e] * sqrt(2 * log(15) / visits_of[s]);
            best = fmax(best, worths[s]);
            worst = fmin(worst, worths[s]);
        }
        w->options.exploration = explorations[e];
        ddmd_selection selection = take("ucb", w);
        assert_order(&selection, worths, keys, exp2(floor(log2(best - worst)) + 1));
        /* nothing but the mean counts without exploration, nothing but visits with much of it */
        assert_true(e != 0 || place_of[selection.points[0].index] == 0);
        assert_true(e != 3 || place_of[selection.points[0].index] == 3);
        ddmd_selection_clear(&selection);
    }
    free(w);
}

/* Mean RMSDs of 1/8, 2/8, 3/8 and 5/8 nm are 1, 3/4, 1/2 and 0; visits 0, 4/7, 6/7 and 1. */
static void fast_adds_scaled_terms(void **state)
{
    (void)state;
    static const double explorations[] = {0, 1, 10};
    struct window *w = make_window();
    double keys[FRAMES];
    fill_keys(w, keys);
    for (int e = 0; e < 3; e++) {
        double alpha = w->options.exploration = explorations[e];
        const double worths[STATES] = {1, 0.75 + alpha * 4 / 7, 0.5 + alpha * 6 / 7, alpha};
        static const double turns[] = {2, 0.5, 16}; /* above 1, 5/14 and 9.07 */
        ddmd_selection selection = take("fast", w);
        assert_order(&selection, worths, keys, turns[e]);
        static const int firsts[] = {0, 2, 3};
        assert_int_equal(place_of[selection.points[0].index], firsts[e]);
        ddmd_selection_clear(&selection);
    }
    free(w);
}

static void fast_takes_strangeness_for_nearness(void **state)
{
    (void)state;
    struct window *w = make_window();
    ddmd_error err = {0};
    double keys[FRAMES], means[STATES] = {0}, worths[STATES];
    for (size_t i = 0; i < FRAMES; i++)
        w->latent[i] += 0.03125F * (float)(i * i % 7);
    w->candidates.rmsd_nm = NULL;
    ASSERT_OK(ddmd_lof(w->latent, FRAMES, 1, NULL, 3, 1, keys, &err), &err);
    double lowest = INFINITY, highest = -INFINITY, best = -INFINITY, worst = INFINITY;
    for (size_t i = 0; i < FRAMES; i++)
        means[place_of[i]] += keys[i] / visits_of[place_of[i]];
    for (int s = 0; s < STATES; s++) {
        lowest = fmin(lowest, means[s]);
        highest = fmax(highest, means[s]);
    }
    for (int s = 0; s < STATES; s++) {
        worths[s] = (means[s] - lowest) / (highest - lowest) + (8 - visits_of[s]) / 7;
        best = fmax(best, worths[s]);
        worst = fmin(worst, worths[s]);
    }
    ddmd_selection selection = take("fast+lof", w);
    for (size_t i = 0; i < FRAMES; i++)
        assert_true(selection.points[i].lof == keys[selection.points[i].index]);
    for (size_t i = 0; i < FRAMES; i++)
        keys[i] = -keys[i];
    assert_order(&selection, worths, keys, exp2(floor(log2(best - worst)) + 1));
    ddmd_selection_clear(&selection);
    free(w);
}

/*
 * A frame's reward is what its simulation saw from then on: the free energies -ln(visits / 15),
 * averaged over all later frames of the same simulation, this one included.
 */
static void bandits_look_at_what_comes_after(void **state)
{
    (void)state;
    for (int alone = 0; alone < 2; alone++) {
        struct window *w = make_window();
        double energies[FRAMES], means[STATES] = {0}, worths[STATES];
        double lowest = INFINITY, highest = -INFINITY, best = -INFINITY, worst = INFINITY;
        w->candidates.rmsd_nm = NULL;
        if (alone) /* without simulations, a frame is all that is known of its own */
            w->candidates.simulation = NULL;
        for (size_t i = 0; i < FRAMES; i++) {
            double sum = 0, n = 0;
            for (size_t j = i; j < FRAMES; j++) {
                if (i == j || (!alone && w->simulation[j] == w->simulation[i])) {
                    sum -= log(visits_of[place_of[j]] / 15);
                    n++;
                }
            }
            energies[i] = sum / n;
            lowest = fmin(lowest, energies[i]);
            highest = fmax(highest, energies[i]);
            means[place_of[i]] += energies[i] / visits_of[place_of[i]];
        }
        for (int s = 0; s < STATES; s++) {
            worths[s] =
                (highest - means[s]) / (highest - lowest) + 0.25 * sqrt(2 * log(15) / visits_of[s]);
            best = fmax(best, worths[s]);
            worst = fmin(worst, worths[s]);
        }
        w->options.exploration = 0.25;
        ddmd_selection selection = take("ucb+energy", w);
        assert_order(&selection, worths, NULL, exp2(floor(log2(best - worst)) + 1));
        ddmd_selection_clear(&selection);
        free(w);
    }
}

/* Frames without RMSD are never taken, say nothing of their state, and are visits to it. */
static void frames_without_rmsd_are_visits(void **state)
{
    (void)state;
    struct window *w = make_window();
    w->rmsd_nm[3] = NAN; /* one of the two frames at place 2, whose other one is 3/64 nm away */
    w->rmsd_nm[7] = INFINITY;
    w->options.exploration = 1;
    ddmd_selection selection = take("fast", w);
    assert_int_equal(selection.n_points, FRAMES - 2);
    for (size_t i = 0; i < selection.n_points; i++)
        assert_true(selection.points[i].index != 3 && selection.points[i].index != 7);
    /* of the three states that are left, place 2 is the furthest and has the fewest visits */
    double near = 0.125, middle = 0.25, far = (double)w->rmsd_nm[11];
    double worth = (far - middle) / (far - near) + 4.0 / 6;
    assert_int_equal(place_of[selection.points[0].index], 1);
    assert_true(fabs(selection.points[0].score + worth) < 1e-12);
    ddmd_selection_clear(&selection);
    free(w);
}

static void states_share_points_by_their_frames(void **state)
{
    (void)state;
    struct window *w = make_window();
    const float latent[STATES] = {90, 0, 40, 10};
    static const uint32_t numbers[STATES] = {1, 3, 2, 0};
    uint32_t point_of[FRAMES];
    for (size_t i = 0; i < FRAMES; i++)
        point_of[i] = numbers[place_of[i]];
    w->candidates.latent = latent;
    w->candidates.point_of = point_of;
    w->candidates.n_points = STATES;
    const double worths[STATES] = {-8, -4, -2, -1};
    ddmd_selection selection = take("least-counts", w);
    assert_order(&selection, worths, NULL, 8);
    ddmd_selection_clear(&selection);
    free(w);
}

/* The square root of the number of frames, rounded up, but no more than there are points. */
static void the_usual_number_of_states(void **state)
{
    (void)state;
    static const struct {
        size_t frames, wanted, states;
    } cases[] = {{1, 0, 1}, {2, 0, 2}, {100, 0, 10}, {101, 0, 11}, {101, 40, 40}, {30, 99, 30}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        ddmd_error err = {0};
        ddmd_selection selection = {0};
        float *latent = reference_points(REFERENCE_UNIFORM, cases[i].frames, 2, 1);
        const ddmd_candidates candidates = {.n = cases[i].frames, .dim = 2, .latent = latent};
        const ddmd_select_options options = {.n_states = cases[i].wanted, .max_restarts = 1};
        ASSERT_OK(ddmd_select("least-counts", &candidates, &options, &selection, &err), &err);
        assert_int_equal(selection.n_states, cases[i].states);
        ddmd_selection_clear(&selection);
        free(latent);
    }
}

/* More points than Lloyd's algorithm is used for: states by mini-batches, all frames in one. */
static void large_windows_have_states_too(void **state)
{
    (void)state;
    enum { LARGE = 100001 };
    ddmd_error err = {0};
    ddmd_selection first = {0}, again = {0};
    float *latent = reference_points(REFERENCE_CLUSTERS, LARGE, 2, 1);
    const ddmd_candidates candidates = {.n = LARGE, .dim = 2, .latent = latent};
    ddmd_select_options options = {.n_states = 50, .max_restarts = LARGE, .threads = 1};
    ASSERT_OK(ddmd_select("least-counts", &candidates, &options, &first, &err), &err);
    assert_int_equal(first.n_points, LARGE);
    assert_in_range(first.n_states, 40, 50);
    options.threads = 2;
    ASSERT_OK(ddmd_select("least-counts", &candidates, &options, &again, &err), &err);
    for (size_t i = 0; i < LARGE; i++) {
        assert_int_equal(first.points[i].index, again.points[i].index);
        assert_int_equal(first.points[i].cluster, again.points[i].cluster);
    }
    ddmd_selection_clear(&first);
    ddmd_selection_clear(&again);
    free(latent);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_least_visited_come_first),
        cmocka_unit_test(frames_of_a_state_are_drawn_uniformly),
        cmocka_unit_test(bounds_are_those_of_ucb1),
        cmocka_unit_test(fast_adds_scaled_terms),
        cmocka_unit_test(fast_takes_strangeness_for_nearness),
        cmocka_unit_test(bandits_look_at_what_comes_after),
        cmocka_unit_test(frames_without_rmsd_are_visits),
        cmocka_unit_test(states_share_points_by_their_frames),
        cmocka_unit_test(the_usual_number_of_states),
        cmocka_unit_test(large_windows_have_states_too),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
