/*
 * Writes sample.pdb, sample.h5 and sample.dcd into a directory, for the readers in Python. With a
 * third argument it goes on after 10 frames, whenever a line comes in, with 10 more.
 */
#include "sample.h"

#include "ddmd/trajectory.h"

#include <stdio.h>
#include <stdlib.h>

enum { N_ATOMS = 30, N_POINTS = 8, N_ROWS = 10 };

static ddmd_error err;

static void must(enum ddmd_status status)
{
    if (status != DDMD_OK) {
        fprintf(stderr, "%s\n", err.message);
        exit(1);
    }
}

static void append(ddmd_frame_file *file, ddmd_frame *frame)
{
    for (int i = 0; i < N_ROWS; i++) {
        sample_frame_fill(frame, N_ATOMS, N_POINTS, ddmd_frame_file_frames(file));
        must(ddmd_frame_file_append(file, frame, 1, &err));
    }
    must(ddmd_frame_file_sync(file, &err));
}

int main(int argc, char **argv)
{
    if (argc < 2)
        return 2;
    char path[4096];
    ddmd_structure *structure = sample_structure(N_ATOMS);
    ddmd_frame frame = sample_frame_alloc(N_ATOMS, N_POINTS);
    ddmd_frame_file *file = NULL;
    ddmd_dcd_writer *dcd = NULL;

    snprintf(path, sizeof path, "%s/sample.pdb", argv[1]);
    must(ddmd_structure_write_pdb(structure, structure->positions, 1, path, &err));
    snprintf(path, sizeof path, "%s/sample.h5", argv[1]);
    must(ddmd_frame_file_create(path, structure, N_POINTS, "a sample", &file, &err));
    append(file, &frame);
    while (argc > 2) {
        printf("%llu\n", (unsigned long long)ddmd_frame_file_frames(file));
        fflush(stdout);
        if (getchar() == EOF)
            break;
        append(file, &frame);
    }
    ddmd_frame_file_close(&file);

    snprintf(path, sizeof path, "%s/sample.dcd", argv[1]);
    ddmd_dcd_options options = {
        .n_atoms = N_ATOMS, .interval_ps = 10, .first_frame = 1, .title = "sample"};
    must(ddmd_dcd_writer_create(path, &options, &dcd, &err));
    for (uint64_t row = 0; row < N_ROWS; row++) {
        sample_frame_fill(&frame, N_ATOMS, N_POINTS, row);
        must(ddmd_dcd_writer_append(dcd, frame.positions, &err));
    }
    must(ddmd_dcd_writer_close(&dcd, &err));
    sample_frame_free(&frame);
    ddmd_structure_destroy(&structure);
    return 0;
}
