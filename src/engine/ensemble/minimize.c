#include "engine/ensemble/minimize.h"

#include "core/array.h"
#include "core/try.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { HISTORY = 8, MAX_HALVINGS = 40, MAX_SWEEPS = 1000 };

static const double MAX_MOVE_NM = 0.03;          /* of one coordinate in one iteration */
static const double LENGTH_TOLERANCE = 1e-10;    /* relative, of constraints */
static const double DIRECTION_TOLERANCE = 1e-12; /* relative, along constraints */

typedef struct minimizer {
    const ddmd_system *system;
    size_t n;                                /* coordinates */
    double *x, *force, *direction;           /* [n]; force is the projected one */
    double *x_new, *force_new;               /* [n] */
    double *moves[HISTORY], *turns[HISTORY]; /* [n] each: change of x and of the gradient */
    double curvature[HISTORY];               /* moves . turns */
    size_t n_kept;                           /* pairs stored so far */
    double energy;
} minimizer;

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
static bool hold_lengths(const ddmd_system *s, const double *from, double *x)
{
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
static void project(const ddmd_system *s, const double *x, double *v, size_t n)
{
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

static void find_direction(minimizer *m)
{
    size_t kept = m->n_kept < HISTORY ? m->n_kept : HISTORY;
    double weights[HISTORY];
    memcpy(m->direction, m->force, m->n * sizeof *m->force);
    for (size_t k = 0; k < kept; k++) {
        size_t h = (m->n_kept - 1 - k) % HISTORY;
        weights[h] = dot(m->moves[h], m->direction, m->n) / m->curvature[h];
        for (size_t i = 0; i < m->n; i++)
            m->direction[i] -= weights[h] * m->turns[h][i];
    }
    if (kept > 0) {
        size_t h = (m->n_kept - 1) % HISTORY;
        double scale = m->curvature[h] / dot(m->turns[h], m->turns[h], m->n);
        for (size_t i = 0; i < m->n; i++)
            m->direction[i] *= scale;
    }
    for (size_t k = kept; k-- > 0;) {
        size_t h = (m->n_kept - 1 - k) % HISTORY;
        double weight = weights[h] - dot(m->turns[h], m->direction, m->n) / m->curvature[h];
        for (size_t i = 0; i < m->n; i++)
            m->direction[i] += weight * m->moves[h][i];
    }
    project(m->system, m->x, m->direction, m->n);
}

/* Energy and projected force at x; infinite where there is none. */
static double evaluate(const minimizer *m, const double *x, double *force)
{
    ddmd_energy energy;
    if (ddmd_system_energy(m->system, x, &energy, force, NULL) != DDMD_OK)
        return INFINITY;
    for (size_t i = 0; i < m->n; i++)
        if (m->system->masses[i / 3] <= 0)
            force[i] = 0;
    project(m->system, x, force, m->n);
    return energy.total;
}

/* Go along the direction as far as the energy sinks enough; false where it does not. */
static bool search_line(minimizer *m)
{
    double largest = 0, slope = -dot(m->force, m->direction, m->n);
    for (size_t i = 0; i < m->n; i++)
        largest = fmax(largest, fabs(m->direction[i]));
    if (!(slope < 0) || !isfinite(largest))
        return false;
    double step = largest > MAX_MOVE_NM ? MAX_MOVE_NM / largest : 1;
    for (int halving = 0; halving < MAX_HALVINGS; halving++, step *= 0.5) {
        for (size_t i = 0; i < m->n; i++)
            m->x_new[i] = m->x[i] + step * m->direction[i];
        if (!hold_lengths(m->system, m->x, m->x_new))
            continue;
        double energy = evaluate(m, m->x_new, m->force_new);
        if (energy < m->energy && energy <= m->energy + 1e-4 * step * slope) {
            m->energy = energy;
            return true;
        }
    }
    return false;
}

static void take_step(minimizer *m)
{
    size_t h = m->n_kept % HISTORY;
    for (size_t i = 0; i < m->n; i++) {
        m->moves[h][i] = m->x_new[i] - m->x[i];
        m->turns[h][i] = m->force[i] - m->force_new[i];
    }
    m->curvature[h] = dot(m->moves[h], m->turns[h], m->n);
    if (m->curvature[h] > 1e-10 * dot(m->moves[h], m->moves[h], m->n))
        m->n_kept++;
    else
        m->n_kept = 0; /* the energy bends downwards here: what was learnt does not hold */
    memcpy(m->x, m->x_new, m->n * sizeof *m->x);
    memcpy(m->force, m->force_new, m->n * sizeof *m->force);
}

static void descend(minimizer *m, double tolerance, int max_iterations)
{
    for (int64_t iteration = 0; max_iterations == 0 || iteration < max_iterations; iteration++) {
        if (sqrt(dot(m->force, m->force, m->n) / (double)m->n) < tolerance)
            return;
        find_direction(m);
        if (!search_line(m)) {
            if (m->n_kept == 0)
                return;
            m->n_kept = 0; /* once more, straight down */
            continue;
        }
        take_step(m);
    }
}

enum ddmd_status ensemble_minimize(const ddmd_system *system, double *positions, double tolerance,
                                   int max_iterations, ddmd_error *err)
{
    enum ddmd_status status = DDMD_OK;
    size_t n = (size_t)system->n_atoms * 3;
    double *memory = NULL;
    DDMD_TRY(ddmd_array_alloc(&memory, (5 + 2 * HISTORY) * n, sizeof *memory, err));
    minimizer m = {.system = system, .n = n};
    double *next = memory;
    double **parts[] = {&m.x, &m.force, &m.direction, &m.x_new, &m.force_new};
    for (size_t p = 0; p < sizeof parts / sizeof *parts; p++, next += n)
        *parts[p] = next;
    for (size_t h = 0; h < HISTORY; h++, next += 2 * n) {
        m.moves[h] = next;
        m.turns[h] = next + n;
    }
    memcpy(m.x, positions, n * sizeof *positions);
    if (!hold_lengths(system, positions, m.x))
        DDMD_FAIL(err, DDMD_NUMERIC, "the constraints of %s cannot be met from these positions",
                  system->name);
    m.energy = evaluate(&m, m.x, m.force);
    if (!isfinite(m.energy) || !isfinite(dot(m.force, m.force, n)))
        DDMD_FAIL(err, DDMD_NUMERIC, "the energy of the positions is not finite");
    descend(&m, tolerance, max_iterations);
    memcpy(positions, m.x, n * sizeof *positions);
out:
    free(memory);
    return status;
}
