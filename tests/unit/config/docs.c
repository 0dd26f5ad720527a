/* docs/configuration.md and the schema say the same. */
#include "config/schema.h"
#include "core/file.h"
#include "ddmd/config.h"
#include "support.h"
#include "support/cmocka.h"
#include "support/data.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void read_page(char **page)
{
    ddmd_error err = {0};
    size_t length;
    ASSERT_OK(ddmd_file_read(test_source("docs/configuration.md"), 1 << 20, page, &length, &err),
              &err);
}

static void the_tables_are_those_of_the_schema(void **state)
{
    (void)state;
    static const char begin[] = "<!-- keys: begin -->\n\n", end[] = "\n<!-- keys: end -->";
    ddmd_error err = {0};
    char *page = NULL, *tables = NULL;
    read_page(&page);
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

static void its_examples_load(void **state)
{
    (void)state;
    static const char open[] = "```yaml\n";
    char *page = NULL;
    read_page(&page);
    size_t n = 0;
    for (char *from = page; (from = strstr(from, open)); n++) {
        from += strlen(open);
        char *to = strstr(from, "```");
        assert_non_null(to);
        *to = '\0';
        ddmd_config *config = good_config(from, NULL);
        ddmd_config_destroy(&config);
        from = to + 1;
    }
    assert_int_equal(n, 1);
    free(page);
}

static void its_strategies_are_what_is_resolved(void **state)
{
    (void)state;
    char *page = NULL;
    read_page(&page);
    size_t n = 0;
    for (char *row = strstr(page, "\n| `ml+rmsd`"); row && strncmp(row, "\n| `", 4) == 0;
         row = strchr(row + 1, '\n'), n++) {
        char strategy[16], candidates[16], rank_by[16], yaml[128];
        assert_int_equal(
            sscanf(row, "\n| `%15[^`]` | `%15[^`]` | `%15[^`]`", strategy, candidates, rank_by), 3);
        snprintf(yaml, sizeof yaml,
                 "system: {sequence: A, reference: helix}\n"
                 "selection: {strategy: %s}",
                 strategy);
        ddmd_config *config = good_config(yaml, NULL);
        assert_string_equal(config->selection.candidates, candidates);
        assert_string_equal(config->selection.rank_by, rank_by);
        ddmd_config_destroy(&config);
    }
    assert_int_equal(n, 11);
    free(page);
}

static void its_mistakes_are_what_is_said(void **state)
{
    (void)state;
    char *page = NULL;
    read_page(&page);
    ddmd_config *config = NULL;
    ddmd_mistakes mistakes = {0};
    static const char yaml[] = "\n\nsystem: {sequence: A}\n\nsimulation:\n  replcas: 3\n\n"
                               "  temperature_kelvin: 300 K\n";
    assert_int_equal(
        ddmd_config_parse(yaml, strlen(yaml), "fs.yaml", "/", NULL, 0, &config, &mistakes, NULL),
        DDMD_CONFIG);
    assert_int_equal(mistakes.n, 2);
    for (size_t i = 0; i < mistakes.n; i++)
        assert_non_null(strstr(page, mistakes.lines[i]));
    ddmd_mistakes_clear(&mistakes);
    free(page);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_tables_are_those_of_the_schema),
        cmocka_unit_test(every_key_is_described),
        cmocka_unit_test(its_examples_load),
        cmocka_unit_test(its_strategies_are_what_is_resolved),
        cmocka_unit_test(its_mistakes_are_what_is_said),
    };
    return cmocka_run_group_tests_name("docs", tests, NULL, NULL);
}
