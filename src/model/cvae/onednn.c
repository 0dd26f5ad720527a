#include "model/cvae/onednn.h"

#include "core/array.h"
#include "core/try.h"
#include "model/cvae/activations.h"
#include "model/cvae/elementwise.h"
#include "model/cvae/onednn_versions.h"

#include <oneapi/dnnl/dnnl_debug.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/*
 * The library would keep scratch memory for each thread, and have every primitive run on the thread
 * that made it. With memory of our own, shared by all operations, any thread may.
 */
struct ddmd_onednn {
    dnnl_engine_t engine;
    dnnl_stream_t stream;
    dnnl_primitive_attr_t attr, attr_relu; /* the scratch memory is ours; relu afterwards, too */
    void *scratch;
    size_t scratch_size;
};

static enum ddmd_status failed(const char *what, dnnl_status_t result, ddmd_error *err)
{
    return ddmd_error_set(err, result == dnnl_out_of_memory ? DDMD_NOMEM : DDMD_EXTERNAL,
                          "oneDNN: %s: %s", what, dnnl_status2str(result));
}

#define TRY_DNNL(call, what)                          \
    do {                                              \
        dnnl_status_t dnnl_result_ = (call);          \
        if (dnnl_result_ != dnnl_success) {           \
            status = failed(what, dnnl_result_, err); \
            goto out;                                 \
        }                                             \
    } while (0)

enum ddmd_status ddmd_onednn_create(ddmd_onednn **dnn, ddmd_error *err)
{
    enum ddmd_status status = DDMD_OK;
    ddmd_onednn *made = NULL;
    dnnl_post_ops_t after = NULL;
    DDMD_TRY(ddmd_array_alloc(&made, 1, sizeof *made, err));
    TRY_DNNL(dnnl_engine_create(&made->engine, dnnl_cpu, 0), "no CPU engine");
    TRY_DNNL(dnnl_stream_create(&made->stream, made->engine, dnnl_stream_default_flags),
             "no stream");
    TRY_DNNL(dnnl_primitive_attr_create(&made->attr), "attributes");
    TRY_DNNL(dnnl_primitive_attr_set_scratchpad_mode(made->attr, dnnl_scratchpad_mode_user),
             "attributes");
    TRY_DNNL(dnnl_primitive_attr_clone(&made->attr_relu, made->attr), "attributes");
    TRY_DNNL(dnnl_post_ops_create(&after), "attributes");
    TRY_DNNL(append_relu(after), "attributes");
    TRY_DNNL(dnnl_primitive_attr_set_post_ops(made->attr_relu, after), "attributes");
    *dnn = made;
    made = NULL;
out:
    if (after)
        dnnl_post_ops_destroy(after);
    ddmd_onednn_destroy(&made);
    return status;
}

void ddmd_onednn_destroy(ddmd_onednn **dnn)
{
    if (!*dnn)
        return;
    if ((*dnn)->attr_relu)
        dnnl_primitive_attr_destroy((*dnn)->attr_relu);
    if ((*dnn)->attr)
        dnnl_primitive_attr_destroy((*dnn)->attr);
    if ((*dnn)->stream)
        dnnl_stream_destroy((*dnn)->stream);
    if ((*dnn)->engine)
        dnnl_engine_destroy((*dnn)->engine);
    free((*dnn)->scratch);
    free(*dnn);
    *dnn = NULL;
}

static bool has_isa(dnnl_cpu_isa_t isa)
{
    unsigned there = (unsigned)dnnl_get_effective_cpu_isa(), wanted = (unsigned)isa;
    return (there & wanted) == wanted;
}

bool ddmd_onednn_has_bf16(void)
{
    return has_isa(dnnl_cpu_isa_avx512_core_bf16);
}

void ddmd_onednn_describe(char *text, size_t size)
{
    static const char prefix[] = "cpu_isa_";
    const dnnl_version_t *version = dnnl_version();
    const char *isa = dnnl_cpu_isa2str(dnnl_get_effective_cpu_isa());
    if (strncmp(isa, prefix, sizeof prefix - 1) == 0)
        isa += sizeof prefix - 1;
    snprintf(text, size, "oneDNN %d.%d.%d, %s", version->major, version->minor, version->patch,
             isa);
}

/* One operation. The memories have no bytes of their own but those of `weight`. */
typedef struct operation {
    dnnl_primitive_t run;
    dnnl_primitive_t
        reorder; /* plain weights to weight, or the gradient back; NULL: they are one */
    dnnl_memory_t in, out, bias, plain, weight, scratch, reorder_scratch;
    void *bytes; /* of weight; of a gradient, the last that was added to the sum */
    float *sum;  /* of gradients of weights, n_sum values in the layout of `weight` */
    size_t n_sum;
} operation;

struct ddmd_onednn_conv {
    ddmd_onednn *dnn;
    conv_layouts layouts;
    dnnl_primitive_desc_t hint; /* forward, as the backward descriptors want it */
    operation forward, data, weights;
};

static void release(dnnl_memory_t memory)
{
    if (memory)
        dnnl_memory_destroy(memory);
}

static void operation_clear(operation *o)
{
    if (o->run)
        dnnl_primitive_destroy(o->run);
    if (o->reorder)
        dnnl_primitive_destroy(o->reorder);
    release(o->in);
    release(o->out);
    release(o->bias);
    release(o->plain);
    release(o->weight);
    release(o->scratch);
    release(o->reorder_scratch);
    free(o->bytes);
    free(o->sum);
    *o = (operation){0};
}

ddmd_onednn_format ddmd_onednn_best_format(const int *filters, int n_layers, bool bf16)
{
    /* the kernels that multiply tiles of bfloat16 like channels-last better */
    ddmd_onednn_format format = {.bf16 = bf16,
                                 .blocked = !bf16 && has_isa(dnnl_cpu_isa_avx512_core)};
    for (int i = 0; i < n_layers; i++)
        if (filters[i] % 16 != 0)
            format.blocked = false;
    return format;
}

static dnnl_format_tag_t tag_of(ddmd_onednn_format format, int channels)
{
    if (!format.blocked)
        return dnnl_nhwc;
    return channels == 1 ? dnnl_nchw : dnnl_nChw16c;
}

/* Below this many channels, what Winograd's transformations take is more than they save. */
enum { WINOGRAD_CHANNELS = 64 };

static bool winograd_pays(const ddmd_conv_shape *shape, ddmd_onednn_format format)
{
    return format.blocked && !format.plain_sums && shape->kernel == 3 && shape->stride == 1 &&
           shape->channels_in >= WINOGRAD_CHANNELS && shape->channels_out >= WINOGRAD_CHANNELS;
}

enum ddmd_status ddmd_onednn_conv_create(ddmd_onednn *dnn, const ddmd_conv_shape *shape, int batch,
                                         ddmd_onednn_format format, ddmd_onednn_conv **conv,
                                         ddmd_error *err)
{
    enum ddmd_status status = DDMD_OK;
    ddmd_onednn_conv *made = NULL;
    const dnnl_dims_t in = {batch, shape->channels_in, shape->side_in, shape->side_in};
    const dnnl_dims_t out = {batch, shape->channels_out, shape->side_out, shape->side_out};
    const dnnl_dims_t weight = {shape->channels_out, shape->channels_in, shape->kernel,
                                shape->kernel};
    const dnnl_dims_t bias = {shape->channels_out};
    const dnnl_data_type_t type = format.bf16 ? dnnl_bf16 : dnnl_f32;
    DDMD_TRY(ddmd_array_alloc(&made, 1, sizeof *made, err));
    made->dnn = dnn;
    conv_layouts *l = &made->layouts;
    for (int d = 0; d < 2; d++) {
        l->stride[d] = shape->stride;
        l->pad_low[d] = shape->pad_low;
        l->pad_high[d] = shape->pad_high;
    }
    TRY_DNNL(layout_init(&l->in, 4, in, type, tag_of(format, shape->channels_in)), "layout");
    TRY_DNNL(layout_init(&l->out, 4, out, type, tag_of(format, shape->channels_out)), "layout");
    TRY_DNNL(layout_init(&l->weight, 4, weight, dnnl_f32, dnnl_oihw), "layout");
    TRY_DNNL(layout_init(&l->weight_any, 4, weight, type, dnnl_format_tag_any), "layout");
    TRY_DNNL(layout_init(&l->weight_gradient_any, 4, weight, dnnl_f32, dnnl_format_tag_any),
             "layout");
    TRY_DNNL(layout_init(&l->bias, 1, bias, dnnl_f32, dnnl_x), "layout");
    l->kind = format.inference ? dnnl_forward_inference : dnnl_forward_training;
    l->algorithm = dnnl_convolution_winograd;
    if (!winograd_pays(shape, format) ||
        describe_forward(dnn->engine, dnn->attr, l, false, &made->hint) != dnnl_success) {
        l->algorithm = dnnl_convolution_direct;
        TRY_DNNL(describe_forward(dnn->engine, dnn->attr, l, false, &made->hint), "convolution");
    }
    *conv = made;
    made = NULL;
out:
    ddmd_onednn_conv_destroy(&made);
    return status;
}

void ddmd_onednn_conv_destroy(ddmd_onednn_conv **conv)
{
    ddmd_onednn_conv *c = *conv;
    if (!c)
        return;
    operation_clear(&c->forward);
    operation_clear(&c->data);
    operation_clear(&c->weights);
    if (c->hint)
        dnnl_primitive_desc_destroy(c->hint);
    layout_clear(&c->layouts.in);
    layout_clear(&c->layouts.out);
    layout_clear(&c->layouts.weight);
    layout_clear(&c->layouts.weight_any);
    layout_clear(&c->layouts.weight_gradient_any);
    layout_clear(&c->layouts.bias);
    free(c);
    *conv = NULL;
}

/* Room for what a primitive needs while it runs, or NULL where that is nothing. */
static enum ddmd_status make_scratch(ddmd_onednn *dnn, dnnl_primitive_desc_t description,
                                     dnnl_memory_t *scratch, ddmd_error *err)
{
    enum ddmd_status status = DDMD_OK;
    layout_ref wanted = dnnl_primitive_desc_query_md(description, dnnl_query_scratchpad_md, 0);
    size_t size = wanted ? dnnl_memory_desc_get_size(wanted) : 0;
    if (size == 0)
        return DDMD_OK;
    if (size > dnn->scratch_size) {
        size_t rounded = (size + 4095) / 4096 * 4096;
        void *room = aligned_alloc(4096, rounded);
        if (!room)
            DDMD_FAIL(err, DDMD_NOMEM, "out of memory for %zu bytes of a convolution", rounded);
        free(dnn->scratch);
        dnn->scratch = room;
        dnn->scratch_size = rounded;
    }
    TRY_DNNL(dnnl_memory_create(scratch, wanted, dnn->engine, DNNL_MEMORY_NONE), "memory");
out:
    return status;
}

static enum ddmd_status make_reorder(ddmd_onednn *dnn, layout_ref from, layout_ref to, operation *o,
                                     ddmd_error *err)
{
    enum ddmd_status status = DDMD_OK;
    dnnl_primitive_desc_t description = NULL;
    TRY_DNNL(dnnl_reorder_primitive_desc_create(&description, from, dnn->engine, to, dnn->engine,
                                                dnn->attr),
             "reorder");
    TRY_DNNL(dnnl_primitive_create(&o->reorder, description), "reorder");
    DDMD_TRY(make_scratch(dnn, description, &o->reorder_scratch, err));
out:
    if (description)
        dnnl_primitive_desc_destroy(description);
    return status;
}

/* Make *o of a descriptor whose weights are described by `query`. */
static enum ddmd_status operation_init(ddmd_onednn_conv *conv, dnnl_primitive_desc_t description,
                                       dnnl_query_t query, bool with_bias, operation *o,
                                       ddmd_error *err)
{
    enum ddmd_status status = DDMD_OK;
    operation made = {0};
    dnnl_engine_t engine = conv->dnn->engine;
    const conv_layouts *l = &conv->layouts;
    layout_ref wanted = dnnl_primitive_desc_query_md(description, query, 0);
    layout_ref plain = ref(&l->weight);
    bool gradient = query == dnnl_query_diff_weights_md;
    bool apart = !dnnl_memory_desc_equal(wanted, plain);

    TRY_DNNL(dnnl_primitive_create(&made.run, description), "convolution");
    TRY_DNNL(dnnl_memory_create(&made.in, ref(&l->in), engine, DNNL_MEMORY_NONE), "memory");
    TRY_DNNL(dnnl_memory_create(&made.out, ref(&l->out), engine, DNNL_MEMORY_NONE), "memory");
    TRY_DNNL(dnnl_memory_create(&made.plain, plain, engine, DNNL_MEMORY_NONE), "memory");
    DDMD_TRY(make_scratch(conv->dnn, description, &made.scratch, err));
    if (with_bias)
        TRY_DNNL(dnnl_memory_create(&made.bias, ref(&l->bias), engine, DNNL_MEMORY_NONE), "memory");
    size_t size = dnnl_memory_desc_get_size(wanted);
    if (apart || gradient) {
        DDMD_TRY(ddmd_activations_alloc(1, size, 1, &made.bytes, err));
        TRY_DNNL(dnnl_memory_create(&made.weight, wanted, engine, made.bytes), "memory");
    }
    if (gradient) {
        made.n_sum = size / sizeof(float);
        DDMD_TRY(ddmd_activations_alloc_floats(made.n_sum, &made.sum, err));
    }
    if (apart)
        DDMD_TRY(make_reorder(conv->dnn, gradient ? wanted : plain, gradient ? plain : wanted,
                              &made, err));
    *o = made;
    made = (operation){0};
out:
    operation_clear(&made);
    return status;
}

/* Point a memory at bytes that the library will only read, or may write. */
static enum ddmd_status point(dnnl_memory_t memory, const void *bytes, ddmd_error *err)
{
    dnnl_status_t result = dnnl_memory_set_data_handle(memory, (void *)bytes);
    return result == dnnl_success ? DDMD_OK : failed("memory", result, err);
}

enum { MAX_ARGS = 5 };

/* Run a primitive with n < MAX_ARGS arguments and its scratch memory, which may be NULL. */
static enum ddmd_status run(const ddmd_onednn *dnn, dnnl_primitive_t primitive,
                            dnnl_memory_t scratch, const dnnl_exec_arg_t *args, int n,
                            ddmd_error *err)
{
    enum ddmd_status status = DDMD_OK;
    dnnl_exec_arg_t all[MAX_ARGS];
    memcpy(all, args, (size_t)n * sizeof *args);
    if (scratch) {
        DDMD_TRY(point(scratch, dnn->scratch, err));
        all[n++] = (dnnl_exec_arg_t){DNNL_ARG_SCRATCHPAD, scratch};
    }
    TRY_DNNL(dnnl_primitive_execute(primitive, dnn->stream, n, all), "execution");
    TRY_DNNL(dnnl_stream_wait(dnn->stream), "execution");
out:
    return status;
}

static enum ddmd_status execute(const ddmd_onednn_conv *conv, const operation *o,
                                const dnnl_exec_arg_t *args, int n, ddmd_error *err)
{
    return run(conv->dnn, o->run, o->scratch, args, n, err);
}

static enum ddmd_status reorder(const ddmd_onednn_conv *conv, const operation *o,
                                dnnl_memory_t from, dnnl_memory_t to, ddmd_error *err)
{
    const dnnl_exec_arg_t args[] = {{DNNL_ARG_FROM, from}, {DNNL_ARG_TO, to}};
    return run(conv->dnn, o->reorder, o->reorder_scratch, args, 2, err);
}

static dnnl_memory_t weights_of(const operation *o)
{
    return o->reorder ? o->weight : o->plain;
}

/* Bring the weights into the layout that o->run wants. */
static enum ddmd_status bring_weights(const ddmd_onednn_conv *conv, const operation *o,
                                      const float *weight, ddmd_error *err)
{
    enum ddmd_status status = DDMD_OK;
    if (!o->run)
        return DDMD_OK;
    DDMD_TRY(point(o->plain, weight, err));
    if (o->reorder)
        DDMD_TRY(reorder(conv, o, o->plain, o->weight, err));
out:
    return status;
}

/* Make one operation of what describe_...() gave; takes the descriptor. */
static enum ddmd_status prepare(ddmd_onednn_conv *conv, dnnl_status_t described,
                                dnnl_primitive_desc_t description, dnnl_query_t query,
                                bool with_bias, operation *o, ddmd_error *err)
{
    if (described != dnnl_success)
        return failed("no such convolution", described, err);
    enum ddmd_status status = operation_init(conv, description, query, with_bias, o, err);
    dnnl_primitive_desc_destroy(description);
    return status;
}

enum ddmd_status ddmd_onednn_conv_prepare(ddmd_onednn_conv *conv, unsigned operations,
                                          ddmd_error *err)
{
    enum ddmd_status status = DDMD_OK;
    const ddmd_onednn *dnn = conv->dnn;
    const conv_layouts *l = &conv->layouts;
    dnnl_primitive_desc_t made = NULL;
    dnnl_status_t result = dnnl_success;
    if ((operations & (DDMD_ONEDNN_FORWARD | DDMD_ONEDNN_FORWARD_RELU)) && !conv->forward.run) {
        bool relu = operations & DDMD_ONEDNN_FORWARD_RELU;
        result = describe_forward(dnn->engine, relu ? dnn->attr_relu : dnn->attr, l, relu, &made);
        DDMD_TRY(prepare(conv, result, made, dnnl_query_weights_md, relu, &conv->forward, err));
    }
    if ((operations & DDMD_ONEDNN_BACKWARD_DATA) && !conv->data.run) {
        result = describe_backward_data(dnn->engine, dnn->attr, l, conv->hint, &made);
        DDMD_TRY(prepare(conv, result, made, dnnl_query_weights_md, false, &conv->data, err));
    }
    if ((operations & DDMD_ONEDNN_BACKWARD_WEIGHTS) && !conv->weights.run) {
        result = describe_backward_weights(dnn->engine, dnn->attr, l, conv->hint, &made);
        DDMD_TRY(
            prepare(conv, result, made, dnnl_query_diff_weights_md, false, &conv->weights, err));
    }
out:
    return status;
}

enum ddmd_status ddmd_onednn_conv_load(ddmd_onednn_conv *conv, const float *weight, ddmd_error *err)
{
    enum ddmd_status status = DDMD_OK;
    DDMD_TRY(bring_weights(conv, &conv->forward, weight, err));
    DDMD_TRY(bring_weights(conv, &conv->data, weight, err));
out:
    return status;
}

enum ddmd_status ddmd_onednn_conv_forward(ddmd_onednn_conv *conv, const void *in, const float *bias,
                                          void *out, ddmd_error *err)
{
    enum ddmd_status status = DDMD_OK;
    const operation *o = &conv->forward;
    DDMD_TRY(point(o->in, in, err));
    DDMD_TRY(point(o->out, out, err));
    if (bias)
        DDMD_TRY(point(o->bias, bias, err));
    const dnnl_exec_arg_t args[] = {{DNNL_ARG_SRC, o->in},
                                    {DNNL_ARG_WEIGHTS, weights_of(o)},
                                    {DNNL_ARG_DST, o->out},
                                    {DNNL_ARG_BIAS, o->bias}};
    DDMD_TRY(execute(conv, o, args, bias ? 4 : 3, err));
out:
    return status;
}

enum ddmd_status ddmd_onednn_conv_backward_data(ddmd_onednn_conv *conv, const void *out_gradient,
                                                void *in_gradient, ddmd_error *err)
{
    enum ddmd_status status = DDMD_OK;
    const operation *o = &conv->data;
    DDMD_TRY(point(o->out, out_gradient, err));
    DDMD_TRY(point(o->in, in_gradient, err));
    const dnnl_exec_arg_t args[] = {
        {DNNL_ARG_DIFF_DST, o->out}, {DNNL_ARG_WEIGHTS, weights_of(o)}, {DNNL_ARG_DIFF_SRC, o->in}};
    DDMD_TRY(execute(conv, o, args, 3, err));
out:
    return status;
}

enum ddmd_status ddmd_onednn_conv_backward_weights(ddmd_onednn_conv *conv, const void *in,
                                                   const void *out_gradient, bool add,
                                                   ddmd_error *err)
{
    enum ddmd_status status = DDMD_OK;
    const operation *o = &conv->weights;
    DDMD_TRY(point(o->in, in, err));
    DDMD_TRY(point(o->out, out_gradient, err));
    DDMD_TRY(point(o->weight, add ? o->bytes : o->sum, err));
    const dnnl_exec_arg_t args[] = {
        {DNNL_ARG_SRC, o->in}, {DNNL_ARG_DIFF_DST, o->out}, {DNNL_ARG_DIFF_WEIGHTS, o->weight}};
    DDMD_TRY(execute(conv, o, args, 3, err));
    if (add)
        ddmd_add(o->n_sum, o->bytes, o->sum);
out:
    return status;
}

enum ddmd_status ddmd_onednn_conv_weight_gradient(ddmd_onednn_conv *conv, float *weight_gradient,
                                                  ddmd_error *err)
{
    enum ddmd_status status = DDMD_OK;
    const operation *o = &conv->weights;
    if (!o->reorder) {
        memcpy(weight_gradient, o->sum, o->n_sum * sizeof *o->sum);
        return DDMD_OK;
    }
    DDMD_TRY(point(o->weight, o->sum, err));
    DDMD_TRY(point(o->plain, weight_gradient, err));
    DDMD_TRY(reorder(conv, o, o->weight, o->plain, err));
out:
    return status;
}

enum ddmd_status ddmd_onednn_product(bool a_transposed, bool b_transposed, size_t m, size_t n,
                                     size_t k, const float *a, const float *b, bool add, float *c,
                                     ddmd_error *err)
{
    dnnl_dim_t rows = (dnnl_dim_t)m, columns = (dnnl_dim_t)n, inner = (dnnl_dim_t)k;
    dnnl_status_t result =
        dnnl_sgemm(a_transposed ? 'T' : 'N', b_transposed ? 'T' : 'N', rows, columns, inner, 1.0F,
                   a, a_transposed ? rows : inner, b, b_transposed ? inner : columns,
                   add ? 1.0F : 0.0F, c, columns);
    return result == dnnl_success ? DDMD_OK : failed("matrix product", result, err);
}
