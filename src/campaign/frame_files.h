/*
 * The frame files of a campaign, frames-0.h5, frames-1.h5, ...: one in mode sequential, one for
 * each aggregator in mode streaming. All frames of a worker's simulations are in one file, so that
 * a worker's frames are made durable and acknowledged by one process.
 */
#ifndef DDMD_CAMPAIGN_FRAME_FILES_H
#define DDMD_CAMPAIGN_FRAME_FILES_H

#include "ddmd/config.h"
#include "ddmd/store.h"

/* Most files of a campaign; config.def has the limit, too. */
enum { DDMD_FRAME_FILES_MAX = 8 };

/* How many there are: streaming.aggregators, but none without a worker. */
size_t ddmd_frame_files_count(const ddmd_config *config);

/* The number of the file of a worker's, or of a replica's, simulations. */
uint32_t ddmd_frame_files_of_worker(const ddmd_config *config, int worker);
uint32_t ddmd_frame_files_of_replica(const ddmd_config *config, int replica);

/* *path (the caller frees). */
enum ddmd_status ddmd_frame_files_path(char **path, const char *run_dir, size_t number,
                                       ddmd_error *err);

/* All files of a campaign, open for reading. */
typedef struct ddmd_frame_files {
    size_t n;
    ddmd_frame_file *files[DDMD_FRAME_FILES_MAX];
} ddmd_frame_files;

/* files: zeros before; closed by the caller, on failure too. */
enum ddmd_status ddmd_frame_files_open(const ddmd_config *config, const char *run_dir,
                                       ddmd_frame_files *files, ddmd_error *err);
/* Look again how many frames there are. */
enum ddmd_status ddmd_frame_files_refresh(ddmd_frame_files *files, ddmd_error *err);
void ddmd_frame_files_close(ddmd_frame_files *files);

#endif
