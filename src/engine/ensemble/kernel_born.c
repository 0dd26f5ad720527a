/* Born radii. */
#include "engine/ensemble/kernel.h"
#include "engine/ensemble/kernel_near.h"

typedef struct born_block {
    vf x[ENSEMBLE_BLOCK][3], psi[ENSEMBLE_BLOCK];
} born_block;

LANES_INLINE vf far_value(vf w, const ensemble_hct *hct)
{
    return vf_polynomial(w, hct->value, ENSEMBLE_HCT_TERMS - 1);
}

/* A column in which some lane is near: each lane adds the same as if it were alone. */
static __attribute__((noinline)) vf near_column(const ensemble_hct *of_block,
                                                const ensemble_hct *of_j, int n,
                                                const ensemble_column *column,
                                                const vf r2s[ENSEMBLE_BLOCK],
                                                vf psi[ENSEMBLE_BLOCK], vf psi_j)
{
    for (int k = 0; k < n; k++) {
        vf r2 = r2s[k], w = vf_reciprocal(r2), w2 = w * w;
        vf far_i = vf_fma(w2, far_value(w, of_j), psi[k]);
        vf far_j = vf_fma(w2, far_value(w, &of_block[k]), psi_j);
        vmask near = vf_less(r2, vf_set(column->near2[k]));
        if (!vmask_any(near)) {
            psi[k] = far_i;
            psi_j = far_j;
            continue;
        }
        vf inverse_r = vf_rsqrt(r2), r = r2 * inverse_r;
        const ensemble_hct *i = &of_block[k];
        vf near_i = psi[k] + descreening_at(r, inverse_r, i->rho, i->inverse_rho, of_j->scaled).h;
        vf near_j = psi_j + descreening_at(r, inverse_r, of_j->rho, of_j->inverse_rho, i->scaled).h;
        psi[k] = vf_select(near, near_i, far_i);
        psi_j = vf_select(near, near_j, far_j);
    }
    return psi_j;
}

/* Atom j meets the first n of the block. */
LANES_INLINE void born_column(const ensemble_model *m, ensemble_group *g, int32_t first, int32_t j,
                              const int n, const ensemble_column *column, born_block *b)
{
    const ensemble_hct *of_block = &m->hct[first], *of_j = &m->hct[j];
    vf xj[3], r2[ENSEMBLE_BLOCK], psi_j = vf_load(kernel_scalar(g->psi, j));
    kernel_get(g->x, j, xj);
#pragma GCC unroll 4
    for (int k = 0; k < n; k++) {
        vf d[3];
        kernel_difference(b->x[k], xj, d);
        r2[k] = kernel_dot(d, d);
    }
    vf nearest = r2[0];
#pragma GCC unroll 4
    for (int k = 1; k < n; k++)
        nearest = vf_min(nearest, r2[k]);
    if (__builtin_expect(vmask_any(vf_less(nearest, vf_set(column->nearest2))), 0)) {
        vf r2s[ENSEMBLE_BLOCK], psi[ENSEMBLE_BLOCK];
#pragma GCC unroll 4
        for (int k = 0; k < n; k++) {
            r2s[k] = r2[k];
            psi[k] = b->psi[k];
        }
        psi_j = near_column(of_block, of_j, n, column, r2s, psi, psi_j);
#pragma GCC unroll 4
        for (int k = 0; k < n; k++)
            b->psi[k] = psi[k];
    } else {
#pragma GCC unroll 4
        for (int k = 0; k < n; k++) {
            vf w = vf_reciprocal(r2[k]), w2 = w * w;
            b->psi[k] = vf_fma(w2, far_value(w, of_j), b->psi[k]);
            psi_j = vf_fma(w2, far_value(w, &of_block[k]), psi_j);
        }
    }
    vf_store(kernel_scalar(g->psi, j), psi_j);
}

static void sum_descreening(const ensemble_model *m, ensemble_group *g)
{
    const ensemble_column *column = m->columns;
    for (int32_t i = 0; i < m->n_atoms; i++)
        vf_store(kernel_scalar(g->psi, i), vf_set(0.0f));
    for (int32_t first = 0; first < m->n_atoms; first += ENSEMBLE_BLOCK) {
        born_block b;
#pragma GCC unroll 4
        for (int k = 0; k < ENSEMBLE_BLOCK; k++) {
            kernel_get(g->x, first + k, b.x[k]);
            b.psi[k] = vf_set(0.0f);
        }
        if (first + 1 < m->n_atoms)
            born_column(m, g, first, first + 1, 1, column++, &b);
        if (first + 2 < m->n_atoms)
            born_column(m, g, first, first + 2, 2, column++, &b);
        if (first + 3 < m->n_atoms)
            born_column(m, g, first, first + 3, 3, column++, &b);
        for (int32_t j = first + 4; j < m->n_atoms; j++)
            born_column(m, g, first, j, 4, column++, &b);
#pragma GCC unroll 4
        for (int k = 0; k < ENSEMBLE_BLOCK; k++) {
            float *psi = kernel_scalar(g->psi, first + k);
            vf_store(psi, vf_load(psi) + b.psi[k]);
        }
    }
}

void kernel_born(const ensemble_model *m, ensemble_group *g, double *energy)
{
    sum_descreening(m, g);
    for (int32_t i = 0; i < m->n_atoms; i++) {
        const ensemble_gb_atom *a = &m->gb[i];
        vf psi = a->half_rho * vf_load(kernel_scalar(g->psi, i));
        vf bend = psi * vf_fma(psi, vf_fma(psi, vf_set(m->gb_gamma), vf_set(-m->gb_beta)),
                               vf_set(m->gb_alpha));
        /* 1 - tanh z = 2 / (exp(2 z) + 1) keeps its digits where tanh z is near 1 */
        vf z = vf_min(vf_max(bend * 2.88539008f, vf_set(-120.0f)), vf_set(120.0f));
        vf rest = 2.0f / (vf_exp2(z) + 1.0f);
        vf inverse = vf_fma(rest, vf_set(a->height), vf_set(a->base));
        vf slope = vf_fma(psi, vf_fma(psi, vf_set(3.0f * m->gb_gamma), vf_set(-2.0f * m->gb_beta)),
                          vf_set(m->gb_alpha));
        vf born = 1.0f / inverse;
        vf i2 = inverse * inverse, i6 = i2 * i2 * i2;
        vf self = a->self * inverse, surface = a->surface * i6;
        vf_store(kernel_scalar(g->born, i), born);
        vf_store(kernel_scalar(g->decay, i), inverse * 0.600561204f);
        vf_store(kernel_scalar(g->chain, i),
                 0.5f * a->chain * rest * (2.0f - rest) * slope * (born * born));
        /* -2 dE/dB, as pairs add to it */
        vf_store(kernel_scalar(g->slope, i), (2.0f * self + 12.0f * surface) * inverse);
        if (energy) {
            kernel_tally(energy, self);
            kernel_tally(energy, surface);
        }
    }
}
