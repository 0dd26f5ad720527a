#include "support/data.h"

#include <ftw.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

const char *test_data(const char *name)
{
    static char path[PATH_MAX];
    const char *folder = getenv("DDMD_TEST_DATA");
    if (folder)
        snprintf(path, sizeof path, "%s/%s", folder, name);
    else
        snprintf(path, sizeof path, "%s/../shared/data/%s", DDMD_SOURCE_DIR, name);
    if (access(path, R_OK) == 0)
        return path;
    fprintf(stderr, "[  NOTE  ] no reference data at %s (set DDMD_TEST_DATA)\n", path);
    return NULL;
}

const char *test_source(const char *name)
{
    static char path[PATH_MAX];
    snprintf(path, sizeof path, "%s/%s", DDMD_SOURCE_DIR, name);
    return path;
}

static char scratch[PATH_MAX / 2];
static pid_t scratch_owner;

static int remove_entry(const char *path, const struct stat *info, int kind, struct FTW *position)
{
    (void)info, (void)kind, (void)position;
    return remove(path);
}

static void remove_scratch(void)
{
    if (getpid() == scratch_owner)
        nftw(scratch, remove_entry, 16, FTW_DEPTH | FTW_PHYS);
}

const char *test_scratch(const char *name)
{
    static char paths[8][PATH_MAX];
    static unsigned turn;
    if (!*scratch) {
        const char *folder = getenv("TMPDIR");
        snprintf(scratch, sizeof scratch, "%s/ddmd-test-XXXXXX", folder ? folder : "/tmp");
        if (!mkdtemp(scratch)) {
            perror(scratch);
            abort();
        }
        scratch_owner = getpid();
        atexit(remove_scratch);
    }
    char *path = paths[turn++ % 8];
    snprintf(path, PATH_MAX, "%s/%s", scratch, name);
    return path;
}
