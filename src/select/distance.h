/*
 * Distance filters in float32, in vectors, compiled for several instruction sets.
 *
 * A filter never decides: it names the candidates whose squared distance may be within a limit, and
 * the exact float64 distance of each is computed by ddmd_distance2(). For points in float32 the
 * difference of two coordinates is rounded once, so that a sum of d squares is off by at most about
 * (d + 2) units in the last place; ddmd_distance_limit() adds that to the limit. What passes a
 * filter is therefore a superset, and results are the same on every instruction set.
 */
#ifndef DDMD_SELECT_DISTANCE_H
#define DDMD_SELECT_DISTANCE_H

#include <float.h>
#include <math.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    DDMD_BLOCK = 32, /* points in a block, [dim][DDMD_BLOCK]; one bit each in a mask */
    DDMD_LANES = 16  /* floats in a vector; boxes tested at once */
};

/* Blocks and boxes are aligned to 64 bytes; bits of masks are lanes. */
typedef struct ddmd_distance_kernel {
    const char *name;
    bool (*usable)(void); /* on this machine */

    /* Which points of a block are within the limit of query[dim]. */
    uint32_t (*within)(const float *block, const float *query, size_t dim, float limit);

    /*
     * For each of `queries`, bits that name points[DDMD_BLOCK][dim], the points of a block within
     * its limit, and the squared distances of all [DDMD_BLOCK][DDMD_BLOCK], by query and lane, both
     * left as they are for other queries. Returns for which there are any.
     */
    uint32_t (*measure)(const float *block, const float *points, uint32_t queries, size_t dim,
                        const float *limits, uint32_t *hits, float *squared);

    /* Which points of a block are within limits of their own of box[low, high][dim]. */
    uint32_t (*near_box)(const float *block, const float *box, size_t dim,
                         const float limits[DDMD_BLOCK]);

    /*
     * Squared distances of a box, low[dim] to high[dim], to boxes[dim][low, high][DDMD_LANES]. A
     * point is a box whose low is its high.
     */
    void (*to_boxes)(const float *boxes, const float *low, const float *high, size_t dim,
                     float squared[DDMD_LANES]);

    /*
     * The sum of the copies of those of n values that are within the limit. There is memory for
     * DDMD_LANES more of each.
     */
    uint32_t (*copies_within)(const float *values, const uint32_t *copies, size_t n, float limit);
} ddmd_distance_kernel;

/* All that were compiled in, the fastest last; n is their number. */
const ddmd_distance_kernel *ddmd_distance_kernels(size_t *n);

/* The fastest one that is usable here. */
const ddmd_distance_kernel *ddmd_distance_kernel_best(void);

/* The share by which a filter of `dim` squares may err. */
static inline double ddmd_distance_slack(size_t dim)
{
    return ((double)dim + 8) * FLT_EPSILON;
}

/* The filter's limit for an exact squared distance; what underflows in squares is covered too. */
static inline float ddmd_distance_limit(double squared, double slack)
{
    double limit = squared * (1 + slack) + FLT_MIN;
    return limit < FLT_MAX ? (float)limit : INFINITY;
}

/* Exact squared distance of two points; stride: from one coordinate of b to the next. */
static inline double ddmd_distance2(const float *a, const float *b, size_t stride, size_t dim)
{
    double sum = 0;
    for (size_t d = 0; d < dim; d++) {
        double difference = (double)a[d] - (double)b[d * stride];
        sum += difference * difference;
    }
    return sum;
}

#endif
