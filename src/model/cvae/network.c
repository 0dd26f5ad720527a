#include "model/cvae/network.h"

#include "core/array.h"
#include "core/try.h"
#include "model/cvae/activations.h"
#include "model/cvae/elementwise.h"
#include "model/cvae/onednn.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

struct ddmd_cvae_network {
    const ddmd_cvae_architecture *a;
    int capacity;        /* samples in a pass; what dense layers always compute */
    int chunk, n_chunks; /* of convolutions, which together have room for them */
    int prepared;        /* passes, in the order of enum ddmd_cvae_pass */
    ddmd_cvae_convs *convs;

    /* [n_chunks][chunk][...] */
    float *maps;
    float *encoder_flat, *decoder_flat, *flat_gradient;
    /* [chunk][...] */
    float *logits;
    /* [capacity][...]; see reference.inc */
    float *keep, *noise, *share;
    float *dense, *latent, *z, *decoder;
    float *dense_gradient, *latent_gradient, *z_gradient, *decoder_gradient;
};

static size_t map_size(const ddmd_cvae_architecture *a)
{
    return (size_t)a->side * (size_t)a->side;
}

/* What a pass holds for each sample, whatever the chunks; the small layers left out. */
static size_t bytes_per_sample(const ddmd_cvae_architecture *a, bool bf16, enum ddmd_cvae_pass pass)
{
    const size_t flats[] = {1, 2, 3}; /* in the order of enum ddmd_cvae_pass */
    return (map_size(a) + flats[pass] * a->encoder_dense.in) * sizeof(float) +
           ddmd_cvae_convs_kept_bytes(a, bf16, pass);
}

/* The batch in as few equal pieces as fit. */
static int choose_capacity(const ddmd_cvae_architecture *a, bool bf16, const ddmd_cvae_room *room)
{
    int chunk = ddmd_cvae_convs_chunk(a, bf16, room->batch, room->cache_bytes);
    size_t fixed = (size_t)chunk * ddmd_cvae_convs_chunk_bytes(a, bf16, room->most);
    size_t left = room->max_bytes > fixed ? room->max_bytes - fixed : 0;
    size_t fit = left / bytes_per_sample(a, bf16, room->most);
    int most = fit < 1 ? 1 : fit < (size_t)room->batch ? (int)fit : room->batch;
    int pieces = (room->batch + most - 1) / most;
    return (room->batch + pieces - 1) / pieces;
}

enum ddmd_status ddmd_cvae_network_create(const ddmd_cvae_architecture *architecture, bool bf16,
                                          const ddmd_cvae_room *room, ddmd_cvae_network **network,
                                          ddmd_error *err)
{
    enum ddmd_status status = DDMD_OK;
    ddmd_cvae_network *net = NULL;
    DDMD_TRY(ddmd_array_alloc(&net, 1, sizeof *net, err));
    net->a = architecture;
    net->capacity = choose_capacity(architecture, bf16, room);
    net->chunk = ddmd_cvae_convs_chunk(architecture, bf16, net->capacity, room->cache_bytes);
    net->n_chunks = (net->capacity + net->chunk - 1) / net->chunk;
    DDMD_TRY(ddmd_cvae_convs_create(architecture, bf16, room->most, net->chunk, net->n_chunks,
                                    &net->convs, err));
    *network = net;
    net = NULL;
out:
    ddmd_cvae_network_destroy(&net);
    return status;
}

/* Room for n values of each of `samples` samples. */
static enum ddmd_status room_for(int samples, size_t n, float **values, ddmd_error *err)
{
    return ddmd_activations_alloc_floats((size_t)samples * n, values, err);
}

static enum ddmd_status prepare_encoder(ddmd_cvae_network *net, ddmd_error *err)
{
    enum ddmd_status status = DDMD_OK;
    const ddmd_cvae_architecture *a = net->a;
    int rows = net->n_chunks * net->chunk;
    DDMD_TRY(room_for(rows, map_size(a), &net->maps, err));
    DDMD_TRY(room_for(rows, a->encoder_dense.in, &net->encoder_flat, err));
    DDMD_TRY(room_for(net->capacity, a->encoder_dense.out, &net->dense, err));
    DDMD_TRY(room_for(net->capacity, a->latent.out, &net->latent, err));
out:
    return status;
}

static enum ddmd_status prepare_decoder(ddmd_cvae_network *net, ddmd_error *err)
{
    enum ddmd_status status = DDMD_OK;
    const ddmd_cvae_architecture *a = net->a;
    size_t dim = (size_t)a->latent_dim;
    DDMD_TRY(
        room_for(net->n_chunks * net->chunk, a->decoder_dense[1].out, &net->decoder_flat, err));
    DDMD_TRY(room_for(net->chunk, map_size(a), &net->logits, err));
    DDMD_TRY(room_for(net->capacity, 1, &net->share, err));
    DDMD_TRY(room_for(net->capacity, dim, &net->noise, err));
    DDMD_TRY(room_for(net->capacity, dim, &net->z, err));
    DDMD_TRY(room_for(net->capacity, a->decoder_dense[0].out, &net->decoder, err));
out:
    return status;
}

static enum ddmd_status prepare_gradients(ddmd_cvae_network *net, ddmd_error *err)
{
    enum ddmd_status status = DDMD_OK;
    const ddmd_cvae_architecture *a = net->a;
    int n = net->capacity;
    DDMD_TRY(room_for(net->n_chunks * net->chunk, a->encoder_dense.in, &net->flat_gradient, err));
    DDMD_TRY(room_for(n, a->encoder_dense.out, &net->keep, err));
    DDMD_TRY(room_for(n, a->encoder_dense.out, &net->dense_gradient, err));
    DDMD_TRY(room_for(n, a->latent.out, &net->latent_gradient, err));
    DDMD_TRY(room_for(n, (size_t)a->latent_dim, &net->z_gradient, err));
    DDMD_TRY(room_for(n, a->decoder_dense[0].out, &net->decoder_gradient, err));
out:
    return status;
}

enum ddmd_status ddmd_cvae_network_prepare(ddmd_cvae_network *network, enum ddmd_cvae_pass pass,
                                           ddmd_error *err)
{
    enum ddmd_status status = DDMD_OK;
    enum ddmd_status (*const steps[])(ddmd_cvae_network *, ddmd_error *) = {
        prepare_encoder, prepare_decoder, prepare_gradients};
    DDMD_TRY(ddmd_cvae_convs_prepare(network->convs, pass, err));
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
    ddmd_cvae_convs_destroy(&net->convs);
    float *const values[] = {
        net->maps,
        net->encoder_flat,
        net->decoder_flat,
        net->flat_gradient,
        net->logits,
        net->keep,
        net->noise,
        net->share,
        net->dense,
        net->latent,
        net->z,
        net->decoder,
        net->dense_gradient,
        net->latent_gradient,
        net->z_gradient,
        net->decoder_gradient,
    };
    for (size_t i = 0; i < sizeof values / sizeof *values; i++)
        free(values[i]);
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

/* Zero the samples n .. end - 1, of `width` values. */
static void clear(int n, int end, size_t width, float *values)
{
    memset(values + (size_t)n * width, 0, (size_t)(end - n) * width * sizeof *values);
}

/* The chunks that the first n samples are in. */
static int chunks_of(const ddmd_cvae_network *net, int n)
{
    return (n + net->chunk - 1) / net->chunk;
}

static enum ddmd_status dense(const ddmd_cvae_network *net, const ddmd_dense_shape *shape,
                              const float *in, const float *weight, float *out, ddmd_error *err)
{
    return ddmd_onednn_product(false, true, rows_of(net), shape->out, shape->in, in, weight, false,
                               out, err);
}

/* With dropout, activations are kept for the gradient. */
static enum ddmd_status encode(ddmd_cvae_network *net, const float *p, int n, bool dropout,
                               ddmd_error *err)
{
    enum ddmd_status status = DDMD_OK;
    const ddmd_cvae_architecture *a = net->a;
    int n_chunks = dropout ? net->n_chunks : chunks_of(net, n);
    clear(n, n_chunks * net->chunk, map_size(a), net->maps);
    DDMD_TRY(ddmd_cvae_convs_encode(net->convs, p, n_chunks, net->maps, dropout, net->encoder_flat,
                                    err));
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

/* From z as far as all samples go together. */
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
    DDMD_TRY(ddmd_cvae_convs_decode_deep(net->convs, p, net->decoder_flat, err));
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
    enum ddmd_status status = DDMD_OK;
    DDMD_TRY(ddmd_cvae_convs_load(network->convs, parameters, err));
    DDMD_TRY(encode(network, parameters, n, false, err));
    for (size_t s = 0; s < (size_t)n; s++)
        memcpy(mean + s * d, network->latent + s * 2 * d, d * sizeof *mean);
out:
    return status;
}

static void add_divergences(const ddmd_cvae_network *net, int n, ddmd_model_loss *sum)
{
    for (size_t s = 0; s < (size_t)n; s++)
        sum->kl += net->share[s] * divergence(net, s);
}

/*
 * Decode a chunk and add up the losses of those of its samples that are among the first n; with
 * scale != 0, the logits become the gradient.
 */
static enum ddmd_status decode_chunk(ddmd_cvae_network *net, const float *p, int number, int n,
                                     double scale, ddmd_model_loss *sum, double *bias_gradient,
                                     ddmd_error *err)
{
    const ddmd_cvae_architecture *a = net->a;
    size_t map = map_size(a);
    int first = number * net->chunk, left = n > first ? n - first : 0;
    int there = left < net->chunk ? left : net->chunk;
    float bias = p[a->at_transposed[0].bias];
    const float *maps = net->maps + (size_t)first * map;
    enum ddmd_status status = ddmd_cvae_convs_decode(net->convs, p, number, net->logits, err);
    for (size_t s = 0; status == DDMD_OK && s < (size_t)there; s++) {
        double share = net->share[(size_t)first + s], gradient = 0;
        sum->reconstruction += share * ddmd_cross_entropy(map, net->logits + s * map, bias,
                                                          maps + s * map, scale * share, &gradient);
        *bias_gradient += gradient;
    }
    clear(there, net->chunk, map, net->logits);
    return status;
}

enum ddmd_status ddmd_cvae_network_loss(ddmd_cvae_network *network, const float *parameters, int n,
                                        ddmd_model_loss *sum, ddmd_error *err)
{
    enum ddmd_status status = DDMD_OK;
    ddmd_model_loss found = {0, 0};
    double unused = 0;
    DDMD_TRY(ddmd_cvae_convs_load(network->convs, parameters, err));
    DDMD_TRY(encode(network, parameters, n, false, err));
    sample(network, false);
    add_divergences(network, n, &found);
    DDMD_TRY(decode(network, parameters, err));
    for (int c = 0; c < chunks_of(network, n); c++)
        DDMD_TRY(decode_chunk(network, parameters, c, n, 0, &found, &unused, err));
    *sum = found;
out:
    return status;
}

/* --- backward --- */

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

/* Decode, chunk by chunk, and go back at once, while all is at hand: to the flat gradient. */
static enum ddmd_status through_logits(ddmd_cvae_network *net, const float *p, int n, double scale,
                                       bool add, float *gradient, ddmd_model_loss *sum,
                                       ddmd_error *err)
{
    enum ddmd_status status = DDMD_OK;
    float *last_bias = gradient + net->a->at_transposed[0].bias;
    double bias_gradient = add ? *last_bias : 0;
    for (int c = 0; c < net->n_chunks; c++) {
        DDMD_TRY(decode_chunk(net, p, c, n, scale, sum, &bias_gradient, err));
        DDMD_TRY(ddmd_cvae_convs_decode_gradient(net->convs, c, net->logits, add || c > 0, gradient,
                                                 err));
    }
    *last_bias = (float)bias_gradient;
    DDMD_TRY(
        ddmd_cvae_convs_decode_gradient_deep(net->convs, add, gradient, net->flat_gradient, err));
out:
    return status;
}

/* From the flat gradient to that of z. */
static enum ddmd_status backward_decoder(ddmd_cvae_network *net, const float *p, bool add,
                                         float *gradient, ddmd_error *err)
{
    enum ddmd_status status = DDMD_OK;
    const ddmd_cvae_architecture *a = net->a;
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
    clear(n, net->capacity, 2 * d, net->latent_gradient);
}

static enum ddmd_status backward_encoder(ddmd_cvae_network *net, const float *p, bool add,
                                         float *gradient, ddmd_error *err)
{
    enum ddmd_status status = DDMD_OK;
    const ddmd_cvae_architecture *a = net->a;
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
    DDMD_TRY(ddmd_cvae_convs_encode_gradient(net->convs, net->maps, net->flat_gradient, add,
                                             gradient, err));
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
    clear(n, network->capacity, a->encoder_dense.out, network->keep);
    clear(n, network->capacity, (size_t)a->latent_dim, network->noise);
    DDMD_TRY(ddmd_cvae_convs_load(network->convs, parameters, err));
    DDMD_TRY(encode(network, parameters, n, true, err));
    sample(network, true);
    add_divergences(network, n, &found);
    DDMD_TRY(decode(network, parameters, err));
    DDMD_TRY(through_logits(network, parameters, n, scale, add, gradient, &found, err));
    DDMD_TRY(backward_decoder(network, parameters, add, gradient, err));
    backward_sample(network, n, (float)scale);
    DDMD_TRY(backward_encoder(network, parameters, add, gradient, err));
    DDMD_TRY(ddmd_cvae_convs_weight_gradients(network->convs, gradient, err));
    *sum = found;
out:
    return status;
}
