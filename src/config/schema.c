#include "config/schema.h"

#include <stdio.h>
#include <string.h>

/* Each key's kind fits the type of its member. */
#define DDMD_KEY_KIND_TYPE(kind, type) typedef type key_type_##kind;
DDMD_KEY_KINDS(DDMD_KEY_KIND_TYPE)
#define KEY(path, kind, ...)                                                                 \
    _Static_assert(                                                                          \
        __builtin_types_compatible_p(__typeof__(((ddmd_config *)0)->path), key_type_##kind), \
        #path " has another type than its kind says");
#include "config/config.def"

#define NONE .choices = NULL
#define ONE_OF(words) .choices = words
#define RANGE(from, to) .low = from, .high = to
#define ABOVE(from, to) .low = from, .high = to, .above = true
#define BELOW(from, to) .low = from, .high = to, .below = true
#define ZERO_OR(from, to) .low = from, .high = to, .or_zero = true

const ddmd_key ddmd_keys[DDMD_N_KEYS] = {
#define KEY(member, kind_, fallback_, shown_, limits, unit_, meaning_, source_) \
    {.path = #member,                                                           \
     .kind = DDMD_KEY_##kind_,                                                  \
     .offset = offsetof(ddmd_config, member),                                   \
     .fallback = fallback_,                                                     \
     .shown = shown_,                                                           \
     limits,                                                                    \
     .unit = unit_,                                                             \
     .meaning = meaning_,                                                       \
     .source = source_},
#include "config/config.def"
};

static const ddmd_section sections[] = {
    {"", "the campaign as a whole"},
#define SECTION(path_, meaning_) {.path = #path_, .meaning = meaning_},
#include "config/config.def"
};
enum { N_SECTIONS = sizeof sections / sizeof *sections };

static const struct {
    const char *path, *instead;
} later[] = {
#define LATER(path_, instead_) {.path = #path_, .instead = instead_},
#include "config/config.def"
};

size_t ddmd_key_find(const char *path)
{
    size_t i = 0;
    while (i < DDMD_N_KEYS && strcmp(ddmd_keys[i].path, path) != 0)
        i++;
    return i;
}

size_t ddmd_key_at(size_t offset)
{
    size_t i = 0;
    while (i < DDMD_N_KEYS && ddmd_keys[i].offset != offset)
        i++;
    return i;
}

const char *ddmd_key_leaf(const char *path)
{
    const char *dot = strrchr(path, '.');
    return dot ? dot + 1 : path;
}

size_t ddmd_key_section_length(const char *path)
{
    const char *dot = strrchr(path, '.');
    return dot ? (size_t)(dot - path) : 0;
}

const ddmd_section *ddmd_section_find(const char *path)
{
    for (size_t i = 0; i < N_SECTIONS; i++)
        if (strcmp(sections[i].path, path) == 0)
            return &sections[i];
    return NULL;
}

const char *ddmd_key_later(const char *path)
{
    for (size_t i = 0; i < sizeof later / sizeof *later; i++)
        if (strcmp(later[i].path, path) == 0)
            return later[i].instead;
    return NULL;
}

void ddmd_key_add_number(ddmd_text *text, const ddmd_key *key)
{
    bool real = key->kind == DDMD_KEY_REAL || key->kind == DDMD_KEY_REALS;
    ddmd_text_add(text, "%sa %snumber ", key->or_zero ? "0, or " : "", real ? "" : "whole ");
    if (key->kind == DDMD_KEY_SEED) {
        ddmd_text_add(text, "from 0 to 9223372036854775807");
        return;
    }
    if (key->low == key->high)
        return;
    if (key->above)
        ddmd_text_add(text, "above %.15g and at most %.15g", key->low, key->high);
    else if (key->below)
        ddmd_text_add(text, "of at least %.15g and below %.15g", key->low, key->high);
    else
        ddmd_text_add(text, "from %.15g to %.15g", key->low, key->high);
}

void ddmd_key_add_demand(ddmd_text *text, const ddmd_key *key)
{
    switch (key->kind) {
    case DDMD_KEY_TEXT:
        ddmd_text_add(text, "one line of at most 4096 bytes of text");
        break;
    case DDMD_KEY_NAME:
        ddmd_text_add(text, "a name (letters, digits, '-', '_' and '.')");
        break;
    case DDMD_KEY_FILE:
        ddmd_text_add(text, "the path of a file");
        break;
    case DDMD_KEY_FOLD:
        ddmd_text_add(text, "helix, extended, or the path of a PDB file");
        break;
    case DDMD_KEY_WORD:
    case DDMD_KEY_MODE:
    case DDMD_KEY_CONSTRAINTS:
    case DDMD_KEY_VELOCITIES:
        ddmd_text_add(text, "one of ");
        ddmd_choices_add(text, key->choices);
        break;
    case DDMD_KEY_SEED:
    case DDMD_KEY_INTEGER:
    case DDMD_KEY_REAL:
        ddmd_key_add_number(text, key);
        break;
    case DDMD_KEY_BOOLEAN:
        ddmd_text_add(text, "true or false");
        break;
    case DDMD_KEY_STARTS:
        ddmd_text_add(text, "helix, extended, the path of a PDB file, or a list of these");
        break;
    case DDMD_KEY_FORCE_FIELDS:
        ddmd_text_add(text, "the name of a force-field file, or a list of them");
        break;
    case DDMD_KEY_REALS:
    case DDMD_KEY_INTEGERS:
    case DDMD_KEY_LAYERS:
        ddmd_key_add_number(text, key);
        ddmd_text_add(text, ", or a list of them");
        break;
    }
    if (key->low != key->high && *key->unit)
        ddmd_text_add(text, ", in %s", key->unit);
}

enum { MAX_WORDS = DDMD_N_KEYS + N_SECTIONS };

/* The words that may stand in a section: its keys, then the sections inside it. */
static size_t words_of(const char *section, const char **words)
{
    size_t n = 0, length = strlen(section);
    for (size_t i = 0; i < DDMD_N_KEYS; i++)
        if (ddmd_key_section_length(ddmd_keys[i].path) == length &&
            strncmp(ddmd_keys[i].path, section, length) == 0)
            words[n++] = ddmd_key_leaf(ddmd_keys[i].path);
    for (size_t i = 1; i < N_SECTIONS; i++)
        if (ddmd_key_section_length(sections[i].path) == length &&
            strncmp(sections[i].path, section, length) == 0)
            words[n++] = ddmd_key_leaf(sections[i].path);
    return n;
}

static size_t all_paths(const char **paths)
{
    for (size_t i = 0; i < DDMD_N_KEYS; i++)
        paths[i] = ddmd_keys[i].path;
    return DDMD_N_KEYS;
}

/* Adds the paths of all keys and sections with this last word. */
static size_t add_homes(ddmd_text *text, const char *word)
{
    size_t n = 0;
    for (size_t i = 0; i < DDMD_N_KEYS; i++)
        if (strcmp(ddmd_key_leaf(ddmd_keys[i].path), word) == 0)
            ddmd_text_add(text, "%s%s", n++ ? " or " : "", ddmd_keys[i].path);
    for (size_t i = 1; i < N_SECTIONS; i++)
        if (strcmp(ddmd_key_leaf(sections[i].path), word) == 0)
            ddmd_text_add(text, "%s%s", n++ ? " or " : "", sections[i].path);
    return n;
}

void ddmd_key_add_hint(ddmd_text *text, const char *section, const char *word)
{
    size_t whole = ddmd_key_find(word);
    if (whole < DDMD_N_KEYS && strchr(word, '.')) {
        ddmd_text_add(text, " (write '%s' inside the section %.*s)", ddmd_key_leaf(word),
                      (int)ddmd_key_section_length(word), word);
        return;
    }
    ddmd_text homes = {0};
    if (add_homes(&homes, word) > 0 && !homes.failed) {
        ddmd_text_add(text, " (its place is %s)", homes.bytes);
        ddmd_text_clear(&homes);
        return;
    }
    ddmd_text_clear(&homes);

    const char *words[MAX_WORDS];
    size_t n = strchr(word, '.') ? all_paths(words) : words_of(section, words);
    const char *near = ddmd_text_nearest(word, words, n);
    if (near) {
        ddmd_text_add(text, " (did you mean '%s'?)", near);
        return;
    }
    n = words_of(section, words);
    ddmd_text_add(text, " (known here: ");
    for (size_t i = 0; i < n; i++)
        ddmd_text_add(text, "%s%s", i ? ", " : "", words[i]);
    ddmd_text_add(text, ")");
}

static size_t choice_length(const char *choices)
{
    return strcspn(choices, "|");
}

static const char *next_choice(const char *choices)
{
    const char *end = choices + choice_length(choices);
    return *end ? end + 1 : NULL;
}

int ddmd_choice_find(const char *choices, const char *word)
{
    int number = 0;
    for (const char *c = choices; c; c = next_choice(c), number++)
        if (strlen(word) == choice_length(c) && strncmp(c, word, choice_length(c)) == 0)
            return number;
    return -1;
}

unsigned ddmd_choices_count(const char *choices)
{
    unsigned n = 1;
    for (const char *c = choices; *c; c++)
        n += *c == '|';
    return n;
}

void ddmd_choice_add(ddmd_text *text, const char *choices, unsigned number)
{
    const char *c = choices;
    while (number-- > 0)
        c = next_choice(c);
    ddmd_text_add_bytes(text, c, choice_length(c));
}

void ddmd_choices_add(ddmd_text *text, const char *choices)
{
    for (const char *c = choices; c; c = next_choice(c)) {
        ddmd_text_add(text, "%s", c == choices ? "" : ", ");
        ddmd_text_add_bytes(text, c, choice_length(c));
    }
}

void ddmd_choices_add_hint(ddmd_text *text, const char *choices, const char *word)
{
    char copy[8][32];
    const char *words[8];
    size_t n = 0;
    for (const char *c = choices; c && n < 8; c = next_choice(c), n++) {
        snprintf(copy[n], sizeof copy[n], "%.*s", (int)choice_length(c), c);
        words[n] = copy[n];
    }
    const char *near = ddmd_text_nearest(word, words, n);
    if (near)
        ddmd_text_add(text, " (did you mean '%s'?)", near);
}
