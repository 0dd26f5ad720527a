/*
 * The features of the newest frames, as train and infer hold them: filled from the frame files when
 * the process starts, and by FEATURES from then on. A receiver that missed some reads them from
 * their file, so frames are seen once each and in the order of their file, whatever died in
 * between. Frames of several files come as they become known; read at once, they are mixed in
 * proportion.
 *
 * The main thread puts messages in; everything else belongs to the thread that computes, which is
 * also the only one to touch files.
 */
#ifndef DDMD_CAMPAIGN_ROLE_FEATURE_WINDOW_H
#define DDMD_CAMPAIGN_ROLE_FEATURE_WINDOW_H

#include "campaign/map_window.h"
#include "stream/message.h"

#include <stdbool.h>

typedef struct ddmd_feature_window ddmd_feature_window;

/*
 * capacity: frames, >= 1. n_files: frame files of the campaign, 1 .. DDMD_FRAME_FILES_MAX. run_dir
 * is a loan.
 */
enum ddmd_status ddmd_feature_window_create(size_t capacity, size_t n_points, size_t n_files,
                                            const char *run_dir, ddmd_feature_window **window,
                                            ddmd_error *err);
void ddmd_feature_window_destroy(ddmd_feature_window **window);

/* Main thread: a message FEATURES. FORMAT: not of this campaign. */
enum ddmd_status ddmd_feature_window_put(ddmd_feature_window *window, const ddmd_message *message,
                                         ddmd_error *err);

/* Any thread: wake who waits, for it to look at something else. */
void ddmd_feature_window_wake(ddmd_feature_window *window);

/*
 * Wait until there are more than n_seen frames, ddmd_feature_window_wake(), or timeout_s; then read
 * what was missed from the files. *n: frames that ever came.
 */
enum ddmd_status ddmd_feature_window_wait(ddmd_feature_window *window, uint64_t n_seen,
                                          double timeout_s, uint64_t *n, ddmd_error *err);

/* The newest frames, oldest first. */
typedef struct ddmd_feature_set {
    size_t n;
    uint64_t first; /* number of the oldest among all that ever came */
    uint32_t *simulation, *index;
    float *rmsd_nm;
    double *created_s; /* NaN: not known */
    ddmd_map_set maps;
} ddmd_feature_set;

/* At most n_frames of them; cleared by the caller, on failure too. */
enum ddmd_status ddmd_feature_window_take(ddmd_feature_window *window, size_t n_frames,
                                          ddmd_feature_set *set, ddmd_error *err);
void ddmd_feature_set_clear(ddmd_feature_set *set);

#endif
