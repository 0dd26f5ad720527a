/*
 * The frames that restarts are chosen from, oldest first, with their place in the embedding. A
 * contact map is embedded once for each version of the weights, however many frames have it and
 * however many rounds it stays in the window.
 */
#ifndef DDMD_CAMPAIGN_CANDIDATE_WINDOW_H
#define DDMD_CAMPAIGN_CANDIDATE_WINDOW_H

#include "campaign/state.h"

typedef struct ddmd_candidate_window {
    size_t n;
    uint64_t first; /* row of the frame file */
    uint32_t *simulation, *index;
    float *rmsd_nm;
    ddmd_map_set set; /* empty where nothing is embedded */
    float *latent;    /* [set.n_maps][dim] */
    size_t dim;
} ddmd_candidate_window;

/* The newest selection.max_samples frames; `window` is zeros before and is cleared by the caller.
 */
enum ddmd_status ddmd_candidate_window_read(ddmd_campaign *campaign, ddmd_candidate_window *window,
                                            ddmd_error *err);

/* Embed their maps with the newest weights, and write the embedding of the round. */
enum ddmd_status ddmd_candidate_window_embed(ddmd_campaign *campaign, ddmd_candidate_window *window,
                                             ddmd_error *err);

void ddmd_candidate_window_clear(ddmd_candidate_window *window);

#endif
