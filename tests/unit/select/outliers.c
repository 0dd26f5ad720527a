#include "ddmd/select.h"
#include "support/cmocka.h"
#include "unit/select/reference.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static size_t noise_at(const float *points, size_t n, size_t dim, double eps, size_t min_samples)
{
    int32_t *labels = calloc(n, sizeof *labels);
    reference_dbscan(points, n, dim, eps, min_samples, labels);
    size_t noise = 0;
    for (size_t i = 0; i < n; i++)
        noise += labels[i] < 0;
    free(labels);
    return noise;
}

static size_t miss(size_t noise, const ddmd_outlier_search *search)
{
    if (noise < search->min_outliers)
        return search->min_outliers - noise;
    return noise > search->max_outliers ? noise - search->max_outliers : 0;
}

/*
 * No eps gives a number nearer to the range, or, within it, nearer to its middle: the number only
 * changes at distances between points, so trying each of those, and a little less, tries them all.
 */
static void check_none_is_better(const float *points, size_t n, size_t dim,
                                 const ddmd_outlier_search *search,
                                 const ddmd_outlier_result *result)
{
    size_t middle = search->min_outliers + search->max_outliers;
    size_t off = labs((long)(2 * result->n_outliers) - (long)middle);
    for (size_t a = 0; a < n; a++) {
        for (size_t b = 0; b <= a; b++) {
            double eps = sqrt(reference_distance2(points, dim, a, b));
            for (int less = 0; less < 2; less++, eps = nextafter(eps, 0)) {
                size_t noise = noise_at(points, n, dim, eps, search->min_samples);
                assert_true(miss(noise, search) >= miss(result->n_outliers, search));
                if (miss(noise, search) == miss(result->n_outliers, search))
                    assert_true((size_t)labs((long)(2 * noise) - (long)middle) >= off);
            }
        }
    }
}

static void check(const float *points, size_t n, size_t dim, const ddmd_outlier_search *search,
                  ddmd_outlier_result *result)
{
    ddmd_error err = {0};
    int32_t *labels = calloc(n, sizeof *labels), *expected = calloc(n, sizeof *expected);
    ASSERT_OK(ddmd_find_outliers(points, n, dim, NULL, search, labels, result, &err), &err);
    reference_dbscan(points, n, dim, result->eps, search->min_samples, expected);
    assert_memory_equal(labels, expected, n * sizeof *labels);
    size_t noise = 0;
    int32_t highest = -1;
    for (size_t i = 0; i < n; i++) {
        noise += labels[i] < 0;
        highest = labels[i] > highest ? labels[i] : highest;
    }
    assert_int_equal(result->n_outliers, noise);
    assert_int_equal(result->n_clusters, highest + 1);
    assert_int_equal(result->in_range,
                     noise >= search->min_outliers && noise <= search->max_outliers);
    free(labels);
    free(expected);
}

static void the_best_eps_is_found(void **state)
{
    (void)state;
    static const size_t sizes[] = {1, 2, 5, 12, 33, 36};
    uint32_t seed = 0;
    for (int kind = 0; kind < REFERENCE_KINDS; kind++) {
        for (size_t dim = 1; dim <= 12; dim++, seed++) {
            size_t n = sizes[seed % (sizeof sizes / sizeof *sizes)];
            float *points = reference_points((enum reference_kind)kind, n, dim, seed);
            ddmd_outlier_search search = {.min_samples = 1 + seed % 7,
                                          .min_outliers = seed % 5,
                                          .max_outliers = seed % 5 + seed % 4,
                                          .threads = 1 + (int)(seed % 3)};
            ddmd_outlier_result result = {0};
            check(points, n, dim, &search, &result);
            check_none_is_better(points, n, dim, &search, &result);
            free(points);
        }
    }
}

static void a_window_of_clusters(void **state)
{
    (void)state;
    float *points = reference_points(REFERENCE_CLUSTERS, 1500, 6, 3);
    ddmd_outlier_search search = {
        .min_samples = 10, .min_outliers = 50, .max_outliers = 150, .threads = 2};
    ddmd_outlier_result result = {0};
    check(points, 1500, 6, &search, &result);
    assert_true(result.in_range);
    assert_int_equal(result.n_outliers, 100);
    free(points);
}

/* The eps that is just enough is rounded so that it is enough. */
static void all_points_can_be_brought_in(void **state)
{
    (void)state;
    for (uint32_t seed = 0; seed < 50; seed++) {
        float *points = reference_points(REFERENCE_UNIFORM, 60, 3, seed);
        ddmd_outlier_search search = {.min_samples = 4, .threads = 1};
        ddmd_outlier_result result = {0};
        check(points, 60, 3, &search, &result);
        assert_true(result.in_range && result.n_outliers == 0);
        assert_true(noise_at(points, 60, 3, nextafter(result.eps, 0), 4) > 0);
        free(points);
    }
}

static void ranges_that_cannot_be_met(void **state)
{
    (void)state;
    float *points = reference_points(REFERENCE_EQUAL, 40, 3, 0);
    ddmd_outlier_search search = {
        .min_samples = 10, .min_outliers = 5, .max_outliers = 10, .threads = 1};
    ddmd_outlier_result result = {0};
    check(points, 40, 3, &search, &result);
    assert_true(!result.in_range && result.n_outliers == 0 && result.n_clusters == 1);

    search.min_samples = 41;
    check(points, 40, 3, &search, &result);
    assert_true(!result.in_range && result.n_outliers == 40 && result.n_clusters == 0);
    assert_true(result.eps == 0);

    search = (ddmd_outlier_search){
        .min_samples = 10, .min_outliers = 100, .max_outliers = SIZE_MAX, .threads = 1};
    check(points, 40, 3, &search, &result);
    assert_true(!result.in_range && result.n_outliers == 0);
    free(points);
}

static void no_points_are_no_error(void **state)
{
    (void)state;
    ddmd_error err = {0};
    ddmd_outlier_search search = {.min_samples = 10, .min_outliers = 1, .max_outliers = 10};
    ddmd_outlier_result result = {.eps = 3, .in_range = true};
    ASSERT_OK(ddmd_find_outliers(NULL, 0, 3, NULL, &search, NULL, &result, &err), &err);
    assert_true(result.eps == 0 && result.n_outliers == 0 && !result.in_range);
}

static void bad_arguments_are_named(void **state)
{
    (void)state;
    ddmd_error err = {0};
    float points[] = {0, 1};
    int32_t labels[2] = {7, 7};
    ddmd_outlier_result result = {.eps = 3};
    ddmd_outlier_search search = {.min_samples = 0, .min_outliers = 1, .max_outliers = 10};
    assert_int_equal(ddmd_find_outliers(points, 2, 1, NULL, &search, labels, &result, &err),
                     DDMD_INVALID);
    assert_non_null(strstr(err.message, "min_samples"));
    search = (ddmd_outlier_search){.min_samples = 2, .min_outliers = 11, .max_outliers = 10};
    assert_int_equal(ddmd_find_outliers(points, 2, 1, NULL, &search, labels, &result, &err),
                     DDMD_INVALID);
    assert_non_null(strstr(err.message, "min_outliers 11"));
    search.min_outliers = 0;
    assert_int_equal(ddmd_find_outliers(points, 2, 1, NULL, NULL, labels, &result, &err),
                     DDMD_INVALID);
    assert_int_equal(ddmd_find_outliers(points, 2, 1, NULL, &search, NULL, &result, &err),
                     DDMD_INVALID);
    assert_int_equal(ddmd_find_outliers(points, 2, 1, NULL, &search, labels, NULL, &err),
                     DDMD_INVALID);
    points[1] = INFINITY;
    assert_int_equal(ddmd_find_outliers(points, 2, 1, NULL, &search, labels, &result, &err),
                     DDMD_NUMERIC);
    assert_true(labels[0] == 7 && labels[1] == 7 && result.eps == 3);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_best_eps_is_found),        cmocka_unit_test(a_window_of_clusters),
        cmocka_unit_test(all_points_can_be_brought_in), cmocka_unit_test(ranges_that_cannot_be_met),
        cmocka_unit_test(no_points_are_no_error),       cmocka_unit_test(bad_arguments_are_named),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
