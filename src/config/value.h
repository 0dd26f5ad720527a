/* One value: from YAML into its member of ddmd_config, and back. */
#ifndef DDMD_CONFIG_VALUE_H
#define DDMD_CONFIG_VALUE_H

#include "config/reader.h"
#include "config/schema.h"
#include "config/yaml_tree.h"

/*
 * Set the member of a key. A value that does not fit is reported and leaves the member as it is;
 * only NOMEM is an error.
 */
enum ddmd_status ddmd_value_read(ddmd_reader *reader, size_t key, const ddmd_yaml_node *node,
                                 ddmd_error *err);

/*
 * Add the member's value, in YAML on one line. Paths below the absolute `directory` (may be NULL)
 * are written relative to it.
 */
void ddmd_value_add(ddmd_text *text, const ddmd_config *config, const ddmd_key *key,
                    const char *directory);

/* Release what the member holds. */
void ddmd_value_clear(ddmd_config *config, const ddmd_key *key);

/* Replace a text member; NOMEM leaves it as it was. */
enum ddmd_status ddmd_value_set_text(char **member, const char *text, ddmd_error *err);

#endif
