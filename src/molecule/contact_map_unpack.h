/* The row kernels of ddmd_contact_map_unpack(), for each instruction set; for it and its test. */
#ifndef DDMD_MOLECULE_CONTACT_MAP_UNPACK_H
#define DDMD_MOLECULE_CONTACT_MAP_UNPACK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * row[k] = bit k of bits (as a float 0 or 1) for k < n; 8 bytes behind the last may be read.
 * `around`: past the caches, since the whole does not fit into them; followed by
 * ddmd_expand_fence() once.
 */
typedef void ddmd_expand_fn(const uint8_t *bits, size_t n, float *row, bool around);

/* Those that this processor runs, the fastest first, the plain one last; *n of them. */
ddmd_expand_fn *const *ddmd_expand_variants(size_t *n);
void ddmd_expand_fence(void);

/* ddmd_contact_map_unpack() with a certain kernel. */
void ddmd_contact_map_unpack_by(ddmd_expand_fn *expand, const uint8_t *packed, size_t n,
                                float *map);

#endif
