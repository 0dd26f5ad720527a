#include "engine/ensemble/minimize.h"

#include "core/array.h"
#include "core/try.h"
#include "engine/lbfgs.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_SWEEPS = 1000 };

static const double MAX_MOVE_NM = 0.03;          /* of one coordinate in one iteration */
static const double LENGTH_TOLERANCE = 1e-10;    /* relative, of constraints */
static const double DIRECTION_TOLERANCE = 1e-12; /* relative, along constraints */

static double dot(const double *a, const double *b, size_t n)
{
    double sum = 0;
    for (size_t i = 0; i < n; i++)
        sum += a[i] * b[i];
    return sum;
}

static void bond_of(const ddmd_constraint *c, const double *x, double bond[3])
{
    for (int k = 0; k < 3; k++)
        bond[k] = x[3 * (size_t)c->j + (size_t)k] - x[3 * (size_t)c->i + (size_t)k];
}

/* Move x onto the constraints, along their directions at `from`; false where that fails. */
static bool hold_lengths(const void *user, const double *from, double *x)
{
    const ddmd_system *s = user;
    for (int sweep = 0; sweep < MAX_SWEEPS; sweep++) {
        double worst = 0;
        for (int32_t c = 0; c < s->n_constraints; c++) {
            const ddmd_constraint *constraint = &s->constraints[c];
            double along[3], bond[3], length2 = constraint->length_nm * constraint->length_nm;
            bond_of(constraint, from, along);
            bond_of(constraint, x, bond);
            double excess = dot(bond, bond, 3) - length2, across = dot(bond, along, 3);
            if (!(across > 0.01 * length2) || !isfinite(excess))
                return false;
            double scale = 0.25 * excess / across;
            for (int k = 0; k < 3; k++) {
                x[3 * (size_t)constraint->i + (size_t)k] += scale * along[k];
                x[3 * (size_t)constraint->j + (size_t)k] -= scale * along[k];
            }
            worst = fmax(worst, fabs(excess) / length2);
        }
        if (worst <= 2 * LENGTH_TOLERANCE)
            return true;
    }
    return false;
}

/* Take from v what lies along the constraints at x. */
static void project(const void *user, const double *x, double *v)
{
    const ddmd_system *s = user;
    size_t n = (size_t)s->n_atoms * 3;
    double largest = sqrt(dot(v, v, n));
    for (int sweep = 0; sweep < MAX_SWEEPS; sweep++) {
        double worst = 0;
        for (int32_t c = 0; c < s->n_constraints; c++) {
            const ddmd_constraint *constraint = &s->constraints[c];
            double bond[3], speed[3];
            bond_of(constraint, x, bond);
            bond_of(constraint, v, speed);
            double length2 = dot(bond, bond, 3), along = dot(bond, speed, 3);
            double scale = 0.5 * along / length2;
            for (int k = 0; k < 3; k++) {
                v[3 * (size_t)constraint->i + (size_t)k] += scale * bond[k];
                v[3 * (size_t)constraint->j + (size_t)k] -= scale * bond[k];
            }
            worst = fmax(worst, fabs(along) / sqrt(length2));
        }
        if (!(worst > DIRECTION_TOLERANCE * largest))
            return;
    }
}

/* Energy and projected force at x; infinite where there is none. */
static double evaluate(const void *user, const double *x, double *force)
{
    const ddmd_system *s = user;
    ddmd_energy energy;
    if (ddmd_system_energy(s, x, &energy, force, NULL) != DDMD_OK)
        return INFINITY;
    for (size_t i = 0; i < (size_t)s->n_atoms * 3; i++)
        if (s->masses[i / 3] <= 0)
            force[i] = 0;
    project(s, x, force);
    return energy.total;
}

enum ddmd_status ensemble_minimize(const ddmd_system *system, double *positions, double tolerance,
                                   int max_iterations, ddmd_error *err)
{
    enum ddmd_status status = DDMD_OK;
    size_t n = (size_t)system->n_atoms * 3;
    double *x = NULL;
    const ddmd_lbfgs_problem problem = {
        .n = n,
        .max_move = MAX_MOVE_NM,
        .user = system,
        .evaluate = evaluate,
        .hold = hold_lengths,
        .project = project,
    };
    DDMD_TRY(ddmd_array_copy(&x, positions, n, sizeof *x, err));
    if (!hold_lengths(system, positions, x))
        DDMD_FAIL(err, DDMD_NUMERIC, "the constraints of %s cannot be met from these positions",
                  system->name);
    DDMD_TRY(ddmd_lbfgs_minimize(&problem, x, tolerance, max_iterations, err));
    memcpy(positions, x, n * sizeof *positions);
out:
    free(x);
    return status;
}
