/* The states that replicas start or go on from: those of stored frames, or start structures. */
#ifndef DDMD_CAMPAIGN_START_STATES_H
#define DDMD_CAMPAIGN_START_STATES_H

#include "campaign/state.h"

/* With the memory behind the assignments. */
typedef struct ddmd_start_states {
    ddmd_assignment *assignments;  /* [n] */
    float *positions, *velocities; /* [n][n_atoms][3] */
} ddmd_start_states;

void ddmd_start_states_clear(ddmd_start_states *states);

/*
 * For the slots first .. first + n - 1: the last frame of a slot's simulation, or, where that has
 * none yet, its parent. Frames are looked for in files[n_files]. Cleared by the caller, on failure
 * too.
 */
enum ddmd_status ddmd_start_states_gather(ddmd_campaign *campaign, ddmd_frame_file *const *files,
                                          size_t n_files, int first, int n,
                                          ddmd_start_states *states, ddmd_error *err);

#endif
