/*
 * What checkpoints of models, frame files and embeddings have in common: HDF5 kept quiet, objects
 * closed, looked at before they are read, and files that are built in memory.
 */
#ifndef DDMD_HDF5_H5_H
#define DDMD_HDF5_H5_H

#include "ddmd/error.h"

#include <hdf5.h>

#include <stdbool.h>
#include <stddef.h>

/* How HDF5 reported errors of this thread before we silenced it. */
typedef struct ddmd_h5_quiet {
    H5E_auto2_t report;
    void *data;
} ddmd_h5_quiet;

/* Between these two HDF5 prints nothing. They may nest. */
ddmd_h5_quiet ddmd_h5_quiet_begin(void);
void ddmd_h5_quiet_end(const ddmd_h5_quiet *quiet);

/* Close objects of any kind, in this order; ids that are not of an open one are passed over. */
#define DDMD_H5_CLOSE(...) \
    ddmd_h5_close((const hid_t[]){__VA_ARGS__}, sizeof((hid_t[]){__VA_ARGS__}) / sizeof(hid_t))
void ddmd_h5_close(const hid_t *ids, size_t n);

/* What a data set or an attribute holds. */
typedef struct ddmd_h5_content {
    H5T_class_t class;
    size_t size; /* bytes of an item; 0: a text of variable length */
    int rank;
    hsize_t extent[H5S_MAX_RANK];
    hsize_t n; /* items */
} ddmd_h5_content;

/* False where there is no such object, or it is damaged. */
bool ddmd_h5_look(hid_t object, ddmd_h5_content *content);

/*
 * A file in memory: an empty one to build or, where there is an image of one (which is copied), one
 * to read. owner: an address that no other such file has while this one is open. Negative where it
 * cannot be.
 */
hid_t ddmd_h5_open_in_memory(const void *owner, void *image, size_t size);

/* Put a file in memory on the disk, whole or not at all. */
enum ddmd_status ddmd_h5_write_image(hid_t file, const char *path, ddmd_error *err);

#endif
