#include "model/cvae/elementwise.h"

#include "core/array.h"
#include "core/try.h"

#include <math.h>
#include <stdlib.h>

void ddmd_bias_relu(size_t rows, size_t channels, const float *bias, const float *factors,
                    float *values)
{
#pragma omp parallel for schedule(static)
    for (size_t r = 0; r < rows; r++) {
        float *row = values + r * channels;
        for (size_t c = 0; c < channels; c++) {
            float sum = row[c] + bias[c];
            row[c] = sum > 0 ? sum : 0;
        }
        if (factors)
            for (size_t c = 0; c < channels; c++)
                row[c] *= factors[r * channels + c];
    }
}

void ddmd_bias(size_t rows, size_t channels, const float *bias, float *values)
{
    for (size_t r = 0; r < rows; r++)
        for (size_t c = 0; c < channels; c++)
            values[r * channels + c] += bias[c];
}

/* Rows and columns that one task of ddmd_bias_relu_gradient() takes. */
enum { TASK_ROWS = 256, TASK_COLUMNS = 64 };

static void gradient_task(size_t channels, size_t row, size_t row_end, size_t column,
                          size_t column_end, const float *values, const float *factors,
                          float *gradient, double *sums)
{
    size_t width = column_end - column;
    float part[TASK_COLUMNS] = {0};
    for (; row < row_end; row++) {
        size_t at = row * channels + column;
        float *g = gradient + at;
        if (values) {
            const float *v = values + at;
            for (size_t c = 0; c < width; c++)
                g[c] = v[c] > 0 ? g[c] : 0;
        }
        if (factors)
            for (size_t c = 0; c < width; c++)
                g[c] *= factors[at + c];
        for (size_t c = 0; c < width; c++)
            part[c] += g[c];
    }
    for (size_t c = 0; c < width; c++)
        sums[column + c] = part[c];
}

enum ddmd_status ddmd_bias_relu_gradient(size_t rows, size_t channels, const float *values,
                                         const float *factors, float *gradient, bool add,
                                         float *bias_gradient, ddmd_error *err)
{
    enum ddmd_status status = DDMD_OK;
    double *sums = NULL; /* [row_tasks][channels] */
    size_t row_tasks = (rows + TASK_ROWS - 1) / TASK_ROWS;
    size_t column_tasks = (channels + TASK_COLUMNS - 1) / TASK_COLUMNS;
    DDMD_TRY(ddmd_array_alloc(&sums, row_tasks * channels, sizeof *sums, err));
#pragma omp parallel for schedule(static)
    for (size_t task = 0; task < row_tasks * column_tasks; task++) {
        size_t i = task / column_tasks, column = task % column_tasks * TASK_COLUMNS;
        size_t row_end = (i + 1) * TASK_ROWS, column_end = column + TASK_COLUMNS;
        gradient_task(channels, i * TASK_ROWS, row_end < rows ? row_end : rows, column,
                      column_end < channels ? column_end : channels, values, factors, gradient,
                      sums + i * channels);
    }
#pragma omp parallel for schedule(static)
    for (size_t c = 0; c < channels; c++) {
        double sum = add ? bias_gradient[c] : 0;
        for (size_t i = 0; i < row_tasks; i++)
            sum += sums[i * channels + c];
        bias_gradient[c] = (float)sum;
    }
out:
    free(sums);
    return status;
}

enum { TASK_PIXELS = 4096, PRODUCT_PIXELS = 256 };

typedef struct entropy_sums {
    double entropy, gradient;
} entropy_sums;

/*
 * max(a, 0) - t a + log(1 + exp(-|a|)), see reference.inc. The logarithms are taken of products of
 * up to 256 numbers from 1 to 2, which float64 holds to full precision.
 */
static entropy_sums entropy_task(size_t n, float *logits, float bias, const float *targets,
                                 float scale)
{
    entropy_sums sums = {0, 0};
    for (size_t from = 0; from < n; from += PRODUCT_PIXELS) {
        size_t end = from + PRODUCT_PIXELS < n ? from + PRODUCT_PIXELS : n;
        double product = 1, linear = 0, gradient = 0;
        for (size_t i = from; i < end; i++) {
            float a = logits[i] + bias, t = targets[i], e = expf(-fabsf(a));
            product *= 1 + (double)e;
            linear += (a > 0 ? a : 0) - t * a;
            if (scale != 0) {
                float g = scale * ((a >= 0 ? 1 : e) / (1 + e) - t);
                logits[i] = g;
                gradient += g;
            }
        }
        sums.entropy += linear + log(product);
        sums.gradient += gradient;
    }
    return sums;
}

enum ddmd_status ddmd_cross_entropy(size_t n, float *logits, float bias, const float *targets,
                                    double scale, double *sum, double *bias_gradient,
                                    ddmd_error *err)
{
    enum ddmd_status status = DDMD_OK;
    entropy_sums *parts = NULL, total = {0, 0};
    size_t tasks = (n + TASK_PIXELS - 1) / TASK_PIXELS;
    DDMD_TRY(ddmd_array_alloc(&parts, tasks, sizeof *parts, err));
#pragma omp parallel for schedule(static)
    for (size_t task = 0; task < tasks; task++) {
        size_t from = task * TASK_PIXELS, left = n - from;
        parts[task] = entropy_task(left < TASK_PIXELS ? left : TASK_PIXELS, logits + from, bias,
                                   targets + from, (float)scale);
    }
    for (size_t task = 0; task < tasks; task++) {
        total.entropy += parts[task].entropy;
        total.gradient += parts[task].gradient;
    }
    *sum = total.entropy;
    *bias_gradient = total.gradient;
out:
    free(parts);
    return status;
}

void ddmd_add(size_t n, const float *values, float *sum)
{
#pragma omp parallel for schedule(static)
    for (size_t i = 0; i < n; i++)
        sum[i] += values[i];
}
