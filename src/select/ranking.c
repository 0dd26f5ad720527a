#include "select/ranking.h"

#include "core/array.h"
#include "ddmd/random.h"

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
