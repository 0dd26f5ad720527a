/*
 * How HDF5 reaches a frame file: plain POSIX reads and writes through a driver of our own, for
 * three reasons. A failed write leaves errno, which HDF5 buries in text. After a failed write every
 * later one is dropped, so that HDF5 can close a file on a full disk (its own driver fails there
 * and HDF5 does not survive that), and the bytes on disk stay those of the moment of the failure.
 * Locks of files are not taken: a notebook that has the file open cannot keep a campaign from going
 * on.
 */
#ifndef DDMD_STORE_H5_DRIVER_H
#define DDMD_STORE_H5_DRIVER_H

#include "ddmd/error.h"

#include <stdbool.h>

#include <hdf5.h>

/* What the driver shares with the owner of the file; lives at least as long as the HDF5 file. */
typedef struct ddmd_h5_io {
    hid_t driver; /* registered for this owner; 0: not yet */
    int fd;       /* -1: not open */
    int error;    /* errno of the last failed call; 0: none since opening */
    bool discard; /* writes are dropped; set by a failed one */
} ddmd_h5_io;

/* Make the file access list use the driver; *io must outlive every file opened with it. */
enum ddmd_status ddmd_h5_driver_use(hid_t access, ddmd_h5_io *io, ddmd_error *err);

/* To be called once, when every file opened with *io is closed. */
void ddmd_h5_driver_release(ddmd_h5_io *io);

#endif
