#include "ddmd/select.h"

#include "core/array.h"
#include "core/try.h"
#include "select/clustering.h"

#include <stdlib.h>

/* scikit-learn's, so that more than k duplicates have a density, too. */
static const double least_reach = 1e-10;

static double mean_reach(const ddmd_neighbor_index *index, const ddmd_neighbor_lists *lists,
                         uint32_t point)
{
    double sum = 0;
    size_t row = point * lists->width;
    for (size_t m = 0, left = lists->k; left > 0; m++) {
        uint32_t other = lists->indices[row + m];
        double squared = lists->squared[row + m], kth = lists->furthest[other];
        double reach = sqrt(squared > kth ? squared : kth);
        size_t copies = ddmd_neighbor_others(index, point, other);
        for (copies = copies < left ? copies : left; copies > 0; copies--, left--)
            sum += reach;
    }
    return sum / (double)lists->k;
}

static double mean_ratio(const ddmd_neighbor_index *index, const ddmd_neighbor_lists *lists,
                         const double *density, uint32_t point)
{
    double sum = 0;
    size_t row = point * lists->width;
    for (size_t m = 0, left = lists->k; left > 0; m++) {
        uint32_t other = lists->indices[row + m];
        double ratio = density[other] / density[point];
        size_t copies = ddmd_neighbor_others(index, point, other);
        for (copies = copies < left ? copies : left; copies > 0; copies--, left--)
            sum += ratio;
    }
    return sum / (double)lists->k;
}

enum ddmd_status ddmd_lof_score(const ddmd_neighbor_index *index, size_t n_neighbors,
                                double *scores, ddmd_error *err)
{
    enum ddmd_status status = DDMD_OK;
    size_t n = index->n;
    size_t k = n_neighbors < index->total - 1 ? n_neighbors : (size_t)(index->total - 1);
    ddmd_neighbor_lists lists = {0};
    double *density = NULL;

    if (k == 0) {
        scores[0] = 1;
        goto out;
    }
    DDMD_TRY(ddmd_array_alloc(&density, n, sizeof *density, err));
    DDMD_TRY(ddmd_neighbor_lists_find(index, k, &lists, err));
    for (uint32_t i = 0; i < n; i++)
        density[i] = 1 / (mean_reach(index, &lists, i) + least_reach);
    for (uint32_t i = 0; i < n; i++)
        scores[i] = mean_ratio(index, &lists, density, i);

out:
    ddmd_neighbor_lists_clear(&lists);
    free(density);
    return status;
}

enum ddmd_status ddmd_lof(const float *points, size_t n, size_t dim, const uint32_t *counts,
                          size_t n_neighbors, int threads, double *scores, ddmd_error *err)
{
    enum ddmd_status status = DDMD_OK;
    ddmd_neighbor_index *index = NULL;

    if (n_neighbors < 1)
        DDMD_FAIL(err, DDMD_INVALID, "lof: n_neighbors must be at least 1");
    if (n == 0)
        goto out;
    if (!scores)
        DDMD_FAIL(err, DDMD_INVALID, "lof: no room for the scores is given");
    DDMD_TRY(ddmd_neighbor_index_create(points, n, dim, counts, threads, &index, err));
    DDMD_TRY(ddmd_lof_score(index, n_neighbors, scores, err));

out:
    ddmd_neighbor_index_destroy(&index);
    return status;
}
