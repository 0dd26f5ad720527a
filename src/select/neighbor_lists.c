/*
 * The k nearest others of every point. The points of a block are searched for together, since they
 * are near each other: one walk through the tree, and each block that it meets is fetched once.
 * What may be among the nearest of a point is only collected, by its distance in float32; now and
 * then the limit is tightened to what the k-th of those collected allows. Exact distances, and with
 * them the order, come last, of few.
 */
#include "select/neighbor_index.h"

#include "core/array.h"
#include "core/parallel.h"
#include "core/try.h"

#include <stdlib.h>

enum { STEP = 16 }; /* how many more to collect before a limit is tightened again */

struct neighbor {
    double squared;
    float rough; /* squared, in float32 */
    uint32_t index, place, copies;
};

/* The queries are the points of a block; lane q of it is query q. */
struct group {
    const ddmd_neighbor_index *index;
    ddmd_neighbor_lists *lists;
    size_t capacity;
    uint32_t block;
    float *points;             /* [DDMD_BLOCK][dim] */
    float *box;                /* [low, high][dim] */
    float *rough;              /* [DDMD_BLOCK][capacity] what was collected for each query */
    uint32_t *places, *copies; /* likewise; many copies are cut down to most_copies */
    uint32_t most_copies;      /* so that sums do not overflow */
    float *squared;            /* [DDMD_BLOCK][DDMD_BLOCK] */
    struct neighbor *sorted;   /* [capacity] */
    size_t n[DDMD_BLOCK];
    size_t next[DDMD_BLOCK]; /* how many there are when the limit is tightened again */
    float limits[DDMD_BLOCK] __attribute__((aligned(64))); /* negative where there is no point */
    float widest;                                          /* of the limits */
    double worst[DDMD_BLOCK];  /* exact squared distance of the k-th, where it had to be known, */
    uint32_t last[DDMD_BLOCK]; /* and its index; else infinite */
    bool duplicates;           /* whether all queries have k duplicates, */
    uint32_t last_of_all;      /* and the highest index of those */
};

static float *rough_of(const struct group *group, uint32_t q)
{
    return group->rough + q * group->capacity;
}

static void collect(struct group *group, uint32_t q, float rough, uint32_t place, uint32_t copies)
{
    size_t at = q * group->capacity + group->n[q]++;
    group->rough[at] = rough;
    group->places[at] = place;
    group->copies[at] = copies < group->most_copies ? copies : group->most_copies;
}

/* How many copies there are of a point that was collected. */
static uint32_t copies_of(const struct group *group, uint32_t q, uint32_t place)
{
    return ddmd_neighbor_others(group->index,
                                group->index->order[group->block * (size_t)DDMD_BLOCK + q],
                                group->index->order[place]);
}

static void summarize(struct group *group)
{
    group->widest = -1;
    group->last_of_all = 0;
    group->duplicates = true;
    uint32_t lanes = ddmd_index_lanes(group->index, group->block);
    for (; lanes; lanes &= lanes - 1) {
        int q = __builtin_ctz(lanes);
        if (group->limits[q] > group->widest)
            group->widest = group->limits[q];
        if (group->last[q] > group->last_of_all)
            group->last_of_all = group->last[q];
        group->duplicates &= group->worst[q] == 0;
    }
}

/* A number that is not below the k-th of those collected, or hardly. There are so many. */
static float bound(const struct group *group, uint32_t q)
{
    const ddmd_neighbor_index *index = group->index;
    const float *rough = rough_of(group, q);
    const uint32_t *copies = group->copies + q * group->capacity;
    uint64_t k = group->lists->k;
    float low = 0, high = group->limits[q];
    for (size_t i = 0; isinf(group->limits[q]) && i < group->n[q]; i++)
        high = i == 0 || rough[i] > high ? rough[i] : high;
    for (int halvings = 0; halvings < 24; halvings++) {
        float middle = low + (high - low) / 2;
        if (!(middle > low && middle < high))
            break;
        uint32_t within = index->kernel->copies_within(rough, copies, group->n[q], middle);
        if (within < k) {
            low = middle;
            continue;
        }
        high = middle;
        if (within <= k + k / 8)
            break;
    }
    return high;
}

/* Are there k? Limits are set when there are. */
static bool complete(const struct group *group, uint32_t q)
{
    if (!isinf(group->limits[q]))
        return true;
    uint64_t copies = 0;
    for (size_t i = 0; i < group->n[q] && copies < group->lists->k; i++)
        copies += copies_of(group, q, group->places[q * group->capacity + i]);
    return copies >= group->lists->k;
}

/* Lower the limit to what the k-th of those collected allows, and drop what is beyond it. */
static void tighten(struct group *group, uint32_t q)
{
    if (!complete(group, q))
        return;
    /* the exact distance is within the first of these limits; what is as near, within the second */
    double slack = group->index->slack;
    float limit = ddmd_distance_limit(ddmd_distance_limit(bound(group, q), slack), slack);
    if (limit < group->limits[q])
        group->limits[q] = limit;
    float *rough = rough_of(group, q);
    uint32_t *places = group->places + q * group->capacity;
    uint32_t *copies = group->copies + q * group->capacity;
    size_t kept = 0;
    for (size_t i = 0; i < group->n[q]; i++) {
        rough[kept] = rough[i];
        places[kept] = places[i];
        copies[kept] = copies[i];
        kept += rough[i] <= group->limits[q];
    }
    group->n[q] = kept;
}

static int by_distance(const void *a, const void *b)
{
    const struct neighbor *x = a, *y = b;
    if (x->squared != y->squared)
        return x->squared < y->squared ? -1 : 1;
    return (x->index > y->index) - (x->index < y->index);
}

static void sort(struct neighbor *items, size_t n)
{
    enum { FEW = 64 };
    if (n > FEW) {
        qsort(items, n, sizeof *items, by_distance);
        return;
    }
    for (size_t i = 1; i < n; i++) {
        struct neighbor item = items[i];
        size_t at = i;
        for (; at > 0 && by_distance(&item, &items[at - 1]) < 0; at--)
            items[at] = items[at - 1];
        items[at] = item;
    }
}

/* Sort what was collected by exact distances; returns how many of them make up the k nearest. */
static size_t rank(struct group *group, uint32_t q)
{
    const ddmd_neighbor_index *index = group->index;
    for (size_t i = 0; i < group->n[q]; i++) {
        size_t at = q * group->capacity + i;
        uint32_t place = group->places[at];
        const float *lane = ddmd_index_block(index, place / DDMD_BLOCK) + place % DDMD_BLOCK;
        group->sorted[i] = (struct neighbor){
            .squared = ddmd_distance2(group->points + q * index->dim, lane, DDMD_BLOCK, index->dim),
            .rough = group->rough[at],
            .index = index->order[place],
            .place = place,
            .copies = copies_of(group, q, place),
        };
    }
    sort(group->sorted, group->n[q]);
    size_t n = 0;
    for (uint64_t copies = 0; n < group->n[q] && copies < group->lists->k; n++)
        copies += group->sorted[n].copies;
    return n;
}

/* Keep the k nearest alone; from now on, none is collected that is worse than the k-th. */
static void settle(struct group *group, uint32_t q)
{
    if (!complete(group, q))
        return;
    size_t n = rank(group, q);
    group->n[q] = 0;
    for (size_t i = 0; i < n; i++) {
        const struct neighbor *kept = &group->sorted[i];
        collect(group, q, kept->rough, kept->place, kept->copies);
    }
    const struct neighbor *last = &group->sorted[n - 1];
    group->limits[q] = ddmd_distance_limit(last->squared, group->index->slack);
    group->worst[q] = last->squared;
    group->last[q] = last->index;
}

static bool may_be_near(const struct group *group, uint32_t q, uint32_t place)
{
    const ddmd_neighbor_index *index = group->index;
    const float *lane = ddmd_index_block(index, place / DDMD_BLOCK) + place % DDMD_BLOCK;
    double squared = ddmd_distance2(group->points + q * index->dim, lane, DDMD_BLOCK, index->dim);
    return squared < group->worst[q] ||
           (squared == group->worst[q] && index->order[place] < group->last[q]);
}

/* Limits do not tell ties apart, nor what is too near or too far for squares in float32. */
static void tighten_or_settle(struct group *group, uint32_t q)
{
    tighten(group, q);
    if (group->n[q] + STEP + DDMD_BLOCK > group->capacity || group->limits[q] < 4 * FLT_MIN)
        settle(group, q);
    size_t next = group->n[q] + STEP;
    group->next[q] = next > group->lists->width ? next : group->lists->width;
}

static void scan_block(struct group *group, uint32_t block, uint32_t queries)
{
    uint32_t hits[DDMD_BLOCK];
    const ddmd_neighbor_index *index = group->index;
    uint32_t lanes = ddmd_index_lanes(index, block);
    bool tightened = false;
    queries = index->kernel->measure(ddmd_index_block(index, block), group->points, queries,
                                     index->dim, group->limits, hits, group->squared);
    for (; queries; queries &= queries - 1) {
        uint32_t q = (uint32_t)__builtin_ctz(queries), left = hits[q] & lanes;
        const float *squared = group->squared + (size_t)q * DDMD_BLOCK;
        if (block == group->block)
            left &= ~(1u << q);
        for (; left; left &= left - 1) {
            uint32_t lane = (uint32_t)__builtin_ctz(left), place = block * DDMD_BLOCK + lane;
            if (isinf(group->worst[q]) || may_be_near(group, q, place))
                collect(group, q, squared[lane], place,
                        ddmd_index_count(index, index->order[place]));
        }
        if (group->n[q] >= group->next[q]) {
            tighten_or_settle(group, q);
            tightened = true;
        }
    }
    if (tightened)
        summarize(group);
}

/* With k duplicates found, points of higher indices have nothing to give. */
static uint32_t without_duplicates(const struct group *group, uint32_t queries, uint32_t min_index)
{
    uint32_t left = queries;
    for (; queries; queries &= queries - 1) {
        int q = __builtin_ctz(queries);
        if (group->worst[q] == 0 && group->last[q] < min_index)
            left &= ~(1u << q);
    }
    return left;
}

static void visit(struct group *group, uint32_t number)
{
    const ddmd_neighbor_index *index = group->index;
    const ddmd_index_node *node = &index->nodes[number];
    size_t box = 2 * index->dim;
    if (node->n_children == 0) {
        if (node->first_block == group->block)
            return;
        uint32_t queries =
            index->kernel->near_box(ddmd_index_block(index, group->block),
                                    index->node_boxes + number * box, index->dim, group->limits);
        scan_block(group, node->first_block, without_duplicates(group, queries, node->min_index));
        return;
    }
    ddmd_near_child near[DDMD_LANES];
    const float *low = group->box;
    int n = ddmd_neighbor_children(index, node, low, low + index->dim, group->widest, near);
    for (int i = 0; i < n && near[i].squared <= group->widest; i++) {
        if (!group->duplicates || index->nodes[near[i].node].min_index <= group->last_of_all)
            visit(group, near[i].node);
    }
}

/* The points of the block one after another, and their box. */
static void take_points(struct group *group, uint32_t n)
{
    size_t dim = group->index->dim;
    float *low = group->box, *high = low + dim;
    for (uint32_t q = 0; q < n; q++) {
        float *point = group->points + q * dim;
        ddmd_index_point(group->index, group->block * (size_t)DDMD_BLOCK + q, point);
        for (size_t d = 0; d < dim; d++) {
            low[d] = q == 0 || point[d] < low[d] ? point[d] : low[d];
            high[d] = q == 0 || point[d] > high[d] ? point[d] : high[d];
        }
    }
}

static void start(struct group *group, uint32_t block)
{
    const ddmd_neighbor_index *index = group->index;
    uint32_t lanes = ddmd_index_lanes(index, block);
    group->block = block;
    take_points(group, (uint32_t)__builtin_popcount(lanes));
    for (uint32_t q = 0; q < DDMD_BLOCK; q++) {
        group->n[q] = 0;
        group->next[q] = group->lists->width;
        group->limits[q] = lanes >> q & 1 ? INFINITY : -1;
        group->worst[q] = INFINITY;
        group->last[q] = 0;
    }
    for (; lanes; lanes &= lanes - 1) {
        uint32_t q = (uint32_t)__builtin_ctz(lanes), place = block * DDMD_BLOCK + q;
        uint32_t count = ddmd_index_count(index, index->order[place]);
        if (count > 1)
            collect(group, q, 0, place, count - 1);
    }
    summarize(group);
}

static void finish(struct group *group, uint32_t q)
{
    ddmd_neighbor_lists *lists = group->lists;
    tighten(group, q);
    size_t n = rank(group, q);
    uint32_t point = group->index->order[group->block * (size_t)DDMD_BLOCK + q];
    for (size_t i = 0; i < n; i++) {
        lists->indices[point * lists->width + i] = group->sorted[i].index;
        lists->squared[point * lists->width + i] = group->sorted[i].squared;
    }
    lists->furthest[point] = group->sorted[n - 1].squared;
}

static void find_lists(void *user, size_t begin, size_t end, int worker)
{
    struct group *group = &((struct group *)user)[worker];
    for (size_t block = begin; block < end; block++) {
        uint32_t lanes = ddmd_index_lanes(group->index, block);
        start(group, (uint32_t)block);
        scan_block(group, (uint32_t)block, lanes);
        visit(group, 0);
        for (; lanes; lanes &= lanes - 1)
            finish(group, (uint32_t)__builtin_ctz(lanes));
    }
}

static enum ddmd_status create_groups(const ddmd_neighbor_index *index, ddmd_neighbor_lists *lists,
                                      struct group *groups, ddmd_error *err)
{
    enum ddmd_status status = DDMD_OK;
    size_t capacity = 2 * lists->width + 2 * (size_t)DDMD_BLOCK;
    size_t all = DDMD_BLOCK * capacity + DDMD_LANES;
    for (int t = 0; t < index->threads; t++) {
        struct group *group = &groups[t];
        group->index = index;
        group->lists = lists;
        group->capacity = capacity;
        group->most_copies = (uint32_t)(UINT32_MAX / (capacity + DDMD_LANES));
        DDMD_TRY(ddmd_array_alloc(&group->squared, DDMD_BLOCK, DDMD_BLOCK * sizeof(float), err));
        DDMD_TRY(ddmd_array_alloc(&group->points, DDMD_BLOCK, index->dim * sizeof(float), err));
        DDMD_TRY(ddmd_array_alloc(&group->box, 2, index->dim * sizeof(float), err));
        DDMD_TRY(ddmd_array_alloc(&group->rough, all, sizeof *group->rough, err));
        DDMD_TRY(ddmd_array_alloc(&group->places, all, sizeof *group->places, err));
        DDMD_TRY(ddmd_array_alloc(&group->copies, all, sizeof *group->copies, err));
        DDMD_TRY(ddmd_array_alloc(&group->sorted, capacity, sizeof *group->sorted, err));
    }
out:
    return status;
}

static void destroy_groups(struct group *groups, int threads)
{
    for (int t = 0; groups && t < threads; t++) {
        free(groups[t].points);
        free(groups[t].box);
        free(groups[t].squared);
        free(groups[t].rough);
        free(groups[t].places);
        free(groups[t].copies);
        free(groups[t].sorted);
    }
    free(groups);
}

enum ddmd_status ddmd_neighbor_lists_find(const ddmd_neighbor_index *index, size_t k,
                                          ddmd_neighbor_lists *lists, ddmd_error *err)
{
    enum ddmd_status status = DDMD_OK;
    ddmd_neighbor_lists found = {.k = k, .width = k < index->n ? k : index->n};
    struct group *groups = NULL;

    DDMD_TRY(ddmd_array_alloc(&found.indices, index->n, found.width * sizeof *found.indices, err));
    DDMD_TRY(ddmd_array_alloc(&found.squared, index->n, found.width * sizeof *found.squared, err));
    DDMD_TRY(ddmd_array_alloc(&found.furthest, index->n, sizeof *found.furthest, err));
    DDMD_TRY(ddmd_array_alloc(&groups, (size_t)index->threads, sizeof *groups, err));
    DDMD_TRY(create_groups(index, &found, groups, err));
    if (k > 0)
        ddmd_parallel_for(index->n_blocks, 4, index->threads, find_lists, groups);
    *lists = found;
    found = (ddmd_neighbor_lists){0};

out:
    destroy_groups(groups, index->threads);
    ddmd_neighbor_lists_clear(&found);
    return status;
}

void ddmd_neighbor_lists_clear(ddmd_neighbor_lists *lists)
{
    free(lists->indices);
    free(lists->squared);
    free(lists->furthest);
    *lists = (ddmd_neighbor_lists){0};
}
