/* The points of the embedding that the frames of a window are at, and how many are at each. */
#ifndef DDMD_SELECT_FRAME_POINTS_H
#define DDMD_SELECT_FRAME_POINTS_H

#include "ddmd/select.h"

/*
 * Points in the order of the first frame at each, as frames with points of their own would be met;
 * points without a frame are left out. Where that is how they were given, they are a loan.
 */
typedef struct ddmd_frame_points {
    size_t n;
    const float *latent;      /* [n][dim] */
    const uint32_t *counts;   /* [n]; NULL: one frame each */
    const uint32_t *point_of; /* [frames]; NULL: frame i is at point i */
    float *own_latent;        /* what is not a loan */
    uint32_t *own_counts, *own_point_of;
} ddmd_frame_points;

/* INVALID where a frame is at no point; NUMERIC, naming the point, as in ddmd/select.h. */
enum ddmd_status ddmd_frame_points_find(const ddmd_candidates *candidates,
                                        ddmd_frame_points *points, ddmd_error *err);
void ddmd_frame_points_clear(ddmd_frame_points *points);

/* The number of a frame's point. */
static inline uint32_t ddmd_frame_point(const ddmd_frame_points *points, uint32_t frame)
{
    return points->point_of ? points->point_of[frame] : frame;
}

#endif
