#include "ddmd/random.h"
#include "support/cmocka.h"

#include <math.h>
#include <string.h>

/* Known answers of the Random123 distribution (kat_vectors, philox4x32, 10 rounds). */
static void philox_matches_random123(void **state)
{
    (void)state;
    static const struct {
        uint32_t counter[4], key[2], result[4];
    } known[] = {
        {{0, 0, 0, 0}, {0, 0}, {0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8}},
        {{0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff},
         {0xffffffff, 0xffffffff},
         {0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd}},
        {{0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344},
         {0xa4093822, 0x299f31d0},
         {0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1}},
    };
    for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
        uint32_t out[4];
        ddmd_philox4x32(known[i].counter, known[i].key, out);
        assert_memory_equal(out, known[i].result, sizeof out);
    }
}

static void streams_differ_in_each_part_of_their_key(void **state)
{
    (void)state;
    ddmd_random base, other;
    ddmd_random_init(&base, 1, DDMD_RANDOM_TEST, 2, 3);
    uint32_t first = ddmd_random_u32(&base);

    ddmd_random_init(&other, 1, DDMD_RANDOM_TEST, 2, 3);
    assert_int_equal(ddmd_random_u32(&other), first);
    ddmd_random_init(&other, 1 + (1ull << 32), DDMD_RANDOM_TEST, 2, 3);
    assert_int_not_equal(ddmd_random_u32(&other), first);
    ddmd_random_init(&other, 1, DDMD_RANDOM_SPLIT, 2, 3);
    assert_int_not_equal(ddmd_random_u32(&other), first);
    ddmd_random_init(&other, 1, DDMD_RANDOM_TEST, 3, 3);
    assert_int_not_equal(ddmd_random_u32(&other), first);
    ddmd_random_init(&other, 1, DDMD_RANDOM_TEST, 2, 3 + (1ull << 40));
    assert_int_not_equal(ddmd_random_u32(&other), first);
}

/* Bounds are five standard errors of the mean of n samples. */
static void moments_are_those_of_the_distributions(void **state)
{
    (void)state;
    enum { N = 200000 };
    ddmd_random random;
    ddmd_random_init(&random, 7, DDMD_RANDOM_TEST, 0, 0);
    double uniform = 0, normal = 0, square = 0, fourth = 0;
    for (int i = 0; i < N; i++) {
        double u = ddmd_random_uniform(&random), z = ddmd_random_normal(&random);
        assert_true(u > 0 && u < 1);
        uniform += u;
        normal += z;
        square += z * z;
        fourth += z * z * z * z;
    }
    assert_true(fabs(uniform / N - 0.5) < 5 * sqrt(1.0 / 12 / N));
    assert_true(fabs(normal / N) < 5 * sqrt(1.0 / N));
    assert_true(fabs(square / N - 1) < 5 * sqrt(2.0 / N));
    assert_true(fabs(fourth / N - 3) < 5 * sqrt(96.0 / N));
}

static void below_is_uniform_and_shuffle_permutes(void **state)
{
    (void)state;
    ddmd_random random;
    ddmd_random_init(&random, 9, DDMD_RANDOM_TEST, 0, 0);
    enum { N = 70000 };
    int counts[7] = {0};
    for (int i = 0; i < N; i++)
        counts[ddmd_random_below(&random, 7)]++;
    double chi2 = 0;
    for (int i = 0; i < 7; i++)
        chi2 += pow(counts[i] - N / 7.0, 2) / (N / 7.0);
    assert_true(chi2 < 27.9); /* 6 degrees of freedom, p = 1e-4 */

    uint32_t items[100], seen[100] = {0};
    for (uint32_t i = 0; i < 100; i++)
        items[i] = i;
    ddmd_random_shuffle(&random, items, 100);
    int moved = 0;
    for (uint32_t i = 0; i < 100; i++) {
        seen[items[i]]++;
        moved += items[i] != i;
    }
    for (int i = 0; i < 100; i++)
        assert_int_equal(seen[i], 1);
    assert_true(moved > 80);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(philox_matches_random123),
        cmocka_unit_test(streams_differ_in_each_part_of_their_key),
        cmocka_unit_test(moments_are_those_of_the_distributions),
        cmocka_unit_test(below_is_uniform_and_shuffle_permutes),
    };
    return cmocka_run_group_tests_name("random", tests, NULL, NULL);
}
