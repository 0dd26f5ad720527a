#include "select/state_ranking.h"

#include "core/array.h"
#include "core/try.h"
#include "select/ranking.h"

#include <math.h>
#include <stdlib.h>

static int32_t state_of(const ddmd_strategy_view *view, const ddmd_ranked *item)
{
    return view->states->of_point[ddmd_frame_point(view->points, item->index)];
}

struct range {
    double low, high;
};

static void extend(struct range *range, double value)
{
    range->low = value < range->low ? value : range->low;
    range->high = value > range->high ? value : range->high;
}

/* How good a value is, from 0 to 1, where the lowest is the best; 0 where all are the same. */
static double scaled(const struct range *range, double value)
{
    return range->high > range->low ? (range->high - value) / (range->high - range->low) : 0;
}

enum ddmd_status ddmd_ranking_by_state(const ddmd_strategy_view *view, ddmd_ranking *ranking,
                                       const double *scores, ddmd_error *err)
{
    uint32_t *turns = NULL;
    enum ddmd_status status = ddmd_array_alloc(&turns, view->states->n, sizeof *turns, err);
    if (status != DDMD_OK)
        return status;
    struct range range = {INFINITY, -INFINITY};
    for (size_t i = 0; i < ranking->n; i++)
        extend(&range, scores[state_of(view, &ranking->items[i])]);
    int exponent = 0;
    frexp(range.high - range.low, &exponent);
    double turn = ldexp(1, exponent);
    for (size_t i = 0; i < ranking->n; i++) {
        int32_t state = state_of(view, &ranking->items[i]);
        ranking->items[i].score = scores[state] + turn * turns[state]++;
    }
    ddmd_ranking_sort(ranking);
    free(turns);
    return DDMD_OK;
}

/* What the frames of a ranking say of their states. */
struct terms {
    double *means;    /* [states] of the scores; NaN where no frame is ranked */
    double *scores;   /* [states], to be filled in */
    size_t *n_ranked; /* [states] */
    struct range of_frames, of_means, of_visits;
};

static void clear_terms(struct terms *terms)
{
    free(terms->means);
    free(terms->scores);
    free(terms->n_ranked);
}

static enum ddmd_status gather_terms(const ddmd_strategy_view *view, const ddmd_ranking *ranking,
                                     struct terms *terms, ddmd_error *err)
{
    enum ddmd_status status = DDMD_OK;
    const struct range empty = {INFINITY, -INFINITY};
    size_t n = view->states->n;
    terms->of_frames = terms->of_means = terms->of_visits = empty;
    DDMD_TRY(ddmd_array_alloc(&terms->means, n, sizeof *terms->means, err));
    DDMD_TRY(ddmd_array_alloc(&terms->scores, n, sizeof *terms->scores, err));
    DDMD_TRY(ddmd_array_alloc(&terms->n_ranked, n, sizeof *terms->n_ranked, err));
    for (size_t i = 0; i < ranking->n; i++) {
        int32_t state = state_of(view, &ranking->items[i]);
        terms->means[state] += ranking->items[i].score;
        terms->n_ranked[state]++;
        extend(&terms->of_frames, ranking->items[i].score);
    }
    for (size_t s = 0; s < n; s++) {
        if (terms->n_ranked[s] == 0)
            continue;
        terms->means[s] /= (double)terms->n_ranked[s];
        extend(&terms->of_means, terms->means[s]);
        extend(&terms->of_visits, (double)view->states->visits[s]);
    }

out:
    return status;
}

static double ucb(const ddmd_strategy_view *view, const struct terms *terms, size_t state)
{
    double visits = (double)view->states->visits[state];
    double all = (double)view->candidates->n;
    return scaled(&terms->of_frames, terms->means[state]) +
           view->options->exploration * sqrt(2 * log(all) / visits);
}

static double fast(const ddmd_strategy_view *view, const struct terms *terms, size_t state)
{
    return scaled(&terms->of_means, terms->means[state]) +
           view->options->exploration *
               scaled(&terms->of_visits, (double)view->states->visits[state]);
}

static enum ddmd_status
rank_by(double (*worth)(const ddmd_strategy_view *view, const struct terms *terms, size_t state),
        const ddmd_strategy_view *view, ddmd_ranking *ranking, ddmd_error *err)
{
    enum ddmd_status status = DDMD_OK;
    struct terms terms = {0};
    if (ranking->n == 0)
        goto out;
    DDMD_TRY(gather_terms(view, ranking, &terms, err));
    for (size_t s = 0; s < view->states->n; s++) {
        if (terms.n_ranked[s] > 0)
            terms.scores[s] = -worth(view, &terms, s);
    }
    DDMD_TRY(ddmd_ranking_by_state(view, ranking, terms.scores, err));

out:
    clear_terms(&terms);
    return status;
}

enum ddmd_status ddmd_ranking_by_ucb(const ddmd_strategy_view *view, ddmd_ranking *ranking,
                                     ddmd_error *err)
{
    return rank_by(ucb, view, ranking, err);
}

enum ddmd_status ddmd_ranking_by_fast(const ddmd_strategy_view *view, ddmd_ranking *ranking,
                                      ddmd_error *err)
{
    return rank_by(fast, view, ranking, err);
}
