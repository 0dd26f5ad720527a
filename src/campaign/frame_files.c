#include "campaign/frame_files.h"

#include "campaign/run_directory.h"
#include "campaign/simulate.h"
#include "core/try.h"

#include <stdio.h>
#include <stdlib.h>

size_t ddmd_frame_files_count(const ddmd_config *config)
{
    if (config->mode == DDMD_MODE_sequential)
        return 1;
    int workers = ddmd_simulator_workers(config), wanted = config->streaming.aggregators;
    return (size_t)(wanted < workers ? wanted : workers);
}

uint32_t ddmd_frame_files_of_worker(const ddmd_config *config, int worker)
{
    return (uint32_t)((size_t)worker % ddmd_frame_files_count(config));
}

uint32_t ddmd_frame_files_of_replica(const ddmd_config *config, int replica)
{
    return ddmd_frame_files_of_worker(config, ddmd_simulator_worker_of(config, replica));
}

enum ddmd_status ddmd_frame_files_path(char **path, const char *run_dir, size_t number,
                                       ddmd_error *err)
{
    char name[32];
    snprintf(name, sizeof name, "frames-%zu.h5", number);
    return ddmd_run_path(path, run_dir, name, err);
}

enum ddmd_status ddmd_frame_files_open(const ddmd_config *config, const char *run_dir,
                                       ddmd_frame_files *files, ddmd_error *err)
{
    enum ddmd_status status = DDMD_OK;
    char *path = NULL;
    for (size_t n = ddmd_frame_files_count(config); files->n < n; files->n++) {
        DDMD_TRY(ddmd_frame_files_path(&path, run_dir, files->n, err));
        DDMD_TRY(ddmd_frame_file_open(path, &files->files[files->n], err));
        free(path);
        path = NULL;
    }
out:
    free(path);
    return status;
}

enum ddmd_status ddmd_frame_files_refresh(ddmd_frame_files *files, ddmd_error *err)
{
    for (size_t f = 0; f < files->n; f++) {
        enum ddmd_status status = ddmd_frame_file_refresh(files->files[f], err);
        if (status != DDMD_OK)
            return status;
    }
    return DDMD_OK;
}

void ddmd_frame_files_close(ddmd_frame_files *files)
{
    for (size_t f = 0; f < files->n; f++)
        ddmd_frame_file_close(&files->files[f]);
    files->n = 0;
}
