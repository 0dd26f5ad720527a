/* The kernels of one instruction set, and which there are. */
#ifndef DDMD_ENSEMBLE_KERNELS_H
#define DDMD_ENSEMBLE_KERNELS_H

#include "engine/ensemble/group.h"

typedef struct ensemble_kernels {
    const char *name; /* avx512, avx2, neon, plain */
    int lanes;

    /* Move every lane of a group on by n_steps. */
    void (*advance)(const ensemble_model *model, ensemble_group *group, int64_t n_steps);

    /*
     * Put forces into group->f. Potential and kinetic energies ([lanes], kJ/mol); the kinetic
     * energy is that of velocities that respect the constraints, under NVE brought to the time of
     * the positions.
     */
    void (*evaluate)(const ensemble_model *model, ensemble_group *group, double *potential,
                     double *kinetic);
} ensemble_kernels;

/*
 * The widest that this processor runs, or what the environment variable DDMD_ISA (avx512, avx2,
 * neon, plain) asks for. UNSUPPORTED: it asks for what is not there.
 */
enum ddmd_status ensemble_kernels_choose(const ensemble_kernels **kernels, ddmd_error *err);

/* By name; NULL where this build or this processor does not have it. */
const ensemble_kernels *ensemble_kernels_find(const char *name);

#endif
