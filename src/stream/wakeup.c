#include "stream/wakeup.h"

#include <errno.h>
#include <stdint.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

enum ddmd_status ddmd_wakeup_open(ddmd_wakeup *wakeup, ddmd_error *err)
{
    int fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    if (fd < 0)
        return ddmd_error_set(err, DDMD_IO, "eventfd: %s", strerror(errno));
    wakeup->fd = fd;
    return DDMD_OK;
}

void ddmd_wakeup_close(ddmd_wakeup *wakeup)
{
    if (wakeup->fd >= 0)
        close(wakeup->fd);
    wakeup->fd = -1;
}

void ddmd_wakeup_signal(const ddmd_wakeup *wakeup)
{
    int before = errno;
    const uint64_t one = 1;
    /* it fails only where the counter is full: then it can be read all the same */
    (void)!write(wakeup->fd, &one, sizeof one);
    errno = before;
}

void ddmd_wakeup_clear(const ddmd_wakeup *wakeup)
{
    uint64_t count;
    (void)!read(wakeup->fd, &count, sizeof count);
}
