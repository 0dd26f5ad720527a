/*
 * A tree over points that answers exact questions about neighbours, the same on every machine and
 * number of threads.
 *
 * Points are put in tree order and cut into blocks of DDMD_BLOCK; only the last may be partly
 * filled. Every node stands for a run of blocks; an inner node has up to DDMD_LANES children, whose
 * boxes are tested at once. A point is named by its index (the caller's order) or by its place
 * (tree order).
 */
#ifndef DDMD_SELECT_NEIGHBOR_INDEX_H
#define DDMD_SELECT_NEIGHBOR_INDEX_H

#include "ddmd/error.h"
#include "select/distance.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct ddmd_index_node {
    uint32_t first_block, n_blocks;
    uint32_t child, n_children; /* children are neighbours in `nodes`; none: a single block */
    uint32_t min_index;         /* the lowest point index below */
    uint32_t boxes;             /* of the children: number of the group in child_boxes */
} ddmd_index_node;

typedef struct ddmd_neighbor_index {
    size_t n, dim;
    const ddmd_distance_kernel *kernel;
    double slack;
    int threads;
    uint32_t *order;  /* [n] index of the point at each place */
    uint32_t *places; /* [n] place of each point */
    uint32_t *counts; /* [n] copies of each point, by index; NULL: one each */
    uint64_t total;   /* of the counts */
    size_t n_blocks, n_nodes;
    float *blocks;          /* [n_blocks][dim][DDMD_BLOCK], the rest of the last one zero */
    ddmd_index_node *nodes; /* [n_nodes], the root first; children after their parent */
    float *node_boxes;      /* [n_nodes][low, high][dim] */
    float *child_boxes;     /* [groups][dim][low, high][DDMD_LANES] */
} ddmd_neighbor_index;

/*
 * Build the index of n >= 1 points; NUMERIC where a coordinate is not finite. Points and counts are
 * copied. counts and threads as in ddmd/select.h.
 */
enum ddmd_status ddmd_neighbor_index_create(const float *points, size_t n, size_t dim,
                                            const uint32_t *counts, int threads,
                                            ddmd_neighbor_index **index, ddmd_error *err);
void ddmd_neighbor_index_destroy(ddmd_neighbor_index **index);

/* INVALID where there are no points, or none of such a size; NUMERIC, naming the point. */
enum ddmd_status ddmd_points_check(const float *points, size_t n, size_t dim, ddmd_error *err);

/*
 * The k nearest others of every point, where a point stands for all its copies: [n][width], by
 * distance, then by index. Of entry m of point i, ddmd_neighbor_others() copies are meant, of the
 * last one those that fill up the k. A point that has copies is an entry of its own list.
 */
typedef struct ddmd_neighbor_lists {
    size_t k, width; /* width: k, or n where that is less */
    uint32_t *indices;
    double *squared;  /* distances */
    double *furthest; /* [n] the squared distance of the k-th; 0 where k is 0 */
} ddmd_neighbor_lists;

/* k < index->total. *lists is released with ddmd_neighbor_lists_clear(). */
enum ddmd_status ddmd_neighbor_lists_find(const ddmd_neighbor_index *index, size_t k,
                                          ddmd_neighbor_lists *lists, ddmd_error *err);
void ddmd_neighbor_lists_clear(ddmd_neighbor_lists *lists);

/*
 * The point nearest to `point` among those others with eligible[index] true; false where there is
 * none. query: [dim], scratch.
 */
bool ddmd_neighbor_nearest(const ddmd_neighbor_index *index, uint32_t point, const bool *eligible,
                           float *query, uint32_t *nearest);

/* The children of an inner node within a limit of a box, nearest first; returns how many. */
typedef struct ddmd_near_child {
    float squared;
    uint32_t node;
} ddmd_near_child;

int ddmd_neighbor_children(const ddmd_neighbor_index *index, const ddmd_index_node *node,
                           const float *low, const float *high, float limit,
                           ddmd_near_child near[DDMD_LANES]);

static inline uint32_t ddmd_index_count(const ddmd_neighbor_index *index, uint32_t point)
{
    return index->counts ? index->counts[point] : 1;
}

/* How many copies of `other` are others to a copy of `point`. */
static inline uint32_t ddmd_neighbor_others(const ddmd_neighbor_index *index, uint32_t point,
                                            uint32_t other)
{
    return ddmd_index_count(index, other) - (other == point);
}

static inline const float *ddmd_index_block(const ddmd_neighbor_index *index, size_t block)
{
    return index->blocks + block * index->dim * DDMD_BLOCK;
}

/* The lanes of a block that hold points, one bit each. */
static inline uint32_t ddmd_index_lanes(const ddmd_neighbor_index *index, size_t block)
{
    size_t filled = index->n - block * DDMD_BLOCK;
    return filled >= DDMD_BLOCK ? UINT32_MAX : (1u << filled) - 1;
}

/* The coordinates at a place, one after another. */
static inline void ddmd_index_point(const ddmd_neighbor_index *index, size_t place, float *point)
{
    const float *lane = ddmd_index_block(index, place / DDMD_BLOCK) + place % DDMD_BLOCK;
    for (size_t d = 0; d < index->dim; d++)
        point[d] = lane[d * DDMD_BLOCK];
}

#endif
