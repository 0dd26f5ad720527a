/* A small structure and frames whose every number follows from the frame's row. */
#ifndef DDMD_TEST_STORE_SAMPLE_H
#define DDMD_TEST_STORE_SAMPLE_H

#include "ddmd/store.h"

/* n atoms in residues of at most 4, two chains (one where n < 8), bonds along each residue. */
ddmd_structure *sample_structure(int32_t n);

/* Arrays for one frame of n_atoms and a contact map of n_points. */
ddmd_frame sample_frame_alloc(size_t n_atoms, size_t n_points);
void sample_frame_free(ddmd_frame *frame);

/* Fill it with what belongs in row `row`. Every fourth RMSD is NaN. */
void sample_frame_fill(ddmd_frame *frame, size_t n_atoms, size_t n_points, uint64_t row);

/* Fail the test unless the frame has the bits of sample_frame_fill(). */
void sample_frame_check(const ddmd_frame *frame, size_t n_atoms, size_t n_points, uint64_t row);

#endif
