/* The work between convolutions and matrix products. Sums over many values are float64. */
#ifndef DDMD_CVAE_ELEMENTWISE_H
#define DDMD_CVAE_ELEMENTWISE_H

#include <stdbool.h>
#include <stddef.h>

/* values [rows][channels] = relu(values + bias [channels]) * factors; factors may be NULL. */
void ddmd_bias_relu(size_t rows, size_t channels, const float *bias, const float *factors,
                    float *values);

/* values [rows][channels] += bias */
void ddmd_bias(size_t rows, size_t channels, const float *bias, float *values);

/*
 * The gradient through ddmd_bias_relu(), in place: 0 where values (its result) are not positive,
 * gradient * factors elsewhere; values NULL: no relu. Its columns are summed into bias_gradient, or
 * added to it.
 */
void ddmd_bias_relu_gradient(size_t rows, size_t channels, const float *values,
                             const float *factors, float *gradient, bool add, float *bias_gradient);

/*
 * Returns the binary cross-entropy (nats) of n logits, each `bias` more than it says, with targets
 * from 0 to 1. With scale != 0 the logits are overwritten with scale times the gradient, whose sum
 * goes to *bias_gradient.
 */
double ddmd_cross_entropy(size_t n, float *logits, float bias, const float *targets, double scale,
                          double *bias_gradient);

/* sum [n] += values [n] */
void ddmd_add(size_t n, const float *values, float *sum);

double ddmd_sum_of_squares(size_t n, const float *values);

#endif
