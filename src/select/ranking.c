#include "select/ranking.h"

#include "core/array.h"
#include "core/try.h"
#include "ddmd/random.h"
#include "select/clustering.h"

#include <stdlib.h>

static int by_score(const void *a, const void *b)
{
    const ddmd_ranked *x = a, *y = b;
    if (x->score != y->score)
        return x->score < y->score ? -1 : 1;
    return (x->index > y->index) - (x->index < y->index);
}

void ddmd_ranking_sort(ddmd_ranking *ranking)
{
    qsort(ranking->items, ranking->n, sizeof *ranking->items, by_score);
}

enum ddmd_status ddmd_ranking_by_rmsd(const ddmd_strategy_view *view, ddmd_ranking *ranking,
                                      ddmd_error *err)
{
    (void)err;
    size_t kept = 0;
    for (size_t i = 0; i < ranking->n; i++) {
        ddmd_ranked item = ranking->items[i];
        item.score = view->candidates->rmsd_nm[item.index];
        if (isfinite(item.score))
            ranking->items[kept++] = item;
    }
    ranking->n = kept;
    ddmd_ranking_sort(ranking);
    return DDMD_OK;
}

enum ddmd_status ddmd_ranking_by_lof(const ddmd_strategy_view *view, ddmd_ranking *ranking,
                                     ddmd_error *err)
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

enum ddmd_status ddmd_ranking_shuffle(const ddmd_strategy_view *view, ddmd_ranking *ranking,
                                      ddmd_error *err)
{
    uint32_t *indices = NULL;
    enum ddmd_status status = ddmd_array_alloc(&indices, ranking->n, sizeof *indices, err);
    if (status != DDMD_OK)
        return status;
    for (size_t i = 0; i < ranking->n; i++)
        indices[i] = ranking->items[i].index;
    ddmd_random random;
    ddmd_random_init(&random, view->options->seed, DDMD_RANDOM_SELECT, view->options->round, 0);
    ddmd_random_shuffle(&random, indices, ranking->n);
    for (size_t i = 0; i < ranking->n; i++)
        ranking->items[i].index = indices[i];
    free(indices);
    return DDMD_OK;
}
