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

/* The slot where string is, or where it would go; n_slots is a power of two, some slots are free.
 */
static size_t find_slot(char *const *strings, const int32_t *slots, size_t n_slots,
                        const char *string)
{
    size_t slot = hash(string) & (n_slots - 1);
    while (slots[slot] && strcmp(strings[slots[slot] - 1], string) != 0)
        slot = (slot + 1) & (n_slots - 1);
    return slot;
}

/* Keep the slots at most half full. */
static enum ddmd_status grow(ddmd_names *names, ddmd_error *err)
{
    if ((names->n + 1) * 2 <= names->n_slots)
        return DDMD_OK;
    enum ddmd_status status = DDMD_OK;
    int32_t *slots = NULL;
    size_t n_slots = names->n_slots ? names->n_slots * 2 : 256;
    DDMD_TRY(ddmd_array_alloc(&slots, n_slots, sizeof *slots, err));
    for (size_t i = 0; i < names->n; i++)
        slots[find_slot(names->strings, slots, n_slots, names->strings[i])] = (int32_t)i + 1;
    free(names->slots);
    names->slots = slots;
    names->n_slots = n_slots;
out:
    return status;
}

enum ddmd_status ddmd_names_intern(ddmd_names *names, const char *string, int32_t *id,
                                   ddmd_error *err)
{
    enum ddmd_status status = DDMD_OK;
    DDMD_TRY(grow(names, err));
    size_t slot = find_slot(names->strings, names->slots, names->n_slots, string);
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
    if (!names->n_slots)
        return -1;
    return names->slots[find_slot(names->strings, names->slots, names->n_slots, string)] - 1;
}

void ddmd_names_clear(ddmd_names *names)
{
    for (size_t i = 0; i < names->n; i++)
        free(names->strings[i]);
    free(names->strings);
    free(names->slots);
    *names = (ddmd_names){0};
}
