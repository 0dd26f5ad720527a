/*
 * Where things lie in a frame file (H5MD 1.1): the one place that knows paths, types and units.
 * docs/formats.md describes the same to users.
 */
#ifndef DDMD_STORE_H5MD_H
#define DDMD_STORE_H5MD_H

#include "store/h5_driver.h"

#include "ddmd/error.h"
#include "ddmd/store.h"
#include "ddmd/structure.h"

#include <hdf5.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { DDMD_H5MD_LAYOUT_VERSION = 1 };

/* Larger ones are taken for damage: 2^24 atoms, and contact maps of 2^16 points (256 MiB). */
enum { DDMD_H5MD_ATOMS_MAX = 1 << 24, DDMD_H5MD_POINTS_MAX = 1 << 16 };

/*
 * The series, one dataset each, a row a frame. STEP counts the rows and is written last, once the
 * others are flushed: a reader beside the writer goes by its length.
 */
enum ddmd_h5md_series {
    DDMD_SERIES_POSITION,
    DDMD_SERIES_VELOCITY,
    DDMD_SERIES_TIME,
    DDMD_SERIES_POTENTIAL_ENERGY,
    DDMD_SERIES_KINETIC_ENERGY,
    DDMD_SERIES_RMSD,
    DDMD_SERIES_RADIUS_OF_GYRATION,
    DDMD_SERIES_CONTACT_MAP, /* absent where maps have no bits (fewer than two points) */
    DDMD_SERIES_SIMULATION,
    DDMD_SERIES_INDEX,
    DDMD_SERIES_SYSTEM,
    DDMD_SERIES_SIMULATION_STEP,
    DDMD_SERIES_STEP,
    DDMD_N_SERIES
};

/* An open frame file: its datasets and the size of a frame. Zero ids are not open. */
typedef struct ddmd_h5md {
    const char *path; /* for messages; the owner's */
    const ddmd_h5_io *io;
    hid_t file;
    hid_t series[DDMD_N_SERIES];
    size_t n_atoms, n_points, map_bytes;
} ddmd_h5md;

/* Build everything but frames in an empty file; nothing stays open. */
enum ddmd_status ddmd_h5md_build(hid_t file, const char *path, const ddmd_h5_io *io,
                                 const ddmd_structure *structure, size_t n_points, const char *note,
                                 ddmd_error *err);

/* Open the datasets of a file and check their shapes and types: FORMAT where they are others. */
enum ddmd_status ddmd_h5md_open(hid_t file, const char *path, const ddmd_h5_io *io, ddmd_h5md *h5md,
                                ddmd_error *err);
void ddmd_h5md_close(ddmd_h5md *h5md);

/* "/particles/trajectory/position/value" */
const char *ddmd_h5md_path(enum ddmd_h5md_series series);

/* Bytes of one row; 0: the file has no such series. */
size_t ddmd_h5md_row_bytes(const ddmd_h5md *h5md, enum ddmd_h5md_series series);

/* Rows of one series (0 for one that the file does not have). */
enum ddmd_status ddmd_h5md_rows(const ddmd_h5md *h5md, enum ddmd_h5md_series series, uint64_t *rows,
                                ddmd_error *err);
enum ddmd_status ddmd_h5md_set_rows(const ddmd_h5md *h5md, enum ddmd_h5md_series series,
                                    uint64_t rows, ddmd_error *err);

/* Rows first .. first+n-1 between the file and memory ([n][bytes of a row]). */
enum ddmd_status ddmd_h5md_write(const ddmd_h5md *h5md, enum ddmd_h5md_series series,
                                 uint64_t first, size_t n, const void *values, ddmd_error *err);
enum ddmd_status ddmd_h5md_read(const ddmd_h5md *h5md, enum ddmd_h5md_series series, uint64_t first,
                                size_t n, void *values, ddmd_error *err);

/*
 * Where the values of a series stand in a frame: at its own member, or at what that member points
 * to (NULL where the frame does not have it). NULL for DDMD_SERIES_STEP.
 */
void *ddmd_h5md_in_frame(enum ddmd_h5md_series series, const ddmd_frame *frame);

/* ---- topology (h5md_topology.c) -------------------------------------------------------------- */

enum ddmd_status ddmd_h5md_write_topology(hid_t file, const char *path, const ddmd_h5_io *io,
                                          const ddmd_structure *structure, ddmd_error *err);

/* positions: [n_models][n_atoms][3], nm; n_models 0 or 1. */
enum ddmd_status ddmd_h5md_read_topology(const ddmd_h5md *h5md, const double *positions,
                                         int32_t n_models, ddmd_structure **structure,
                                         ddmd_error *err);

/* ---- objects (h5md_objects.c); negative: HDF5 said no ---------------------------------------- */

hid_t ddmd_h5md_text_type(size_t size); /* fixed size, padded with zeros, UTF-8 */
herr_t ddmd_h5md_put_text(hid_t object, const char *name, const char *text); /* attributes */
herr_t ddmd_h5md_put_int(hid_t object, const char *name, int value);

/* Missing groups are made on the way. */
hid_t ddmd_h5md_make_group(hid_t file, const char *path);
/* chunk: [rank], or NULL for one piece. */
hid_t ddmd_h5md_make_dataset(hid_t file, const char *path, hid_t type, hid_t space, int rank,
                             const hsize_t *chunk);

herr_t ddmd_h5md_make_heading(hid_t file, const char *note); /* /h5md */
herr_t ddmd_h5md_make_box(hid_t file, const char *path);
herr_t ddmd_h5md_make_parameters(hid_t file, size_t n_points);

#endif
