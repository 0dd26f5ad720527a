/*
 * The whole model: the float64 reference against central finite differences, the fast float32
 * network against the float64 reference.
 */
#include "model/cvae/network.h"
#include "model/cvae/members.h"
#include "model/cvae/onednn.h"
#include "model/cvae/reference.h"
#include "support/cmocka.h"
#include "unit/model/arrays.h"

#include <string.h>

enum { MAX_SAMPLES = 8 };

typedef struct model_case {
    const char *name;
    int side, latent_dim, n_layers, dense_width;
    int filters[4], kernels[4], strides[4];
} model_case;

static const model_case cases[] = {
    {"7, strides 2 2", 7, 2, 2, 6, {3, 4}, {3, 3}, {2, 2}},
    {"9, strides 1 2 1", 9, 3, 3, 5, {2, 3, 2}, {3, 3, 3}, {1, 2, 1}},
    {"9, stride 3, kernel 5", 9, 2, 2, 4, {3, 2}, {5, 1}, {3, 2}},
    {"10, stride 4 2", 10, 1, 2, 3, {2, 2}, {7, 3}, {4, 2}},
    {"28, two of the paper's layers", 28, 10, 2, 32, {16, 16}, {3, 3}, {1, 2}},
    {"11, blocks of channels", 11, 3, 3, 8, {32, 48, 16}, {5, 3, 3}, {2, 1, 2}},
    {"9, wide enough for Winograd", 9, 3, 3, 8, {64, 64, 64}, {3, 3, 3}, {1, 2, 1}},
};
enum { N_CASES = sizeof cases / sizeof *cases, SMALL_CASES = 4 };

typedef struct model {
    ddmd_cvae_architecture a;
    double *parameters, *maps, *keep, *noise, *gradient;
    size_t n_map, n_keep, n_noise; /* of one sample */
} model;

static model make(const model_case *c)
{
    ddmd_error err = {0};
    ddmd_model_base base = {.n_residues = c->side, .latent_dim = c->latent_dim};
    ddmd_model_options_default(&base.options);
    base.options.n_layers = c->n_layers;
    base.options.dense_width = c->dense_width;
    memcpy(base.options.filters, c->filters, sizeof c->filters);
    memcpy(base.options.kernels, c->kernels, sizeof c->kernels);
    memcpy(base.options.strides, c->strides, sizeof c->strides);
    model m;
    ASSERT_OK(ddmd_cvae_architecture_init(&m.a, &base, &err), &err);
    m.n_map = (size_t)c->side * (size_t)c->side;
    m.n_keep = (size_t)c->dense_width;
    m.n_noise = (size_t)c->latent_dim;
    m.maps = test_normal(MAX_SAMPLES * m.n_map, 1);
    m.keep = test_normal(MAX_SAMPLES * m.n_keep, 2);
    m.noise = test_normal(MAX_SAMPLES * m.n_noise, 3);
    m.parameters = test_normal(m.a.n_values, 4);
    m.gradient = calloc(m.a.n_values, sizeof *m.gradient);
    for (size_t i = 0; i < MAX_SAMPLES * m.n_map; i++)
        m.maps[i] = m.maps[i] > 0;
    for (size_t i = 0; i < MAX_SAMPLES * m.n_keep; i++)
        m.keep[i] = m.keep[i] > -0.5 ? 1.5 : 0;
    /* Glorot's weights, but biases too, so that every unit matters; all exact in float32 */
    float *weights = malloc(m.a.n_values * sizeof *weights);
    ddmd_cvae_initialise(&m.a, 5, 1, weights);
    for (int i = 0; i < m.a.n_parameters; i++)
        for (size_t j = 0; j < m.a.parameters[i].count; j++) {
            size_t at = m.a.parameters[i].offset + j;
            m.parameters[at] =
                m.a.parameters[i].rank == 1 ? (float)(0.2 * m.parameters[at]) : (double)weights[at];
        }
    free(weights);
    return m;
}

static void clear(model *m)
{
    free(m->parameters);
    free(m->maps);
    free(m->keep);
    free(m->noise);
    free(m->gradient);
}

static ddmd_reference_result_f64 reference(const model *m, int n, bool noisy, double *gradient,
                                           double *latent)
{
    ddmd_error err = {0};
    const ddmd_reference_batch_f64 batch = {n, m->maps, noisy ? m->keep : NULL,
                                            noisy ? m->noise : NULL};
    ddmd_reference_result_f64 result = {.gradient = gradient, .latent = latent};
    ASSERT_OK(ddmd_reference_cvae_f64(&m->a, m->parameters, &batch, &result, &err), &err);
    return result;
}

static double loss_at(const model *m, double *value, double x)
{
    double held = *value;
    *value = x;
    ddmd_reference_result_f64 result = reference(m, 2, true, NULL, NULL);
    *value = held;
    return result.reconstruction + result.kl;
}

/*
 * Rounding leaves about 1e-16 * 100 / step = 1e-9 in each difference, truncation step^2 times a
 * third derivative of at most some 100, which is less. Where a relu switches between the two points
 * the function has no derivative to compare with; one-sided differences that disagree give that
 * away, and such parameters are passed over, but they must be few.
 */
static void all_gradients_are_finite_differences(void **state)
{
    (void)state;
    const double step = 1e-5, tolerance = 1e-7;
    for (int c = 0; c < SMALL_CASES; c++) {
        model m = make(&cases[c]);
        reference(&m, 2, true, m.gradient, NULL);
        double middle = loss_at(&m, &m.parameters[0], m.parameters[0]);
        size_t passed_over = 0;
        for (int p = 0; p < m.a.n_parameters; p++)
            for (size_t i = 0; i < m.a.parameters[p].count; i++) {
                size_t at = m.a.parameters[p].offset + i;
                double *value = &m.parameters[at], x = *value;
                double above = loss_at(&m, value, x + step), below = loss_at(&m, value, x - step);
                double found = (above - below) / (2 * step);
                /* curvature parts them by step * second derivative, a switch by much more */
                if (fabs((above - middle) - (middle - below)) > 0.05 * step) {
                    passed_over++;
                    continue;
                }
                if (!(fabs(found - m.gradient[at]) < tolerance * (1 + fabs(found))))
                    fail_msg("%s: %s [%zu]: %.10g by differences, gradient %.10g", cases[c].name,
                             m.a.parameters[p].name, i, found, m.gradient[at]);
            }
        if (passed_over * 50 > m.a.n_values)
            fail_msg("%s: %zu of %zu parameters passed over", cases[c].name, passed_over,
                     m.a.n_values);
        clear(&m);
    }
}

/* --- the fast network --- */

typedef struct comparison {
    const model *m;
    const model_case *c;
    ddmd_cvae_network *network;
    float *parameters, *maps, *keep, *noise;
} comparison;

static void give(const comparison *c, int first, int n)
{
    ddmd_cvae_inputs inputs = ddmd_cvae_network_inputs(c->network);
    size_t at = (size_t)first, count = (size_t)n;
    const model *m = c->m;
    memcpy(inputs.maps, c->maps + at * m->n_map, count * m->n_map * sizeof(float));
    memcpy(inputs.keep, c->keep + at * m->n_keep, count * m->n_keep * sizeof(float));
    memcpy(inputs.noise, c->noise + at * m->n_noise, count * m->n_noise * sizeof(float));
    for (int s = 0; s < n; s++)
        inputs.share[s] = 1;
}

/*
 * Numbers of 8 bits are off by 0.1 % on average; errors of a few layers add up, and relu switches
 * for values next to 0.
 */
static const double bf16_tolerance = 0.03;

static void compare_rounded_gradient(const comparison *c, const float *gradient, int n,
                                     const ddmd_model_loss *sum)
{
    ddmd_reference_result_f64 known = reference(c->m, n, true, c->m->gradient, NULL);
    assert_true(fabs(sum->reconstruction / n / known.reconstruction - 1) < bf16_tolerance);
    assert_true(fabs(sum->kl / n / known.kl - 1) < bf16_tolerance);
    double distance = test_distance(gradient, c->m->gradient, c->m->a.n_values);
    if (!(distance < bf16_tolerance))
        fail_msg("%s, bf16: gradient %.3g apart", c->c->name, distance);
}

/*
 * Euclidean distance of each tensor's gradient to the reference's, relative to its norm, below
 * 1e-5. The last bias is one sum over all pixels, whose terms nearly cancel: its own size says
 * nothing of its rounding, so it is measured against the norm of the whole gradient.
 */
static void compare_gradient(const comparison *c, const float *gradient, int n,
                             const ddmd_model_loss *sum)
{
    const model *m = c->m;
    ddmd_reference_result_f64 known = reference(m, n, true, m->gradient, NULL);
    assert_true(fabs(sum->reconstruction / n / known.reconstruction - 1) < 1e-6);
    assert_true(fabs(sum->kl / n / known.kl - 1) < 1e-5);
    double whole = 0;
    for (size_t i = 0; i < m->a.n_values; i++)
        whole += m->gradient[i] * m->gradient[i];
    for (int p = 0; p < m->a.n_parameters; p++) {
        const ddmd_parameter *tensor = &m->a.parameters[p];
        double difference = 0, norm = 0;
        for (size_t i = tensor->offset; i < tensor->offset + tensor->count; i++) {
            difference += pow(gradient[i] - m->gradient[i], 2);
            norm += m->gradient[i] * m->gradient[i];
        }
        double size = tensor->count == 1 ? whole : norm; /* 0 where no unit is active */
        if (!(difference <= 1e-10 * size))
            fail_msg("%s, %d samples: %s: relative distance %.3g", c->c->name, n, tensor->name,
                     sqrt(difference / size));
    }
}

/* Shares: the gradients of single samples by the reference, times the shares, summed. */
static void compare_shares(const comparison *c, float *gradient)
{
    const model *m = c->m;
    static const float shares[] = {0.5F, 7, 0.25F};
    enum { N = 3 };
    ddmd_error err = {0};
    double *expected = calloc(m->a.n_values, sizeof *expected);
    ddmd_model_loss sum = {0, 0}, known = {0, 0};
    model one = *m;
    for (int s = 0; s < N; s++) {
        one.maps = m->maps + (size_t)s * m->n_map;
        one.keep = m->keep + (size_t)s * m->n_keep;
        one.noise = m->noise + (size_t)s * m->n_noise;
        ddmd_reference_result_f64 result = reference(&one, 1, true, m->gradient, NULL);
        known.reconstruction += shares[s] * result.reconstruction;
        known.kl += shares[s] * result.kl;
        for (size_t i = 0; i < m->a.n_values; i++)
            expected[i] += shares[s] / 4 * m->gradient[i];
    }
    give(c, 0, N);
    memcpy(ddmd_cvae_network_inputs(c->network).share, shares, sizeof shares);
    ASSERT_OK(
        ddmd_cvae_network_gradient(c->network, c->parameters, N, 0.25, false, gradient, &sum, &err),
        &err);
    assert_true(fabs(sum.reconstruction / known.reconstruction - 1) < 1e-6);
    assert_true(fabs(sum.kl / known.kl - 1) < 1e-5);
    assert_true(test_distance(gradient, expected, m->a.n_values) < 1e-5);
    free(expected);
}

static void compare_rounded(void *user, int member)
{
    (void)member;
    const comparison *c = user;
    ddmd_error err = {0};
    ddmd_model_loss sum = {0, 0};
    float *gradient = calloc(c->m->a.n_values, sizeof *gradient);
    ASSERT_OK(ddmd_cvae_network_prepare(c->network, DDMD_CVAE_GRADIENT, &err), &err);
    give(c, 0, 5);
    ASSERT_OK(ddmd_cvae_network_gradient(c->network, c->parameters, 5, 1.0 / 5, false, gradient,
                                         &sum, &err),
              &err);
    compare_rounded_gradient(c, gradient, 5, &sum);
    free(gradient);
}

static void compare_whole(void *user, int member)
{
    (void)member;
    const comparison *c = user;
    const model *m = c->m;
    ddmd_error err = {0};
    ASSERT_OK(ddmd_cvae_network_prepare(c->network, DDMD_CVAE_GRADIENT, &err), &err);
    float *gradient = calloc(m->a.n_values, sizeof *gradient);
    const int counts[] = {5, 3, 1, 5}; /* a full pass, partial ones, and a full one once more */
    for (size_t i = 0; i < sizeof counts / sizeof *counts; i++) {
        int n = counts[i];
        ddmd_model_loss sum = {0, 0};
        give(c, 0, n);
        ASSERT_OK(ddmd_cvae_network_gradient(c->network, c->parameters, n, 1.0 / n, false, gradient,
                                             &sum, &err),
                  &err);
        compare_gradient(c, gradient, n, &sum);

        double latent[MAX_SAMPLES * 20], means[MAX_SAMPLES * 10];
        float mean[MAX_SAMPLES * 10];
        ddmd_reference_result_f64 known = reference(m, n, false, NULL, latent);
        give(c, 0, n);
        ASSERT_OK(ddmd_cvae_network_loss(c->network, c->parameters, n, &sum, &err), &err);
        assert_true(fabs(sum.reconstruction / n / known.reconstruction - 1) < 1e-6);
        assert_true(fabs(sum.kl / n / known.kl - 1) < 1e-5);
        ASSERT_OK(ddmd_cvae_network_encode(c->network, c->parameters, n, mean, &err), &err);
        size_t d = m->n_noise;
        for (size_t s = 0; s < (size_t)n; s++)
            memcpy(means + s * d, latent + s * 2 * d, d * sizeof *means);
        assert_true(test_distance(mean, means, (size_t)n * d) < 1e-5);
    }

    /* a batch of eight in two passes, the second added */
    ddmd_model_loss parts[2];
    give(c, 0, 5);
    ASSERT_OK(ddmd_cvae_network_gradient(c->network, c->parameters, 5, 1.0 / 8, false, gradient,
                                         &parts[0], &err),
              &err);
    give(c, 5, 3);
    ASSERT_OK(ddmd_cvae_network_gradient(c->network, c->parameters, 3, 1.0 / 8, true, gradient,
                                         &parts[1], &err),
              &err);
    const ddmd_model_loss both = {parts[0].reconstruction + parts[1].reconstruction,
                                  parts[0].kl + parts[1].kl};
    compare_gradient(c, gradient, 8, &both);
    compare_shares(c, gradient);
    free(gradient);
}

/* cache_bytes: for a chunk of all samples, of some, or of one */
static void compare_networks(bool bf16, size_t cache_bytes)
{
    ddmd_error err = {0};
    const ddmd_cvae_room room = {DDMD_CVAE_GRADIENT, 5, (size_t)1 << 30, cache_bytes};
    for (int i = 0; i < N_CASES; i++) {
        model m = make(&cases[i]);
        comparison c = {.m = &m, .c = &cases[i]};
        c.parameters = test_float(m.parameters, m.a.n_values);
        c.maps = test_float(m.maps, MAX_SAMPLES * m.n_map);
        c.keep = test_float(m.keep, MAX_SAMPLES * m.n_keep);
        c.noise = test_float(m.noise, MAX_SAMPLES * m.n_noise);
        ASSERT_OK(ddmd_cvae_network_create(&m.a, bf16, &room, &c.network, &err), &err);
        assert_int_equal(ddmd_cvae_network_capacity(c.network), 5);
        ddmd_members_run(1, bf16 ? compare_rounded : compare_whole, &c);
        ddmd_cvae_network_destroy(&c.network);
        free(c.parameters);
        free(c.maps);
        free(c.keep);
        free(c.noise);
        clear(&m);
    }
}

enum { ALL_IN_ONE = 1 << 30, ONE_BY_ONE = 1 };

static void fast_network_agrees_with_the_reference(void **state)
{
    (void)state;
    compare_networks(false, ALL_IN_ONE);
}

static void chunks_of_samples_agree_with_the_reference(void **state)
{
    (void)state;
    compare_networks(false, ONE_BY_ONE);
    for (size_t cache_bytes = 1 << 10; cache_bytes <= 1 << 18; cache_bytes *= 4)
        compare_networks(false, cache_bytes);
}

static void bf16_network_agrees_as_far_as_its_precision_goes(void **state)
{
    (void)state;
    if (!ddmd_onednn_has_bf16()) {
        print_message("no AVX512_BF16 here\n");
        skip();
    }
    compare_networks(true, ALL_IN_ONE);
    compare_networks(true, ONE_BY_ONE);
}

static void chunks_fit_and_waste_little(void **state)
{
    (void)state;
    model m = make(&cases[4]);
    /* 28 x 28 and 14 x 14 pixels of 16 channels, float32: 62720 bytes a sample */
    const struct {
        int samples;
        size_t cache_bytes;
        int chunk;
    } known[] = {
        {64, 0, 1},         {64, 62720, 1},     {64, 2 * 62720 - 1, 1},
        {64, 8 * 62720, 8}, {64, 9 * 62720, 8}, {64, 100 * 62720, 64},
        {7, 5 * 62720, 4},  {1, 5 * 62720, 1},  {33, 16 * 62720, 11},
    };
    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        assert_int_equal(ddmd_cvae_convs_chunk(&m.a, false, known[i].samples, known[i].cache_bytes),
                         known[i].chunk);
    assert_int_equal(ddmd_cvae_convs_chunk(&m.a, true, 64, 8 * 62720), 16);
    clear(&m);
}

static int capacity_of(const model *m, enum ddmd_cvae_pass most, size_t max_bytes)
{
    ddmd_error err = {0};
    ddmd_cvae_network *network = NULL;
    const ddmd_cvae_room room = {most, 100, max_bytes, 1 << 17};
    ASSERT_OK(ddmd_cvae_network_create(&m->a, false, &room, &network, &err), &err);
    int capacity = ddmd_cvae_network_capacity(network);
    ddmd_cvae_network_destroy(&network);
    return capacity;
}

static void capacity_respects_the_memory_it_may_take(void **state)
{
    (void)state;
    model m = make(&cases[4]);
    assert_int_equal(capacity_of(&m, DDMD_CVAE_GRADIENT, 0), 1);
    int training = capacity_of(&m, DDMD_CVAE_GRADIENT, (size_t)4 << 20);
    int embedding = capacity_of(&m, DDMD_CVAE_ENCODE, (size_t)4 << 20);
    assert_true(training > 1 && training < embedding);
    assert_int_equal(capacity_of(&m, DDMD_CVAE_ENCODE, (size_t)16 << 20), 100);
    clear(&m);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(all_gradients_are_finite_differences),
        cmocka_unit_test(fast_network_agrees_with_the_reference),
        cmocka_unit_test(chunks_of_samples_agree_with_the_reference),
        cmocka_unit_test(bf16_network_agrees_as_far_as_its_precision_goes),
        cmocka_unit_test(chunks_fit_and_waste_little),
        cmocka_unit_test(capacity_respects_the_memory_it_may_take),
    };
    return cmocka_run_group_tests_name("network", tests, NULL, NULL);
}
