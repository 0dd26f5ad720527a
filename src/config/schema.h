/* The keys of a configuration as data: config.def expanded, with what can be asked about them. */
#ifndef DDMD_CONFIG_SCHEMA_H
#define DDMD_CONFIG_SCHEMA_H

#include "core/text.h"
#include "ddmd/config.h"

#include <stdbool.h>
#include <stddef.h>

/* X(kind, type of the member) */
#define DDMD_KEY_KINDS(X)                                                      \
    X(TEXT, char *)         /* any one line */                                 \
    X(NAME, char *)         /* letters, digits, '-', '_', '.' */               \
    X(FILE, char *)         /* a path, made absolute */                        \
    X(FOLD, char *)         /* extended, helix, or a path */                   \
    X(WORD, char *)         /* one of the choices, kept as text */             \
    X(MODE, enum ddmd_mode) /* one of the choices, in the order of the enum */ \
    X(CONSTRAINTS, enum ddmd_constraints)                                      \
    X(VELOCITIES, enum ddmd_velocities)                                        \
    X(INTEGER, int)                                                            \
    X(REAL, double)                                                            \
    X(SEED, uint64_t) /* 0 to 2^63 - 1 */                                      \
    X(BOOLEAN, bool)                                                           \
    X(STARTS, ddmd_string_list)       /* FOLD, any number of them */           \
    X(FORCE_FIELDS, ddmd_string_list) /* names or paths, at least one */       \
    X(INTEGERS, ddmd_int_list)        /* an integer or a list of them */       \
    X(REALS, ddmd_real_list)          /* a number or a list of them */         \
    X(LAYERS, ddmd_int_list)          /* the same; one integer stands for all layers */

enum ddmd_key_kind {
#define DDMD_KEY_KIND_ENUM(kind, type) DDMD_KEY_##kind,
    DDMD_KEY_KINDS(DDMD_KEY_KIND_ENUM)
#undef DDMD_KEY_KIND_ENUM
};

typedef struct ddmd_key {
    const char *path; /* "simulation.replicas" */
    enum ddmd_key_kind kind;
    size_t offset;        /* of the member in ddmd_config */
    const char *fallback; /* YAML */
    const char *shown;
    const char *choices; /* "a|b|c", or NULL */
    double low, high;    /* of numbers; low == high: unlimited */
    bool above, below;   /* low, high itself is excluded */
    bool or_zero;        /* 0 is allowed as well */
    const char *unit, *meaning, *source;
} ddmd_key;

typedef struct ddmd_section {
    const char *path, *meaning;
} ddmd_section;

enum {
    DDMD_N_KEYS = 0
#define KEY(...) +1
#include "config/config.def"
};

extern const ddmd_key ddmd_keys[DDMD_N_KEYS];

/* The index of a key by its path; DDMD_N_KEYS where there is none. */
size_t ddmd_key_find(const char *path);

/* The index of the key whose member has this offset: DDMD_KEY_OF(system.pdb). */
size_t ddmd_key_at(size_t offset);
#define DDMD_KEY_OF(member) ddmd_key_at(offsetof(ddmd_config, member))

/* The last word of a path, and the length of the section's path in front of it. */
const char *ddmd_key_leaf(const char *path);
size_t ddmd_key_section_length(const char *path);

/* NULL where there is no such section. */
const ddmd_section *ddmd_section_find(const char *path);

/* What to do instead of a key that a later version will have; NULL where it is none. */
const char *ddmd_key_later(const char *path);

/* "a whole number from 1 to 100000", "0, or a number above 0 and at most 2000". */
void ddmd_key_add_number(ddmd_text *text, const ddmd_key *key);

/* What a value must be, after "must be": "a number above 0 and at most 2000, in K". */
void ddmd_key_add_demand(ddmd_text *text, const ddmd_key *key);

/*
 * For an unknown word in a section ("" for the top): " (did you mean 'replicas'?)", the section
 * that it belongs to, or the words that the section knows.
 */
void ddmd_key_add_hint(ddmd_text *text, const char *section, const char *word);

/* The choice's number, or -1; choices are "a|b|c". */
int ddmd_choice_find(const char *choices, const char *word);
/* The choice of that number; the caller has made sure that there is one. Adds it to text. */
void ddmd_choice_add(ddmd_text *text, const char *choices, unsigned number);
unsigned ddmd_choices_count(const char *choices);
/* "a, b, c" */
void ddmd_choices_add(ddmd_text *text, const char *choices);
/* " (did you mean 'a'?)" where a choice is near. */
void ddmd_choices_add_hint(ddmd_text *text, const char *choices, const char *word);

#endif
