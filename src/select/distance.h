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

typedef struct ddmd_distance_kernel {
    const char *name;
    bool (*usable)(void); /* on this machine */

    /* Which points of a block are within the limit of query[dim]. block: 64-byte aligned. */
    uint32_t (*within)(const float *block, const float *query, size_t dim, float limit);

    /* Squared distances of query[dim] to boxes. boxes: [dim][low, high][DDMD_LANES], aligned. */
    void (*to_boxes)(const float *boxes, const float *query, size_t dim, float squared[DDMD_LANES]);
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
