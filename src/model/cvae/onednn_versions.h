/*
 * What differs between oneDNN's versions 2 and 3, for onednn.c alone: memory descriptors are values
 * in 2 and objects in 3, and operation descriptors are gone in 3.
 */
#ifndef DDMD_CVAE_ONEDNN_VERSIONS_H
#define DDMD_CVAE_ONEDNN_VERSIONS_H

#include <oneapi/dnnl/dnnl.h>

#include <stdbool.h>

#if DNNL_VERSION_MAJOR >= 3

typedef dnnl_memory_desc_t layout;
typedef const_dnnl_memory_desc_t layout_ref;

static inline layout_ref ref(const layout *l)
{
    return *l;
}

static inline dnnl_status_t layout_init(layout *l, int rank, const dnnl_dims_t dims,
                                        dnnl_data_type_t type, dnnl_format_tag_t tag)
{
    return dnnl_memory_desc_create_with_tag(l, rank, dims, type, tag);
}

static inline void layout_clear(layout *l)
{
    if (*l)
        dnnl_memory_desc_destroy(*l);
}

static inline dnnl_status_t append_relu(dnnl_post_ops_t after)
{
    return dnnl_post_ops_append_eltwise(after, dnnl_eltwise_relu, 0, 0);
}

#else

typedef dnnl_memory_desc_t layout;
typedef const dnnl_memory_desc_t *layout_ref;

static inline layout_ref ref(const layout *l)
{
    return l;
}

static inline dnnl_status_t layout_init(layout *l, int rank, const dnnl_dims_t dims,
                                        dnnl_data_type_t type, dnnl_format_tag_t tag)
{
    return dnnl_memory_desc_init_by_tag(l, rank, dims, type, tag);
}

static inline void layout_clear(layout *l)
{
    (void)l;
}

static inline dnnl_status_t append_relu(dnnl_post_ops_t after)
{
    return dnnl_post_ops_append_eltwise(after, 1, dnnl_eltwise_relu, 0, 0);
}

#endif

/*
 * The layouts of one convolution. weight_any leaves the choice to the library; gradients of weights
 * are float32 whatever the weights are.
 */
typedef struct conv_layouts {
    dnnl_prop_kind_t kind; /* of the forward operation */
    dnnl_alg_kind_t algorithm;
    layout in, out, weight, weight_any, weight_gradient_any, bias;
    dnnl_dims_t stride, dilation, pad_low, pad_high;
} conv_layouts;

/* The three descriptors of what can be done with a convolution; hint is a forward one. */

static inline dnnl_status_t describe_forward(dnnl_engine_t engine, const_dnnl_primitive_attr_t attr,
                                             const conv_layouts *c, bool with_bias,
                                             dnnl_primitive_desc_t *made)
{
#if DNNL_VERSION_MAJOR >= 3
    return dnnl_convolution_forward_primitive_desc_create(
        made, engine, c->kind, c->algorithm, ref(&c->in), ref(&c->weight_any),
        with_bias ? ref(&c->bias) : NULL, ref(&c->out), c->stride, c->dilation, c->pad_low,
        c->pad_high, attr);
#else
    dnnl_convolution_desc_t operation;
    dnnl_status_t result = dnnl_convolution_forward_desc_init(
        &operation, c->kind, c->algorithm, ref(&c->in), ref(&c->weight_any),
        with_bias ? ref(&c->bias) : NULL, ref(&c->out), c->stride, c->pad_low, c->pad_high);
    if (result != dnnl_success)
        return result;
    return dnnl_primitive_desc_create(made, &operation, attr, engine, NULL);
#endif
}

static inline dnnl_status_t describe_backward_data(dnnl_engine_t engine,
                                                   const_dnnl_primitive_attr_t attr,
                                                   const conv_layouts *c,
                                                   dnnl_primitive_desc_t hint,
                                                   dnnl_primitive_desc_t *made)
{
#if DNNL_VERSION_MAJOR >= 3
    return dnnl_convolution_backward_data_primitive_desc_create(
        made, engine, c->algorithm, ref(&c->in), ref(&c->weight_any), ref(&c->out), c->stride,
        c->dilation, c->pad_low, c->pad_high, hint, attr);
#else
    dnnl_convolution_desc_t operation;
    dnnl_status_t result = dnnl_convolution_backward_data_desc_init(
        &operation, c->algorithm, ref(&c->in), ref(&c->weight_any), ref(&c->out), c->stride,
        c->pad_low, c->pad_high);
    if (result != dnnl_success)
        return result;
    return dnnl_primitive_desc_create(made, &operation, attr, engine, hint);
#endif
}

static inline dnnl_status_t describe_backward_weights(dnnl_engine_t engine,
                                                      const_dnnl_primitive_attr_t attr,
                                                      const conv_layouts *c,
                                                      dnnl_primitive_desc_t hint,
                                                      dnnl_primitive_desc_t *made)
{
#if DNNL_VERSION_MAJOR >= 3
    return dnnl_convolution_backward_weights_primitive_desc_create(
        made, engine, c->algorithm, ref(&c->in), ref(&c->weight_gradient_any), NULL, ref(&c->out),
        c->stride, c->dilation, c->pad_low, c->pad_high, hint, attr);
#else
    dnnl_convolution_desc_t operation;
    dnnl_status_t result = dnnl_convolution_backward_weights_desc_init(
        &operation, c->algorithm, ref(&c->in), ref(&c->weight_gradient_any), NULL, ref(&c->out),
        c->stride, c->pad_low, c->pad_high);
    if (result != dnnl_success)
        return result;
    return dnnl_primitive_desc_create(made, &operation, attr, engine, hint);
#endif
}

#endif
