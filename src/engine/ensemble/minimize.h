#ifndef DDMD_ENSEMBLE_MINIMIZE_H
#define DDMD_ENSEMBLE_MINIMIZE_H

#include "ddmd/system.h"

/*
 * L-BFGS (Nocedal, Math. Comp. 35, 773, 1980) in float64 on the surface where the constraints
 * hold: gradients and directions lie in its tangent space, and every step ends by moving back onto
 * it. Until the root-mean-square component of what the constraints leave of the force is below
 * tolerance, max_iterations (0: no bound) are done, or rounding lets the energy sink no further.
 * NUMERIC: the energy is not finite, or the constraints cannot be met.
 */
enum ddmd_status ensemble_minimize(const ddmd_system *system, double *positions, double tolerance,
                                   int max_iterations, ddmd_error *err);

#endif
