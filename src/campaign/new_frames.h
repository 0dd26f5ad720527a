/* What is told of the frames that a selection sees first, in both modes: how near, how long ago. */
#ifndef DDMD_CAMPAIGN_NEW_FRAMES_H
#define DDMD_CAMPAIGN_NEW_FRAMES_H

#include <stddef.h>

/*
 * Lowest and mean RMSD of n frames, in the unit of rmsd_nm; those that are NaN do not count, NaN
 * where none does.
 */
void ddmd_new_frames_rmsd(const float *rmsd_nm, size_t n, double *best, double *mean);

/*
 * How long n frames that were created at created_s have waited until now_s, by the same clock:
 * *median is the (n / 2 + 1)-th shortest wait, *p95 the shortest that at most one frame in 20 has
 * exceeded. Frames whose creation is not known (NaN) do not count; NaN where none does. created_s
 * is reordered.
 */
void ddmd_new_frames_waited(double *created_s, size_t n, double now_s, double *median, double *p95);

#endif
