/* An eventfd: wakes a thread that waits in ddmd_poll(). */
#ifndef DDMD_STREAM_WAKEUP_H
#define DDMD_STREAM_WAKEUP_H

#include "ddmd/error.h"

typedef struct ddmd_wakeup {
    int fd; /* for ddmd_poll_item; -1: none */
} ddmd_wakeup;

enum ddmd_status ddmd_wakeup_open(ddmd_wakeup *wakeup, ddmd_error *err);
void ddmd_wakeup_close(ddmd_wakeup *wakeup);

/* From any thread and from signal handlers: fd can be read until ddmd_wakeup_clear(). */
void ddmd_wakeup_signal(const ddmd_wakeup *wakeup);
void ddmd_wakeup_clear(const ddmd_wakeup *wakeup);

#endif
