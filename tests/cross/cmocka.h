/*
 * As much of cmocka as the tests of engine ensemble use, for processors that no cmocka is installed
 * for. A failure ends the program.
 */
#ifndef DDMD_TEST_CROSS_CMOCKA_H
#define DDMD_TEST_CROSS_CMOCKA_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct CMUnitTest {
    const char *name;
    void (*run)(void **state);
};

#define cmocka_unit_test(function) \
    {                              \
#function, function        \
    }

#define print_message(...) printf(__VA_ARGS__)

#define fail_msg(...)                          \
    do {                                       \
        printf("%s:%d: ", __FILE__, __LINE__); \
        printf(__VA_ARGS__);                   \
        printf("\n");                          \
        exit(1);                               \
    } while (0)

#define assert_true(condition)              \
    do {                                    \
        if (!(condition))                   \
            fail_msg("not %s", #condition); \
    } while (0)

#define assert_int_equal(a, b) assert_true((a) == (b))
#define assert_null(pointer) assert_true((pointer) == NULL)
#define assert_memory_equal(a, b, size) assert_true(memcmp(a, b, size) == 0)

static inline int run_tests(const struct CMUnitTest *tests, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        void *state = NULL;
        tests[i].run(&state);
        printf("%s is good\n", tests[i].name);
    }
    return 0;
}

#define cmocka_run_group_tests(tests, setup, teardown) \
    run_tests(tests, sizeof(tests) / sizeof *(tests))

#endif
