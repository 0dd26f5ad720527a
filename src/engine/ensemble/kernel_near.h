/*
 * The descreening integral of Hawkins, Cramer and Truhlar at any distance: what an atom of reduced
 * radius rho sees of a sphere of radius s at distance r. See src/molecule/energy_gbsa.c.
 */
#ifndef DDMD_ENSEMBLE_KERNEL_NEAR_H
#define DDMD_ENSEMBLE_KERNEL_NEAR_H

#include "engine/ensemble/lanes_math.h"

typedef struct descreening {
    vf h;    /* H */
    vf by_r; /* dH/dr / r */
} descreening;

LANES_INLINE descreening descreening_at(vf r, vf inverse_r, float rho, float inverse_rho, float s)
{
    const vf zero = vf_set(0.0f);
    vf sum = r + s, gap = vf_max(r - s, s - r);
    vf lower = vf_max(vf_set(rho), gap);
    vf l = vf_reciprocal(lower), u = vf_reciprocal(sum);
    vf logarithm = vf_log(lower * u);
    vf s2_by_r = s * s * inverse_r;
    vf squares = (l - u) * (l + u);
    vf h = l - u + 0.5f * logarithm * inverse_r + 0.25f * squares * (s2_by_r - r);
    h = vf_select(vf_less(vf_set(rho), s - r), h + 2.0f * (inverse_rho - l), h);
    vf by_r = -inverse_r * (0.25f * squares * vf_fma(s2_by_r, inverse_r, vf_set(1.0f)) +
                            0.5f * logarithm * inverse_r * inverse_r);
    vmask inside = vf_less(sum, vf_set(rho)); /* the sphere lies within the atom */
    return (descreening){vf_select(inside, zero, h), vf_select(inside, zero, by_r)};
}

#endif
