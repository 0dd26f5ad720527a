/* Terms of ddmd_system_energy(), each in float64. */
#ifndef DDMD_MOLECULE_ENERGY_H
#define DDMD_MOLECULE_ENERGY_H

#include "ddmd/system.h"

/* Each returns its energy and adds its forces ([n_atoms][3]). */
double ddmd_energy_bonds(const ddmd_system *system, const double *positions, double *forces);
double ddmd_energy_angles(const ddmd_system *system, const double *positions, double *forces);
double ddmd_energy_torsions(const ddmd_system *system, const double *positions, double *forces);
double ddmd_energy_nonbonded(const ddmd_system *system, const double *positions, double *forces);
enum ddmd_status ddmd_energy_gbsa(const ddmd_system *system, const double *positions,
                                  double *energy, double *forces, ddmd_error *err);

/* to = b - a */
static inline void ddmd_difference(const double *a, const double *b, double to[3])
{
    for (int x = 0; x < 3; x++)
        to[x] = b[x] - a[x];
}

static inline double ddmd_dot(const double a[3], const double b[3])
{
    return a[0] * b[0] + a[1] * b[1] + a[2] * b[2];
}

static inline void ddmd_cross(const double a[3], const double b[3], double to[3])
{
    to[0] = a[1] * b[2] - a[2] * b[1];
    to[1] = a[2] * b[0] - a[0] * b[2];
    to[2] = a[0] * b[1] - a[1] * b[0];
}

/* force += scale * direction */
static inline void ddmd_add_scaled(double *force, double scale, const double direction[3])
{
    for (int x = 0; x < 3; x++)
        force[x] += scale * direction[x];
}

#endif
