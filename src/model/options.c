#include "model/options.h"

#include "core/try.h"

#include <math.h>

void ddmd_model_options_default(ddmd_model_options *options)
{
    *options = (ddmd_model_options){
        .n_layers = 4,
        .dense_width = 128,
        .dropout = 0.4,
        .batch_size = 64,
        .epochs = 50,
        .learning_rate = 0.001,
        .rho = 0.9,
        .epsilon = 1e-8,
        .validation_fraction = 0.2,
        .threads = 1,
        .seed = 1,
    };
    for (int i = 0; i < options->n_layers; i++) {
        options->filters[i] = 64;
        options->kernels[i] = 3;
        options->strides[i] = i == 1 ? 2 : 1;
    }
}

static enum ddmd_status check_range(const char *name, int value, int low, int high, ddmd_error *err)
{
    if (value < low || value > high)
        return ddmd_error_set(err, DDMD_CONFIG, "%s: %d is not from %d to %d", name, value, low,
                              high);
    return DDMD_OK;
}

static enum ddmd_status check_layer(const char *name, int layer, int value, int high,
                                    ddmd_error *err)
{
    if (value < 1 || value > high)
        return ddmd_error_set(err, DDMD_CONFIG, "%s: %d of layer %d is not from 1 to %d", name,
                              value, layer + 1, high);
    return DDMD_OK;
}

enum ddmd_status ddmd_model_options_check(const ddmd_model_options *options, int n_residues,
                                          int latent_dim, ddmd_error *err)
{
    enum ddmd_status status = DDMD_OK;
    const ddmd_model_options *o = options;
    DDMD_TRY(
        check_range("residues", n_residues, DDMD_MODEL_MIN_RESIDUES, DDMD_MODEL_MAX_RESIDUES, err));
    DDMD_TRY(check_range("latent_dim", latent_dim, 1, DDMD_MODEL_MAX_LATENT_DIM, err));
    DDMD_TRY(check_range("number of layers", o->n_layers, 1, DDMD_MODEL_MAX_LAYERS, err));
    for (int i = 0; i < o->n_layers; i++) {
        DDMD_TRY(check_layer("filters", i, o->filters[i], DDMD_MODEL_MAX_FILTERS, err));
        DDMD_TRY(check_layer("kernels", i, o->kernels[i], DDMD_MODEL_MAX_KERNEL, err));
        DDMD_TRY(check_layer("strides", i, o->strides[i], DDMD_MODEL_MAX_STRIDE, err));
        if (o->kernels[i] % 2 == 0)
            DDMD_FAIL(err, DDMD_CONFIG, "kernels: %d of layer %d is even; odd sides have a centre",
                      o->kernels[i], i + 1);
    }
    DDMD_TRY(check_range("dense_width", o->dense_width, 1, DDMD_MODEL_MAX_DENSE_WIDTH, err));
    DDMD_TRY(check_range("batch_size", o->batch_size, 1, DDMD_MODEL_MAX_BATCH, err));
    DDMD_TRY(check_range("epochs", o->epochs, 1, DDMD_MODEL_MAX_EPOCHS, err));
    DDMD_TRY(check_range("patience", o->patience, 0, DDMD_MODEL_MAX_EPOCHS, err));
    DDMD_TRY(check_range("threads", o->threads, 1, DDMD_MODEL_MAX_THREADS, err));

    if (o->precision != DDMD_PRECISION_f32 && o->precision != DDMD_PRECISION_bf16)
        DDMD_FAIL(err, DDMD_CONFIG, "precision: %d is neither f32 nor bf16", (int)o->precision);
    /* written so that NaN fails */
    if (!(o->dropout >= 0 && o->dropout < 1))
        DDMD_FAIL(err, DDMD_CONFIG, "dropout: %g is not from 0 to below 1", o->dropout);
    if (!(o->learning_rate > 0 && isfinite(o->learning_rate)))
        DDMD_FAIL(err, DDMD_CONFIG, "learning_rate: %g is not above 0", o->learning_rate);
    if (!(o->rho >= 0 && o->rho < 1))
        DDMD_FAIL(err, DDMD_CONFIG, "rho: %g is not from 0 to below 1", o->rho);
    if (!(o->epsilon > 0 && isfinite(o->epsilon)))
        DDMD_FAIL(err, DDMD_CONFIG, "epsilon: %g is not above 0", o->epsilon);
    if (!(o->validation_fraction >= 0 && o->validation_fraction <= 0.9))
        DDMD_FAIL(err, DDMD_CONFIG, "validation_fraction: %g is not from 0 to 0.9",
                  o->validation_fraction);
out:
    return status;
}
