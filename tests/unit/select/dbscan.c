#include "ddmd/select.h"
#include "support/cmocka.h"
#include "unit/select/reference.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static void check(const float *points, size_t n, size_t dim, double eps, size_t min_samples)
{
    ddmd_error err = {0};
    int32_t *labels = calloc(n, sizeof *labels), *expected = calloc(n, sizeof *expected);
    reference_dbscan(points, n, dim, eps, min_samples, expected);
    for (int threads = 1; threads <= 3; threads++) {
        memset(labels, 0x55, n * sizeof *labels);
        ASSERT_OK(ddmd_dbscan(points, n, dim, NULL, eps, min_samples, threads, labels, &err), &err);
        assert_memory_equal(labels, expected, n * sizeof *labels);
    }
    free(labels);
    free(expected);
}

static void labels_are_those_of_the_definition(void **state)
{
    (void)state;
    static const size_t sizes[] = {1, 2, 9, 31, 32, 33, 64, 200, 530};
    uint32_t seed = 0;
    for (int kind = 0; kind < REFERENCE_KINDS; kind++) {
        for (size_t dim = 1; dim <= 12; dim++) {
            size_t n = sizes[seed % (sizeof sizes / sizeof *sizes)];
            float *points = reference_points((enum reference_kind)kind, n, dim, seed);
            for (int i = 0; i < 4; i++) {
                double eps = reference_some_distance(points, n, dim, seed++);
                check(points, n, dim, eps, 1 + seed % 12);
            }
            free(points);
        }
    }
}

static void many_dimensions(void **state)
{
    (void)state;
    float *points = reference_points(REFERENCE_CLUSTERS, 150, 100, 1);
    check(points, 150, 100, 0.3 * sqrt(2 * 100), 5);
    free(points);
}

/*
 * Two clusters on a line, and a point between them within reach of both that is not core: it goes
 * to the cluster with the lower number, whichever way round they stand.
 */
static void a_border_point_joins_the_first_cluster(void **state)
{
    (void)state;
    ddmd_error err = {0};
    int32_t labels[8];
    const float left_first[] = {0, 0.1F, 0.2F, 1.2F, 2.2F, 2.3F, 2.4F, 9};
    const int32_t expected[] = {0, 0, 0, 0, 1, 1, 1, -1};
    ASSERT_OK(ddmd_dbscan(left_first, 8, 1, NULL, 1.01, 4, 1, labels, &err), &err);
    assert_memory_equal(labels, expected, sizeof labels);

    const float border_first[] = {1.2F, 2.2F, 2.3F, 2.4F, 0, 0.1F, 0.2F, 9};
    const int32_t border_expected[] = {0, 0, 0, 0, 1, 1, 1, -1};
    ASSERT_OK(ddmd_dbscan(border_first, 8, 1, NULL, 1.01, 4, 1, labels, &err), &err);
    assert_memory_equal(labels, border_expected, sizeof labels);
}

static void distances_at_eps_count(void **state)
{
    (void)state;
    ddmd_error err = {0};
    const float points[] = {0, 0, 3, 4, 6, 8};
    int32_t labels[3];
    ASSERT_OK(ddmd_dbscan(points, 3, 2, NULL, 5, 2, 1, labels, &err), &err);
    assert_true(labels[0] == 0 && labels[1] == 0 && labels[2] == 0);
    ASSERT_OK(ddmd_dbscan(points, 3, 2, NULL, nextafter(5, 0), 2, 1, labels, &err), &err);
    assert_true(labels[0] == -1 && labels[1] == -1 && labels[2] == -1);
}

/* Links that are exactly as long as eps, across all the blocks that points are kept in. */
static void a_grid_hangs_together_at_its_spacing(void **state)
{
    (void)state;
    enum { SIDE = 30, N = SIDE * SIDE };
    float points[2 * N];
    for (int i = 0; i < N; i++) {
        int shuffled = i * 77 % N;
        int row = shuffled / SIDE;
        points[2 * i] = 0.1F * (float)row; /* rows are nearer than columns */
        points[2 * i + 1] = (float)(shuffled % SIDE);
    }
    for (size_t min_samples = 1; min_samples <= 8; min_samples++) {
        check(points, N, 2, 1, min_samples);
        check(points, N, 2, nextafter(1, 0), min_samples);
        check(points, N, 1, 1, min_samples);
    }
}

static void eps_of_zero_joins_duplicates(void **state)
{
    (void)state;
    ddmd_error err = {0};
    const float points[] = {1, 2, 1, 0.0F, -0.0F};
    int32_t labels[5];
    const int32_t expected[] = {0, -1, 0, 1, 1};
    ASSERT_OK(ddmd_dbscan(points, 5, 1, NULL, 0, 2, 1, labels, &err), &err);
    assert_memory_equal(labels, expected, sizeof labels);
}

static void no_points_are_no_error(void **state)
{
    (void)state;
    assert_int_equal(ddmd_dbscan(NULL, 0, 3, NULL, 1, 5, 1, NULL, NULL), DDMD_OK);
}

static void bad_arguments_are_named(void **state)
{
    (void)state;
    ddmd_error err = {0};
    float points[] = {0, 1, 2, 3};
    int32_t labels[2] = {7, 7};
    assert_int_equal(ddmd_dbscan(points, 2, 2, NULL, -1, 5, 1, labels, &err), DDMD_INVALID);
    assert_non_null(strstr(err.message, "eps"));
    assert_int_equal(ddmd_dbscan(points, 2, 2, NULL, NAN, 5, 1, labels, &err), DDMD_INVALID);
    assert_int_equal(ddmd_dbscan(points, 2, 2, NULL, INFINITY, 5, 1, labels, &err), DDMD_INVALID);
    assert_int_equal(ddmd_dbscan(points, 2, 2, NULL, 1, 0, 1, labels, &err), DDMD_INVALID);
    assert_non_null(strstr(err.message, "min_samples"));
    assert_int_equal(ddmd_dbscan(points, 2, 0, NULL, 1, 5, 1, labels, &err), DDMD_INVALID);
    assert_int_equal(ddmd_dbscan(points, 2, 2, NULL, 1, 5, 1, NULL, &err), DDMD_INVALID);
    assert_int_equal(ddmd_dbscan(NULL, 2, 2, NULL, 1, 5, 1, labels, &err), DDMD_INVALID);
    assert_int_equal(ddmd_dbscan(points, (size_t)1 << 40, 2, NULL, 1, 5, 1, labels, &err),
                     DDMD_INVALID);

    const float bad[] = {NAN, INFINITY, -INFINITY};
    for (int i = 0; i < 3; i++) {
        points[3] = bad[i];
        assert_int_equal(ddmd_dbscan(points, 2, 2, NULL, 1, 5, 1, labels, &err), DDMD_NUMERIC);
        assert_non_null(strstr(err.message, "coordinate 1 of point 1"));
    }
    assert_true(labels[0] == 7 && labels[1] == 7);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(labels_are_those_of_the_definition),
        cmocka_unit_test(many_dimensions),
        cmocka_unit_test(a_border_point_joins_the_first_cluster),
        cmocka_unit_test(distances_at_eps_count),
        cmocka_unit_test(a_grid_hangs_together_at_its_spacing),
        cmocka_unit_test(eps_of_zero_joins_duplicates),
        cmocka_unit_test(no_points_are_no_error),
        cmocka_unit_test(bad_arguments_are_named),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
