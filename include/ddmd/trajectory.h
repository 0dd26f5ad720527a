/*
 * Trajectory files for other programs: CHARMM/NAMD DCD, which VMD, PyMOL, MDAnalysis, MDTraj and
 * CPPTRAJ open beside a PDB file of the same atoms.
 *
 * A file is written beside its final name (path.new) and takes the name when it is complete, so a
 * reader never meets half of one.
 */
#ifndef DDMD_TRAJECTORY_H
#define DDMD_TRAJECTORY_H

#include "ddmd/error.h"

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct ddmd_dcd_writer ddmd_dcd_writer;

typedef struct ddmd_dcd_options {
    size_t n_atoms;
    double interval_ps;   /* between frames, > 0; stored in AKMA units (1 = 0.04888821 ps) as
                             float32 */
    uint32_t first_frame; /* the first frame stands at first_frame * interval_ps; 1 where the
                             first frame is the first report after the start */
    const char *title;    /* one line for the header, cut at 79 characters; may be NULL */
} ddmd_dcd_options;

/*
 * INVALID: no atoms, an interval that is not positive and finite. IO: the file cannot be made.
 * Nothing of options is kept.
 */
enum ddmd_status ddmd_dcd_writer_create(const char *path, const ddmd_dcd_options *options,
                                        ddmd_dcd_writer **writer, ddmd_error *err);

/*
 * Append one frame ([n_atoms][3], nm; stored as float32 angstrom). After IO (a full disk) only
 * ddmd_dcd_writer_destroy() is left.
 */
enum ddmd_status ddmd_dcd_writer_append(ddmd_dcd_writer *writer, const float *positions,
                                        ddmd_error *err);

/*
 * Complete the header, make the file durable and give it its name, replacing a file that has it.
 * *writer is consumed; on failure it is left for ddmd_dcd_writer_destroy().
 */
enum ddmd_status ddmd_dcd_writer_close(ddmd_dcd_writer **writer, ddmd_error *err);

/* Give up a file that was not closed: nothing is left of it. NULL is fine. */
void ddmd_dcd_writer_destroy(ddmd_dcd_writer **writer);

#ifdef __cplusplus
}
#endif
#endif
