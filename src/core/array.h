/* Memory for arrays: sizes are checked for overflow, failures are reported, nothing aborts. */
#ifndef DDMD_CORE_ARRAY_H
#define DDMD_CORE_ARRAY_H

#include "ddmd/error.h"

#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

/*
 * *array = zeroed memory for n items of item_size bytes (at least one byte, so that NULL always
 * means "none"); NOMEM where there is none. Released with free(). `array` is the address of a
 * pointer of any object type.
 */
enum ddmd_status ddmd_array_alloc(void *array, size_t n, size_t item_size, ddmd_error *err);

/*
 * Make room for at least `needed` items, doubling *capacity; new room is zeroed. On failure the
 * array is as it was.
 */
enum ddmd_status ddmd_array_reserve(void *array, size_t *capacity, size_t needed, size_t item_size,
                                    ddmd_error *err);

/* *copy = a new array holding the n items at source. */
enum ddmd_status ddmd_array_copy(void *copy, const void *source, size_t n, size_t item_size,
                                 ddmd_error *err);

#ifdef __cplusplus
}
#endif
#endif
