#ifndef DDMD_ENGINE_TOY_MINIMIZE_H
#define DDMD_ENGINE_TOY_MINIMIZE_H

#include "engine/toy/forces.h"

/* As ddmd_lbfgs_minimize() (engine/lbfgs.h), of the energy of these terms. */
enum ddmd_status toy_minimize(const toy_forces *terms, double *positions, double tolerance,
                              int max_iterations, ddmd_error *err);

#endif
