#include "select/ranking.h"
#include "select/state_ranking.h"

#include "core/array.h"
#include "core/try.h"

#include <stdlib.h>

static enum ddmd_status rank(const ddmd_strategy_view *view, ddmd_ranking *ranking, ddmd_error *err)
{
    enum ddmd_status status = DDMD_OK;
    double *scores = NULL;
    DDMD_TRY(ddmd_array_alloc(&scores, view->states->n, sizeof *scores, err));
    for (size_t s = 0; s < view->states->n; s++)
        scores[s] = (double)view->states->visits[s];
    DDMD_TRY(ddmd_ranking_shuffle(view, ranking, err));
    DDMD_TRY(ddmd_ranking_by_state(view, ranking, scores, err));

out:
    free(scores);
    return status;
}

const ddmd_strategy_ops ddmd_strategy_least_counts = {
    .api_version = DDMD_STRATEGY_API_VERSION,
    .name = "least-counts",
    .summary = "states of the embedding, the least visited first",
    .needs = DDMD_STRATEGY_EMBEDDING | DDMD_STRATEGY_RESTARTS,
    .from_states = true,
    .rank = rank,
};
