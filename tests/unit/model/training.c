#include "ddmd/model.h"
#include "model/cvae/passes.h"
#include "support/cmocka.h"
#include "unit/model/maps.h"

#include <math.h>
#include <string.h>

/* A model that is small enough to train in a blink; odd size, strides, a partial last batch. */
enum { SIDE = 13, MAPS = 70, DIM = 2 };

static ddmd_model_options small_options(void)
{
    ddmd_model_options options;
    ddmd_model_options_default(&options);
    options.n_layers = 2;
    options.filters[0] = 8;
    options.filters[1] = 6;
    options.dense_width = 16;
    options.batch_size = 16;
    options.epochs = 4;
    options.threads = 2;
    options.dropout = 0.2;
    options.seed = 11;
    return options;
}

static ddmd_model *small_model(const ddmd_model_options *options, uint32_t version)
{
    ddmd_error err = {0};
    ddmd_model *model = NULL;
    ASSERT_OK(ddmd_model_create("cvae", options, SIDE, DIM, version, &model, &err), &err);
    return model;
}

typedef struct history {
    int calls;
    ddmd_model_progress first, last;
} history;

static bool keep_history(void *user, const ddmd_model_progress *progress)
{
    history *h = user;
    if (h->calls++ == 0)
        h->first = *progress;
    h->last = *progress;
    return true;
}

static void loss_falls_and_the_embedding_tells_two_folds_apart(void **state)
{
    (void)state;
    ddmd_error err = {0};
    ddmd_model_options options = small_options();
    options.epochs = 40;
    options.learning_rate = 0.005;
    ddmd_model *model = small_model(&options, 1);
    uint8_t *maps = test_maps(SIDE, MAPS, 0.03, 1), *fresh = test_maps(SIDE, 40, 0.03, 2);
    history h = {0};
    ddmd_model_progress last;
    ASSERT_OK(ddmd_model_train(model, maps, NULL, MAPS, keep_history, &h, &last, &err), &err);
    assert_int_equal(h.calls, 40);
    assert_int_equal(h.first.epoch, 1);
    assert_int_equal(h.last.epoch, 40);
    assert_int_equal(last.epochs, 40);
    assert_int_equal(last.latent_dim, DIM);
    assert_true(last.samples_per_s > 0);
    assert_true(h.first.unpack_s > 0 && last.unpack_s > 0);
    assert_true(h.first.unpack_s + last.unpack_s <= ddmd_model_unpack_s(model));
    double before = h.first.train.reconstruction + h.first.train.kl;
    double after = last.train.reconstruction + last.train.kl;
    assert_true(after < before / 2);
    assert_true(last.validation.reconstruction < h.first.validation.reconstruction / 2);

    /* means of each fold among maps never seen, and their spread about them */
    float latent[40][DIM];
    ASSERT_OK(ddmd_model_embed(model, fresh, 40, &latent[0][0], &err), &err);
    double mean[2][DIM] = {{0}}, spread = 0, between = 0;
    for (int m = 0; m < 40; m++)
        for (int i = 0; i < DIM; i++)
            mean[m % 2][i] += latent[m][i] / 20;
    for (int m = 0; m < 40; m++)
        for (int i = 0; i < DIM; i++)
            spread += pow(latent[m][i] - mean[m % 2][i], 2) / 40;
    for (int i = 0; i < DIM; i++)
        between += pow(mean[0][i] - mean[1][i], 2);
    assert_true(between > 16 * spread); /* four standard deviations */
    ddmd_model_destroy(&model);
    assert_null(model);
    free(maps);
    free(fresh);
}

/* More threads than maps in the last batch, than batches, and than maps to embed. */
static void there_may_be_more_threads_than_work(void **state)
{
    (void)state;
    ddmd_error err = {0};
    ddmd_model_options options = small_options();
    options.threads = 7;
    options.validation_fraction = 0;
    ddmd_model *model = small_model(&options, 1);
    uint8_t *maps = test_maps(SIDE, MAPS, 0.03, 1);
    ddmd_model_progress last;
    ASSERT_OK(ddmd_model_train(model, maps, NULL, 19, NULL, NULL, &last, &err), &err);
    assert_true(isfinite(last.train.reconstruction));
    assert_true(isnan(last.validation.reconstruction));
    float two[2 * DIM], all[MAPS * DIM];
    ASSERT_OK(ddmd_model_embed(model, maps, 2, two, &err), &err);
    ASSERT_OK(ddmd_model_embed(model, maps, MAPS, all, &err), &err);
    assert_memory_equal(two, all, sizeof two);
    ASSERT_OK(ddmd_model_embed(model, maps, 0, NULL, &err), &err);
    ASSERT_OK(ddmd_model_train(model, maps, NULL, 2, NULL, NULL, NULL, &err), &err);
    ddmd_model_destroy(&model);
    free(maps);
}

/* Means over 33 maps are the means over 32 and 1, weighted; batches of 16 leave one over. */
static void losses_are_means_over_samples(void **state)
{
    (void)state;
    ddmd_error err = {0};
    ddmd_model_options options = small_options();
    ddmd_model *model = small_model(&options, 1);
    uint8_t *maps = test_maps(SIDE, 33, 0.1, 1);
    ddmd_model_loss all, most, one;
    size_t bytes = ddmd_contact_map_bytes(SIDE);
    ASSERT_OK(ddmd_model_train(model, maps, NULL, 33, NULL, NULL, NULL, &err), &err);
    ASSERT_OK(ddmd_model_evaluate(model, maps, NULL, 33, &all, &err), &err);
    ASSERT_OK(ddmd_model_evaluate(model, maps, NULL, 32, &most, &err), &err);
    ASSERT_OK(ddmd_model_evaluate(model, maps + 32 * bytes, NULL, 1, &one, &err), &err);
    assert_true(
        fabs((32 * most.reconstruction + one.reconstruction) / 33 / all.reconstruction - 1) < 1e-6);
    assert_true(fabs((32 * most.kl + one.kl) / 33 / all.kl - 1) < 1e-5);
    ddmd_model_destroy(&model);
    free(maps);
}

/* So large a learning rate that the loss overflows. */
static void a_diverged_training_leaves_the_model_as_it_was(void **state)
{
    (void)state;
    ddmd_error err = {0};
    float before[MAPS * DIM], after[MAPS * DIM];
    uint8_t *maps = test_maps(SIDE, MAPS, 0.03, 1);
    ddmd_model_options options = small_options();
    options.learning_rate = 1e30;
    ddmd_model *model = small_model(&options, 1);
    ASSERT_OK(ddmd_model_embed(model, maps, MAPS, before, &err), &err);
    ddmd_model_progress last = {.epoch = 77};
    assert_int_equal(ddmd_model_train(model, maps, NULL, MAPS, NULL, NULL, &last, &err),
                     DDMD_NUMERIC);
    assert_non_null(strstr(err.message, "model cvae: "));
    assert_non_null(strstr(err.message, "finite"));
    assert_int_equal(last.epoch, 77);
    ASSERT_OK(ddmd_model_embed(model, maps, MAPS, after, &err), &err);
    assert_memory_equal(before, after, sizeof before);

    /* one step, whose harm no loss has shown yet */
    ddmd_model_destroy(&model);
    options.learning_rate = 1e300;
    options.epochs = 1;
    options.batch_size = MAPS;
    options.validation_fraction = 0;
    model = small_model(&options, 1);
    ASSERT_OK(ddmd_model_embed(model, maps, MAPS, before, &err), &err);
    assert_int_equal(ddmd_model_train(model, maps, NULL, MAPS, NULL, NULL, NULL, &err),
                     DDMD_NUMERIC);
    assert_non_null(strstr(err.message, "weight"));
    ASSERT_OK(ddmd_model_embed(model, maps, MAPS, after, &err), &err);
    assert_memory_equal(before, after, sizeof before);
    ddmd_model_destroy(&model);
    free(maps);
}

/* log variances of 30: what the gradient of exp(30) leaves behind is that of a shortened one */
static void a_runaway_batch_leaves_no_long_gradient_behind(void **state)
{
    (void)state;
    extern const ddmd_model_ops ddmd_model_cvae;
    ddmd_error err = {0};
    ddmd_model_base base = {.options = small_options(), .n_residues = SIDE, .latent_dim = DIM};
    base.options.epochs = 1;
    base.options.batch_size = MAPS;
    base.options.validation_fraction = 0;
    uint8_t *maps = test_maps(SIDE, MAPS, 0.03, 1);
    uint32_t counts[MAPS];
    for (int m = 0; m < MAPS; m++)
        counts[m] = m % 2 ? 1 : 9;
    const double pixels = SIDE * SIDE;
    for (int i = 0; i < 4; i++) {
        bool runaway = i % 2;
        void *self = NULL;
        ddmd_model_progress last;
        ASSERT_OK(ddmd_model_cvae.create(&base, &self, &err), &err);
        const ddmd_cvae_architecture *a = &((ddmd_cvae *)self)->architecture;
        const ddmd_cvae_state *s = &((ddmd_cvae *)self)->state;
        for (int d = 0; runaway && d < DIM; d++)
            s->weights[a->at_latent.bias + (size_t)(DIM + d)] = 30;
        ASSERT_OK(ddmd_model_cvae.train(self, &base, maps, i < 2 ? NULL : counts, MAPS, NULL, NULL,
                                        &last, &err),
                  &err);
        double squares = 0;
        for (size_t v = 0; v < a->n_values; v++)
            squares += s->mean_square[v] / (1 - base.options.rho);
        if (runaway) {
            assert_true(last.train.kl > 1e12);
            assert_true(fabs(sqrt(squares) / (10 * pixels) - 1) < 1e-4);
        } else {
            assert_true(last.train.reconstruction + last.train.kl < pixels);
            assert_true(sqrt(squares) > 0.01 * pixels && sqrt(squares) < 3 * pixels);
        }
        ddmd_model_cvae.destroy(self);
    }
    free(maps);
}

/* Large maps, as the paper has them: strides everywhere, kernel 5 first. */
static void large_maps_are_learnt_too(void **state)
{
    (void)state;
    ddmd_error err = {0};
    ddmd_model_options options;
    ddmd_model_options_default(&options);
    for (int i = 0; i < options.n_layers; i++) {
        options.filters[i] = 8; /* the paper's 32 take minutes under a sanitizer */
        options.strides[i] = 2;
        options.kernels[i] = i == 0 ? 5 : 3;
    }
    options.batch_size = 4;
    options.epochs = 3;
    options.learning_rate = 0.005;
    options.threads = 2;
    ddmd_model *model = NULL;
    uint8_t *maps = test_maps(309, 10, 0.001, 1);
    ASSERT_OK(ddmd_model_create("cvae", &options, 309, 10, 1, &model, &err), &err);
    ddmd_model_loss before, after;
    ASSERT_OK(ddmd_model_evaluate(model, maps, NULL, 10, &before, &err), &err);
    assert_true(fabs(before.reconstruction / (309 * 309 * log(2)) - 1) < 0.1); /* knows nothing */
    ASSERT_OK(ddmd_model_train(model, maps, NULL, 10, NULL, NULL, NULL, &err), &err);
    ASSERT_OK(ddmd_model_evaluate(model, maps, NULL, 10, &after, &err), &err);
    assert_true(after.reconstruction < before.reconstruction / 1.5);
    ddmd_model_destroy(&model);
    free(maps);
}

/* Whichever threads there are and whichever maps come along: the same bits. */
static void a_map_has_one_place_in_the_embedding(void **state)
{
    (void)state;
    enum { MANY = 300, N = 28, WIDE = 64, NARROW = 6 };
    static const struct {
        int filters, threads;
        enum ddmd_precision precision;
    } cases[] = {
        {WIDE, 1, DDMD_PRECISION_f32},   {WIDE, 2, DDMD_PRECISION_f32},
        {WIDE, 3, DDMD_PRECISION_f32},   {NARROW, 1, DDMD_PRECISION_f32},
        {NARROW, 7, DDMD_PRECISION_f32}, {WIDE, 1, DDMD_PRECISION_bf16},
        {WIDE, 3, DDMD_PRECISION_bf16},
    };
    ddmd_error err = {0};
    size_t bytes = ddmd_contact_map_bytes(N);
    uint8_t *maps = test_maps(N, MANY, 0.1, 1);
    float found[MANY * DIM], first[MANY * DIM], one[DIM];
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        ddmd_model *model = NULL;
        ddmd_model_options options = small_options();
        options.filters[0] = options.filters[1] = cases[i].filters;
        options.threads = cases[i].threads;
        options.precision = cases[i].precision;
        enum ddmd_status status = ddmd_model_create("cvae", &options, N, DIM, 1, &model, &err);
        if (cases[i].precision == DDMD_PRECISION_bf16 && status == DDMD_UNSUPPORTED)
            continue;
        ASSERT_OK(status, &err);
        ASSERT_OK(ddmd_model_embed(model, maps, MANY, found, &err), &err);
        if (cases[i].threads == 1)
            memcpy(first, found, sizeof first);
        assert_memory_equal(found, first, sizeof first);
        for (size_t m = 0; m < MANY; m += 77) {
            ASSERT_OK(ddmd_model_embed(model, maps + m * bytes, 1, one, &err), &err);
            assert_memory_equal(one, first + m * DIM, sizeof one);
        }
        ddmd_model_destroy(&model);
    }
    free(maps);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(loss_falls_and_the_embedding_tells_two_folds_apart),
        cmocka_unit_test(there_may_be_more_threads_than_work),
        cmocka_unit_test(losses_are_means_over_samples),
        cmocka_unit_test(a_diverged_training_leaves_the_model_as_it_was),
        cmocka_unit_test(a_runaway_batch_leaves_no_long_gradient_behind),
        cmocka_unit_test(large_maps_are_learnt_too),
        cmocka_unit_test(a_map_has_one_place_in_the_embedding),
    };
    return cmocka_run_group_tests_name("training", tests, NULL, NULL);
}
