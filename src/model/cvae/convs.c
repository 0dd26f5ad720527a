#include "model/cvae/convs.h"

#include "core/array.h"
#include "core/try.h"
#include "model/cvae/activations.h"
#include "model/cvae/onednn.h"

#include <stdint.h>
#include <stdlib.h>

struct ddmd_cvae_convs {
    const ddmd_cvae_architecture *a;
    int chunk, n_chunks;
    int n_wide;   /* layers that take chunks; those behind them take all samples at once */
    int prepared; /* passes, in the order of enum ddmd_cvae_pass */
    ddmd_onednn *dnn;
    ddmd_onednn_format format; /* of what goes in and out of convolutions */
    ddmd_onednn_conv *encoder[DDMD_MODEL_MAX_LAYERS], *decoder[DDMD_MODEL_MAX_LAYERS];

    /*
     * What encoder layers gave, of all samples, and what decoder layers were given: of all samples
     * from layer n_wide - 1 on, of one chunk before.
     */
    void *encoder_out[DDMD_MODEL_MAX_LAYERS], *decoder_in[DDMD_MODEL_MAX_LAYERS];
    /* What goes from layer to layer and is not needed again, in turn: of a chunk, and of all. */
    void *wide[2], *deep[2];
    void *rounded; /* of a chunk: maps, or the gradient of logits, in bfloat16; NULL for float32 */
};

static size_t value_size(bool bf16)
{
    return bf16 ? sizeof(uint16_t) : sizeof(float);
}

static size_t map_size(const ddmd_cvae_architecture *a)
{
    return (size_t)a->side * (size_t)a->side;
}

/* The values that a sample has behind layers from .. end - 1: the most, and all together. */
static size_t largest_size(const ddmd_cvae_architecture *a, int from, int end)
{
    size_t largest = 0;
    for (int i = from; i < end; i++) {
        size_t size = ddmd_conv_size_out(&a->conv[i]);
        largest = size > largest ? size : largest;
    }
    return largest;
}

static size_t sum_of_sizes(const ddmd_cvae_architecture *a, int from, int end)
{
    size_t sum = 0;
    for (int i = from; i < end; i++)
        sum += ddmd_conv_size_out(&a->conv[i]);
    return sum;
}

/*
 * Layers up to the last that shrinks the map are wide. Those behind are smaller, and Winograd's
 * transformations of weights make many samples at once pay; where weights do not change all layers
 * take chunks, so that a few samples are soon embedded.
 */
static int wide_layers(const ddmd_cvae_architecture *a, enum ddmd_cvae_pass most)
{
    int n = a->n_layers;
    while (most > DDMD_CVAE_ENCODE && n > 1 && a->conv[n - 1].stride == 1)
        n--;
    return n;
}

/* --- sizes --- */

/* What one convolution reads and writes for a sample, the largest of all. */
static size_t hottest_bytes(const ddmd_cvae_architecture *a, bool bf16)
{
    size_t hottest = 1; /* at least: what memory is divided by */
    for (int i = 0; i < a->n_layers; i++) {
        size_t both = ddmd_conv_size_in(&a->conv[i]) + ddmd_conv_size_out(&a->conv[i]);
        hottest = both > hottest ? both : hottest;
    }
    return hottest * value_size(bf16);
}

/* Of chunks that fit and are not less than half of what would, the largest that wastes least. */
int ddmd_cvae_convs_chunk(const ddmd_cvae_architecture *architecture, bool bf16, int samples,
                          size_t cache_bytes)
{
    size_t fit = cache_bytes / hottest_bytes(architecture, bf16);
    int most = fit < 1 ? 1 : fit < (size_t)samples ? (int)fit : samples;
    int best = most, least_waste = samples;
    for (int chunk = most; 2 * chunk >= most && chunk > 0; chunk--) {
        int waste = (samples + chunk - 1) / chunk * chunk - samples;
        if (waste < least_waste) {
            best = chunk;
            least_waste = waste;
        }
    }
    return best;
}

size_t ddmd_cvae_convs_chunk_bytes(const ddmd_cvae_architecture *architecture, bool bf16,
                                   enum ddmd_cvae_pass most)
{
    int last = wide_layers(architecture, most) - 1;
    size_t values = 2 * largest_size(architecture, 0, last) + (bf16 ? map_size(architecture) : 0);
    if (most > DDMD_CVAE_ENCODE)
        values += sum_of_sizes(architecture, 0, last);
    return values * value_size(bf16);
}

size_t ddmd_cvae_convs_kept_bytes(const ddmd_cvae_architecture *architecture, bool bf16,
                                  enum ddmd_cvae_pass most)
{
    int last = wide_layers(architecture, most) - 1, n = architecture->n_layers;
    size_t values = 2 * largest_size(architecture, last, n);
    if (most > DDMD_CVAE_ENCODE)
        values += sum_of_sizes(architecture, last, n);
    if (most == DDMD_CVAE_GRADIENT)
        values += sum_of_sizes(architecture, 0, n);
    return values * value_size(bf16);
}

/* --- setting up --- */

static ddmd_onednn_format choose_format(const ddmd_cvae_architecture *a, bool bf16)
{
    int filters[DDMD_MODEL_MAX_LAYERS];
    for (int i = 0; i < a->n_layers; i++)
        filters[i] = a->conv[i].channels_out;
    return ddmd_onednn_best_format(filters, a->n_layers, bf16);
}

enum ddmd_status ddmd_cvae_convs_create(const ddmd_cvae_architecture *architecture, bool bf16,
                                        enum ddmd_cvae_pass most, int chunk, int n_chunks,
                                        ddmd_cvae_convs **convs, ddmd_error *err)
{
    enum ddmd_status status = DDMD_OK;
    ddmd_cvae_convs *made = NULL;
    DDMD_TRY(ddmd_array_alloc(&made, 1, sizeof *made, err));
    made->a = architecture;
    made->chunk = chunk;
    made->n_chunks = n_chunks;
    made->n_wide = wide_layers(architecture, most);
    made->format = choose_format(architecture, bf16);
    made->format.inference = most == DDMD_CVAE_ENCODE;
    DDMD_TRY(ddmd_onednn_create(&made->dnn, err));
    *convs = made;
    made = NULL;
out:
    ddmd_cvae_convs_destroy(&made);
    return status;
}

void ddmd_cvae_convs_destroy(ddmd_cvae_convs **convs)
{
    ddmd_cvae_convs *c = *convs;
    if (!c)
        return;
    for (int i = 0; i < DDMD_MODEL_MAX_LAYERS; i++) {
        ddmd_onednn_conv_destroy(&c->encoder[i]);
        ddmd_onednn_conv_destroy(&c->decoder[i]);
        free(c->encoder_out[i]);
        free(c->decoder_in[i]);
    }
    ddmd_onednn_destroy(&c->dnn);
    for (int i = 0; i < 2; i++) {
        free(c->wide[i]);
        free(c->deep[i]);
    }
    free(c->rounded);
    free(c);
    *convs = NULL;
}

static int all_samples(const ddmd_cvae_convs *c)
{
    return c->chunk * c->n_chunks;
}

/* Room for n values of each of `samples` samples, as convolutions read and write them. */
static enum ddmd_status room(const ddmd_cvae_convs *c, int samples, size_t n, void **values,
                             ddmd_error *err)
{
    return ddmd_activations_alloc((size_t)samples, n, value_size(c->format.bf16), values, err);
}

/* Convolution `conv`, made where there is none yet, with some operations. */
static enum ddmd_status operations(ddmd_cvae_convs *c, int layer, unsigned needed,
                                   ddmd_onednn_conv **conv, ddmd_error *err)
{
    enum ddmd_status status = DDMD_OK;
    int samples = layer < c->n_wide ? c->chunk : all_samples(c);
    if (!*conv)
        DDMD_TRY(
            ddmd_onednn_conv_create(c->dnn, &c->a->conv[layer], samples, c->format, conv, err));
    DDMD_TRY(ddmd_onednn_conv_prepare(*conv, needed, err));
out:
    return status;
}

static enum ddmd_status prepare_encoder(ddmd_cvae_convs *c, ddmd_error *err)
{
    enum ddmd_status status = DDMD_OK;
    int last = c->n_wide - 1, n = c->a->n_layers;
    for (int i = 0; i < 2; i++) {
        DDMD_TRY(room(c, c->chunk, largest_size(c->a, 0, last), &c->wide[i], err));
        DDMD_TRY(room(c, all_samples(c), largest_size(c->a, last, n), &c->deep[i], err));
    }
    if (c->format.bf16)
        DDMD_TRY(room(c, c->chunk, map_size(c->a), &c->rounded, err));
    for (int i = 0; i < n; i++)
        DDMD_TRY(operations(c, i, DDMD_ONEDNN_FORWARD_RELU, &c->encoder[i], err));
out:
    return status;
}

static enum ddmd_status prepare_decoder(ddmd_cvae_convs *c, ddmd_error *err)
{
    enum ddmd_status status = DDMD_OK;
    for (int i = 0; i < c->a->n_layers; i++) {
        DDMD_TRY(room(c, i < c->n_wide - 1 ? c->chunk : all_samples(c),
                      ddmd_conv_size_out(&c->a->conv[i]), &c->decoder_in[i], err));
        if (i > 0)
            DDMD_TRY(operations(c, i, DDMD_ONEDNN_BACKWARD_DATA, &c->decoder[i], err));
    }
out:
    return status;
}

static enum ddmd_status prepare_gradients(ddmd_cvae_convs *c, ddmd_error *err)
{
    enum ddmd_status status = DDMD_OK;
    const unsigned weights = DDMD_ONEDNN_BACKWARD_WEIGHTS;
    for (int i = 0; i < c->a->n_layers; i++) {
        DDMD_TRY(
            room(c, all_samples(c), ddmd_conv_size_out(&c->a->conv[i]), &c->encoder_out[i], err));
        DDMD_TRY(operations(c, i, weights | DDMD_ONEDNN_FORWARD, &c->decoder[i], err));
        /* nobody asks for the gradient of the maps */
        DDMD_TRY(operations(c, i, weights | (i > 0 ? DDMD_ONEDNN_BACKWARD_DATA : 0), &c->encoder[i],
                            err));
    }
out:
    return status;
}

enum ddmd_status ddmd_cvae_convs_prepare(ddmd_cvae_convs *convs, enum ddmd_cvae_pass pass,
                                         ddmd_error *err)
{
    enum ddmd_status status = DDMD_OK;
    enum ddmd_status (*const steps[])(ddmd_cvae_convs *, ddmd_error *) = {
        prepare_encoder, prepare_decoder, prepare_gradients};
    for (; convs->prepared <= (int)pass; convs->prepared++)
        DDMD_TRY(steps[convs->prepared](convs, err));
out:
    return status;
}

/* --- forward --- */

enum ddmd_status ddmd_cvae_convs_load(ddmd_cvae_convs *convs, const float *parameters,
                                      ddmd_error *err)
{
    enum ddmd_status status = DDMD_OK;
    const ddmd_cvae_architecture *a = convs->a;
    for (int i = 0; i < a->n_layers; i++) {
        DDMD_TRY(ddmd_onednn_conv_load(convs->encoder[i], parameters + a->at_conv[i].weight, err));
        if (convs->decoder[i])
            DDMD_TRY(ddmd_onednn_conv_load(convs->decoder[i],
                                           parameters + a->at_transposed[i].weight, err));
    }
out:
    return status;
}

/* What convolution i gives, and its transposed twin is given, for so many samples. */
static ddmd_activations shape_of(const ddmd_cvae_convs *c, int i, int samples)
{
    const ddmd_conv_shape *conv = &c->a->conv[i];
    size_t channels = (size_t)conv->channels_out;
    return (ddmd_activations){
        .bf16 = c->format.bf16,
        .samples = (size_t)samples,
        .channels = channels,
        .pixels = (size_t)conv->side_out * (size_t)conv->side_out,
        .block = c->format.blocked ? 16 : channels,
    };
}

/* Values [chunk][side][side] as convolutions want them. */
static const void *for_conv(const ddmd_cvae_convs *c, const float *values)
{
    if (!c->format.bf16)
        return values;
    ddmd_bf16_from_float((size_t)c->chunk * map_size(c->a), values, c->rounded);
    return c->rounded;
}

static const float *maps_of(const ddmd_cvae_convs *c, int number, const float *maps)
{
    return maps + (size_t)number * (size_t)c->chunk * map_size(c->a);
}

/* Where a chunk begins in values [n_chunks][chunk][...] that convolution i gives or is given. */
static void *part(const ddmd_cvae_convs *c, int i, int number, void *values)
{
    size_t size = (size_t)c->chunk * ddmd_conv_size_out(&c->a->conv[i]);
    return (char *)values + (size_t)number * size * value_size(c->format.bf16);
}

/* What a chunk's wide layer i gives where it is not kept; the last one's is for the deep layers. */
static void *passing(const ddmd_cvae_convs *c, int i, int number)
{
    return i + 1 < c->n_wide ? c->wide[i % 2] : part(c, i, number, c->deep[i % 2]);
}

/* What a chunk's wide decoder layer i was given. */
static void *given(const ddmd_cvae_convs *c, int i, int number)
{
    return i + 1 < c->n_wide ? c->decoder_in[i] : part(c, i, number, c->decoder_in[i]);
}

enum ddmd_status ddmd_cvae_convs_encode(ddmd_cvae_convs *convs, const float *parameters,
                                        int n_chunks, const float *maps, bool keep, float *flat,
                                        ddmd_error *err)
{
    enum ddmd_status status = DDMD_OK;
    const ddmd_cvae_architecture *a = convs->a;
    int last = a->n_layers - 1;
    const ddmd_activations deepest = shape_of(convs, last, all_samples(convs));
    for (int number = 0; number < n_chunks; number++) {
        const void *in = for_conv(convs, maps_of(convs, number, maps));
        for (int i = 0; i < convs->n_wide; i++) {
            void *out =
                keep ? part(convs, i, number, convs->encoder_out[i]) : passing(convs, i, number);
            DDMD_TRY(ddmd_onednn_conv_forward(convs->encoder[i], in,
                                              parameters + a->at_conv[i].bias, out, err));
            in = out;
        }
    }
    for (int i = convs->n_wide; i <= last; i++) {
        const void *in = keep ? convs->encoder_out[i - 1] : convs->deep[(i - 1) % 2];
        DDMD_TRY(ddmd_onednn_conv_forward(convs->encoder[i], in, parameters + a->at_conv[i].bias,
                                          keep ? convs->encoder_out[i] : convs->deep[i % 2], err));
    }
    ddmd_activations_to_flat(&deepest, keep ? convs->encoder_out[last] : convs->deep[last % 2],
                             flat);
out:
    return status;
}

/* Transposed convolution i, with bias and relu. */
static enum ddmd_status transposed(ddmd_cvae_convs *c, const float *parameters, int i, int samples,
                                   const void *in, void *out, ddmd_error *err)
{
    const ddmd_activations shape = shape_of(c, i - 1, samples);
    enum ddmd_status status = ddmd_onednn_conv_backward_data(c->decoder[i], in, out, err);
    if (status == DDMD_OK)
        ddmd_activations_bias_relu(&shape, parameters + c->a->at_transposed[i].bias, out);
    return status;
}

enum ddmd_status ddmd_cvae_convs_decode_deep(ddmd_cvae_convs *convs, const float *parameters,
                                             const float *flat, ddmd_error *err)
{
    enum ddmd_status status = DDMD_OK;
    int last = convs->a->n_layers - 1, all = all_samples(convs);
    const ddmd_activations deepest = shape_of(convs, last, all);
    ddmd_activations_from_flat(&deepest, flat, convs->decoder_in[last]);
    for (int i = last; i >= convs->n_wide; i--)
        DDMD_TRY(transposed(convs, parameters, i, all, convs->decoder_in[i],
                            convs->decoder_in[i - 1], err));
out:
    return status;
}

enum ddmd_status ddmd_cvae_convs_decode(ddmd_cvae_convs *convs, const float *parameters, int number,
                                        float *logits, ddmd_error *err)
{
    enum ddmd_status status = DDMD_OK;
    const ddmd_cvae_architecture *a = convs->a;
    const ddmd_activations first = shape_of(convs, 0, convs->chunk);
    for (int i = convs->n_wide - 1; i > 0; i--)
        DDMD_TRY(transposed(convs, parameters, i, convs->chunk, given(convs, i, number),
                            given(convs, i - 1, number), err));
    DDMD_TRY(ddmd_activations_to_map(&first, &a->conv[0], given(convs, 0, number),
                                     parameters + a->at_transposed[0].weight, logits, err));
out:
    return status;
}

/* --- backward --- */

/* Through transposed convolution i, and the relu before it. */
static enum ddmd_status transposed_gradient(ddmd_cvae_convs *c, int i, int samples,
                                            const void *out_gradient, const void *in, bool add,
                                            void *in_gradient, float *gradient, ddmd_error *err)
{
    enum ddmd_status status = DDMD_OK;
    const ddmd_activations shape = shape_of(c, i, samples);
    DDMD_TRY(ddmd_onednn_conv_backward_weights(c->decoder[i], out_gradient, in, add, err));
    DDMD_TRY(ddmd_onednn_conv_forward(c->decoder[i], out_gradient, NULL, in_gradient, err));
    if (i + 1 < c->a->n_layers)
        ddmd_activations_relu_gradient(&shape, in, in_gradient, add,
                                       gradient + c->a->at_transposed[i + 1].bias);
out:
    return status;
}

enum ddmd_status ddmd_cvae_convs_decode_gradient(ddmd_cvae_convs *convs, int number,
                                                 const float *logit_gradient, bool add,
                                                 float *gradient, ddmd_error *err)
{
    enum ddmd_status status = DDMD_OK;
    const void *from = for_conv(convs, logit_gradient);
    for (int i = 0; i < convs->n_wide; i++) {
        void *to = passing(convs, i, number);
        DDMD_TRY(transposed_gradient(convs, i, convs->chunk, from, given(convs, i, number), add, to,
                                     gradient, err));
        from = to;
    }
out:
    return status;
}

enum ddmd_status ddmd_cvae_convs_decode_gradient_deep(ddmd_cvae_convs *convs, bool add,
                                                      float *gradient, float *flat_gradient,
                                                      ddmd_error *err)
{
    enum ddmd_status status = DDMD_OK;
    int last = convs->a->n_layers - 1, all = all_samples(convs);
    const ddmd_activations deepest = shape_of(convs, last, all);
    for (int i = convs->n_wide; i <= last; i++)
        DDMD_TRY(transposed_gradient(convs, i, all, convs->deep[(i - 1) % 2], convs->decoder_in[i],
                                     add, convs->deep[i % 2], gradient, err));
    ddmd_activations_to_flat(&deepest, convs->deep[last % 2], flat_gradient);
out:
    return status;
}

/* Through the relu of convolution i and through itself; in_gradient NULL: nobody asks for it. */
static enum ddmd_status conv_gradient(ddmd_cvae_convs *c, int i, int samples, void *out_gradient,
                                      const void *out, const void *in, bool add, void *in_gradient,
                                      float *gradient, ddmd_error *err)
{
    enum ddmd_status status = DDMD_OK;
    const ddmd_activations shape = shape_of(c, i, samples);
    ddmd_activations_relu_gradient(&shape, out, out_gradient, add,
                                   gradient + c->a->at_conv[i].bias);
    DDMD_TRY(ddmd_onednn_conv_backward_weights(c->encoder[i], in, out_gradient, add, err));
    if (in_gradient)
        DDMD_TRY(ddmd_onednn_conv_backward_data(c->encoder[i], out_gradient, in_gradient, err));
out:
    return status;
}

enum ddmd_status ddmd_cvae_convs_encode_gradient(ddmd_cvae_convs *convs, const float *maps,
                                                 const float *flat_gradient, bool add,
                                                 float *gradient, ddmd_error *err)
{
    enum ddmd_status status = DDMD_OK;
    int last = convs->a->n_layers - 1, all = all_samples(convs);
    const ddmd_activations deepest = shape_of(convs, last, all);
    void *const *out = convs->encoder_out;
    ddmd_activations_from_flat(&deepest, flat_gradient, convs->deep[last % 2]);
    for (int i = last; i >= convs->n_wide; i--)
        DDMD_TRY(conv_gradient(convs, i, all, convs->deep[i % 2], out[i], out[i - 1], add,
                               convs->deep[(i - 1) % 2], gradient, err));
    for (int number = 0; number < convs->n_chunks; number++)
        for (int i = convs->n_wide - 1; i >= 0; i--) {
            const void *in = i ? part(convs, i - 1, number, out[i - 1])
                               : for_conv(convs, maps_of(convs, number, maps));
            DDMD_TRY(conv_gradient(convs, i, convs->chunk, passing(convs, i, number),
                                   part(convs, i, number, out[i]), in, add || number > 0,
                                   i ? passing(convs, i - 1, number) : NULL, gradient, err));
        }
out:
    return status;
}

enum ddmd_status ddmd_cvae_convs_weight_gradients(ddmd_cvae_convs *convs, float *gradient,
                                                  ddmd_error *err)
{
    enum ddmd_status status = DDMD_OK;
    const ddmd_cvae_architecture *a = convs->a;
    for (int i = 0; i < a->n_layers; i++) {
        DDMD_TRY(ddmd_onednn_conv_weight_gradient(convs->encoder[i],
                                                  gradient + a->at_conv[i].weight, err));
        DDMD_TRY(ddmd_onednn_conv_weight_gradient(convs->decoder[i],
                                                  gradient + a->at_transposed[i].weight, err));
    }
out:
    return status;
}
