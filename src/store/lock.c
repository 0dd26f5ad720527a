#include "store/lock.h"

#include "core/array.h"
#include "core/text.h"
#include "core/try.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum { OWNER_SIZE = 256, ATTEMPTS = 10 };

struct ddmd_lock {
    char *path;
    int fd;
    pid_t owner;
};

/* "PID HOST PID-NAMESPACE": what tells whether the owner of a lock file still lives. */
static void describe_owner(char owner[OWNER_SIZE])
{
    char host[HOST_NAME_MAX + 1] = "", space[64] = "";
    if (gethostname(host, sizeof host - 1) != 0)
        host[0] = '\0';
    if (readlink("/proc/self/ns/pid", space, sizeof space - 1) < 0)
        space[0] = '\0';
    snprintf(owner, OWNER_SIZE, "%ld %s %s\n", (long)getpid(), host, space);
}

static void read_owner(int fd, char owner[OWNER_SIZE])
{
    ssize_t length = pread(fd, owner, OWNER_SIZE - 1, 0);
    owner[length > 0 ? length : 0] = '\0';
}

/* Whether the owner was a process of this machine that exists no more. */
static bool owner_is_dead(const char *owner)
{
    char self[OWNER_SIZE];
    describe_owner(self);
    const char *place = strchr(owner, ' '), *here = strchr(self, ' ');
    long pid = strtol(owner, NULL, 10);
    return place && pid > 0 && pid <= INT_MAX && strcmp(place, here) == 0 &&
           kill((pid_t)pid, 0) != 0 && errno == ESRCH;
}

/* Whether the name still leads to the file that fd has open. */
static bool is_current(const char *path, int fd)
{
    struct stat named, open;
    return stat(path, &named) == 0 && fstat(fd, &open) == 0 && named.st_dev == open.st_dev &&
           named.st_ino == open.st_ino;
}

/*
 * Remove a lock file whose owner is dead. Of several that try, the lock on the directory lets one
 * at a time look whether it is still the file that was found dead.
 */
static void remove_left_over(const ddmd_lock *lock)
{
    char folder[PATH_MAX];
    const char *slash = strrchr(lock->path, '/');
    int length = slash == lock->path ? 1 : slash ? (int)(slash - lock->path) : 1;
    snprintf(folder, sizeof folder, "%.*s", length, slash ? lock->path : ".");
    int guard = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (guard >= 0 && flock(guard, LOCK_EX) == 0 && is_current(lock->path, lock->fd))
        unlink(lock->path);
    if (guard >= 0)
        close(guard);
}

/*
 * Open and lock the lock file: true, or false where it has to be tried again, or is held by the
 * process that `owner` then describes.
 */
static enum ddmd_status try_lock(ddmd_lock *lock, bool *taken, char owner[OWNER_SIZE],
                                 ddmd_error *err)
{
    owner[0] = '\0';
    lock->fd = open(lock->path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0644);
    if (lock->fd < 0)
        return ddmd_error_set(err, DDMD_IO, "%s: %s", lock->path, strerror(errno));
    bool locked = flock(lock->fd, LOCK_EX | LOCK_NB) == 0;
    if (!locked && errno != EWOULDBLOCK && errno != EINTR)
        return ddmd_error_set(err, DDMD_IO, "%s: %s (does this file system support flock?)",
                              lock->path, strerror(errno));
    *taken = locked && is_current(lock->path, lock->fd); /* its last owner may have removed it */
    if (*taken)
        return DDMD_OK;
    if (!locked)
        read_owner(lock->fd, owner);
    if (!locked && owner_is_dead(owner))
        remove_left_over(lock);
    close(lock->fd);
    lock->fd = -1;
    return DDMD_OK;
}

enum ddmd_status ddmd_lock_take(const char *path, ddmd_lock **lock, ddmd_error *err)
{
    static const struct timespec pause = {.tv_nsec = 10 * 1000 * 1000};
    enum ddmd_status status = DDMD_OK;
    char owner[OWNER_SIZE] = "";
    bool taken = false;
    ddmd_lock *new = NULL;
    DDMD_TRY(ddmd_array_alloc(&new, 1, sizeof *new, err));
    new->fd = -1;
    DDMD_TRY(ddmd_text_format(&new->path, err, "%s.lock", path));
    for (int attempt = 0; attempt < ATTEMPTS && !taken; attempt++) {
        if (attempt > 0)
            nanosleep(&pause, NULL);
        DDMD_TRY(try_lock(new, &taken, owner, err));
    }
    if (!taken)
        DDMD_FAIL(err, DDMD_TIMEOUT, "%s: another ddmd process (pid %ld) is writing it", path,
                  strtol(owner, NULL, 10));

    describe_owner(owner);
    if (ftruncate(new->fd, 0) != 0 ||
        pwrite(new->fd, owner, strlen(owner), 0) != (ssize_t)strlen(owner)) {
        unlink(new->path);
        DDMD_FAIL(err, DDMD_IO, "%s: %s", new->path, strerror(errno));
    }
    new->owner = getpid();
    *lock = new;
    new = NULL;
out:
    if (new) {
        if (new->fd >= 0)
            close(new->fd);
        free(new->path);
        free(new);
    }
    return status;
}

enum ddmd_status ddmd_lock_is_held(const char *path, bool *held, ddmd_error *err)
{
    enum ddmd_status status = DDMD_OK;
    char *name = NULL, owner[OWNER_SIZE];
    int fd = -1;
    bool found = false;
    DDMD_TRY(ddmd_text_format(&name, err, "%s.lock", path));
    fd = open(name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    if (fd < 0 && errno != ENOENT)
        DDMD_FAIL(err, DDMD_IO, "%s: %s", name, strerror(errno));
    if (fd >= 0 && flock(fd, LOCK_SH | LOCK_NB) != 0 && errno == EWOULDBLOCK) {
        read_owner(fd, owner);
        found = !owner_is_dead(owner);
    }
    *held = found;
out:
    if (fd >= 0)
        close(fd);
    free(name);
    return status;
}

void ddmd_lock_release(ddmd_lock **lock)
{
    ddmd_lock *l = *lock;
    if (!l)
        return;
    if (l->owner == getpid())
        unlink(l->path);
    close(l->fd);
    free(l->path);
    free(l);
    *lock = NULL;
}
