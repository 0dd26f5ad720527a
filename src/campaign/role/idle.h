/* Which simulations find nothing new: the rule of selection.cull_after_ns and cull_idle_ns. */
#ifndef DDMD_CAMPAIGN_ROLE_IDLE_H
#define DDMD_CAMPAIGN_ROLE_IDLE_H

#include "ddmd/config.h"
#include "stream/decisions.h"

/*
 * Of the frames of a window, oldest first ([n] each: simulation, index in it, is it an outlier of
 * the embedding), the simulations that are at least cull_after_ns long, whose newest frames of
 * cull_idle_ns are all in the window, and none of these an outlier. *idle ([*n_idle], by ascending
 * simulation; the caller frees): n_frames are the newest frames without an outlier.
 */
enum ddmd_status ddmd_find_idle(const ddmd_config *config, const uint32_t *simulation,
                                const uint32_t *index, const bool *is_outlier, size_t n,
                                ddmd_idle **idle, size_t *n_idle, ddmd_error *err);

#endif
