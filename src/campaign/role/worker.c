#include "campaign/role/worker.h"

#include <signal.h>
#include <string.h>

static void *run(void *argument)
{
    ddmd_worker_thread *w = argument;
    ddmd_error err = {0};
    enum ddmd_status status = w->work(w->user, &err);
    if (status != DDMD_OK && status != DDMD_CANCELLED)
        ddmd_process_fail(w->process, &err);
    ddmd_process_now(w->process, DDMD_ACTIVITY_stop, "%s", "");
    atomic_store(&w->ended, 1);
    ddmd_process_wake(w->process);
    return NULL;
}

enum ddmd_status ddmd_worker_thread_start(ddmd_worker_thread *w, ddmd_error *err)
{
    sigset_t all, before; /* signals are for the main thread */
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    int result = pthread_create(&w->thread, NULL, run, w);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (result != 0)
        return ddmd_error_set(err, DDMD_EXTERNAL, "cannot start a thread: %s", strerror(result));
    w->started = true;
    return DDMD_OK;
}

void ddmd_worker_thread_join(ddmd_worker_thread *w)
{
    if (w->started)
        pthread_join(w->thread, NULL);
    w->started = false;
}
