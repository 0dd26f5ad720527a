/* Minimisation of an energy, with or without constraints, for engines that have none of their own.
 */
#ifndef DDMD_ENGINE_LBFGS_H
#define DDMD_ENGINE_LBFGS_H

#include "ddmd/error.h"

#include <stdbool.h>
#include <stddef.h>

/*
 * What is minimised, in float64. With constraints, everything happens on the surface where they
 * hold: forces and directions lie in its tangent space, and every step ends by moving back onto it.
 */
typedef struct ddmd_lbfgs_problem {
    size_t n;         /* coordinates */
    double max_move;  /* of one coordinate in one iteration, before it is moved back; > 0 */
    const void *user; /* handed to the functions below */

    /* The energy at x ([n]); not finite where there is none. force ([n]): projected as below. */
    double (*evaluate)(const void *user, const double *x, double *force);

    /* Move x onto the constraints, seen from `from`, which meets them; false where that fails.
       NULL: there are none. */
    bool (*hold)(const void *user, const double *from, double *x);

    /* Take from v ([n]) what changes the constraints at x. NULL: there are none. */
    void (*project)(const void *user, const double *x, double *v);
} ddmd_lbfgs_problem;

/*
 * L-BFGS (Nocedal, Math. Comp. 35, 773, 1980) with a backtracking line search. x ([n]) meets the
 * constraints and is moved until the root-mean-square component of the force is below `tolerance`,
 * max_iterations (0: no bound) are done, or rounding lets the energy sink no further. NUMERIC,
 * with x as it was: the energy or the forces at x are not finite.
 */
enum ddmd_status ddmd_lbfgs_minimize(const ddmd_lbfgs_problem *problem, double *x, double tolerance,
                                     int max_iterations, ddmd_error *err);

#endif
