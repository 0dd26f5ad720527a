#include "config/schema.h"
#include "core/text.h"
#include "ddmd/config.h"

#include <string.h>

static void add_code(ddmd_text *text, const char *code)
{
    ddmd_text_add(text, "`%s`", code);
}

static void add_default(ddmd_text *text, const ddmd_key *key)
{
    if (*key->shown)
        ddmd_text_add(text, "%s", key->shown);
    else if (strcmp(key->fallback, "\"\"") == 0)
        ddmd_text_add(text, "none");
    else
        add_code(text, key->fallback);
}

static void add_values(ddmd_text *text, const ddmd_key *key)
{
    switch (key->kind) {
    case DDMD_KEY_TEXT:
        ddmd_text_add(text, "text");
        break;
    case DDMD_KEY_NAME:
        ddmd_text_add(text, "a name");
        break;
    case DDMD_KEY_FILE:
        ddmd_text_add(text, "a file");
        break;
    case DDMD_KEY_FORCE_FIELDS:
        ddmd_text_add(text, "a file, or a list");
        break;
    case DDMD_KEY_FOLD:
        ddmd_text_add(text, "`helix`, `extended` or a file");
        break;
    case DDMD_KEY_STARTS:
        ddmd_text_add(text, "`helix`, `extended` or files, or a list");
        break;
    case DDMD_KEY_BOOLEAN:
        ddmd_text_add(text, "`true` or `false`");
        break;
    case DDMD_KEY_WORD:
    case DDMD_KEY_MODE:
    case DDMD_KEY_CONSTRAINTS:
    case DDMD_KEY_VELOCITIES:
        for (unsigned i = 0; i < ddmd_choices_count(key->choices); i++) {
            ddmd_text_add(text, "%s`", i ? ", " : "");
            ddmd_choice_add(text, key->choices, i);
            ddmd_text_add(text, "`");
        }
        break;
    case DDMD_KEY_SEED:
    case DDMD_KEY_INTEGER:
    case DDMD_KEY_REAL:
        ddmd_key_add_number(text, key);
        break;
    case DDMD_KEY_REALS:
    case DDMD_KEY_INTEGERS:
        ddmd_key_add_number(text, key);
        ddmd_text_add(text, ", or a list");
        break;
    case DDMD_KEY_LAYERS:
        ddmd_key_add_number(text, key);
        ddmd_text_add(text, ", or a list: one a layer");
        break;
    }
}

static void add_heading(ddmd_text *text, const char *path)
{
    const ddmd_section *section = ddmd_section_find(path);
    if (*path)
        ddmd_text_add(text, "### %s\n\n", path);
    ddmd_text_add(text, "%c%s.\n\n", section->meaning[0] & ~0x20, section->meaning + 1);
    ddmd_text_add(text, "| key | default | values | unit | meaning |\n");
    ddmd_text_add(text, "|---|---|---|---|---|\n");
}

enum ddmd_status ddmd_config_describe(char **markdown, ddmd_error *err)
{
    ddmd_text text = {0};
    for (size_t i = 0; i < DDMD_N_KEYS; i++) {
        const ddmd_key *key = &ddmd_keys[i];
        size_t length = ddmd_key_section_length(key->path);
        if (i == 0 || length != ddmd_key_section_length(key[-1].path) ||
            strncmp(key->path, key[-1].path, length) != 0) {
            char section[64] = "";
            strncat(section, key->path, length < sizeof section ? length : sizeof section - 1);
            if (i > 0)
                ddmd_text_add(&text, "\n");
            add_heading(&text, section);
        }
        ddmd_text_add(&text, "| `%s` | ", ddmd_key_leaf(key->path));
        add_default(&text, key);
        ddmd_text_add(&text, " | ");
        add_values(&text, key);
        ddmd_text_add(&text, " | %s | %s%s%s%s |\n", key->unit, key->meaning,
                      *key->source ? " (" : "", key->source, *key->source ? ")" : "");
    }
    return ddmd_text_take(&text, markdown, err);
}
