/* Elementary functions in lanes. Polynomials are minimax fits to the relative errors given. */
#ifndef DDMD_ENSEMBLE_LANES_MATH_H
#define DDMD_ENSEMBLE_LANES_MATH_H

#include "engine/ensemble/lanes.h"

/* Horner's rule; coefficients from the constant upwards. */
LANES_INLINE vf vf_polynomial(vf x, const float *coefficients, int degree)
{
    vf value = vf_set(coefficients[degree]);
    for (int k = degree - 1; k >= 0; k--)
        value = vf_fma(value, x, vf_set(coefficients[k]));
    return value;
}

/* 2^x for x up to 126; as for -126 below that. Relative error below 2e-7. Up to four at once. */
LANES_INLINE void vf_exp2_each(const int n, const vf *x, vf *power)
{
    static const float fit[] = {1.00000007f,   0.693146967f,   0.240221197f,
                                0.0555071328f, 0.00967554132f, 0.00132764697f}; /* 7.5e-8 */
    const float round = 12582912.0f; /* 1.5 * 2^23: what is added to it becomes whole */
    vf bounded[4], shifted[4], fraction[4];
#pragma GCC unroll 4
    for (int k = 0; k < n; k++)
        bounded[k] = vf_max(x[k], vf_set(-126.0f));
#pragma GCC unroll 4
    for (int k = 0; k < n; k++)
        shifted[k] = bounded[k] + round;
#pragma GCC unroll 4
    for (int k = 0; k < n; k++)
        fraction[k] = bounded[k] - (shifted[k] - round);
#pragma GCC unroll 4
    for (int k = 0; k < n; k++)
        power[k] = vf_set(fit[5]);
#pragma GCC unroll 5
    for (int term = 4; term >= 0; term--)
#pragma GCC unroll 4
        for (int k = 0; k < n; k++)
            power[k] = vf_fma(power[k], fraction[k], vf_set(fit[term]));
#pragma GCC unroll 4
    for (int k = 0; k < n; k++)
        power[k] = (vf)((vi)power[k] + ((vi)shifted[k] << 23));
}

LANES_INLINE vf vf_exp2(vf x)
{
    vf power;
    vf_exp2_each(1, &x, &power);
    return power;
}

/* Natural logarithm of normal positive numbers; absolute error below 1e-7 for x near 1. */
LANES_INLINE vf vf_log(vf x)
{
    static const float fit[] = {-0.499999908f, 0.333333089f,  -0.250014055f,
                                0.200029429f,  -0.166134455f, 0.141655596f,
                                -0.1319386f,   0.12988865f,   -0.0783888744f}; /* 5e-9 */
    const int32_t root_half = 0x3f3504f3; /* the bits of sqrt(1/2) */
    vi bits = (vi)x - root_half;
    vi exponent = bits >> 23;
    vf f = (vf)((bits & 0x007fffff) + root_half) - 1.0f;
    vf e = __builtin_convertvector(exponent, vf);
    vf tail = vf_polynomial(f, fit, 8) * (f * f);
    tail = vf_fma(e, vf_set(-2.12194440e-4f), tail); /* log 2 in two parts */
    return vf_fma(e, vf_set(0.693359375f), f + tail);
}

/* The angle of (x, y) for y >= 0, from 0 to pi. */
LANES_INLINE vf vf_angle(vf y, vf x)
{
    static const float fit[] = {0.999999998f, -0.333332836f,  0.19998266f,   -0.142619328f,
                                0.109420289f, -0.0837731026f, 0.0575520135f, -0.0308045092f,
                                0.010726897f, -0.00175391966f}; /* 2.4e-9 */
    vf ax = vf_max(x, -x);
    vf large = vf_max(vf_max(ax, y), vf_set(1e-30f)), small = vf_min(ax, y);
    vf q = small / large;
    vf angle = q * vf_polynomial(q * q, fit, 9);
    angle = vf_select(vf_less(ax, y), 1.57079637f - angle, angle);
    return vf_select(vf_less(x, vf_set(0.0f)), 3.14159274f - angle, angle);
}

/* Sine and cosine of 2 pi turns / 2^32. */
LANES_INLINE void vf_sincos_turns(vu turns, vf *sine, vf *cosine)
{
    static const float sine_fit[] = {0.999999997f, -0.166666502f, 0.00833201645f,
                                     -0.00019501822f}; /* 3.2e-9 */
    static const float cosine_fit[] = {1.0f, -0.499999996f, 0.0416666132f, -0.00138865291f,
                                       2.43726791e-05f}; /* 5.6e-11 */
    vu quadrant = (turns + 0x20000000u) >> 30;
    vf angle = __builtin_convertvector((vi)(turns - (quadrant << 30)), vf) * 1.46291808e-9f;
    vf square = angle * angle;
    vf s = angle * vf_polynomial(square, sine_fit, 3);
    vf c = vf_polynomial(square, cosine_fit, 4);
    vi odd = (vi)((quadrant & 1u) == 1u);
    vi swapped_s = (odd & (vi)c) | (~odd & (vi)s);
    vi swapped_c = (odd & (vi)s) | (~odd & (vi)c);
    vi sine_sign = (vi)((quadrant & 2u) << 30);
    vi cosine_sign = (vi)(((quadrant + 1u) & 2u) << 30);
    *sine = (vf)(swapped_s ^ sine_sign);
    *cosine = (vf)(swapped_c ^ cosine_sign);
}

#endif
