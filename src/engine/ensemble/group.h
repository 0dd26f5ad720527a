/*
 * The replicas that share instructions: one lane each. Arrays are [atom][xyz][lane] or
 * [atom][lane], of n_padded atoms, aligned to whole vectors.
 */
#ifndef DDMD_ENSEMBLE_GROUP_H
#define DDMD_ENSEMBLE_GROUP_H

#include "engine/ensemble/model.h"

enum { ENSEMBLE_MAX_LANES = 16 };

typedef struct ensemble_group {
    int lanes;
    float *memory;  /* of all arrays */
    float *x, *v;   /* the state: nm, nm/ps */
    float *x_next;  /* of the step under way */
    float *f;       /* kJ/(mol nm) */
    bool f_is_of_x; /* and what the next step needs */
    float *psi;     /* sum of H; then dE/dH of each atom's sum */
    float *born;    /* B, nm */
    float *decay;   /* sqrt(log2(e) / 4) / B: f_GB's exponent is a product of two */
    float *slope;   /* sum over pairs of -2 dE/dB */
    float *chain;   /* what makes dE/dH of dE/dB */
    float sqrt_kt[ENSEMBLE_MAX_LANES];
    uint32_t simulation_id[ENSEMBLE_MAX_LANES];
    uint64_t step[ENSEMBLE_MAX_LANES];
} ensemble_group;

enum ddmd_status ensemble_group_create(const ensemble_model *model, int lanes,
                                       ensemble_group **group, ddmd_error *err);
void ensemble_group_destroy(ensemble_group **group);

/* Positions and velocities ([n_atoms][3]) of a lane. Velocities may be NULL. */
void ensemble_group_put(ensemble_group *group, const ensemble_model *model, int lane,
                        const float *positions, const float *velocities);
void ensemble_group_get(const ensemble_group *group, const ensemble_model *model, int lane,
                        float *positions, float *velocities);

/* Make lane `to` the same as lane `from`. */
void ensemble_group_copy(ensemble_group *group, const ensemble_model *model, int to, int from);

#endif
