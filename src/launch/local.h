/* Starting processes on this machine, and learning how they ended. */
#ifndef DDMD_LAUNCH_LOCAL_H
#define DDMD_LAUNCH_LOCAL_H

#include "ddmd/error.h"

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

/*
 * Start this program anew with other arguments (argv[0] .., NULL at the end). It dies with SIGKILL
 * when the calling thread does, however that ends; SIGINT and SIGTERM, which a terminal sends to
 * all, are ignored there. Its standard input is /dev/null. EXTERNAL: it cannot be started.
 */
enum ddmd_status ddmd_launch_start(const char *const *argv, pid_t *pid, ddmd_error *err);

/* Has it ended? Then how is in the buffer: "exit status 1", "killed by signal 9 (Killed)". */
bool ddmd_launch_ended(pid_t pid, char *how, size_t size);

/* SIGKILL, and wait for its end. */
void ddmd_launch_kill(pid_t pid);

#endif
