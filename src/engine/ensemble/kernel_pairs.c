/* Pairs: generalized Born, then Lennard-Jones, Coulomb and what moving Born radii adds. */
#include "engine/ensemble/kernel.h"
#include "engine/ensemble/kernel_near.h"

#define EACH_SLOT(k) _Pragma("GCC unroll 4") for (int k = 0; k < n; k++)

typedef struct pair_block {
    vf f[ENSEMBLE_BLOCK][3];
    vf sum[ENSEMBLE_BLOCK]; /* solvation: of slope; columns: dE/dH */
} pair_block;

LANES_INLINE void clear_block(pair_block *b)
{
#pragma GCC unroll 4
    for (int k = 0; k < ENSEMBLE_BLOCK; k++) {
        for (int x = 0; x < 3; x++)
            b->f[k][x] = vf_set(0.0f);
        b->sum[k] = vf_set(0.0f);
    }
}

LANES_INLINE void add_forces(ensemble_group *g, int32_t first, const pair_block *b)
{
#pragma GCC unroll 4
    for (int k = 0; k < ENSEMBLE_BLOCK; k++)
        kernel_add(g->f, first + k, vf_set(1.0f), b->f[k]);
}

/* Force on i += scale d, on j -= scale d. */
LANES_INLINE void push_apart(vf fi[3], vf fj[3], vf scale, const vf d[3])
{
    for (int x = 0; x < 3; x++) {
        fi[x] = vf_fma(scale, d[x], fi[x]);
        fj[x] = vf_fnma(scale, d[x], fj[x]);
    }
}

LANES_INLINE vf separation(const ensemble_group *g, int32_t i, const vf xj[3], vf d[3])
{
    vf xi[3];
    kernel_get(g->x, i, xi);
    kernel_difference(xi, xj, d);
    return kernel_dot(d, d);
}

/*
 * Slots are computed side by side, one operation after the other: a chain of operations on one
 * pair is so long that the processor does not look far enough ahead to find the next pair.
 */
LANES_INLINE void solvation_column(ensemble_group *g, int32_t first, int32_t j, const int n,
                                   const ensemble_column *column, pair_block *b, double *energy)
{
    vf xj[3], fj[3], sum_j = vf_load(kernel_scalar(g->slope, j));
    vf born_j = vf_load(kernel_scalar(g->born, j)), decay_j = -vf_load(kernel_scalar(g->decay, j));
    vf r2[ENSEMBLE_BLOCK], z[ENSEMBLE_BLOCK], e[ENSEMBLE_BLOCK], f2[ENSEMBLE_BLOCK];
    vf y[ENSEMBLE_BLOCK], error[ENSEMBLE_BLOCK], d[3];
    kernel_get(g->x, j, xj);
    EACH_SLOT(k) r2[k] = separation(g, first + k, xj, d);
    EACH_SLOT(k) z[k] = r2[k] * (vf_load(kernel_scalar(g->decay, first + k)) * decay_j);
    vf_exp2_each(n, z, e);
    EACH_SLOT(k) f2[k] = vf_fma(vf_load(kernel_scalar(g->born, first + k)) * born_j, e[k], r2[k]);
    EACH_SLOT(k) y[k] = vf_rsqrt_and_error(f2[k], &error[k]);
    EACH_SLOT(k) y[k] = vf_undo(column->gb[k] * y[k] * (y[k] * y[k]), error[k], 1.5f);
    kernel_get(g->f, j, fj);
    EACH_SLOT(k)
    {
        vf t = y[k], te = t * e[k];
        vf by_product = te * vf_fnma(z[k], vf_set(0.693147181f), vf_set(1.0f));
        b->sum[k] = vf_fma(by_product, born_j, b->sum[k]);
        sum_j = vf_fma(by_product, vf_load(kernel_scalar(g->born, first + k)), sum_j);
        separation(g, first + k, xj, d);
        push_apart(b->f[k], fj, vf_fms(vf_set(0.25f), te, t), d);
        if (energy)
            kernel_tally(energy, t * f2[k]);
    }
    vf_store(kernel_scalar(g->slope, j), sum_j);
    kernel_put(g->f, j, fj);
}

LANES_INLINE void solvation(const ensemble_model *m, ensemble_group *g, double *energy)
{
    const ensemble_column *column = m->columns;
    for (int32_t first = 0; first < m->n_atoms; first += ENSEMBLE_BLOCK) {
        pair_block b;
        clear_block(&b);
        if (first + 1 < m->n_atoms)
            solvation_column(g, first, first + 1, 1, column++, &b, energy);
        if (first + 2 < m->n_atoms)
            solvation_column(g, first, first + 2, 2, column++, &b, energy);
        if (first + 3 < m->n_atoms)
            solvation_column(g, first, first + 3, 3, column++, &b, energy);
        for (int32_t j = first + 4; j < m->n_atoms; j++)
            solvation_column(g, first, j, 4, column++, &b, energy);
        add_forces(g, first, &b);
#pragma GCC unroll 4
        for (int k = 0; k < ENSEMBLE_BLOCK; k++) {
            float *slope = kernel_scalar(g->slope, first + k);
            vf_store(slope, vf_load(slope) + b.sum[k]);
        }
    }
    for (int32_t i = 0; i < m->n_atoms; i++)
        vf_store(kernel_scalar(g->psi, i),
                 -0.5f * vf_load(kernel_scalar(g->slope, i)) * vf_load(kernel_scalar(g->chain, i)));
}

void kernel_solvation(const ensemble_model *m, ensemble_group *g, double *energy)
{
    if (energy)
        solvation(m, g, energy);
    else
        solvation(m, g, NULL);
}

LANES_INLINE vf far_slope(vf w, const ensemble_hct *hct)
{
    return vf_polynomial(w, hct->slope, ENSEMBLE_HCT_TERMS - 1);
}

/* What the radii of a pair add to dE/dr / r: over w^3, where they are far, ... */
LANES_INLINE vf far_chain(vf w, const ensemble_hct *i, const ensemble_hct *j, vf by_i, vf by_j)
{
    return vf_fma(by_j, far_slope(w, i), by_i * far_slope(w, j));
}

/* ... and at any distance. */
LANES_INLINE vf near_chain(vf r2, const ensemble_hct *i, const ensemble_hct *j, vf by_i, vf by_j)
{
    vf inverse_r = vf_rsqrt(r2), r = r2 * inverse_r;
    vf of_i = descreening_at(r, inverse_r, i->rho, i->inverse_rho, j->scaled).by_r;
    vf of_j = descreening_at(r, inverse_r, j->rho, j->inverse_rho, i->scaled).by_r;
    return vf_fma(by_j, of_j, by_i * of_i);
}

LANES_INLINE vf bare_pair(const ensemble_column *column, int k, vf w3, vf inverse_r)
{
    vf lj = vf_fms(vf_set(column->c12[k]), w3, vf_set(column->c6[k])) * w3;
    return vf_fma(vf_set(column->charge[k]), inverse_r, lj);
}

LANES_INLINE vf bare_energy(const ensemble_column *column, int k, vf w3, vf inverse_r)
{
    vf lj = vf_fms(vf_set(column->c12[k] / 12.0f), w3, vf_set(column->c6[k] / 6.0f)) * w3;
    return vf_fma(vf_set(column->charge[k]), inverse_r, lj);
}

/* Atom j meets the first n of the block; near: some lane of some slot may be near. */
LANES_INLINE void pair_slots(const ensemble_model *m, const ensemble_group *g, int32_t first,
                             int32_t j, const int n, const ensemble_column *column, pair_block *b,
                             vf fj[3], const bool gbsa, const bool near, double *energy)
{
    const ensemble_hct *of_block = gbsa ? &m->hct[first] : NULL, *of_j = gbsa ? &m->hct[j] : NULL;
    vf xj[3], d[3], by_j = gbsa ? vf_load(kernel_scalar(g->psi, j)) : vf_set(0.0f);
    vf r2[ENSEMBLE_BLOCK], y[ENSEMBLE_BLOCK], error[ENSEMBLE_BLOCK], w[ENSEMBLE_BLOCK];
    vf pull[ENSEMBLE_BLOCK], of_i[ENSEMBLE_BLOCK], from_i[ENSEMBLE_BLOCK];
    kernel_get(g->x, j, xj);
    EACH_SLOT(k) r2[k] = separation(g, first + k, xj, d);
    EACH_SLOT(k) y[k] = vf_rsqrt_and_error(r2[k], &error[k]);
    EACH_SLOT(k) w[k] = vf_undo(y[k] * y[k], error[k], 1.0f);
    EACH_SLOT(k) y[k] = vf_undo(y[k], error[k], 0.5f);
    EACH_SLOT(k)
    {
        vf w3 = w[k] * w[k] * w[k];
        pull[k] = bare_pair(column, k, w3, y[k]);
        if (energy)
            kernel_tally(energy, bare_energy(column, k, w3, y[k]));
    }
    if (gbsa) {
        EACH_SLOT(k) of_i[k] = vf_set(of_j->slope[ENSEMBLE_HCT_TERMS - 1]);
        EACH_SLOT(k) from_i[k] = vf_set(of_block[k].slope[ENSEMBLE_HCT_TERMS - 1]);
#pragma GCC unroll 8
        for (int term = ENSEMBLE_HCT_TERMS - 2; term >= 0; term--) {
            EACH_SLOT(k) of_i[k] = vf_fma(of_i[k], w[k], vf_set(of_j->slope[term]));
            EACH_SLOT(k) from_i[k] = vf_fma(from_i[k], w[k], vf_set(of_block[k].slope[term]));
        }
    }
    EACH_SLOT(k)
    {
        vf scale;
        if (gbsa) {
            vf chain = vf_fma(by_j, from_i[k], b->sum[k] * of_i[k]);
            scale = vf_fms(chain, w[k] * w[k], pull[k]) * w[k];
            vmask is_near = vf_less(r2[k], vf_set(column->near2[k]));
            if (near && vmask_any(is_near))
                scale = vf_select(
                    is_near,
                    vf_fnma(pull[k], w[k], near_chain(r2[k], &of_block[k], of_j, b->sum[k], by_j)),
                    scale);
        } else {
            scale = -(pull[k] * w[k]);
        }
        separation(g, first + k, xj, d);
        push_apart(b->f[k], fj, scale, d);
    }
}

static __attribute__((noinline)) void near_slots(const ensemble_model *m, const ensemble_group *g,
                                                 int32_t first, int32_t j, int n,
                                                 const ensemble_column *column, pair_block *b,
                                                 vf fj[3], double *energy)
{
    if (n == 4)
        pair_slots(m, g, first, j, 4, column, b, fj, true, true, energy);
    else if (n == 3)
        pair_slots(m, g, first, j, 3, column, b, fj, true, true, energy);
    else if (n == 2)
        pair_slots(m, g, first, j, 2, column, b, fj, true, true, energy);
    else
        pair_slots(m, g, first, j, 1, column, b, fj, true, true, energy);
}

LANES_INLINE bool some_near(const ensemble_group *g, int32_t first, int32_t j, const int n,
                            const ensemble_column *column)
{
    vf xj[3], d[3];
    kernel_get(g->x, j, xj);
    vf nearest = separation(g, first, xj, d);
#pragma GCC unroll 4
    for (int k = 1; k < n; k++)
        nearest = vf_min(nearest, separation(g, first + k, xj, d));
    return vmask_any(vf_less(nearest, vf_set(column->nearest2)));
}

LANES_INLINE void pair_column(const ensemble_model *m, ensemble_group *g, int32_t first, int32_t j,
                              const int n, const ensemble_column *column, pair_block *b,
                              const bool gbsa, double *energy)
{
    vf fj[3];
    kernel_get(g->f, j, fj);
    if (gbsa && __builtin_expect(some_near(g, first, j, n, column), 0)) {
        /* Copies, so that the sums of the common case stay in registers. */
        pair_block in_memory;
        vf force[3];
#pragma GCC unroll 4
        for (int k = 0; k < ENSEMBLE_BLOCK; k++) {
            in_memory.sum[k] = b->sum[k];
            for (int x = 0; x < 3; x++)
                in_memory.f[k][x] = b->f[k][x];
        }
        for (int x = 0; x < 3; x++)
            force[x] = fj[x];
        near_slots(m, g, first, j, n, column, &in_memory, force, energy);
#pragma GCC unroll 4
        for (int k = 0; k < ENSEMBLE_BLOCK; k++)
            for (int x = 0; x < 3; x++)
                b->f[k][x] = in_memory.f[k][x];
        for (int x = 0; x < 3; x++)
            fj[x] = force[x];
    } else {
        pair_slots(m, g, first, j, n, column, b, fj, gbsa, false, energy);
    }
    kernel_put(g->f, j, fj);
}

LANES_INLINE void columns(const ensemble_model *m, ensemble_group *g, const bool gbsa,
                          double *energy)
{
    const ensemble_column *column = m->columns;
    for (int32_t first = 0; first < m->n_atoms; first += ENSEMBLE_BLOCK) {
        pair_block b;
        clear_block(&b);
#pragma GCC unroll 4
        for (int k = 0; k < ENSEMBLE_BLOCK; k++)
            if (gbsa)
                b.sum[k] = vf_load(kernel_scalar(g->psi, first + k));
        if (first + 1 < m->n_atoms)
            pair_column(m, g, first, first + 1, 1, column++, &b, gbsa, energy);
        if (first + 2 < m->n_atoms)
            pair_column(m, g, first, first + 2, 2, column++, &b, gbsa, energy);
        if (first + 3 < m->n_atoms)
            pair_column(m, g, first, first + 3, 3, column++, &b, gbsa, energy);
        for (int32_t j = first + 4; j < m->n_atoms; j++)
            pair_column(m, g, first, j, 4, column++, &b, gbsa, energy);
        add_forces(g, first, &b);
    }
}

void kernel_columns(const ensemble_model *m, ensemble_group *g, bool gbsa, double *energy)
{
    if (energy)
        columns(m, g, gbsa, energy);
    else if (gbsa)
        columns(m, g, true, NULL);
    else
        columns(m, g, false, NULL);
}
