/*
 * The descreening integral of Hawkins, Cramer and Truhlar where the sphere, of radius s, lies
 * wholly outside the atom: with x = s/r,
 *
 *   H = (1/r) [x / (1 - x^2) - atanh x] = s^3 w^2 sum_k (2k+2)/(2k+3) t^k,  w = 1/r^2, t = s^2 w
 *   dH/dr / r = -2 s^3 w^3 sum_k (k+2) (2k+2)/(2k+3) t^k
 *
 * Both series are replaced by polynomials that interpolate them at Chebyshev's nodes of
 * 0 <= t <= DDMD_HCT_FAR_T.
 */
#ifndef DDMD_ENSEMBLE_HCT_FIT_H
#define DDMD_ENSEMBLE_HCT_FIT_H

#include <stdbool.h>

#define DDMD_HCT_FAR_T 0.25

/* coefficients[0 .. n_terms-1], constant first, of the first series, or of the second. */
void ensemble_hct_fit(bool slope, int n_terms, double *coefficients);

#endif
