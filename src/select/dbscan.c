#include "ddmd/select.h"

#include "core/array.h"
#include "core/parallel.h"
#include "core/try.h"
#include "select/clustering.h"

#include <stdlib.h>
#include <string.h>

/* What the walks over the neighbourhoods of points share. */
struct walk {
    const ddmd_neighbor_index *index;
    double reach; /* squared */
    float limit;
    size_t min_samples;
    bool *core;      /* [n] */
    int32_t *labels; /* [n] */
    int32_t *lowest; /* [n_nodes] the lowest label of a core point below; INT32_MAX: none */
    float *queries;  /* [threads][dim] */
};

/* Count neighbours, the point itself included, until there are enough. */
static uint64_t count(const struct walk *walk, uint32_t number, const float *query,
                      uint64_t counted)
{
    const ddmd_neighbor_index *index = walk->index;
    const ddmd_index_node *node = &index->nodes[number];
    if (node->n_children == 0) {
        const float *lanes = ddmd_index_block(index, node->first_block);
        uint32_t hits = index->kernel->within(lanes, query, index->dim, walk->limit) &
                        ddmd_index_lanes(index, node->first_block);
        for (; hits && counted < walk->min_samples; hits &= hits - 1) {
            size_t lane = (size_t)__builtin_ctz(hits);
            uint32_t point = index->order[node->first_block * (size_t)DDMD_BLOCK + lane];
            if (ddmd_distance2(query, lanes + lane, DDMD_BLOCK, index->dim) <= walk->reach)
                counted += ddmd_index_count(index, point);
        }
        return counted;
    }
    ddmd_near_child near[DDMD_LANES];
    int n = ddmd_neighbor_children(index, node, query, query, walk->limit, near);
    for (int i = 0; i < n && counted < walk->min_samples; i++)
        counted = count(walk, near[i].node, query, counted);
    return counted;
}

static void find_cores(void *user, size_t begin, size_t end, int worker)
{
    struct walk *walk = user;
    float *query = walk->queries + (size_t)worker * walk->index->dim;
    for (size_t place = begin; place < end; place++) {
        ddmd_index_point(walk->index, place, query);
        walk->core[walk->index->order[place]] = count(walk, 0, query, 0) >= walk->min_samples;
    }
}

/* The lowest label of the core points within reach, if below `best`. */
static int32_t lowest_label(const struct walk *walk, uint32_t number, const float *query,
                            int32_t best)
{
    const ddmd_neighbor_index *index = walk->index;
    const ddmd_index_node *node = &index->nodes[number];
    if (walk->lowest[number] >= best)
        return best;
    if (node->n_children == 0) {
        const float *lanes = ddmd_index_block(index, node->first_block);
        uint32_t hits = index->kernel->within(lanes, query, index->dim, walk->limit) &
                        ddmd_index_lanes(index, node->first_block);
        for (; hits; hits &= hits - 1) {
            size_t lane = (size_t)__builtin_ctz(hits);
            uint32_t point = index->order[node->first_block * (size_t)DDMD_BLOCK + lane];
            if (walk->core[point] && walk->labels[point] < best &&
                ddmd_distance2(query, lanes + lane, DDMD_BLOCK, index->dim) <= walk->reach)
                best = walk->labels[point];
        }
        return best;
    }
    ddmd_near_child near[DDMD_LANES];
    int n = ddmd_neighbor_children(index, node, query, query, walk->limit, near);
    for (int i = 0; i < n; i++)
        best = lowest_label(walk, near[i].node, query, best);
    return best;
}

static void label_border(void *user, size_t begin, size_t end, int worker)
{
    struct walk *walk = user;
    float *query = walk->queries + (size_t)worker * walk->index->dim;
    for (size_t place = begin; place < end; place++) {
        uint32_t point = walk->index->order[place];
        if (walk->core[point])
            continue;
        ddmd_index_point(walk->index, place, query);
        int32_t label = lowest_label(walk, 0, query, INT32_MAX);
        walk->labels[point] = label == INT32_MAX ? -1 : label;
    }
}

static void fill_lowest(const struct walk *walk)
{
    const ddmd_neighbor_index *index = walk->index;
    for (size_t i = index->n_nodes; i-- > 0;) {
        const ddmd_index_node *node = &index->nodes[i];
        int32_t lowest = INT32_MAX;
        size_t begin = node->first_block * (size_t)DDMD_BLOCK;
        for (size_t place = begin;
             node->n_children == 0 && place < index->n && place < begin + DDMD_BLOCK; place++) {
            uint32_t point = index->order[place];
            if (walk->core[point] && walk->labels[point] < lowest)
                lowest = walk->labels[point];
        }
        for (uint32_t c = 0; c < node->n_children; c++) {
            if (walk->lowest[node->child + c] < lowest)
                lowest = walk->lowest[node->child + c];
        }
        walk->lowest[i] = lowest;
    }
}

enum ddmd_status ddmd_clustering_label(const ddmd_neighbor_index *index, double eps,
                                       const bool *core, int32_t *labels, size_t *n_clusters,
                                       ddmd_error *err)
{
    enum ddmd_status status = DDMD_OK;
    size_t n = 0;
    struct walk walk = {
        .index = index, .reach = eps * eps, .limit = ddmd_distance_limit(eps * eps, index->slack)};

    DDMD_TRY(ddmd_array_copy(&walk.core, core, index->n, sizeof *walk.core, err));
    DDMD_TRY(ddmd_array_alloc(&walk.labels, index->n, sizeof *walk.labels, err));
    DDMD_TRY(ddmd_array_alloc(&walk.lowest, index->n_nodes, sizeof *walk.lowest, err));
    DDMD_TRY(ddmd_array_alloc(&walk.queries, (size_t)index->threads,
                              index->dim * sizeof *walk.queries, err));
    DDMD_TRY(ddmd_components_find(index, walk.reach, core, walk.labels, &n, err));
    fill_lowest(&walk);
    if (n > 0)
        ddmd_parallel_for(index->n, (size_t)4 * DDMD_BLOCK, index->threads, label_border, &walk);
    memcpy(labels, walk.labels, index->n * sizeof *labels);
    if (n_clusters)
        *n_clusters = n;

out:
    free(walk.core);
    free(walk.labels);
    free(walk.lowest);
    free(walk.queries);
    return status;
}

enum ddmd_status ddmd_dbscan(const float *points, size_t n, size_t dim, const uint32_t *counts,
                             double eps, size_t min_samples, int threads, int32_t *labels,
                             ddmd_error *err)
{
    enum ddmd_status status = DDMD_OK;
    ddmd_neighbor_index *index = NULL;
    struct walk walk = {.reach = eps * eps, .min_samples = min_samples};

    if (!isfinite(eps) || eps < 0)
        DDMD_FAIL(err, DDMD_INVALID, "dbscan: eps must be finite and not negative, not %g", eps);
    if (min_samples < 1)
        DDMD_FAIL(err, DDMD_INVALID, "dbscan: min_samples must be at least 1");
    if (n == 0)
        goto out;
    if (!labels)
        DDMD_FAIL(err, DDMD_INVALID, "dbscan: no room for the labels is given");

    DDMD_TRY(ddmd_neighbor_index_create(points, n, dim, counts, threads, &index, err));
    walk.index = index;
    walk.limit = ddmd_distance_limit(walk.reach, index->slack);
    DDMD_TRY(ddmd_array_alloc(&walk.core, n, sizeof *walk.core, err));
    DDMD_TRY(
        ddmd_array_alloc(&walk.queries, (size_t)index->threads, dim * sizeof *walk.queries, err));
    if (min_samples <= index->total)
        ddmd_parallel_for(n, (size_t)4 * DDMD_BLOCK, index->threads, find_cores, &walk);
    DDMD_TRY(ddmd_clustering_label(index, eps, walk.core, labels, NULL, err));

out:
    free(walk.core);
    free(walk.queries);
    ddmd_neighbor_index_destroy(&index);
    return status;
}
