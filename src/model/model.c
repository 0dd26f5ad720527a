#include "ddmd/model.h"

#include "core/array.h"
#include "core/text.h"
#include "core/try.h"
#include "model/checkpoint.h"
#include "model/model_ops.h"
#include "model/options.h"

#include <stdlib.h>
#include <string.h>

#define MODEL(name, summary) extern const ddmd_model_ops ddmd_model_##name;
#include "model/models.def"
#undef MODEL

enum {
#define MODEL(name, summary) INDEX_##name,
#include "model/models.def"
#undef MODEL
    N_MODELS
};

static const ddmd_model_ops *const models[N_MODELS] = {
#define MODEL(name, summary) &ddmd_model_##name,
#include "model/models.def"
#undef MODEL
};

struct ddmd_model {
    const ddmd_model_ops *ops;
    void *self;
    ddmd_model_base base;
};

size_t ddmd_model_count(void)
{
    return N_MODELS;
}

void ddmd_model_describe(size_t index, ddmd_model_info *info)
{
    static const char *const summaries[] = {
#define MODEL(name, summary) summary,
#include "model/models.def"
#undef MODEL
    };
    const ddmd_model_ops *ops = models[index];
    *info = (ddmd_model_info){.name = ops->name, .summary = summaries[index], .available = true};
    if (ops->probe)
        info->available = ops->probe(info->detail, sizeof info->detail, &info->unavailable);
}

static const ddmd_model_ops *find(const char *kind)
{
    for (size_t i = 0; i < N_MODELS; i++)
        if (strcmp(models[i]->name, kind) == 0)
            return models[i];
    return NULL;
}

/* " (did you mean cvae?)", or the list of what there is. */
static enum ddmd_status unknown(const char *kind, ddmd_error *err)
{
    const char *names[N_MODELS];
    ddmd_text list = {0};
    for (size_t i = 0; i < N_MODELS; i++) {
        names[i] = models[i]->name;
        ddmd_text_add(&list, "%s%s", i ? ", " : "", names[i]);
    }
    const char *near = ddmd_text_nearest(kind, names, N_MODELS);
    ddmd_error_set(err, DDMD_CONFIG, "no model '%.64s'%s%s%s; there is: %s", kind,
                   near ? " (did you mean '" : "", near ? near : "", near ? "'?)" : "",
                   list.bytes ? list.bytes : "");
    ddmd_text_clear(&list);
    return DDMD_CONFIG;
}

static enum ddmd_status prefixed(const ddmd_model *model, enum ddmd_status status, ddmd_error *err)
{
    if (status != DDMD_OK)
        ddmd_error_prefix(err, "model %s: ", model->ops->name);
    return status;
}

enum ddmd_status ddmd_model_create(const char *kind, const ddmd_model_options *options,
                                   int n_residues, int latent_dim, uint32_t version,
                                   ddmd_model **model, ddmd_error *err)
{
    enum ddmd_status status = DDMD_OK;
    ddmd_model *made = NULL;
    const ddmd_model_ops *ops = find(kind);
    if (!ops)
        return unknown(kind, err);
    DDMD_TRY(ddmd_array_alloc(&made, 1, sizeof *made, err));
    made->ops = ops;
    made->base = (ddmd_model_base){
        .options = *options,
        .n_residues = n_residues,
        .latent_dim = latent_dim,
        .version = version,
    };
    DDMD_TRY(prefixed(made, ddmd_model_options_check(options, n_residues, latent_dim, err), err));
    DDMD_TRY(prefixed(made, ops->create(&made->base, &made->self, err), err));
    *model = made;
    made = NULL;
out:
    free(made);
    return status;
}

static enum ddmd_status check_maps(const uint8_t *maps, size_t n_maps, size_t least,
                                   ddmd_error *err)
{
    if (n_maps < least)
        return ddmd_error_set(err, DDMD_INVALID, "%zu contact maps, at least %zu are needed",
                              n_maps, least);
    if (n_maps > UINT32_MAX)
        return ddmd_error_set(err, DDMD_INVALID, "%zu contact maps, at most %lu are taken", n_maps,
                              (unsigned long)UINT32_MAX);
    if (n_maps && !maps)
        return ddmd_error_set(err, DDMD_INVALID, "no contact maps");
    return DDMD_OK;
}

static enum ddmd_status check_counts(const uint32_t *counts, size_t n_maps, ddmd_error *err)
{
    for (size_t i = 0; counts && i < n_maps; i++)
        if (counts[i] == 0)
            return ddmd_error_set(err, DDMD_INVALID, "the count of contact map %zu is 0", i);
    return DDMD_OK;
}

enum ddmd_status ddmd_model_train(ddmd_model *model, const uint8_t *maps, const uint32_t *counts,
                                  size_t n_maps, ddmd_model_progress_fn *progress, void *user,
                                  ddmd_model_progress *last, ddmd_error *err)
{
    ddmd_model_base before = model->base;
    ddmd_model_progress reached = {0};
    enum ddmd_status status = check_maps(maps, n_maps, 1, err);
    if (status == DDMD_OK)
        status = check_counts(counts, n_maps, err);
    if (status == DDMD_OK)
        status = model->ops->train(model->self, &model->base, maps, counts, n_maps, progress, user,
                                   &reached, err);
    if (status != DDMD_OK)
        model->base = before;
    else if (last)
        *last = reached;
    return prefixed(model, status, err);
}

enum ddmd_status ddmd_model_embed(ddmd_model *model, const uint8_t *maps, size_t n_maps,
                                  float *latent, ddmd_error *err)
{
    enum ddmd_status status = check_maps(maps, n_maps, 0, err);
    if (status == DDMD_OK)
        status = model->ops->embed(model->self, maps, n_maps, latent, err);
    return prefixed(model, status, err);
}

enum ddmd_status ddmd_model_evaluate(ddmd_model *model, const uint8_t *maps, const uint32_t *counts,
                                     size_t n_maps, ddmd_model_loss *loss, ddmd_error *err)
{
    enum ddmd_status status = check_maps(maps, n_maps, 1, err);
    if (status == DDMD_OK)
        status = check_counts(counts, n_maps, err);
    if (status == DDMD_OK)
        status = model->ops->evaluate(model->self, maps, counts, n_maps, loss, err);
    return prefixed(model, status, err);
}

/* --- checkpoints --- */

static const char format_name[] = "ddmd-model";
enum { FORMAT_VERSION = 1 };

/* X(member): the options that are one number, by the type that they are stored as. */
#define INTEGER_OPTION_MAP(X) X(dense_width) X(batch_size) X(epochs) X(threads)
/* integers that the first checkpoints lack; 0 is what those models were trained with */
#define LATER_OPTION_MAP(X) X(patience) X(precision)
#define REAL_OPTION_MAP(X) X(dropout) X(learning_rate) X(rho) X(epsilon) X(validation_fraction)
#define LAYER_OPTION_MAP(X) X(filters) X(kernels) X(strides)

static enum ddmd_status add_integer(ddmd_checkpoint *file, const char *group, const char *name,
                                    int64_t value, ddmd_error *err)
{
    return ddmd_checkpoint_add_integers(file, group, name, &value, 1, err);
}

static enum ddmd_status save_base(const ddmd_model *model, ddmd_checkpoint *file, ddmd_error *err)
{
    enum ddmd_status status = DDMD_OK;
    const ddmd_model_base *base = &model->base;
    const ddmd_model_options *options = &base->options;
    DDMD_TRY(ddmd_checkpoint_add_text(file, "/", "format", format_name, err));
    DDMD_TRY(add_integer(file, "/", "format_version", FORMAT_VERSION, err));
    DDMD_TRY(ddmd_checkpoint_add_text(file, "/", "kind", model->ops->name, err));
    DDMD_TRY(add_integer(file, "/", "version", base->version, err));
    DDMD_TRY(add_integer(file, "/", "n_residues", base->n_residues, err));
    DDMD_TRY(add_integer(file, "/", "latent_dim", base->latent_dim, err));
    DDMD_TRY(add_integer(file, "/", "epochs_done", (int64_t)base->epochs_done, err));

    DDMD_TRY(ddmd_checkpoint_add_group(file, "/options", err));
    DDMD_TRY(add_integer(file, "/options", "n_layers", options->n_layers, err));
    /* HDF5 integers that all readers know are signed: the seed's bits, as int64 */
    DDMD_TRY(add_integer(file, "/options", "seed", (int64_t)options->seed, err));
#define ADD_INTEGER(name) DDMD_TRY(add_integer(file, "/options", #name, options->name, err));
    INTEGER_OPTION_MAP(ADD_INTEGER)
    LATER_OPTION_MAP(ADD_INTEGER)
#undef ADD_INTEGER
#define ADD_REAL(name) \
    DDMD_TRY(ddmd_checkpoint_add_real(file, "/options", #name, options->name, err));
    REAL_OPTION_MAP(ADD_REAL)
#undef ADD_REAL
    int64_t layers[DDMD_MODEL_MAX_LAYERS];
#define ADD_LAYERS(name)                                                   \
    for (int i = 0; i < options->n_layers; i++)                            \
        layers[i] = options->name[i];                                      \
    DDMD_TRY(ddmd_checkpoint_add_integers(file, "/options", #name, layers, \
                                          (size_t)options->n_layers, err));
    LAYER_OPTION_MAP(ADD_LAYERS)
#undef ADD_LAYERS
out:
    return status;
}

static enum ddmd_status get_int(const ddmd_checkpoint *file, const char *group, const char *name,
                                int *value, ddmd_error *err)
{
    int64_t read = 0;
    enum ddmd_status status =
        ddmd_checkpoint_get_integers(file, group, name, INT32_MIN, INT32_MAX, &read, 1, err);
    if (status == DDMD_OK)
        *value = (int)read;
    return status;
}

/* What the numbers mean is checked afterwards, by ddmd_model_options_check(). */
static enum ddmd_status load_base(const ddmd_checkpoint *file, ddmd_model_base *base,
                                  ddmd_error *err)
{
    enum ddmd_status status = DDMD_OK;
    ddmd_model_options *options = &base->options;
    int64_t read = 0, layers[DDMD_MODEL_MAX_LAYERS] = {0};
    DDMD_TRY(ddmd_checkpoint_get_integers(file, "/", "version", 0, UINT32_MAX, &read, 1, err));
    base->version = (uint32_t)read;
    DDMD_TRY(ddmd_checkpoint_get_integers(file, "/", "epochs_done", 0, INT32_MAX, &read, 1, err));
    base->epochs_done = (uint64_t)read;
    DDMD_TRY(get_int(file, "/", "n_residues", &base->n_residues, err));
    DDMD_TRY(get_int(file, "/", "latent_dim", &base->latent_dim, err));

    DDMD_TRY(ddmd_checkpoint_get_integers(file, "/options", "n_layers", 1, DDMD_MODEL_MAX_LAYERS,
                                          &read, 1, err));
    options->n_layers = (int)read;
    DDMD_TRY(ddmd_checkpoint_get_integers(file, "/options", "seed", INT64_MIN, INT64_MAX, &read, 1,
                                          err));
    options->seed = (uint64_t)read;
#define GET_INTEGER(name) DDMD_TRY(get_int(file, "/options", #name, &options->name, err));
    INTEGER_OPTION_MAP(GET_INTEGER)
#undef GET_INTEGER
#define GET_LATER(name)                                          \
    if (ddmd_checkpoint_has(file, "/options", #name)) {          \
        int later = 0;                                           \
        DDMD_TRY(get_int(file, "/options", #name, &later, err)); \
        options->name = later;                                   \
    }
    LATER_OPTION_MAP(GET_LATER)
#undef GET_LATER
#define GET_REAL(name) \
    DDMD_TRY(ddmd_checkpoint_get_real(file, "/options", #name, &options->name, err));
    REAL_OPTION_MAP(GET_REAL)
#undef GET_REAL
#define GET_LAYERS(name)                                                                         \
    DDMD_TRY(ddmd_checkpoint_get_integers(file, "/options", #name, INT32_MIN, INT32_MAX, layers, \
                                          (size_t)options->n_layers, err));                      \
    for (int i = 0; i < options->n_layers; i++)                                                  \
        options->name[i] = (int)layers[i];
    LAYER_OPTION_MAP(GET_LAYERS)
#undef GET_LAYERS
out:
    return status;
}

enum ddmd_status ddmd_model_save(const ddmd_model *model, const char *path, ddmd_error *err)
{
    enum ddmd_status status = DDMD_OK;
    ddmd_checkpoint *file = NULL;
    DDMD_TRY(ddmd_checkpoint_create(&file, err));
    DDMD_TRY(save_base(model, file, err));
    DDMD_TRY(model->ops->save(model->self, file, err));
    DDMD_TRY(ddmd_checkpoint_write(file, path, err));
out:
    ddmd_checkpoint_close(&file);
    return prefixed(model, status, err);
}

enum ddmd_status ddmd_model_load(const char *path, int threads, ddmd_model **model, ddmd_error *err)
{
    enum ddmd_status status = DDMD_OK;
    ddmd_model *made = NULL;
    ddmd_checkpoint *file = NULL;
    char format[32], kind[64];
    int64_t format_version = 0;
    if (threads < 0 || threads > DDMD_MODEL_MAX_THREADS)
        DDMD_FAIL(err, DDMD_INVALID, "%s: %d threads", path, threads);
    DDMD_TRY(ddmd_array_alloc(&made, 1, sizeof *made, err));
    DDMD_TRY(ddmd_checkpoint_open(path, &file, err));
    DDMD_TRY(ddmd_checkpoint_get_text(file, "/", "format", format, sizeof format, err));
    if (strcmp(format, format_name) != 0)
        DDMD_FAIL(err, DDMD_FORMAT, "%s: format is '%s', expected '%s'", path, format, format_name);
    DDMD_TRY(ddmd_checkpoint_get_integers(file, "/", "format_version", 1, INT32_MAX,
                                          &format_version, 1, err));
    if (format_version > FORMAT_VERSION)
        DDMD_FAIL(err, DDMD_FORMAT, "%s: format version %d, this program reads up to %d", path,
                  (int)format_version, FORMAT_VERSION);
    DDMD_TRY(ddmd_checkpoint_get_text(file, "/", "kind", kind, sizeof kind, err));
    made->ops = find(kind);
    if (!made->ops)
        DDMD_FAIL(err, DDMD_FORMAT, "%s: no model '%s' in this program", path, kind);

    DDMD_TRY(load_base(file, &made->base, err));
    if (threads > 0)
        made->base.options.threads = threads;
    ddmd_error reason = {0};
    if (ddmd_model_options_check(&made->base.options, made->base.n_residues, made->base.latent_dim,
                                 &reason) != DDMD_OK)
        DDMD_FAIL(err, DDMD_FORMAT, "%s: %s", path, reason.message);
    DDMD_TRY(prefixed(made, made->ops->load(&made->base, file, &made->self, err), err));
    *model = made;
    made = NULL;
out:
    ddmd_checkpoint_close(&file);
    free(made);
    return status;
}

int ddmd_model_latent_dim(const ddmd_model *model)
{
    return model->base.latent_dim;
}

int ddmd_model_residues(const ddmd_model *model)
{
    return model->base.n_residues;
}

uint32_t ddmd_model_version(const ddmd_model *model)
{
    return model->base.version;
}

void ddmd_model_set_version(ddmd_model *model, uint32_t version)
{
    model->base.version = version;
}

size_t ddmd_model_parameters(const ddmd_model *model)
{
    return model->ops->parameters(model->self);
}

double ddmd_model_unpack_s(const ddmd_model *model)
{
    return model->ops->unpack_s ? model->ops->unpack_s(model->self) : 0;
}

void ddmd_model_destroy(ddmd_model **model)
{
    if (!*model)
        return;
    (*model)->ops->destroy((*model)->self);
    free(*model);
    *model = NULL;
}
