/* Samples of two engines, and whether they can be of one distribution. */
#ifndef DDMD_TEST_SAMPLING_H
#define DDMD_TEST_SAMPLING_H

#include "ddmd/engine.h"
#include "ddmd/peptide.h"

#include <stddef.h>

typedef struct molecule {
    ddmd_structure *structure;
    ddmd_system *system;
    size_t n; /* coordinates */
} molecule;

/* amber99sbildn with OBC2, constrained hydrogens; skips where the files are missing. */
molecule molecule_create(const char *sequence, double hydrogen_mass_amu);
void molecule_destroy(molecule *m);

/* Skips where OpenMM, or its platform, is missing. */
void need_openmm(const char *platform);

ddmd_engine *engine_create(const char *name, const molecule *m, const ddmd_engine_options *options,
                           int n_replicas);

/* Start replicas first .. first + n - 1 from a fold of the sequence, minimised; new velocities. */
void start_from_fold(ddmd_engine *engine, const molecule *m, const char *sequence,
                     enum ddmd_peptide_fold fold, int first, int n, double temperature_kelvin);

/* Start a replica of `to` from the present frame of a replica of `from`. */
void start_from_replica(ddmd_engine *to, int replica, const molecule *m, ddmd_engine *from,
                        int source);

/* Called for each replica after each advance. */
typedef void observe_fn(void *user, int replica, const ddmd_engine_frame *frame);

/* positions: whether frames have them. */
void sample(ddmd_engine *engine, const molecule *m, int n_replicas, int n_samples,
            int steps_between, bool positions, observe_fn *observe, void *user);

/* The backbone of a capped peptide without proline: residue k is between N[k] and N[k + 1]. */
typedef struct backbone {
    size_t n_residues;
    int32_t *n, *ca, *c; /* c[0] and n[n_residues] are those of the caps */
} backbone;

backbone backbone_create(const molecule *m);
void backbone_destroy(backbone *b);
/* Degrees, -180 to 180. */
void backbone_angles(const backbone *b, const float *positions, size_t residue, double *phi,
                     double *psi);

typedef struct estimate {
    double mean, error; /* standard error */
} estimate;

/* Of n independent values, `stride` apart. */
estimate estimate_mean(const double *values, size_t n, size_t stride);

/* (a - b) in units of its standard error. */
double estimate_z(estimate a, estimate b);

/*
 * Are the rows of a ([n_a][dim]) and of b ([n_b][dim]) of one distribution? The statistic is that
 * of Hotelling, with the covariance of all rows together; where they are, it is spread about as
 * chi-square with dim degrees of freedom. Its p is found by dealing the rows to the two sides anew,
 * n_deals times, and so is exact whatever the distribution of the rows. At most 16 columns.
 */
double hotelling(const double *a, size_t n_a, const double *b, size_t n_b, size_t dim,
                 size_t n_deals, double *p);

#endif
