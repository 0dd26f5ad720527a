#include "support.h"

#include "config/schema.h"
#include "config/value.h"
#include "core/text.h"
#include "support/cmocka.h"

#include <stdlib.h>
#include <string.h>

enum ddmd_status parse_config(const char *yaml, const char *override, ddmd_config **config,
                              ddmd_mistakes *mistakes)
{
    ddmd_error err = {0};
    return ddmd_config_parse(yaml, strlen(yaml), "run.yaml", "/", &override, override != NULL,
                             config, mistakes, &err);
}

ddmd_config *good_config(const char *yaml, const char *override)
{
    ddmd_config *config = NULL;
    ddmd_mistakes mistakes = {0};
    enum ddmd_status status = parse_config(yaml, override, &config, &mistakes);
    if (status != DDMD_OK)
        fail_msg("%s", mistakes.n > 0 ? mistakes.lines[0] : ddmd_status_phrase(status));
    ddmd_mistakes_clear(&mistakes);
    return config;
}

void assert_mistakes(const char *yaml, const char *override, const char *expected)
{
    ddmd_config *config = NULL;
    ddmd_mistakes mistakes = {0};
    enum ddmd_status status = parse_config(yaml, override, &config, &mistakes);
    ddmd_text found = {0};
    ddmd_text_add(&found, "%s", "");
    for (size_t i = 0; i < mistakes.n; i++)
        ddmd_text_add(&found, "%s%s", i ? "\n" : "", mistakes.lines[i]);
    assert_string_equal(found.bytes, expected);
    assert_int_equal(status, DDMD_CONFIG);
    assert_null(config);
    ddmd_text_clear(&found);
    ddmd_mistakes_clear(&mistakes);
}

void assert_same_config(const ddmd_config *a, const ddmd_config *b)
{
    for (size_t i = 0; i < DDMD_N_KEYS; i++) {
        ddmd_text left = {0}, right = {0};
        ddmd_text_add(&left, "%s: ", ddmd_keys[i].path);
        ddmd_text_add(&right, "%s: ", ddmd_keys[i].path);
        ddmd_value_add(&left, a, &ddmd_keys[i], NULL);
        ddmd_value_add(&right, b, &ddmd_keys[i], NULL);
        assert_string_equal(left.bytes, right.bytes);
        ddmd_text_clear(&left);
        ddmd_text_clear(&right);
    }
}
