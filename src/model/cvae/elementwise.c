#include "model/cvae/elementwise.h"

#include "core/isa.h"

#include <math.h>

FOR_EACH_ISA
void ddmd_bias_relu(size_t rows, size_t channels, const float *bias, const float *factors,
                    float *values)
{
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

FOR_EACH_ISA
void ddmd_bias(size_t rows, size_t channels, const float *bias, float *values)
{
    for (size_t r = 0; r < rows; r++)
        for (size_t c = 0; c < channels; c++)
            values[r * channels + c] += bias[c];
}

/* A block of the matrix that stays in the fastest cache, and is short enough to sum in float32. */
enum { BLOCK_ROWS = 256, BLOCK_COLUMNS = 64 };

/* One block, whose upper left corner is the offset `at`; its columns are added to sums. */
FOR_EACH_ISA
static void gradient_block(size_t rows, size_t columns, size_t channels, size_t at,
                           const float *values, const float *factors, float *gradient, double *sums)
{
    float part[BLOCK_COLUMNS] = {0};
    for (size_t r = 0; r < rows; r++, at += channels) {
        float *g = gradient + at;
        if (values) {
            const float *v = values + at;
            for (size_t c = 0; c < columns; c++)
                g[c] = v[c] > 0 ? g[c] : 0;
        }
        if (factors)
            for (size_t c = 0; c < columns; c++)
                g[c] *= factors[at + c];
        for (size_t c = 0; c < columns; c++)
            part[c] += g[c];
    }
    for (size_t c = 0; c < columns; c++)
        sums[c] += part[c];
}

void ddmd_bias_relu_gradient(size_t rows, size_t channels, const float *values,
                             const float *factors, float *gradient, bool add, float *bias_gradient)
{
    for (size_t column = 0; column < channels; column += BLOCK_COLUMNS) {
        size_t left = channels - column, columns = left < BLOCK_COLUMNS ? left : BLOCK_COLUMNS;
        double sums[BLOCK_COLUMNS] = {0};
        for (size_t row = 0; row < rows; row += BLOCK_ROWS)
            gradient_block(rows - row < BLOCK_ROWS ? rows - row : BLOCK_ROWS, columns, channels,
                           row * channels + column, values, factors, gradient, sums);
        for (size_t c = 0; c < columns; c++)
            bias_gradient[column + c] = (float)(sums[c] + (add ? bias_gradient[column + c] : 0.0F));
    }
}

enum { PRODUCT_PIXELS = 256 };

/*
 * max(a, 0) - t a + log(1 + exp(-|a|)), see reference.inc. The logarithms are taken of products of
 * up to 256 numbers from 1 to 2, which float64 holds to full precision.
 */
FOR_EACH_ISA
double ddmd_cross_entropy(size_t n, float *logits, float bias, const float *targets, double scale,
                          double *bias_gradient)
{
    double entropy = 0, gradient = 0;
    float factor = (float)scale;
    for (size_t from = 0; from < n; from += PRODUCT_PIXELS) {
        size_t end = from + PRODUCT_PIXELS < n ? from + PRODUCT_PIXELS : n;
        double product = 1;
        for (size_t i = from; i < end; i++) {
            float a = logits[i] + bias, t = targets[i], e = expf(-fabsf(a));
            product *= 1 + (double)e;
            entropy += (a > 0 ? a : 0) - t * a;
            if (scale != 0) {
                float g = factor * ((a >= 0 ? 1 : e) / (1 + e) - t);
                logits[i] = g;
                gradient += g;
            }
        }
        entropy += log(product);
    }
    *bias_gradient = gradient;
    return entropy;
}

FOR_EACH_ISA
void ddmd_add(size_t n, const float *values, float *sum)
{
    for (size_t i = 0; i < n; i++)
        sum[i] += values[i];
}

enum { LANES = 16 }; /* sums that run side by side */

FOR_EACH_ISA
double ddmd_sum_of_squares(size_t n, const float *values)
{
    double sums[LANES] = {0}, sum = 0;
    size_t whole = n - n % LANES;
    for (size_t i = 0; i < whole; i += LANES)
        for (size_t l = 0; l < LANES; l++)
            sums[l] += (double)values[i + l] * values[i + l];
    for (size_t i = whole; i < n; i++)
        sum += (double)values[i] * values[i];
    for (size_t l = 0; l < LANES; l++)
        sum += sums[l];
    return sum;
}
