#include "campaign/embed_maps.h"

#include "core/array.h"
#include "core/try.h"

#include <stdlib.h>
#include <string.h>

enum ddmd_status ddmd_embed_maps(ddmd_model *model, const ddmd_map_set *set, size_t map_bytes,
                                 const bool *known, float *latent, size_t *n, ddmd_error *err)
{
    enum ddmd_status status = DDMD_OK;
    const size_t dim = (size_t)ddmd_model_latent_dim(model);
    uint8_t *maps = NULL;
    float *fresh = NULL;
    size_t unknown = 0, k = 0;
    for (size_t i = 0; i < set->n_maps; i++)
        unknown += !known[i];
    DDMD_TRY(ddmd_array_alloc(&maps, unknown, map_bytes, err));
    DDMD_TRY(ddmd_array_alloc(&fresh, unknown * dim, sizeof *fresh, err));
    for (size_t i = 0; i < set->n_maps; i++)
        if (!known[i])
            memcpy(maps + k++ * map_bytes, set->maps + i * map_bytes, map_bytes);
    if (unknown > 0)
        DDMD_TRY(ddmd_model_embed(model, maps, unknown, fresh, err));
    k = 0;
    for (size_t i = 0; i < set->n_maps; i++)
        if (!known[i])
            memcpy(latent + i * dim, fresh + k++ * dim, dim * sizeof *fresh);
    *n = unknown;
out:
    free(maps);
    free(fresh);
    return status;
}
