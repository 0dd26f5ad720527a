#include "model/cvae/parallel.h"

#include <omp.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>

typedef struct member {
    void (*work)(void *user, int member);
    void *user;
    int number;
    pthread_t thread;
    bool started;
} member;

/* OpenMP keeps its number of threads for each thread that calls it. */
static void *run(void *argument)
{
    const member *m = argument;
    omp_set_num_threads(1);
    m->work(m->user, m->number);
    return NULL;
}

void ddmd_parallel(int n, void (*work)(void *user, int member), void *user)
{
    int threads = omp_get_max_threads();
    member *others = n > 1 ? calloc((size_t)n - 1, sizeof *others) : NULL;
    omp_set_num_threads(1);

    /* signals are the business of the threads that the program made itself */
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    for (int i = 0; others && i < n - 1; i++) {
        others[i] = (member){.work = work, .user = user, .number = i + 1};
        others[i].started = pthread_create(&others[i].thread, NULL, run, &others[i]) == 0;
    }
    pthread_sigmask(SIG_SETMASK, &before, NULL);

    work(user, 0);
    for (int i = 0; i < n - 1; i++)
        if (!others || !others[i].started)
            work(user, i + 1);
    for (int i = 0; others && i < n - 1; i++)
        if (others[i].started)
            pthread_join(others[i].thread, NULL);
    free(others);
    omp_set_num_threads(threads);
}

size_t ddmd_share(size_t count, int n, int member)
{
    size_t each = count / (size_t)n, left = count % (size_t)n, m = (size_t)member;
    return m * each + (m < left ? m : left);
}
