/* An open frame file, as its writing and its reading half know it. */
#ifndef DDMD_STORE_FRAME_FILE_H
#define DDMD_STORE_FRAME_FILE_H

#include "store/h5md.h"
#include "store/lock.h"

#include "ddmd/store.h"

#include <stdbool.h>
#include <stdint.h>

struct ddmd_frame_file {
    char *path;
    ddmd_lock *lock; /* of a writer */
    ddmd_h5_io io;
    hid_t file; /* negative: not open */
    ddmd_h5md h5md;
    uint64_t n_frames;
    uint64_t n_synced; /* those that have their row in DDMD_SERIES_STEP */
    bool writer;
    bool broken; /* a write failed: what HDF5 holds in memory is no longer what is on disk */
    unsigned char *staging; /* rows of one series, gathered from the caller's frames */
    size_t staging_size;
};

/* A file object that has nothing open yet. */
enum ddmd_status ddmd_frame_file_new(const char *path, ddmd_frame_file **file, ddmd_error *err);

/* Open path with HDF5's flags. */
enum ddmd_status ddmd_frame_file_open_h5(ddmd_frame_file *file, unsigned flags, ddmd_error *err);

/* Rows that every series has. */
enum ddmd_status ddmd_frame_file_whole_rows(const ddmd_frame_file *file, uint64_t *rows,
                                            ddmd_error *err);

#endif
