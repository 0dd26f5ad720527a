#include "config/value.h"

#include "config/file_name.h"
#include "config/printable.h"
#include "core/array.h"
#include "core/text.h"
#include "core/try.h"

#include <ctype.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum { MAX_TEXT = 4096, MAX_TEXTS = 10000, MAX_INTEGERS = 32, MAX_LAYERS = 8, MAX_REALS = 1000 };

static void *member_of(const ddmd_config *config, const ddmd_key *key)
{
    return (char *)config + key->offset;
}

/* Enough of a text to recognise it, for messages. */
struct shown {
    char text[64];
};

static const char *show(struct shown *shown, const ddmd_yaml_node *node)
{
    if (node->kind == DDMD_YAML_MAP)
        return "a mapping";
    if (node->kind == DDMD_YAML_LIST)
        return "a list";
    size_t room = sizeof shown->text - 6, length = strlen(node->text);
    if (length <= room)
        snprintf(shown->text, sizeof shown->text, "'%s'", node->text);
    else {
        while (room > 0 && ((unsigned char)node->text[room] & 0xC0) == 0x80)
            room--; /* not inside a character of several bytes */
        snprintf(shown->text, sizeof shown->text, "'%.*s...'", (int)room, node->text);
    }
    return shown->text;
}

static bool is_number_kind(const ddmd_key *key)
{
    return key->low != key->high || key->kind == DDMD_KEY_SEED;
}

/* "300 K", "2fs": a number with its unit. */
static bool has_unit(const char *text)
{
    char *end;
    strtod(text, &end);
    return end != text && (isalpha((unsigned char)*end) || (*end == ' ' && end[1]));
}

/* What may help where a value does not fit. */
static void add_hint(ddmd_text *text, const ddmd_key *key, const ddmd_yaml_node *node)
{
    if (node->kind != DDMD_YAML_SCALAR)
        return;
    if (ddmd_yaml_is_null(node))
        ddmd_text_add(text, " (leave the line out for the default)");
    else if (key->choices)
        ddmd_choices_add_hint(text, key->choices, node->text);
    else if ((is_number_kind(key) || key->kind == DDMD_KEY_BOOLEAN) && !node->plain)
        ddmd_text_add(text, " (without quotes)");
    else if (is_number_kind(key) && has_unit(node->text))
        ddmd_text_add(text, " (the number alone, without a unit)");
}

static void report(ddmd_reader *reader, size_t index, const ddmd_yaml_node *node)
{
    const ddmd_key *key = &ddmd_keys[index];
    reader->wrong[index] = true;
    if (node->kind == DDMD_YAML_BROKEN)
        return; /* reported already */
    ddmd_text text = {0};
    struct shown shown;
    ddmd_key_add_demand(&text, key);
    if (ddmd_yaml_is_null(node))
        ddmd_text_add(&text, ", but nothing is given");
    else
        ddmd_text_add(&text, ", not %s", show(&shown, node));
    add_hint(&text, key, node);
    ddmd_reader_mistake(reader, node->line, "%s must be %s", key->path,
                        text.failed ? "something else" : text.bytes);
    ddmd_text_clear(&text);
}

static bool in_limits(const ddmd_key *key, double value)
{
    if (key->or_zero && value == 0)
        return true;
    return (key->above ? value > key->low : value >= key->low) &&
           (key->below ? value < key->high : value <= key->high);
}

static bool is_decimal(const ddmd_yaml_node *node)
{
    return node->kind == DDMD_YAML_SCALAR && node->plain && *node->text &&
           !node->text[strspn(node->text, "0123456789+-.eE")];
}

static bool to_integer(const ddmd_key *key, const ddmd_yaml_node *node, int *value)
{
    long number;
    if (!is_decimal(node) || !ddmd_text_to_long(node->text, &number) || number < INT_MIN ||
        number > INT_MAX || !in_limits(key, (double)number))
        return false;
    *value = (int)number;
    return true;
}

static bool to_real(const ddmd_key *key, const ddmd_yaml_node *node, double *value)
{
    double number;
    if (!is_decimal(node) || !ddmd_text_to_double(node->text, &number) || !in_limits(key, number))
        return false;
    *value = number == 0 ? 0 : number; /* no negative zero */
    return true;
}

static bool to_seed(const ddmd_yaml_node *node, uint64_t *value)
{
    long number;
    if (!is_decimal(node) || !ddmd_text_to_long(node->text, &number) || number < 0)
        return false;
    *value = (uint64_t)number;
    return true;
}

static bool to_boolean(const ddmd_yaml_node *node, bool *value)
{
    static const char *const words[2][3] = {{"false", "no", "off"}, {"true", "yes", "on"}};
    for (int truth = 0; truth < 2; truth++)
        for (int i = 0; i < 3; i++)
            if (node->kind == DDMD_YAML_SCALAR && node->plain &&
                strcasecmp(node->text, words[truth][i]) == 0) {
                *value = truth;
                return true;
            }
    return false;
}

/* A scalar that a text member can hold: one line of printable characters, not null, not too long.
 */
static bool is_text(const ddmd_yaml_node *node)
{
    return node->kind == DDMD_YAML_SCALAR && !ddmd_yaml_is_null(node) &&
           strlen(node->text) <= MAX_TEXT && ddmd_text_is_printable(node->text);
}

static bool may_be_empty(const ddmd_key *key)
{
    return strcmp(key->fallback, "\"\"") == 0;
}

static bool is_name(const char *text)
{
    for (const char *c = text; *c; c++)
        if (!isalnum((unsigned char)*c) && !strchr("-_.", *c))
            return false;
    return *text != '.' && strlen(text) <= 100;
}

static bool is_fold(const char *text)
{
    return strcmp(text, "helix") == 0 || strcmp(text, "extended") == 0;
}

/* A word that looks like a slip of the finger for helix or extended, not like a path. */
static const char *fold_meant(const char *text)
{
    static const char *const folds[] = {"helix", "extended"};
    return strpbrk(text, "./") ? NULL : ddmd_text_nearest(text, folds, 2);
}

enum ddmd_status ddmd_value_set_text(char **member, const char *text, ddmd_error *err)
{
    char *copy;
    enum ddmd_status status = ddmd_array_copy(&copy, text, strlen(text) + 1, 1, err);
    if (status != DDMD_OK)
        return status;
    free(*member);
    *member = copy;
    return DDMD_OK;
}

/* A path relative to the configuration's directory; NULL where the whole cannot be written down. */
static enum ddmd_status read_path(ddmd_reader *reader, size_t index, const ddmd_yaml_node *node,
                                  char **text, ddmd_error *err)
{
    char *path = NULL;
    enum ddmd_status status = ddmd_file_name_resolve(reader->directory, node->text, &path, err);
    if (status != DDMD_OK)
        return status;
    if (strlen(path) > MAX_TEXT || !ddmd_text_is_printable(path)) {
        reader->wrong[index] = true;
        ddmd_reader_mistake(
            reader, node->line,
            "the whole path of %s is longer than %d bytes or not in UTF-8 (move the "
            "file)",
            ddmd_keys[index].path, MAX_TEXT);
        free(path);
        return DDMD_OK;
    }
    *text = path;
    return DDMD_OK;
}

/* *text = a new string, or NULL where the node does not fit, which was reported. */
static enum ddmd_status read_text(ddmd_reader *reader, size_t index, const ddmd_yaml_node *node,
                                  char **text, ddmd_error *err)
{
    const ddmd_key *key = &ddmd_keys[index];
    *text = NULL;
    if (!is_text(node) || (!*node->text && !may_be_empty(key))) {
        report(reader, index, node);
        return DDMD_OK;
    }
    const char *fold = NULL;
    switch (key->kind) {
    case DDMD_KEY_NAME:
        if (!is_name(node->text)) {
            report(reader, index, node);
            return DDMD_OK;
        }
        break;
    case DDMD_KEY_WORD:
        if (*node->text && ddmd_choice_find(key->choices, node->text) < 0) {
            report(reader, index, node);
            return DDMD_OK;
        }
        break;
    case DDMD_KEY_FOLD:
    case DDMD_KEY_STARTS:
        if (is_fold(node->text))
            break;
        fold = fold_meant(node->text);
        if (fold) {
            reader->wrong[index] = true;
            ddmd_reader_mistake(reader, node->line,
                                "%s must be helix, extended, or the path of a PDB file, not '%s' "
                                "(did you mean '%s'? a file of that name is ./%s)",
                                key->path, node->text, fold, node->text);
            return DDMD_OK;
        }
        return read_path(reader, index, node, text, err);
    case DDMD_KEY_FILE:
        return read_path(reader, index, node, text, err);
    case DDMD_KEY_FORCE_FIELDS:
        if (strchr(node->text, '/') || ddmd_file_name_is_beside(reader->directory, node->text))
            return read_path(reader, index, node, text, err);
        break;
    default:
        break;
    }
    return ddmd_text_format(text, err, "%s", node->text);
}

static void clear_texts(ddmd_string_list *list)
{
    for (size_t i = 0; i < list->n; i++)
        free(list->items[i]);
    free(list->items);
    *list = (ddmd_string_list){0};
}

/* A scalar stands for a list of one. *n: how many items there are. */
static const ddmd_yaml_node *items_of(const ddmd_yaml_node *node, size_t *n)
{
    *n = 1;
    if (node->kind != DDMD_YAML_LIST)
        return node;
    *n = 0;
    for (const ddmd_yaml_node *item = node->first; item; item = item->next)
        (*n)++;
    return node->first;
}

static enum ddmd_status read_texts(ddmd_reader *reader, size_t index, const ddmd_yaml_node *node,
                                   ddmd_error *err)
{
    enum ddmd_status status = DDMD_OK;
    ddmd_string_list list = {0};
    size_t n;
    const ddmd_yaml_node *item = items_of(node, &n);
    size_t least = ddmd_keys[index].kind == DDMD_KEY_FORCE_FIELDS;
    if (n < least || n > MAX_TEXTS) {
        reader->wrong[index] = true;
        ddmd_reader_mistake(reader, node->line, "%s has %zu items; %zu to %d are possible",
                            ddmd_keys[index].path, n, least, MAX_TEXTS);
        goto out;
    }
    DDMD_TRY(ddmd_array_alloc(&list.items, n, sizeof *list.items, err));
    for (; list.n<n; list.n++, item = n> list.n ? item->next : NULL) {
        DDMD_TRY(read_text(reader, index, item, &list.items[list.n], err));
        if (!list.items[list.n])
            goto out;
    }
    ddmd_string_list *member = member_of(reader->config, &ddmd_keys[index]);
    ddmd_string_list old = *member;
    *member = list;
    list = old;
out:
    clear_texts(&list);
    return status;
}

/* Reports a list that is empty or longer than `most`. */
static bool has_items(ddmd_reader *reader, size_t index, const ddmd_yaml_node *node, size_t n,
                      size_t most)
{
    if (n >= 1 && n <= most)
        return true;
    reader->wrong[index] = true;
    ddmd_reader_mistake(reader, node->line, "%s has %zu items; 1 to %zu are possible",
                        ddmd_keys[index].path, n, most);
    return false;
}

static enum ddmd_status read_reals(ddmd_reader *reader, size_t index, const ddmd_yaml_node *node,
                                   ddmd_error *err)
{
    enum ddmd_status status = DDMD_OK;
    const ddmd_key *key = &ddmd_keys[index];
    size_t n;
    ddmd_real_list list = {0};
    const ddmd_yaml_node *item = items_of(node, &n);
    if (!has_items(reader, index, node, n, MAX_REALS))
        goto out;
    DDMD_TRY(ddmd_array_alloc(&list.items, n, sizeof *list.items, err));
    for (; list.n<n; list.n++, item = n> list.n ? item->next : NULL)
        if (!to_real(key, item, &list.items[list.n])) {
            report(reader, index, item);
            goto out;
        }
    ddmd_real_list *member = member_of(reader->config, key);
    ddmd_real_list old = *member;
    *member = list;
    list = old;
out:
    free(list.items);
    return status;
}

static enum ddmd_status read_integers(ddmd_reader *reader, size_t index, const ddmd_yaml_node *node,
                                      ddmd_error *err)
{
    enum ddmd_status status = DDMD_OK;
    const ddmd_key *key = &ddmd_keys[index];
    size_t n;
    ddmd_int_list list = {0};
    const ddmd_yaml_node *item = items_of(node, &n);
    if (!has_items(reader, index, node, n,
                   key->kind == DDMD_KEY_LAYERS ? MAX_LAYERS : MAX_INTEGERS))
        goto out;
    DDMD_TRY(ddmd_array_alloc(&list.items, n, sizeof *list.items, err));
    for (; list.n<n; list.n++, item = n> list.n ? item->next : NULL)
        if (!to_integer(key, item, &list.items[list.n])) {
            report(reader, index, item);
            goto out;
        }
    ddmd_int_list *member = member_of(reader->config, key);
    ddmd_int_list old = *member;
    *member = list;
    list = old;
    reader->scalar[index] = node->kind != DDMD_YAML_LIST;
out:
    free(list.items);
    return status;
}

static bool read_choice(const ddmd_key *key, const ddmd_yaml_node *node, unsigned *member)
{
    int number = node->kind == DDMD_YAML_SCALAR ? ddmd_choice_find(key->choices, node->text) : -1;
    if (number < 0)
        return false;
    *member = (unsigned)number;
    return true;
}

_Static_assert(sizeof(enum ddmd_mode) == sizeof(unsigned) &&
                   sizeof(enum ddmd_constraints) == sizeof(unsigned) &&
                   sizeof(enum ddmd_velocities) == sizeof(unsigned),
               "choices are stored as unsigned");

enum ddmd_status ddmd_value_read(ddmd_reader *reader, size_t index, const ddmd_yaml_node *node,
                                 ddmd_error *err)
{
    const ddmd_key *key = &ddmd_keys[index];
    void *member = member_of(reader->config, key);
    enum ddmd_status status = DDMD_OK;
    bool fits = true;
    reader->wrong[index] = false;
    switch (key->kind) {
    case DDMD_KEY_TEXT:
    case DDMD_KEY_NAME:
    case DDMD_KEY_FILE:
    case DDMD_KEY_FOLD:
    case DDMD_KEY_WORD: {
        char *text;
        status = read_text(reader, index, node, &text, err);
        if (status == DDMD_OK && text) {
            free(*(char **)member);
            *(char **)member = text;
        }
        break;
    }
    case DDMD_KEY_STARTS:
    case DDMD_KEY_FORCE_FIELDS:
        status = read_texts(reader, index, node, err);
        break;
    case DDMD_KEY_INTEGERS:
    case DDMD_KEY_LAYERS:
        status = read_integers(reader, index, node, err);
        break;
    case DDMD_KEY_REALS:
        status = read_reals(reader, index, node, err);
        break;
    case DDMD_KEY_MODE:
    case DDMD_KEY_CONSTRAINTS:
    case DDMD_KEY_VELOCITIES:
        fits = read_choice(key, node, member);
        break;
    case DDMD_KEY_INTEGER:
        fits = to_integer(key, node, member);
        break;
    case DDMD_KEY_REAL:
        fits = to_real(key, node, member);
        break;
    case DDMD_KEY_SEED:
        fits = to_seed(node, member);
        break;
    case DDMD_KEY_BOOLEAN:
        fits = to_boolean(node, member);
        break;
    }
    if (!fits)
        report(reader, index, node);
    return status;
}

static bool is_plain(const char *text)
{
    static const char *const words[] = {"true", "false", "yes", "no", "on",
                                        "off",  "null",  "y",   "n",  "nan"};
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (strcasecmp(text, words[i]) == 0)
            return false;
    for (const char *c = text; *c; c++)
        if (!isalnum((unsigned char)*c) && !strchr("-_./+", *c))
            return false;
    return isalpha((unsigned char)*text) || *text == '/';
}

static void add_text(ddmd_text *text, const char *value)
{
    if (is_plain(value)) {
        ddmd_text_add(text, "%s", value);
        return;
    }
    ddmd_text_add(text, "\"");
    for (const char *c = value; *c; c++)
        ddmd_text_add(text, "%s%c", *c == '"' || *c == '\\' ? "\\" : "", *c);
    ddmd_text_add(text, "\"");
}

/* A path below `directory` is written relative to it, so that the two can be moved together. */
static void add_path(ddmd_text *text, const char *value, const char *directory)
{
    size_t length = directory ? strlen(directory) : 0;
    if (length == 0 || strncmp(value, directory, length) != 0 || value[length] != '/') {
        add_text(text, value);
        return;
    }
    const char *rest = value + length + 1;
    ddmd_text beside = {0};
    /* a bare name could be taken for a fold or looked for elsewhere */
    ddmd_text_add(&beside, "%s%s", strchr(rest, '/') ? "" : "./", rest);
    if (beside.failed)
        text->failed = true;
    else
        add_text(text, beside.bytes);
    ddmd_text_clear(&beside);
}

/* The shortest decimal that reads back as the same number. */
static void add_real(ddmd_text *text, double value)
{
    char digits[32];
    for (int precision = 15; precision <= 17; precision++) {
        snprintf(digits, sizeof digits, "%.*g", precision, value);
        if (strtod(digits, NULL) == value)
            break;
    }
    ddmd_text_add(text, "%s", digits);
}

/* One number stands for a list of one, as most users write it. */
static void add_reals(ddmd_text *text, const ddmd_real_list *list)
{
    if (list->n == 1) {
        add_real(text, list->items[0]);
        return;
    }
    for (size_t i = 0; i < list->n; i++) {
        ddmd_text_add(text, "%s", i ? ", " : "[");
        add_real(text, list->items[i]);
    }
    ddmd_text_add(text, "]");
}

void ddmd_value_add(ddmd_text *text, const ddmd_config *config, const ddmd_key *key,
                    const char *directory)
{
    const void *member = member_of(config, key);
    switch (key->kind) {
    case DDMD_KEY_TEXT:
    case DDMD_KEY_NAME:
    case DDMD_KEY_WORD:
        add_text(text, *(char *const *)member);
        break;
    case DDMD_KEY_FILE:
    case DDMD_KEY_FOLD:
        add_path(text, *(char *const *)member, directory);
        break;
    case DDMD_KEY_STARTS:
    case DDMD_KEY_FORCE_FIELDS: {
        const ddmd_string_list *list = member;
        ddmd_text_add(text, "[");
        for (size_t i = 0; i < list->n; i++) {
            ddmd_text_add(text, "%s", i ? ", " : "");
            add_path(text, list->items[i], directory);
        }
        ddmd_text_add(text, "]");
        break;
    }
    case DDMD_KEY_INTEGERS:
    case DDMD_KEY_LAYERS: {
        const ddmd_int_list *list = member;
        ddmd_text_add(text, "[");
        for (size_t i = 0; i < list->n; i++)
            ddmd_text_add(text, "%s%d", i ? ", " : "", list->items[i]);
        ddmd_text_add(text, "]");
        break;
    }
    case DDMD_KEY_REALS:
        add_reals(text, member);
        break;
    case DDMD_KEY_MODE:
    case DDMD_KEY_CONSTRAINTS:
    case DDMD_KEY_VELOCITIES:
        ddmd_choice_add(text, key->choices, *(const unsigned *)member);
        break;
    case DDMD_KEY_INTEGER:
        ddmd_text_add(text, "%d", *(const int *)member);
        break;
    case DDMD_KEY_REAL:
        add_real(text, *(const double *)member);
        break;
    case DDMD_KEY_SEED:
        ddmd_text_add(text, "%llu", (unsigned long long)*(const uint64_t *)member);
        break;
    case DDMD_KEY_BOOLEAN:
        ddmd_text_add(text, "%s", *(const bool *)member ? "true" : "false");
        break;
    }
}

void ddmd_value_clear(ddmd_config *config, const ddmd_key *key)
{
    void *member = member_of(config, key);
    switch (key->kind) {
    case DDMD_KEY_TEXT:
    case DDMD_KEY_NAME:
    case DDMD_KEY_FILE:
    case DDMD_KEY_FOLD:
    case DDMD_KEY_WORD:
        free(*(char **)member);
        *(char **)member = NULL;
        break;
    case DDMD_KEY_STARTS:
    case DDMD_KEY_FORCE_FIELDS:
        clear_texts(member);
        break;
    case DDMD_KEY_INTEGERS:
    case DDMD_KEY_LAYERS:
        free(((ddmd_int_list *)member)->items);
        *(ddmd_int_list *)member = (ddmd_int_list){0};
        break;
    case DDMD_KEY_REALS:
        free(((ddmd_real_list *)member)->items);
        *(ddmd_real_list *)member = (ddmd_real_list){0};
        break;
    default:
        break;
    }
}
