/*
 * Counter-based random numbers: Philox4x32-10 (Salmon, Moraes, Dror, Shaw: "Parallel random
 * numbers: as easy as 1, 2, 3", SC 2011).
 *
 * A number depends only on (seed, domain, stream, step, index), never on what was drawn before by
 * anyone else, so any part of a campaign can be computed again, in any order, on any number of
 * threads, with the same bits. There is no global generator.
 *
 *   seed    the campaign's seed (64 bits)
 *   domain  what the numbers are for; keeps uses apart
 *   stream  which one: a simulation id, a model version, a selection round
 *   step    when: a time step, an epoch (below 2^56)
 */
#ifndef DDMD_RANDOM_H
#define DDMD_RANDOM_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

enum ddmd_random_domain {
    DDMD_RANDOM_VELOCITY = 1, /* Maxwell-Boltzmann velocities of a new simulation */
    DDMD_RANDOM_LANGEVIN = 2, /* thermostat noise */
    DDMD_RANDOM_ENGINE = 3,   /* seeds handed to an engine's own generator */
    DDMD_RANDOM_WEIGHTS = 4,  /* initial weights of a model */
    DDMD_RANDOM_BATCH = 5,    /* order of the training samples in an epoch */
    DDMD_RANDOM_DROPOUT = 6,  /* dropout masks */
    DDMD_RANDOM_LATENT = 7,   /* noise of the reparametrisation z = mu + sigma * eps */
    DDMD_RANDOM_SPLIT = 8,    /* train/validation split */
    DDMD_RANDOM_SELECT = 9,   /* choices of a selection strategy */
    DDMD_RANDOM_RESTART = 10, /* keep or draw velocities at a restart (velocities: mixed) */
    DDMD_RANDOM_CLUSTER = 11, /* where k-means begins, and its mini-batches */
    DDMD_RANDOM_TEST = 255
};

/* The bare block function: 10 rounds, Weyl constants of the paper. */
void ddmd_philox4x32(const uint32_t counter[4], const uint32_t key[2], uint32_t out[4]);

/* A position in one stream; plain data, may be copied. */
typedef struct ddmd_random {
    uint32_t key[2];
    uint32_t counter[4]; /* block, step low, stream, domain and step high */
    uint32_t block[4];
    unsigned used; /* words of block already given out; 4: none left */
} ddmd_random;

void ddmd_random_init(ddmd_random *random, uint64_t seed, enum ddmd_random_domain domain,
                      uint32_t stream, uint64_t step);

uint32_t ddmd_random_u32(ddmd_random *random);

/* Uniform on the open interval (0, 1), 52 bits. */
double ddmd_random_uniform(ddmd_random *random);

/* Standard normal (Box-Muller, the cosine branch; two uniforms a number). */
double ddmd_random_normal(ddmd_random *random);

/* Uniform on 0 .. n-1 without bias; n must be positive. */
uint32_t ddmd_random_below(ddmd_random *random, uint32_t n);

/* Fisher-Yates: permute items[0 .. n-1]. */
void ddmd_random_shuffle(ddmd_random *random, uint32_t *items, size_t n);

#ifdef __cplusplus
}
#endif
#endif
