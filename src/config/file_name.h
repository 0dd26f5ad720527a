/* File names in a configuration are relative to the directory of its file. */
#ifndef DDMD_CONFIG_FILE_NAME_H
#define DDMD_CONFIG_FILE_NAME_H

#include "ddmd/error.h"

#include <stdbool.h>

/* *resolved (the caller frees) = name, taken relative to an absolute directory; "" stays "". */
enum ddmd_status ddmd_file_name_resolve(const char *directory, const char *name, char **resolved,
                                        ddmd_error *err);

/* Whether the directory has an entry of that name. */
bool ddmd_file_name_is_beside(const char *directory, const char *name);

/* *absolute (the caller frees) = the absolute path of a directory; IO where there is none. */
enum ddmd_status ddmd_file_name_directory(const char *directory, char **absolute, ddmd_error *err);

/* The same for the directory that holds the file `path`. */
enum ddmd_status ddmd_file_name_parent(const char *path, char **absolute, ddmd_error *err);

#endif
