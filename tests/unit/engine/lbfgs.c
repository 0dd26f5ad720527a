/* Minima that are known, with and without constraints. */
#include "engine/lbfgs.h"
#include "support/cmocka.h"

#include <math.h>
#include <stdbool.h>
#include <string.h>

enum { N = 12 };

/* Rosenbrock's function of pairs of coordinates, minimal where all are 1. */
static double rosenbrock(const void *user, const double *x, double *force)
{
    (void)user;
    double sum = 0;
    for (int i = 0; i < N; i += 2) {
        double a = 1 - x[i], b = x[i + 1] - x[i] * x[i];
        sum += a * a + 100 * b * b;
        force[i] = 2 * a + 400 * b * x[i];
        force[i + 1] = -200 * b;
    }
    return sum;
}

static void a_curved_valley_is_followed_to_its_end(void **state)
{
    (void)state;
    ddmd_error err = {0};
    double x[N];
    for (int i = 0; i < N; i++)
        x[i] = i % 2 ? 1 : -1.2;
    const ddmd_lbfgs_problem problem = {.n = N, .max_move = 0.5, .evaluate = rosenbrock};
    ASSERT_OK(ddmd_lbfgs_minimize(&problem, x, 1e-9, 0, &err), &err);
    /* The smallest curvature there is 0.4: a force of 1e-9 is an error of 2.5e-9, times sqrt(N). */
    for (int i = 0; i < N; i++)
        assert_true(fabs(x[i] - 1) < 1e-8);
}

/* A linear energy, which has a minimum on a sphere only: against `user` ([3]). */
static double slope(const void *user, const double *x, double *force)
{
    const double *g = user;
    double sum = 0, along = 0;
    for (int k = 0; k < 3; k++) {
        sum += g[k] * x[k];
        along += g[k] * x[k];
    }
    for (int k = 0; k < 3; k++)
        force[k] = -g[k] + along * x[k];
    return sum;
}

static bool onto_sphere(const void *user, const double *from, double *x)
{
    (void)user, (void)from;
    double length = sqrt(x[0] * x[0] + x[1] * x[1] + x[2] * x[2]);
    for (int k = 0; k < 3; k++)
        x[k] /= length;
    return true;
}

static void along_sphere(const void *user, const double *x, double *v)
{
    (void)user;
    double along = x[0] * v[0] + x[1] * v[1] + x[2] * v[2];
    for (int k = 0; k < 3; k++)
        v[k] -= along * x[k];
}

static void constraints_hold_on_the_way_and_at_the_end(void **state)
{
    (void)state;
    ddmd_error err = {0};
    static const double g[3] = {2, -1, 2}; /* of length 3 */
    double x[3] = {0.6, 0, 0.8};
    const ddmd_lbfgs_problem problem = {.n = 3,
                                        .max_move = 0.1,
                                        .user = g,
                                        .evaluate = slope,
                                        .hold = onto_sphere,
                                        .project = along_sphere};
    ASSERT_OK(ddmd_lbfgs_minimize(&problem, x, 1e-9, 0, &err), &err);
    for (int k = 0; k < 3; k++)
        assert_true(fabs(x[k] + g[k] / 3) < 1e-8);
}

static bool refuse(const void *user, const double *from, double *x)
{
    (void)user, (void)from, (void)x;
    return false;
}

static void it_stops_where_told(void **state)
{
    (void)state;
    ddmd_error err = {0};
    double x[N] = {0}, before[N] = {0};
    ddmd_lbfgs_problem problem = {.n = N, .max_move = 0.01, .evaluate = rosenbrock};
    ASSERT_OK(ddmd_lbfgs_minimize(&problem, x, 1e-9, 3, &err), &err);
    for (int i = 0; i < N; i++)
        assert_true(fabs(x[i]) <= 0.03 + 1e-12); /* three moves of at most 0.01 */
    assert_true(x[0] > 0);

    memcpy(before, x, sizeof x);
    ASSERT_OK(ddmd_lbfgs_minimize(&problem, x, 1e9, 0, &err), &err); /* steep, but not so steep */
    assert_memory_equal(x, before, sizeof x);
    problem.hold = refuse;
    ASSERT_OK(ddmd_lbfgs_minimize(&problem, x, 1e-9, 0, &err), &err); /* no way to go */
    assert_memory_equal(x, before, sizeof x);
}

/* NaN beyond 0.5; the start itself may be there. */
static double cliff(const void *user, const double *x, double *force)
{
    double energy = rosenbrock(user, x, force);
    return x[0] > 0.5 ? NAN : energy;
}

static void energies_that_are_none_are_avoided(void **state)
{
    (void)state;
    ddmd_error err = {0};
    double x[N] = {0}, before[N];
    const ddmd_lbfgs_problem problem = {.n = N, .max_move = 0.3, .evaluate = cliff};
    ASSERT_OK(ddmd_lbfgs_minimize(&problem, x, 1e-9, 1000, &err), &err);
    assert_true(x[0] > 0.4 && x[0] <= 0.5);
    x[0] = 0.6;
    memcpy(before, x, sizeof x);
    assert_int_equal(ddmd_lbfgs_minimize(&problem, x, 1e-9, 0, &err), DDMD_NUMERIC);
    assert_memory_equal(x, before, sizeof x);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_curved_valley_is_followed_to_its_end),
        cmocka_unit_test(constraints_hold_on_the_way_and_at_the_end),
        cmocka_unit_test(it_stops_where_told),
        cmocka_unit_test(energies_that_are_none_are_avoided),
    };
    return cmocka_run_group_tests_name("lbfgs", tests, NULL, NULL);
}
