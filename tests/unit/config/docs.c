/* docs/configuration.md and the schema say the same. */
#include "config/schema.h"
#include "core/file.h"
#include "ddmd/config.h"
#include "support/cmocka.h"
#include "support/data.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void the_tables_are_those_of_the_schema(void **state)
{
    (void)state;
    static const char begin[] = "<!-- keys: begin -->\n\n", end[] = "\n<!-- keys: end -->";
    ddmd_error err = {0};
    char *page = NULL, *tables = NULL;
    size_t length;
    ASSERT_OK(ddmd_file_read(test_source("docs/configuration.md"), 1 << 20, &page, &length, &err),
              &err);
    ASSERT_OK(ddmd_config_describe(&tables, &err), &err);
    char *from = strstr(page, begin), *to = strstr(page, end);
    assert_non_null(from);
    assert_non_null(to);
    from += strlen(begin);
    assert_true(from < to);
    *to = '\0';
    assert_string_equal(from, tables);
    free(page);
    free(tables);
}

static void every_key_is_described(void **state)
{
    (void)state;
    ddmd_error err = {0};
    char *tables = NULL;
    ASSERT_OK(ddmd_config_describe(&tables, &err), &err);
    for (size_t i = 0; i < DDMD_N_KEYS; i++) {
        char cell[80];
        snprintf(cell, sizeof cell, "\n| `%s` |", ddmd_key_leaf(ddmd_keys[i].path));
        assert_non_null(strstr(tables, cell));
        assert_true(strlen(ddmd_keys[i].meaning) > 10);
        assert_null(strchr(ddmd_keys[i].meaning, '|'));
    }
    free(tables);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_tables_are_those_of_the_schema),
        cmocka_unit_test(every_key_is_described),
    };
    return cmocka_run_group_tests_name("docs", tests, NULL, NULL);
}
