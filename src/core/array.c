#include "core/array.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

/* The caller's pointer has its own type; memcpy reads and writes it without breaking aliasing. */
static void *load(const void *array)
{
    void *p;
    memcpy(&p, array, sizeof p);
    return p;
}

static void store(void *array, void *p)
{
    memcpy(array, &p, sizeof p);
}

/* No object may be larger than PTRDIFF_MAX; such requests never reach the allocator, which under
 * the sanitizers would end the program. */
static bool fits(size_t n, size_t item_size)
{
    size_t bytes;
    return !__builtin_mul_overflow(n, item_size, &bytes) && bytes <= PTRDIFF_MAX;
}

enum ddmd_status ddmd_array_alloc(void *array, size_t n, size_t item_size, ddmd_error *err)
{
    void *p = fits(n, item_size) ? calloc(n ? n : 1, item_size ? item_size : 1) : NULL;
    if (!p)
        return ddmd_error_set(err, DDMD_NOMEM, "out of memory for %zu items of %zu bytes", n,
                              item_size);
    store(array, p);
    return DDMD_OK;
}

enum ddmd_status ddmd_array_reserve(void *array, size_t *capacity, size_t needed, size_t item_size,
                                    ddmd_error *err)
{
    if (needed <= *capacity)
        return DDMD_OK;
    size_t wanted = *capacity > SIZE_MAX / 2 ? needed : *capacity * 2;
    if (wanted < needed)
        wanted = needed;
    if (wanted < 8)
        wanted = 8;
    void *p = fits(wanted, item_size) ? reallocarray(load(array), wanted, item_size) : NULL;
    if (!p)
        return ddmd_error_set(err, DDMD_NOMEM, "out of memory for %zu items of %zu bytes", wanted,
                              item_size);
    memset((char *)p + *capacity * item_size, 0, (wanted - *capacity) * item_size);
    store(array, p);
    *capacity = wanted;
    return DDMD_OK;
}

enum ddmd_status ddmd_array_copy(void *copy, const void *source, size_t n, size_t item_size,
                                 ddmd_error *err)
{
    void *p;
    enum ddmd_status status = ddmd_array_alloc(&p, n, item_size, err);
    if (status != DDMD_OK)
        return status;
    if (n)
        memcpy(p, source, n * item_size);
    store(copy, p);
    return DDMD_OK;
}
