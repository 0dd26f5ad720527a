#include "model/cvae/conv_rate.h"

#include "core/array.h"
#include "core/try.h"
#include "model/cvae/onednn.h"

#include <stdlib.h>
#include <string.h>

enum { BATCH = 64, CHANNELS = 64, SIDE = 14, KERNEL = 3, WEIGHTS = CHANNELS * CHANNELS * 9 };

struct ddmd_conv_rate {
    ddmd_onednn *dnn;
    ddmd_onednn_conv *conv;
    void *in, *out;
    float *weight;
};

/* Zeroed memory for n float32, as vector instructions like it. */
static void *values(size_t n)
{
    void *made = aligned_alloc(64, n * sizeof(float));
    return made ? memset(made, 0, n * sizeof(float)) : NULL;
}

enum ddmd_status ddmd_conv_rate_create(bool bf16, ddmd_conv_rate **rate, ddmd_error *err)
{
    enum ddmd_status status = DDMD_OK;
    const ddmd_conv_shape shape = {CHANNELS, SIDE, CHANNELS, SIDE, KERNEL, 1, 1, 1};
    const int filters[] = {CHANNELS};
    const size_t n = (size_t)BATCH * CHANNELS * SIDE * SIDE;
    ddmd_onednn_format format = ddmd_onednn_best_format(filters, 1, bf16);
    ddmd_conv_rate *made = NULL;
    format.plain_sums = true;
    DDMD_TRY(ddmd_array_alloc(&made, 1, sizeof *made, err));
    made->in = values(n);
    made->out = values(n);
    made->weight = values(WEIGHTS);
    if (!made->in || !made->out || !made->weight)
        DDMD_FAIL(err, DDMD_NOMEM, "out of memory for a convolution of %zu values", n);
    DDMD_TRY(ddmd_onednn_create(&made->dnn, err));
    DDMD_TRY(ddmd_onednn_conv_create(made->dnn, &shape, BATCH, format, &made->conv, err));
    DDMD_TRY(ddmd_onednn_conv_prepare(
        made->conv, DDMD_ONEDNN_FORWARD | DDMD_ONEDNN_BACKWARD_DATA | DDMD_ONEDNN_BACKWARD_WEIGHTS,
        err));
    DDMD_TRY(ddmd_onednn_conv_load(made->conv, made->weight, err));
    *rate = made;
    made = NULL;
out:
    ddmd_conv_rate_destroy(&made);
    return status;
}

enum ddmd_status ddmd_conv_rate_run(ddmd_conv_rate *rate, ddmd_error *err)
{
    enum ddmd_status status = DDMD_OK;
    DDMD_TRY(ddmd_onednn_conv_forward(rate->conv, rate->in, NULL, rate->out, err));
    DDMD_TRY(ddmd_onednn_conv_backward_data(rate->conv, rate->out, rate->in, err));
    DDMD_TRY(ddmd_onednn_conv_backward_weights(rate->conv, rate->in, rate->out, false, err));
out:
    return status;
}

double ddmd_conv_rate_flops(void)
{
    return 3 * 2.0 * BATCH * SIDE * SIDE * WEIGHTS;
}

void ddmd_conv_rate_destroy(ddmd_conv_rate **rate)
{
    ddmd_conv_rate *r = *rate;
    if (!r)
        return;
    ddmd_onednn_conv_destroy(&r->conv);
    ddmd_onednn_destroy(&r->dnn);
    free(r->in);
    free(r->out);
    free(r->weight);
    free(r);
    *rate = NULL;
}
