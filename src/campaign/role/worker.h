/*
 * The thread that computes in a process of train or infer, and how its main thread ends it. The
 * thread runs `work` until that returns; an error ends the process.
 */
#ifndef DDMD_CAMPAIGN_ROLE_WORKER_H
#define DDMD_CAMPAIGN_ROLE_WORKER_H

#include "campaign/role/process.h"

#include <pthread.h>
#include <stdatomic.h>

typedef struct ddmd_worker_thread {
    ddmd_process *process;
    enum ddmd_status (*work)(void *user, ddmd_error *err); /* CANCELLED is no failure */
    void *user;
    pthread_t thread;
    bool started;
    atomic_int stop, ended;
} ddmd_worker_thread;

enum ddmd_status ddmd_worker_thread_start(ddmd_worker_thread *worker, ddmd_error *err);

/* `work` sees stop soon, however it waits: the caller wakes it. */
void ddmd_worker_thread_join(ddmd_worker_thread *worker);

#endif
