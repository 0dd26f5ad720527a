/* The states that the frames of a window fall into, for strategies that count visits. */
#ifndef DDMD_SELECT_STATES_H
#define DDMD_SELECT_STATES_H

#include "ddmd/select.h"
#include "select/frame_points.h"

typedef struct ddmd_states {
    size_t n;
    int32_t *of_point; /* [points.n] the state of each point */
    uint64_t *visits;  /* [n] frames of the window in each state, at least one */
} ddmd_states;

/*
 * k-means of the points, counted by frames, into options->n_states states, or into the square root
 * of the number of frames where that is 0. States without frames are left out.
 */
enum ddmd_status ddmd_states_find(const ddmd_candidates *candidates,
                                  const ddmd_frame_points *points,
                                  const ddmd_select_options *options, ddmd_states *states,
                                  ddmd_error *err);
void ddmd_states_clear(ddmd_states *states);

#endif
