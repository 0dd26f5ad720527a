#include "core/file.h"

#include "core/text.h"
#include "core/try.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum ddmd_status ddmd_file_read(const char *path, size_t limit, char **bytes, size_t *length,
                                ddmd_error *err)
{
    enum ddmd_status status = DDMD_OK;
    char *buffer = NULL;
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        DDMD_FAIL(err, DDMD_IO, "%s: %s", path, strerror(errno));

    struct stat info;
    if (fstat(fd, &info) != 0)
        DDMD_FAIL(err, DDMD_IO, "%s: %s", path, strerror(errno));
    if (!S_ISREG(info.st_mode))
        DDMD_FAIL(err, DDMD_IO, "%s: not a regular file", path);
    if ((uint64_t)info.st_size > limit)
        DDMD_FAIL(err, DDMD_IO, "%s: %lld bytes, more than the %zu that are read of such a file",
                  path, (long long)info.st_size, limit);

    size_t size = (size_t)info.st_size, used = 0;
    buffer = malloc(size + 1);
    if (!buffer)
        DDMD_FAIL(err, DDMD_NOMEM, "%s: out of memory for %zu bytes", path, size);
    while (used < size) {
        ssize_t got = read(fd, buffer + used, size - used);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            DDMD_FAIL(err, DDMD_IO, "%s: %s", path, strerror(errno));
        if (got == 0)
            break; /* it shrank while it was read */
        used += (size_t)got;
    }
    buffer[used] = '\0';
    *bytes = buffer;
    *length = used;
    buffer = NULL;
out:
    free(buffer);
    if (fd >= 0)
        close(fd);
    return status;
}

/* The directory that holds path, as a new string. */
static enum ddmd_status parent_directory(const char *path, char **parent, ddmd_error *err)
{
    const char *slash = strrchr(path, '/');
    if (!slash)
        return ddmd_text_format(parent, err, ".");
    if (slash == path)
        return ddmd_text_format(parent, err, "/");
    return ddmd_text_format(parent, err, "%.*s", (int)(slash - path), path);
}

enum ddmd_status ddmd_file_sync(const char *path, ddmd_error *err)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return ddmd_error_set(err, DDMD_IO, "%s: %s", path, strerror(errno));
    int result = fsync(fd);
    int reason = errno;
    close(fd);
    if (result != 0)
        return ddmd_error_set(err, DDMD_IO, "%s: %s", path, strerror(reason));
    return DDMD_OK;
}

enum ddmd_status ddmd_file_replace(const char *path, const void *bytes, size_t length,
                                   ddmd_error *err)
{
    enum ddmd_status status = DDMD_OK;
    char *beside = NULL, *parent = NULL;
    int fd = -1;
    bool made = false;
    DDMD_TRY(ddmd_text_format(&beside, err, "%s.new", path));
    DDMD_TRY(parent_directory(path, &parent, err));

    fd = open(beside, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
    if (fd < 0)
        DDMD_FAIL(err, DDMD_IO, "%s: %s", beside, strerror(errno));
    made = true;
    for (size_t used = 0; used < length;) {
        ssize_t put = write(fd, (const char *)bytes + used, length - used);
        if (put < 0 && errno == EINTR)
            continue;
        if (put < 0)
            DDMD_FAIL(err, DDMD_IO, "%s: %s", beside, strerror(errno));
        used += (size_t)put;
    }
    if (fsync(fd) != 0)
        DDMD_FAIL(err, DDMD_IO, "%s: %s", beside, strerror(errno));
    if (rename(beside, path) != 0)
        DDMD_FAIL(err, DDMD_IO, "%s: %s", path, strerror(errno));
    made = false;
    DDMD_TRY(ddmd_file_sync(parent, err));
out:
    if (fd >= 0)
        close(fd);
    if (made)
        unlink(beside);
    free(beside);
    free(parent);
    return status;
}

bool ddmd_file_exists(const char *path)
{
    struct stat info;
    return stat(path, &info) == 0;
}

enum ddmd_status ddmd_directory_create(const char *path, ddmd_error *err)
{
    if (mkdir(path, 0777) != 0)
        return ddmd_error_set(err, DDMD_IO, "%s: %s", path, strerror(errno));
    return DDMD_OK;
}

static int remove_entry(const char *path, const struct stat *info, int kind, struct FTW *position)
{
    (void)info, (void)kind, (void)position;
    return remove(path);
}

void ddmd_directory_remove(const char *path)
{
    nftw(path, remove_entry, 16, FTW_DEPTH | FTW_PHYS);
}
