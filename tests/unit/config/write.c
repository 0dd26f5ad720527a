/* What is written loads to an equal configuration. */
#include "core/file.h"
#include "support.h"
#include "support/cmocka.h"
#include "support/data.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void assert_comes_back(const char *yaml)
{
    ddmd_error err = {0};
    ddmd_config *first = good_config(yaml, NULL), *again = NULL;
    const char *path = test_scratch("config.yaml");
    ddmd_mistakes mistakes = {0};
    ASSERT_OK(ddmd_config_write(first, path, &err), &err);
    if (ddmd_config_load(path, NULL, 0, &again, &mistakes, &err) != DDMD_OK)
        fail_msg("%s", mistakes.lines[0]);
    assert_same_config(first, again);
    assert_string_equal(first->campaign, again->campaign);
    assert_true(first->seed == again->seed);
    assert_true(first->simulation.friction_per_ps == again->simulation.friction_per_ps);
    ddmd_config_destroy(&first);
    ddmd_config_destroy(&again);
}

/* In the words that users write it in: a number, or a list where there are several. */
static void temperatures_are_written_as_they_were(void **state)
{
    (void)state;
    static const char *const written[] = {"temperature_kelvin: 300 ",
                                          "temperature_kelvin: [300.1, 333.3333333333333] "};
    for (size_t i = 0; i < sizeof written / sizeof *written; i++) {
        char yaml[160], *text = NULL;
        size_t length;
        ddmd_error err = {0};
        snprintf(yaml, sizeof yaml, "system: {sequence: A}\nsimulation:\n  %s", written[i]);
        ddmd_config *config = good_config(yaml, NULL);
        const char *path = test_scratch("temperatures.yaml");
        ASSERT_OK(ddmd_config_write(config, path, &err), &err);
        ASSERT_OK(ddmd_file_read(path, 1 << 16, &text, &length, &err), &err);
        assert_non_null(strstr(text, written[i]));
        free(text);
        ddmd_config_destroy(&config);
    }
}

static void configurations_come_back(void **state)
{
    (void)state;
    assert_comes_back("system: {sequence: ACE-AAAA-NME}");
    assert_comes_back("system: {bead_chain: 12, reference: helix}\nselection: {strategy: plain}");
    assert_comes_back("system: {pdb: x.pdb, start: [a.pdb, b.pdb], openmm_system: s.xml}\n"
                      "seed: 9223372036854775807\n"
                      "simulation: {temperature_kelvin: [300, 310.5, 1e3]}\n"
                      "model: {filters: [8], warm_start: false, latent_dim: [3, 6]}\n"
                      "stop: {wall_minutes: 0.1, simulated_ns: 123456.789, rounds: 3}\n");
    for (size_t i = 0; i < ddmd_example_count(); i++)
        assert_comes_back(ddmd_example_text(i));
}

static void texts_that_yaml_would_misread_come_back(void **state)
{
    (void)state;
    static const char *const texts[] = {
        "\"true\"",
        "'null'",
        "\"~\"",
        "'12'",
        "'a: b'",
        "'a # b'",
        "'- a'",
        "\"a\\\\b\\\"c\"",
        "'it''s'",
        "\"[x]\"",
        "'  spaces  '",
        "\"{a: b}\"",
        "'*alias'",
        "'&anchor'",
        "'!tag'",
        "'%x'",
        "'@x'",
        "\"\\u00e4\xc3\xb6\"",
        "'\xe2\x82\xac'",
        "'=<>'",
        "\"\\U0001F600\"",
    };
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        char yaml[256];
        snprintf(yaml, sizeof yaml,
                 "campaign: \"no\"\nsystem:\n  pdb: %s\n  start: [%s, '1.5']\n"
                 "features: {rmsd: {atoms: %s}}\n",
                 texts[i], texts[i], texts[i]);
        assert_comes_back(yaml);
    }
}

static void numbers_come_back_to_the_last_bit(void **state)
{
    (void)state;
    static const char *const numbers[] = {
        "0.1",  "1e-300", "0.30000000000000004", "123.456789012345", "3.141592653589793",
        "-0.0", "1e3"};
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
        char yaml[256];
        snprintf(yaml, sizeof yaml, "system: {sequence: A}\nsimulation: {friction_per_ps: %s}",
                 numbers[i]);
        assert_comes_back(yaml);
    }
}

/* A configuration and the files beside it can be moved together. */
static void paths_beside_the_file_are_written_relative_to_it(void **state)
{
    (void)state;
    ddmd_error err = {0};
    ddmd_mistakes mistakes = {0};
    ddmd_config *config = NULL;
    const char *path = test_scratch("own.yaml"), *away = test_scratch("away.yaml");
    static const char yaml[] = "system: {pdb: ./helix, start: [input/a.pdb, /b.pdb]}\n";
    ASSERT_OK(ddmd_file_replace(path, yaml, sizeof yaml - 1, &err), &err);
    if (ddmd_config_load(path, NULL, 0, &config, &mistakes, &err) != DDMD_OK)
        fail_msg("%s", mistakes.lines[0]);
    ASSERT_OK(ddmd_config_write(config, away, &err), &err);
    char *text = NULL;
    size_t length;
    ASSERT_OK(ddmd_file_read(away, 1 << 16, &text, &length, &err), &err);
    assert_non_null(strstr(text, "pdb: \"./helix\" "));
    assert_non_null(strstr(text, "start: [input/a.pdb, /b.pdb] "));
    free(text);
    ddmd_config_destroy(&config);
}

static void a_directory_that_is_not_there_is_an_error(void **state)
{
    (void)state;
    ddmd_error err = {0};
    ddmd_config *config = good_config("system: {sequence: A}", NULL);
    assert_int_equal(ddmd_config_write(config, test_scratch("none/config.yaml"), &err), DDMD_IO);
    assert_non_null(strstr(err.message, "/none/: No such file"));
    ddmd_config_destroy(&config);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(configurations_come_back),
        cmocka_unit_test(temperatures_are_written_as_they_were),
        cmocka_unit_test(texts_that_yaml_would_misread_come_back),
        cmocka_unit_test(numbers_come_back_to_the_last_bit),
        cmocka_unit_test(paths_beside_the_file_are_written_relative_to_it),
        cmocka_unit_test(a_directory_that_is_not_there_is_an_error),
    };
    return cmocka_run_group_tests_name("write", tests, NULL, NULL);
}
