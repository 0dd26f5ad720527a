#include "model/checkpoint.h"
/* Files that are not what they should be. */
#include "core/file.h"
#include "ddmd/model.h"
#include "support/cmocka.h"
#include "support/data.h"
#include "unit/model/maps.h"

#include <hdf5.h>

#include <math.h>
#include <string.h>

enum { SIDE = 9, MAPS = 40, DIM = 3 };

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

static ddmd_model *trained(const uint8_t *maps)
{
    ddmd_error err = {0};
    ddmd_model *model = NULL;
    ddmd_model_options options = small_options();
    ASSERT_OK(ddmd_model_create("cvae", &options, SIDE, DIM, 7, &model, &err), &err);
    ASSERT_OK(ddmd_model_train(model, maps, NULL, MAPS, NULL, NULL, NULL, &err), &err);
    return model;
}

static void assert_refused(const char *path, const char *words)
{
    ddmd_error err = {0};
    ddmd_model *model = NULL;
    enum ddmd_status found = ddmd_model_load(path, 1, &model, &err);
    if (found != DDMD_FORMAT || !strstr(err.message, words))
        fail_msg("expected FORMAT with \"%s\", got %s: %s", words, ddmd_status_name(found),
                 err.message);
    assert_null(model);
}

static void files_of_another_kind_are_refused(void **state)
{
    (void)state;
    ddmd_error err = {0};
    const char *path = test_scratch("other.h5");
    ASSERT_OK(ddmd_file_replace(path, "", 0, &err), &err);
    assert_refused(path, "not an HDF5 file");
    ASSERT_OK(ddmd_file_replace(path, "hello", 5, &err), &err);
    assert_refused(path, "not an HDF5 file");

    hid_t file = H5Fcreate(path, H5F_ACC_TRUNC, H5P_DEFAULT, H5P_DEFAULT);
    assert_true(file >= 0 && H5Fclose(file) >= 0);
    assert_refused(path, "no attribute /format");
}

/* One change to a good checkpoint. */
typedef struct damage {
    const char *group, *attribute; /* replaced by `text` or `value`, or removed where neither */
    const char *text;
    const int64_t *value;
    const char *words; /* of the message */
} damage;

static void replace_attribute(hid_t file, const damage *d)
{
    assert_true(H5Adelete_by_name(file, d->group, d->attribute, H5P_DEFAULT) >= 0);
    if (!d->text && !d->value)
        return;
    hid_t space = H5Screate(H5S_SCALAR), type = H5Tcopy(d->text ? H5T_C_S1 : H5T_NATIVE_INT64);
    if (d->text)
        H5Tset_size(type, strlen(d->text) + 1);
    hid_t attribute = H5Acreate_by_name(file, d->group, d->attribute, type, space, H5P_DEFAULT,
                                        H5P_DEFAULT, H5P_DEFAULT);
    assert_true(H5Awrite(attribute, type, d->text ? (const void *)d->text : d->value) >= 0);
    H5Aclose(attribute);
    H5Tclose(type);
    H5Sclose(space);
}

static void damaged_attributes_are_refused(void **state)
{
    (void)state;
    static const int64_t two = 2, minus = -1, many = 1000000, twenty = 20, huge = INT64_MAX;
    static const damage damages[] = {
        {"/", "kind", NULL, NULL, "/kind"},
        {"/", "kind", "transformer", NULL, "no model 'transformer'"},
        {"/", "kind", NULL, &two, "another type"},
        {"/", "kind",
         "a text that goes on for far longer than the name of any kind of model could ever be",
         NULL, "at most 63"},
        {"/", "format", "h5md", NULL, "h5md"},
        {"/", "format_version", NULL, &two, "format version 2"},
        {"/", "version", NULL, &minus, "version"},
        {"/", "epochs_done", NULL, &huge, "epochs_done"},
        {"/", "n_residues", NULL, &two, "residues"},
        {"/", "n_residues", NULL, &many, "residues"},
        {"/", "n_residues", NULL, &twenty, "/weights/"},
        {"/", "latent_dim", NULL, &two, "/weights/z_mean.weight"},
        {"/options", "n_layers", NULL, &many, "n_layers"},
        {"/options", "n_layers", NULL, &huge, "n_layers"},
        {"/options", "n_layers", NULL, &minus, "n_layers"},
        {"/options", "filters", NULL, &two, "filters"},
        {"/options", "seed", "x", NULL, "seed"},
        {"/options", "dropout", NULL, &two, "dropout"},
        {"/options", "batch_size", NULL, &many, "batch_size"},
        {"/options", "rho", NULL, NULL, "/options/rho"},
    };
    ddmd_error err = {0};
    uint8_t *maps = test_maps(SIDE, MAPS, 0.03, 1);
    ddmd_model *model = trained(maps);
    for (size_t i = 0; i < sizeof damages / sizeof *damages; i++) {
        const char *path = test_scratch("damaged.h5");
        ASSERT_OK(ddmd_model_save(model, path, &err), &err);
        hid_t file = H5Fopen(path, H5F_ACC_RDWR, H5P_DEFAULT);
        replace_attribute(file, &damages[i]);
        H5Fclose(file);
        assert_refused(path, damages[i].words);
    }
    ddmd_model_destroy(&model);
    free(maps);
}

static void replace_array(hid_t file, const char *path, hid_t type, int rank, const hsize_t *shape,
                          float fill)
{
    float values[64];
    for (int i = 0; i < 64; i++)
        values[i] = fill;
    assert_true(H5Ldelete(file, path, H5P_DEFAULT) >= 0);
    if (rank < 0)
        return;
    hid_t space = H5Screate_simple(rank, shape, NULL);
    hid_t set = H5Dcreate2(file, path, type, space, H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT);
    assert_true(H5Dwrite(set, H5T_NATIVE_FLOAT, H5S_ALL, H5S_ALL, H5P_DEFAULT, values) >= 0);
    H5Dclose(set);
    H5Sclose(space);
}

static void damaged_arrays_are_refused(void **state)
{
    (void)state;
    const struct {
        const char *path;
        hid_t type;
        int rank; /* -1: removed */
        float fill;
        hsize_t shape[2];
        const char *words;
    } damages[] = {
        {"/weights/z_mean.bias", H5T_NATIVE_FLOAT, -1, 0, {0}, "no data set"},
        {"/weights/z_mean.bias", H5T_NATIVE_FLOAT, 1, 0, {DIM + 1}, "extent"},
        {"/weights/z_mean.bias", H5T_NATIVE_FLOAT, 2, 0, {DIM, 1}, "dimensions"},
        {"/weights/z_mean.bias", H5T_NATIVE_DOUBLE, 1, 0, {DIM}, "float32"},
        {"/weights/z_mean.bias", H5T_NATIVE_INT, 1, 0, {DIM}, "float32"},
        {"/weights/z_mean.bias", H5T_NATIVE_FLOAT, 1, NAN, {DIM}, "not finite"},
        {"/optimizer/z_mean.bias", H5T_NATIVE_FLOAT, 1, -1, {DIM}, "negative"},
    };
    ddmd_error err = {0};
    uint8_t *maps = test_maps(SIDE, MAPS, 0.03, 1);
    ddmd_model *model = trained(maps);
    for (size_t i = 0; i < sizeof damages / sizeof *damages; i++) {
        const char *path = test_scratch("damaged.h5");
        ASSERT_OK(ddmd_model_save(model, path, &err), &err);
        hid_t file = H5Fopen(path, H5F_ACC_RDWR, H5P_DEFAULT);
        replace_array(file, damages[i].path, damages[i].type, damages[i].rank, damages[i].shape,
                      damages[i].fill);
        H5Fclose(file);
        assert_refused(path, damages[i].words);
    }
    ddmd_model_destroy(&model);
    free(maps);
}

/* Checkpoints from before there was patience. */
static void options_that_came_later_may_be_missing(void **state)
{
    (void)state;
    ddmd_error err = {0};
    uint8_t *maps = test_maps(SIDE, MAPS, 0.03, 1);
    ddmd_model *model = trained(maps), *loaded = NULL;
    const char *path = test_scratch("older.h5");
    static const damage removed = {.group = "/options", .attribute = "patience"};
    float latent[2][MAPS * DIM];
    ASSERT_OK(ddmd_model_save(model, path, &err), &err);
    hid_t file = H5Fopen(path, H5F_ACC_RDWR, H5P_DEFAULT);
    replace_attribute(file, &removed);
    H5Fclose(file);
    ASSERT_OK(ddmd_model_load(path, 0, &loaded, &err), &err);
    ASSERT_OK(ddmd_model_embed(model, maps, MAPS, latent[0], &err), &err);
    ASSERT_OK(ddmd_model_embed(loaded, maps, MAPS, latent[1], &err), &err);
    assert_memory_equal(latent[0], latent[1], sizeof latent[0]);
    ddmd_model_destroy(&model);
    ddmd_model_destroy(&loaded);
    free(maps);
}

/* Cut at many places. */
static void truncated_files_are_refused(void **state)
{
    (void)state;
    ddmd_error err = {0};
    uint8_t *maps = test_maps(SIDE, MAPS, 0.03, 1);
    ddmd_model *model = trained(maps);
    const char *path = test_scratch("whole.h5");
    char *bytes = NULL;
    size_t length = 0;
    ASSERT_OK(ddmd_model_save(model, path, &err), &err);
    ddmd_model_destroy(&model);
    ASSERT_OK(ddmd_file_read(path, (size_t)1 << 24, &bytes, &length, &err), &err);
    for (int i = 0; i < 32; i++) {
        ASSERT_OK(ddmd_file_replace(path, bytes, length * (size_t)i / 32, &err), &err);
        assert_refused(path, "whole.h5");
    }
    free(bytes);
    free(maps);
}

int main(void)
{
    H5Eset_auto2(H5E_DEFAULT, NULL, NULL);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(files_of_another_kind_are_refused),
        cmocka_unit_test(damaged_attributes_are_refused),
        cmocka_unit_test(damaged_arrays_are_refused),
        cmocka_unit_test(options_that_came_later_may_be_missing),
        cmocka_unit_test(truncated_files_are_refused),
    };
    return cmocka_run_group_tests_name("checkpoint", tests, NULL, NULL);
}
