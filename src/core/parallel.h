/* Work on ranges of a counted set by several threads. */
#ifndef DDMD_CORE_PARALLEL_H
#define DDMD_CORE_PARALLEL_H

#include <stddef.h>

enum { DDMD_PARALLEL_MAX = 256 };

/* The number of threads to use for a wish: 0 is one a core; at most DDMD_PARALLEL_MAX. */
int ddmd_parallel_threads(int wanted);

/* `worker` is below the number of threads and held by one call at a time. */
typedef void (*ddmd_parallel_fn)(void *user, size_t begin, size_t end, int worker);

/*
 * Call work() for ranges of at most `grain` that cover 0 .. n-1 once, from up to `threads` threads,
 * the caller's among them; return when all is done. Threads that cannot be had are done without.
 */
void ddmd_parallel_for(size_t n, size_t grain, int threads, ddmd_parallel_fn work, void *user);

#endif
