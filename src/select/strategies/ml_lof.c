#include "select/ranking.h"

#include "core/array.h"
#include "core/try.h"
#include "select/clustering.h"

#include <stdlib.h>

static enum ddmd_status rank(const ddmd_strategy_view *view, ddmd_ranking *ranking, ddmd_error *err)
{
    enum ddmd_status status = DDMD_OK;
    double *scores = NULL;

    if (view->options->lof_neighbors < 1)
        DDMD_FAIL(err, DDMD_INVALID, "lof_neighbors must be at least 1");
    DDMD_TRY(ddmd_array_alloc(&scores, view->points->n, sizeof *scores, err));
    DDMD_TRY(ddmd_lof_score(view->index, view->options->lof_neighbors, scores, err));
    for (size_t i = 0; i < ranking->n; i++) {
        ddmd_ranked *item = &ranking->items[i];
        item->lof = scores[ddmd_frame_point(view->points, item->index)];
        item->score = -item->lof;
    }
    ddmd_ranking_sort(ranking);

out:
    free(scores);
    return status;
}

const ddmd_strategy_ops ddmd_strategy_ml_lof = {
    .api_version = DDMD_STRATEGY_API_VERSION,
    .name = "ml+lof",
    .summary = "outliers of the embedding, largest local outlier factor first",
    .needs = DDMD_STRATEGY_EMBEDDING | DDMD_STRATEGY_RESTARTS,
    .from_outliers = true,
    .rank = rank,
};
