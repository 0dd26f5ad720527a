/* Log lines with the time before them, into a file of the run directory, and on to the caller's. */
#ifndef DDMD_CAMPAIGN_LOG_FILE_H
#define DDMD_CAMPAIGN_LOG_FILE_H

#include "ddmd/error.h"
#include "ddmd/log.h"

#include <stdio.h>

typedef struct ddmd_log_file {
    FILE *file;
    const ddmd_log *next; /* NULL: none */
} ddmd_log_file;

/* Append to RUN_DIR/log/NAME. *log writes there, as long as *file is where it is. */
enum ddmd_status ddmd_log_file_open(ddmd_log_file *file, const char *run_dir, const char *name,
                                    const ddmd_log *next, ddmd_log *log, ddmd_error *err);
void ddmd_log_file_close(ddmd_log_file *file);

#endif
