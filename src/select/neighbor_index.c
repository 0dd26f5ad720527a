#include "select/neighbor_index.h"

#include "core/array.h"
#include "core/parallel.h"
#include "core/try.h"

#include <stdlib.h>
#include <string.h>

/* What building needs besides the index. */
struct builder {
    const float *points;
    ddmd_neighbor_index *index;
    uint64_t *keys, *scratch; /* [n] */
    size_t n_nodes, n_groups; /* used up to now */
};

/* Sixteenfold halving of a run of blocks: the runs of the children, in order. */
struct run {
    size_t first, n;
};

static int halve(struct run run, int depth, struct run *runs)
{
    if (depth == 0 || run.n == 1) {
        *runs = run;
        return 1;
    }
    size_t left = (run.n + 1) / 2;
    int n = halve((struct run){run.first, left}, depth - 1, runs);
    return n + halve((struct run){run.first + left, run.n - left}, depth - 1, runs + n);
}

/*
 * Levels of halving between a node of n blocks and its children: 4, which makes DDMD_LANES of them,
 * but at the root as many as leave the nodes above the blocks full.
 */
static int levels(size_t n)
{
    int halvings = 0;
    while ((size_t)1 << halvings < n)
        halvings++;
    return halvings % 4 ? halvings % 4 : 4;
}

/* How many nodes and inner nodes a run of blocks takes. */
static void count_nodes(struct run run, size_t *nodes, size_t *inner)
{
    ++*nodes;
    if (run.n == 1)
        return;
    ++*inner;
    struct run runs[DDMD_LANES];
    int n = halve(run, levels(run.n), runs);
    for (int i = 0; i < n; i++)
        count_nodes(runs[i], nodes, inner);
}

/* Numbers in the order of finite floats. */
static uint32_t ordered(float value)
{
    uint32_t bits;
    memcpy(&bits, &value, sizeof bits);
    return bits & 0x80000000u ? ~bits : bits | 0x80000000u;
}

/* The key of the given rank among n distinct ones: radix selection, linear in the worst case. */
static uint64_t key_of_rank(const uint64_t *keys, size_t n, size_t rank, uint64_t *scratch)
{
    const uint64_t *left = keys;
    for (int shift = 56; n > 1; shift -= 8) {
        size_t counts[256] = {0};
        for (size_t i = 0; i < n; i++)
            counts[left[i] >> shift & 255]++;
        size_t digit = 0;
        while (rank >= counts[digit])
            rank -= counts[digit++];
        size_t kept = 0;
        for (size_t i = 0; i < n; i++) {
            if ((left[i] >> shift & 255) == digit)
                scratch[kept++] = left[i];
        }
        left = scratch;
        n = kept;
    }
    return *left;
}

static void bounding_box(const struct builder *build, size_t begin, size_t end, float *box)
{
    size_t dim = build->index->dim;
    float *low = box, *high = box + dim;
    for (size_t i = begin; i < end; i++) {
        const float *point = build->points + build->index->order[i] * dim;
        for (size_t d = 0; d < dim; d++) {
            low[d] = i == begin || point[d] < low[d] ? point[d] : low[d];
            high[d] = i == begin || point[d] > high[d] ? point[d] : high[d];
        }
    }
}

/* Put the points of a run in order by halves: each half is cut along its widest dimension. */
static void cut(struct builder *build, struct run run, int depth, float *box)
{
    if (depth == 0 || run.n == 1)
        return;
    ddmd_neighbor_index *index = build->index;
    size_t dim = index->dim;
    size_t begin = run.first * DDMD_BLOCK, left = (run.n + 1) / 2;
    size_t end =
        (run.first + run.n) * DDMD_BLOCK < index->n ? (run.first + run.n) * DDMD_BLOCK : index->n;
    bounding_box(build, begin, end, box);
    size_t widest = 0;
    for (size_t d = 1; d < dim; d++) {
        if ((double)box[dim + d] - box[d] > (double)box[dim + widest] - box[widest])
            widest = d;
    }
    size_t n = end - begin, n_left = left * DDMD_BLOCK;
    uint32_t *order = index->order + begin;
    for (size_t i = 0; i < n; i++)
        build->keys[i] = (uint64_t)ordered(build->points[order[i] * dim + widest]) << 32 | order[i];
    uint64_t first_right = key_of_rank(build->keys, n, n_left, build->scratch);
    size_t low = 0, high = n_left;
    for (size_t i = 0; i < n; i++)
        order[build->keys[i] < first_right ? low++ : high++] = (uint32_t)build->keys[i];

    cut(build, (struct run){run.first, left}, depth - 1, box);
    cut(build, (struct run){run.first + left, run.n - left}, depth - 1, box);
}

static void fill_node(struct builder *build, size_t number, struct run run)
{
    ddmd_neighbor_index *index = build->index;
    ddmd_index_node *node = &index->nodes[number];
    size_t dim = index->dim;
    float *box = index->node_boxes + number * 2 * dim;

    cut(build, run, levels(run.n), box);
    size_t begin = run.first * DDMD_BLOCK;
    size_t end =
        (run.first + run.n) * DDMD_BLOCK < index->n ? (run.first + run.n) * DDMD_BLOCK : index->n;
    bounding_box(build, begin, end, box);
    uint32_t min_index = UINT32_MAX;
    for (size_t i = begin; i < end; i++)
        min_index = index->order[i] < min_index ? index->order[i] : min_index;
    *node = (ddmd_index_node){
        .first_block = (uint32_t)run.first, .n_blocks = (uint32_t)run.n, .min_index = min_index};
    if (run.n == 1)
        return;

    struct run runs[DDMD_LANES];
    int n = halve(run, levels(run.n), runs);
    node->child = (uint32_t)build->n_nodes;
    node->n_children = (uint32_t)n;
    node->boxes = (uint32_t)build->n_groups++;
    build->n_nodes += (size_t)n;
    float *group = index->child_boxes + node->boxes * dim * 2 * DDMD_LANES;
    memset(group, 0, dim * 2 * DDMD_LANES * sizeof *group);
    for (int i = 0; i < n; i++) {
        fill_node(build, node->child + (size_t)i, runs[i]);
        const float *child = index->node_boxes + (node->child + (size_t)i) * 2 * dim;
        for (size_t d = 0; d < dim; d++) {
            group[d * 2 * DDMD_LANES + (size_t)i] = child[d];
            group[(d * 2 + 1) * DDMD_LANES + (size_t)i] = child[dim + d];
        }
    }
}

static void fill_blocks(ddmd_neighbor_index *index, const float *points)
{
    memset(index->blocks, 0, index->n_blocks * index->dim * DDMD_BLOCK * sizeof *index->blocks);
    for (size_t place = 0; place < index->n; place++) {
        const float *point = points + index->order[place] * index->dim;
        float *lane =
            index->blocks + place / DDMD_BLOCK * index->dim * DDMD_BLOCK + place % DDMD_BLOCK;
        for (size_t d = 0; d < index->dim; d++)
            lane[d * DDMD_BLOCK] = point[d];
        index->places[index->order[place]] = (uint32_t)place;
    }
}

/* Memory for groups of [dim][width] floats, aligned for vectors. */
static enum ddmd_status alloc_vectors(float **array, size_t groups, size_t dim, size_t width,
                                      ddmd_error *err)
{
    size_t floats;
    if (__builtin_mul_overflow(dim, width, &floats) ||
        __builtin_mul_overflow(groups ? groups : 1, floats, &floats) ||
        floats > SIZE_MAX / sizeof **array)
        return ddmd_error_set(err, DDMD_NOMEM, "out of memory for %zu points of %zu dimensions",
                              groups * DDMD_BLOCK, dim);
    float *memory = aligned_alloc(64, floats * sizeof **array);
    if (!memory)
        return ddmd_error_set(err, DDMD_NOMEM, "out of memory for %zu bytes of coordinates",
                              floats * sizeof **array);
    *array = memory;
    return DDMD_OK;
}

enum ddmd_status ddmd_points_check(const float *points, size_t n, size_t dim, ddmd_error *err)
{
    if (!points)
        return ddmd_error_set(err, DDMD_INVALID, "no points are given");
    if (n > INT32_MAX)
        return ddmd_error_set(err, DDMD_INVALID, "%zu points are too many (at most %d)", n,
                              INT32_MAX);
    if (dim < 1 || dim > 1u << 20)
        return ddmd_error_set(err, DDMD_INVALID, "points cannot have %zu dimensions", dim);
    for (size_t i = 0; i < n; i++) {
        for (size_t d = 0; d < dim; d++) {
            if (!isfinite(points[i * dim + d]))
                return ddmd_error_set(err, DDMD_NUMERIC, "coordinate %zu of point %zu is %g", d, i,
                                      (double)points[i * dim + d]);
        }
    }
    return DDMD_OK;
}

static enum ddmd_status copy_counts(ddmd_neighbor_index *index, const uint32_t *counts,
                                    ddmd_error *err)
{
    index->total = index->n;
    if (!counts)
        return DDMD_OK;
    index->total = 0;
    for (size_t i = 0; i < index->n; i++) {
        if (counts[i] < 1)
            return ddmd_error_set(err, DDMD_INVALID, "the count of point %zu is 0", i);
        index->total += counts[i];
    }
    return ddmd_array_copy(&index->counts, counts, index->n, sizeof *index->counts, err);
}

enum ddmd_status ddmd_neighbor_index_create(const float *points, size_t n, size_t dim,
                                            const uint32_t *counts, int threads,
                                            ddmd_neighbor_index **index, ddmd_error *err)
{
    enum ddmd_status status = DDMD_OK;
    ddmd_neighbor_index *made = NULL;
    struct builder build = {.points = points, .n_nodes = 1};

    DDMD_TRY(ddmd_points_check(points, n, dim, err));
    DDMD_TRY(ddmd_array_alloc(&made, 1, sizeof *made, err));
    build.index = made;
    made->n = n;
    made->dim = dim;
    DDMD_TRY(copy_counts(made, counts, err));
    made->kernel = ddmd_distance_kernel_best();
    made->slack = ddmd_distance_slack(dim);
    made->threads = ddmd_parallel_threads(threads);
    made->n_blocks = (n + DDMD_BLOCK - 1) / DDMD_BLOCK;
    size_t groups = 0;
    count_nodes((struct run){0, made->n_blocks}, &made->n_nodes, &groups);

    DDMD_TRY(ddmd_array_alloc(&made->order, n, sizeof *made->order, err));
    DDMD_TRY(ddmd_array_alloc(&made->places, n, sizeof *made->places, err));
    DDMD_TRY(ddmd_array_alloc(&made->nodes, made->n_nodes, sizeof *made->nodes, err));
    DDMD_TRY(ddmd_array_alloc(&made->node_boxes, made->n_nodes, 2 * dim * sizeof(float), err));
    DDMD_TRY(alloc_vectors(&made->blocks, made->n_blocks, dim, DDMD_BLOCK, err));
    DDMD_TRY(alloc_vectors(&made->child_boxes, groups, dim, 2 * DDMD_LANES, err));
    DDMD_TRY(ddmd_array_alloc(&build.keys, n, sizeof *build.keys, err));
    DDMD_TRY(ddmd_array_alloc(&build.scratch, n, sizeof *build.scratch, err));

    for (size_t i = 0; i < n; i++)
        made->order[i] = (uint32_t)i;
    fill_node(&build, 0, (struct run){0, made->n_blocks});
    fill_blocks(made, points);
    *index = made;
    made = NULL;

out:
    free(build.keys);
    free(build.scratch);
    ddmd_neighbor_index_destroy(&made);
    return status;
}

void ddmd_neighbor_index_destroy(ddmd_neighbor_index **index)
{
    ddmd_neighbor_index *held = *index;
    if (!held)
        return;
    free(held->order);
    free(held->places);
    free(held->counts);
    free(held->blocks);
    free(held->nodes);
    free(held->node_boxes);
    free(held->child_boxes);
    free(held);
    *index = NULL;
}

int ddmd_neighbor_children(const ddmd_neighbor_index *index, const ddmd_index_node *node,
                           const float *low, const float *high, float limit,
                           ddmd_near_child near[DDMD_LANES])
{
    float squared[DDMD_LANES] __attribute__((aligned(64)));
    index->kernel->to_boxes(index->child_boxes + node->boxes * index->dim * 2 * DDMD_LANES, low,
                            high, index->dim, squared);
    int n = 0;
    for (uint32_t i = 0; i < node->n_children; i++) {
        if (squared[i] > limit)
            continue;
        uint32_t child = node->child + i, lowest = index->nodes[child].min_index;
        int at = n++;
        while (at > 0 && (near[at - 1].squared > squared[i] ||
                          (near[at - 1].squared == squared[i] &&
                           index->nodes[near[at - 1].node].min_index > lowest))) {
            near[at] = near[at - 1];
            at--;
        }
        near[at] = (ddmd_near_child){squared[i], child};
    }
    return n;
}
