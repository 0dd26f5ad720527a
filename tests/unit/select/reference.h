/*
 * Plain DBSCAN and local outlier factor, written down as in their papers, with every pair of points
 * looked at; and points to try them on.
 */
#ifndef DDMD_TEST_SELECT_REFERENCE_H
#define DDMD_TEST_SELECT_REFERENCE_H

#include <stddef.h>
#include <stdint.h>

double reference_distance2(const float *points, size_t dim, size_t a, size_t b);

/* Clusters grow one after another, in the order of their first core points. */
void reference_dbscan(const float *points, size_t n, size_t dim, double eps, size_t min_samples,
                      int32_t *labels);

void reference_lof(const float *points, size_t n, size_t dim, size_t n_neighbors, double *scores);

/* Kinds of points, each hard in its own way. */
enum reference_kind {
    REFERENCE_CLUSTERS, /* blobs and a few strays */
    REFERENCE_UNIFORM,  /* in a cube */
    REFERENCE_LATTICE,  /* small integers: many ties, some duplicates */
    REFERENCE_SITES,    /* many copies of few points */
    REFERENCE_EQUAL,    /* one point only */
    REFERENCE_WALK,     /* a random walk, as trajectories are */
    REFERENCE_OFFSET,   /* small blobs far from the origin */
    REFERENCE_HUGE,     /* squares overflow in float32 */
    REFERENCE_TINY,     /* squares are denormal in float32, or zero */
    REFERENCE_KINDS
};

/* Points of a kind, the same for the same seed; freed by the caller. */
float *reference_points(enum reference_kind kind, size_t n, size_t dim, uint32_t seed);

/* Some distance between two of the points, so that it means something for them. */
double reference_some_distance(const float *points, size_t n, size_t dim, uint32_t seed);

#endif
