#include "campaign/map_window.h"
#include "support/cmocka.h"

#include "ddmd/random.h"

#include <stdlib.h>
#include <string.h>

enum { MAX_FRAMES = 3000, MAX_BYTES = 47 };

/* The set of the frames first .. first+n-1, by comparing each with all before it. */
static void plain_set(const uint8_t *maps, size_t bytes, size_t n, ddmd_map_set *set)
{
    *set = (ddmd_map_set){.n_frames = n};
    set->maps = calloc(n + 1, bytes);
    set->counts = calloc(n + 1, sizeof *set->counts);
    set->point_of = calloc(n + 1, sizeof *set->point_of);
    for (size_t i = 0; i < n; i++) {
        size_t k = 0;
        while (k < set->n_maps && memcmp(set->maps + k * bytes, maps + i * bytes, bytes) != 0)
            k++;
        if (k == set->n_maps)
            memcpy(set->maps + set->n_maps++ * bytes, maps + i * bytes, bytes);
        set->counts[k]++;
        set->point_of[i] = (uint32_t)k;
    }
}

static void assert_sets_equal(const ddmd_map_set *a, const ddmd_map_set *b, size_t bytes)
{
    assert_int_equal(a->n_frames, b->n_frames);
    assert_int_equal(a->n_maps, b->n_maps);
    assert_memory_equal(a->maps, b->maps, a->n_maps * bytes);
    assert_memory_equal(a->counts, b->counts, a->n_maps * sizeof *a->counts);
    assert_memory_equal(a->point_of, b->point_of, a->n_frames * sizeof *a->point_of);
}

/* Maps of few kinds first, of many in the middle: slots are freed, used again, and chains grow. */
static uint8_t *draw_maps(uint32_t stream, size_t n, size_t bytes)
{
    ddmd_random random;
    uint8_t *maps = calloc(n, bytes);
    ddmd_random_init(&random, 11, DDMD_RANDOM_TEST, stream, 0);
    for (size_t i = 0; i < n; i++) {
        uint32_t kinds = i / 500 % 2 ? 5000 : 1 + ddmd_random_below(&random, 40);
        uint32_t kind = ddmd_random_below(&random, kinds);
        /* Kinds differ in their last bytes, so that only a whole comparison tells them apart. */
        memcpy(maps + i * bytes + bytes - (bytes < 2 ? 1 : 2), &kind, bytes < 2 ? 1 : 2);
    }
    return maps;
}

static void windows_are_those_of_a_plain_search(void **state)
{
    (void)state;
    static const size_t bytes_of[] = {1, 2, 8, 9, 16, MAX_BYTES};
    static const size_t capacity_of[] = {1, 2, 77, 1000, MAX_FRAMES + 1};
    ddmd_error err = {0};
    for (uint32_t k = 0; k < 30; k++) {
        size_t bytes = bytes_of[k % 6], capacity = capacity_of[k % 5];
        uint8_t *maps = draw_maps(k, MAX_FRAMES, bytes);
        ddmd_map_window *window = NULL;
        ddmd_map_set got = {0}, want;
        ASSERT_OK(ddmd_map_window_create(capacity, bytes, &window, &err), &err);
        for (size_t i = 0; i < MAX_FRAMES; i++) {
            ASSERT_OK(ddmd_map_window_add(window, maps + i * bytes, &err), &err);
            if (i % 293 != 0 && i + 1 != MAX_FRAMES)
                continue;
            size_t there = i + 1 < capacity ? i + 1 : capacity;
            assert_int_equal(ddmd_map_window_frames(window), there);
            for (size_t take = there; take > 0; take /= 3) {
                plain_set(maps + (i + 1 - take) * bytes, bytes, take, &want);
                ASSERT_OK(ddmd_map_window_take(window, take, &got, &err), &err);
                assert_sets_equal(&got, &want, bytes);
                if (take == there)
                    assert_int_equal(ddmd_map_window_maps(window), want.n_maps);
                ddmd_map_set_clear(&got);
                ddmd_map_set_clear(&want);
            }
        }
        ddmd_map_window_destroy(&window);
        free(maps);
    }
}

static void a_slid_window_equals_one_filled_anew(void **state)
{
    (void)state;
    enum { CAPACITY = 200, BYTES = 12 };
    ddmd_error err = {0};
    uint8_t *maps = draw_maps(99, MAX_FRAMES, BYTES);
    ddmd_map_window *slid = NULL, *anew = NULL;
    ddmd_map_set a = {0}, b = {0};
    ASSERT_OK(ddmd_map_window_create(CAPACITY, BYTES, &slid, &err), &err);
    ASSERT_OK(ddmd_map_window_create(CAPACITY, BYTES, &anew, &err), &err);
    for (size_t i = 0; i < MAX_FRAMES; i++) {
        ASSERT_OK(ddmd_map_window_add(slid, maps + i * BYTES, &err), &err);
        if (i >= MAX_FRAMES - CAPACITY)
            ASSERT_OK(ddmd_map_window_add(anew, maps + i * BYTES, &err), &err);
    }
    ASSERT_OK(ddmd_map_window_take(slid, SIZE_MAX, &a, &err), &err);
    ASSERT_OK(ddmd_map_window_take(anew, SIZE_MAX, &b, &err), &err);
    assert_int_equal(a.n_frames, CAPACITY);
    assert_sets_equal(&a, &b, BYTES);
    ddmd_map_set_clear(&a);
    ddmd_map_set_clear(&b);
    ddmd_map_window_destroy(&slid);
    ddmd_map_window_destroy(&anew);
    free(maps);
}

static void an_empty_window_and_impossible_ones(void **state)
{
    (void)state;
    ddmd_error err = {0};
    ddmd_map_window *window = NULL;
    ddmd_map_set set = {0};
    assert_int_equal(ddmd_map_window_create(0, 4, &window, &err), DDMD_INVALID);
    assert_int_equal(ddmd_map_window_create(4, 0, &window, &err), DDMD_INVALID);
    assert_null(window);
    ASSERT_OK(ddmd_map_window_create(4, 4, &window, &err), &err);
    ASSERT_OK(ddmd_map_window_take(window, 4, &set, &err), &err);
    assert_int_equal(set.n_frames, 0);
    assert_int_equal(set.n_maps, 0);
    ddmd_map_set_clear(&set);
    ddmd_map_window_destroy(&window);
    assert_null(window);
    ddmd_map_window_destroy(&window);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(windows_are_those_of_a_plain_search),
        cmocka_unit_test(a_slid_window_equals_one_filled_anew),
        cmocka_unit_test(an_empty_window_and_impossible_ones),
    };
    return cmocka_run_group_tests_name("window of maps", tests, NULL, NULL);
}
