/* The steps of k-means (ddmd/select.h). */
#ifndef DDMD_SELECT_KMEANS_H
#define DDMD_SELECT_KMEANS_H

#include "ddmd/select.h"

/* What is clustered; a loan. */
typedef struct ddmd_kmeans_data {
    const float *points; /* [n][dim], finite */
    size_t n, dim;
    const uint32_t *counts; /* [n]; NULL: one each */
    int threads;            /* >= 1 */
} ddmd_kmeans_data;

static inline double ddmd_kmeans_weight(const ddmd_kmeans_data *data, size_t point)
{
    return data->counts ? (double)data->counts[point] : 1;
}

/* The search for the nearest centre, compiled for several instruction sets; the same bits on all.
 */
typedef struct ddmd_center_kernel {
    const char *name;
    bool (*usable)(void); /* on this machine */

    /*
     * The centre nearest to point[dim], of ties the lowest; *squared: their distance, in float64,
     * summed in the order of the dimensions.
     */
    uint32_t (*find)(const double *blocks, size_t n_blocks, size_t dim, const float *point,
                     double *squared);
} ddmd_center_kernel;

/* All that were compiled in, the fastest last; n is their number. */
const ddmd_center_kernel *ddmd_center_kernels(size_t *n);

typedef struct ddmd_nearest_center {
    const ddmd_center_kernel *kernel; /* the fastest that is usable here */
    size_t n, dim, n_blocks;
    double *blocks; /* [n_blocks][dim][DDMD_CENTER_LANES], aligned; missing centres are infinite */
} ddmd_nearest_center;

enum { DDMD_CENTER_LANES = 16 };

enum ddmd_status ddmd_nearest_center_create(size_t n, size_t dim, ddmd_nearest_center *finder,
                                            ddmd_error *err);
void ddmd_nearest_center_clear(ddmd_nearest_center *finder);

/* centers: [finder->n][dim] */
void ddmd_nearest_center_put(ddmd_nearest_center *finder, const double *centers);

/*
 * Label points with their nearest centres. which: [n] their indices, NULL: the first n. labels,
 * squared: [n], the second the squared distance to the centre. Returns whether a label changed.
 */
bool ddmd_nearest_center_label(const ddmd_nearest_center *finder, const ddmd_kmeans_data *data,
                               const uint32_t *which, size_t n, int32_t *labels, double *squared);

/*
 * k-means++: *n_centers on entry how many are wanted, on return how many there are, at least one;
 * fewer where there are fewer distinct points. centers: [*n_centers][dim].
 */
enum ddmd_status ddmd_kmeans_seed(const ddmd_kmeans_data *data, const ddmd_kmeans_options *options,
                                  size_t *n_centers, double *centers, ddmd_error *err);

/* Lloyd's algorithm from centers ([finder->n][dim]), which move; fills all of result. */
enum ddmd_status ddmd_kmeans_lloyd(const ddmd_kmeans_data *data, size_t max_iterations,
                                   ddmd_nearest_center *finder, double *centers, int32_t *labels,
                                   ddmd_kmeans_result *result, ddmd_error *err);

/* Random frames: each copy of a point is equally likely. */
typedef struct ddmd_frame_lottery {
    uint64_t n_frames;
    uint64_t *ends; /* [n_points] copies up to and with each point; NULL: one each */
    size_t n_points;
} ddmd_frame_lottery;

enum ddmd_status ddmd_frame_lottery_create(const ddmd_kmeans_data *data,
                                           ddmd_frame_lottery *lottery, ddmd_error *err);
void ddmd_frame_lottery_clear(ddmd_frame_lottery *lottery);

/* which: [n] points, drawn with replacement; `step` keeps drawings apart. */
void ddmd_frame_lottery_draw(const ddmd_frame_lottery *lottery, const ddmd_kmeans_options *options,
                             uint64_t step, uint32_t *which, size_t n);

/* k-means++ on a sample of the frames that is large enough for mini-batches to begin with. */
enum ddmd_status ddmd_kmeans_seed_sample(const ddmd_kmeans_data *data,
                                         const ddmd_frame_lottery *lottery,
                                         const ddmd_kmeans_options *options, size_t *n_centers,
                                         double *centers, ddmd_error *err);

/* Mini-batches from centers, which move. */
enum ddmd_status ddmd_kmeans_batches(const ddmd_kmeans_data *data,
                                     const ddmd_frame_lottery *lottery,
                                     const ddmd_kmeans_options *options,
                                     ddmd_nearest_center *finder, double *centers, ddmd_error *err);

#endif
