#include "engine/ensemble/hct_fit.h"

#include <math.h>

enum { MAX_TERMS = 16 };

static double series(bool slope, double t)
{
    double sum = 0, power = 1;
    for (int k = 0; k < 60; k++, power *= t) /* t^60 is below 1e-36 */
        sum += power * (2.0 * k + 2) / (2.0 * k + 3) * (slope ? k + 2 : 1);
    return sum;
}

void ensemble_hct_fit(bool slope, int n_terms, double *coefficients)
{
    double nodes[MAX_TERMS], divided[MAX_TERMS];
    for (int i = 0; i < n_terms; i++) {
        nodes[i] = 0.5 * DDMD_HCT_FAR_T * (1 + cos(M_PI * (i + 0.5) / n_terms));
        divided[i] = series(slope, nodes[i]);
    }
    /* Newton's divided differences, then powers of t. */
    for (int order = 1; order < n_terms; order++)
        for (int i = n_terms - 1; i >= order; i--)
            divided[i] = (divided[i] - divided[i - 1]) / (nodes[i] - nodes[i - order]);
    for (int i = 0; i < n_terms; i++)
        coefficients[i] = 0;
    for (int i = n_terms - 1; i >= 0; i--) {
        for (int k = n_terms - 1; k > 0; k--)
            coefficients[k] = coefficients[k - 1] - nodes[i] * coefficients[k];
        coefficients[0] = divided[i] - nodes[i] * coefficients[0];
    }
}
