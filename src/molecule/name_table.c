#include "name_table.h"

#include "core/array.h"
#include "core/try.h"

#include <stdlib.h>
#include <string.h>

/* FNV-1a. */
static uint64_t hash(const char *string)
{
    uint64_t h = 14695981039346656037U;
    for (; *string; string++)
        h = (h ^ (unsigned char)*string) * 1099511628211U;
    return h;
}

/* The slot where string is, or where it would go; n_slots is a power of two with free slots. */
static size_t find_slot(const ddmd_names *names, const char *string)
{
    size_t mask = names->n_slots - 1;
    size_t slot = hash(string) & mask;
    while (names->slots[slot] && strcmp(names->strings[names->slots[slot] - 1], string) != 0)
        slot = (slot + 1) & mask;
    return slot;
}

/* Keep the slots at most half full. */
static enum ddmd_status grow(ddmd_names *names, ddmd_error *err)
{
    if ((names->n + 1) * 2 <= names->n_slots)
        return DDMD_OK;
    enum ddmd_status status = DDMD_OK;
    ddmd_names larger = *names;
    larger.n_slots = names->n_slots ? names->n_slots * 2 : 256;
    DDMD_TRY(ddmd_array_alloc(&larger.slots, larger.n_slots, sizeof *larger.slots, err));
    for (size_t i = 0; i < names->n; i++)
        larger.slots[find_slot(&larger, names->strings[i])] = (int32_t)i + 1;
    free(names->slots);
    *names = larger;
out:
    return status;
}

enum ddmd_status ddmd_names_intern(ddmd_names *names, const char *string, int32_t *id,
                                   ddmd_error *err)
{
    enum ddmd_status status = DDMD_OK;
    DDMD_TRY(grow(names, err));
    size_t slot = find_slot(names, string);
    if (!names->slots[slot]) {
        if (names->n >= INT32_MAX)
            DDMD_FAIL(err, DDMD_NOMEM, "too many names");
        DDMD_TRY(ddmd_array_reserve(&names->strings, &names->capacity, names->n + 1,
                                    sizeof *names->strings, err));
        DDMD_TRY(ddmd_array_copy(&names->strings[names->n], string, strlen(string) + 1, 1, err));
        names->slots[slot] = (int32_t)++names->n;
    }
    *id = names->slots[slot] - 1;
out:
    return status;
}

int32_t ddmd_names_find(const ddmd_names *names, const char *string)
{
    return names->n_slots ? names->slots[find_slot(names, string)] - 1 : -1;
}

void ddmd_names_clear(ddmd_names *names)
{
    for (size_t i = 0; i < names->n; i++)
        free(names->strings[i]);
    free(names->strings);
    free(names->slots);
    *names = (ddmd_names){0};
}
