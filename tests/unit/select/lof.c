#include "ddmd/select.h"
#include "support/cmocka.h"
#include "unit/select/reference.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/*
 * The reference differs in the order of its roundings only: two sums of k terms and a division.
 * Where all distances are 0, scores are exact.
 */
static void check(const float *points, size_t n, size_t dim, size_t k)
{
    ddmd_error err = {0};
    double *scores = calloc(n, sizeof *scores), *expected = calloc(n, sizeof *expected);
    double *one_thread = calloc(n, sizeof *one_thread);
    reference_lof(points, n, dim, k, expected);
    ASSERT_OK(ddmd_lof(points, n, dim, NULL, k, 1, one_thread, &err), &err);
    for (size_t i = 0; i < n; i++) {
        if (fabs(one_thread[i] - expected[i]) > 1e-13 * expected[i])
            fail_msg("point %zu of %zu: %.17g, not %.17g", i, n, one_thread[i], expected[i]);
    }
    for (int threads = 2; threads <= 3; threads++) {
        memset(scores, 0x55, n * sizeof *scores);
        ASSERT_OK(ddmd_lof(points, n, dim, NULL, k, threads, scores, &err), &err);
        assert_memory_equal(scores, one_thread, n * sizeof *scores);
    }
    free(scores);
    free(expected);
    free(one_thread);
}

static void scores_are_those_of_the_definition(void **state)
{
    (void)state;
    static const size_t sizes[] = {2, 3, 20, 21, 32, 33, 65, 200, 410};
    uint32_t seed = 0;
    for (int kind = 0; kind < REFERENCE_KINDS; kind++) {
        for (size_t dim = 1; dim <= 12; dim++, seed++) {
            size_t n = sizes[seed % (sizeof sizes / sizeof *sizes)];
            float *points = reference_points((enum reference_kind)kind, n, dim, seed);
            check(points, n, dim, 1 + seed % 30);
            free(points);
        }
    }
}

static void more_neighbors_than_points(void **state)
{
    (void)state;
    float *points = reference_points(REFERENCE_CLUSTERS, 50, 3, 1);
    check(points, 50, 3, 1000);
    free(points);
}

static void the_stray_point_scores_highest(void **state)
{
    (void)state;
    ddmd_error err = {0};
    float points[101];
    double scores[101];
    for (int i = 0; i < 100; i++)
        points[i] = (float)i;
    points[100] = 300;
    ASSERT_OK(ddmd_lof(points, 101, 1, NULL, 20, 1, scores, &err), &err);
    for (int i = 0; i < 100; i++)
        assert_true(scores[i] < 2 && scores[100] > 10);
}

static void few_points(void **state)
{
    (void)state;
    ddmd_error err = {0};
    const float point[] = {3, 4};
    double score = 0;
    ASSERT_OK(ddmd_lof(NULL, 0, 2, NULL, 20, 1, NULL, &err), &err);
    ASSERT_OK(ddmd_lof(point, 1, 2, NULL, 20, 1, &score, &err), &err);
    assert_true(score == 1);
}

static void bad_arguments_are_named(void **state)
{
    (void)state;
    ddmd_error err = {0};
    float points[] = {0, 1};
    double scores[2] = {7, 7};
    assert_int_equal(ddmd_lof(points, 2, 1, NULL, 0, 1, scores, &err), DDMD_INVALID);
    assert_non_null(strstr(err.message, "n_neighbors"));
    assert_int_equal(ddmd_lof(points, 2, 1, NULL, 5, 1, NULL, &err), DDMD_INVALID);
    points[0] = NAN;
    assert_int_equal(ddmd_lof(points, 2, 1, NULL, 5, 1, scores, &err), DDMD_NUMERIC);
    assert_true(scores[0] == 7 && scores[1] == 7);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(scores_are_those_of_the_definition),
        cmocka_unit_test(more_neighbors_than_points),
        cmocka_unit_test(the_stray_point_scores_highest),
        cmocka_unit_test(few_points),
        cmocka_unit_test(bad_arguments_are_named),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
