/* Random arrays, and how far two of them are apart. */
#ifndef DDMD_TEST_ARRAYS_H
#define DDMD_TEST_ARRAYS_H

#include "ddmd/random.h"

#include <math.h>
#include <stdlib.h>

/* n normal numbers as float64, and the same as float32; the caller frees. */
static inline double *test_normal(size_t n, uint32_t stream)
{
    double *values = malloc((n ? n : 1) * sizeof *values);
    ddmd_random random;
    ddmd_random_init(&random, 2, DDMD_RANDOM_TEST, stream, 0);
    for (size_t i = 0; i < n; i++)
        values[i] = (double)(float)ddmd_random_normal(&random);
    return values;
}

static inline float *test_float(const double *values, size_t n)
{
    float *copy = malloc((n ? n : 1) * sizeof *copy);
    for (size_t i = 0; i < n; i++)
        copy[i] = (float)values[i];
    return copy;
}

/* ||a - b|| / ||b||, Euclidean norms; 0 where both are zero. */
static inline double test_distance(const float *a, const double *b, size_t n)
{
    double difference = 0, norm = 0;
    for (size_t i = 0; i < n; i++) {
        difference += (a[i] - b[i]) * (a[i] - b[i]);
        norm += b[i] * b[i];
    }
    return difference == 0 ? 0 : sqrt(difference / norm);
}

#endif
