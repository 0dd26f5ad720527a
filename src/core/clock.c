#include "core/clock.h"

#include <time.h>

static double read_clock(clockid_t id)
{
    struct timespec t;
    clock_gettime(id, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

double ddmd_clock_monotonic(void)
{
    return read_clock(CLOCK_MONOTONIC);
}

double ddmd_clock_cpu(void)
{
    return read_clock(CLOCK_PROCESS_CPUTIME_ID);
}

double ddmd_clock_thread(void)
{
    return read_clock(CLOCK_THREAD_CPUTIME_ID);
}

double ddmd_clock_wall(void)
{
    return read_clock(CLOCK_REALTIME);
}
