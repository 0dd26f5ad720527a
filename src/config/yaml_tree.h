/*
 * A YAML document as a tree with line numbers, bounded in every direction: at most 1 MiB, 32 levels
 * and 20000 values; no aliases (so no text can stand for more than itself) and no tags.
 */
#ifndef DDMD_CONFIG_YAML_TREE_H
#define DDMD_CONFIG_YAML_TREE_H

#include "ddmd/error.h"

#include <stdbool.h>
#include <stddef.h>

enum { DDMD_YAML_MAX_BYTES = 1 << 20, DDMD_YAML_MAX_DEPTH = 32, DDMD_YAML_MAX_NODES = 20000 };

enum ddmd_yaml_kind {
    DDMD_YAML_SCALAR,
    DDMD_YAML_LIST,
    DDMD_YAML_MAP,
    DDMD_YAML_BROKEN /* stands where a mistake was reported already */
};

typedef struct ddmd_yaml_node {
    enum ddmd_yaml_kind kind;
    int line, column;             /* both from 1 */
    char *text;                   /* of a scalar; no zero bytes inside */
    bool plain;                   /* a scalar without quotes */
    struct ddmd_yaml_node *first; /* child; a mapping has key, value, key, value, ... */
    struct ddmd_yaml_node *next;  /* sibling */
} ddmd_yaml_node;

/* Called for each mistake, in the order of the file; return false to hear no more of them. */
typedef bool ddmd_yaml_mistake_fn(void *user, int line, const char *message);

/*
 * *root = the tree, which the caller destroys; NULL where the document is empty. Mistakes that
 * leave the rest readable (a key given twice, an alias) go to `mistake`; FORMAT where there is no
 * tree, which was reported as well.
 */
enum ddmd_status ddmd_yaml_parse(const char *bytes, size_t length, ddmd_yaml_mistake_fn *mistake,
                                 void *user, ddmd_yaml_node **root, ddmd_error *err);

void ddmd_yaml_destroy(ddmd_yaml_node **root);

/* Whether a node is the absence of a value: nothing, ~ or null, without quotes. */
bool ddmd_yaml_is_null(const ddmd_yaml_node *node);

#endif
