#include "config/yaml_tree.h"

#include "core/array.h"
#include "core/try.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include <yaml.h>

struct reader {
    yaml_parser_t parser;
    const char *bytes;
    size_t length;
    size_t n_nodes;
    ddmd_yaml_mistake_fn *mistake;
    void *user;
    bool enough; /* the caller wants to hear no more */
};

__attribute__((format(printf, 3, 4))) static void report(struct reader *reader, int line,
                                                         const char *format, ...)
{
    if (reader->enough)
        return;
    char message[512];
    va_list args;
    va_start(args, format);
    vsnprintf(message, sizeof message, format, args);
    va_end(args);
    reader->enough = !reader->mistake(reader->user, line, message);
}

static int line_of_offset(const struct reader *reader, size_t offset)
{
    int line = 1;
    for (size_t i = 0; i < offset && i < reader->length; i++)
        line += reader->bytes[i] == '\n';
    return line;
}

static const char *syntax_hint(const struct reader *reader)
{
    const yaml_parser_t *parser = &reader->parser;
    size_t at = parser->problem_mark.index;
    if (at < reader->length && reader->bytes[at] == '\t')
        return " (indent with spaces, not tabs)";
    if (strcmp(parser->problem, "mapping values are not allowed in this context") == 0)
        return " (a value that contains ': ' needs quotes around it)";
    return "";
}

static enum ddmd_status report_syntax(struct reader *reader, ddmd_error *err)
{
    const yaml_parser_t *parser = &reader->parser;
    if (parser->error == YAML_MEMORY_ERROR) {
        ddmd_error_set(err, DDMD_NOMEM, "out of memory for YAML");
        return DDMD_NOMEM;
    }
    char column[40] = "at the end";
    if (parser->problem_mark.index < reader->length)
        snprintf(column, sizeof column, "at column %zu", parser->problem_mark.column + 1);
    if (parser->error == YAML_READER_ERROR)
        report(reader, line_of_offset(reader, parser->problem_offset),
               "not a text file in UTF-8: %s", parser->problem);
    else
        report(reader, (int)parser->problem_mark.line + 1, "not valid YAML: %s, %s%s",
               parser->problem, column, syntax_hint(reader));
    ddmd_error_set(err, DDMD_FORMAT, "not valid YAML");
    return DDMD_FORMAT;
}

static enum ddmd_status create_node(struct reader *reader, enum ddmd_yaml_kind kind,
                                    const yaml_event_t *event, ddmd_yaml_node **node,
                                    ddmd_error *err)
{
    int line = (int)event->start_mark.line + 1;
    if (++reader->n_nodes > DDMD_YAML_MAX_NODES) {
        report(reader, line, "more than %d values", DDMD_YAML_MAX_NODES);
        ddmd_error_set(err, DDMD_FORMAT, "too many values");
        return DDMD_FORMAT;
    }
    ddmd_yaml_node *made;
    enum ddmd_status status = ddmd_array_alloc(&made, 1, sizeof *made, err);
    if (status != DDMD_OK)
        return status;
    made->kind = kind;
    made->line = line;
    made->column = (int)event->start_mark.column + 1;
    *node = made;
    return DDMD_OK;
}

static enum ddmd_status read_scalar(struct reader *reader, const yaml_event_t *event,
                                    ddmd_yaml_node **node, ddmd_error *err)
{
    enum ddmd_status status = DDMD_OK;
    ddmd_yaml_node *made = NULL;
    DDMD_TRY(create_node(reader, DDMD_YAML_SCALAR, event, &made, err));
    const char *text = (const char *)event->data.scalar.value;
    size_t length = event->data.scalar.length;
    made->plain = event->data.scalar.style == YAML_PLAIN_SCALAR_STYLE;
    if (event->data.scalar.tag) {
        report(reader, made->line, "tags such as !!str are not understood here (leave it out)");
        made->kind = DDMD_YAML_BROKEN;
    } else if (memchr(text, '\0', length)) {
        report(reader, made->line, "a text cannot contain a zero byte");
        made->kind = DDMD_YAML_BROKEN;
    } else
        DDMD_TRY(ddmd_array_copy(&made->text, text, length + 1, 1, err));
    *node = made;
    made = NULL;
out:
    ddmd_yaml_destroy(&made);
    return status;
}

static enum ddmd_status read_node(struct reader *reader, int depth, ddmd_yaml_node **node,
                                  ddmd_error *err);

static enum ddmd_status read_list(struct reader *reader, int depth, ddmd_yaml_node *list,
                                  ddmd_error *err)
{
    for (ddmd_yaml_node **end = &list->first;; end = &(*end)->next) {
        enum ddmd_status status = read_node(reader, depth + 1, end, err);
        if (status != DDMD_OK || !*end)
            return status;
    }
}

static const ddmd_yaml_node *earlier_key(const ddmd_yaml_node *map, const ddmd_yaml_node *key)
{
    for (const ddmd_yaml_node *k = map->first; k && k != key; k = k->next->next)
        if (k->kind == DDMD_YAML_SCALAR && strcmp(k->text, key->text) == 0)
            return k;
    return NULL;
}

static enum ddmd_status read_map(struct reader *reader, int depth, ddmd_yaml_node *map,
                                 ddmd_error *err)
{
    for (ddmd_yaml_node **end = &map->first;;) {
        enum ddmd_status status = read_node(reader, depth + 1, end, err);
        ddmd_yaml_node *key = *end;
        if (status != DDMD_OK || !key)
            return status;
        if (key->kind == DDMD_YAML_LIST || key->kind == DDMD_YAML_MAP) {
            report(reader, key->line, "a key must be a word, not a list or a mapping");
            key->kind = DDMD_YAML_BROKEN;
        } else if (key->kind == DDMD_YAML_SCALAR) {
            const ddmd_yaml_node *first = earlier_key(map, key);
            if (first) {
                report(reader, key->line, "key '%.80s' is given twice (first on line %d)",
                       key->text, first->line);
                key->kind = DDMD_YAML_BROKEN;
            }
        }
        status = read_node(reader, depth + 1, &key->next, err);
        if (status != DDMD_OK || !key->next)
            return status;
        end = &key->next->next;
    }
}

static enum ddmd_status read_collection(struct reader *reader, int depth, const yaml_event_t *event,
                                        ddmd_yaml_node **node, ddmd_error *err)
{
    enum ddmd_status status = DDMD_OK;
    ddmd_yaml_node *made = NULL;
    bool is_map = event->type == YAML_MAPPING_START_EVENT;
    DDMD_TRY(create_node(reader, is_map ? DDMD_YAML_MAP : DDMD_YAML_LIST, event, &made, err));
    if (depth >= DDMD_YAML_MAX_DEPTH) {
        report(reader, made->line, "nested more than %d levels deep", DDMD_YAML_MAX_DEPTH);
        DDMD_FAIL(err, DDMD_FORMAT, "nested too deep");
    }
    DDMD_TRY(is_map ? read_map(reader, depth, made, err) : read_list(reader, depth, made, err));
    const yaml_char_t *tag =
        is_map ? event->data.mapping_start.tag : event->data.sequence_start.tag;
    if (tag) {
        report(reader, made->line, "tags such as !!map are not understood here (leave it out)");
        made->kind = DDMD_YAML_BROKEN;
    }
    *node = made;
    made = NULL;
out:
    ddmd_yaml_destroy(&made);
    return status;
}

/* *node = the next value; NULL at the end of the list or mapping that is being read. */
static enum ddmd_status read_node(struct reader *reader, int depth, ddmd_yaml_node **node,
                                  ddmd_error *err)
{
    yaml_event_t event;
    if (!yaml_parser_parse(&reader->parser, &event))
        return report_syntax(reader, err);
    enum ddmd_status status = DDMD_OK;
    switch (event.type) {
    case YAML_SCALAR_EVENT:
        status = read_scalar(reader, &event, node, err);
        break;
    case YAML_SEQUENCE_START_EVENT:
    case YAML_MAPPING_START_EVENT:
        status = read_collection(reader, depth, &event, node, err);
        break;
    case YAML_ALIAS_EVENT:
        status = create_node(reader, DDMD_YAML_BROKEN, &event, node, err);
        if (status == DDMD_OK)
            report(reader, (*node)->line,
                   "aliases such as *%.40s are not understood here (write the value again)",
                   (const char *)event.data.alias.anchor);
        break;
    default: /* the end of a list or mapping */
        *node = NULL;
        break;
    }
    yaml_event_delete(&event);
    return status;
}

/* Read one event that carries no value; its kind and line. */
static enum ddmd_status read_mark(struct reader *reader, yaml_event_type_t *type, int *line,
                                  ddmd_error *err)
{
    yaml_event_t event;
    if (!yaml_parser_parse(&reader->parser, &event))
        return report_syntax(reader, err);
    *type = event.type;
    *line = (int)event.start_mark.line + 1;
    yaml_event_delete(&event);
    return DDMD_OK;
}

enum ddmd_status ddmd_yaml_parse(const char *bytes, size_t length, ddmd_yaml_mistake_fn *mistake,
                                 void *user, ddmd_yaml_node **root, ddmd_error *err)
{
    enum ddmd_status status = DDMD_OK;
    ddmd_yaml_node *made = NULL;
    struct reader reader = {.bytes = bytes, .length = length, .mistake = mistake, .user = user};
    if (!yaml_parser_initialize(&reader.parser))
        return ddmd_error_set(err, DDMD_NOMEM, "out of memory for YAML");
    if (length > DDMD_YAML_MAX_BYTES) {
        report(&reader, 1, "%zu bytes, more than the %d that are read", length,
               DDMD_YAML_MAX_BYTES);
        DDMD_FAIL(err, DDMD_FORMAT, "too large");
    }
    yaml_parser_set_input_string(&reader.parser, (const unsigned char *)bytes, length);

    yaml_event_type_t type = YAML_NO_EVENT;
    int line = 0;
    DDMD_TRY(read_mark(&reader, &type, &line, err)); /* start of the stream */
    DDMD_TRY(read_mark(&reader, &type, &line, err)); /* start of a document, or the end */
    if (type == YAML_DOCUMENT_START_EVENT) {
        DDMD_TRY(read_node(&reader, 0, &made, err));
        DDMD_TRY(read_mark(&reader, &type, &line, err)); /* end of the document */
        DDMD_TRY(read_mark(&reader, &type, &line, err));
        if (type == YAML_DOCUMENT_START_EVENT)
            report(&reader, line, "a second document begins here (one file is one document)");
    }
    *root = made;
    made = NULL;
out:
    ddmd_yaml_destroy(&made);
    yaml_parser_delete(&reader.parser);
    return status;
}

void ddmd_yaml_destroy(ddmd_yaml_node **root)
{
    for (ddmd_yaml_node *node = *root, *next; node; node = next) {
        next = node->next;
        ddmd_yaml_destroy(&node->first);
        free(node->text);
        free(node);
    }
    *root = NULL;
}

bool ddmd_yaml_is_null(const ddmd_yaml_node *node)
{
    return node->kind == DDMD_YAML_SCALAR && node->plain &&
           (!*node->text || strcmp(node->text, "~") == 0 || strcasecmp(node->text, "null") == 0);
}
