/*
 * What the kernels are made of, for one instruction set (this file is compiled once for each):
 * functions in lanes, random numbers, constraints.
 */
#include "support/cmocka.h"

#include "ddmd/random.h"
#include "engine/ensemble/hct_fit.h"
#include "engine/ensemble/kernel.h"
#include "engine/ensemble/kernel_near.h"
#include "engine/ensemble/kernels.h"
#include "engine/ensemble/lanes_math.h"

#include <stdlib.h>

enum { DRAWS = 20000 };

static double uniform(ddmd_random *random, double low, double high)
{
    return low + (high - low) * ddmd_random_uniform(random);
}

static vf draw(ddmd_random *random, double low, double high)
{
    vf x;
    for (int l = 0; l < LANES; l++)
        x[l] = (float)uniform(random, low, high);
    return x;
}

static void start(ddmd_random *random, uint32_t stream)
{
    ddmd_random_init(random, 3, DDMD_RANDOM_TEST, stream, 0);
}

static void assert_close(const char *what, double x, double found, double expected, double bound)
{
    if (!(fabs(found - expected) <= bound))
        fail_msg("%s(%.9g) is %.9g, not %.9g", what, x, found, expected);
}

/* Bounds are a few units of the last place of float32, 6e-8 of the value. */
static void functions_are_those_of_the_library(void **state)
{
    (void)state;
    ddmd_random random;
    start(&random, 1);
    for (int i = 0; i < DRAWS; i++) {
        vf x = draw(&random, -125, 5), positive = draw(&random, 1e-3, 20);
        vf power = vf_exp2(x), logarithm = vf_log(positive);
        vf root = vf_rsqrt(positive), reciprocal = vf_reciprocal(positive);
        vf a = draw(&random, -2, 2), b = draw(&random, 0, 2), angle = vf_angle(b, a);
        for (int l = 0; l < LANES; l++) {
            double p = (double)positive[l], e = exp2((double)x[l]);
            assert_close("exp2", (double)x[l], (double)power[l], e, 3e-7 * e);
            assert_close("log", p, (double)logarithm[l], log(p), 2e-7 * (1 + fabs(log(p))));
            assert_close("rsqrt", p, (double)root[l], 1 / sqrt(p), 2.5e-7 / sqrt(p));
            assert_close("reciprocal", p, (double)reciprocal[l], 1 / p, 2.5e-7 / p);
            double expected = atan2((double)b[l], (double)a[l]);
            assert_close("angle", (double)a[l], (double)angle[l], expected, 4e-7);
        }
    }
    vf low = vf_exp2(vf_set(-1e30f));
    assert_true(low[0] >= 0 && low[0] < 1e-37f);
    vf straight = vf_angle(vf_set(0.0f), vf_set(0.0f));
    assert_true(isfinite(straight[0]));
}

static void sines_of_turns(void **state)
{
    (void)state;
    ddmd_random random;
    start(&random, 2);
    for (int i = 0; i < DRAWS; i++) {
        vu turns;
        for (int l = 0; l < LANES; l++)
            turns[l] = i == 0 ? (uint32_t)l << 29 : ddmd_random_u32(&random);
        vf sine, cosine;
        vf_sincos_turns(turns, &sine, &cosine);
        for (int l = 0; l < LANES; l++) {
            double angle = turns[l] * (2 * M_PI * 0x1p-32);
            assert_close("sin", angle, (double)sine[l], sin(angle), 2e-7);
            assert_close("cos", angle, (double)cosine[l], cos(angle), 2e-7);
        }
    }
}

/* The integral of Hawkins, Cramer and Truhlar as energy_gbsa.c has it. */
static double integral(double r, double rho, double s, double *slope)
{
    *slope = 0;
    if (rho >= r + s)
        return 0;
    double l = 1 / fmax(rho, fabs(r - s)), u = 1 / (r + s), l2 = l * l, u2 = u * u;
    double h = l - u + 0.25 * r * (u2 - l2) + 0.5 * log(u / l) / r + 0.25 * s * s / r * (l2 - u2);
    if (rho < s - r)
        h += 2 * (1 / rho - l);
    *slope = -0.25 * (1 + s * s / (r * r)) * (l2 - u2) - 0.5 * log(u / l) / (r * r);
    return h;
}

/* Outside, overlapping, and one inside the other; terms of 1/s that cancel to H. */
static void descreening_at_any_distance(void **state)
{
    (void)state;
    ddmd_random random;
    start(&random, 3);
    int inside = 0, engulfed = 0;
    for (int i = 0; i < DRAWS; i++) {
        float rho = (float)uniform(&random, 0.05, 0.2), s = (float)uniform(&random, 0.03, 0.25);
        vf r = draw(&random, 0.03, 0.5);
        descreening found = descreening_at(r, 1.0f / r, rho, 1 / rho, s);
        for (int l = 0; l < LANES; l++) {
            double slope, x = (double)r[l], h = integral(x, (double)rho, (double)s, &slope);
            double scale = 1 / fmax((double)rho, fabs(x - (double)s));
            inside += (double)rho >= x + (double)s;
            engulfed += (double)rho < (double)s - x;
            assert_close("H", x, (double)found.h[l], h, 1e-6 * (scale + 1 / x));
            assert_close("dH/dr/r", x, (double)found.by_r[l], slope / x,
                         2e-6 * (scale * scale + 1 / (x * x)) / x);
        }
    }
    assert_true(inside > 0 && engulfed > 0);
}

static void far_polynomials_are_the_integral(void **state)
{
    (void)state;
    double value[6], slope[6];
    ensemble_hct_fit(false, 6, value);
    ensemble_hct_fit(true, 6, slope);
    for (int size = 5; size < 20; size++)
        for (int step = 0; step < 300; step++) {
            double s = 0.01 * size, r = 2 * s * pow(1.01, step);
            double w = 1 / (r * r), t = s * s * w, h = 0, by_r = 0, d;
            for (int k = 5; k >= 0; k--) {
                h = h * t + value[k];
                by_r = by_r * t + slope[k];
            }
            h *= s * s * s * w * w;
            by_r *= -2 * s * s * s * w * w * w;
            /* the closed form loses digits where x = s/r is small: its series instead */
            double expected = 0, expected_slope = 0, power = s * s * s * w * w;
            for (int k = 0; k < 60; k++, power *= t) {
                expected += power * (2 * k + 2) / (2 * k + 3);
                expected_slope -= 2 * power * w * (k + 2) * (2 * k + 2) / (2 * k + 3);
            }
            assert_close("far H", r, h, expected, 5e-7 * expected);
            assert_close("far dH/dr/r", r, by_r, expected_slope, 2e-6 * fabs(expected_slope));
            if (r < 4 * s) {
                assert_close("H", r, expected, integral(r, 0.4 * r, s, &d), 1e-9 * expected);
                assert_close("dH/dr/r", r, expected_slope, d / r, 1e-9 * fabs(expected_slope));
            }
        }
}

/* Each lane's numbers are those of ddmd_philox4x32() with its own counter, by Box and Muller. */
static void normals_are_those_of_each_lane(void **state)
{
    (void)state;
    const ensemble_model model = {.key = {0x12345678u, 0x9abcdef0u}};
    ensemble_group group = {0};
    double sum = 0, square = 0, fourth = 0;
    int n = 0;
    for (int l = 0; l < LANES; l++) {
        group.simulation_id[l] = 100u + (uint32_t)l * 7u;
        group.step[l] = 0x123456789abULL * (uint64_t)(l + 1) & 0xffffffffffffffULL;
    }
    for (uint32_t block = 0; block < 3000; block++) {
        vf normals[4];
        kernel_normals(&model, &group, block, normals);
        for (int l = 0; l < LANES; l++) {
            const uint32_t counter[4] = {block, (uint32_t)group.step[l], group.simulation_id[l],
                                         (uint32_t)DDMD_RANDOM_LANGEVIN << 24 |
                                             ((uint32_t)(group.step[l] >> 32) & 0xFFFFFFu)};
            uint32_t words[4];
            ddmd_philox4x32(counter, model.key, words);
            for (int k = 0; k < 4; k++) {
                double radius = sqrt(-2 * log((words[k & 2] + 0.5) * 0x1p-32));
                double angle = words[(k & 2) + 1] * (2 * M_PI * 0x1p-32);
                double expected = radius * (k % 2 ? sin(angle) : cos(angle));
                double x = (double)normals[k][l];
                /* near uniform = 1 the radius is the root of what float32 rounds */
                assert_close("normal", block, x, expected, 4e-6 + 2e-7 / fmax(radius, 1e-3));
                sum += x;
                square += x * x;
                fourth += x * x * x * x;
                n++;
            }
        }
    }
    assert_true(fabs(sum / n) < 4 / sqrt(n));
    assert_true(fabs(square / n - 1) < 4 * sqrt(2.0 / n));
    assert_true(fabs(fourth / n - 3) < 4 * sqrt(96.0 / n));
}

static void random_stars(ddmd_random *random, ensemble_star *stars, int n_stars)
{
    for (int s = 0; s < n_stars; s++) {
        stars[s] = (ensemble_star){.n_leaves = s % 3 + 1,
                                   .center = 4 * s,
                                   .inverse_center = (float)(1 / uniform(random, 10, 16))};
        for (int k = 0; k < stars[s].n_leaves; k++) {
            stars[s].leaves[k] = 4 * s + 1 + k;
            stars[s].inverse_leaf[k] = (float)(1 / uniform(random, 1, 4));
            stars[s].length2[k] = (float)pow(uniform(random, 0.096, 0.11), 2);
        }
    }
}

/* r^2 of j from i; *along: r dr/dt. */
static double bond2(const float *x, const float *v, int i, int j, int lane, double *along)
{
    double r2 = 0;
    *along = 0;
    for (int k = 0; k < 3; k++) {
        size_t a = ((size_t)i * 3 + (size_t)k) * LANES + (size_t)lane;
        size_t b = ((size_t)j * 3 + (size_t)k) * LANES + (size_t)lane;
        double d = (double)x[b] - (double)x[a];
        r2 += d * d;
        *along += d * ((double)v[b] - (double)v[a]);
    }
    return r2;
}

/* Leaves on three axes, so that no two bonds are parallel, and moves as of 2 fs at 300 K. */
static void stars_keep_lengths_and_momentum(void **state)
{
    (void)state;
    enum { STARS = 9, ATOMS = 4 * STARS };
    ddmd_random random;
    start(&random, 5);
    ddmd_error err = {0};
    ensemble_star stars[STARS];
    random_stars(&random, stars, STARS);
    const ensemble_model model = {
        .n_atoms = ATOMS, .n_padded = ATOMS, .n_stars = STARS, .stars = stars, .inverse_dt = 500};
    ensemble_group *g = NULL;
    ASSERT_OK(ensemble_group_create(&model, LANES, &g, &err), &err);
    for (int i = 0; i < ATOMS; i++)
        for (int k = 0; k < 3; k++)
            for (int l = 0; l < LANES; l++) {
                size_t at = ((size_t)i * 3 + (size_t)k) * LANES + (size_t)l;
                int leaf = i % 4 - 1;
                bool on_axis = leaf == k && leaf < stars[i / 4].n_leaves;
                float arm = on_axis ? sqrtf(stars[i / 4].length2[leaf]) : 0;
                int star = i / 4;
                g->x[at] = 0.2f * (float)star + arm;
                g->v[at] = (float)uniform(&random, -3, 3);
                g->x_next[at] = g->x[at] + 0.002f * g->v[at];
            }
    kernel_project(&model, g, g->v);
    double along;
    for (int s = 0; s < STARS; s++)
        for (int k = 0; k < stars[s].n_leaves; k++)
            for (int l = 0; l < LANES; l++) {
                bond2(g->x, g->v, stars[s].center, stars[s].leaves[k], l, &along);
                assert_true(fabs(along) < 2e-6); /* of 0.1 nm times 5 nm/ps in float32 */
            }

    double before[3] = {0}, after[3] = {0};
    for (int pass = 0; pass < 2; pass++) {
        for (int s = 0; s < STARS; s++)
            for (int k = 0; k < 3; k++) {
                double *to = pass ? &after[k] : &before[k];
                *to += (double)g->v[((size_t)stars[s].center * 3 + (size_t)k) * LANES] /
                       (double)stars[s].inverse_center;
                for (int leaf = 0; leaf < stars[s].n_leaves; leaf++)
                    *to += (double)g->v[((size_t)stars[s].leaves[leaf] * 3 + (size_t)k) * LANES] /
                           (double)stars[s].inverse_leaf[leaf];
            }
        if (pass == 0)
            kernel_shake(&model, g);
    }
    for (int k = 0; k < 3; k++)
        assert_true(fabs(after[k] - before[k]) < 1e-3); /* of up to 500, in float32 */
    for (int s = 0; s < STARS; s++)
        for (int k = 0; k < stars[s].n_leaves; k++)
            for (int l = 0; l < LANES; l++) {
                double r2 = bond2(g->x_next, g->v, stars[s].center, stars[s].leaves[k], l, &along);
                double length2 = (double)stars[s].length2[k];
                /* coordinates up to 2 nm are rounded to 1.2e-7: that over 0.1 nm, twice */
                if (!(fabs(r2 / length2 - 1) < 5e-6))
                    fail_msg("star %d, leaf %d: length %g of %g", s, k, sqrt(r2), sqrt(length2));
            }
    ensemble_group_destroy(&g);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(functions_are_those_of_the_library),
        cmocka_unit_test(sines_of_turns),
        cmocka_unit_test(descreening_at_any_distance),
        cmocka_unit_test(far_polynomials_are_the_integral),
        cmocka_unit_test(normals_are_those_of_each_lane),
        cmocka_unit_test(stars_keep_lengths_and_momentum),
    };
#define TEXT_OF(name) #name
#define TEXT(name) TEXT_OF(name)
    if (!ensemble_kernels_find(TEXT(DDMD_TEST_ISA))) {
        print_message("[ SKIPPED  ] this processor does not have %s\n", TEXT(DDMD_TEST_ISA));
        return 0;
    }
    return cmocka_run_group_tests(tests, NULL, NULL);
}
