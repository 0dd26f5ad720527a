#include "select/clustering.h"
#include "select/neighbor_index.h"

#include "core/parallel.h"
#include "ddmd/random.h"
#include "ddmd/select.h"
#include "support/cmocka.h"
#include "unit/select/reference.h"

#include <float.h>
#include <math.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

/* Every point has one place, lies in the boxes of its nodes, and no node is left out. */
static void every_point_is_in_the_tree_once(void **state)
{
    (void)state;
    static const size_t sizes[] = {1, 31, 32, 33, 511, 512, 513, 1000, 17000};
    for (size_t s = 0; s < sizeof sizes / sizeof *sizes; s++) {
        ddmd_error err = {0};
        size_t n = sizes[s], dim = 1 + s, leaves = 0;
        ddmd_neighbor_index *index = NULL;
        float *points = reference_points((enum reference_kind)(s % REFERENCE_KINDS), n, dim, 1);
        ASSERT_OK(ddmd_neighbor_index_create(points, n, dim, NULL, 1, &index, &err), &err);
        for (size_t i = 0; i < n; i++)
            assert_int_equal(index->order[index->places[i]], i);
        for (size_t i = 0; i < index->n_nodes; i++) {
            const ddmd_index_node *node = &index->nodes[i];
            const float *box = index->node_boxes + i * 2 * dim;
            uint32_t lowest = UINT32_MAX;
            leaves += node->n_children == 0;
            assert_true((node->n_children == 0) == (node->n_blocks == 1));
            for (size_t p = node->first_block * (size_t)DDMD_BLOCK;
                 p < n && p < (node->first_block + node->n_blocks) * (size_t)DDMD_BLOCK; p++) {
                const float *point = points + index->order[p] * dim;
                lowest = index->order[p] < lowest ? index->order[p] : lowest;
                for (size_t d = 0; d < dim; d++)
                    assert_true(box[d] <= point[d] && point[d] <= box[dim + d]);
            }
            assert_int_equal(node->min_index, lowest);
        }
        assert_int_equal(leaves, index->n_blocks);
        ddmd_neighbor_index_destroy(&index);
        assert_null(index);
        free(points);
    }
}

/* What is within the limit passes every filter, and no box is made out to be too far away. */
static void filters_let_through_what_is_near(void **state)
{
    (void)state;
    size_t n_kernels;
    const ddmd_distance_kernel *kernels = ddmd_distance_kernels(&n_kernels);
    for (uint32_t seed = 0; seed < 1000; seed++) {
        ddmd_error err = {0};
        ddmd_neighbor_index *index = NULL;
        size_t dim = 1 + seed % 40;
        enum reference_kind kind = (enum reference_kind)(seed % REFERENCE_KINDS);
        float *points = reference_points(kind, 100, dim, seed);
        ASSERT_OK(ddmd_neighbor_index_create(points, 100, dim, NULL, 1, &index, &err), &err);
        const float *block = ddmd_index_block(index, 0), *query = points + seed % 100 * dim;
        uint32_t chosen = index->order[seed % DDMD_BLOCK];
        double squared = reference_distance2(points, dim, chosen, seed % 100);
        float limit = ddmd_distance_limit(squared, index->slack);
        for (size_t k = 0; k < n_kernels; k++) {
            if (!kernels[k].usable())
                continue;
            uint32_t hits = kernels[k].within(block, query, dim, limit);
            for (size_t lane = 0; lane < DDMD_BLOCK; lane++) {
                double exact = reference_distance2(points, dim, index->order[lane], seed % 100);
                if (exact <= squared)
                    assert_true(hits >> lane & 1);
                else if (exact > squared * 1.001 + 1e-37 && limit < FLT_MAX / 2)
                    assert_false(hits >> lane & 1);
            }
            float to_boxes[DDMD_LANES] __attribute__((aligned(64)));
            kernels[k].to_boxes(index->child_boxes, query, query, dim, to_boxes);
            assert_true(to_boxes[0] <= limit); /* the box of block 0 */
        }
        ddmd_neighbor_index_destroy(&index);
        free(points);
    }
}

/* Block 0 of an index and the points in it one after another; limits that some pairs are at. */
struct block {
    float *points;
    ddmd_neighbor_index *index;
    float queries[DDMD_BLOCK * 40];
    float limits[DDMD_BLOCK] __attribute__((aligned(64)));
    double limits2[DDMD_BLOCK]; /* exact squared distances that the limits are made from */
};

static void make_block(struct block *block, size_t dim, uint32_t seed)
{
    ddmd_error err = {0};
    ddmd_random random;
    ddmd_random_init(&random, 5, DDMD_RANDOM_TEST, seed, 0);
    block->points = reference_points((enum reference_kind)(seed % REFERENCE_KINDS), 100, dim, seed);
    ASSERT_OK(ddmd_neighbor_index_create(block->points, 100, dim, NULL, 1, &block->index, &err),
              &err);
    for (uint32_t q = 0; q < DDMD_BLOCK; q++) {
        ddmd_index_point(block->index, q, block->queries + q * dim);
        block->limits2[q] =
            reference_distance2(block->points, dim, block->index->order[q],
                                block->index->order[ddmd_random_below(&random, DDMD_BLOCK)]);
        block->limits[q] = ddmd_distance_limit(block->limits2[q], block->index->slack);
    }
}

static void free_block(struct block *block)
{
    ddmd_neighbor_index_destroy(&block->index);
    free(block->points);
}

/* Of many queries at once, all that is within their limits is named, with its distance. */
static void groups_are_measured(void **state)
{
    (void)state;
    size_t n_kernels;
    const ddmd_distance_kernel *kernels = ddmd_distance_kernels(&n_kernels);
    for (uint32_t seed = 0; seed < 500; seed++) {
        struct block block;
        size_t dim = 1 + seed % 40;
        uint32_t queries = seed * 2654435761u;
        make_block(&block, dim, seed);
        for (size_t k = 0; k < n_kernels; k++) {
            uint32_t hits[DDMD_BLOCK] = {0};
            float squared[DDMD_BLOCK][DDMD_BLOCK] __attribute__((aligned(64)));
            if (!kernels[k].usable())
                continue;
            uint32_t any = kernels[k].measure(ddmd_index_block(block.index, 0), block.queries,
                                              queries, dim, block.limits, hits, squared[0]);
            for (uint32_t q = 0; q < DDMD_BLOCK; q++) {
                assert_int_equal(any >> q & 1, hits[q] != 0);
                if (!(queries >> q & 1)) {
                    assert_int_equal(hits[q], 0);
                    continue;
                }
                for (uint32_t lane = 0; lane < DDMD_BLOCK; lane++) {
                    double exact = reference_distance2(block.points, dim, block.index->order[lane],
                                                       block.index->order[q]);
                    assert_int_equal(hits[q] >> lane & 1, squared[q][lane] <= block.limits[q]);
                    if (exact <= block.limits2[q])
                        assert_true(hits[q] >> lane & 1);
                    if (exact < 1e38)
                        assert_true(fabs(squared[q][lane] - exact) <=
                                    block.index->slack * exact + (double)FLT_MIN);
                }
            }
        }
        free_block(&block);
    }
}

/* A point that has something of a box within its limit is not passed over. */
static void boxes_are_near_to_points_of_a_block(void **state)
{
    (void)state;
    size_t n_kernels;
    const ddmd_distance_kernel *kernels = ddmd_distance_kernels(&n_kernels);
    size_t passed_over = 0;
    for (uint32_t seed = 0; seed < 500; seed++) {
        struct block block;
        size_t dim = 1 + seed % 40;
        make_block(&block, dim, seed);
        const ddmd_neighbor_index *index = block.index;
        for (size_t i = 1; i < index->n_nodes; i++) { /* the root is above them */
            const float *box = index->node_boxes + i * 2 * dim;
            uint32_t first = index->nodes[i].first_block * DDMD_BLOCK;
            for (size_t k = 0; k < n_kernels; k++) {
                if (!kernels[k].usable())
                    continue;
                uint32_t near =
                    kernels[k].near_box(ddmd_index_block(index, 0), box, dim, block.limits);
                passed_over += (size_t)__builtin_popcount(~near);
                for (uint32_t p = first; p < first + DDMD_BLOCK && p < 100; p++) {
                    for (uint32_t q = 0; q < DDMD_BLOCK; q++) {
                        if (reference_distance2(block.points, dim, index->order[p],
                                                index->order[q]) <= block.limits2[q])
                            assert_true(near >> q & 1);
                    }
                }
            }
        }
        free_block(&block);
    }
    assert_true(passed_over > 1000);
}

static void copies_are_added_up(void **state)
{
    (void)state;
    size_t n_kernels;
    const ddmd_distance_kernel *kernels = ddmd_distance_kernels(&n_kernels);
    ddmd_random random;
    ddmd_random_init(&random, 6, DDMD_RANDOM_TEST, 0, 0);
    for (size_t n = 0; n < 100; n++) {
        float values[100 + DDMD_LANES];
        uint32_t copies[100 + DDMD_LANES], sum = 0;
        for (size_t i = 0; i < 100 + DDMD_LANES; i++) {
            values[i] = (float)ddmd_random_below(&random, 20);
            copies[i] = ddmd_random_below(&random, 1u << 25);
            sum += i < n && values[i] <= 7 ? copies[i] : 0;
        }
        for (size_t k = 0; k < n_kernels; k++) {
            if (kernels[k].usable())
                assert_int_equal(kernels[k].copies_within(values, copies, n, 7), sum);
        }
    }
}

/* The lists are those of comparing every pair, copies and ties and all. */
static void lists_are_those_of_all_pairs(void **state)
{
    (void)state;
    enum { N = 300 };
    static const size_t ks[] = {1, 2, 9, 31, 40, 150, 299, 500};
    for (uint32_t seed = 0; seed < 8 * REFERENCE_KINDS; seed++) {
        ddmd_error err = {0};
        ddmd_neighbor_index *index = NULL;
        ddmd_neighbor_lists lists = {0};
        ddmd_random random;
        ddmd_random_init(&random, 7, DDMD_RANDOM_TEST, seed, 0);
        size_t dim = 1 + seed % 12, k = ks[seed / REFERENCE_KINDS];
        uint32_t counts[N];
        for (int i = 0; i < N; i++)
            counts[i] = ddmd_random_below(&random, 4) ? 1 : 1 + ddmd_random_below(&random, 9);
        bool counted = seed % 2 || k >= N;
        float *points =
            reference_points((enum reference_kind)(seed % REFERENCE_KINDS), N, dim, seed);
        ASSERT_OK(
            ddmd_neighbor_index_create(points, N, dim, counted ? counts : NULL, 2, &index, &err),
            &err);
        ASSERT_OK(ddmd_neighbor_lists_find(index, k, &lists, &err), &err);
        for (uint32_t i = 0; i < N; i++) {
            size_t met = 0;
            double reach = -1, to[N];
            for (uint32_t j = 0; j < N; j++)
                to[j] = reference_distance2(points, dim, i, j);
            uint32_t reached = 0;
            for (size_t m = 0; met < k; m++) {
                uint32_t other = lists.indices[i * lists.width + m], between = 0;
                double squared = lists.squared[i * lists.width + m];
                assert_true(squared == to[other]);
                assert_true(squared > reach || (squared == reach && other > reached));
                for (uint32_t j = 0; j < N; j++) { /* nothing comes between two entries */
                    bool after = to[j] > reach || (to[j] == reach && j > reached);
                    bool before = to[j] < squared || (to[j] == squared && j < other);
                    between += after && before && ddmd_neighbor_others(index, i, j) > 0;
                }
                assert_int_equal(between, 0);
                reach = squared;
                reached = other;
                assert_true(ddmd_neighbor_others(index, i, other) > 0);
                met += ddmd_neighbor_others(index, i, other);
            }
            assert_true(lists.furthest[i] == reach);
        }
        ddmd_neighbor_lists_clear(&lists);
        ddmd_neighbor_index_destroy(&index);
        free(points);
    }
}

/* Labels, eps and scores have the same bits on every instruction set. */
static void results_do_not_depend_on_the_kernel(void **state)
{
    (void)state;
    enum { N = 3000, DIM = 7 };
    size_t n_kernels;
    const ddmd_distance_kernel *kernels = ddmd_distance_kernels(&n_kernels);
    static int32_t labels[2][N];
    static double scores[2][N];
    const ddmd_outlier_search search = {.min_samples = 6, .min_outliers = 100, .max_outliers = 300};
    for (int kind = 0; kind < REFERENCE_KINDS; kind++) {
        ddmd_error err = {0};
        ddmd_neighbor_index *index = NULL;
        float *points = reference_points((enum reference_kind)kind, N, DIM, 5);
        ASSERT_OK(ddmd_neighbor_index_create(points, N, DIM, NULL, 2, &index, &err), &err);
        ddmd_outlier_result results[2] = {0};
        for (size_t k = 0; k < n_kernels; k++) {
            size_t slot = k > 0;
            if (!kernels[k].usable())
                continue;
            index->kernel = &kernels[k];
            ASSERT_OK(ddmd_outliers_label(index, &search, labels[slot], &results[slot], &err),
                      &err);
            ASSERT_OK(ddmd_lof_score(index, 12, scores[slot], &err), &err);
            if (slot == 0)
                continue;
            assert_true(results[0].eps == results[1].eps);
            assert_memory_equal(labels[0], labels[1], sizeof labels[0]);
            assert_memory_equal(scores[0], scores[1], sizeof scores[0]);
        }
        ddmd_neighbor_index_destroy(&index);
        free(points);
    }
}

static void the_nearest_eligible_point_is_found(void **state)
{
    (void)state;
    enum { N = 400 };
    for (uint32_t seed = 0; seed < 60; seed++) {
        ddmd_error err = {0};
        ddmd_neighbor_index *index = NULL;
        size_t dim = 1 + seed % 12;
        bool eligible[N];
        float *query = calloc(dim, sizeof *query);
        enum reference_kind kind = (enum reference_kind)(seed % REFERENCE_KINDS);
        float *points = reference_points(kind, N, dim, seed);
        ddmd_random random;
        ddmd_random_init(&random, 3, DDMD_RANDOM_TEST, seed, 0);
        for (int i = 0; i < N; i++)
            eligible[i] = ddmd_random_below(&random, 1 + seed) == 0;
        ASSERT_OK(ddmd_neighbor_index_create(points, N, dim, NULL, 1, &index, &err), &err);
        for (uint32_t i = 0; i < N; i++) {
            uint32_t expected = N, found = N;
            for (uint32_t j = 0; j < N; j++) {
                if (j != i && eligible[j] &&
                    (expected == N || reference_distance2(points, dim, i, j) <
                                          reference_distance2(points, dim, i, expected)))
                    expected = j;
            }
            assert_int_equal(ddmd_neighbor_nearest(index, i, eligible, query, &found),
                             expected != N);
            assert_int_equal(found, expected);
        }
        ddmd_neighbor_index_destroy(&index);
        free(points);
        free(query);
    }
}

/* A collapsed embedding must not make every point look at every other. */
static void many_duplicates_are_searched_at_once(void **state)
{
    (void)state;
    enum { N = 20000, K = 9 };
    ddmd_error err = {0};
    ddmd_neighbor_index *index = NULL;
    ddmd_neighbor_lists lists = {0};
    float *points = reference_points(REFERENCE_EQUAL, N, 10, 0);
    ASSERT_OK(ddmd_neighbor_index_create(points, N, 10, NULL, 2, &index, &err), &err);
    ASSERT_OK(ddmd_neighbor_lists_find(index, K, &lists, &err), &err);
    for (uint32_t i = 0; i < N; i++) {
        for (uint32_t m = 0; m < K; m++)
            assert_int_equal(lists.indices[(size_t)i * K + m], m + (i <= m));
    }
    ddmd_neighbor_lists_clear(&lists);
    ddmd_neighbor_index_destroy(&index);
    free(points);
}

struct tally {
    atomic_uint visits[1000];
    atomic_int workers[8];
    atomic_bool clash; /* two calls with the same worker at once, or no such worker */
};

static void count_visits(void *user, size_t begin, size_t end, int worker)
{
    struct tally *tally = user;
    if (worker < 0 || worker > 7 || atomic_fetch_add(&tally->workers[worker], 1) != 0)
        tally->clash = true;
    for (size_t i = begin; i < end; i++)
        atomic_fetch_add(&tally->visits[i], 1);
    if (!tally->clash)
        atomic_fetch_sub(&tally->workers[worker], 1);
}

static void ranges_cover_everything_once(void **state)
{
    (void)state;
    for (int threads = 1; threads <= 8; threads++) {
        for (size_t n = 0; n <= 1000; n += 125) {
            struct tally tally = {0};
            ddmd_parallel_for(n, 7, threads, count_visits, &tally);
            assert_false(tally.clash);
            for (size_t i = 0; i < 1000; i++)
                assert_int_equal(tally.visits[i], i < n);
        }
    }
    assert_int_equal(ddmd_parallel_threads(5), 5);
    assert_int_equal(ddmd_parallel_threads(100000), DDMD_PARALLEL_MAX);
    assert_in_range(ddmd_parallel_threads(0), 1, DDMD_PARALLEL_MAX);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_point_is_in_the_tree_once),
        cmocka_unit_test(filters_let_through_what_is_near),
        cmocka_unit_test(groups_are_measured),
        cmocka_unit_test(boxes_are_near_to_points_of_a_block),
        cmocka_unit_test(copies_are_added_up),
        cmocka_unit_test(lists_are_those_of_all_pairs),
        cmocka_unit_test(results_do_not_depend_on_the_kernel),
        cmocka_unit_test(the_nearest_eligible_point_is_found),
        cmocka_unit_test(many_duplicates_are_searched_at_once),
        cmocka_unit_test(ranges_cover_everything_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
