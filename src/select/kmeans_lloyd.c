/*
 * Lloyd's algorithm: centres become the means of the points that are nearest to them, until no
 * point changes its centre.
 *
 * A mean is summed by one thread over the members in the order of their indices, so that it is that
 * of a plain loop over all points, bit for bit.
 */
#include "select/kmeans.h"

#include "core/array.h"
#include "core/parallel.h"
#include "core/try.h"

#include <stdlib.h>
#include <string.h>

struct lloyd {
    const ddmd_kmeans_data *data;
    size_t k;
    double *centers;   /* [k][dim] */
    int32_t *labels;   /* [n] */
    double *squared;   /* [n] */
    size_t *begins;    /* [k + 1] of each centre's members */
    uint32_t *members; /* [n] by centre, then by index */
};

/* Sort the points by label. */
static void gather_members(struct lloyd *l)
{
    size_t n = l->data->n;
    memset(l->begins, 0, (l->k + 1) * sizeof *l->begins);
    for (size_t i = 0; i < n; i++)
        l->begins[l->labels[i]]++;
    size_t begin = 0;
    for (size_t c = 0; c <= l->k; c++) {
        begin += l->begins[c];
        l->begins[c] = begin;
    }
    /* each begin is an end now, and comes down as the members are put in from the last */
    for (size_t i = n; i-- > 0;)
        l->members[--l->begins[l->labels[i]]] = (uint32_t)i;
}

static void move_some(void *user, size_t begin, size_t end, int worker)
{
    (void)worker;
    struct lloyd *l = user;
    size_t dim = l->data->dim;
    for (size_t c = begin; c < end; c++) {
        double *center = l->centers + c * dim, total = 0;
        if (l->begins[c] == l->begins[c + 1])
            continue;
        memset(center, 0, dim * sizeof *center);
        for (size_t m = l->begins[c]; m < l->begins[c + 1]; m++) {
            const float *point = l->data->points + l->members[m] * dim;
            double weight = ddmd_kmeans_weight(l->data, l->members[m]);
            total += weight;
            for (size_t d = 0; d < dim; d++)
                center[d] += weight * (double)point[d];
        }
        for (size_t d = 0; d < dim; d++)
            center[d] /= total;
    }
}

/* The point furthest from its centre that does not leave it alone; false: all are at theirs. */
static bool find_furthest(const struct lloyd *l, size_t *furthest)
{
    double most = 0;
    for (size_t i = 0; i < l->data->n; i++) {
        size_t c = (size_t)l->labels[i];
        if (l->squared[i] > most && l->begins[c + 1] - l->begins[c] > 1) {
            most = l->squared[i];
            *furthest = i;
        }
    }
    return most > 0;
}

/* A centre without members takes over the point that is served worst. */
static void fill_empty(struct lloyd *l)
{
    for (size_t c = 0; c < l->k; c++) {
        size_t point = 0;
        if (l->begins[c] != l->begins[c + 1])
            continue;
        if (!find_furthest(l, &point))
            return;
        l->labels[point] = (int32_t)c;
        l->squared[point] = 0;
        gather_members(l);
    }
}

static enum ddmd_status allocate(struct lloyd *l, ddmd_error *err)
{
    enum ddmd_status status = DDMD_OK;
    DDMD_TRY(ddmd_array_alloc(&l->squared, l->data->n, sizeof *l->squared, err));
    DDMD_TRY(ddmd_array_alloc(&l->begins, l->k + 1, sizeof *l->begins, err));
    DDMD_TRY(ddmd_array_alloc(&l->members, l->data->n, sizeof *l->members, err));

out:
    return status;
}

enum ddmd_status ddmd_kmeans_lloyd(const ddmd_kmeans_data *data, size_t max_iterations,
                                   ddmd_nearest_center *finder, double *centers, int32_t *labels,
                                   ddmd_kmeans_result *result, ddmd_error *err)
{
    enum ddmd_status status = DDMD_OK;
    struct lloyd l = {.data = data, .k = finder->n, .centers = centers, .labels = labels};
    DDMD_TRY(allocate(&l, err));
    ddmd_nearest_center_put(finder, centers);
    ddmd_nearest_center_label(finder, data, NULL, data->n, labels, l.squared);
    bool changed = true;
    size_t iterations = 0;
    while (changed && iterations < max_iterations) {
        gather_members(&l);
        fill_empty(&l);
        ddmd_parallel_for(l.k, 1, data->threads, move_some, &l);
        ddmd_nearest_center_put(finder, centers);
        changed = ddmd_nearest_center_label(finder, data, NULL, data->n, labels, l.squared);
        iterations++;
    }
    double inertia = 0;
    for (size_t i = 0; i < data->n; i++)
        inertia += ddmd_kmeans_weight(data, i) * l.squared[i];
    *result = (ddmd_kmeans_result){
        .n_clusters = l.k, .iterations = iterations, .converged = !changed, .inertia = inertia};

out:
    free(l.squared);
    free(l.begins);
    free(l.members);
    return status;
}
