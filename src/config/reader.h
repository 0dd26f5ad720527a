/* What is known while a configuration is read: values, where each was given, mistakes so far. */
#ifndef DDMD_CONFIG_READER_H
#define DDMD_CONFIG_READER_H

#include "config/schema.h"
#include "config/yaml_tree.h"
#include "ddmd/config.h"

#include <stdbool.h>
#include <stddef.h>

enum { DDMD_MAX_MISTAKES = 100 };

/* Where a key's value came from. */
struct ddmd_config_origin {
    bool given;           /* by the file or an override; else it is the default */
    int line;             /* in the file; 0: not there */
    const char *override; /* the last override that set it, while reading; or NULL */
    char *place;          /* once loaded: "fs.yaml:12", "--set seed=2", "fs.yaml" */
};

struct ddmd_config_places {
    struct ddmd_config_origin of[DDMD_N_KEYS];
};

typedef struct ddmd_reader {
    ddmd_config *config;
    const char *source;    /* the file, as messages name it */
    const char *directory; /* absolute; what paths are relative to */
    const char *override;  /* the override being read, or NULL */
    ddmd_mistakes *mistakes;
    size_t n_mistakes;
    struct ddmd_config_origin *origin; /* [DDMD_N_KEYS] */
    bool wrong[DDMD_N_KEYS];           /* a mistake about its value was reported */
    bool scalar[DDMD_N_KEYS];          /* of LAYERS: one number, which stands for all layers */
    const ddmd_yaml_node *file;        /* the file's tree, or NULL */
} ddmd_reader;

/* Report a mistake in what is being read: "fs.yaml:12: ..." or "--set seed=x: ...". */
void ddmd_reader_mistake(ddmd_reader *reader, int line, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* Report a mistake about a key, where it was given; where it was not, at its section. */
void ddmd_reader_mistake_at(ddmd_reader *reader, size_t key, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

bool ddmd_reader_has_enough(const ddmd_reader *reader);

/* The beginning of messages about a key, as a new string. */
enum ddmd_status ddmd_reader_place(const ddmd_reader *reader, size_t key, char **place,
                                   ddmd_error *err);

#endif
