/* A point that is counted many times is as good as so many copies of it. */
#include "ddmd/random.h"
#include "ddmd/select.h"
#include "support/cmocka.h"
#include "unit/select/reference.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Points with counts, and the same with every copy written out in its place. */
struct data {
    size_t n, dim, total;
    float *points, *copies;
    uint32_t *counts, *point_of; /* [n], [total] */
};

/* Most points once, some several times, one or the other very often. */
static struct data make_data(enum reference_kind kind, size_t n, size_t dim, uint32_t seed)
{
    struct data data = {.n = n, .dim = dim, .points = reference_points(kind, n, dim, seed)};
    ddmd_random random;
    ddmd_random_init(&random, 4, DDMD_RANDOM_TEST, seed, 0);
    data.counts = calloc(n, sizeof *data.counts);
    for (size_t i = 0; i < n; i++) {
        uint32_t draw = ddmd_random_below(&random, 60);
        data.counts[i] = draw == 0   ? 30 + ddmd_random_below(&random, 30)
                         : draw < 20 ? 1 + ddmd_random_below(&random, 6)
                                     : 1;
        data.total += data.counts[i];
    }
    data.copies = calloc(data.total * dim, sizeof *data.copies);
    data.point_of = calloc(data.total, sizeof *data.point_of);
    size_t at = 0;
    for (uint32_t i = 0; i < n; i++) {
        for (uint32_t c = 0; c < data.counts[i]; c++, at++) {
            memcpy(data.copies + at * dim, data.points + i * dim, dim * sizeof *data.points);
            data.point_of[at] = i;
        }
    }
    return data;
}

static void free_data(struct data *data)
{
    free(data->points);
    free(data->copies);
    free(data->counts);
    free(data->point_of);
}

static const size_t sizes[] = {1, 2, 9, 31, 33, 64, 150};

static struct data data_of_case(int kind, size_t dim, uint32_t seed)
{
    size_t n = sizes[seed % (sizeof sizes / sizeof *sizes)];
    return make_data((enum reference_kind)kind, n, dim, seed);
}

static void assert_labels(const struct data *data, const int32_t *labels, const int32_t *expected)
{
    for (size_t c = 0; c < data->total; c++)
        assert_int_equal(labels[data->point_of[c]], expected[c]);
}

static void dbscan_counts_copies(void **state)
{
    (void)state;
    uint32_t seed = 0;
    for (int kind = 0; kind < REFERENCE_KINDS; kind++) {
        for (size_t dim = 1; dim <= 12; dim++, seed++) {
            ddmd_error err = {0};
            struct data data = data_of_case(kind, dim, seed);
            int32_t *labels = calloc(data.n, sizeof *labels);
            int32_t *expected = calloc(data.total, sizeof *expected);
            for (uint32_t i = 0; i < 4; i++) {
                double eps = reference_some_distance(data.points, data.n, dim, 4 * seed + i);
                size_t min_samples = 1 + (seed + 3 * i) % 14;
                reference_dbscan(data.copies, data.total, dim, eps, min_samples, expected);
                ASSERT_OK(ddmd_dbscan(data.points, data.n, dim, data.counts, eps, min_samples,
                                      1 + (int)(i % 3), labels, &err),
                          &err);
                assert_labels(&data, labels, expected);
            }
            free(labels);
            free(expected);
            free_data(&data);
        }
    }
}

/* To the bit: sums have a term for each copy, in the same order. */
static void lof_counts_copies(void **state)
{
    (void)state;
    uint32_t seed = 0;
    for (int kind = 0; kind < REFERENCE_KINDS; kind++) {
        for (size_t dim = 1; dim <= 12; dim++, seed++) {
            ddmd_error err = {0};
            struct data data = data_of_case(kind, dim, seed);
            double *scores = calloc(data.n, sizeof *scores);
            double *expected = calloc(data.total, sizeof *expected);
            static const size_t ks[] = {1, 2, 5, 20, 47, 100000};
            for (int i = 0; i < 6; i++) {
                ASSERT_OK(ddmd_lof(data.copies, data.total, dim, NULL, ks[i], 1, expected, &err),
                          &err);
                ASSERT_OK(
                    ddmd_lof(data.points, data.n, dim, data.counts, ks[i], 1 + i % 3, scores, &err),
                    &err);
                for (size_t c = 0; c < data.total; c++)
                    assert_true(scores[data.point_of[c]] == expected[c]);
            }
            free(scores);
            free(expected);
            free_data(&data);
        }
    }
}

static void outliers_are_counted_as_copies(void **state)
{
    (void)state;
    uint32_t seed = 0;
    for (int kind = 0; kind < REFERENCE_KINDS; kind++) {
        for (size_t dim = 1; dim <= 12; dim++, seed++) {
            ddmd_error err = {0};
            struct data data = data_of_case(kind, dim, seed);
            int32_t *labels = calloc(data.n, sizeof *labels);
            int32_t *expected_labels = calloc(data.total, sizeof *expected_labels);
            for (uint32_t i = 0; i < 4; i++) {
                ddmd_outlier_search search = {.min_samples = 1 + (seed + 3 * i) % 14,
                                              .min_outliers = (seed * i) % 30,
                                              .max_outliers = (seed * i) % 30 + 7 * i,
                                              .threads = 1 + (int)(i % 3)};
                ddmd_outlier_result result = {0}, expected = {0};
                ASSERT_OK(ddmd_find_outliers(data.copies, data.total, dim, NULL, &search,
                                             expected_labels, &expected, &err),
                          &err);
                ASSERT_OK(ddmd_find_outliers(data.points, data.n, dim, data.counts, &search, labels,
                                             &result, &err),
                          &err);
                assert_true(result.eps == expected.eps);
                assert_int_equal(result.n_outliers, expected.n_outliers);
                assert_int_equal(result.n_clusters, expected.n_clusters);
                assert_int_equal(result.in_range, expected.in_range);
                assert_labels(&data, labels, expected_labels);
            }
            free(labels);
            free(expected_labels);
            free_data(&data);
        }
    }
}

/* More copies than could be written out: no loop runs over all of them, no number is too small. */
static void counts_may_be_huge(void **state)
{
    (void)state;
    ddmd_error err = {0};
    const float points[] = {0, 1, 2, 10};
    const uint32_t counts[] = {UINT32_MAX, UINT32_MAX, UINT32_MAX, 3};
    int32_t labels[4];
    double scores[4];
    const int32_t expected[] = {0, 0, 0, -1};
    ASSERT_OK(ddmd_dbscan(points, 4, 1, counts, 1, (size_t)2 * UINT32_MAX, 1, labels, &err), &err);
    assert_memory_equal(labels, expected, sizeof labels);
    ASSERT_OK(ddmd_dbscan(points, 4, 1, counts, 1, (size_t)3 * UINT32_MAX, 1, labels, &err), &err);
    assert_true(labels[0] == 0 && labels[1] == 0 && labels[2] == 0 && labels[3] == -1);

    const ddmd_outlier_search search = {
        .min_samples = 5, .min_outliers = 1, .max_outliers = 100, .threads = 1};
    ddmd_outlier_result result;
    ASSERT_OK(ddmd_find_outliers(points, 4, 1, counts, &search, labels, &result, &err), &err);
    assert_true(result.in_range && result.n_outliers == 3 && result.n_clusters == 1);

    /* neighbours of the last: two copies of itself, two of the nearest */
    ASSERT_OK(ddmd_lof(points, 4, 1, counts, 4, 1, scores, &err), &err);
    assert_true(scores[0] == 1 && scores[1] == 1 && scores[2] == 1);
    double others = 1 / (8 + 1e-10), ratio = 1e10 / others;
    assert_true(fabs(scores[3] / ((2 + 2 * ratio) / 4) - 1) < 1e-14); /* rounding */
}

static void counts_of_zero_are_named(void **state)
{
    (void)state;
    ddmd_error err = {0};
    const float points[] = {0, 1, 2};
    const uint32_t counts[] = {1, 2, 0};
    int32_t labels[3] = {7, 7, 7};
    double scores[3] = {7, 7, 7};
    ddmd_outlier_result result = {.eps = 7};
    const ddmd_outlier_search search = {.min_samples = 1};
    assert_int_equal(ddmd_dbscan(points, 3, 1, counts, 1, 1, 1, labels, &err), DDMD_INVALID);
    assert_string_equal(err.message, "the count of point 2 is 0");
    assert_int_equal(ddmd_lof(points, 3, 1, counts, 1, 1, scores, &err), DDMD_INVALID);
    assert_int_equal(ddmd_find_outliers(points, 3, 1, counts, &search, labels, &result, &err),
                     DDMD_INVALID);
    assert_true(labels[0] == 7 && scores[0] == 7 && result.eps == 7);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(dbscan_counts_copies),           cmocka_unit_test(lof_counts_copies),
        cmocka_unit_test(outliers_are_counted_as_copies), cmocka_unit_test(counts_may_be_huge),
        cmocka_unit_test(counts_of_zero_are_named),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
