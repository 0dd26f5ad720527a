/*
 * Mini-batch k-means (Sculley, WWW 2010, algorithm 1): each point of a batch pulls its centre
 * towards itself, by 1 / (points that the centre has seen), so that a centre is the mean of all
 * that it was ever given.
 */
#include "select/kmeans.h"

#include "core/array.h"
#include "core/try.h"
#include "ddmd/random.h"

#include <stdlib.h>
#include <string.h>

enum ddmd_status ddmd_frame_lottery_create(const ddmd_kmeans_data *data,
                                           ddmd_frame_lottery *lottery, ddmd_error *err)
{
    enum ddmd_status status = DDMD_OK;
    ddmd_frame_lottery l = {.n_frames = data->n, .n_points = data->n};
    if (data->counts) {
        DDMD_TRY(ddmd_array_alloc(&l.ends, data->n, sizeof *l.ends, err));
        l.n_frames = 0;
        for (size_t i = 0; i < data->n; i++)
            l.ends[i] = l.n_frames += data->counts[i];
    }
    *lottery = l;

out:
    return status;
}

void ddmd_frame_lottery_clear(ddmd_frame_lottery *lottery)
{
    free(lottery->ends);
    *lottery = (ddmd_frame_lottery){0};
}

/* The point that a frame is a copy of. */
static uint32_t point_of(const ddmd_frame_lottery *lottery, uint64_t frame)
{
    if (!lottery->ends)
        return (uint32_t)frame;
    size_t low = 0, high = lottery->n_points - 1;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (lottery->ends[middle] > frame)
            high = middle;
        else
            low = middle + 1;
    }
    return (uint32_t)low;
}

void ddmd_frame_lottery_draw(const ddmd_frame_lottery *lottery, const ddmd_kmeans_options *options,
                             uint64_t step, uint32_t *which, size_t n)
{
    ddmd_random random;
    ddmd_random_init(&random, options->seed, DDMD_RANDOM_CLUSTER, options->round, step);
    for (size_t i = 0; i < n; i++) {
        uint64_t frame = (uint64_t)(ddmd_random_uniform(&random) * (double)lottery->n_frames);
        which[i] = point_of(lottery, frame < lottery->n_frames ? frame : lottery->n_frames - 1);
    }
}

enum ddmd_status ddmd_kmeans_seed_sample(const ddmd_kmeans_data *data,
                                         const ddmd_frame_lottery *lottery,
                                         const ddmd_kmeans_options *options, size_t *n_centers,
                                         double *centers, ddmd_error *err)
{
    enum { A_CENTER = 3 }; /* frames of the sample for each centre, as many batches */
    enum ddmd_status status = DDMD_OK;
    uint32_t *which = NULL;
    float *points = NULL;
    size_t dim = data->dim;
    size_t n = options->batch_size > *n_centers ? options->batch_size : *n_centers;
    if (n >= data->n / A_CENTER)
        return ddmd_kmeans_seed(data, options, n_centers, centers, err);
    n *= A_CENTER;
    DDMD_TRY(ddmd_array_alloc(&which, n, sizeof *which, err));
    DDMD_TRY(ddmd_array_alloc(&points, n, dim * sizeof *points, err));
    ddmd_frame_lottery_draw(lottery, options, 1, which, n);
    for (size_t i = 0; i < n; i++)
        memcpy(points + i * dim, data->points + which[i] * dim, dim * sizeof *points);
    const ddmd_kmeans_data sample = {
        .points = points, .n = n, .dim = dim, .threads = data->threads};
    DDMD_TRY(ddmd_kmeans_seed(&sample, options, n_centers, centers, err));

out:
    free(which);
    free(points);
    return status;
}

enum ddmd_status ddmd_kmeans_batches(const ddmd_kmeans_data *data,
                                     const ddmd_frame_lottery *lottery,
                                     const ddmd_kmeans_options *options,
                                     ddmd_nearest_center *finder, double *centers, ddmd_error *err)
{
    enum { FIRST_BATCH = 2 }; /* random steps before it: k-means++, and its sample */
    enum ddmd_status status = DDMD_OK;
    size_t n = options->batch_size, dim = data->dim;
    uint32_t *which = NULL;
    int32_t *labels = NULL;
    double *squared = NULL;
    uint64_t *seen = NULL;
    DDMD_TRY(ddmd_array_alloc(&which, n, sizeof *which, err));
    DDMD_TRY(ddmd_array_alloc(&labels, n, sizeof *labels, err));
    DDMD_TRY(ddmd_array_alloc(&squared, n, sizeof *squared, err));
    DDMD_TRY(ddmd_array_alloc(&seen, finder->n, sizeof *seen, err));
    for (size_t batch = 0; batch < options->max_iterations; batch++) {
        ddmd_frame_lottery_draw(lottery, options, FIRST_BATCH + batch, which, n);
        ddmd_nearest_center_put(finder, centers);
        ddmd_nearest_center_label(finder, data, which, n, labels, squared);
        for (size_t i = 0; i < n; i++) {
            const float *point = data->points + which[i] * dim;
            double *center = centers + (size_t)labels[i] * dim;
            double rate = 1 / (double)++seen[labels[i]];
            for (size_t d = 0; d < dim; d++)
                center[d] = (1 - rate) * center[d] + rate * (double)point[d];
        }
    }

out:
    free(which);
    free(labels);
    free(squared);
    free(seen);
    return status;
}
