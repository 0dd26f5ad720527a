#ifndef DDMD_ENGINE_TOY_MINIMIZE_H
#define DDMD_ENGINE_TOY_MINIMIZE_H

#include "engine/toy/forces.h"

/*
 * L-BFGS (Nocedal, Math. Comp. 35, 773, 1980) with a backtracking line search: until the
 * root-mean-square force component is below tolerance, max_iterations (0: no bound) are done, or
 * rounding lets the energy sink no further.
 */
enum ddmd_status toy_minimize(const toy_forces *terms, double *positions, double tolerance,
                              int max_iterations, ddmd_error *err);

#endif
