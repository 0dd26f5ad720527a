/* Nearest neighbours: depth-first, nearest box first, with a heap of the k best. */
#include "select/neighbor_index.h"

#include "core/array.h"
#include "core/parallel.h"
#include "core/try.h"

#include <stdlib.h>

struct neighbor {
    double squared;
    uint32_t index, copies;
};

/*
 * Where a search for one point stands. The worst neighbour is at the root of the heap. With the
 * copies of all that it holds there are at least k neighbours, once so many were found; without the
 * worst, fewer than k.
 */
struct search {
    const ddmd_neighbor_index *index;
    const bool *eligible; /* NULL: all are */
    const float *query;
    uint32_t place; /* of the query, which is not its own neighbour */
    size_t k;
    size_t n;              /* held in the heap, */
    uint64_t copies;       /* and with their copies */
    struct neighbor *heap; /* [k or n, whichever is less, + 1] */
    float limit;
};

static bool worse(struct neighbor a, struct neighbor b)
{
    return a.squared > b.squared || (a.squared == b.squared && a.index > b.index);
}

static void sift_down(struct neighbor *heap, size_t n, struct neighbor item)
{
    size_t at = 0;
    for (size_t child; (child = 2 * at + 1) < n; at = child) {
        if (child + 1 < n && worse(heap[child + 1], heap[child]))
            child++;
        if (!worse(heap[child], item))
            break;
        heap[at] = heap[child];
    }
    heap[at] = item;
}

static void push(struct search *search, struct neighbor item)
{
    struct neighbor *heap = search->heap;
    size_t at = search->n++;
    for (; at > 0 && worse(item, heap[(at - 1) / 2]); at = (at - 1) / 2)
        heap[at] = heap[(at - 1) / 2];
    heap[at] = item;
}

static struct neighbor pop(struct search *search)
{
    struct neighbor worst = search->heap[0];
    search->n--;
    if (search->n > 0)
        sift_down(search->heap, search->n, search->heap[search->n]);
    return worst;
}

static void offer(struct search *search, struct neighbor item)
{
    struct neighbor *heap = search->heap;
    if (search->copies >= search->k) {
        if (!worse(heap[0], item))
            return;
        if (search->copies - heap[0].copies + item.copies >= search->k) {
            search->copies -= heap[0].copies;
            sift_down(heap, search->n, item);
        } else {
            push(search, item);
        }
    } else {
        push(search, item);
    }
    search->copies += item.copies;
    while (search->copies - heap[0].copies >= search->k)
        search->copies -= pop(search).copies;
    if (search->copies >= search->k)
        search->limit = ddmd_distance_limit(heap[0].squared, search->index->slack);
}

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
        if (search->eligible && !search->eligible[point])
            continue;
        double squared = ddmd_distance2(search->query, lanes + lane, DDMD_BLOCK, index->dim);
        offer(search, (struct neighbor){squared, point, ddmd_index_count(index, point)});
    }
}

/*
 * With k duplicates found, points of higher indices have nothing to give; without this, each of
 * many equal points would look at all the others.
 */
static bool enough_duplicates(const struct search *search, uint32_t node)
{
    return search->copies >= search->k && search->heap[0].squared == 0 &&
           search->index->nodes[node].min_index > search->heap[0].index;
}

static void visit(struct search *search, uint32_t number)
{
    const ddmd_index_node *node = &search->index->nodes[number];
    if (node->n_children == 0) {
        scan_block(search, node->first_block);
        return;
    }
    ddmd_near_child near[DDMD_LANES];
    int n = ddmd_neighbor_children(search->index, node, search->query, search->limit, near);
    for (int i = 0; i < n && near[i].squared <= search->limit; i++) {
        if (!enough_duplicates(search, near[i].node))
            visit(search, near[i].node);
    }
}

/* The heap, sorted nearest first; `own` copies of the point itself are among its others. */
static void search_run(struct search *search, uint32_t own)
{
    search->n = 0;
    search->copies = 0;
    search->limit = INFINITY;
    if (own > 0)
        offer(search, (struct neighbor){0, search->index->order[search->place], own});
    visit(search, 0);
    for (size_t n = search->n; n > 1; n--) {
        struct neighbor last = search->heap[n - 1];
        search->heap[n - 1] = search->heap[0];
        sift_down(search->heap, n - 1, last);
    }
}

struct lists_work {
    const ddmd_neighbor_index *index;
    ddmd_neighbor_lists *lists;
    struct neighbor *heaps; /* [threads][width + 1] */
    float *queries;         /* [threads][dim] */
};

static void find_lists(void *user, size_t begin, size_t end, int worker)
{
    struct lists_work *work = user;
    const ddmd_neighbor_index *index = work->index;
    ddmd_neighbor_lists *lists = work->lists;
    float *query = work->queries + (size_t)worker * index->dim;
    struct search search = {.index = index,
                            .query = query,
                            .k = lists->k,
                            .heap = work->heaps + (size_t)worker * (lists->width + 1)};
    for (size_t place = begin; place < end; place++) {
        uint32_t point = index->order[place];
        ddmd_index_point(index, place, query);
        search.place = (uint32_t)place;
        search_run(&search, ddmd_index_count(index, point) - 1);
        size_t row = point * lists->width;
        for (size_t i = 0; i < search.n; i++) {
            lists->indices[row + i] = search.heap[i].index;
            lists->squared[row + i] = search.heap[i].squared;
        }
        lists->furthest[point] = search.heap[search.n - 1].squared;
    }
}

enum ddmd_status ddmd_neighbor_lists_find(const ddmd_neighbor_index *index, size_t k,
                                          ddmd_neighbor_lists *lists, ddmd_error *err)
{
    enum ddmd_status status = DDMD_OK;
    ddmd_neighbor_lists found = {.k = k, .width = k < index->n ? k : index->n};
    struct lists_work work = {.index = index, .lists = &found};
    size_t threads = (size_t)index->threads;

    DDMD_TRY(ddmd_array_alloc(&found.indices, index->n, found.width * sizeof *found.indices, err));
    DDMD_TRY(ddmd_array_alloc(&found.squared, index->n, found.width * sizeof *found.squared, err));
    DDMD_TRY(ddmd_array_alloc(&found.furthest, index->n, sizeof *found.furthest, err));
    DDMD_TRY(ddmd_array_alloc(&work.heaps, threads, (found.width + 1) * sizeof *work.heaps, err));
    DDMD_TRY(ddmd_array_alloc(&work.queries, threads, index->dim * sizeof *work.queries, err));
    if (k > 0)
        ddmd_parallel_for(index->n, (size_t)4 * DDMD_BLOCK, index->threads, find_lists, &work);
    *lists = found;
    found = (ddmd_neighbor_lists){0};

out:
    free(work.heaps);
    free(work.queries);
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

bool ddmd_neighbor_nearest(const ddmd_neighbor_index *index, uint32_t point, const bool *eligible,
                           float *query, uint32_t *nearest)
{
    struct neighbor best[2];
    struct search search = {.index = index,
                            .eligible = eligible,
                            .query = query,
                            .place = index->places[point],
                            .k = 1,
                            .heap = best};
    ddmd_index_point(index, search.place, query);
    search_run(&search, 0);
    if (search.n == 0)
        return false;
    *nearest = best[0].index;
    return true;
}
