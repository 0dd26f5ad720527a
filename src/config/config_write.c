#include "config/file_name.h"
#include "config/schema.h"
#include "config/value.h"
#include "core/file.h"
#include "core/text.h"
#include "core/try.h"
#include "ddmd/config.h"

#include <stdlib.h>
#include <string.h>

enum { COMMENT_COLUMN = 56 };

static size_t depth_of(const char *path)
{
    size_t depth = 0;
    for (; *path; path++)
        depth += *path == '.';
    return depth;
}

static void add_indent(ddmd_text *text, size_t depth)
{
    ddmd_text_add(text, "%*s", (int)(4 * depth), "");
}

/* The headings of the sections of `path` that are not open yet, where `open` is. */
static void add_headings(ddmd_text *text, const char *path, const char *open)
{
    size_t length = ddmd_key_section_length(path);
    for (size_t end = 1; end <= length; end++) {
        if (path[end] != '.' ||
            (strncmp(path, open, end) == 0 && (open[end] == '.' || open[end] == '\0')))
            continue;
        char section[64] = "";
        strncat(section, path, end < sizeof section - 1 ? end : sizeof section - 1);
        size_t depth = depth_of(section);
        if (depth == 0)
            ddmd_text_add(text, "\n");
        add_indent(text, depth);
        ddmd_text_add(text, "%s: # %s\n", ddmd_key_leaf(section),
                      ddmd_section_find(section)->meaning);
    }
}

static void add_key(ddmd_text *text, const ddmd_config *config, const ddmd_key *key,
                    const char *directory)
{
    size_t line = text->length;
    add_indent(text, depth_of(key->path));
    ddmd_text_add(text, "%s: ", ddmd_key_leaf(key->path));
    ddmd_value_add(text, config, key, directory);
    size_t width = text->length - line;
    ddmd_text_add(text, "%*s# %s\n", width < COMMENT_COLUMN ? (int)(COMMENT_COLUMN - width) : 1, "",
                  key->meaning);
}

enum ddmd_status ddmd_config_write(const ddmd_config *config, const char *path, ddmd_error *err)
{
    enum ddmd_status status = DDMD_OK;
    char *string = NULL, *directory = NULL;
    ddmd_text text = {0};
    DDMD_TRY(ddmd_file_name_parent(path, &directory, err));
    ddmd_text_add(&text, "# The complete configuration of a campaign, written by ddmd.\n");
    const char *open = "";
    for (size_t i = 0; i < DDMD_N_KEYS; i++) {
        add_headings(&text, ddmd_keys[i].path, open);
        add_key(&text, config, &ddmd_keys[i], directory);
        open = ddmd_keys[i].path;
    }
    DDMD_TRY(ddmd_text_take(&text, &string, err));
    DDMD_TRY(ddmd_file_replace(path, string, strlen(string), err));
out:
    free(string);
    free(directory);
    return status;
}
