#include "ddmd/config.h"

#include "config/config_check.h"
#include "config/file_name.h"
#include "config/reader.h"
#include "config/value.h"
#include "config/yaml_tree.h"
#include "core/array.h"
#include "core/file.h"
#include "core/text.h"
#include "core/try.h"

#include <stdlib.h>
#include <string.h>

static bool hear_mistake(void *user, int line, const char *message)
{
    ddmd_reader *reader = user;
    ddmd_reader_mistake(reader, line, "%s", message);
    return !ddmd_reader_has_enough(reader);
}

static void report_unknown(ddmd_reader *reader, int line, const char *section, const char *path,
                           const char *word)
{
    const char *instead = ddmd_key_later(path);
    if (instead) {
        ddmd_reader_mistake(reader, line, "%s is not available in this version (%s)", path,
                            instead);
        return;
    }
    ddmd_text hint = {0};
    ddmd_key_add_hint(&hint, section, word);
    ddmd_reader_mistake(reader, line, "unknown key '%.80s'%s%s%s", word, *section ? " in " : "",
                        section, hint.failed ? "" : hint.bytes);
    ddmd_text_clear(&hint);
}

/* The value of a key that stands on `line`. */
static enum ddmd_status read_key(ddmd_reader *reader, size_t index, int line,
                                 const ddmd_yaml_node *node, ddmd_error *err)
{
    struct ddmd_config_origin *origin = &reader->origin[index];
    origin->given = true;
    origin->override = reader->override;
    origin->line = line;
    return ddmd_value_read(reader, index, node, err);
}

static enum ddmd_status read_section(ddmd_reader *reader, const char *section,
                                     const ddmd_yaml_node *map, ddmd_error *err);

/* One "key: value" of a section. */
static enum ddmd_status read_entry(ddmd_reader *reader, const char *section,
                                   const ddmd_yaml_node *key, ddmd_error *err)
{
    char *path = NULL;
    enum ddmd_status status =
        ddmd_text_format(&path, err, "%s%s%s", section, *section ? "." : "", key->text);
    if (status != DDMD_OK)
        return status;
    bool word = *key->text && !strchr(key->text, '.');
    size_t index = word ? ddmd_key_find(path) : DDMD_N_KEYS;
    if (index < DDMD_N_KEYS)
        status = read_key(reader, index, key->line, key->next, err);
    else if (word && ddmd_section_find(path))
        status = read_section(reader, path, key->next, err);
    else
        report_unknown(reader, key->line, section, path, key->text);
    free(path);
    return status;
}

static enum ddmd_status read_section(ddmd_reader *reader, const char *section,
                                     const ddmd_yaml_node *map, ddmd_error *err)
{
    if (map->kind == DDMD_YAML_BROKEN || ddmd_yaml_is_null(map))
        return DDMD_OK; /* reported already; or all its lines are commented out */
    if (map->kind != DDMD_YAML_MAP) {
        ddmd_reader_mistake(reader, map->line, "%s%s must have 'key: value' lines inside",
                            *section ? "section " : "the file", section);
        return DDMD_OK;
    }
    enum ddmd_status status = DDMD_OK;
    for (const ddmd_yaml_node *key = map->first; key && !ddmd_reader_has_enough(reader);
         key = key->next->next)
        if (key->kind == DDMD_YAML_SCALAR)
            DDMD_TRY(read_entry(reader, section, key, err));
out:
    return status;
}

/* The same for the path of an override. */
static void report_unknown_path(ddmd_reader *reader, char *path)
{
    char *dot = strrchr(path, '.');
    if (dot) {
        *dot = '\0';
        const ddmd_section *section = ddmd_section_find(path);
        *dot = '.';
        if (section) {
            report_unknown(reader, 0, section->path, path, dot + 1);
            return;
        }
    }
    report_unknown(reader, 0, "", path, path);
}

/* Parse a value by itself and hand it to the key or section of that path. */
static enum ddmd_status read_override(ddmd_reader *reader, const char *override, ddmd_error *err)
{
    enum ddmd_status status = DDMD_OK;
    ddmd_yaml_node *value = NULL;
    char *path = NULL;
    reader->override = override;
    const char *equals = strchr(override, '=');
    if (!equals || equals == override) {
        ddmd_reader_mistake(reader, 0, "expected key=value, such as simulation.replicas=4");
        goto out;
    }
    DDMD_TRY(ddmd_text_format(&path, err, "%.*s", (int)(equals - override), override));
    const char *text = equals[1] ? equals + 1 : "\"\"";
    status = ddmd_yaml_parse(text, strlen(text), hear_mistake, reader, &value, err);
    if (status != DDMD_OK || !value) {
        status = status == DDMD_NOMEM ? DDMD_NOMEM : DDMD_OK;
        goto out;
    }
    size_t index = ddmd_key_find(path);
    if (index < DDMD_N_KEYS)
        DDMD_TRY(read_key(reader, index, 0, value, err));
    else if (*path && ddmd_section_find(path))
        DDMD_TRY(read_section(reader, path, value, err));
    else
        report_unknown_path(reader, path);
out:
    reader->override = NULL;
    free(path);
    ddmd_yaml_destroy(&value);
    return status;
}

static bool hear_nothing(void *user, int line, const char *message)
{
    (void)user, (void)line, (void)message;
    return false;
}

/* Every key's value where nobody gives one. */
static enum ddmd_status read_fallbacks(ddmd_reader *reader, ddmd_error *err)
{
    enum ddmd_status status = DDMD_OK;
    ddmd_yaml_node *value = NULL;
    for (size_t i = 0; i < DDMD_N_KEYS; i++) {
        const char *text = ddmd_keys[i].fallback;
        DDMD_TRY(ddmd_yaml_parse(text, strlen(text), hear_nothing, NULL, &value, err));
        DDMD_TRY(ddmd_value_read(reader, i, value, err));
        ddmd_yaml_destroy(&value);
    }
out:
    ddmd_yaml_destroy(&value);
    return status;
}

/* The error that stands for all mistakes. */
static enum ddmd_status sum_up(const ddmd_reader *reader, ddmd_error *err)
{
    const char *first = reader->mistakes->n > 0 ? reader->mistakes->lines[0] : reader->source;
    if (reader->n_mistakes <= 1)
        return ddmd_error_set(err, DDMD_CONFIG, "%s", first);
    return ddmd_error_set(err, DDMD_CONFIG, "%s (and %zu more mistakes)", first,
                          reader->n_mistakes - 1);
}

static enum ddmd_status parse(const char *bytes, size_t length, const char *file,
                              const char *source, const char *directory,
                              const char *const *overrides, size_t n_overrides,
                              ddmd_config **config, ddmd_mistakes *mistakes, ddmd_error *err)
{
    enum ddmd_status status = DDMD_OK;
    ddmd_config *made = NULL;
    ddmd_yaml_node *tree = NULL;
    ddmd_mistakes own = {0};
    DDMD_TRY(ddmd_array_alloc(&made, 1, sizeof *made, err));
    DDMD_TRY(ddmd_array_alloc(&made->places, 1, sizeof *made->places, err));
    DDMD_TRY(ddmd_value_set_text(&made->file, file, err));
    ddmd_reader reader = {.config = made,
                          .source = source,
                          .directory = directory,
                          .mistakes = mistakes ? mistakes : &own,
                          .origin = made->places->of};
    DDMD_TRY(read_fallbacks(&reader, err));

    status = ddmd_yaml_parse(bytes, length, hear_mistake, &reader, &tree, err);
    bool readable = status == DDMD_OK;
    if (status == DDMD_NOMEM)
        goto out;
    if (tree)
        DDMD_TRY(read_section(&reader, "", tree, err));
    reader.file = tree;
    for (size_t i = 0; i < n_overrides; i++)
        DDMD_TRY(read_override(&reader, overrides[i], err));
    if (readable)
        DDMD_TRY(ddmd_config_check(&reader, err));
    if (reader.n_mistakes > 0) {
        status = sum_up(&reader, err);
        goto out;
    }
    for (size_t i = 0; i < DDMD_N_KEYS; i++) {
        DDMD_TRY(ddmd_reader_place(&reader, i, &made->places->of[i].place, err));
        made->places->of[i].override = NULL;
    }
    *config = made;
    made = NULL;
out:
    ddmd_yaml_destroy(&tree);
    ddmd_mistakes_clear(&own);
    ddmd_config_destroy(&made);
    return status;
}

enum ddmd_status ddmd_config_parse(const char *bytes, size_t length, const char *source,
                                   const char *directory, const char *const *overrides,
                                   size_t n_overrides, ddmd_config **config,
                                   ddmd_mistakes *mistakes, ddmd_error *err)
{
    char *absolute = NULL;
    enum ddmd_status status = ddmd_file_name_directory(directory, &absolute, err);
    if (status == DDMD_OK)
        status = parse(bytes, length, "", source, absolute, overrides, n_overrides, config,
                       mistakes, err);
    free(absolute);
    return status;
}

enum ddmd_status ddmd_config_load(const char *path, const char *const *overrides,
                                  size_t n_overrides, ddmd_config **config, ddmd_mistakes *mistakes,
                                  ddmd_error *err)
{
    enum ddmd_status status = DDMD_OK;
    char *bytes = NULL, *directory = NULL, *file = NULL;
    size_t length;
    ddmd_error reason = {0};
    status = ddmd_file_read(path, DDMD_YAML_MAX_BYTES, &bytes, &length, &reason);
    if (status == DDMD_OK)
        status = ddmd_file_name_parent(path, &directory, &reason);
    if (status != DDMD_OK) {
        if (mistakes)
            ddmd_mistakes_add(mistakes, "%s", reason.message);
        DDMD_FAIL(err, status, "%s", reason.message);
    }
    const char *slash = strrchr(path, '/');
    DDMD_TRY(ddmd_file_name_resolve(directory, slash ? slash + 1 : path, &file, err));
    DDMD_TRY(
        parse(bytes, length, file, path, directory, overrides, n_overrides, config, mistakes, err));
out:
    free(bytes);
    free(directory);
    free(file);
    return status;
}

int ddmd_config_line(const ddmd_config *config, const char *key)
{
    size_t index = ddmd_key_find(key);
    return index < DDMD_N_KEYS ? config->places->of[index].line : 0;
}

const char *ddmd_config_place(const ddmd_config *config, const char *key)
{
    size_t index = ddmd_key_find(key);
    return index < DDMD_N_KEYS ? config->places->of[index].place : config->file;
}

void ddmd_config_destroy(ddmd_config **config)
{
    if (!config || !*config)
        return;
    for (size_t i = 0; i < DDMD_N_KEYS; i++) {
        ddmd_value_clear(*config, &ddmd_keys[i]);
        if ((*config)->places)
            free((*config)->places->of[i].place);
    }
    free((*config)->places);
    free((*config)->file);
    free(*config);
    *config = NULL;
}
