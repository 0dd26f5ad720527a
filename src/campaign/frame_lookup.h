/* Find frames by their identity. */
#ifndef DDMD_CAMPAIGN_FRAME_LOOKUP_H
#define DDMD_CAMPAIGN_FRAME_LOOKUP_H

#include "ddmd/store.h"

typedef struct ddmd_frame_wanted {
    uint32_t simulation, index;
    bool found;  /* out, and where: */
    size_t file; /* number of the file in the list */
    uint64_t row;
} ddmd_frame_wanted;

/*
 * One pass over the files, newest frames first, all files in turn. n_files: at most
 * DDMD_FRAME_FILES_MAX. FORMAT: one is not there.
 */
enum ddmd_status ddmd_frame_lookup(ddmd_frame_file *const *files, size_t n_files,
                                   ddmd_frame_wanted *wanted, size_t n, ddmd_error *err);

#endif
