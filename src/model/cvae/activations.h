/*
 * The work between convolutions, on activations as the convolutions like them best.
 *
 * Activations are float32 or bfloat16, [sample][channels / block][pixel][block]. A block of all
 * channels is channels-last, the order in which dense layers see them ("flat").
 */
#ifndef DDMD_CVAE_ACTIVATIONS_H
#define DDMD_CVAE_ACTIVATIONS_H

#include "model/cvae/architecture.h"

typedef struct ddmd_activations {
    bool bf16;
    size_t samples, channels, pixels;
    size_t block; /* divides channels */
} ddmd_activations;

/*
 * *values = zeroed memory for n values of each sample, aligned for vector instructions, in huge
 * pages where it is large and the system has them; NOMEM where there is none. Released with free().
 * Where *values is not NULL it stays.
 */
enum ddmd_status ddmd_activations_alloc(size_t samples, size_t n, size_t value_size, void **values,
                                        ddmd_error *err);

/* The same for n float32. */
enum ddmd_status ddmd_activations_alloc_floats(size_t n, float **values, ddmd_error *err);

/* values = relu(values + bias [channels]) */
void ddmd_activations_bias_relu(const ddmd_activations *shape, const float *bias, void *values);

/*
 * The gradient through relu, in place: 0 where values (its result) are not positive. The sum of
 * each channel is written to bias_gradient [channels], or added to it.
 */
void ddmd_activations_relu_gradient(const ddmd_activations *shape, const void *values,
                                    void *gradient, bool add, float *bias_gradient);

/* To and from flat [sample][pixel][channel] float32. */
void ddmd_activations_to_flat(const ddmd_activations *shape, const void *values, float *flat);
void ddmd_activations_from_flat(const ddmd_activations *shape, const float *flat, void *values);

/*
 * The last transposed convolution, whose result has one channel: map [sample][side_in][side_in] =
 * the adjoint of conv (with conv->channels_in = 1) applied to values, shaped as its output. The
 * library's own is made for many channels.
 */
enum ddmd_status ddmd_activations_to_map(const ddmd_activations *shape, const ddmd_conv_shape *conv,
                                         const void *values, const float *weight, float *map,
                                         ddmd_error *err);

/* n float32 as bfloat16, rounded to the nearest, of two equally near ones to the even; and back. */
void ddmd_bf16_from_float(size_t n, const float *values, uint16_t *rounded);
void ddmd_bf16_to_float(size_t n, const uint16_t *values, float *widened);

#endif
