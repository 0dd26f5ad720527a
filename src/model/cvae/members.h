/*
 * Samples are shared out among threads, each of which passes its own through a network of its own
 * with oneDNN on one thread. That takes one meeting of the threads in a training step where
 * threads inside each operation take some fifty, which costs dearly on a machine whose cores are
 * busy with simulations.
 */
#ifndef DDMD_CVAE_MEMBERS_H
#define DDMD_CVAE_MEMBERS_H

#include <stddef.h>

/*
 * Call work(user, member) for each member 0 .. n-1, all at once as far as threads can be had, and
 * return when all have. Inside, OpenMP (and with it oneDNN) has one thread.
 */
void ddmd_members_run(int n, void (*work)(void *user, int member), void *user);

/* Where the share of `member` of n begins when `count` things are shared out; for n, the end. */
size_t ddmd_share(size_t count, int n, int member);

#endif
