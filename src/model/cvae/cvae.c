/* The convolutional variational autoencoder as a model. */

#include "core/array.h"
#include "core/try.h"
#include "model/cvae/checkpoint.h"
#include "model/cvae/onednn.h"
#include "model/cvae/passes.h"
#include "model/cvae/train.h"
#include "model/model_ops.h"

#include <stdlib.h>

/*
 * What activations may take, roughly: those of training and evaluating in all threads together, and
 * on top of that those of embedding in each. (There is room for one map a thread, however large.)
 */
static const size_t max_workspace = (size_t)512 << 20, max_embedding = (size_t)128 << 20;

/*
 * What a convolution of a chunk reads and writes may take. Training was fastest with as much as the
 * second-level cache has; embedding, which reads everything once, with many maps at once.
 */
static const size_t training_cache = (size_t)2 << 20, embedding_cache = (size_t)16 << 20;

/*
 * The maps that are embedded at once: so many that reading the weights of the dense layer once for
 * all of them does not weigh. That it is the same for any number of threads makes a map's
 * coordinates the same.
 */
enum { EMBEDDING_BATCH = 256 };

static void destroy(void *self)
{
    ddmd_cvae *model = self;
    if (!model)
        return;
    for (int m = 0; m < model->n_members; m++) {
        ddmd_cvae_network_destroy(&model->members[m].network);
        ddmd_cvae_network_destroy(&model->members[m].embedding);
    }
    free(model->members);
    ddmd_cvae_state_clear(&model->state);
    free(model);
}

/* All but the weights. */
static enum ddmd_status prepare(const ddmd_model_base *base, ddmd_cvae **model, ddmd_error *err)
{
    enum ddmd_status status = DDMD_OK;
    const ddmd_model_options *options = &base->options;
    bool bf16 = options->precision == DDMD_PRECISION_bf16;
    ddmd_cvae *made = NULL;
    if (bf16 && !ddmd_onednn_has_bf16())
        DDMD_FAIL(err, DDMD_UNSUPPORTED,
                  "precision bf16 needs a processor with AVX512_BF16; use f32");
    DDMD_TRY(ddmd_array_alloc(&made, 1, sizeof *made, err));
    DDMD_TRY(ddmd_cvae_architecture_init(&made->architecture, base, err));
    DDMD_TRY(ddmd_cvae_state_init(&made->state, &made->architecture, err));
    int batch = options->batch_size;
    int n = options->threads < batch ? options->threads : batch;
    DDMD_TRY(ddmd_array_alloc(&made->members, (size_t)n, sizeof *made->members, err));
    made->n_members = n;
    const ddmd_cvae_room training = {DDMD_CVAE_GRADIENT, (batch + n - 1) / n,
                                     max_workspace / (size_t)n, training_cache};
    const ddmd_cvae_room embedding = {DDMD_CVAE_ENCODE, EMBEDDING_BATCH, max_embedding,
                                      embedding_cache};
    for (int m = 0; m < n; m++) {
        DDMD_TRY(ddmd_cvae_network_create(&made->architecture, bf16, &training,
                                          &made->members[m].network, err));
        DDMD_TRY(ddmd_cvae_network_create(&made->architecture, bf16, &embedding,
                                          &made->members[m].embedding, err));
    }
    *model = made;
    made = NULL;
out:
    destroy(made);
    return status;
}

static enum ddmd_status create(const ddmd_model_base *base, void **self, ddmd_error *err)
{
    ddmd_cvae *model = NULL;
    enum ddmd_status status = prepare(base, &model, err);
    if (status != DDMD_OK)
        return status;
    ddmd_cvae_initialise(&model->architecture, base->options.seed, base->version,
                         model->state.weights);
    *self = model;
    return DDMD_OK;
}

static enum ddmd_status save(const void *self, ddmd_checkpoint *checkpoint, ddmd_error *err)
{
    const ddmd_cvae *model = self;
    return ddmd_cvae_save(&model->architecture, &model->state, checkpoint, err);
}

static enum ddmd_status load(const ddmd_model_base *base, const ddmd_checkpoint *checkpoint,
                             void **self, ddmd_error *err)
{
    enum ddmd_status status = DDMD_OK;
    ddmd_cvae *model = NULL;
    DDMD_TRY(prepare(base, &model, err));
    DDMD_TRY(ddmd_cvae_load(&model->architecture, checkpoint, &model->state, err));
    *self = model;
    model = NULL;
out:
    destroy(model);
    return status;
}

static size_t parameters(const void *self)
{
    const ddmd_cvae *model = self;
    return model->architecture.n_values;
}

static double unpack_s(const void *self)
{
    return ddmd_cvae_unpack_s(self);
}

static enum ddmd_status embed(void *self, const uint8_t *maps, size_t n_maps, float *latent,
                              ddmd_error *err)
{
    const ddmd_cvae_selection all = ddmd_cvae_select(maps, NULL, NULL, n_maps);
    return ddmd_cvae_run_pass(self, &all, latent, NULL, err);
}

static enum ddmd_status evaluate(void *self, const uint8_t *maps, const uint32_t *counts,
                                 size_t n_maps, ddmd_model_loss *loss, ddmd_error *err)
{
    const ddmd_cvae_selection all = ddmd_cvae_select(maps, counts, NULL, n_maps);
    return ddmd_cvae_run_pass(self, &all, NULL, loss, err);
}

static enum ddmd_status train(void *self, ddmd_model_base *base, const uint8_t *maps,
                              const uint32_t *counts, size_t n_maps,
                              ddmd_model_progress_fn *progress, void *user,
                              ddmd_model_progress *last, ddmd_error *err)
{
    return ddmd_cvae_train(self, base, maps, counts, n_maps, progress, user, last, err);
}

static bool probe(char *detail, size_t size, const char **unavailable)
{
    ddmd_onednn_describe(detail, size);
    *unavailable = NULL;
    return true;
}

extern const ddmd_model_ops ddmd_model_cvae;
const ddmd_model_ops ddmd_model_cvae = {
    .api_version = DDMD_MODEL_API_VERSION,
    .name = "cvae",
    .create = create,
    .destroy = destroy,
    .train = train,
    .embed = embed,
    .evaluate = evaluate,
    .save = save,
    .load = load,
    .parameters = parameters,
    .probe = probe,
    .unpack_s = unpack_s,
};
