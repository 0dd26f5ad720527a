#include "select/kmeans.h"
#include "ddmd/random.h"
#include "ddmd/select.h"
#include "support/cmocka.h"
#include "unit/select/reference.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* A problem, and what ddmd_kmeans() makes of it. */
struct problem {
    size_t n, dim;
    float *points;
    uint32_t *counts;
    double *initial; /* [n_clusters][dim] */
    ddmd_kmeans_options options;
    double *centers;
    int32_t *labels;
    ddmd_kmeans_result result;
};

static double squared_to(const struct problem *p, size_t point, const double *center)
{
    double sum = 0;
    for (size_t d = 0; d < p->dim; d++) {
        double difference = (double)p->points[point * p->dim + d] - center[d];
        sum += difference * difference;
    }
    return sum;
}

static int32_t nearest_center(const struct problem *p, size_t point, const double *centers,
                              size_t k)
{
    size_t nearest = 0;
    for (size_t c = 1; c < k; c++) {
        if (squared_to(p, point, centers + c * p->dim) <
            squared_to(p, point, centers + nearest * p->dim))
            nearest = c;
    }
    return (int32_t)nearest;
}

static size_t members_of(const struct problem *p, const int32_t *labels, size_t center)
{
    size_t members = 0;
    for (size_t i = 0; i < p->n; i++)
        members += labels[i] == (int32_t)center;
    return members;
}

/* Lloyd's algorithm as it is written down; a centre without points takes the one furthest off. */
static size_t plain_lloyd(const struct problem *p, double *centers, int32_t *labels)
{
    size_t k = p->options.n_clusters;
    double *squared = calloc(p->n, sizeof *squared);
    for (size_t i = 0; i < p->n; i++)
        labels[i] = nearest_center(p, i, centers, k);
    for (size_t iteration = 1; iteration <= p->options.max_iterations; iteration++) {
        for (size_t i = 0; i < p->n; i++)
            squared[i] = squared_to(p, i, centers + (size_t)labels[i] * p->dim);
        for (size_t c = 0; c < k; c++) {
            size_t furthest = p->n;
            for (size_t i = 0; i < p->n && members_of(p, labels, c) == 0; i++) {
                if (squared[i] > (furthest < p->n ? squared[furthest] : 0) &&
                    members_of(p, labels, (size_t)labels[i]) > 1)
                    furthest = i;
            }
            if (furthest < p->n) {
                labels[furthest] = (int32_t)c;
                squared[furthest] = 0;
            }
        }
        for (size_t c = 0; c < k; c++) {
            double total = 0;
            if (members_of(p, labels, c) > 0)
                memset(centers + c * p->dim, 0, p->dim * sizeof *centers);
            for (size_t i = 0; i < p->n; i++) {
                if (labels[i] != (int32_t)c)
                    continue;
                total += p->counts ? p->counts[i] : 1;
                for (size_t d = 0; d < p->dim; d++)
                    centers[c * p->dim + d] +=
                        (p->counts ? p->counts[i] : 1) * (double)p->points[i * p->dim + d];
            }
            for (size_t d = 0; d < p->dim && total > 0; d++)
                centers[c * p->dim + d] /= total;
        }
        bool changed = false;
        for (size_t i = 0; i < p->n; i++) {
            int32_t label = nearest_center(p, i, centers, k);
            changed |= label != labels[i];
            labels[i] = label;
        }
        if (!changed) {
            free(squared);
            return iteration;
        }
    }
    free(squared);
    return p->options.max_iterations;
}

static double inertia_of(const struct problem *p, const double *centers, const int32_t *labels)
{
    double sum = 0;
    for (size_t i = 0; i < p->n; i++)
        sum +=
            (p->counts ? p->counts[i] : 1) * squared_to(p, i, centers + (size_t)labels[i] * p->dim);
    return sum;
}

static struct problem make_problem(enum reference_kind kind, size_t n, size_t dim, size_t k,
                                   uint32_t seed)
{
    struct problem p = {.n = n, .dim = dim};
    ddmd_random random;
    ddmd_random_init(&random, 3, DDMD_RANDOM_TEST, seed, 0);
    p.points = reference_points(kind, n, dim, seed);
    p.counts = calloc(n, sizeof *p.counts);
    for (size_t i = 0; i < n; i++)
        p.counts[i] = 1 + ddmd_random_below(&random, 5);
    p.initial = calloc(k * dim, sizeof *p.initial);
    for (size_t c = 0; c < k; c++) {
        size_t point = ddmd_random_below(&random, (uint32_t)n);
        for (size_t d = 0; d < dim; d++)
            p.initial[c * dim + d] = (double)p.points[point * dim + d];
    }
    p.centers = calloc(k * dim, sizeof *p.centers);
    p.labels = calloc(n, sizeof *p.labels);
    p.options = (ddmd_kmeans_options){
        .n_clusters = k, .max_iterations = 100, .seed = seed, .round = 2, .threads = 1};
    return p;
}

static void free_problem(struct problem *p)
{
    free(p->points);
    free(p->counts);
    free(p->initial);
    free(p->centers);
    free(p->labels);
}

static void solve(struct problem *p)
{
    ddmd_error err = {0};
    ASSERT_OK(ddmd_kmeans(p->points, p->n, p->dim, p->counts, &p->options, p->centers, p->labels,
                          &p->result, &err),
              &err);
}

/* Bit for bit: both sum in the same order. */
static void assert_plain_lloyd(struct problem *p)
{
    size_t bytes = p->options.n_clusters * p->dim * sizeof *p->initial;
    double *centers = calloc(1, bytes);
    int32_t *labels = calloc(p->n, sizeof *labels);
    memcpy(centers, p->initial, bytes);
    size_t iterations = plain_lloyd(p, centers, labels);
    p->options.initial = p->initial;
    for (p->options.threads = 1; p->options.threads <= 3; p->options.threads++) {
        memset(p->centers, 0x55, bytes);
        memset(p->labels, 0x55, p->n * sizeof *p->labels);
        solve(p);
        assert_memory_equal(p->labels, labels, p->n * sizeof *labels);
        assert_memory_equal(p->centers, centers, bytes);
        assert_int_equal(p->result.n_clusters, p->options.n_clusters);
        assert_int_equal(p->result.iterations, iterations);
        assert_true(p->result.converged || iterations == p->options.max_iterations);
        assert_true(p->result.inertia == inertia_of(p, centers, labels));
    }
    free(centers);
    free(labels);
}

static void lloyd_is_that_of_the_definition(void **state)
{
    (void)state;
    static const size_t sizes[] = {1, 2, 7, 33, 120, 700}, numbers[] = {1, 2, 5, 16, 17, 40};
    uint32_t seed = 0;
    for (int kind = 0; kind < REFERENCE_KINDS; kind++) {
        for (size_t dim = 1; dim <= 12; dim++, seed++) {
            struct problem p = make_problem((enum reference_kind)kind, sizes[seed % 6], dim,
                                            numbers[(seed / 6 + seed) % 6], seed);
            if (seed % 3 == 0) {
                free(p.counts);
                p.counts = NULL;
            }
            if (seed % 5 == 0)
                p.options.max_iterations = 1 + seed % 4;
            assert_plain_lloyd(&p);
            free_problem(&p);
        }
    }
}

/*
 * Counting a point is the same as having copies of it. Sums of at most 5 * 300 terms are rounded in
 * another order, which is 1500 * 2^-53 = 2e-13 of the largest term at most.
 */
static void counts_are_copies(void **state)
{
    (void)state;
    for (uint32_t seed = 0; seed < 20; seed++) {
        struct problem few = make_problem(REFERENCE_CLUSTERS, 300, 3, 6, seed);
        few.options.initial = few.initial;
        solve(&few);
        struct problem many = few;
        many.n = 0;
        for (size_t i = 0; i < few.n; i++)
            many.n += few.counts[i];
        many.counts = NULL;
        many.points = calloc(many.n * few.dim, sizeof *many.points);
        many.labels = calloc(many.n, sizeof *many.labels);
        many.centers = calloc(few.options.n_clusters * few.dim, sizeof *many.centers);
        size_t copy = 0;
        for (size_t i = 0; i < few.n; i++) {
            for (uint32_t c = 0; c < few.counts[i]; c++, copy++)
                memcpy(many.points + copy * few.dim, few.points + i * few.dim,
                       few.dim * sizeof *few.points);
        }
        solve(&many);
        copy = 0;
        for (size_t i = 0; i < few.n; i++) {
            for (uint32_t c = 0; c < few.counts[i]; c++, copy++)
                assert_int_equal(many.labels[copy], few.labels[i]);
        }
        for (size_t i = 0; i < few.options.n_clusters * few.dim; i++)
            assert_true(fabs(many.centers[i] - few.centers[i]) <= 2e-13 * 20);
        free(many.points);
        free(many.labels);
        free(many.centers);
        free_problem(&few);
    }
}

/* No label, and no move of a centre to the mean of its points, makes it better. */
static void seeded_clusters_converge(void **state)
{
    (void)state;
    struct problem p = make_problem(REFERENCE_WALK, 600, 4, 20, 1);
    p.options.max_iterations = 1000;
    solve(&p);
    assert_true(p.result.converged);
    assert_int_equal(p.result.n_clusters, 20);
    for (size_t i = 0; i < p.n; i++)
        assert_int_equal(p.labels[i], nearest_center(&p, i, p.centers, 20));
    double *centers = calloc(20 * p.dim, sizeof *centers);
    int32_t *labels = calloc(p.n, sizeof *labels);
    memcpy(centers, p.centers, 20 * p.dim * sizeof *centers);
    assert_int_equal(plain_lloyd(&p, centers, labels), 1);
    assert_memory_equal(centers, p.centers, 20 * p.dim * sizeof *centers);
    free(centers);
    free(labels);
    free_problem(&p);
}

static void results_depend_on_the_seed_and_the_round_alone(void **state)
{
    (void)state;
    for (size_t batch = 0; batch <= 64; batch += 64) {
        struct problem p = make_problem(REFERENCE_UNIFORM, 3000, 3, 30, 1);
        p.options.max_iterations = 10;
        p.options.batch_size = batch;
        double *first = calloc(30 * p.dim, sizeof *first);
        solve(&p);
        memcpy(first, p.centers, 30 * p.dim * sizeof *first);
        for (p.options.threads = 0; p.options.threads <= 4; p.options.threads++) {
            solve(&p);
            assert_memory_equal(p.centers, first, 30 * p.dim * sizeof *first);
        }
        p.options.seed++;
        solve(&p);
        assert_memory_not_equal(p.centers, first, 30 * p.dim * sizeof *first);
        p.options.seed--;
        p.options.round++;
        solve(&p);
        assert_memory_not_equal(p.centers, first, 30 * p.dim * sizeof *first);
        free(first);
        free_problem(&p);
    }
}

/*
 * Four points on a line, counted 1, 2, 3 and 4 times: the first centre is a point by its count, the
 * second by count and squared distance from the first. 20000 drawings; six standard deviations.
 */
static void seeds_are_drawn_by_distance(void **state)
{
    (void)state;
    enum { DRAWINGS = 20000 };
    static const float points[] = {0, 1, 3, 7};
    static const uint32_t counts[] = {1, 2, 3, 4};
    const ddmd_kmeans_data data = {
        .points = points, .n = 4, .dim = 1, .counts = counts, .threads = 1};
    size_t drawn[4][4] = {{0}};
    for (uint32_t round = 0; round < DRAWINGS; round++) {
        const ddmd_kmeans_options options = {.seed = 5, .round = round};
        ddmd_error err = {0};
        double centers[2];
        size_t k = 2, index[2] = {0};
        ASSERT_OK(ddmd_kmeans_seed(&data, &options, &k, centers, &err), &err);
        assert_int_equal(k, 2);
        for (size_t c = 0; c < 2; c++) {
            while (index[c] < 4 && (double)points[index[c]] != centers[c])
                index[c]++;
            assert_true(index[c] < 4);
        }
        drawn[index[0]][index[1]]++;
    }
    for (size_t a = 0; a < 4; a++) {
        double total = 0;
        for (size_t b = 0; b < 4; b++)
            total += counts[b] * pow((double)points[a] - (double)points[b], 2);
        for (size_t b = 0; b < 4; b++) {
            double chance = counts[a] / 10.0 * counts[b] *
                            pow((double)points[a] - (double)points[b], 2) / total;
            double sigma = sqrt(DRAWINGS * chance * (1 - chance));
            assert_true(fabs((double)drawn[a][b] - DRAWINGS * chance) <= 6 * sigma);
        }
    }
}

static void there_are_no_more_clusters_than_distinct_points(void **state)
{
    (void)state;
    struct problem p = make_problem(REFERENCE_SITES, 400, 3, 40, 3);
    solve(&p);
    assert_int_equal(p.result.n_clusters, 5);
    assert_true(p.result.inertia < 1e-20 && p.result.converged);
    p.options.batch_size = 10;
    solve(&p);
    assert_int_equal(p.result.n_clusters, 5);
    free_problem(&p);
    p = make_problem(REFERENCE_EQUAL, 50, 3, 7, 3);
    solve(&p);
    assert_int_equal(p.result.n_clusters, 1);
    free_problem(&p);
}

/* Sculley's algorithm over a list of all copies, frame by frame; bit for bit. */
static void plain_batches(const struct problem *p, double *centers)
{
    size_t n_frames = 0, k = p->options.n_clusters, *seen = calloc(k, sizeof *seen);
    for (size_t i = 0; i < p->n; i++)
        n_frames += p->counts[i];
    size_t *frames = calloc(n_frames, sizeof *frames), frame = 0;
    for (size_t i = 0; i < p->n; i++) {
        for (uint32_t c = 0; c < p->counts[i]; c++)
            frames[frame++] = i;
    }
    double *before = calloc(k * p->dim, sizeof *before);
    for (size_t batch = 0; batch < p->options.max_iterations; batch++) {
        ddmd_random random;
        ddmd_random_init(&random, p->options.seed, DDMD_RANDOM_CLUSTER, p->options.round,
                         2 + batch);
        memcpy(before, centers, k * p->dim * sizeof *before);
        for (size_t i = 0; i < p->options.batch_size; i++) {
            size_t point = frames[(size_t)(ddmd_random_uniform(&random) * (double)n_frames)];
            size_t c = (size_t)nearest_center(p, point, before, k);
            double rate = 1 / (double)++seen[c];
            for (size_t d = 0; d < p->dim; d++)
                centers[c * p->dim + d] = (1 - rate) * centers[c * p->dim + d] +
                                          rate * (double)p->points[point * p->dim + d];
        }
    }
    free(seen);
    free(frames);
    free(before);
}

static void batches_are_those_of_the_definition(void **state)
{
    (void)state;
    static const size_t sizes[] = {1, 2, 33, 120, 700}, numbers[] = {1, 2, 5, 17};
    uint32_t seed = 0;
    for (int kind = 0; kind < REFERENCE_KINDS; kind++) {
        for (size_t dim = 1; dim <= 12; dim++, seed++) {
            size_t k = numbers[seed % 4];
            struct problem p =
                make_problem((enum reference_kind)kind, sizes[seed % 5], dim, k, seed);
            double *centers = calloc(k * dim, sizeof *centers);
            memcpy(centers, p.initial, k * dim * sizeof *centers);
            p.options.batch_size = 1 + seed % 50;
            p.options.max_iterations = 1 + seed % 7;
            p.options.initial = p.initial;
            plain_batches(&p, centers);
            for (p.options.threads = 1; p.options.threads <= 2; p.options.threads++) {
                solve(&p);
                assert_memory_equal(p.centers, centers, k * dim * sizeof *centers);
                for (size_t i = 0; i < p.n; i++)
                    assert_int_equal(p.labels[i], nearest_center(&p, i, centers, k));
                assert_int_equal(p.result.iterations, p.options.max_iterations);
                assert_true(p.result.inertia == inertia_of(&p, p.centers, p.labels));
                assert_false(p.result.converged);
            }
            free(centers);
            free_problem(&p);
        }
    }
}

/*
 * Five blobs far apart: k-means++ begins in each, and mini-batches find the mean of each from some
 * 100 members, so that the inertia is about 1 % above that of Lloyd's; 10 % is no chance.
 */
static void batches_come_near_to_lloyd(void **state)
{
    (void)state;
    enum { N = 5000, K = 5, DIM = 2 };
    struct problem p = make_problem(REFERENCE_CLUSTERS, N, DIM, K, 0);
    ddmd_random random;
    ddmd_random_init(&random, 4, DDMD_RANDOM_TEST, 0, 0);
    for (size_t i = 0; i < N; i++) {
        for (size_t d = 0; d < DIM; d++)
            p.points[i * DIM + d] = (float)(100.0 * (double)(i % K) + ddmd_random_normal(&random));
    }
    solve(&p);
    double lloyd = p.result.inertia;
    p.options.batch_size = 50;
    p.options.max_iterations = 10;
    solve(&p);
    assert_true(p.result.inertia >= lloyd);
    assert_true(p.result.inertia < 1.1 * lloyd);
    free_problem(&p);
}

static void kernels_agree(void **state)
{
    (void)state;
    size_t n_kernels;
    const ddmd_center_kernel *kernels = ddmd_center_kernels(&n_kernels);
    uint32_t seed = 0;
    for (int kind = 0; kind < REFERENCE_KINDS; kind++) {
        for (size_t dim = 1; dim <= 12; dim++, seed++) {
            size_t k = 1 + seed % 50;
            struct problem p = make_problem((enum reference_kind)kind, 60, dim, k, seed);
            ddmd_nearest_center finder;
            ddmd_error err = {0};
            ASSERT_OK(ddmd_nearest_center_create(k, dim, &finder, &err), &err);
            ddmd_nearest_center_put(&finder, p.initial);
            for (size_t a = 0; a < n_kernels; a++) {
                if (!kernels[a].usable())
                    continue;
                for (size_t i = 0; i < p.n; i++) {
                    double squared;
                    uint32_t found = kernels[a].find(finder.blocks, finder.n_blocks, dim,
                                                     p.points + i * dim, &squared);
                    assert_int_equal(found, nearest_center(&p, i, p.initial, k));
                    assert_true(squared == squared_to(&p, i, p.initial + found * dim));
                }
            }
            ddmd_nearest_center_clear(&finder);
            free_problem(&p);
        }
    }
}

static void no_points_are_no_error(void **state)
{
    (void)state;
    ddmd_error err = {0};
    const ddmd_kmeans_options options = {.n_clusters = 3, .max_iterations = 1};
    ddmd_kmeans_result result = {.n_clusters = 7, .inertia = 7};
    ASSERT_OK(ddmd_kmeans(NULL, 0, 2, NULL, &options, NULL, NULL, &result, &err), &err);
    assert_true(result.n_clusters == 0 && result.inertia == 0);
}

static void bad_arguments_are_named(void **state)
{
    (void)state;
    float points[] = {0, 1, 2, 3};
    uint32_t counts[] = {1, 0};
    double initial[] = {0, NAN}, centers[] = {7, 7};
    int32_t labels[] = {7, 7};
    const ddmd_kmeans_options good = {.n_clusters = 1, .max_iterations = 10, .threads = 1};
    ddmd_kmeans_options none = good, endless = good, wrong = good;
    none.n_clusters = 0;
    endless.max_iterations = 0;
    wrong.initial = initial;
    points[3] = INFINITY;
    const float finite[] = {0, 1, 2, 3};
    const struct {
        const float *points;
        const uint32_t *counts;
        const ddmd_kmeans_options *options;
        int32_t *labels;
        enum ddmd_status status;
        const char *named;
    } cases[] = {
        {finite, NULL, &none, labels, DDMD_INVALID, "n_clusters"},
        {finite, NULL, &endless, labels, DDMD_INVALID, "max_iterations"},
        {finite, NULL, NULL, labels, DDMD_INVALID, "options"},
        {finite, NULL, &good, NULL, DDMD_INVALID, "labels"},
        {finite, counts, &good, labels, DDMD_INVALID, "point 1"},
        {finite, NULL, &wrong, labels, DDMD_NUMERIC, "initial centre 0"},
        {points, NULL, &good, labels, DDMD_NUMERIC, "point 1"},
        {NULL, NULL, &good, labels, DDMD_INVALID, "points"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        ddmd_error err = {0};
        ddmd_kmeans_result result = {.n_clusters = 7};
        assert_int_equal(ddmd_kmeans(cases[i].points, 2, 2, cases[i].counts, cases[i].options,
                                     centers, cases[i].labels, &result, &err),
                         cases[i].status);
        assert_non_null(strstr(err.message, cases[i].named));
        assert_true(centers[0] == 7 && labels[0] == 7 && labels[1] == 7);
        assert_int_equal(result.n_clusters, 7);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lloyd_is_that_of_the_definition),
        cmocka_unit_test(counts_are_copies),
        cmocka_unit_test(seeded_clusters_converge),
        cmocka_unit_test(results_depend_on_the_seed_and_the_round_alone),
        cmocka_unit_test(seeds_are_drawn_by_distance),
        cmocka_unit_test(there_are_no_more_clusters_than_distinct_points),
        cmocka_unit_test(batches_are_those_of_the_definition),
        cmocka_unit_test(batches_come_near_to_lloyd),
        cmocka_unit_test(kernels_agree),
        cmocka_unit_test(no_points_are_no_error),
        cmocka_unit_test(bad_arguments_are_named),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
