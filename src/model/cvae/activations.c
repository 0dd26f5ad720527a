#include "model/cvae/activations.h"

#include "core/array.h"
#include "core/isa.h"
#include "core/try.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

enum {
    MOST_ROWS = 256,   /* summed in float32 before the sum goes on in float64 ... */
    MOST_COLUMNS = 64, /* ... of so many channels at once */
    PIXELS = 8,        /* whose products with the last layer's weights are formed together */
    LANES = 16,
    HUGE_PAGE = 2 << 20 /* bytes */
};

typedef float lanes __attribute__((vector_size(LANES * sizeof(float))));

static inline float from_bf16(uint16_t value)
{
    uint32_t bits = (uint32_t)value << 16;
    float widened;
    memcpy(&widened, &bits, sizeof widened);
    return widened;
}

static inline uint16_t to_bf16(float value)
{
    uint32_t bits;
    memcpy(&bits, &value, sizeof bits);
    uint32_t rounded = bits + 0x7fff + (bits >> 16 & 1);
    return (uint16_t)((value == value ? rounded : bits | 0x400000) >> 16);
}

#define NAME(name) name##_f32
#define VALUE float
#define LOAD(value) (value)
#define STORE(value) (value)
#define POSITIVE(value) ((value) > 0)
#include "model/cvae/activations.inc"
#undef NAME
#undef VALUE
#undef LOAD
#undef STORE
#undef POSITIVE

#define NAME(name) name##_bf16
#define VALUE uint16_t
#define LOAD(value) from_bf16(value)
#define STORE(value) to_bf16(value)
#define POSITIVE(value) ((int16_t)(value) > 0)
#include "model/cvae/activations.inc"
#undef NAME
#undef VALUE
#undef LOAD
#undef STORE
#undef POSITIVE

enum ddmd_status ddmd_activations_alloc(size_t samples, size_t n, size_t value_size, void **values,
                                        ddmd_error *err)
{
    size_t size = 0;
    if (*values)
        return DDMD_OK;
    if (__builtin_mul_overflow(n * value_size, samples, &size) || size > SIZE_MAX / 2)
        return ddmd_error_set(err, DDMD_NOMEM, "out of memory for %zu samples of %zu values",
                              samples, n);
    size_t alignment = size < HUGE_PAGE ? sizeof(lanes) : HUGE_PAGE;
    size = (size / alignment + 1) * alignment;
    *values = aligned_alloc(alignment, size);
    if (!*values)
        return ddmd_error_set(err, DDMD_NOMEM, "out of memory for %zu samples of %zu values",
                              samples, n);
    if (alignment == HUGE_PAGE)
        madvise(*values, size, MADV_HUGEPAGE); /* a wish */
    memset(*values, 0, size);
    return DDMD_OK;
}

enum ddmd_status ddmd_activations_alloc_floats(size_t n, float **values, ddmd_error *err)
{
    void *made = *values;
    enum ddmd_status status = ddmd_activations_alloc(1, n, sizeof **values, &made, err);
    *values = made;
    return status;
}

void ddmd_activations_bias_relu(const ddmd_activations *shape, const float *bias, void *values)
{
    if (shape->bf16)
        bias_relu_bf16(shape, bias, values);
    else
        bias_relu_f32(shape, bias, values);
}

/* The offset of a pixel of a channel. */
static size_t at(const ddmd_activations *a, size_t sample, size_t pixel, size_t channel)
{
    size_t block = sample * (a->channels / a->block) + channel / a->block;
    return (block * a->pixels + pixel) * a->block + channel % a->block;
}

static void column_gradient(const ddmd_activations *a, size_t channel, size_t columns,
                            const void *values, void *gradient, double *sums)
{
    for (size_t s = 0; s < a->samples; s++)
        for (size_t p = 0; p < a->pixels; p += MOST_ROWS) {
            size_t rows = a->pixels - p < MOST_ROWS ? a->pixels - p : MOST_ROWS;
            size_t first = at(a, s, p, channel);
            float part[MOST_COLUMNS] = {0};
            if (a->bf16)
                relu_gradient_bf16(rows, columns, a->block, (const uint16_t *)values + first,
                                   (uint16_t *)gradient + first, part);
            else
                relu_gradient_f32(rows, columns, a->block, (const float *)values + first,
                                  (float *)gradient + first, part);
            for (size_t c = 0; c < columns; c++)
                sums[c] += part[c];
        }
}

void ddmd_activations_relu_gradient(const ddmd_activations *shape, const void *values,
                                    void *gradient, bool add, float *bias_gradient)
{
    for (size_t first = 0; first < shape->channels; first += shape->block)
        for (size_t column = 0; column < shape->block; column += MOST_COLUMNS) {
            size_t left = shape->block - column;
            size_t columns = left < MOST_COLUMNS ? left : MOST_COLUMNS;
            double sums[MOST_COLUMNS] = {0};
            float *out = bias_gradient + first + column;
            column_gradient(shape, first + column, columns, values, gradient, sums);
            for (size_t c = 0; c < columns; c++)
                out[c] = (float)(sums[c] + (add ? out[c] : 0.0F));
        }
}

void ddmd_activations_to_flat(const ddmd_activations *shape, const void *values, float *flat)
{
    if (shape->bf16)
        to_flat_bf16(shape, values, flat);
    else
        to_flat_f32(shape, values, flat);
}

void ddmd_activations_from_flat(const ddmd_activations *shape, const float *flat, void *values)
{
    if (shape->bf16)
        from_flat_bf16(shape, flat, values);
    else
        from_flat_f32(shape, flat, values);
}

/* Sum the products of one sample into the pixels that kernel element (v, u) joins them with. */
static void scatter(const ddmd_conv_shape *conv, int v, int u, size_t stride, const float *products,
                    float *map)
{
    for (int y = 0; y < conv->side_out; y++) {
        int row = y * conv->stride + v - conv->pad_low;
        if (row < 0 || row >= conv->side_in)
            continue;
        const float *from = products + (size_t)y * (size_t)conv->side_out * stride;
        float *to = map + (size_t)row * (size_t)conv->side_in;
        for (int x = 0; x < conv->side_out; x++, from += stride) {
            int column = x * conv->stride + u - conv->pad_low;
            if (column >= 0 && column < conv->side_in)
                to[column] += *from;
        }
    }
}

/* Weights [channels][kernel][kernel], each channel's filled up to whole lanes with zeros. */
static enum ddmd_status pad_weights(const ddmd_conv_shape *conv, const float *weight, size_t stride,
                                    lanes **padded, ddmd_error *err)
{
    size_t taps = (size_t)conv->kernel * (size_t)conv->kernel, n = (size_t)conv->channels_out;
    *padded = aligned_alloc(sizeof(lanes), n * stride * sizeof(lanes));
    if (!*padded)
        return ddmd_error_set(err, DDMD_NOMEM, "out of memory for %zu weights", n * taps);
    memset(*padded, 0, n * stride * sizeof(lanes));
    for (size_t c = 0; c < n; c++)
        memcpy(*padded + c * stride, weight + c * taps, taps * sizeof *weight);
    return DDMD_OK;
}

enum ddmd_status ddmd_activations_to_map(const ddmd_activations *shape, const ddmd_conv_shape *conv,
                                         const void *values, const float *weight, float *map,
                                         ddmd_error *err)
{
    enum ddmd_status status = DDMD_OK;
    size_t k = (size_t)conv->kernel, stride = (k * k + LANES - 1) / LANES;
    size_t size = shape->pixels * shape->channels, side = (size_t)conv->side_in;
    lanes *padded = NULL, *products = NULL;
    DDMD_TRY(pad_weights(conv, weight, stride, &padded, err));
    products = aligned_alloc(sizeof(lanes), shape->pixels * stride * sizeof(lanes));
    if (!products)
        DDMD_FAIL(err, DDMD_NOMEM, "out of memory for the products of %zu pixels", shape->pixels);
    memset(map, 0, shape->samples * side * side * sizeof *map);
    for (size_t s = 0; s < shape->samples; s++) {
        if (shape->bf16)
            multiply_bf16(shape, (const uint16_t *)values + s * size, padded, stride, products);
        else
            multiply_f32(shape, (const float *)values + s * size, padded, stride, products);
        for (int tap = 0; tap < conv->kernel * conv->kernel; tap++)
            scatter(conv, tap / conv->kernel, tap % conv->kernel, stride * LANES,
                    (const float *)products + tap, map + s * side * side);
    }
out:
    free(padded);
    free(products);
    return status;
}

FOR_EACH_ISA
void ddmd_bf16_from_float(size_t n, const float *values, uint16_t *rounded)
{
    for (size_t i = 0; i < n; i++)
        rounded[i] = to_bf16(values[i]);
}

FOR_EACH_ISA
void ddmd_bf16_to_float(size_t n, const uint16_t *values, float *widened)
{
    for (size_t i = 0; i < n; i++)
        widened[i] = from_bf16(values[i]);
}
