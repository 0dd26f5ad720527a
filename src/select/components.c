/*
 * Connected components of the core points, by walking pairs of nodes. A node whose core points are
 * known to be in one component is "whole": a pair of whole nodes of the same component has nothing
 * left to find, and of two whole nodes a single link decides.
 */
#include "select/clustering.h"

#include "core/array.h"
#include "core/try.h"

#include <stdlib.h>

enum { NO_CORE = UINT32_MAX, NOT_WHOLE = UINT32_MAX - 1 }; /* above any place */

struct joining {
    const ddmd_neighbor_index *index;
    double reach; /* squared */
    float limit;
    uint32_t *core;   /* [n_blocks] the lanes that are core points */
    uint32_t *parent; /* [n] union-find over places */
    uint32_t *whole;  /* [n_nodes] a place of the one component, NO_CORE or NOT_WHOLE */
    float *query;     /* [dim] */
};

static uint32_t root_of(uint32_t *parent, uint32_t place)
{
    while (parent[place] != place) {
        parent[place] = parent[parent[place]];
        place = parent[place];
    }
    return place;
}

static void join(struct joining *joining, uint32_t a, uint32_t b)
{
    a = root_of(joining->parent, a);
    b = root_of(joining->parent, b);
    if (a < b)
        joining->parent[b] = a;
    else
        joining->parent[a] = b;
}

static bool is_whole(const struct joining *joining, uint32_t node)
{
    return joining->whole[node] < NOT_WHOLE;
}

static bool same_component(struct joining *joining, uint32_t a, uint32_t b)
{
    return is_whole(joining, a) && is_whole(joining, b) &&
           root_of(joining->parent, joining->whole[a]) ==
               root_of(joining->parent, joining->whole[b]);
}

static uint32_t place_of(size_t block, uint32_t lanes)
{
    return (uint32_t)(block * DDMD_BLOCK) + (uint32_t)__builtin_ctz(lanes);
}

/* Is the node whole by now? */
static void refresh(struct joining *joining, uint32_t number)
{
    const ddmd_index_node *node = &joining->index->nodes[number];
    if (joining->whole[number] != NOT_WHOLE)
        return;
    uint32_t first = NO_CORE, root = NO_CORE;
    if (node->n_children == 0) {
        for (uint32_t left = joining->core[node->first_block]; left; left &= left - 1) {
            uint32_t place = place_of(node->first_block, left);
            if (first == NO_CORE)
                root = root_of(joining->parent, first = place);
            else if (root_of(joining->parent, place) != root)
                return;
        }
    } else {
        for (uint32_t i = 0; i < node->n_children; i++) {
            uint32_t part = joining->whole[node->child + i];
            if (part == NO_CORE)
                continue;
            if (part == NOT_WHOLE)
                return;
            if (first == NO_CORE)
                root = root_of(joining->parent, first = part);
            else if (root_of(joining->parent, part) != root)
                return;
        }
    }
    joining->whole[number] = first;
}

/* What is known of a node holds for its children. */
static void hand_down(struct joining *joining, uint32_t number)
{
    const ddmd_index_node *node = &joining->index->nodes[number];
    if (!is_whole(joining, number))
        return;
    for (uint32_t i = 0; i < node->n_children; i++) {
        uint32_t *part = &joining->whole[node->child + i];
        if (*part == NOT_WHOLE)
            *part = joining->whole[number];
    }
}

/*
 * Bounds of the squared distances between points of two nodes. The same operations in the same
 * order as in ddmd_distance2(), each monotonic when rounded, so that the bounds hold exactly.
 */
static double least_distance2(const ddmd_neighbor_index *index, uint32_t a, uint32_t b)
{
    const float *box_a = index->node_boxes + 2 * index->dim * a;
    const float *box_b = index->node_boxes + 2 * index->dim * b;
    double sum = 0;
    for (size_t d = 0; d < index->dim; d++) {
        double above = (double)box_a[d] - box_b[index->dim + d];
        double below = (double)box_b[d] - box_a[index->dim + d];
        double gap = above > below ? above : below;
        sum += gap > 0 ? gap * gap : 0;
    }
    return sum;
}

static double greatest_distance2(const ddmd_neighbor_index *index, uint32_t a, uint32_t b)
{
    const float *box_a = index->node_boxes + 2 * index->dim * a;
    const float *box_b = index->node_boxes + 2 * index->dim * b;
    double sum = 0;
    for (size_t d = 0; d < index->dim; d++) {
        double up = (double)box_a[index->dim + d] - box_b[d];
        double down = (double)box_b[index->dim + d] - box_a[d];
        double span = up > down ? up : down;
        sum += span * span;
    }
    return sum;
}

/* Join the points `targets` of a block to the core point at `place`; stop at the first if told. */
static bool join_point(struct joining *joining, uint32_t place, size_t block, uint32_t targets,
                       bool one_is_enough)
{
    const ddmd_neighbor_index *index = joining->index;
    const float *lanes = ddmd_index_block(index, block);
    ddmd_index_point(index, place, joining->query);
    targets &= index->kernel->within(lanes, joining->query, index->dim, joining->limit);
    bool joined = false;
    for (; targets && !(joined && one_is_enough); targets &= targets - 1) {
        int lane = __builtin_ctz(targets);
        if (ddmd_distance2(joining->query, lanes + lane, DDMD_BLOCK, index->dim) <=
            joining->reach) {
            join(joining, place, place_of(block, targets));
            joined = true;
        }
    }
    return joined;
}

static void join_blocks(struct joining *joining, uint32_t a, uint32_t b)
{
    const ddmd_index_node *nodes = joining->index->nodes;
    if (is_whole(joining, a) && !is_whole(joining, b)) {
        uint32_t held = a;
        a = b;
        b = held;
    }
    bool whole = is_whole(joining, b), both = whole && is_whole(joining, a);
    size_t block_a = nodes[a].first_block, block_b = nodes[b].first_block;
    for (uint32_t left = joining->core[block_a]; left; left &= left - 1) {
        uint32_t place = place_of(block_a, left);
        if (whole && root_of(joining->parent, place) == root_of(joining->parent, joining->whole[b]))
            continue;
        if (join_point(joining, place, block_b, joining->core[block_b], whole) && both)
            return;
    }
    refresh(joining, a);
    refresh(joining, b);
}

static void join_between(struct joining *joining, uint32_t a, uint32_t b, double least);

/* The children of `a` with b, the nearest first. */
static void join_children(struct joining *joining, uint32_t a, uint32_t b)
{
    const ddmd_index_node *node = &joining->index->nodes[a];
    uint32_t children[DDMD_LANES];
    double least[DDMD_LANES];
    int n = 0;
    for (uint32_t i = 0; i < node->n_children; i++) {
        double distance = least_distance2(joining->index, node->child + i, b);
        if (distance > joining->reach)
            continue;
        int at = n++;
        for (; at > 0 && least[at - 1] > distance; at--) {
            least[at] = least[at - 1];
            children[at] = children[at - 1];
        }
        least[at] = distance;
        children[at] = node->child + i;
    }
    hand_down(joining, a);
    for (int i = 0; i < n && !same_component(joining, a, b); i++)
        join_between(joining, children[i], b, least[i]);
    refresh(joining, a);
}

static void join_between(struct joining *joining, uint32_t a, uint32_t b, double least)
{
    const ddmd_index_node *nodes = joining->index->nodes;
    if (least > joining->reach || joining->whole[a] == NO_CORE || joining->whole[b] == NO_CORE ||
        same_component(joining, a, b))
        return;
    if (is_whole(joining, a) && is_whole(joining, b) &&
        greatest_distance2(joining->index, a, b) <= joining->reach)
        join(joining, joining->whole[a], joining->whole[b]);
    else if (nodes[a].n_children == 0 && nodes[b].n_children == 0)
        join_blocks(joining, a, b);
    else if (nodes[a].n_blocks >= nodes[b].n_blocks)
        join_children(joining, a, b);
    else
        join_children(joining, b, a);
}

/* All core points of the node into one component. */
static void join_all(struct joining *joining, uint32_t number)
{
    const ddmd_index_node *node = &joining->index->nodes[number];
    uint32_t first = NO_CORE;
    for (uint32_t block = node->first_block; block < node->first_block + node->n_blocks; block++) {
        for (uint32_t left = joining->core[block]; left; left &= left - 1) {
            if (first == NO_CORE)
                first = place_of(block, left);
            else
                join(joining, first, place_of(block, left));
        }
    }
    joining->whole[number] = first;
}

static void join_within(struct joining *joining, uint32_t number)
{
    const ddmd_neighbor_index *index = joining->index;
    const ddmd_index_node *node = &index->nodes[number];
    if (joining->whole[number] == NO_CORE)
        return;
    if (greatest_distance2(index, number, number) <= joining->reach) {
        join_all(joining, number);
        return;
    }
    if (node->n_children == 0) {
        uint32_t left = joining->core[node->first_block];
        for (; left; left &= left - 1)
            join_point(joining, place_of(node->first_block, left), node->first_block,
                       left & (left - 1), false);
    }
    for (uint32_t i = 0; i < node->n_children; i++)
        join_within(joining, node->child + i);
    for (uint32_t i = 0; i < node->n_children; i++) {
        for (uint32_t j = i + 1; j < node->n_children; j++) {
            double least = least_distance2(index, node->child + i, node->child + j);
            join_between(joining, node->child + i, node->child + j, least);
        }
    }
    refresh(joining, number);
}

enum ddmd_status ddmd_components_find(const ddmd_neighbor_index *index, double squared_reach,
                                      const bool *core, int32_t *labels, size_t *n_components,
                                      ddmd_error *err)
{
    enum ddmd_status status = DDMD_OK;
    int32_t *numbers = NULL; /* of components, by root */
    struct joining joining = {.index = index,
                              .reach = squared_reach,
                              .limit = ddmd_distance_limit(squared_reach, index->slack)};

    DDMD_TRY(ddmd_array_alloc(&joining.core, index->n_blocks, sizeof *joining.core, err));
    DDMD_TRY(ddmd_array_alloc(&joining.parent, index->n, sizeof *joining.parent, err));
    DDMD_TRY(ddmd_array_alloc(&joining.whole, index->n_nodes, sizeof *joining.whole, err));
    DDMD_TRY(ddmd_array_alloc(&joining.query, index->dim, sizeof *joining.query, err));
    DDMD_TRY(ddmd_array_alloc(&numbers, index->n, sizeof *numbers, err));

    for (uint32_t place = 0; place < index->n; place++) {
        joining.parent[place] = place;
        if (core[index->order[place]])
            joining.core[place / DDMD_BLOCK] |= 1u << place % DDMD_BLOCK;
    }
    for (size_t i = index->n_nodes; i-- > 0;) {
        const ddmd_index_node *node = &index->nodes[i];
        bool any = node->n_children == 0 && joining.core[node->first_block];
        for (uint32_t c = 0; c < node->n_children; c++)
            any |= joining.whole[node->child + c] != NO_CORE;
        joining.whole[i] = any ? NOT_WHOLE : NO_CORE;
    }
    join_within(&joining, 0);

    int32_t n = 0;
    for (size_t i = 0; i < index->n; i++) {
        labels[i] = -1;
        if (!core[i])
            continue;
        int32_t *number = &numbers[root_of(joining.parent, index->places[i])];
        if (*number == 0)
            *number = ++n;
        labels[i] = *number - 1;
    }
    *n_components = (size_t)n;

out:
    free(joining.core);
    free(joining.parent);
    free(joining.whole);
    free(joining.query);
    free(numbers);
    return status;
}
