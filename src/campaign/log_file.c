#include "campaign/log_file.h"

#include "campaign/run_directory.h"
#include "core/text.h"
#include "core/try.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static void write_line(void *user, enum ddmd_log_level level, const char *line)
{
    const ddmd_log_file *file = user;
    char stamp[32];
    time_t now = time(NULL);
    struct tm local;
    localtime_r(&now, &local);
    strftime(stamp, sizeof stamp, "%Y-%m-%d %H:%M:%S", &local);
    fprintf(file->file, "%s %s: %s\n", stamp, ddmd_log_level_name(level), line);
    fflush(file->file);
    if (file->next && file->next->write && level >= file->next->minimum)
        file->next->write(file->next->user, level, line);
}

enum ddmd_status ddmd_log_file_open(ddmd_log_file *file, const char *run_dir, const char *name,
                                    const ddmd_log *next, ddmd_log *log, ddmd_error *err)
{
    enum ddmd_status status = DDMD_OK;
    char *in_log = NULL, *path = NULL;
    DDMD_TRY(ddmd_text_format(&in_log, err, "log/%s", name));
    DDMD_TRY(ddmd_run_path(&path, run_dir, in_log, err));
    FILE *opened = fopen(path, "ae");
    if (!opened)
        DDMD_FAIL(err, DDMD_IO, "%s: %s", path, strerror(errno));
    *file = (ddmd_log_file){.file = opened, .next = next};
    *log = (ddmd_log){.write = write_line, .user = file};
out:
    free(in_log);
    free(path);
    return status;
}

void ddmd_log_file_close(ddmd_log_file *file)
{
    if (file->file)
        fclose(file->file);
    file->file = NULL;
}
