#include "engine/lbfgs.h"

#include "core/array.h"
#include "core/try.h"

#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

enum { HISTORY = 8, MAX_HALVINGS = 40 };

typedef struct minimizer {
    const ddmd_lbfgs_problem *problem;
    size_t n;                                /* coordinates */
    double *x, *force, *direction;           /* [n] */
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
    if (m->problem->project)
        m->problem->project(m->problem->user, m->x, m->direction);
}

/* Go along the direction as far as the energy sinks enough; false where it does not. */
static bool search_line(minimizer *m)
{
    const ddmd_lbfgs_problem *p = m->problem;
    double largest = 0, slope = -dot(m->force, m->direction, m->n);
    for (size_t i = 0; i < m->n; i++)
        largest = fmax(largest, fabs(m->direction[i]));
    if (!(slope < 0) || !isfinite(largest))
        return false;
    double step = largest > p->max_move ? p->max_move / largest : 1;
    for (int halving = 0; halving < MAX_HALVINGS; halving++, step *= 0.5) {
        for (size_t i = 0; i < m->n; i++)
            m->x_new[i] = m->x[i] + step * m->direction[i];
        if (p->hold && !p->hold(p->user, m->x, m->x_new))
            continue;
        double energy = p->evaluate(p->user, m->x_new, m->force_new);
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

enum ddmd_status ddmd_lbfgs_minimize(const ddmd_lbfgs_problem *problem, double *x, double tolerance,
                                     int max_iterations, ddmd_error *err)
{
    enum ddmd_status status = DDMD_OK;
    size_t n = problem->n;
    double *memory = NULL;
    minimizer m = {.problem = problem, .n = n, .x = x};
    DDMD_TRY(ddmd_array_alloc(&memory, (4 + 2 * HISTORY) * n, sizeof *memory, err));
    double *next = memory;
    double **parts[] = {&m.force, &m.direction, &m.x_new, &m.force_new};
    for (size_t p = 0; p < sizeof parts / sizeof *parts; p++, next += n)
        *parts[p] = next;
    for (size_t h = 0; h < HISTORY; h++, next += 2 * n) {
        m.moves[h] = next;
        m.turns[h] = next + n;
    }
    m.energy = problem->evaluate(problem->user, x, m.force);
    if (!isfinite(m.energy) || !isfinite(dot(m.force, m.force, n)))
        DDMD_FAIL(err, DDMD_NUMERIC, "the energy of the positions is not finite");
    descend(&m, tolerance, max_iterations);
out:
    free(memory);
    return status;
}
