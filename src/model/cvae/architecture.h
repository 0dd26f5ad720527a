/*
 * The layers of the CVAE and its parameters, by name.
 *
 *   encoder   map [n][n] -> conv 1 .. L (relu) -> flatten -> dense (relu) -> dropout
 *             -> mean, log variance
 *   latent    z = mean + exp(log_var / 2) noise
 *   decoder   z -> dense (relu) -> dense (relu) -> transposed conv L .. 1 -> logits [n][n]
 *             (relu after each but the last)
 *
 * Transposed convolution i is convolution i run backwards: it has the same geometry, so that the
 * decoder's sizes mirror the encoder's exactly, whatever the size and strides.
 *
 * `Same` padding as Keras has it: side_out = ceil(side_in / stride); of the zeros that this takes,
 * the smaller half stands before, the larger behind.
 *
 * Activations are channels-last, [sample][row][column][channel]; flattening keeps that order.
 * Weights are plain: convolutions [channels_out][channels_in][kernel][kernel] of the convolution
 * (for the transposed one, the side with fewer pixels comes first), dense layers [out][in].
 */
#ifndef DDMD_CVAE_ARCHITECTURE_H
#define DDMD_CVAE_ARCHITECTURE_H

#include "model/model_ops.h"

/* One convolution; "in" is the side with more pixels. */
typedef struct ddmd_conv_shape {
    int channels_in, side_in;
    int channels_out, side_out;
    int kernel, stride;
    int pad_low, pad_high;
} ddmd_conv_shape;

typedef struct ddmd_dense_shape {
    size_t in, out;
} ddmd_dense_shape;

/* A tensor inside the one array that holds all parameters. */
typedef struct ddmd_parameter {
    char name[32];
    int rank;
    size_t shape[4];
    size_t offset, count;
    size_t fan_in, fan_out; /* of Glorot's initialisation; 0: zeros (biases) */
} ddmd_parameter;

/* Where a layer's weights and bias start in that array. */
typedef struct ddmd_layer_offsets {
    size_t weight, bias;
} ddmd_layer_offsets;

enum { DDMD_CVAE_MAX_PARAMETERS = 4 * DDMD_MODEL_MAX_LAYERS + 10 };

typedef struct ddmd_cvae_architecture {
    int side; /* of the map */
    int latent_dim;
    int n_layers;
    ddmd_conv_shape conv[DDMD_MODEL_MAX_LAYERS];
    ddmd_dense_shape encoder_dense;
    ddmd_dense_shape latent; /* mean and log variance as one layer: out = 2 latent_dim */
    ddmd_dense_shape decoder_dense[2];

    ddmd_layer_offsets at_conv[DDMD_MODEL_MAX_LAYERS], at_transposed[DDMD_MODEL_MAX_LAYERS];
    ddmd_layer_offsets at_encoder_dense, at_latent, at_decoder_dense[2];

    int n_parameters;
    ddmd_parameter parameters[DDMD_CVAE_MAX_PARAMETERS];
    size_t n_values; /* of all parameters together */
} ddmd_cvae_architecture;

/*
 * CONFIG: a layer with a stride above 1 meets a map of one pixel, or the parameters would be more
 * than 2^31.
 */
enum ddmd_status ddmd_cvae_architecture_init(ddmd_cvae_architecture *architecture,
                                             const ddmd_model_base *base, ddmd_error *err);

/* Pixels times channels of one sample on either side of a convolution. */
size_t ddmd_conv_size_in(const ddmd_conv_shape *shape);
size_t ddmd_conv_size_out(const ddmd_conv_shape *shape);

/*
 * Floating-point operations of the convolutions and dense layers for one sample: of a training step
 * (forward and both gradients, but for that of the map), or of embedding it.
 */
double ddmd_cvae_training_flops(const ddmd_cvae_architecture *architecture);
double ddmd_cvae_embedding_flops(const ddmd_cvae_architecture *architecture);

/* Weights uniform in +-sqrt(6 / (fan_in + fan_out)) (Glorot, Bengio, AISTATS 2010), biases zero. */
void ddmd_cvae_initialise(const ddmd_cvae_architecture *architecture, uint64_t seed,
                          uint32_t version, float *values);

#endif
