/* Velocities of a new simulation. */
#ifndef DDMD_ENGINE_VELOCITIES_H
#define DDMD_ENGINE_VELOCITIES_H

#include "ddmd/system.h"

/*
 * Draw velocities ([n_atoms][3], nm/ps) from the Maxwell-Boltzmann distribution at
 * temperature_kelvin; a function of (seed, simulation_id) and of positions ([n_atoms][3], nm),
 * along whose constraints nothing moves. Atoms without mass stand still.
 *
 * The distribution on the constrained space is exact: the projection is orthogonal in the metric
 * of the masses, so what it leaves of a Gaussian is a Gaussian of the same temperature.
 *
 * NUMERIC: the projection does not converge (constrained atoms in one place).
 */
enum ddmd_status ddmd_velocities_draw(const ddmd_system *system, const double *positions,
                                      double temperature_kelvin, uint64_t seed,
                                      uint32_t simulation_id, float *velocities, ddmd_error *err);

/*
 * Take from velocities ([n_atoms][3]) what changes the lengths of constraints, until the relative
 * velocity along every one is below 1e-10 of the fastest atom's speed.
 */
enum ddmd_status ddmd_velocities_project(const ddmd_system *system, const double *positions,
                                         double *velocities, ddmd_error *err);

#endif
