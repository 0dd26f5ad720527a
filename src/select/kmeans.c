/* k-means: arguments, where it begins, and which of the two algorithms goes on from there. */
#include "select/kmeans.h"

#include "core/array.h"
#include "core/parallel.h"
#include "core/try.h"
#include "select/neighbor_index.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static enum ddmd_status check_options(const ddmd_kmeans_options *options, ddmd_error *err)
{
    enum ddmd_status status = DDMD_OK;
    if (!options)
        DDMD_FAIL(err, DDMD_INVALID, "k-means: no options are given");
    if (options->n_clusters < 1 || options->n_clusters > INT32_MAX)
        DDMD_FAIL(err, DDMD_INVALID, "k-means: n_clusters must be from 1 to %d, not %zu", INT32_MAX,
                  options->n_clusters);
    if (options->max_iterations < 1)
        DDMD_FAIL(err, DDMD_INVALID, "k-means: max_iterations must be at least 1");

out:
    return status;
}

static enum ddmd_status check(const ddmd_kmeans_data *data, const ddmd_kmeans_options *options,
                              ddmd_error *err)
{
    enum ddmd_status status = DDMD_OK;
    DDMD_TRY(ddmd_points_check(data->points, data->n, data->dim, err));
    for (size_t i = 0; data->counts && i < data->n; i++) {
        if (data->counts[i] < 1)
            DDMD_FAIL(err, DDMD_INVALID, "k-means: the count of point %zu is 0", i);
    }
    for (size_t i = 0; options->initial && i < options->n_clusters * data->dim; i++) {
        if (!isfinite(options->initial[i]))
            DDMD_FAIL(err, DDMD_NUMERIC,
                      "k-means: a coordinate of initial centre %zu is not finite", i / data->dim);
    }

out:
    return status;
}

/* The centres to begin with. */
static enum ddmd_status begin(const ddmd_kmeans_data *data, const ddmd_kmeans_options *options,
                              const ddmd_frame_lottery *lottery, size_t *k, double *centers,
                              ddmd_error *err)
{
    if (options->initial) {
        memcpy(centers, options->initial, *k * data->dim * sizeof *centers);
        return DDMD_OK;
    }
    if (options->batch_size > 0)
        return ddmd_kmeans_seed_sample(data, lottery, options, k, centers, err);
    return ddmd_kmeans_seed(data, options, k, centers, err);
}

/* Label all points with centres that mini-batches have left. */
static enum ddmd_status label_all(const ddmd_kmeans_data *data, ddmd_nearest_center *finder,
                                  const double *centers, int32_t *labels, double *inertia,
                                  ddmd_error *err)
{
    double *squared = NULL;
    enum ddmd_status status = ddmd_array_alloc(&squared, data->n, sizeof *squared, err);
    if (status != DDMD_OK)
        return status;
    ddmd_nearest_center_put(finder, centers);
    ddmd_nearest_center_label(finder, data, NULL, data->n, labels, squared);
    *inertia = 0;
    for (size_t i = 0; i < data->n; i++)
        *inertia += ddmd_kmeans_weight(data, i) * squared[i];
    free(squared);
    return DDMD_OK;
}

static enum ddmd_status cluster(const ddmd_kmeans_data *data, const ddmd_kmeans_options *options,
                                double *centers, int32_t *labels, ddmd_kmeans_result *result,
                                ddmd_error *err)
{
    enum ddmd_status status = DDMD_OK;
    ddmd_frame_lottery lottery = {0};
    ddmd_nearest_center finder = {0};
    size_t k = options->n_clusters;
    if (options->batch_size > 0)
        DDMD_TRY(ddmd_frame_lottery_create(data, &lottery, err));
    DDMD_TRY(begin(data, options, &lottery, &k, centers, err));
    DDMD_TRY(ddmd_nearest_center_create(k, data->dim, &finder, err));
    if (options->batch_size == 0) {
        DDMD_TRY(ddmd_kmeans_lloyd(data, options->max_iterations, &finder, centers, labels, result,
                                   err));
        goto out;
    }
    double inertia;
    DDMD_TRY(ddmd_kmeans_batches(data, &lottery, options, &finder, centers, err));
    DDMD_TRY(label_all(data, &finder, centers, labels, &inertia, err));
    *result = (ddmd_kmeans_result){
        .n_clusters = k, .iterations = options->max_iterations, .inertia = inertia};

out:
    ddmd_frame_lottery_clear(&lottery);
    ddmd_nearest_center_clear(&finder);
    return status;
}

enum ddmd_status ddmd_kmeans(const float *points, size_t n, size_t dim, const uint32_t *counts,
                             const ddmd_kmeans_options *options, double *centers, int32_t *labels,
                             ddmd_kmeans_result *result, ddmd_error *err)
{
    enum ddmd_status status = DDMD_OK;
    double *moving = NULL;
    int32_t *found = NULL;
    ddmd_kmeans_result done = {0};
    const ddmd_kmeans_data data = {.points = points,
                                   .n = n,
                                   .dim = dim,
                                   .counts = counts,
                                   .threads =
                                       options ? ddmd_parallel_threads(options->threads) : 1};

    DDMD_TRY(check_options(options, err));
    if (n > 0) {
        if (!labels)
            DDMD_FAIL(err, DDMD_INVALID, "k-means: no room for the labels is given");
        DDMD_TRY(check(&data, options, err));
        DDMD_TRY(ddmd_array_alloc(&found, n, sizeof *found, err));
        DDMD_TRY(ddmd_array_alloc(&moving, options->n_clusters, dim * sizeof *moving, err));
        DDMD_TRY(cluster(&data, options, moving, found, &done, err));
        memcpy(labels, found, n * sizeof *labels);
        if (centers)
            memcpy(centers, moving, done.n_clusters * dim * sizeof *centers);
    }
    if (result)
        *result = done;

out:
    free(moving);
    free(found);
    return status;
}
