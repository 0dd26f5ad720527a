#include "core/text.h"
#include "core/array.h"
#include "support/cmocka.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static void text_grows(void **state)
{
    (void)state;
    ddmd_text text = {0};
    for (int i = 0; i < 1000; i++)
        ddmd_text_add(&text, "%d,", i);
    char *string = NULL;
    assert_int_equal(ddmd_text_take(&text, &string, NULL), DDMD_OK);
    assert_int_equal(strlen(string), 10 * 2 + 90 * 3 + 900 * 4);
    assert_memory_equal(string, "0,1,2,", 6);
    free(string);

    assert_int_equal(ddmd_text_take(&text, &string, NULL), DDMD_OK);
    assert_string_equal(string, "");
    free(string);
}

static void nearest_finds_slips_of_the_finger(void **state)
{
    (void)state;
    static const char *const keys[] = {"replicas", "segment_ns", "seed"};
    assert_string_equal(ddmd_text_nearest("replcas", keys, 3), "replicas");
    assert_string_equal(ddmd_text_nearest("Seed", keys, 3), "seed");
    assert_string_equal(ddmd_text_nearest("segmetn_ns", keys, 3), "segment_ns");
    assert_null(ddmd_text_nearest("temperature", keys, 3));
}

static void numbers_are_strict(void **state)
{
    (void)state;
    double d;
    long l;
    assert_true(ddmd_text_to_double("-1.5e3", &d) && d == -1500);
    assert_false(ddmd_text_to_double("1.5x", &d));
    assert_false(ddmd_text_to_double("", &d));
    assert_false(ddmd_text_to_double(" 1", &d));
    assert_false(ddmd_text_to_double("nan", &d));
    assert_false(ddmd_text_to_double("1e999", &d));
    assert_true(ddmd_text_to_long("42", &l) && l == 42);
    assert_false(ddmd_text_to_long("4.2", &l));
    assert_false(ddmd_text_to_long("99999999999999999999", &l));
}

static void arrays_check_overflow_and_keep_their_items(void **state)
{
    (void)state;
    int *items = NULL;
    size_t capacity = 0;
    for (int i = 0; i < 100; i++) {
        assert_int_equal(ddmd_array_reserve(&items, &capacity, (size_t)i + 1, sizeof *items, NULL),
                         DDMD_OK);
        items[i] = i;
    }
    for (int i = 0; i < 100; i++)
        assert_int_equal(items[i], i);
    ddmd_error err = {0};
    int *held = items;
    assert_int_equal(ddmd_array_reserve(&items, &capacity, SIZE_MAX / 2, sizeof *items, &err),
                     DDMD_NOMEM);
    assert_ptr_equal(items, held);

    int *other = NULL;
    assert_int_equal(ddmd_array_alloc(&other, SIZE_MAX / 2, sizeof *other, NULL), DDMD_NOMEM);
    assert_int_equal(ddmd_array_alloc(&other, SIZE_MAX / 2 + 2, 1, NULL), DDMD_NOMEM);
    assert_int_equal(ddmd_array_copy(&other, items, SIZE_MAX / 3, sizeof *other, NULL), DDMD_NOMEM);
    assert_null(other);
    free(items);
}

static void errors_are_prefixed_and_cut(void **state)
{
    (void)state;
    ddmd_error err = {0};
    assert_int_equal(ddmd_error_set(&err, DDMD_IO, "no %s", "file"), DDMD_IO);
    ddmd_error_prefix(&err, "engine %s: ", "toy");
    assert_string_equal(err.message, "engine toy: no file");
    for (int i = 0; i < 500; i++)
        ddmd_error_prefix(&err, "engine %s: ", "toy");
    assert_int_equal(strlen(err.message), DDMD_ERROR_MESSAGE_SIZE - 1);
    assert_string_equal(ddmd_status_name(DDMD_CONFIG), "CONFIG");
}

static void quantities_have_no_exponent(void **state)
{
    (void)state;
    static const struct {
        double value;
        const char *text;
    } cases[] = {
        {0, "0"},          {0.05, "0.05"},     {44.484, "44.48"},    {9999.4, "9999"},
        {9999.6, "10000"}, {11723.4, "11723"}, {-11723.4, "-11723"}, {1e17, "100000000000000000"},
        {INFINITY, "inf"}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        ddmd_decimal text;
        assert_string_equal(ddmd_text_decimal(cases[i].value, text), cases[i].text);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(text_grows),
        cmocka_unit_test(nearest_finds_slips_of_the_finger),
        cmocka_unit_test(numbers_are_strict),
        cmocka_unit_test(quantities_have_no_exponent),
        cmocka_unit_test(arrays_check_overflow_and_keep_their_items),
        cmocka_unit_test(errors_are_prefixed_and_cut),
    };
    return cmocka_run_group_tests_name("text", tests, NULL, NULL);
}
