/* Energy and forces of bonded terms, in float64. */
#ifndef DDMD_ENGINE_TOY_FORCES_H
#define DDMD_ENGINE_TOY_FORCES_H

#include "ddmd/system.h"

typedef struct toy_bond {
    int32_t i, j; /* of the first coordinate: 3 atom */
    double length, k;
} toy_bond;

typedef struct toy_angle {
    int32_t i, j, k;
    double theta, force_constant;
} toy_angle;

/* force_constant (1 + cos(periodicity phi - phase)) */
typedef struct toy_wave {
    int32_t periodicity;
    double force_constant, cos_phase, sin_phase;
} toy_wave;

/* One dihedral angle and the n_waves that act on it, which follow each other in `waves`. */
typedef struct toy_torsion {
    int32_t i, j, k, l;
    int32_t n_waves;
} toy_torsion;

/* 4 eps [(sigma/r)^12 - (sigma/r)^6] + charge / r */
typedef struct toy_pair {
    int32_t i, j;
    double sigma2, epsilon, charge;
} toy_pair;

/* The terms of a system that act, as the loops want them. */
typedef struct toy_forces {
    int32_t n_atoms, n_bonds, n_angles, n_torsions, n_pairs;
    toy_bond *bonds;
    toy_angle *angles;
    toy_torsion *torsions;
    toy_wave *waves; /* in the order of the torsions */
    toy_pair *pairs;
} toy_forces;

enum ddmd_status toy_forces_create(const ddmd_system *system, toy_forces *forces, ddmd_error *err);
void toy_forces_clear(toy_forces *forces);

/* Fill forces ([n_atoms][3]); energy by term where it is not NULL. */
void toy_forces_compute(const toy_forces *terms, const double *positions, double *forces,
                        ddmd_energy *energy);

#endif
