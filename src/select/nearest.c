/* The nearest of some points: depth-first, nearest box first. */
#include "select/neighbor_index.h"

struct search {
    const ddmd_neighbor_index *index;
    const bool *eligible;
    const float *query;
    uint32_t place;   /* of the query, which is not its own neighbour */
    uint32_t nearest; /* UINT32_MAX: none yet */
    double squared;
    float limit;
};

static void scan_block(struct search *search, size_t block)
{
    const ddmd_neighbor_index *index = search->index;
    const float *lanes = ddmd_index_block(index, block);
    uint32_t hits = index->kernel->within(lanes, search->query, index->dim, search->limit) &
                    ddmd_index_lanes(index, block);
    if (search->place / DDMD_BLOCK == block)
        hits &= ~(1u << search->place % DDMD_BLOCK);
    for (; hits; hits &= hits - 1) {
        int lane = __builtin_ctz(hits);
        uint32_t point = index->order[block * DDMD_BLOCK + (size_t)lane];
        if (!search->eligible[point])
            continue;
        double exact = ddmd_distance2(search->query, lanes + lane, DDMD_BLOCK, index->dim);
        if (exact > search->squared || (exact == search->squared && point > search->nearest))
            continue;
        search->nearest = point;
        search->squared = exact;
        search->limit = ddmd_distance_limit(exact, index->slack);
    }
}

static void visit(struct search *search, uint32_t number)
{
    const ddmd_index_node *node = &search->index->nodes[number];
    if (node->n_children == 0) {
        scan_block(search, node->first_block);
        return;
    }
    ddmd_near_child near[DDMD_LANES];
    int n = ddmd_neighbor_children(search->index, node, search->query, search->query, search->limit,
                                   near);
    for (int i = 0; i < n && near[i].squared <= search->limit; i++)
        visit(search, near[i].node);
}

bool ddmd_neighbor_nearest(const ddmd_neighbor_index *index, uint32_t point, const bool *eligible,
                           float *query, uint32_t *nearest)
{
    struct search search = {.index = index,
                            .eligible = eligible,
                            .query = query,
                            .place = index->places[point],
                            .nearest = UINT32_MAX,
                            .squared = INFINITY,
                            .limit = INFINITY};
    ddmd_index_point(index, search.place, query);
    visit(&search, 0);
    if (search.nearest == UINT32_MAX)
        return false;
    *nearest = search.nearest;
    return true;
}
