#include "model/cvae/architecture.h"
#include "support/cmocka.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static ddmd_model_base base_of(int n_residues, int latent_dim)
{
    ddmd_model_base base = {.n_residues = n_residues, .latent_dim = latent_dim};
    ddmd_model_options_default(&base.options);
    return base;
}

/* The paper's model of small systems, as Keras would count it. */
static void small_model_has_the_sizes_of_the_paper(void **state)
{
    (void)state;
    ddmd_error err = {0};
    ddmd_cvae_architecture a;
    ddmd_model_base base = base_of(28, 10);
    ASSERT_OK(ddmd_cvae_architecture_init(&a, &base, &err), &err);
    const int sides[] = {28, 14, 14, 14};
    for (int i = 0; i < 4; i++) {
        assert_int_equal(a.conv[i].side_out, sides[i]);
        assert_int_equal(a.conv[i].channels_out, 64);
    }
    size_t flat = 14 * 14 * 64, convs = 3 * (64 * 64 * 9 + 64);
    size_t encoder = 9 * 64 + 64 + convs + flat * 128 + 128 + 2 * (128 * 10 + 10);
    size_t decoder = 10 * 128 + 128 + 128 * flat + flat + convs + 9 * 64 + 1;
    assert_int_equal(a.n_values, encoder + decoder);
}

static void same_padding_follows_keras(void **state)
{
    (void)state;
    ddmd_error err = {0};
    ddmd_cvae_architecture a;
    /* side, kernel, stride; side out, padding before and behind */
    static const int known[][6] = {
        {28, 3, 1, 28, 1, 1},   {28, 3, 2, 14, 0, 1},       {7, 3, 2, 4, 1, 1},
        {309, 5, 2, 155, 2, 2}, {78, 3, 2, 39, 0, 1},       {9, 1, 4, 3, 0, 0},
        {10, 15, 3, 4, 7, 7},   {4, 15, 1, 4, 7, 7},        {8, 5, 4, 2, 0, 1},
        {11, 3, 4, 3, 0, 0},    {20000, 3, 1, 20000, 1, 1},
    };
    for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
        ddmd_model_base base = base_of(known[i][0], 2);
        base.options.n_layers = 1;
        base.options.filters[0] = 1;
        base.options.kernels[0] = known[i][1];
        base.options.strides[0] = known[i][2];
        base.options.dense_width = 1;
        ASSERT_OK(ddmd_cvae_architecture_init(&a, &base, &err), &err);
        assert_int_equal(a.conv[0].side_out, known[i][3]);
        assert_int_equal(a.conv[0].pad_low, known[i][4]);
        assert_int_equal(a.conv[0].pad_high, known[i][5]);
    }
}

static void parameters_fill_one_array_without_gaps(void **state)
{
    (void)state;
    ddmd_error err = {0};
    ddmd_cvae_architecture a;
    ddmd_model_base base = base_of(13, 3);
    base.options.n_layers = DDMD_MODEL_MAX_LAYERS;
    for (int i = 0; i < DDMD_MODEL_MAX_LAYERS; i++) {
        base.options.filters[i] = i + 1;
        base.options.kernels[i] = 3;
        base.options.strides[i] = i == 2 ? 2 : 1;
    }
    ASSERT_OK(ddmd_cvae_architecture_init(&a, &base, &err), &err);
    size_t next = 0;
    for (int i = 0; i < a.n_parameters; i++) {
        assert_int_equal(a.parameters[i].offset, next);
        next += a.parameters[i].count;
        for (int j = 0; j < i; j++)
            assert_string_not_equal(a.parameters[i].name, a.parameters[j].name);
    }
    assert_int_equal(next, a.n_values);
}

static void impossible_sizes_are_refused(void **state)
{
    (void)state;
    ddmd_error err = {0};
    ddmd_cvae_architecture a;
    ddmd_model_base base = base_of(4, 2);
    base.options.n_layers = 3;
    for (int i = 0; i < 3; i++)
        base.options.strides[i] = 4;
    assert_int_equal(ddmd_cvae_architecture_init(&a, &base, &err), DDMD_CONFIG);
    assert_non_null(strstr(err.message, "layer 2"));

    base = base_of(20000, 2);
    assert_int_equal(ddmd_cvae_architecture_init(&a, &base, &err), DDMD_CONFIG);
    assert_non_null(strstr(err.message, "parameters"));
}

/* Bounds are five standard errors of mean and variance of n uniform numbers. */
static void weights_are_drawn_as_glorot_did(void **state)
{
    (void)state;
    ddmd_error err = {0};
    ddmd_cvae_architecture a;
    ddmd_model_base base = base_of(28, 10);
    ASSERT_OK(ddmd_cvae_architecture_init(&a, &base, &err), &err);
    float *values = malloc(a.n_values * sizeof *values);
    ddmd_cvae_initialise(&a, 1, 1, values);
    for (int i = 0; i < a.n_parameters; i++) {
        const ddmd_parameter *p = &a.parameters[i];
        double limit = sqrt(6.0 / (double)(p->fan_in + p->fan_out)), n = (double)p->count;
        double sum = 0, square = 0;
        for (size_t j = 0; j < p->count; j++) {
            double v = values[p->offset + j];
            if (p->rank == 1)
                assert_true(v == 0);
            else
                assert_true(fabs(v) <= limit * (1 + 1e-6));
            sum += v;
            square += v * v;
        }
        if (p->rank == 1)
            continue;
        double variance = limit * limit / 3;
        assert_true(fabs(sum / n) < 5 * sqrt(variance / n));
        /* the fourth moment of a uniform number is 9/5 of its variance squared */
        assert_true(fabs(square / n - variance) < 5 * variance * sqrt(0.8 / n));
    }
    free(values);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(small_model_has_the_sizes_of_the_paper),
        cmocka_unit_test(same_padding_follows_keras),
        cmocka_unit_test(parameters_fill_one_array_without_gaps),
        cmocka_unit_test(impossible_sizes_are_refused),
        cmocka_unit_test(weights_are_drawn_as_glorot_did),
    };
    return cmocka_run_group_tests_name("architecture", tests, NULL, NULL);
}
