#include "core/parallel.h"

#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>

struct team {
    size_t n, grain;
    ddmd_parallel_fn work;
    void *user;
    atomic_size_t next;
};

struct member {
    struct team *team;
    pthread_t thread;
    int worker;
};

int ddmd_parallel_threads(int wanted)
{
    int threads = wanted;
    if (threads <= 0) {
        cpu_set_t cores;
        threads = sched_getaffinity(0, sizeof cores, &cores) == 0 ? CPU_COUNT(&cores) : 1;
    }
    return threads < DDMD_PARALLEL_MAX ? threads : DDMD_PARALLEL_MAX;
}

static void *take_part(void *argument)
{
    struct member *member = argument;
    struct team *team = member->team;
    for (;;) {
        size_t begin = atomic_fetch_add(&team->next, team->grain);
        if (begin >= team->n)
            return NULL;
        size_t end = team->n - begin < team->grain ? team->n : begin + team->grain;
        team->work(team->user, begin, end, member->worker);
    }
}

void ddmd_parallel_for(size_t n, size_t grain, int threads, ddmd_parallel_fn work, void *user)
{
    struct team team = {.n = n, .grain = grain, .work = work, .user = user};
    struct member members[DDMD_PARALLEL_MAX];
    size_t ranges = n / grain + (n % grain != 0);
    int wanted = ranges < (size_t)threads ? (int)ranges : threads;
    int started = 0;

    /* Signals are the business of the threads that the program made itself. */
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    while (started + 1 < wanted) {
        members[started] = (struct member){.team = &team, .worker = started + 1};
        if (pthread_create(&members[started].thread, NULL, take_part, &members[started]) != 0)
            break;
        started++;
    }
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    take_part(&(struct member){.team = &team, .worker = 0});
    for (int i = 0; i < started; i++)
        pthread_join(members[i].thread, NULL);
}
