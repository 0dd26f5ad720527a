/*
 * What the CVAE takes from oneDNN, behind functions that do not change between its versions 2 and
 * 3: convolutions with their gradients, and matrix products. Weights are plain float32 (see
 * architecture.h) and activations as their format says; the kernels like other layouts of weights
 * best, into which these are brought once for any number of calls.
 *
 * Calls run on the calling thread alone where OpenMP has one thread there; see members.h. What
 * belongs to one ddmd_onednn is used by one thread at a time.
 */
#ifndef DDMD_CVAE_ONEDNN_H
#define DDMD_CVAE_ONEDNN_H

#include "model/cvae/architecture.h"

typedef struct ddmd_onednn ddmd_onednn;

enum ddmd_status ddmd_onednn_create(ddmd_onednn **dnn, ddmd_error *err);
void ddmd_onednn_destroy(ddmd_onednn **dnn);

/* Can convolutions compute in bfloat16 here? */
bool ddmd_onednn_has_bf16(void);

/* "oneDNN 2.6.3, avx512_core" */
void ddmd_onednn_describe(char *text, size_t size);

typedef struct ddmd_onednn_conv ddmd_onednn_conv;

/* What activations are; see activations.h. */
typedef struct ddmd_onednn_format {
    bool bf16;
    bool blocked;    /* in blocks of 16 channels (of 1, where there is 1), else channels-last */
    bool plain_sums; /* never as Winograd does */
    bool inference;  /* forward only, for many calls with the same weights */
} ddmd_onednn_format;

/*
 * The format that is fastest here for convolutions with these numbers of filters, which blocks need
 * to be multiples of 16.
 */
ddmd_onednn_format ddmd_onednn_best_format(const int *filters, int n_layers, bool bf16);

/* What can be done with a convolution. */
enum ddmd_onednn_operation {
    DDMD_ONEDNN_FORWARD = 1 << 0,      /* one of these two, not both */
    DDMD_ONEDNN_FORWARD_RELU = 1 << 1, /* with bias and relu */
    DDMD_ONEDNN_BACKWARD_DATA = 1 << 2,
    DDMD_ONEDNN_BACKWARD_WEIGHTS = 1 << 3
};

/*
 * A convolution of `batch` samples. dnn outlives it. Where it saves time, it is computed as
 * Winograd does (Lavin and Gray, CVPR 2016), whose rounding errors are a few times those of plain
 * sums.
 */
enum ddmd_status ddmd_onednn_conv_create(ddmd_onednn *dnn, const ddmd_conv_shape *shape, int batch,
                                         ddmd_onednn_format format, ddmd_onednn_conv **conv,
                                         ddmd_error *err);
void ddmd_onednn_conv_destroy(ddmd_onednn_conv **conv);

/* Set up operations (of those that are not yet), which must be done before they are called. */
enum ddmd_status ddmd_onednn_conv_prepare(ddmd_onednn_conv *conv, unsigned operations,
                                          ddmd_error *err);

/* Take the weights that the next calls use; they stay where they are, and as they are, meanwhile.
 */
enum ddmd_status ddmd_onednn_conv_load(ddmd_onednn_conv *conv, const float *weight,
                                       ddmd_error *err);

/* out = relu(conv(in) + bias), or, with bias NULL, conv(in): as was set up. */
enum ddmd_status ddmd_onednn_conv_forward(ddmd_onednn_conv *conv, const void *in, const float *bias,
                                          void *out, ddmd_error *err);

/* The adjoint with respect to `in`: what a transposed convolution computes, too. */
enum ddmd_status ddmd_onednn_conv_backward_data(ddmd_onednn_conv *conv, const void *out_gradient,
                                                void *in_gradient, ddmd_error *err);

/* The gradient of the weights is kept inside, or added to what is there already. */
enum ddmd_status ddmd_onednn_conv_backward_weights(ddmd_onednn_conv *conv, const void *in,
                                                   const void *out_gradient, bool add,
                                                   ddmd_error *err);
/* Copy it out. */
enum ddmd_status ddmd_onednn_conv_weight_gradient(ddmd_onednn_conv *conv, float *weight_gradient,
                                                  ddmd_error *err);

/* c [m][n] = a b (+ c where add): a is [m][k], or [k][m] if a_transposed; b alike. */
enum ddmd_status ddmd_onednn_product(bool a_transposed, bool b_transposed, size_t m, size_t n,
                                     size_t k, const float *a, const float *b, bool add, float *c,
                                     ddmd_error *err);

#endif
