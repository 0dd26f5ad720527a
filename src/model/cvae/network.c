#include "model/cvae/network.h"

#include "core/array.h"
#include "core/try.h"
#include "model/cvae/activations.h"
#include "model/cvae/elementwise.h"
#include "model/cvae/onednn.h"

#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

struct ddmd_cvae_network {
    const ddmd_cvae_architecture *a;
    int capacity;
    int prepared; /* passes, in the order of enum ddmd_cvae_pass */
    ddmd_onednn *dnn;
    ddmd_onednn_format format; /* of what goes in and out of convolutions */
    ddmd_onednn_conv *conv[DDMD_MODEL_MAX_LAYERS], *transposed[DDMD_MODEL_MAX_LAYERS];

    /* activations, [capacity][...]; see reference.inc */
    float *maps, *keep, *noise, *share;
    void *conv_maps; /* the maps as convolutions want them; NULL: just as they are */
    void *conv_out[DDMD_MODEL_MAX_LAYERS];
    float *encoder_flat; /* conv_out[last], as dense layers want it */
    float *dense, *latent;
    float *z, *decoder;
    float *decoder_flat; /* what transposed_in[last] is made of */
    void *transposed_in[DDMD_MODEL_MAX_LAYERS];
    float *logits;

    /* gradients: the large ones take turns in two buffers */
    void *large[2], *conv_logits; /* conv_logits as conv_maps */
    float *flat_gradient, *dense_gradient, *latent_gradient, *z_gradient, *decoder_gradient;
    float *weights; /* of one convolution, before they are added */
};

static size_t larger(size_t a, size_t b)
{
    return a > b ? a : b;
}

/* float32 values that a training pass holds for each sample, the small layers left out */
static size_t values_per_sample(const ddmd_cvae_architecture *a)
{
    size_t sum = 2 * (size_t)a->side * (size_t)a->side, largest = 0;
    for (int i = 0; i < a->n_layers; i++) {
        size_t size = ddmd_conv_size_out(&a->conv[i]);
        sum += 2 * size;
        largest = larger(largest, size);
    }
    return sum + 2 * largest + 3 * ddmd_conv_size_out(&a->conv[a->n_layers - 1]);
}

/* The batch in as few equal pieces as fit. */
static int choose_capacity(const ddmd_cvae_architecture *a, int batch, size_t max_bytes)
{
    size_t fit = max_bytes / (values_per_sample(a) * sizeof(float));
    int most = fit < 1 ? 1 : fit < (size_t)batch ? (int)fit : batch;
    int pieces = (batch + most - 1) / most;
    return (batch + pieces - 1) / pieces;
}

static size_t conv_weights(const ddmd_conv_shape *shape)
{
    return (size_t)shape->channels_in * (size_t)shape->channels_out * (size_t)shape->kernel *
           (size_t)shape->kernel;
}

/* Zeroed memory for n values of each sample, as vector instructions like it. */
static enum ddmd_status reserve(const ddmd_cvae_network *net, size_t n, size_t value_size,
                                void **values, ddmd_error *err)
{
    size_t size = 0;
    if (*values)
        return DDMD_OK;
    if (__builtin_mul_overflow(n * value_size, (size_t)net->capacity, &size) || size > SIZE_MAX / 2)
        return ddmd_error_set(err, DDMD_NOMEM, "out of memory for %d samples of %zu values",
                              net->capacity, n);
    size = (size + 63) / 64 * 64;
    *values = aligned_alloc(64, size);
    if (!*values)
        return ddmd_error_set(err, DDMD_NOMEM, "out of memory for %d samples of %zu values",
                              net->capacity, n);
    memset(*values, 0, size);
    return DDMD_OK;
}

static enum ddmd_status activation(const ddmd_cvae_network *net, size_t n, float **values,
                                   ddmd_error *err)
{
    void *made = *values;
    enum ddmd_status status = reserve(net, n, sizeof **values, &made, err);
    *values = made;
    return status;
}

/* The same for what a convolution reads or writes. */
static enum ddmd_status conv_activation(const ddmd_cvae_network *net, size_t n, void **values,
                                        ddmd_error *err)
{
    return reserve(net, n, net->format.bf16 ? sizeof(uint16_t) : sizeof(float), values, err);
}

static ddmd_onednn_format choose_format(const ddmd_cvae_architecture *a, bool bf16)
{
    int filters[DDMD_MODEL_MAX_LAYERS];
    for (int i = 0; i < a->n_layers; i++)
        filters[i] = a->conv[i].channels_out;
    return ddmd_onednn_best_format(filters, a->n_layers, bf16);
}

enum ddmd_status ddmd_cvae_network_create(const ddmd_cvae_architecture *architecture, bool bf16,
                                          int batch, size_t max_bytes, ddmd_cvae_network **network,
                                          ddmd_error *err)
{
    enum ddmd_status status = DDMD_OK;
    ddmd_cvae_network *net = NULL;
    DDMD_TRY(ddmd_array_alloc(&net, 1, sizeof *net, err));
    net->a = architecture;
    net->capacity = choose_capacity(architecture, batch, max_bytes);
    net->format = choose_format(architecture, bf16);
    DDMD_TRY(ddmd_onednn_create(&net->dnn, err));
    *network = net;
    net = NULL;
out:
    ddmd_cvae_network_destroy(&net);
    return status;
}

/* Convolution `conv`, made where there is none yet, with some operations. */
static enum ddmd_status operations(ddmd_cvae_network *net, int layer, unsigned needed,
                                   ddmd_onednn_conv **conv, ddmd_error *err)
{
    enum ddmd_status status = DDMD_OK;
    if (!*conv)
        DDMD_TRY(ddmd_onednn_conv_create(net->dnn, &net->a->conv[layer], net->capacity, net->format,
                                         conv, err));
    DDMD_TRY(ddmd_onednn_conv_prepare(*conv, needed, err));
out:
    return status;
}

static enum ddmd_status prepare_encoder(ddmd_cvae_network *net, ddmd_error *err)
{
    enum ddmd_status status = DDMD_OK;
    const ddmd_cvae_architecture *a = net->a;
    DDMD_TRY(activation(net, (size_t)a->side * (size_t)a->side, &net->maps, err));
    if (net->format.bf16)
        DDMD_TRY(conv_activation(net, (size_t)a->side * (size_t)a->side, &net->conv_maps, err));
    DDMD_TRY(activation(net, a->encoder_dense.in, &net->encoder_flat, err));
    DDMD_TRY(activation(net, a->encoder_dense.out, &net->dense, err));
    DDMD_TRY(activation(net, a->latent.out, &net->latent, err));
    for (int i = 0; i < a->n_layers; i++) {
        DDMD_TRY(conv_activation(net, ddmd_conv_size_out(&a->conv[i]), &net->conv_out[i], err));
        DDMD_TRY(operations(net, i, DDMD_ONEDNN_FORWARD_RELU, &net->conv[i], err));
    }
out:
    return status;
}

static enum ddmd_status prepare_decoder(ddmd_cvae_network *net, ddmd_error *err)
{
    enum ddmd_status status = DDMD_OK;
    const ddmd_cvae_architecture *a = net->a;
    DDMD_TRY(activation(net, (size_t)a->latent_dim, &net->noise, err));
    DDMD_TRY(activation(net, 1, &net->share, err));
    DDMD_TRY(activation(net, (size_t)a->latent_dim, &net->z, err));
    DDMD_TRY(activation(net, a->decoder_dense[0].out, &net->decoder, err));
    DDMD_TRY(activation(net, a->decoder_dense[1].out, &net->decoder_flat, err));
    DDMD_TRY(activation(net, (size_t)a->side * (size_t)a->side, &net->logits, err));
    for (int i = 0; i < a->n_layers; i++) {
        DDMD_TRY(
            conv_activation(net, ddmd_conv_size_out(&a->conv[i]), &net->transposed_in[i], err));
        if (i > 0)
            DDMD_TRY(operations(net, i, DDMD_ONEDNN_BACKWARD_DATA, &net->transposed[i], err));
    }
out:
    return status;
}

static enum ddmd_status prepare_gradients(ddmd_cvae_network *net, ddmd_error *err)
{
    enum ddmd_status status = DDMD_OK;
    const ddmd_cvae_architecture *a = net->a;
    size_t largest = 0, weights = 0;
    for (int i = 0; i < a->n_layers; i++) {
        const ddmd_conv_shape *shape = &a->conv[i];
        largest = larger(largest, ddmd_conv_size_out(shape));
        weights = larger(weights, conv_weights(shape));
        DDMD_TRY(operations(net, i, DDMD_ONEDNN_FORWARD | DDMD_ONEDNN_BACKWARD_WEIGHTS,
                            &net->transposed[i], err));
        /* nobody asks for the gradient of the maps */
        DDMD_TRY(operations(net, i,
                            DDMD_ONEDNN_BACKWARD_WEIGHTS | (i > 0 ? DDMD_ONEDNN_BACKWARD_DATA : 0),
                            &net->conv[i], err));
    }
    DDMD_TRY(activation(net, a->encoder_dense.out, &net->keep, err));
    DDMD_TRY(conv_activation(net, largest, &net->large[0], err));
    DDMD_TRY(conv_activation(net, largest, &net->large[1], err));
    if (net->format.bf16)
        DDMD_TRY(conv_activation(net, (size_t)a->side * (size_t)a->side, &net->conv_logits, err));
    DDMD_TRY(activation(net, a->encoder_dense.in, &net->flat_gradient, err));
    DDMD_TRY(activation(net, a->encoder_dense.out, &net->dense_gradient, err));
    DDMD_TRY(activation(net, a->latent.out, &net->latent_gradient, err));
    DDMD_TRY(activation(net, (size_t)a->latent_dim, &net->z_gradient, err));
    DDMD_TRY(activation(net, a->decoder_dense[0].out, &net->decoder_gradient, err));
    if (!net->weights)
        DDMD_TRY(ddmd_array_alloc(&net->weights, weights, sizeof *net->weights, err));
out:
    return status;
}

enum ddmd_status ddmd_cvae_network_prepare(ddmd_cvae_network *network, enum ddmd_cvae_pass pass,
                                           ddmd_error *err)
{
    enum ddmd_status status = DDMD_OK;
    enum ddmd_status (*const steps[])(ddmd_cvae_network *, ddmd_error *) = {
        prepare_encoder, prepare_decoder, prepare_gradients};
    for (; network->prepared <= (int)pass; network->prepared++)
        DDMD_TRY(steps[network->prepared](network, err));
out:
    return status;
}

void ddmd_cvae_network_destroy(ddmd_cvae_network **network)
{
    ddmd_cvae_network *net = *network;
    if (!net)
        return;
    for (int i = 0; i < DDMD_MODEL_MAX_LAYERS; i++) {
        ddmd_onednn_conv_destroy(&net->conv[i]);
        ddmd_onednn_conv_destroy(&net->transposed[i]);
        free(net->conv_out[i]);
        free(net->transposed_in[i]);
    }
    ddmd_onednn_destroy(&net->dnn);
    void *const others[] = {
        net->maps,           net->conv_maps,       net->conv_logits,
        net->encoder_flat,   net->decoder_flat,    net->flat_gradient,
        net->keep,           net->noise,           net->share,
        net->dense,          net->latent,          net->z,
        net->decoder,        net->logits,          net->large[0],
        net->large[1],       net->weights,         net->z_gradient,
        net->dense_gradient, net->latent_gradient, net->decoder_gradient,
    };
    for (size_t i = 0; i < sizeof others / sizeof *others; i++)
        free(others[i]);
    free(net);
    *network = NULL;
}

int ddmd_cvae_network_capacity(const ddmd_cvae_network *network)
{
    return network->capacity;
}

ddmd_cvae_inputs ddmd_cvae_network_inputs(ddmd_cvae_network *network)
{
    return (ddmd_cvae_inputs){network->maps, network->keep, network->noise, network->share};
}

/* --- forward --- */

static size_t rows_of(const ddmd_cvae_network *net)
{
    return (size_t)net->capacity;
}

/* What convolution i gives, and its transposed twin is given. */
static ddmd_activations shape_of(const ddmd_cvae_network *net, int i)
{
    const ddmd_conv_shape *conv = &net->a->conv[i];
    size_t channels = (size_t)conv->channels_out;
    return (ddmd_activations){
        .bf16 = net->format.bf16,
        .samples = rows_of(net),
        .channels = channels,
        .pixels = (size_t)conv->side_out * (size_t)conv->side_out,
        .block = net->format.blocked ? 16 : channels,
    };
}

/* Values [side][side] of each sample as convolutions want them; `converted` is NULL for float32. */
static const void *for_conv(const ddmd_cvae_network *net, const float *values, void *converted)
{
    if (!converted)
        return values;
    ddmd_bf16_from_float(rows_of(net) * (size_t)net->a->side * (size_t)net->a->side, values,
                         converted);
    return converted;
}

/* Zero what lies behind the first n samples of `width` values. */
static void clear_rest(const ddmd_cvae_network *net, int n, size_t width, float *values)
{
    memset(values + (size_t)n * width, 0, (size_t)(net->capacity - n) * width * sizeof *values);
}

static enum ddmd_status dense(const ddmd_cvae_network *net, const ddmd_dense_shape *shape,
                              const float *in, const float *weight, float *out, ddmd_error *err)
{
    return ddmd_onednn_product(false, true, rows_of(net), shape->out, shape->in, in, weight, false,
                               out, err);
}

static enum ddmd_status encode(ddmd_cvae_network *net, const float *p, int n, bool dropout,
                               ddmd_error *err)
{
    enum ddmd_status status = DDMD_OK;
    const ddmd_cvae_architecture *a = net->a;
    const ddmd_activations deepest = shape_of(net, a->n_layers - 1);
    clear_rest(net, n, (size_t)a->side * (size_t)a->side, net->maps);
    const void *in = for_conv(net, net->maps, net->conv_maps);
    for (int i = 0; i < a->n_layers; i++) {
        DDMD_TRY(ddmd_onednn_conv_forward(net->conv[i], in, p + a->at_conv[i].weight,
                                          p + a->at_conv[i].bias, net->conv_out[i], err));
        in = net->conv_out[i];
    }
    ddmd_activations_to_flat(&deepest, in, net->encoder_flat);
    DDMD_TRY(dense(net, &a->encoder_dense, net->encoder_flat, p + a->at_encoder_dense.weight,
                   net->dense, err));
    ddmd_bias_relu(rows_of(net), a->encoder_dense.out, p + a->at_encoder_dense.bias,
                   dropout ? net->keep : NULL, net->dense);
    DDMD_TRY(dense(net, &a->latent, net->dense, p + a->at_latent.weight, net->latent, err));
    ddmd_bias(rows_of(net), a->latent.out, p + a->at_latent.bias, net->latent);
out:
    return status;
}

static void sample(ddmd_cvae_network *net, bool noisy)
{
    size_t d = (size_t)net->a->latent_dim;
    for (size_t s = 0; s < rows_of(net); s++) {
        const float *mean = net->latent + s * 2 * d, *log_var = mean + d;
        const float *noise = net->noise + s * d;
        for (size_t i = 0; i < d; i++)
            net->z[s * d + i] = mean[i] + (noisy ? expf(log_var[i] / 2) * noise[i] : 0);
    }
}

/* From z to the logits, without the bias of the last layer. */
static enum ddmd_status decode(ddmd_cvae_network *net, const float *p, ddmd_error *err)
{
    enum ddmd_status status = DDMD_OK;
    const ddmd_cvae_architecture *a = net->a;
    const float *in = net->z;
    float *const outs[] = {net->decoder, net->decoder_flat};
    for (int i = 0; i < 2; i++) {
        const ddmd_dense_shape *shape = &a->decoder_dense[i];
        DDMD_TRY(dense(net, shape, in, p + a->at_decoder_dense[i].weight, outs[i], err));
        ddmd_bias_relu(rows_of(net), shape->out, p + a->at_decoder_dense[i].bias, NULL, outs[i]);
        in = outs[i];
    }
    ddmd_activations shape = shape_of(net, a->n_layers - 1);
    ddmd_activations_from_flat(&shape, net->decoder_flat, net->transposed_in[a->n_layers - 1]);
    for (int i = a->n_layers - 1; i > 0; i--) {
        DDMD_TRY(ddmd_onednn_conv_backward_data(net->transposed[i], net->transposed_in[i],
                                                p + a->at_transposed[i].weight,
                                                net->transposed_in[i - 1], err));
        shape = shape_of(net, i - 1);
        ddmd_activations_bias_relu(&shape, p + a->at_transposed[i].bias, net->transposed_in[i - 1]);
    }
    DDMD_TRY(ddmd_activations_to_map(&shape, &a->conv[0], net->transposed_in[0],
                                     p + a->at_transposed[0].weight, net->logits, err));
out:
    return status;
}

/* KL(N(m, v) || N(0, 1)) = (m^2 + v - 1 - log v) / 2 of one sample. */
static double divergence(const ddmd_cvae_network *net, size_t sample)
{
    size_t d = (size_t)net->a->latent_dim;
    double sum = 0;
    for (size_t i = 0; i < d; i++) {
        double mean = net->latent[sample * 2 * d + i];
        double log_var = net->latent[sample * 2 * d + d + i];
        sum += (mean * mean + exp(log_var) - 1 - log_var) / 2;
    }
    return sum;
}

enum ddmd_status ddmd_cvae_network_encode(ddmd_cvae_network *network, const float *parameters,
                                          int n, float *mean, ddmd_error *err)
{
    size_t d = (size_t)network->a->latent_dim;
    enum ddmd_status status = encode(network, parameters, n, false, err);
    if (status == DDMD_OK)
        for (size_t s = 0; s < (size_t)n; s++)
            memcpy(mean + s * d, network->latent + s * 2 * d, d * sizeof *mean);
    return status;
}

/* The losses of the first n samples; with scale != 0, the logits become the gradient. */
static void losses(ddmd_cvae_network *net, const float *p, int n, double scale,
                   ddmd_model_loss *sum, double *bias_gradient)
{
    size_t map = (size_t)net->a->side * (size_t)net->a->side;
    float bias = p[net->a->at_transposed[0].bias];
    for (size_t s = 0; s < (size_t)n; s++) {
        double share = net->share[s], gradient = 0;
        sum->kl += share * divergence(net, s);
        sum->reconstruction +=
            share * ddmd_cross_entropy(map, net->logits + s * map, bias, net->maps + s * map,
                                       scale * share, &gradient);
        *bias_gradient += gradient;
    }
}

enum ddmd_status ddmd_cvae_network_loss(ddmd_cvae_network *network, const float *parameters, int n,
                                        ddmd_model_loss *sum, ddmd_error *err)
{
    enum ddmd_status status = DDMD_OK;
    ddmd_model_loss found = {0, 0};
    double unused = 0;
    DDMD_TRY(encode(network, parameters, n, false, err));
    sample(network, false);
    DDMD_TRY(decode(network, parameters, err));
    losses(network, parameters, n, 0, &found, &unused);
    *sum = found;
out:
    return status;
}

/* --- backward --- */

static enum ddmd_status conv_gradient(ddmd_cvae_network *net, ddmd_onednn_conv *conv,
                                      const ddmd_conv_shape *shape, const void *in,
                                      const void *out_gradient, bool add, float *gradient,
                                      ddmd_error *err)
{
    enum ddmd_status status = ddmd_onednn_conv_backward_weights(conv, in, out_gradient,
                                                                add ? net->weights : gradient, err);
    if (status == DDMD_OK && add)
        ddmd_add(conv_weights(shape), net->weights, gradient);
    return status;
}

/* Weights and input of a dense layer. */
static enum ddmd_status dense_gradient(const ddmd_cvae_network *net, const ddmd_dense_shape *shape,
                                       const float *in, const float *weight,
                                       const float *out_gradient, bool add, float *in_gradient,
                                       float *weight_gradient, ddmd_error *err)
{
    enum ddmd_status status = DDMD_OK;
    DDMD_TRY(ddmd_onednn_product(true, false, shape->out, shape->in, rows_of(net), out_gradient, in,
                                 add, weight_gradient, err));
    DDMD_TRY(ddmd_onednn_product(false, false, rows_of(net), shape->in, shape->out, out_gradient,
                                 weight, false, in_gradient, err));
out:
    return status;
}

/* From the gradient of the logits to that of z. */
static enum ddmd_status backward_decoder(ddmd_cvae_network *net, const float *p, bool add,
                                         float *gradient, ddmd_error *err)
{
    enum ddmd_status status = DDMD_OK;
    const ddmd_cvae_architecture *a = net->a;
    const void *from = for_conv(net, net->logits, net->conv_logits);
    for (int i = 0; i < a->n_layers; i++) {
        const ddmd_activations shape = shape_of(net, i);
        void *to = net->large[i % 2];
        DDMD_TRY(conv_gradient(net, net->transposed[i], &a->conv[i], from, net->transposed_in[i],
                               add, gradient + a->at_transposed[i].weight, err));
        DDMD_TRY(ddmd_onednn_conv_forward(net->transposed[i], from, p + a->at_transposed[i].weight,
                                          NULL, to, err));
        if (i + 1 < a->n_layers)
            ddmd_activations_relu_gradient(&shape, net->transposed_in[i], to, add,
                                           gradient + a->at_transposed[i + 1].bias);
        else
            ddmd_activations_to_flat(&shape, to, net->flat_gradient);
        from = to;
    }
    /* the bias of the deepest input is one for each of its values, not one for each channel */
    ddmd_bias_relu_gradient(rows_of(net), a->decoder_dense[1].out, net->decoder_flat, NULL,
                            net->flat_gradient, add, gradient + a->at_decoder_dense[1].bias);
    DDMD_TRY(dense_gradient(net, &a->decoder_dense[1], net->decoder,
                            p + a->at_decoder_dense[1].weight, net->flat_gradient, add,
                            net->decoder_gradient, gradient + a->at_decoder_dense[1].weight, err));
    ddmd_bias_relu_gradient(rows_of(net), a->decoder_dense[0].out, net->decoder, NULL,
                            net->decoder_gradient, add, gradient + a->at_decoder_dense[0].bias);
    DDMD_TRY(dense_gradient(net, &a->decoder_dense[0], net->z, p + a->at_decoder_dense[0].weight,
                            net->decoder_gradient, add, net->z_gradient,
                            gradient + a->at_decoder_dense[0].weight, err));
out:
    return status;
}

/* From the gradient of z, and the divergence, to that of means and log variances. */
static void backward_sample(ddmd_cvae_network *net, int n, float whole_scale)
{
    size_t d = (size_t)net->a->latent_dim;
    for (size_t s = 0; s < (size_t)n; s++) {
        const float *mean = net->latent + s * 2 * d, *log_var = mean + d;
        const float *noise = net->noise + s * d, *dz = net->z_gradient + s * d;
        float *mean_gradient = net->latent_gradient + s * 2 * d;
        float *log_var_gradient = mean_gradient + d, scale = whole_scale * net->share[s];
        for (size_t i = 0; i < d; i++) {
            float deviation = expf(log_var[i] / 2);
            mean_gradient[i] = dz[i] + scale * mean[i];
            log_var_gradient[i] =
                dz[i] * noise[i] * deviation / 2 + scale * (deviation * deviation - 1) / 2;
        }
    }
    clear_rest(net, n, 2 * d, net->latent_gradient);
}

static enum ddmd_status backward_encoder(ddmd_cvae_network *net, const float *p, bool add,
                                         float *gradient, ddmd_error *err)
{
    enum ddmd_status status = DDMD_OK;
    const ddmd_cvae_architecture *a = net->a;
    int last = a->n_layers - 1;
    ddmd_bias_relu_gradient(rows_of(net), a->latent.out, NULL, NULL, net->latent_gradient, add,
                            gradient + a->at_latent.bias);
    DDMD_TRY(dense_gradient(net, &a->latent, net->dense, p + a->at_latent.weight,
                            net->latent_gradient, add, net->dense_gradient,
                            gradient + a->at_latent.weight, err));
    ddmd_bias_relu_gradient(rows_of(net), a->encoder_dense.out, net->dense, net->keep,
                            net->dense_gradient, add, gradient + a->at_encoder_dense.bias);
    DDMD_TRY(dense_gradient(net, &a->encoder_dense, net->encoder_flat,
                            p + a->at_encoder_dense.weight, net->dense_gradient, add,
                            net->flat_gradient, gradient + a->at_encoder_dense.weight, err));
    ddmd_activations shape = shape_of(net, last);
    ddmd_activations_from_flat(&shape, net->flat_gradient, net->large[last % 2]);
    for (int i = last; i >= 0; i--) {
        void *from = net->large[i % 2];
        shape = shape_of(net, i);
        ddmd_activations_relu_gradient(&shape, net->conv_out[i], from, add,
                                       gradient + a->at_conv[i].bias);
        const void *in = i ? net->conv_out[i - 1] : net->conv_maps ? net->conv_maps : net->maps;
        DDMD_TRY(conv_gradient(net, net->conv[i], &a->conv[i], in, from, add,
                               gradient + a->at_conv[i].weight, err));
        if (i)
            DDMD_TRY(ddmd_onednn_conv_backward_data(net->conv[i], from, p + a->at_conv[i].weight,
                                                    net->large[(i - 1) % 2], err));
    }
out:
    return status;
}

enum ddmd_status ddmd_cvae_network_gradient(ddmd_cvae_network *network, const float *parameters,
                                            int n, double scale, bool add, float *gradient,
                                            ddmd_model_loss *sum, ddmd_error *err)
{
    enum ddmd_status status = DDMD_OK;
    const ddmd_cvae_architecture *a = network->a;
    ddmd_model_loss found = {0, 0};
    double bias_gradient = 0;
    clear_rest(network, n, a->encoder_dense.out, network->keep);
    clear_rest(network, n, (size_t)a->latent_dim, network->noise);
    DDMD_TRY(encode(network, parameters, n, true, err));
    sample(network, true);
    DDMD_TRY(decode(network, parameters, err));
    losses(network, parameters, n, scale, &found, &bias_gradient);
    clear_rest(network, n, (size_t)a->side * (size_t)a->side, network->logits);
    float *last_bias = gradient + a->at_transposed[0].bias;
    *last_bias = (float)(bias_gradient + (add ? *last_bias : 0));
    DDMD_TRY(backward_decoder(network, parameters, add, gradient, err));
    backward_sample(network, n, (float)scale);
    DDMD_TRY(backward_encoder(network, parameters, add, gradient, err));
    *sum = found;
out:
    return status;
}
