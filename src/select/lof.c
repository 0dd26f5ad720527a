#include "ddmd/select.h"

#include "core/array.h"
#include "core/try.h"
#include "select/clustering.h"

#include <stdlib.h>

/* scikit-learn's, so that more than k duplicates have a density, too. */
static const double least_reach = 1e-10;

enum ddmd_status ddmd_lof_score(const ddmd_neighbor_index *index, size_t n_neighbors,
                                double *scores, ddmd_error *err)
{
    enum ddmd_status status = DDMD_OK;
    size_t n = index->n, k = n_neighbors < n - 1 ? n_neighbors : n - 1;
    ddmd_neighbor_lists lists = {0};
    double *density = NULL;

    if (n == 1) {
        scores[0] = 1;
        goto out;
    }
    DDMD_TRY(ddmd_array_alloc(&density, n, sizeof *density, err));
    DDMD_TRY(ddmd_neighbor_lists_find(index, k, &lists, err));
    for (size_t i = 0; i < n; i++) {
        double sum = 0;
        for (size_t m = i * k; m < (i + 1) * k; m++) {
            double kth = lists.squared[lists.indices[m] * k + k - 1];
            sum += sqrt(lists.squared[m] > kth ? lists.squared[m] : kth);
        }
        density[i] = 1 / (sum / (double)k + least_reach);
    }
    for (size_t i = 0; i < n; i++) {
        double sum = 0;
        for (size_t m = i * k; m < (i + 1) * k; m++)
            sum += density[lists.indices[m]] / density[i];
        scores[i] = sum / (double)k;
    }

out:
    ddmd_neighbor_lists_clear(&lists);
    free(density);
    return status;
}

enum ddmd_status ddmd_lof(const float *points, size_t n, size_t dim, size_t n_neighbors,
                          int threads, double *scores, ddmd_error *err)
{
    enum ddmd_status status = DDMD_OK;
    ddmd_neighbor_index *index = NULL;

    if (n_neighbors < 1)
        DDMD_FAIL(err, DDMD_INVALID, "lof: n_neighbors must be at least 1");
    if (n == 0)
        goto out;
    if (!scores)
        DDMD_FAIL(err, DDMD_INVALID, "lof: no room for the scores is given");
    DDMD_TRY(ddmd_neighbor_index_create(points, n, dim, threads, &index, err));
    DDMD_TRY(ddmd_lof_score(index, n_neighbors, scores, err));

out:
    ddmd_neighbor_index_destroy(&index);
    return status;
}
