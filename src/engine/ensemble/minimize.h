#ifndef DDMD_ENSEMBLE_MINIMIZE_H
#define DDMD_ENSEMBLE_MINIMIZE_H

#include "ddmd/system.h"

/*
 * As ddmd_lbfgs_minimize() (engine/lbfgs.h), on the surface where the constraints hold, onto which
 * the positions are moved first. NUMERIC: the energy is not finite, or the constraints cannot be
 * met; the positions are then as they were.
 */
enum ddmd_status ensemble_minimize(const ddmd_system *system, double *positions, double tolerance,
                                   int max_iterations, ddmd_error *err);

#endif
