#include "core/file.h"
#include "support/cmocka.h"
#include "support/data.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void replace_then_read(void **state)
{
    (void)state;
    ddmd_error err = {0};
    const char *path = test_scratch("a.txt");
    ASSERT_OK(ddmd_file_replace(path, "first", 5, &err), &err);
    ASSERT_OK(ddmd_file_replace(path, "second", 6, &err), &err);
    char *bytes = NULL;
    size_t length = 0;
    ASSERT_OK(ddmd_file_read(path, 100, &bytes, &length, &err), &err);
    assert_int_equal(length, 6);
    assert_string_equal(bytes, "second");
    free(bytes);
    char beside[4096];
    snprintf(beside, sizeof beside, "%s.new", path);
    assert_false(ddmd_file_exists(beside));
}

static void reading_refuses_what_it_should(void **state)
{
    (void)state;
    ddmd_error err = {0};
    char *bytes = NULL;
    size_t length = 0;
    assert_int_equal(ddmd_file_read("/nonexistent", 100, &bytes, &length, &err), DDMD_IO);
    assert_non_null(strstr(err.message, "/nonexistent: No such file"));
    assert_int_equal(ddmd_file_read("/", 100, &bytes, &length, &err), DDMD_IO);
    const char *path = test_scratch("b.txt");
    ASSERT_OK(ddmd_file_replace(path, "0123456789", 10, &err), &err);
    assert_int_equal(ddmd_file_read(path, 9, &bytes, &length, &err), DDMD_IO);
    assert_null(bytes);
}

static void a_failed_replacement_leaves_nothing(void **state)
{
    (void)state;
    ddmd_error err = {0};
    const char *directory = test_scratch("d");
    ASSERT_OK(ddmd_directory_create(directory, &err), &err);
    assert_int_equal(ddmd_directory_create(directory, &err), DDMD_IO);
    /* A directory cannot be replaced by a file. */
    assert_int_equal(ddmd_file_replace(directory, "x", 1, &err), DDMD_IO);
    char beside[4096];
    snprintf(beside, sizeof beside, "%s.new", directory);
    assert_false(ddmd_file_exists(beside));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(replace_then_read),
        cmocka_unit_test(reading_refuses_what_it_should),
        cmocka_unit_test(a_failed_replacement_leaves_nothing),
    };
    return cmocka_run_group_tests_name("file", tests, NULL, NULL);
}
