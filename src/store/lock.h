/*
 * One writer at a time: a lock file that carries an flock() for as long as its owner lives, SIGKILL
 * included. Readers need no lock.
 */
#ifndef DDMD_STORE_LOCK_H
#define DDMD_STORE_LOCK_H

#include "ddmd/error.h"

#include <stdbool.h>

typedef struct ddmd_lock ddmd_lock;

/*
 * Take the lock of the file `path` (its lock file is path.lock). TIMEOUT where another process has
 * it and does not give it back within a tenth of a second; the message names that process. A lock
 * that lives on only in the children of a process that died is taken over.
 */
enum ddmd_status ddmd_lock_take(const char *path, ddmd_lock **lock, ddmd_error *err);

/* Whether a process that lives has the lock of `path`. */
enum ddmd_status ddmd_lock_is_held(const char *path, bool *held, ddmd_error *err);

/* Give it back and remove the lock file. NULL is fine; a forked child leaves its parent's alone. */
void ddmd_lock_release(ddmd_lock **lock);

#endif
