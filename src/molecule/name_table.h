/* Strings as small numbers: equal strings have equal numbers, counted from 0. */
#ifndef DDMD_MOLECULE_NAME_TABLE_H
#define DDMD_MOLECULE_NAME_TABLE_H

#include "ddmd/error.h"

#include <stddef.h>
#include <stdint.h>

/* Zero-initialised is empty. */
typedef struct ddmd_names {
    char **strings; /* [n] */
    size_t n, capacity;
    int32_t *slots; /* [n_slots], number + 1 of the string that hashes there; 0: free */
    size_t n_slots;
} ddmd_names;

/* *id = the number of a string, which is added where it is new. */
enum ddmd_status ddmd_names_intern(ddmd_names *names, const char *string, int32_t *id,
                                   ddmd_error *err);

/* The number of a string, -1 where it was never added. */
int32_t ddmd_names_find(const ddmd_names *names, const char *string);

void ddmd_names_clear(ddmd_names *names);

#endif
