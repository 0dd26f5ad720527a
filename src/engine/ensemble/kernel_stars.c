/*
 * Constraints: a heavy atom with up to three hydrogens, solved together. Kraeutler, van Gunsteren,
 * Huenenberger, J. Comput. Chem. 22, 501 (2001).
 */
#include "engine/ensemble/kernel.h"

enum { N = ENSEMBLE_LEAVES, SWEEPS = 4 };

/* The matrix of how impulses along the bonds act on each other, inverted. */
typedef struct star_matrix {
    vf inverse[N][N];
} star_matrix;

LANES_INLINE void load_bonds(const float *array, const ensemble_star *star, const int n,
                             vf bonds[N][3])
{
    vf center[3], leaf[3];
    kernel_get(array, star->center, center);
#pragma GCC unroll 3
    for (int k = 0; k < n; k++) {
        kernel_get(array, star->leaves[k], leaf);
        kernel_difference(center, leaf, bonds[k]);
    }
}

LANES_INLINE void find_matrix(const ensemble_star *star, const int n, vf d[N][3], star_matrix *m)
{
    vf a[N][N];
#pragma GCC unroll 3
    for (int k = 0; k < n; k++)
#pragma GCC unroll 3
        for (int l = 0; l <= k; l++) {
            float share = star->inverse_center + (k == l ? star->inverse_leaf[k] : 0);
            a[k][l] = a[l][k] = share * kernel_dot(d[k], d[l]);
        }
    if (n == 1) {
        m->inverse[0][0] = 1.0f / a[0][0];
    } else if (n == 2) {
        vf scale = 1.0f / vf_fms(a[0][0], a[1][1], a[0][1] * a[0][1]);
        m->inverse[0][0] = scale * a[1][1];
        m->inverse[1][1] = scale * a[0][0];
        m->inverse[0][1] = m->inverse[1][0] = -scale * a[0][1];
    } else {
        vf c00 = vf_fms(a[1][1], a[2][2], a[1][2] * a[1][2]);
        vf c01 = vf_fms(a[0][2], a[1][2], a[0][1] * a[2][2]);
        vf c02 = vf_fms(a[0][1], a[1][2], a[0][2] * a[1][1]);
        vf scale = 1.0f / vf_fma(a[0][0], c00, vf_fma(a[0][1], c01, a[0][2] * c02));
        m->inverse[0][0] = scale * c00;
        m->inverse[0][1] = m->inverse[1][0] = scale * c01;
        m->inverse[0][2] = m->inverse[2][0] = scale * c02;
        m->inverse[1][1] = scale * vf_fms(a[0][0], a[2][2], a[0][2] * a[0][2]);
        m->inverse[1][2] = m->inverse[2][1] = scale * vf_fms(a[0][1], a[0][2], a[0][0] * a[1][2]);
        m->inverse[2][2] = scale * vf_fms(a[0][0], a[1][1], a[0][1] * a[0][1]);
    }
}

LANES_INLINE vf solve(const star_matrix *m, const int n, int row, const vf right[N])
{
    vf sum = m->inverse[row][0] * right[0];
#pragma GCC unroll 3
    for (int l = 1; l < n; l++)
        sum = vf_fma(m->inverse[row][l], right[l], sum);
    return sum;
}

/* sum over leaves of impulse times bond */
LANES_INLINE void recoil(const int n, const vf impulses[N], vf d[N][3], vf to[3])
{
    for (int x = 0; x < 3; x++) {
        to[x] = impulses[0] * d[0][x];
#pragma GCC unroll 3
        for (int k = 1; k < n; k++)
            to[x] = vf_fma(impulses[k], d[k][x], to[x]);
    }
}

/* Add what the impulses do to positions or velocities. */
LANES_INLINE void give(float *array, const ensemble_star *star, const int n, const vf impulses[N],
                       vf d[N][3], const vf sum[3], float scale)
{
    kernel_add(array, star->center, vf_set(scale * star->inverse_center), sum);
#pragma GCC unroll 3
    for (int k = 0; k < n; k++)
        kernel_add(array, star->leaves[k], -scale * star->inverse_leaf[k] * impulses[k], d[k]);
}

LANES_INLINE void project_star(ensemble_group *g, const ensemble_star *star, const int n,
                               float *velocities)
{
    star_matrix m;
    vf d[N][3], speeds[N][3], right[N], impulses[N], sum[3];
    load_bonds(g->x, star, n, d);
    load_bonds(velocities, star, n, speeds);
    find_matrix(star, n, d, &m);
#pragma GCC unroll 3
    for (int k = 0; k < n; k++)
        right[k] = kernel_dot(d[k], speeds[k]);
#pragma GCC unroll 3
    for (int k = 0; k < n; k++)
        impulses[k] = solve(&m, n, k, right);
    recoil(n, impulses, d, sum);
    give(velocities, star, n, impulses, d, sum, 1.0f);
}

LANES_INLINE void shake_star(const ensemble_model *model, ensemble_group *g,
                             const ensemble_star *star, const int n)
{
    star_matrix m;
    vf d[N][3], moved[N][3], right[N], impulses[N], sum[3];
    load_bonds(g->x, star, n, d);
    load_bonds(g->x_next, star, n, moved);
    find_matrix(star, n, d, &m);
#pragma GCC unroll 3
    for (int k = 0; k < n; k++)
        impulses[k] = vf_set(0.0f);
    for (int x = 0; x < 3; x++)
        sum[x] = vf_set(0.0f);
    for (int sweep = 0; sweep < SWEEPS; sweep++) {
#pragma GCC unroll 3
        for (int k = 0; k < n; k++) {
            vf bond[3];
            for (int x = 0; x < 3; x++) {
                vf change = vf_fma(vf_set(star->inverse_center), sum[x],
                                   star->inverse_leaf[k] * impulses[k] * d[k][x]);
                bond[x] = moved[k][x] - change;
            }
            right[k] = 0.5f * (kernel_dot(bond, bond) - star->length2[k]);
        }
#pragma GCC unroll 3
        for (int k = 0; k < n; k++)
            impulses[k] += solve(&m, n, k, right);
        recoil(n, impulses, d, sum);
    }
    give(g->x_next, star, n, impulses, d, sum, 1.0f);
    give(g->v, star, n, impulses, d, sum, model->inverse_dt);
}

void kernel_project(const ensemble_model *model, ensemble_group *g, float *velocities)
{
    for (int32_t s = 0; s < model->n_stars; s++) {
        const ensemble_star *star = &model->stars[s];
        if (star->n_leaves == 1)
            project_star(g, star, 1, velocities);
        else if (star->n_leaves == 2)
            project_star(g, star, 2, velocities);
        else
            project_star(g, star, 3, velocities);
    }
}

void kernel_shake(const ensemble_model *model, ensemble_group *g)
{
    for (int32_t s = 0; s < model->n_stars; s++) {
        const ensemble_star *star = &model->stars[s];
        if (star->n_leaves == 1)
            shake_star(model, g, star, 1);
        else if (star->n_leaves == 2)
            shake_star(model, g, star, 2);
        else
            shake_star(model, g, star, 3);
    }
}
