/* What holds for every model. */
#include "ddmd/model.h"
#include "core/file.h"
#include "support/cmocka.h"
#include "support/data.h"
#include "unit/model/maps.h"

#include <float.h>
#include <math.h>
#include <string.h>

/* Odd, and 40 maps leave a partial batch of training maps as well as of validation maps. */
enum { SIDE = 9, MAPS = 40, DIM = 3, VERSION = 7 };

static ddmd_model_options small_options(void)
{
    ddmd_model_options options;
    ddmd_model_options_default(&options);
    options.n_layers = 2;
    options.filters[0] = 4;
    options.filters[1] = 6;
    options.dense_width = 8;
    options.batch_size = 16;
    options.epochs = 3;
    options.threads = 2;
    options.seed = UINT64_MAX - 4; /* does not fit a signed integer */
    return options;
}

static ddmd_model *create(const char *kind, const ddmd_model_options *options, uint32_t version)
{
    ddmd_error err = {0};
    ddmd_model *model = NULL;
    ASSERT_OK(ddmd_model_create(kind, options, SIDE, DIM, version, &model, &err), &err);
    return model;
}

/* Train, then embed all maps: as good as comparing all weights. */
static void train_and_embed(ddmd_model *model, const uint8_t *maps, float *latent)
{
    ddmd_error err = {0};
    ASSERT_OK(ddmd_model_train(model, maps, NULL, MAPS, NULL, NULL, NULL, &err), &err);
    ASSERT_OK(ddmd_model_embed(model, maps, MAPS, latent, &err), &err);
}

/* Call a property for each model that can be used here. */
static void for_each_model(void (*property)(const char *kind, const uint8_t *maps))
{
    uint8_t *maps = test_maps(SIDE, MAPS, 0.03, 1);
    for (size_t i = 0; i < ddmd_model_count(); i++) {
        ddmd_model_info info;
        ddmd_model_describe(i, &info);
        if (info.available)
            property(info.name, maps);
        else
            print_message("[  NOTE  ] model %s: %s\n", info.name, info.unavailable);
    }
    free(maps);
}

static void models_have_names_and_summaries(void **state)
{
    (void)state;
    assert_true(ddmd_model_count() >= 1);
    for (size_t i = 0; i < ddmd_model_count(); i++) {
        ddmd_model_info info;
        ddmd_model_describe(i, &info);
        assert_true(strlen(info.name) > 0 && strlen(info.summary) > 0);
        assert_true(info.available == (info.unavailable == NULL));
        assert_true(memchr(info.detail, '\0', sizeof info.detail) != NULL);
    }
}

static void unknown_models_are_named_with_those_that_there_are(void **state)
{
    (void)state;
    ddmd_error err = {0};
    ddmd_model *model = NULL;
    ddmd_model_options options = small_options();
    assert_int_equal(ddmd_model_create("cvea", &options, SIDE, DIM, 1, &model, &err), DDMD_CONFIG);
    assert_null(model);
    assert_non_null(strstr(err.message, "'cvea'"));
    assert_non_null(strstr(err.message, "did you mean 'cvae'"));
}

static void refuse(const char *kind, const ddmd_model_options *options, int n_residues,
                   int latent_dim, const char *word)
{
    ddmd_error err = {0};
    ddmd_model *model = NULL;
    enum ddmd_status status =
        ddmd_model_create(kind, options, n_residues, latent_dim, 1, &model, &err);
    assert_null(model);
    if (status != DDMD_CONFIG || !strstr(err.message, word))
        fail_msg("expected CONFIG with \"%s\", got %s: %s", word, ddmd_status_name(status),
                 err.message);
}

static void options_out_of_range(const char *kind, const uint8_t *maps)
{
    (void)maps;
    const ddmd_model_options good = small_options();
    ddmd_model_options o;
#define REFUSE(member, value)                 \
    do {                                      \
        o = good;                             \
        o.member = (value);                   \
        refuse(kind, &o, SIDE, DIM, #member); \
    } while (0)
    REFUSE(dense_width, 0);
    REFUSE(dense_width, 8193);
    REFUSE(batch_size, 0);
    REFUSE(batch_size, 4097);
    REFUSE(epochs, 0);
    REFUSE(epochs, 10001);
    REFUSE(patience, -1);
    REFUSE(patience, 10001);
    REFUSE(precision, (enum ddmd_precision)2);
    REFUSE(threads, 0);
    REFUSE(dropout, -0.1);
    REFUSE(dropout, 1);
    REFUSE(dropout, NAN);
    REFUSE(learning_rate, 0);
    REFUSE(learning_rate, INFINITY);
    REFUSE(learning_rate, NAN);
    REFUSE(rho, 1);
    REFUSE(rho, -DBL_MIN);
    REFUSE(epsilon, 0);
    REFUSE(validation_fraction, 0.91);
    REFUSE(validation_fraction, NAN);
#undef REFUSE
#define REFUSE_LAYER(member, value)             \
    do {                                        \
        o = good;                               \
        o.member[1] = (value);                  \
        refuse(kind, &o, SIDE, DIM, #member);   \
        refuse(kind, &o, SIDE, DIM, "layer 2"); \
    } while (0)
    REFUSE_LAYER(filters, 0);
    REFUSE_LAYER(filters, 513);
    REFUSE_LAYER(kernels, 2);
    REFUSE_LAYER(kernels, 17);
    REFUSE_LAYER(strides, 0);
    REFUSE_LAYER(strides, 5);
#undef REFUSE_LAYER
    o = good;
    o.n_layers = 0;
    refuse(kind, &o, SIDE, DIM, "layers");
    o.n_layers = DDMD_MODEL_MAX_LAYERS + 1;
    refuse(kind, &o, SIDE, DIM, "layers");
    refuse(kind, &good, 3, DIM, "residues");
    refuse(kind, &good, 20001, DIM, "residues");
    refuse(kind, &good, SIDE, 0, "latent_dim");
}

static void options_out_of_range_are_refused_by_name(void **state)
{
    (void)state;
    for_each_model(options_out_of_range);
}

static void all_sizes(const char *kind, const uint8_t *maps)
{
    (void)maps;
    static const int sides[] = {4, 5, 6, 7, 8, 11, 28};
    for (size_t i = 0; i < sizeof sides / sizeof *sides; i++) {
        ddmd_error err = {0};
        ddmd_model *model = NULL;
        ddmd_model_options options = small_options();
        uint8_t *some = test_maps((size_t)sides[i], 6, 0.03, 1);
        float latent[6 * DIM];
        ddmd_model_loss loss;
        options.strides[0] = 2;
        options.epochs = 1;
        ASSERT_OK(ddmd_model_create(kind, &options, sides[i], DIM, 1, &model, &err), &err);
        assert_int_equal(ddmd_model_residues(model), sides[i]);
        assert_int_equal(ddmd_model_latent_dim(model), DIM);
        assert_true(ddmd_model_parameters(model) > 0);
        ASSERT_OK(ddmd_model_train(model, some, NULL, 6, NULL, NULL, NULL, &err), &err);
        ASSERT_OK(ddmd_model_embed(model, some, 6, latent, &err), &err);
        ASSERT_OK(ddmd_model_evaluate(model, some, NULL, 6, &loss, &err), &err);
        for (int j = 0; j < 6 * DIM; j++)
            assert_true(isfinite(latent[j]));
        assert_true(loss.reconstruction > 0 && loss.kl >= 0);
        ddmd_model_destroy(&model);
        assert_null(model);
        free(some);
    }
}

static void maps_of_even_and_odd_sizes_are_taken(void **state)
{
    (void)state;
    for_each_model(all_sizes);
}

static void reproducible(const char *kind, const uint8_t *maps)
{
    float latent[5][MAPS * DIM];
    for (int run = 0; run < 5; run++) {
        ddmd_model_options options = small_options();
        options.threads = run == 4 ? 1 : 2;
        options.seed -= run == 2;
        ddmd_model *model = create(kind, &options, run == 3 ? VERSION + 1 : VERSION);
        train_and_embed(model, maps, latent[run]);
        ddmd_model_destroy(&model);
    }
    assert_memory_equal(latent[0], latent[1], sizeof latent[0]);
    assert_memory_not_equal(latent[0], latent[2], sizeof latent[0]);
    assert_memory_not_equal(latent[0], latent[3], sizeof latent[0]);
    /* another number of threads may sum in another order: nearly the same, but for rounding, which
     * nine steps of an optimiser that divides by gradients make larger */
    for (int i = 0; i < MAPS * DIM; i++)
        assert_true(fabsf(latent[0][i] - latent[4][i]) < 1e-2F);
}

static void the_same_seed_and_version_give_the_same_bits(void **state)
{
    (void)state;
    for_each_model(reproducible);
}

typedef struct history {
    int calls, stop_after;
    ddmd_model_progress last;
} history;

static bool keep_history(void *user, const ddmd_model_progress *progress)
{
    history *h = user;
    h->calls++;
    assert_int_equal(progress->epoch, h->calls);
    h->last = *progress;
    return h->calls != h->stop_after;
}

static void progress(const char *kind, const uint8_t *maps)
{
    ddmd_error err = {0};
    ddmd_model_options options = small_options();
    ddmd_model *model = create(kind, &options, VERSION);
    history h = {0};
    ddmd_model_progress last;
    ASSERT_OK(ddmd_model_train(model, maps, NULL, MAPS, keep_history, &h, &last, &err), &err);
    assert_int_equal(h.calls, options.epochs);
    assert_memory_equal(&last, &h.last, sizeof last);
    assert_int_equal(last.epochs, options.epochs);
    assert_int_equal(last.latent_dim, DIM);
    assert_int_equal(last.best_epoch, options.epochs);
    assert_true(last.train.reconstruction > 0 && last.validation.reconstruction > 0);
    assert_true(last.samples_per_s > 0);
    assert_true(last.unpack_s >= 0 && last.unpack_s <= ddmd_model_unpack_s(model));
    ddmd_model_destroy(&model);

    options.validation_fraction = 0;
    model = create(kind, &options, VERSION);
    ASSERT_OK(ddmd_model_train(model, maps, NULL, MAPS, NULL, NULL, &last, &err), &err);
    assert_true(isnan(last.validation.reconstruction) && isnan(last.validation.kl));
    ddmd_model_destroy(&model);
}

static void progress_is_told_after_each_epoch(void **state)
{
    (void)state;
    for_each_model(progress);
}

static void cancelled(const char *kind, const uint8_t *maps)
{
    ddmd_error err = {0};
    float before[MAPS * DIM], after[MAPS * DIM], uninterrupted[MAPS * DIM];
    ddmd_model_options options = small_options();
    ddmd_model *model = create(kind, &options, VERSION);
    ASSERT_OK(ddmd_model_embed(model, maps, MAPS, before, &err), &err);
    history h = {.stop_after = 2};
    ddmd_model_progress last = {.epoch = 77};
    assert_int_equal(ddmd_model_train(model, maps, NULL, MAPS, keep_history, &h, &last, &err),
                     DDMD_CANCELLED);
    assert_int_equal(h.calls, 2);
    assert_int_equal(last.epoch, 77);
    assert_int_equal(strncmp(err.message, "model ", 6), 0);
    ASSERT_OK(ddmd_model_embed(model, maps, MAPS, after, &err), &err);
    assert_memory_equal(before, after, sizeof before);
    train_and_embed(model, maps, after);
    ddmd_model_destroy(&model);

    model = create(kind, &options, VERSION);
    train_and_embed(model, maps, uninterrupted);
    assert_memory_equal(after, uninterrupted, sizeof after);
    ddmd_model_destroy(&model);
}

static void a_cancelled_training_leaves_the_model_as_it_was(void **state)
{
    (void)state;
    for_each_model(cancelled);
}

/* A peptide that has not moved yet has a single contact map. */
static void one_map(const char *kind, const uint8_t *maps)
{
    ddmd_error err = {0};
    ddmd_model_options options = small_options();
    options.validation_fraction = 0.4; /* of one: none */
    ddmd_model *model = create(kind, &options, VERSION);
    ddmd_model_progress last;
    const uint32_t counts[] = {100};
    ASSERT_OK(ddmd_model_train(model, maps, counts, 1, NULL, NULL, &last, &err), &err);
    assert_true(isfinite(last.train.reconstruction));
    assert_true(isnan(last.validation.reconstruction));
    ddmd_model_destroy(&model);
}

static void a_single_map_can_be_learnt(void **state)
{
    (void)state;
    for_each_model(one_map);
}

static void bad_calls(const char *kind, const uint8_t *maps)
{
    ddmd_error err = {0};
    ddmd_model_options options = small_options();
    ddmd_model *model = create(kind, &options, VERSION), *loaded = NULL;
    ddmd_model_loss loss;
    assert_int_equal(ddmd_model_train(model, maps, NULL, 0, NULL, NULL, NULL, &err), DDMD_INVALID);
    assert_int_equal(ddmd_model_evaluate(model, maps, NULL, 0, &loss, &err), DDMD_INVALID);
    const uint32_t counts[] = {1, 0, 1};
    assert_int_equal(ddmd_model_train(model, maps, counts, 3, NULL, NULL, NULL, &err),
                     DDMD_INVALID);
    assert_non_null(strstr(err.message, "map 1"));
    assert_int_equal(ddmd_model_evaluate(model, maps, counts, 3, &loss, &err), DDMD_INVALID);
    ASSERT_OK(ddmd_model_embed(model, maps, 0, NULL, &err), &err);
    assert_int_equal(ddmd_model_save(model, test_scratch("no/such/folder.h5"), &err), DDMD_IO);
    assert_non_null(strstr(err.message, "folder.h5"));
    assert_int_equal(ddmd_model_load(test_scratch("missing.h5"), 0, &loaded, &err), DDMD_IO);
    assert_null(loaded);
    ddmd_model_destroy(&model);
}

static void bad_calls_are_answered(void **state)
{
    (void)state;
    for_each_model(bad_calls);
}

/* Saved and loaded between two trainings, or not: the same bits. */
static void saved(const char *kind, const uint8_t *maps)
{
    ddmd_error err = {0};
    ddmd_model_options options = small_options();
    ddmd_model *model = create(kind, &options, VERSION), *loaded = NULL;
    const char *path = test_scratch("model.h5");
    ASSERT_OK(ddmd_model_train(model, maps, NULL, MAPS, NULL, NULL, NULL, &err), &err);
    ASSERT_OK(ddmd_model_save(model, path, &err), &err);
    ASSERT_OK(ddmd_model_load(path, 0, &loaded, &err), &err);
    assert_int_equal(ddmd_model_latent_dim(loaded), DIM);
    assert_int_equal(ddmd_model_residues(loaded), SIDE);
    assert_int_equal(ddmd_model_version(loaded), VERSION);
    assert_int_equal(ddmd_model_parameters(loaded), ddmd_model_parameters(model));

    float latent[2][MAPS * DIM];
    ddmd_model *const both[] = {model, loaded};
    ddmd_model_progress last[2];
    for (int i = 0; i < 2; i++) {
        ASSERT_OK(ddmd_model_train(both[i], maps, NULL, MAPS, NULL, NULL, &last[i], &err), &err);
        ASSERT_OK(ddmd_model_embed(both[i], maps, MAPS, latent[i], &err), &err);
    }
    assert_memory_equal(latent[0], latent[1], sizeof latent[0]);
    assert_true(last[0].train.reconstruction == last[1].train.reconstruction);
    assert_true(last[0].validation.kl == last[1].validation.kl);
    ddmd_model_destroy(&model);
    ddmd_model_destroy(&loaded);
    ASSERT_OK(ddmd_model_load(path, 1, &loaded, &err), &err); /* threads of the caller's choice */
    ASSERT_OK(ddmd_model_embed(loaded, maps, MAPS, latent[1], &err), &err);
    ddmd_model_destroy(&loaded);
}

static void training_goes_on_from_a_checkpoint_bit_for_bit(void **state)
{
    (void)state;
    for_each_model(saved);
}

static void same_file(const char *kind, const uint8_t *maps)
{
    ddmd_error err = {0};
    char *bytes[2] = {NULL, NULL};
    size_t length[2] = {0, 0};
    ddmd_model_options options = small_options();
    for (int i = 0; i < 2; i++) {
        ddmd_model *model = create(kind, &options, VERSION);
        const char *path = test_scratch("same.h5"); /* the second replaces the first */
        ASSERT_OK(ddmd_model_train(model, maps, NULL, MAPS, NULL, NULL, NULL, &err), &err);
        ASSERT_OK(ddmd_model_save(model, path, &err), &err);
        ASSERT_OK(ddmd_file_read(path, (size_t)1 << 24, &bytes[i], &length[i], &err), &err);
        ddmd_model_destroy(&model);
    }
    assert_int_equal(length[0], length[1]);
    assert_memory_equal(bytes[0], bytes[1], length[0]);
    free(bytes[0]);
    free(bytes[1]);
}

static void the_same_model_gives_the_same_file(void **state)
{
    (void)state;
    for_each_model(same_file);
}

static void versions(const char *kind, const uint8_t *maps)
{
    ddmd_error err = {0};
    float before[MAPS * DIM], after[MAPS * DIM], other[MAPS * DIM];
    ddmd_model_options options = small_options();
    ddmd_model *model = create(kind, &options, VERSION);
    ASSERT_OK(ddmd_model_embed(model, maps, MAPS, before, &err), &err);
    ddmd_model_set_version(model, VERSION + 1);
    assert_int_equal(ddmd_model_version(model), VERSION + 1);
    ASSERT_OK(ddmd_model_embed(model, maps, MAPS, after, &err), &err);
    assert_memory_equal(before, after, sizeof before);
    train_and_embed(model, maps, after);
    ddmd_model_destroy(&model);

    model = create(kind, &options, VERSION);
    train_and_embed(model, maps, other);
    assert_memory_not_equal(after, other, sizeof after);
    ddmd_model_destroy(&model);
}

static void a_new_version_keeps_the_weights_and_draws_anew(void **state)
{
    (void)state;
    for_each_model(versions);
}

/* Equal counts, large or small, weigh maps as no counts do, to the last bit. */
static void equal_counts(const char *kind, const uint8_t *maps)
{
    ddmd_error err = {0};
    float latent[3][MAPS * DIM];
    uint32_t counts[MAPS];
    ddmd_model_options options = small_options();
    for (int i = 0; i < 3; i++) {
        ddmd_model *model = create(kind, &options, VERSION);
        for (int m = 0; m < MAPS; m++)
            counts[m] = i == 1 ? UINT32_MAX : 1 + (uint32_t)(m == 5);
        ASSERT_OK(ddmd_model_train(model, maps, i ? counts : NULL, MAPS, NULL, NULL, NULL, &err),
                  &err);
        ASSERT_OK(ddmd_model_embed(model, maps, MAPS, latent[i], &err), &err);
        ddmd_model_destroy(&model);
    }
    assert_memory_equal(latent[0], latent[1], sizeof latent[0]);
    assert_memory_not_equal(latent[0], latent[2], sizeof latent[0]);
}

static void equal_counts_are_no_counts(void **state)
{
    (void)state;
    for_each_model(equal_counts);
}

/* A map with a count is so many equal maps; float32 sums in another order are 1e-5 apart at most.
 */
static void counted(const char *kind, const uint8_t *maps)
{
    enum { COUNTED = 6 };
    ddmd_error err = {0};
    const uint32_t counts[COUNTED] = {1, 4, 2, 1, 7, 3};
    size_t bytes = ddmd_contact_map_bytes(SIDE), n = 0;
    uint8_t *repeated = malloc(18 * bytes);
    ddmd_model_options options = small_options();
    ddmd_model *model = create(kind, &options, VERSION);
    ddmd_model_loss with, without;
    for (size_t m = 0; m < COUNTED; m++)
        for (uint32_t i = 0; i < counts[m]; i++)
            memcpy(repeated + n++ * bytes, maps + m * bytes, bytes);
    ASSERT_OK(ddmd_model_evaluate(model, maps, counts, COUNTED, &with, &err), &err);
    ASSERT_OK(ddmd_model_evaluate(model, repeated, NULL, n, &without, &err), &err);
    assert_true(fabs(with.reconstruction / without.reconstruction - 1) < 1e-5);
    assert_true(fabs(with.kl / without.kl - 1) < 1e-5);
    ddmd_model_destroy(&model);
    free(repeated);
}

static void counts_weigh_losses(void **state)
{
    (void)state;
    for_each_model(counted);
}

typedef struct validation {
    double losses[1000];
    int n, told_best;
} validation;

static bool keep_validation(void *user, const ddmd_model_progress *progress)
{
    validation *v = user;
    v->losses[v->n++] = progress->validation.reconstruction + progress->validation.kl;
    v->told_best = progress->best_epoch;
    return true;
}

/* Training maps that say nothing about the held-out ones are soon learnt by heart. */
static void patient(const char *kind, const uint8_t *maps)
{
    (void)maps;
    enum { PATIENCE = 3, EPOCHS = 1000 };
    ddmd_error err = {0};
    float kept[MAPS * DIM], stopped[MAPS * DIM];
    uint8_t *noise = test_maps(SIDE, MAPS, 0.5, 3);
    ddmd_model_options options = small_options();
    options.epochs = EPOCHS;
    options.patience = PATIENCE;
    options.learning_rate = 0.02;
    validation v = {.n = 0};
    ddmd_model_progress last;
    ddmd_model *model = create(kind, &options, VERSION);
    ASSERT_OK(ddmd_model_train(model, noise, NULL, MAPS, keep_validation, &v, &last, &err), &err);
    int best = 0;
    for (int e = 1; e < v.n; e++)
        if (v.losses[e] < v.losses[best])
            best = e;
    assert_true(v.n < EPOCHS);
    assert_int_equal(v.n - 1 - best, PATIENCE);
    assert_int_equal(last.epoch, v.n);
    assert_int_equal(last.best_epoch, best + 1);
    assert_int_equal(v.told_best, best + 1);
    assert_true(last.validation.reconstruction + last.validation.kl == v.losses[best]);
    ASSERT_OK(ddmd_model_embed(model, noise, MAPS, kept, &err), &err);
    ddmd_model_destroy(&model);

    /* the weights kept are those that a training of so many epochs ends with */
    options.epochs = best + 1;
    options.patience = 0;
    model = create(kind, &options, VERSION);
    ASSERT_OK(ddmd_model_train(model, noise, NULL, MAPS, NULL, NULL, NULL, &err), &err);
    ASSERT_OK(ddmd_model_embed(model, noise, MAPS, stopped, &err), &err);
    assert_memory_equal(kept, stopped, sizeof kept);
    ddmd_model_destroy(&model);

    /* nothing held out: nothing to judge by */
    options.patience = 1;
    options.epochs = 5;
    options.validation_fraction = 0;
    model = create(kind, &options, VERSION);
    ASSERT_OK(ddmd_model_train(model, noise, NULL, MAPS, NULL, NULL, &last, &err), &err);
    assert_int_equal(last.epoch, 5);
    assert_int_equal(last.best_epoch, 5);
    ddmd_model_destroy(&model);
    free(noise);
}

static void patience_keeps_the_best_epoch(void **state)
{
    (void)state;
    for_each_model(patient);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(models_have_names_and_summaries),
        cmocka_unit_test(unknown_models_are_named_with_those_that_there_are),
        cmocka_unit_test(options_out_of_range_are_refused_by_name),
        cmocka_unit_test(maps_of_even_and_odd_sizes_are_taken),
        cmocka_unit_test(the_same_seed_and_version_give_the_same_bits),
        cmocka_unit_test(progress_is_told_after_each_epoch),
        cmocka_unit_test(a_cancelled_training_leaves_the_model_as_it_was),
        cmocka_unit_test(a_single_map_can_be_learnt),
        cmocka_unit_test(bad_calls_are_answered),
        cmocka_unit_test(equal_counts_are_no_counts),
        cmocka_unit_test(counts_weigh_losses),
        cmocka_unit_test(patience_keeps_the_best_epoch),
        cmocka_unit_test(training_goes_on_from_a_checkpoint_bit_for_bit),
        cmocka_unit_test(the_same_model_gives_the_same_file),
        cmocka_unit_test(a_new_version_keeps_the_weights_and_draws_anew),
    };
    return cmocka_run_group_tests_name("model", tests, NULL, NULL);
}
