/* Embedding the contact maps of a window, but for those whose coordinates are known. */
#ifndef DDMD_CAMPAIGN_EMBED_MAPS_H
#define DDMD_CAMPAIGN_EMBED_MAPS_H

#include "campaign/map_window.h"
#include "ddmd/model.h"

#include <stdbool.h>

/*
 * Fill the rows of latent ([set->n_maps][latent_dim of the model]) for which known ([n_maps]) is
 * false. *n: how many those were.
 */
enum ddmd_status ddmd_embed_maps(ddmd_model *model, const ddmd_map_set *set, size_t map_bytes,
                                 const bool *known, float *latent, size_t *n, ddmd_error *err);

#endif
