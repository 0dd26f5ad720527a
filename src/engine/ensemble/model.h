/*
 * A system as the kernels want it: constants in float32, in the order in which loops meet them.
 * Shared by all groups of an engine and never changed.
 *
 * Pairs are met in columns: atoms in blocks of ENSEMBLE_BLOCK; for each block, one column for each
 * later atom j, in which j meets every atom of the block that stands before it.
 */
#ifndef DDMD_ENSEMBLE_MODEL_H
#define DDMD_ENSEMBLE_MODEL_H

#include "ddmd/engine.h"

enum {
    ENSEMBLE_BLOCK = 4,
    ENSEMBLE_LEAVES = 3,    /* hydrogens on one heavy atom */
    ENSEMBLE_HCT_TERMS = 6, /* of the polynomials below */
    ENSEMBLE_MAX_PERIODICITY = 12
};

/* One column; slots of atoms that do not stand before j are 0. */
typedef struct ensemble_column {
    float nearest2;               /* the largest of near2 */
    float near2[ENSEMBLE_BLOCK];  /* below this r^2: the whole formula of HCT */
    float c12[ENSEMBLE_BLOCK];    /* 12 4 eps sigma^12 */
    float c6[ENSEMBLE_BLOCK];     /* 6 4 eps sigma^6 */
    float charge[ENSEMBLE_BLOCK]; /* K q q, kJ nm/mol */
    float gb[ENSEMBLE_BLOCK];     /* -K (1/eps_in - 1/eps_out) q q */
} ensemble_column;

/*
 * The descreening of others by one atom, where it is far: H = w^2 value(w), and dH/dr / r =
 * w^3 slope(w), w = 1/r^2. Constant term first.
 */
typedef struct ensemble_hct {
    float value[ENSEMBLE_HCT_TERMS];
    float slope[ENSEMBLE_HCT_TERMS];
    float rho, inverse_rho; /* reduced radius, nm */
    float scaled;           /* radius as a descreening sphere, nm */
} ensemble_hct;

typedef struct ensemble_gb_atom {
    float half_rho;
    float base, height; /* 1/B = base + height (1 - tanh) */
    float chain;        /* rho / radius */
    float self;         /* -K/2 (1/eps_in - 1/eps_out) q^2 */
    float surface;      /* 4 pi gamma_s (radius + probe)^2 radius^6 */
} ensemble_gb_atom;

typedef struct ensemble_bond {
    int32_t i, j;
    float length, k;
} ensemble_bond;

typedef struct ensemble_angle {
    int32_t i, j, k;
    float theta, force_constant;
} ensemble_angle;

/* One dihedral angle: the sum over its n_waves, n = 1, 2 ..., of cosine cos(n phi) + sine ... */
typedef struct ensemble_torsion {
    int32_t i, j, k, l;
    int32_t n_waves, first; /* of `waves` */
    float constant;
} ensemble_torsion;

typedef struct ensemble_wave {
    float cosine, sine;
} ensemble_wave;

/* An exception where pairs are not met in columns. */
typedef struct ensemble_pair {
    int32_t i, j;
    float c12, c6, charge; /* as in columns */
} ensemble_pair;

/* A heavy atom and the hydrogens at fixed distances from it. */
typedef struct ensemble_star {
    int32_t n_leaves;
    int32_t center, leaves[ENSEMBLE_LEAVES];
    float length2[ENSEMBLE_LEAVES];
    float inverse_center, inverse_leaf[ENSEMBLE_LEAVES]; /* 1/mass */
} ensemble_star;

typedef struct ensemble_atom {
    float kick;  /* dt/m, 0 without mass */
    float drift; /* dt/2, 0 without mass */
    float noise; /* sqrt((1 - a^2) / m) */
    float mass;
} ensemble_atom;

typedef struct ensemble_model {
    const ddmd_system *system;
    int32_t n_atoms, n_padded; /* padded to whole blocks */
    bool has_columns, has_gbsa;
    bool thermostat; /* false: NVE */
    int gb_interval; /* generalized Born forces act at every so many steps; 1 without them */
    float damping;   /* a = exp(-friction dt) */
    float inverse_dt;
    float gb_alpha, gb_beta, gb_gamma;
    uint32_t key[2]; /* of Philox: the seed */

    ensemble_atom *atoms;     /* [n_padded] */
    ensemble_hct *hct;        /* [n_padded] */
    ensemble_gb_atom *gb;     /* [n_padded] */
    ensemble_column *columns; /* for each block, for each j > its first atom */
    int32_t n_bonds, n_angles, n_torsions, n_waves, n_pairs, n_stars;
    ensemble_bond *bonds;
    ensemble_angle *angles;
    ensemble_torsion *torsions;
    ensemble_wave *waves;
    ensemble_pair *pairs;
    ensemble_star *stars;
} ensemble_model;

/* UNSUPPORTED: the system needs what the kernels do not have. */
enum ddmd_status ensemble_model_create(const ddmd_system *system,
                                       const ddmd_engine_options *options, ensemble_model **model,
                                       ddmd_error *err);
void ensemble_model_destroy(ensemble_model **model);

/*
 * How many times over the generalized Born forces of a step lack half a kick in its velocities, to
 * be those of the time of its positions. An impulse stands for the gb_interval steps around it: j
 * steps after it (from 1 to gb_interval), j - gb_interval / 2 are lacking.
 */
static inline int ensemble_model_gb_lacking(const ensemble_model *model, uint64_t step)
{
    int since = (int)(step % (uint64_t)model->gb_interval);
    return 2 * (since ? since : model->gb_interval) - model->gb_interval;
}

/* Parts of ensemble_model_create(). */
enum ddmd_status ensemble_model_add_pairs(ensemble_model *model, ddmd_error *err);
enum ddmd_status ensemble_model_add_bonded(ensemble_model *model, ddmd_error *err);
enum ddmd_status ensemble_model_add_stars(ensemble_model *model, ddmd_error *err);

#endif
