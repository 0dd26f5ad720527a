#include "model/cvae/architecture.h"

#include "core/try.h"
#include "ddmd/random.h"

#include <math.h>
#include <stdio.h>

static const size_t max_values = (size_t)1 << 31;

size_t ddmd_conv_size_in(const ddmd_conv_shape *shape)
{
    return (size_t)shape->side_in * (size_t)shape->side_in * (size_t)shape->channels_in;
}

size_t ddmd_conv_size_out(const ddmd_conv_shape *shape)
{
    return (size_t)shape->side_out * (size_t)shape->side_out * (size_t)shape->channels_out;
}

static double conv_flops(const ddmd_conv_shape *shape)
{
    return 2.0 * shape->kernel * shape->kernel * shape->channels_in *
           (double)ddmd_conv_size_out(shape);
}

static double dense_flops(const ddmd_dense_shape *shape)
{
    return 2.0 * (double)shape->in * (double)shape->out;
}

double ddmd_cvae_embedding_flops(const ddmd_cvae_architecture *architecture)
{
    const ddmd_cvae_architecture *a = architecture;
    double sum = dense_flops(&a->encoder_dense) + dense_flops(&a->latent);
    for (int i = 0; i < a->n_layers; i++)
        sum += conv_flops(&a->conv[i]);
    return sum;
}

double ddmd_cvae_training_flops(const ddmd_cvae_architecture *architecture)
{
    const ddmd_cvae_architecture *a = architecture;
    double sum = ddmd_cvae_embedding_flops(a);
    for (int i = 0; i < 2; i++)
        sum += dense_flops(&a->decoder_dense[i]);
    for (int i = 0; i < a->n_layers; i++)
        sum += conv_flops(&a->conv[i]);
    return 3 * sum - conv_flops(&a->conv[0]);
}

static ddmd_conv_shape convolution(int channels_in, int side_in, int filters, int kernel,
                                   int stride)
{
    int side_out = (side_in + stride - 1) / stride;
    int pad = (side_out - 1) * stride + kernel - side_in;
    if (pad < 0)
        pad = 0; /* a stride above the kernel's side passes pixels over */
    return (ddmd_conv_shape){
        .channels_in = channels_in,
        .side_in = side_in,
        .channels_out = filters,
        .side_out = side_out,
        .kernel = kernel,
        .stride = stride,
        .pad_low = pad / 2,
        .pad_high = pad - pad / 2,
    };
}

/* Append a tensor; returns its offset. */
static size_t add(ddmd_cvae_architecture *a, ddmd_parameter parameter)
{
    parameter.offset = a->n_values;
    parameter.count = 1;
    for (int d = 0; d < parameter.rank; d++)
        parameter.count *= parameter.shape[d];
    a->n_values += parameter.count;
    a->parameters[a->n_parameters++] = parameter;
    return parameter.offset;
}

static size_t add_bias(ddmd_cvae_architecture *a, const char *layer, size_t n)
{
    ddmd_parameter bias = {.rank = 1, .shape = {n}};
    snprintf(bias.name, sizeof bias.name, "%s.bias", layer);
    return add(a, bias);
}

static size_t add_dense_weight(ddmd_cvae_architecture *a, const char *layer, size_t in, size_t out)
{
    ddmd_parameter weight = {.rank = 2, .shape = {out, in}, .fan_in = in, .fan_out = out};
    snprintf(weight.name, sizeof weight.name, "%s.weight", layer);
    return add(a, weight);
}

static ddmd_layer_offsets add_dense(ddmd_cvae_architecture *a, const char *layer,
                                    ddmd_dense_shape shape)
{
    size_t weight = add_dense_weight(a, layer, shape.in, shape.out);
    return (ddmd_layer_offsets){weight, add_bias(a, layer, shape.out)};
}

static ddmd_layer_offsets add_conv(ddmd_cvae_architecture *a, int index, bool transposed)
{
    const ddmd_conv_shape *shape = &a->conv[index];
    size_t in = (size_t)shape->channels_in, out = (size_t)shape->channels_out;
    size_t k = (size_t)shape->kernel;
    char layer[24];
    snprintf(layer, sizeof layer, "%s%d", transposed ? "decoder.conv" : "encoder.conv", index + 1);
    ddmd_parameter weight = {
        .rank = 4,
        .shape = {out, in, k, k},
        .fan_in = k * k * (transposed ? out : in),
        .fan_out = k * k * (transposed ? in : out),
    };
    snprintf(weight.name, sizeof weight.name, "%s.weight", layer);
    size_t offset = add(a, weight);
    return (ddmd_layer_offsets){offset, add_bias(a, layer, transposed ? in : out)};
}

enum ddmd_status ddmd_cvae_architecture_init(ddmd_cvae_architecture *architecture,
                                             const ddmd_model_base *base, ddmd_error *err)
{
    enum ddmd_status status = DDMD_OK;
    const ddmd_model_options *options = &base->options;
    ddmd_cvae_architecture a = {
        .side = base->n_residues,
        .latent_dim = base->latent_dim,
        .n_layers = options->n_layers,
    };
    int channels = 1, side = base->n_residues;
    for (int i = 0; i < a.n_layers; i++) {
        if (side == 1 && options->strides[i] > 1)
            DDMD_FAIL(err, DDMD_CONFIG,
                      "strides: the layers before layer %d shrink a map of %d residues to one "
                      "pixel; use fewer layers or smaller strides",
                      i + 1, base->n_residues);
        a.conv[i] = convolution(channels, side, options->filters[i], options->kernels[i],
                                options->strides[i]);
        channels = a.conv[i].channels_out;
        side = a.conv[i].side_out;
    }
    const ddmd_conv_shape *deepest = &a.conv[a.n_layers - 1];
    size_t flat = ddmd_conv_size_out(deepest), width = (size_t)options->dense_width;
    size_t latent = (size_t)a.latent_dim;
    a.encoder_dense = (ddmd_dense_shape){flat, width};
    a.latent = (ddmd_dense_shape){width, 2 * latent};
    a.decoder_dense[0] = (ddmd_dense_shape){latent, width};
    a.decoder_dense[1] = (ddmd_dense_shape){width, flat};

    for (int i = 0; i < a.n_layers; i++)
        a.at_conv[i] = add_conv(&a, i, false);
    a.at_encoder_dense = add_dense(&a, "encoder.dense", a.encoder_dense);
    /* side by side, so that the two layers can be computed as one */
    a.at_latent.weight = add_dense_weight(&a, "z_mean", width, latent);
    add_dense_weight(&a, "z_log_var", width, latent);
    a.at_latent.bias = add_bias(&a, "z_mean", latent);
    add_bias(&a, "z_log_var", latent);
    a.at_decoder_dense[0] = add_dense(&a, "decoder.dense1", a.decoder_dense[0]);
    a.at_decoder_dense[1] = add_dense(&a, "decoder.dense2", a.decoder_dense[1]);
    for (int i = a.n_layers - 1; i >= 0; i--)
        a.at_transposed[i] = add_conv(&a, i, true);

    if (a.n_values > max_values)
        DDMD_FAIL(err, DDMD_CONFIG,
                  "the model would have %zu parameters; use larger strides, fewer filters or a "
                  "smaller dense_width",
                  a.n_values);
    *architecture = a;
out:
    return status;
}

void ddmd_cvae_initialise(const ddmd_cvae_architecture *architecture, uint64_t seed,
                          uint32_t version, float *values)
{
    for (int p = 0; p < architecture->n_parameters; p++) {
        const ddmd_parameter *parameter = &architecture->parameters[p];
        float *out = values + parameter->offset;
        ddmd_random random;
        ddmd_random_init(&random, seed, DDMD_RANDOM_WEIGHTS, version, (uint64_t)p);
        double fans = (double)(parameter->fan_in + parameter->fan_out);
        double limit = fans > 0 ? sqrt(6 / fans) : 0;
        for (size_t i = 0; i < parameter->count; i++)
            out[i] = limit > 0 ? (float)(limit * (2 * ddmd_random_uniform(&random) - 1)) : 0.0F;
    }
}
