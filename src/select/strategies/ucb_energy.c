/*
 * AdaptiveBandit with what a window knows: a frame is worth the free energies, with the sign
 * turned, of the states that its simulation was in from then on.
 */
#include "select/ranking.h"
#include "select/state_ranking.h"

#include "core/array.h"
#include "core/try.h"

#include <math.h>
#include <stdlib.h>

struct frame {
    uint32_t simulation, index;
};

static int by_simulation(const void *a, const void *b)
{
    const struct frame *x = a, *y = b;
    if (x->simulation != y->simulation)
        return x->simulation < y->simulation ? -1 : 1;
    return (x->index > y->index) - (x->index < y->index);
}

/* Free energy of a frame's state in units of kT, from its share of the window. */
static double free_energy(const ddmd_strategy_view *view, uint32_t frame)
{
    int32_t state = view->states->of_point[ddmd_frame_point(view->points, frame)];
    return -log((double)view->states->visits[state] / (double)view->candidates->n);
}

/* energies: [frames], the mean from each frame to the end of its simulation in the window. */
static void average_onward(const ddmd_strategy_view *view, const struct frame *frames,
                           double *energies)
{
    double sum = 0;
    size_t n = view->candidates->n, counted = 0;
    for (size_t i = n; i-- > 0;) {
        if (i + 1 == n || frames[i].simulation != frames[i + 1].simulation) {
            sum = 0;
            counted = 0;
        }
        sum += free_energy(view, frames[i].index);
        energies[frames[i].index] = sum / (double)++counted;
    }
}

static enum ddmd_status rank(const ddmd_strategy_view *view, ddmd_ranking *ranking, ddmd_error *err)
{
    enum ddmd_status status = DDMD_OK;
    struct frame *frames = NULL;
    double *energies = NULL;
    size_t n = view->candidates->n;
    DDMD_TRY(ddmd_array_alloc(&frames, n, sizeof *frames, err));
    DDMD_TRY(ddmd_array_alloc(&energies, n, sizeof *energies, err));
    for (uint32_t i = 0; i < n; i++)
        frames[i] = (struct frame){
            .simulation = view->candidates->simulation ? view->candidates->simulation[i] : i,
            .index = i};
    qsort(frames, n, sizeof *frames, by_simulation);
    average_onward(view, frames, energies);
    DDMD_TRY(ddmd_ranking_shuffle(view, ranking, err));
    for (size_t i = 0; i < ranking->n; i++)
        ranking->items[i].score = energies[ranking->items[i].index];
    DDMD_TRY(ddmd_ranking_by_ucb(view, ranking, err));

out:
    free(frames);
    free(energies);
    return status;
}

const ddmd_strategy_ops ddmd_strategy_ucb_energy = {
    .api_version = DDMD_STRATEGY_API_VERSION,
    .name = "ucb+energy",
    .summary = "states of the embedding by upper confidence bound of low free energy",
    .needs = DDMD_STRATEGY_EMBEDDING | DDMD_STRATEGY_RESTARTS,
    .from_states = true,
    .rank = rank,
};
