#include "engine/toy/minimize.h"

#include "engine/lbfgs.h"

static const double MAX_MOVE_NM = 0.05; /* of one coordinate in one iteration */

static double evaluate(const void *user, const double *x, double *force)
{
    ddmd_energy energy;
    toy_forces_compute(user, x, force, &energy);
    return energy.total;
}

enum ddmd_status toy_minimize(const toy_forces *terms, double *positions, double tolerance,
                              int max_iterations, ddmd_error *err)
{
    const ddmd_lbfgs_problem problem = {
        .n = (size_t)terms->n_atoms * 3,
        .max_move = MAX_MOVE_NM,
        .user = terms,
        .evaluate = evaluate,
    };
    return ddmd_lbfgs_minimize(&problem, positions, tolerance, max_iterations, err);
}
