/*
 * Each operator in float64 against central finite differences, then each fast one in float32
 * against the float64 reference, as the relative Euclidean norm of the difference.
 */
#include "model/cvae/activations.h"
#include "model/cvae/elementwise.h"
#include "model/cvae/members.h"
#include "model/cvae/onednn.h"
#include "model/cvae/reference.h"
#include "model/cvae/rmsprop.h"
#include "support/cmocka.h"
#include "unit/model/arrays.h"

#include <string.h>

/* Rounding errors of float32 sums of the lengths used here stay well below this. */
static const double float_tolerance = 1e-5;

static const ddmd_conv_shape shapes[] = {
    /* channels_in, side_in, channels_out, side_out, kernel, stride, pad_low, pad_high */
    {1, 7, 5, 4, 3, 2, 1, 1}, {3, 9, 2, 9, 3, 1, 1, 1},    {2, 6, 3, 3, 3, 2, 0, 1},
    {4, 5, 4, 5, 5, 1, 2, 2}, {2, 9, 17, 3, 1, 4, 0, 0},   {3, 10, 2, 4, 5, 3, 2, 2},
    {1, 4, 1, 4, 7, 1, 3, 3}, {16, 14, 16, 7, 3, 2, 0, 1}, {64, 14, 64, 14, 3, 1, 1, 1},
};
enum { N_SHAPES = sizeof shapes / sizeof *shapes, SMALL_SHAPES = 7, SAMPLES = 3 };

static size_t weights_of(const ddmd_conv_shape *s)
{
    return (size_t)s->channels_in * (size_t)s->channels_out * (size_t)s->kernel * (size_t)s->kernel;
}

static double dot(const double *a, const double *b, size_t n)
{
    double sum = 0;
    for (size_t i = 0; i < n; i++)
        sum += a[i] * b[i];
    return sum;
}

/*
 * `loss` as a function of n values against its gradient, each value in turn. For losses that are at
 * most quadratic in each value central differences have no truncation error, and rounding leaves
 * about 1e-16 |loss| / step; `tolerance` is absolute.
 */
static void check_gradient(double (*loss)(void *user), void *user, double *values, size_t n,
                           const double *gradient, double step, double tolerance)
{
    for (size_t i = 0; i < n; i++) {
        double held = values[i];
        values[i] = held + step;
        double above = loss(user);
        values[i] = held - step;
        double below = loss(user);
        values[i] = held;
        double found = (above - below) / (2 * step);
        if (!(fabs(found - gradient[i]) < tolerance))
            fail_msg("value %zu: %.10g by differences, gradient %.10g", i, found, gradient[i]);
    }
}

/* <weights of the loss, conv(in, weight)> */
typedef struct conv_case {
    const ddmd_conv_shape *shape;
    double *in, *weight, *out, *loss;
    size_t n_in, n_out, n_weight;
} conv_case;

static conv_case make_conv(const ddmd_conv_shape *shape)
{
    conv_case c = {.shape = shape};
    c.n_in = SAMPLES * ddmd_conv_size_in(shape);
    c.n_out = SAMPLES * ddmd_conv_size_out(shape);
    c.n_weight = weights_of(shape);
    c.in = test_normal(c.n_in, 1);
    c.weight = test_normal(c.n_weight, 2);
    c.loss = test_normal(c.n_out, 3);
    c.out = calloc(c.n_out, sizeof *c.out);
    return c;
}

static void clear_conv(conv_case *c)
{
    free(c->in);
    free(c->weight);
    free(c->out);
    free(c->loss);
}

static double conv_loss(void *user)
{
    const conv_case *c = user;
    ddmd_reference_conv_f64(c->shape, SAMPLES, c->in, c->weight, c->out);
    return dot(c->out, c->loss, c->n_out);
}

static void convolution_gradients_are_finite_differences(void **state)
{
    (void)state;
    for (int i = 0; i < SMALL_SHAPES; i++) {
        conv_case c = make_conv(&shapes[i]);
        double *to_in = calloc(c.n_in, sizeof *to_in);
        double *to_weight = calloc(c.n_weight, sizeof *to_weight);
        ddmd_reference_conv_data_f64(c.shape, SAMPLES, c.loss, c.weight, to_in);
        ddmd_reference_conv_weight_f64(c.shape, SAMPLES, c.in, c.loss, to_weight);
        check_gradient(conv_loss, &c, c.in, c.n_in, to_in, 1e-2, 1e-10);
        check_gradient(conv_loss, &c, c.weight, c.n_weight, to_weight, 1e-2, 1e-10);
        free(to_in);
        free(to_weight);
        clear_conv(&c);
    }
}

/* A convolution written down by hand: 3 x 3 ones over 4 x 4 pixels count the neighbours. */
static void convolution_pads_with_zeros(void **state)
{
    (void)state;
    const ddmd_conv_shape shape = {1, 4, 1, 4, 3, 1, 1, 1};
    double in[16], weight[9], out[16];
    for (int i = 0; i < 16; i++)
        in[i] = 1;
    for (int i = 0; i < 9; i++)
        weight[i] = 1;
    ddmd_reference_conv_f64(&shape, 1, in, weight, out);
    const double known[] = {4, 6, 6, 4, 6, 9, 9, 6, 6, 9, 9, 6, 4, 6, 6, 4};
    assert_memory_equal(out, known, sizeof known);

    /* the last tap only: output (y, x) is input (y+1, x+1), so the kernel is not turned over */
    memset(weight, 0, sizeof weight);
    weight[8] = 1;
    for (int i = 0; i < 16; i++)
        in[i] = i;
    ddmd_reference_conv_f64(&shape, 1, in, weight, out);
    assert_true(out[0] == 5 && out[5] == 10 && out[15] == 0);
}

typedef struct dense_case {
    ddmd_dense_shape shape;
    double *in, *weight, *bias, *out, *loss;
} dense_case;

static double dense_loss(void *user)
{
    const dense_case *c = user;
    ddmd_reference_dense_f64(&c->shape, SAMPLES, c->in, c->weight, c->bias, c->out);
    return dot(c->out, c->loss, SAMPLES * c->shape.out);
}

static void dense_gradients_are_finite_differences(void **state)
{
    (void)state;
    dense_case c = {.shape = {5, 4}};
    double to_in[SAMPLES * 5] = {0}, to_weight[20] = {0}, to_bias[4] = {0}, out[SAMPLES * 4];
    c.in = test_normal(SAMPLES * 5, 1);
    c.weight = test_normal(20, 2);
    c.bias = test_normal(4, 3);
    c.loss = test_normal(SAMPLES * 4, 4);
    c.out = out;
    ddmd_reference_dense_gradient_f64(&c.shape, SAMPLES, c.in, c.weight, c.loss, to_in, to_weight,
                                      to_bias);
    check_gradient(dense_loss, &c, c.in, SAMPLES * 5, to_in, 1e-2, 1e-11);
    check_gradient(dense_loss, &c, c.weight, 20, to_weight, 1e-2, 1e-11);
    check_gradient(dense_loss, &c, c.bias, 4, to_bias, 1e-2, 1e-11);
    free(c.in);
    free(c.weight);
    free(c.bias);
    free(c.loss);
}

typedef struct entropy_case {
    double *logits, *targets;
    size_t n;
} entropy_case;

static double entropy_loss(void *user)
{
    const entropy_case *c = user;
    return ddmd_reference_cross_entropy_f64(c->n, c->logits, c->targets, 0, NULL);
}

/* Truncation: step^2 / 6 times a third derivative below 0.1; rounding: 1e-16 * 60 / step. */
static void cross_entropy_gradient_is_finite_differences(void **state)
{
    (void)state;
    enum { N = 60 };
    double gradient[N];
    entropy_case c = {test_normal(N, 1), test_normal(N, 2), N};
    for (int i = 0; i < N; i++) {
        c.logits[i] *= 4;
        c.targets[i] = c.targets[i] > 0;
    }
    ddmd_reference_cross_entropy_f64(N, c.logits, c.targets, 1, gradient);
    check_gradient(entropy_loss, &c, c.logits, N, gradient, 1e-5, 2e-9);
    free(c.logits);
    free(c.targets);
}

static void cross_entropy_is_right_where_probabilities_round_to_0_and_1(void **state)
{
    (void)state;
    float logits[] = {800, -800, 800, -800, 0}, copy[5], gradient[5];
    const float targets[] = {1, 0, 0, 1, 1};
    const float slopes[] = {0, 0, 1, -1, -0.5F};
    float sum = ddmd_reference_cross_entropy_f32(5, logits, targets, 1, gradient);
    assert_true(fabsf(sum - (1600 + logf(2))) < 1e-3F); /* 1600 has a spacing of 1.2e-4 */
    assert_memory_equal(gradient, slopes, sizeof slopes);

    double bias_gradient = 0;
    memcpy(copy, logits, sizeof copy);
    assert_true(fabs(ddmd_cross_entropy(5, copy, 0, targets, 1, &bias_gradient) - (1600 + log(2))) <
                1e-6);
    assert_memory_equal(copy, slopes, sizeof slopes);
    assert_true(bias_gradient == -0.5);
}

static void bias_relu_gradient_masks_and_sums(void **state)
{
    (void)state;
    double values[] = {-1, 2, 0.5, -3, 0, 1}, gradient[] = {1, 2, 4, 8, 16, 32};
    double bias_gradient[] = {100, 200};
    const double bias[] = {0.5, -1};
    ddmd_reference_bias_relu_f64(3, 2, bias, values);
    const double known[] = {0, 1, 1, 0, 0.5, 0};
    assert_memory_equal(values, known, sizeof known);
    ddmd_reference_bias_relu_gradient_f64(3, 2, values, gradient, bias_gradient);
    const double masked[] = {0, 2, 4, 0, 16, 0};
    assert_memory_equal(gradient, masked, sizeof masked);
    assert_true(bias_gradient[0] == 120 && bias_gradient[1] == 202);
}

/* --- fast against reference --- */

static void assert_near(const char *what, const float *fast, const double *reference, size_t n)
{
    double distance = test_distance(fast, reference, n);
    if (!(distance < float_tolerance))
        fail_msg("%s: relative distance %.3g", what, distance);
}

static void compare_conv(const ddmd_conv_shape *shape, ddmd_onednn *dnn)
{
    ddmd_error err = {0};
    const ddmd_onednn_format channels_last = {.bf16 = false};
    ddmd_onednn_conv *plain = NULL, *fused = NULL;
    conv_case c = make_conv(shape);
    double *bias = test_normal((size_t)shape->channels_out, 5);
    double *to_in = calloc(c.n_in, sizeof *to_in), *to_weight = calloc(c.n_weight, sizeof *to_in);
    float *in = test_float(c.in, c.n_in), *weight = test_float(c.weight, c.n_weight);
    float *loss = test_float(c.loss, c.n_out);
    float *bias32 = test_float(bias, (size_t)shape->channels_out);
    float *out = malloc(c.n_out * sizeof *out), *fast_in = malloc(c.n_in * sizeof *in);
    float *fast_weight = malloc(c.n_weight * sizeof *weight);
    ASSERT_OK(ddmd_onednn_conv_create(dnn, shape, SAMPLES, channels_last, &plain, &err), &err);
    ASSERT_OK(ddmd_onednn_conv_create(dnn, shape, SAMPLES, channels_last, &fused, &err), &err);
    ASSERT_OK(ddmd_onednn_conv_prepare(plain,
                                       DDMD_ONEDNN_FORWARD | DDMD_ONEDNN_BACKWARD_DATA |
                                           DDMD_ONEDNN_BACKWARD_WEIGHTS,
                                       &err),
              &err);
    ASSERT_OK(ddmd_onednn_conv_prepare(fused, DDMD_ONEDNN_FORWARD_RELU, &err), &err);
    ASSERT_OK(ddmd_onednn_conv_load(plain, weight, &err), &err);
    ASSERT_OK(ddmd_onednn_conv_load(fused, weight, &err), &err);
    for (int repeat = 0; repeat < 2; repeat++) { /* what was set up once serves again */
        ddmd_reference_conv_f64(shape, SAMPLES, c.in, c.weight, c.out);
        ASSERT_OK(ddmd_onednn_conv_forward(plain, in, NULL, out, &err), &err);
        assert_near("conv", out, c.out, c.n_out);

        ddmd_reference_bias_relu_f64(c.n_out / (size_t)shape->channels_out,
                                     (size_t)shape->channels_out, bias, c.out);
        ASSERT_OK(ddmd_onednn_conv_forward(fused, in, bias32, out, &err), &err);
        assert_near("conv with bias and relu", out, c.out, c.n_out);

        memset(to_in, 0, c.n_in * sizeof *to_in);
        ddmd_reference_conv_data_f64(shape, SAMPLES, c.loss, c.weight, to_in);
        ASSERT_OK(ddmd_onednn_conv_backward_data(plain, loss, fast_in, &err), &err);
        assert_near("transposed conv", fast_in, to_in, c.n_in);

        memset(to_weight, 0, c.n_weight * sizeof *to_weight);
        for (int twice = 0; twice < 2; twice++) {
            ddmd_reference_conv_weight_f64(shape, SAMPLES, c.in, c.loss, to_weight);
            ASSERT_OK(ddmd_onednn_conv_backward_weights(plain, in, loss, twice, &err), &err);
            ASSERT_OK(ddmd_onednn_conv_weight_gradient(plain, fast_weight, &err), &err);
            assert_near("gradient of weights", fast_weight, to_weight, c.n_weight);
        }
    }
    ddmd_onednn_conv_destroy(&plain);
    ddmd_onednn_conv_destroy(&fused);
    void *const arrays[] = {bias, to_in,  to_weight, in,      weight,
                            loss, bias32, out,       fast_in, fast_weight};
    for (size_t i = 0; i < sizeof arrays / sizeof *arrays; i++)
        free(arrays[i]);
    clear_conv(&c);
}

static void compare_convs(void *user, int member)
{
    (void)member;
    for (int i = 0; i < N_SHAPES; i++)
        compare_conv(&shapes[i], user);
}

static void fast_convolutions_agree_with_the_reference(void **state)
{
    (void)state;
    ddmd_error err = {0};
    ddmd_onednn *dnn = NULL;
    ASSERT_OK(ddmd_onednn_create(&dnn, &err), &err);
    ddmd_members_run(1, compare_convs, dnn);
    ddmd_onednn_destroy(&dnn);
}

static void compare_products(void *user, int member)
{
    (void)user;
    (void)member;
    enum { M = 37, N = 19, K = 53 };
    ddmd_error err = {0};
    double *a = test_normal(M * K, 1), *b = test_normal(K * N, 2), *start = test_normal(M * N, 3);
    float *a32 = test_float(a, M * K), *b32 = test_float(b, K * N);
    for (int kind = 0; kind < 8; kind++) {
        bool at = kind & 1, bt = kind & 2, add = kind & 4;
        double known[M * N];
        float *c = test_float(start, M * N);
        for (size_t i = 0; i < M; i++)
            for (size_t j = 0; j < N; j++) {
                double sum = add ? start[i * N + j] : 0;
                for (size_t k = 0; k < K; k++)
                    sum += a[at ? k * M + i : i * K + k] * b[bt ? j * K + k : k * N + j];
                known[i * N + j] = sum;
            }
        ASSERT_OK(ddmd_onednn_product(at, bt, M, N, K, a32, b32, add, c, &err), &err);
        assert_near("product", c, known, M * N);
        free(c);
    }
    free(a);
    free(b);
    free(start);
    free(a32);
    free(b32);
}

static void fast_products_agree_with_plain_sums(void **state)
{
    (void)state;
    ddmd_members_run(1, compare_products, NULL);
}

typedef struct activation_case {
    int channels, side;
    size_t block;
} activation_case;

/* `flat` as the activations of a case, in whichever precision. */
static void *arranged(const ddmd_activations *a, const float *flat)
{
    void *values = calloc(a->samples * a->pixels * a->channels, sizeof(float));
    ddmd_activations_from_flat(a, flat, values);
    return values;
}

/*
 * From and to flat, relu and its gradient, and the last layer. bfloat16 keeps 8 bits: each result
 * is off by 2^-8 at most where inputs are exact.
 */
static void compare_activations(const activation_case *c, bool bf16)
{
    ddmd_error err = {0};
    const ddmd_activations a = {bf16, SAMPLES, (size_t)c->channels,
                                (size_t)c->side * (size_t)c->side, c->block};
    const ddmd_conv_shape conv = {1, 2 * c->side, c->channels, c->side, 5, 2, 1, 2};
    size_t rows = a.samples * a.pixels, n = rows * a.channels, n_map = rows * 4;
    double tolerance = bf16 ? 1.0 / 256 : float_tolerance;
    double *values = test_normal(n, 1), *gradient = test_normal(n, 2);
    double *bias = test_normal(a.channels, 3), *weight = test_normal(a.channels * 25, 4);
    double *map = calloc(n_map, sizeof *map), *sums = calloc(a.channels, sizeof *sums);
    for (size_t i = 0; i < n; i++) { /* exact in 8 bits */
        values[i] = rint(16 * values[i]) / 16;
        gradient[i] = rint(16 * gradient[i]) / 16;
    }
    float *flat = test_float(values, n), *bias32 = test_float(bias, a.channels);
    float *weight32 = test_float(weight, a.channels * 25), *map32 = calloc(n_map, sizeof *map32);
    float *sums32 = calloc(a.channels, sizeof *sums32), *gradient_flat = test_float(gradient, n);
    void *found = arranged(&a, flat), *found_gradient = arranged(&a, gradient_flat);

    ddmd_activations_to_flat(&a, found, flat);
    assert_true(test_distance(flat, values, n) == 0);
    ddmd_reference_conv_data_f64(&conv, SAMPLES, values, weight, map);
    ASSERT_OK(ddmd_activations_to_map(&a, &conv, found, weight32, map32, &err), &err);
    assert_near("last layer", map32, map, n_map);

    ddmd_reference_bias_relu_f64(rows, a.channels, bias, values);
    ddmd_activations_bias_relu(&a, bias32, found);
    ddmd_activations_to_flat(&a, found, flat);
    assert_true(test_distance(flat, values, n) < tolerance);

    for (size_t i = 0; i < n; i++)
        values[i] = flat[i]; /* what underflowed or was rounded counts as it is */
    for (int twice = 0; twice < 2; twice++) {
        ddmd_reference_bias_relu_gradient_f64(rows, a.channels, values, gradient, sums);
        ddmd_activations_relu_gradient(&a, found, found_gradient, twice, sums32);
    }
    ddmd_activations_to_flat(&a, found_gradient, flat);
    assert_true(test_distance(flat, gradient, n) == 0);
    assert_near("sums of gradients", sums32, sums, a.channels);
    void *const arrays[] = {values, gradient, bias,   weight,        map,   sums,           flat,
                            bias32, weight32, sums32, gradient_flat, map32, found_gradient, found};
    for (size_t i = 0; i < sizeof arrays / sizeof *arrays; i++)
        free(arrays[i]);
}

static void activations_agree_with_the_reference(void **state)
{
    (void)state;
    static const activation_case activation_cases[] = {
        {16, 5, 16}, {48, 9, 16}, {48, 9, 48}, {3, 7, 3}, {64, 17, 16}, {1, 3, 1}, {70, 6, 70},
    };
    for (size_t i = 0; i < sizeof activation_cases / sizeof *activation_cases; i++)
        for (int bf16 = 0; bf16 < 2; bf16++)
            compare_activations(&activation_cases[i], bf16);
}

static void bf16_is_rounded_to_the_nearest_and_to_even(void **state)
{
    (void)state;
    const float exact[] = {0, -0.0F, 1, -2.5F, 3.0e38F, INFINITY, -INFINITY};
    const float odd[] = {1 + 1 / 256.0F, 1 + 3 / 256.0F, 1 + 1 / 250.0F, -1 - 1 / 256.0F, 3.4e38F};
    const float rounded[] = {1, 1 + 4 / 256.0F, 1 + 2 / 256.0F, -1, INFINITY};
    uint16_t bits[7];
    float back[7], not_a_number = NAN;
    ddmd_bf16_from_float(5, odd, bits);
    ddmd_bf16_to_float(5, bits, back);
    assert_memory_equal(back, rounded, sizeof rounded);
    ddmd_bf16_from_float(7, exact, bits);
    ddmd_bf16_to_float(7, bits, back);
    for (int i = 0; i < 7; i++)
        assert_true(fabsf(exact[i]) == INFINITY
                        ? back[i] == exact[i]
                        : fabsf(back[i] - exact[i]) <= fabsf(exact[i]) / 256);
    ddmd_bf16_from_float(1, &not_a_number, bits);
    ddmd_bf16_to_float(1, bits, back);
    assert_true(isnan(back[0]));
}

/* More rows and columns than one block of each, and not a multiple of it. */
static void fast_elementwise_operators_agree_with_the_reference(void **state)
{
    (void)state;
    enum { ROWS = 700, CHANNELS = 70, N = ROWS * CHANNELS };
    double *values = test_normal(N, 1), *gradient = test_normal(N, 2),
           *bias = test_normal(CHANNELS, 3);
    double *targets = test_normal(N, 4), *slopes = test_normal(N, 5), sums[CHANNELS];
    float *values32 = test_float(values, N), *gradient32 = test_float(gradient, N);
    float *bias32 = test_float(bias, CHANNELS), sums32[CHANNELS];
    for (int i = 0; i < N; i++)
        targets[i] = targets[i] > 0;
    for (int i = 0; i < CHANNELS; i++)
        sums32[i] = (float)(sums[i] = i);
    float *targets32 = test_float(targets, N), *logits = test_float(values, N);

    ddmd_reference_bias_relu_f64(ROWS, CHANNELS, bias, values);
    ddmd_bias_relu(ROWS, CHANNELS, bias32, NULL, values32);
    assert_near("bias and relu", values32, values, N);
    ddmd_reference_bias_relu_gradient_f64(ROWS, CHANNELS, values, gradient, sums);
    ddmd_bias_relu_gradient(ROWS, CHANNELS, values32, NULL, gradient32, true, sums32);
    assert_near("gradient of relu", gradient32, gradient, N);
    assert_near("gradient of bias", sums32, sums, CHANNELS);

    double *shifted = calloc(N, sizeof *shifted), bias_gradient = 0, slope_sum = 0;
    for (int i = 0; i < N; i++)
        shifted[i] = (double)logits[i] + 0.25;
    double known = ddmd_reference_cross_entropy_f64(N, shifted, targets, 0.5, slopes);
    for (int i = 0; i < N; i++)
        slope_sum += slopes[i];
    double found = ddmd_cross_entropy(N, logits, 0.25F, targets32, 0.5, &bias_gradient);
    assert_true(fabs(found / known - 1) < 1e-6);
    assert_true(fabs(bias_gradient - slope_sum) < 1e-6 * N);
    assert_near("gradient of cross-entropy", logits, slopes, N);
    void *const arrays[] = {values,  gradient,   bias,   targets,   slopes, values32,
                            shifted, gradient32, bias32, targets32, logits};
    for (size_t i = 0; i < sizeof arrays / sizeof *arrays; i++)
        free(arrays[i]);
}

/* Two steps by hand, with Keras's epsilon outside of the root. */
static void rmsprop_takes_the_steps_of_its_definition(void **state)
{
    (void)state;
    const ddmd_rmsprop rmsprop = {0.1, 0.9, 0.5, 0.25};
    const float gradient[] = {8, 0};
    float square[] = {0, 0}, weight[] = {1, 1};
    double s = 0, w = 1;
    for (int step = 0; step < 2; step++) {
        s = 0.9 * s + 0.1 * 4;
        w -= 0.1 * 2 / (sqrt(s) + 0.5);
        ddmd_rmsprop_step(&rmsprop, 2, gradient, square, weight);
        assert_true(fabs(square[0] - s) < 1e-6 && fabs(weight[0] - w) < 1e-6);
        assert_true(square[1] == 0 && weight[1] == 1);
    }
}

/* Lengths about a whole number of vectors, and squares that no float32 holds. */
static void squares_are_summed_in_float64(void **state)
{
    (void)state;
    float values[67] = {0};
    for (size_t n = 0; n <= 67; n += n < 60 ? 15 : 1) {
        double sum = 0;
        for (size_t i = 0; i < n; i++) {
            values[i] = (i % 2 ? -1e25F : 3e24F) * (float)(i + 1);
            sum += (double)values[i] * values[i];
        }
        assert_true(fabs(ddmd_sum_of_squares(n, values) - sum) <= 1e-14 * sum);
    }
}

static void note_member(void *user, int member)
{
    ((int *)user)[member]++;
}

static void parallel_work_is_done_once_by_each_member(void **state)
{
    (void)state;
    int done[9] = {0};
    ddmd_members_run(9, note_member, done);
    for (int i = 0; i < 9; i++)
        assert_int_equal(done[i], 1);
    for (size_t count = 0; count < 20; count++) {
        size_t most = 0, least = count;
        for (int m = 0; m < 7; m++) {
            size_t share = ddmd_share(count, 7, m + 1) - ddmd_share(count, 7, m);
            most = share > most ? share : most;
            least = share < least ? share : least;
        }
        assert_int_equal(ddmd_share(count, 7, 0), 0);
        assert_int_equal(ddmd_share(count, 7, 7), count);
        assert_true(most - least <= 1);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(convolution_gradients_are_finite_differences),
        cmocka_unit_test(convolution_pads_with_zeros),
        cmocka_unit_test(dense_gradients_are_finite_differences),
        cmocka_unit_test(cross_entropy_gradient_is_finite_differences),
        cmocka_unit_test(cross_entropy_is_right_where_probabilities_round_to_0_and_1),
        cmocka_unit_test(bias_relu_gradient_masks_and_sums),
        cmocka_unit_test(fast_convolutions_agree_with_the_reference),
        cmocka_unit_test(fast_products_agree_with_plain_sums),
        cmocka_unit_test(fast_elementwise_operators_agree_with_the_reference),
        cmocka_unit_test(activations_agree_with_the_reference),
        cmocka_unit_test(bf16_is_rounded_to_the_nearest_and_to_even),
        cmocka_unit_test(rmsprop_takes_the_steps_of_its_definition),
        cmocka_unit_test(squares_are_summed_in_float64),
        cmocka_unit_test(parallel_work_is_done_once_by_each_member),
    };
    return cmocka_run_group_tests_name("operators", tests, NULL, NULL);
}
