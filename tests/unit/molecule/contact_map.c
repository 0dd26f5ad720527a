#include "ddmd/geometry.h"
#include "ddmd/random.h"
#include "molecule/contact_map_unpack.h"
#include "support/cmocka.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* The definition, a pair at a time. */
static void pack_plainly(const double *x, size_t n, double cutoff, uint8_t *packed)
{
    size_t pair = 0;
    memset(packed, 0, ddmd_contact_map_bytes(n));
    for (size_t i = 0; i < n; i++)
        for (size_t j = i + 1; j < n; j++, pair++) {
            double dx = x[3 * j] - x[3 * i], dy = x[3 * j + 1] - x[3 * i + 1],
                   dz = x[3 * j + 2] - x[3 * i + 2];
            if (dx * dx + dy * dy + dz * dz < cutoff * cutoff)
                packed[pair / 8] |= (uint8_t)(1 << pair % 8);
        }
}

static void sizes(void **state)
{
    (void)state;
    assert_int_equal(ddmd_contact_map_bytes(0), 0);
    assert_int_equal(ddmd_contact_map_bytes(1), 0);
    assert_int_equal(ddmd_contact_map_bytes(2), 1);
    assert_int_equal(ddmd_contact_map_bytes(5), 2);
    assert_int_equal(ddmd_contact_map_bytes(28), 48);
    assert_int_equal(ddmd_contact_map_bytes(3375), 711704);
}

static void order_of_pairs(void **state)
{
    (void)state;
    /* 0, 1 and 3 are within 1 nm of their neighbours in this list. */
    const double x[12] = {0, 0, 0, 0.9, 0, 0, 5, 0, 0, 1.8, 0, 0};
    uint8_t packed[2] = {0xFF, 0xAA}; /* 6 pairs: one byte */
    ddmd_contact_map_pack(x, 4, 1.0, packed);
    assert_int_equal(packed[0], 1 << 0 | 1 << 4); /* (0,1), (1,3) */
    assert_int_equal(packed[1], 0xAA);
    float map[16];
    ddmd_contact_map_unpack(packed, 4, map);
    const float expected[16] = {1, 1, 0, 0, 1, 1, 0, 1, 0, 0, 1, 0, 0, 1, 0, 1};
    assert_memory_equal(map, expected, sizeof map);
    assert_int_equal(ddmd_contact_map_count(packed, 4, 0), 2);
    assert_int_equal(ddmd_contact_map_count(packed, 4, 1), 2);
    assert_int_equal(ddmd_contact_map_count(packed, 4, 2), 1);
    assert_int_equal(ddmd_contact_map_count(packed, 4, 3), 0);
    assert_int_equal(ddmd_contact_map_count(packed, 4, 100), 0);
}

static void compare_with_plain(size_t n, double edge, double cutoff)
{
    ddmd_random random;
    ddmd_random_init(&random, 1, DDMD_RANDOM_TEST, 0, n);
    size_t bytes = ddmd_contact_map_bytes(n);
    double *x = calloc(3 * n + 1, sizeof *x);
    uint8_t *packed = malloc(bytes + 1), *plain = malloc(bytes + 1);
    float *map = malloc((n * n + 1) * sizeof *map);
    /* On a grid, many pairs lie at the cutoff to the last bit. */
    for (size_t i = 0; i < 3 * n; i++)
        x[i] = edge * ddmd_random_below(&random, 11) / 10;
    memset(packed, 0xFF, bytes + 1);
    memset(plain, 0xFF, bytes + 1);
    for (size_t i = 0; i <= n * n; i++)
        map[i] = NAN;
    ddmd_contact_map_pack(x, n, cutoff, packed);
    pack_plainly(x, n, cutoff, plain);
    assert_memory_equal(packed, plain, bytes + 1);

    ddmd_contact_map_unpack(packed, n, map);
    assert_true(isnan(map[n * n]));
    size_t pair = 0, counts[4] = {0};
    for (size_t i = 0; i < n; i++) {
        assert_true(map[i * n + i] == 1.0F);
        for (size_t j = i + 1; j < n; j++, pair++) {
            float bit = (float)(plain[pair / 8] >> pair % 8 & 1);
            if (map[i * n + j] != bit || map[j * n + i] != bit)
                fail_msg("pair %zu, %zu of %zu", i, j, n);
            for (size_t k = 0; k < 4; k++)
                counts[k] += bit != 0 && j - i >= k * 7;
        }
    }
    for (size_t k = 0; k < 4; k++)
        assert_int_equal(ddmd_contact_map_count(packed, n, k * 7), counts[k]);
    free(x);
    free(packed);
    free(plain);
    free(map);
}

static void every_size_is_as_defined(void **state)
{
    (void)state;
    for (size_t n = 0; n < 150; n++)
        compare_with_plain(n, 2, 0.8);
    static const size_t sizes[] = {500, 1023, 1024, 1025, 1088, 1089, 2049};
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++)
        compare_with_plain(sizes[i], 2, 0.8);
    compare_with_plain(70, 1, 100); /* all */
    compare_with_plain(70, 1, 0);   /* none, not even those at one place */
}

/* Kernels of all instruction sets that this processor has, small maps and large ones. */
static void all_kernels_unpack_alike(void **state)
{
    (void)state;
    static const size_t sizes[] = {1, 2, 63, 64, 65, 127, 129, 200, 1100, 4200};
    size_t n_variants;
    ddmd_expand_fn *const *variants = ddmd_expand_variants(&n_variants);
    ddmd_random random;
    ddmd_random_init(&random, 1, DDMD_RANDOM_TEST, 1, 0);
    for (size_t s = 0; s < sizeof sizes / sizeof *sizes; s++) {
        size_t n = sizes[s], bytes = ddmd_contact_map_bytes(n), pair = 0;
        uint8_t *packed = malloc(bytes ? bytes : 1); /* so that the sanitizer sees what is behind */
        float *map = malloc((n * n + 2) * sizeof *map);
        for (size_t i = 0; i < bytes; i++)
            packed[i] = (uint8_t)ddmd_random_u32(&random);
        for (size_t v = 0; v < n_variants; v++) {
            size_t wrong = 0;
            for (size_t i = 0; i < n * n + 2; i++)
                map[i] = 7;
            ddmd_contact_map_unpack_by(variants[v], packed, n, map + 1);
            pair = 0;
            for (size_t i = 0; i < n; i++) {
                wrong += map[1 + i * n + i] != 1;
                for (size_t j = i + 1; j < n; j++, pair++) {
                    float bit = (float)(packed[pair / 8] >> pair % 8 & 1);
                    wrong += map[1 + i * n + j] != bit || map[1 + j * n + i] != bit;
                }
            }
            assert_int_equal(wrong, 0);
            assert_true(map[0] == 7 && map[n * n + 1] == 7);
        }
        free(packed);
        free(map);
    }
}

static void odd_points_are_in_contact_with_nothing(void **state)
{
    (void)state;
    double x[9] = {0, 0, 0, NAN, 0, 0, INFINITY, 0, 0};
    uint8_t packed[1];
    ddmd_contact_map_pack(x, 3, 1.0, packed);
    assert_int_equal(packed[0], 0);
    x[3] = 0.5;
    ddmd_contact_map_pack(x, 3, -1.0, packed);
    assert_int_equal(packed[0], 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sizes),
        cmocka_unit_test(order_of_pairs),
        cmocka_unit_test(every_size_is_as_defined),
        cmocka_unit_test(all_kernels_unpack_alike),
        cmocka_unit_test(odd_points_are_in_contact_with_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
