/* Terms between named atoms. */
#include "engine/ensemble/kernel.h"
#include "engine/ensemble/lanes_math.h"

static const float TINY = 1e-24f; /* keeps 0/0 away where atoms stand on a line */

static void bonds(const ensemble_model *m, ensemble_group *g, double *energy)
{
    for (int32_t b = 0; b < m->n_bonds; b++) {
        const ensemble_bond *bond = &m->bonds[b];
        vf xi[3], xj[3], d[3];
        kernel_get(g->x, bond->i, xi);
        kernel_get(g->x, bond->j, xj);
        kernel_difference(xi, xj, d);
        vf r2 = vf_max(kernel_dot(d, d), vf_set(TINY)), inverse_r = vf_rsqrt(r2);
        vf stretch = vf_fms(r2, inverse_r, vf_set(bond->length));
        vf pull = bond->k * stretch * inverse_r;
        kernel_add(g->f, bond->i, pull, d);
        kernel_add(g->f, bond->j, -pull, d);
        if (energy)
            kernel_tally(energy, 0.5f * bond->k * stretch * stretch);
    }
}

static void angles(const ensemble_model *m, ensemble_group *g, double *energy)
{
    for (int32_t a = 0; a < m->n_angles; a++) {
        const ensemble_angle *angle = &m->angles[a];
        vf xi[3], xj[3], xk[3], u[3], v[3], normal[3], at_i[3], at_k[3];
        kernel_get(g->x, angle->i, xi);
        kernel_get(g->x, angle->j, xj);
        kernel_get(g->x, angle->k, xk);
        kernel_difference(xj, xi, u);
        kernel_difference(xj, xk, v);
        kernel_cross(u, v, normal);
        vf area2 = vf_max(kernel_dot(normal, normal), vf_set(TINY));
        vf inverse_area = vf_rsqrt(area2), area = area2 * inverse_area;
        vf bend = vf_angle(area, kernel_dot(u, v)) - angle->theta;
        vf slope = -angle->force_constant * bend * inverse_area;
        kernel_cross(u, normal, at_i);
        kernel_cross(normal, v, at_k);
        vf scale_i = slope * vf_reciprocal(vf_max(kernel_dot(u, u), vf_set(TINY)));
        vf scale_k = slope * vf_reciprocal(vf_max(kernel_dot(v, v), vf_set(TINY)));
        kernel_add(g->f, angle->i, scale_i, at_i);
        kernel_add(g->f, angle->k, scale_k, at_k);
        kernel_add(g->f, angle->j, -scale_i, at_i);
        kernel_add(g->f, angle->j, -scale_k, at_k);
        if (energy)
            kernel_tally(energy, 0.5f * angle->force_constant * bend * bend);
    }
}

/* The sum over n of (-dE/dphi), by the recursion of cos(n phi) and sin(n phi). */
LANES_INLINE vf waves_at(const ensemble_model *m, const ensemble_torsion *torsion, vf cosine,
                         vf sine, vf *energy)
{
    vf pull = vf_set(0.0f), c = cosine, s = sine;
    *energy = vf_set(torsion->constant);
    for (int32_t n = 1; n <= torsion->n_waves; n++) {
        const ensemble_wave *wave = &m->waves[torsion->first + n - 1];
        float times = (float)n;
        pull = vf_fma(vf_set(times * wave->cosine), s, pull);
        pull = vf_fnma(vf_set(times * wave->sine), c, pull);
        *energy = vf_fma(vf_set(wave->cosine), c, *energy);
        *energy = vf_fma(vf_set(wave->sine), s, *energy);
        vf next = vf_fms(c, cosine, s * sine);
        s = vf_fma(s, cosine, c * sine);
        c = next;
    }
    return pull;
}

/* A. Blondel, M. Karplus, J. Comput. Chem. 17, 1132 (1996) */
static void torsions(const ensemble_model *m, ensemble_group *g, double *energy)
{
    for (int32_t t = 0; t < m->n_torsions; t++) {
        const ensemble_torsion *torsion = &m->torsions[t];
        vf xi[3], xj[3], xk[3], xl[3], a[3], b[3], c[3], normal_i[3], normal_l[3], e;
        kernel_get(g->x, torsion->i, xi);
        kernel_get(g->x, torsion->j, xj);
        kernel_get(g->x, torsion->k, xk);
        kernel_get(g->x, torsion->l, xl);
        kernel_difference(xi, xj, a);
        kernel_difference(xj, xk, b);
        kernel_difference(xk, xl, c);
        kernel_cross(a, b, normal_i);
        kernel_cross(b, c, normal_l);
        vf mm = vf_max(kernel_dot(normal_i, normal_i), vf_set(TINY));
        vf nn = vf_max(kernel_dot(normal_l, normal_l), vf_set(TINY));
        vf bb = vf_max(kernel_dot(b, b), vf_set(TINY));
        vf inverse_b = vf_rsqrt(bb), length = bb * inverse_b;
        vf x = kernel_dot(normal_i, normal_l), y = length * kernel_dot(a, normal_l);
        vf inverse = vf_rsqrt(vf_max(vf_fma(x, x, y * y), vf_set(TINY * TINY)));
        vf pull = waves_at(m, torsion, x * inverse, y * inverse, &e);
        vf torque = pull * length;
        vf at_i = -torque * vf_reciprocal(mm), at_l = torque * vf_reciprocal(nn);
        vf ab = kernel_dot(a, b) * (inverse_b * inverse_b);
        vf cb = kernel_dot(c, b) * (inverse_b * inverse_b);
        vf fi[3], fl[3], shared[3];
        for (int k = 0; k < 3; k++) {
            fi[k] = at_i * normal_i[k];
            fl[k] = at_l * normal_l[k];
            shared[k] = vf_fms(ab, fi[k], cb * fl[k]);
        }
        kernel_add(g->f, torsion->i, vf_set(1.0f), fi);
        kernel_add(g->f, torsion->l, vf_set(1.0f), fl);
        for (int k = 0; k < 3; k++) {
            fi[k] += shared[k];
            fl[k] -= shared[k];
        }
        kernel_add(g->f, torsion->j, vf_set(-1.0f), fi);
        kernel_add(g->f, torsion->k, vf_set(-1.0f), fl);
        if (energy)
            kernel_tally(energy, e);
    }
}

static void pairs(const ensemble_model *m, ensemble_group *g, double *energy)
{
    for (int32_t p = 0; p < m->n_pairs; p++) {
        const ensemble_pair *pair = &m->pairs[p];
        vf xi[3], xj[3], d[3];
        kernel_get(g->x, pair->i, xi);
        kernel_get(g->x, pair->j, xj);
        kernel_difference(xi, xj, d);
        vf inverse_r = vf_rsqrt(kernel_dot(d, d)), w = inverse_r * inverse_r, w3 = w * w * w;
        vf pull = vf_fma(vf_set(pair->charge), inverse_r,
                         vf_fms(vf_set(pair->c12), w3, vf_set(pair->c6)) * w3) *
                  w;
        kernel_add(g->f, pair->i, -pull, d);
        kernel_add(g->f, pair->j, pull, d);
        if (energy)
            kernel_tally(
                energy,
                vf_fma(vf_set(pair->charge), inverse_r,
                       vf_fms(vf_set(pair->c12 / 12.0f), w3, vf_set(pair->c6 / 6.0f)) * w3));
    }
}

void kernel_bonded(const ensemble_model *m, ensemble_group *g, double *energy)
{
    bonds(m, g, energy);
    angles(m, g, energy);
    torsions(m, g, energy);
    pairs(m, g, energy);
}
