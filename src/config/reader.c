#include "config/reader.h"

#include "config/printable.h"
#include "core/array.h"
#include "core/text.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void addv(ddmd_mistakes *mistakes, const char *format, va_list args)
{
    char line[1024];
    vsnprintf(line, sizeof line, format, args);
    ddmd_text_make_printable(line);
    char *copy;
    if (ddmd_array_reserve(&mistakes->lines, &mistakes->capacity, mistakes->n + 1,
                           sizeof *mistakes->lines, NULL) == DDMD_OK &&
        ddmd_array_copy(&copy, line, strlen(line) + 1, 1, NULL) == DDMD_OK)
        mistakes->lines[mistakes->n++] = copy;
}

void ddmd_mistakes_add(ddmd_mistakes *mistakes, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    addv(mistakes, format, args);
    va_end(args);
}

void ddmd_mistakes_clear(ddmd_mistakes *mistakes)
{
    for (size_t i = 0; i < mistakes->n; i++)
        free(mistakes->lines[i]);
    free(mistakes->lines);
    *mistakes = (ddmd_mistakes){0};
}

bool ddmd_reader_has_enough(const ddmd_reader *reader)
{
    return reader->n_mistakes >= DDMD_MAX_MISTAKES;
}

static void write_place(char *place, size_t size, const char *source, int line,
                        const char *override)
{
    if (override)
        snprintf(place, size, "--set %.200s", override);
    else if (line > 0)
        snprintf(place, size, "%.300s:%d", source, line);
    else
        snprintf(place, size, "%.300s", source);
}

__attribute__((format(printf, 3, 0))) static void add(ddmd_reader *reader, const char *place,
                                                      const char *format, va_list args)
{
    if (ddmd_reader_has_enough(reader))
        return;
    reader->n_mistakes++;
    if (ddmd_reader_has_enough(reader)) {
        ddmd_mistakes_add(reader->mistakes, "%s: more than %d mistakes: the rest is not listed",
                          reader->source, DDMD_MAX_MISTAKES - 1);
        return;
    }
    char message[640];
    vsnprintf(message, sizeof message, format, args);
    ddmd_mistakes_add(reader->mistakes, "%s: %s", place, message);
}

void ddmd_reader_mistake(ddmd_reader *reader, int line, const char *format, ...)
{
    char place[512];
    write_place(place, sizeof place, reader->source, line, reader->override);
    va_list args;
    va_start(args, format);
    add(reader, place, format, args);
    va_end(args);
}

/* The line of the section that a key belongs to; 0 where the file does not have it. */
static int section_line(const ddmd_reader *reader, const char *path)
{
    const ddmd_yaml_node *map = reader->file;
    int line = 0;
    for (const char *end; (end = strchr(path, '.')); path = end + 1) {
        const ddmd_yaml_node *key = map && map->kind == DDMD_YAML_MAP ? map->first : NULL;
        while (key && (key->kind != DDMD_YAML_SCALAR || strlen(key->text) != (size_t)(end - path) ||
                       strncmp(key->text, path, (size_t)(end - path)) != 0))
            key = key->next->next;
        if (!key)
            break;
        line = key->line;
        map = key->next;
    }
    return line;
}

void ddmd_reader_mistake_at(ddmd_reader *reader, size_t key, const char *format, ...)
{
    const struct ddmd_config_origin *origin = &reader->origin[key];
    int line = origin->given ? origin->line : section_line(reader, ddmd_keys[key].path);
    char place[512];
    write_place(place, sizeof place, reader->source, line, origin->override);
    va_list args;
    va_start(args, format);
    add(reader, place, format, args);
    va_end(args);
}

enum ddmd_status ddmd_reader_place(const ddmd_reader *reader, size_t key, char **place,
                                   ddmd_error *err)
{
    char text[512];
    const struct ddmd_config_origin *origin = &reader->origin[key];
    write_place(text, sizeof text, reader->source, origin->line, origin->override);
    ddmd_text_make_printable(text);
    return ddmd_text_format(place, err, "%s", text);
}
