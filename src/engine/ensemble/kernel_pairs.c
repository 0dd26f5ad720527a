/* Pairs: generalized Born, then Lennard-Jones, Coulomb and what moving Born radii adds. */
#include "engine/ensemble/kernel.h"
#include "engine/ensemble/kernel_near.h"

typedef struct pair_block {
    vf x[ENSEMBLE_BLOCK][3], f[ENSEMBLE_BLOCK][3];
    vf sum[ENSEMBLE_BLOCK]; /* solvation: of slope; columns: dE/dH */
} pair_block;

LANES_INLINE void load_block(const ensemble_group *g, int32_t first, pair_block *b)
{
#pragma GCC unroll 4
    for (int k = 0; k < ENSEMBLE_BLOCK; k++) {
        kernel_get(g->x, first + k, b->x[k]);
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

LANES_INLINE void solvation_column(ensemble_group *g, int32_t first, int32_t j, const int n,
                                   const ensemble_column *column, pair_block *b, double *energy)
{
    vf xj[3], fj[3], sum_j = vf_load(kernel_scalar(g->slope, j));
    vf born_j = vf_load(kernel_scalar(g->born, j)), decay_j = vf_load(kernel_scalar(g->decay, j));
    kernel_get(g->x, j, xj);
    kernel_get(g->f, j, fj);
#pragma GCC unroll 4
    for (int k = 0; k < n; k++) {
        vf d[3], error;
        kernel_difference(b->x[k], xj, d);
        vf r2 = kernel_dot(d, d);
        vf born_i = vf_load(kernel_scalar(g->born, first + k));
        vf z = r2 * (vf_load(kernel_scalar(g->decay, first + k)) * decay_j);
        vf e = vf_exp2(-z);
        vf f2 = vf_fma(born_i * born_j, e, r2);
        vf y = vf_rsqrt_and_error(f2, &error);
        vf t = vf_undo(column->gb[k] * (y * y * y), error, 1.5f);
        vf te = t * e;
        vf by_product = te * vf_fma(z, vf_set(0.693147181f), vf_set(1.0f));
        b->sum[k] = vf_fma(by_product, born_j, b->sum[k]);
        sum_j = vf_fma(by_product, born_i, sum_j);
        push_apart(b->f[k], fj, vf_fms(vf_set(0.25f), te, t), d);
        if (energy)
            kernel_tally(energy, t * f2);
    }
    vf_store(kernel_scalar(g->slope, j), sum_j);
    kernel_put(g->f, j, fj);
}

LANES_INLINE void solvation(const ensemble_model *m, ensemble_group *g, double *energy)
{
    const ensemble_column *column = m->columns;
    for (int32_t first = 0; first < m->n_atoms; first += ENSEMBLE_BLOCK) {
        pair_block b;
        load_block(g, first, &b);
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

/* What the radii of a pair add to dE/dr / r. */
LANES_INLINE vf far_chain(vf w, const ensemble_hct *i, const ensemble_hct *j, vf by_i, vf by_j)
{
    return vf_fma(by_j, far_slope(w, i), by_i * far_slope(w, j));
}

/* The same, over w^3, for lanes that are near; each lane gets what it would alone. */
static __attribute__((noinline)) vf near_chain(vf r2, vf w, const ensemble_hct *i,
                                               const ensemble_hct *j, float near2, vf by_i, vf by_j,
                                               vf chain)
{
    vf inverse_r = vf_rsqrt(r2), r = r2 * inverse_r;
    vf whole = by_i * descreening_at(r, inverse_r, i->rho, i->inverse_rho, j->scaled).by_r +
               by_j * descreening_at(r, inverse_r, j->rho, j->inverse_rho, i->scaled).by_r;
    return vf_select(vf_less(r2, vf_set(near2)), whole / (w * w * w), chain);
}

LANES_INLINE void pair_column(const ensemble_model *m, ensemble_group *g, int32_t first, int32_t j,
                              const int n, const ensemble_column *column, pair_block *b,
                              const bool gbsa, double *energy)
{
    const ensemble_hct *of_block = gbsa ? &m->hct[first] : NULL, *of_j = gbsa ? &m->hct[j] : NULL;
    vf xj[3], fj[3], by_j = gbsa ? vf_load(kernel_scalar(g->psi, j)) : vf_set(0.0f);
    kernel_get(g->x, j, xj);
    kernel_get(g->f, j, fj);
#pragma GCC unroll 4
    for (int k = 0; k < n; k++) {
        vf d[3], error;
        kernel_difference(b->x[k], xj, d);
        vf r2 = kernel_dot(d, d);
        vf y = vf_rsqrt_and_error(r2, &error);
        vf w = vf_undo(y * y, error, 1.0f), inverse_r = vf_undo(y, error, 0.5f);
        vf w2 = w * w, w3 = w2 * w;
        vf lj = vf_fms(vf_set(column->c12[k]), w3, vf_set(column->c6[k])) * w3;
        vf pull = vf_fma(vf_set(column->charge[k]), inverse_r, lj);
        vf scale;
        if (gbsa) {
            vf chain = far_chain(w, &of_block[k], of_j, b->sum[k], by_j);
            if (__builtin_expect(vmask_any(vf_less(r2, vf_set(column->near2))), 0))
                chain =
                    near_chain(r2, w, &of_block[k], of_j, column->near2, b->sum[k], by_j, chain);
            scale = vf_fms(chain, w2, pull) * w;
        } else {
            scale = -(pull * w);
        }
        push_apart(b->f[k], fj, scale, d);
        if (energy)
            kernel_tally(energy, vf_fma(vf_set(column->charge[k]), inverse_r,
                                        vf_fms(vf_set(column->c12[k] / 12.0f), w3,
                                               vf_set(column->c6[k] / 6.0f)) *
                                            w3));
    }
    kernel_put(g->f, j, fj);
}

LANES_INLINE void columns(const ensemble_model *m, ensemble_group *g, const bool gbsa,
                          double *energy)
{
    const ensemble_column *column = m->columns;
    for (int32_t first = 0; first < m->n_atoms; first += ENSEMBLE_BLOCK) {
        pair_block b;
        load_block(g, first, &b);
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

void kernel_columns(const ensemble_model *m, ensemble_group *g, double *energy)
{
    if (energy)
        columns(m, g, m->has_gbsa, energy);
    else if (m->has_gbsa)
        columns(m, g, true, NULL);
    else
        columns(m, g, false, NULL);
}
