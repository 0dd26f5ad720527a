/* The eps that leaves a wanted number of outliers; the mathematics stands in ddmd/select.h. */
#include "ddmd/select.h"

#include "core/array.h"
#include "core/try.h"
#include "select/clustering.h"

#include <stdlib.h>
#include <string.h>

/* The least eps with eps * eps >= squared: what DBSCAN's comparison makes of a distance. */
static double least_eps(double squared)
{
    double eps = sqrt(squared);
    while (eps * eps < squared)
        eps = nextafter(eps, INFINITY);
    double below = nextafter(eps, 0);
    while (eps > 0 && below * below >= squared) {
        eps = below;
        below = nextafter(eps, 0);
    }
    return eps;
}

/* The least eps at which a point is no longer noise. */
struct threshold {
    double eps;
    uint32_t count;
};

static int ascending(const void *a, const void *b)
{
    double x = ((const struct threshold *)a)->eps, y = ((const struct threshold *)b)->eps;
    return (x > y) - (x < y);
}

/*
 * core[i]: squared distance to the min_samples-th nearest, itself included; thresholds[i]: that of
 * point i. Infinite where there are too few points. A point j that is not among the min_samples - 1
 * nearest others of i is no nearer than core[i] and cannot lower t(i).
 */
static enum ddmd_status find_thresholds(const ddmd_neighbor_index *index, size_t min_samples,
                                        double *core, struct threshold *thresholds, ddmd_error *err)
{
    enum ddmd_status status = DDMD_OK;
    ddmd_neighbor_lists lists = {0};
    size_t n = index->n, k = min_samples - 1;

    for (uint32_t i = 0; i < n; i++) {
        core[i] = INFINITY;
        thresholds[i] = (struct threshold){INFINITY, ddmd_index_count(index, i)};
    }
    if (k >= index->total)
        goto out;
    DDMD_TRY(ddmd_neighbor_lists_find(index, k, &lists, err));
    memcpy(core, lists.furthest, n * sizeof *core);
    for (uint32_t i = 0; i < n; i++) {
        double least = core[i];
        size_t row = i * lists.width;
        for (size_t m = 0, met = 0; met < k; m++) {
            uint32_t other = lists.indices[row + m];
            double reach =
                core[other] > lists.squared[row + m] ? core[other] : lists.squared[row + m];
            least = reach < least ? reach : least;
            met += ddmd_neighbor_others(index, i, other);
        }
        thresholds[i].eps = least_eps(least);
    }

out:
    ddmd_neighbor_lists_clear(&lists);
    return status;
}

static size_t apart(size_t a, size_t b)
{
    return a > b ? a - b : b - a;
}

/* The eps to take, where n sorted thresholds tell how many outliers each leaves of `total`. */
static double choose_eps(const struct threshold *thresholds, size_t n, size_t total, size_t least,
                         size_t most)
{
    double chosen = 0;
    size_t best_miss = SIZE_MAX, best_off = SIZE_MAX, outliers = total;
    least = least < total ? least : total;
    most = most < total ? most : total;
    for (size_t quiet = 0; quiet <= n; quiet++) { /* points that are no outliers */
        double low = quiet > 0 ? thresholds[quiet - 1].eps : 0;
        double high = quiet < n ? thresholds[quiet].eps : INFINITY;
        outliers -= quiet > 0 ? thresholds[quiet - 1].count : 0;
        if (!(low < high))
            continue;
        size_t miss = outliers < least ? least - outliers : outliers > most ? outliers - most : 0;
        size_t off = apart(outliers * 2, least + most);
        if (miss > best_miss || (miss == best_miss && off > best_off))
            continue;
        best_miss = miss;
        best_off = off;
        double middle = low + (high - low) / 2;
        chosen = middle < high ? middle : low;
    }
    return chosen;
}

enum ddmd_status ddmd_outliers_label(const ddmd_neighbor_index *index,
                                     const ddmd_outlier_search *search, int32_t *labels,
                                     ddmd_outlier_result *result, ddmd_error *err)
{
    enum ddmd_status status = DDMD_OK;
    ddmd_outlier_result found = {0};
    size_t n = index->n;
    double *core_distances = NULL;
    struct threshold *thresholds = NULL;
    bool *core = NULL;

    DDMD_TRY(ddmd_array_alloc(&core_distances, n, sizeof *core_distances, err));
    DDMD_TRY(ddmd_array_alloc(&thresholds, n, sizeof *thresholds, err));
    DDMD_TRY(ddmd_array_alloc(&core, n, sizeof *core, err));
    DDMD_TRY(find_thresholds(index, search->min_samples, core_distances, thresholds, err));
    qsort(thresholds, n, sizeof *thresholds, ascending);
    found.eps = choose_eps(thresholds, n, index->total, search->min_outliers, search->max_outliers);

    for (size_t i = 0; i < n; i++)
        core[i] = core_distances[i] <= found.eps * found.eps;
    DDMD_TRY(ddmd_clustering_label(index, found.eps, core, labels, &found.n_clusters, err));
    for (uint32_t i = 0; i < n; i++)
        found.n_outliers += labels[i] < 0 ? ddmd_index_count(index, i) : 0;
    found.in_range =
        found.n_outliers >= search->min_outliers && found.n_outliers <= search->max_outliers;
    *result = found;

out:
    free(core_distances);
    free(thresholds);
    free(core);
    return status;
}

enum ddmd_status ddmd_find_outliers(const float *points, size_t n, size_t dim,
                                    const uint32_t *counts, const ddmd_outlier_search *search,
                                    int32_t *labels, ddmd_outlier_result *result, ddmd_error *err)
{
    enum ddmd_status status = DDMD_OK;
    ddmd_neighbor_index *index = NULL;

    if (!search || !result || (n > 0 && !labels))
        DDMD_FAIL(err, DDMD_INVALID, "outliers: an argument is missing");
    if (search->min_samples < 1)
        DDMD_FAIL(err, DDMD_INVALID, "outliers: min_samples must be at least 1");
    if (search->min_outliers > search->max_outliers)
        DDMD_FAIL(err, DDMD_INVALID, "outliers: min_outliers %zu is above max_outliers %zu",
                  search->min_outliers, search->max_outliers);
    if (n == 0) {
        *result = (ddmd_outlier_result){.in_range = search->min_outliers == 0};
        goto out;
    }
    DDMD_TRY(ddmd_neighbor_index_create(points, n, dim, counts, search->threads, &index, err));
    DDMD_TRY(ddmd_outliers_label(index, search, labels, result, err));

out:
    ddmd_neighbor_index_destroy(&index);
    return status;
}
