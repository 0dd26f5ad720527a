/* The convolutional variational autoencoder as a model: training, embedding, evaluation. */

#include "core/array.h"
#include "core/clock.h"
#include "core/try.h"
#include "ddmd/geometry.h"
#include "ddmd/random.h"
#include "model/cvae/architecture.h"
#include "model/cvae/checkpoint.h"
#include "model/cvae/network.h"
#include "model/cvae/onednn.h"
#include "model/cvae/rmsprop.h"
#include "model/model_ops.h"

#include <math.h>
#include <omp.h>
#include <stdlib.h>
#include <string.h>

typedef struct cvae {
    ddmd_cvae_architecture architecture;
    ddmd_cvae_state state;
    ddmd_cvae_network *network;
} cvae;

/*
 * OpenMP keeps the number of threads for each calling thread; ours is set for the length of a call.
 */
static int threads_begin(int threads)
{
    int before = omp_get_max_threads();
    omp_set_num_threads(threads);
    return before;
}

static void threads_end(int before)
{
    omp_set_num_threads(before);
}

static void destroy(void *self)
{
    cvae *model = self;
    if (!model)
        return;
    ddmd_cvae_network_destroy(&model->network);
    ddmd_cvae_state_clear(&model->state);
    free(model);
}

/* All but the weights. */
static enum ddmd_status prepare(const ddmd_model_base *base, cvae **model, ddmd_error *err)
{
    enum ddmd_status status = DDMD_OK;
    cvae *made = NULL;
    int before = threads_begin(base->options.threads);
    DDMD_TRY(ddmd_array_alloc(&made, 1, sizeof *made, err));
    DDMD_TRY(ddmd_cvae_architecture_init(&made->architecture, base, err));
    DDMD_TRY(ddmd_cvae_state_init(&made->state, &made->architecture, err));
    DDMD_TRY(ddmd_cvae_network_create(&made->architecture, base->options.batch_size, &made->network,
                                      err));
    *model = made;
    made = NULL;
out:
    threads_end(before);
    destroy(made);
    return status;
}

static enum ddmd_status create(const ddmd_model_base *base, void **self, ddmd_error *err)
{
    cvae *model = NULL;
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
    const cvae *model = self;
    return ddmd_cvae_save(&model->architecture, &model->state, checkpoint, err);
}

static enum ddmd_status load(const ddmd_model_base *base, const ddmd_checkpoint *checkpoint,
                             void **self, ddmd_error *err)
{
    enum ddmd_status status = DDMD_OK;
    cvae *model = NULL;
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
    const cvae *model = self;
    return model->architecture.n_values;
}

/* Packed maps and which of them, in which order; index NULL: all, as they come. */
typedef struct selection {
    const uint8_t *maps;
    const uint32_t *index;
    size_t n;
} selection;

/* Unpack n maps from the first-th on into the network's input. */
static void fill_maps(cvae *model, const selection *from, size_t first, int n)
{
    size_t side = (size_t)model->architecture.side, bytes = ddmd_contact_map_bytes(side);
    float *out = ddmd_cvae_network_inputs(model->network).maps;
#pragma omp parallel for schedule(static)
    for (int s = 0; s < n; s++) {
        size_t at = first + (size_t)s;
        size_t which = from->index ? from->index[at] : at;
        ddmd_contact_map_unpack(from->maps + which * bytes, side, out + (size_t)s * side * side);
    }
}

/* The number of maps that one pass takes from `first` on, at most up to `end`. */
static int piece(const cvae *model, size_t first, size_t end)
{
    size_t capacity = (size_t)ddmd_cvae_network_capacity(model->network), left = end - first;
    return (int)(left < capacity ? left : capacity);
}

static enum ddmd_status mean_loss(cvae *model, const selection *from, ddmd_model_loss *mean,
                                  ddmd_error *err)
{
    ddmd_model_loss total = {0, 0};
    for (size_t first = 0; first < from->n;) {
        int n = piece(model, first, from->n);
        ddmd_model_loss sum = {0, 0};
        fill_maps(model, from, first, n);
        enum ddmd_status status =
            ddmd_cvae_network_loss(model->network, model->state.weights, n, &sum, err);
        if (status != DDMD_OK)
            return status;
        total.reconstruction += sum.reconstruction;
        total.kl += sum.kl;
        first += (size_t)n;
    }
    mean->reconstruction = total.reconstruction / (double)from->n;
    mean->kl = total.kl / (double)from->n;
    return DDMD_OK;
}

static enum ddmd_status embed(void *self, const ddmd_model_base *base, const uint8_t *maps,
                              size_t n_maps, float *latent, ddmd_error *err)
{
    enum ddmd_status status = DDMD_OK;
    cvae *model = self;
    const selection all = {maps, NULL, n_maps};
    size_t d = (size_t)base->latent_dim;
    int before = threads_begin(base->options.threads);
    for (size_t first = 0; first < n_maps && status == DDMD_OK;) {
        int n = piece(model, first, n_maps);
        fill_maps(model, &all, first, n);
        status = ddmd_cvae_network_encode(model->network, model->state.weights, n,
                                          latent + first * d, err);
        first += (size_t)n;
    }
    threads_end(before);
    return status;
}

static enum ddmd_status evaluate(void *self, const ddmd_model_base *base, const uint8_t *maps,
                                 size_t n_maps, ddmd_model_loss *loss, ddmd_error *err)
{
    const selection all = {maps, NULL, n_maps};
    int before = threads_begin(base->options.threads);
    enum ddmd_status status = mean_loss(self, &all, loss, err);
    threads_end(before);
    return status;
}

/* --- training --- */

typedef struct training {
    cvae *model;
    const ddmd_model_base *base;
    selection train, validation;
    ddmd_random dropout, noise;
    float *gradient;
} training;

static void fill_random(training *t, int n)
{
    const ddmd_cvae_architecture *a = &t->model->architecture;
    ddmd_cvae_inputs inputs = ddmd_cvae_network_inputs(t->model->network);
    double dropout = t->base->options.dropout;
    double below = dropout * 0x1p32;
    float kept = (float)(1 / (1 - dropout));
    for (size_t i = 0; i < (size_t)n * a->encoder_dense.out; i++)
        inputs.keep[i] = ddmd_random_u32(&t->dropout) < below ? 0 : kept;
    for (size_t i = 0; i < (size_t)n * (size_t)a->latent_dim; i++)
        inputs.noise[i] = (float)ddmd_random_normal(&t->noise);
}

/* One step of the optimiser, on the maps first .. end - 1 of the order; *sum grows. */
static enum ddmd_status step(training *t, uint64_t number, size_t first, size_t end,
                             ddmd_model_loss *sum, ddmd_error *err)
{
    const ddmd_model_options *options = &t->base->options;
    ddmd_cvae_state *state = &t->model->state;
    ddmd_random_init(&t->dropout, options->seed, DDMD_RANDOM_DROPOUT, t->base->version, number);
    ddmd_random_init(&t->noise, options->seed, DDMD_RANDOM_LATENT, t->base->version, number);
    double scale = 1 / (double)(end - first);
    bool add = false;
    while (first < end) {
        int n = piece(t->model, first, end);
        ddmd_model_loss part = {0, 0};
        fill_maps(t->model, &t->train, first, n);
        fill_random(t, n);
        enum ddmd_status status = ddmd_cvae_network_gradient(t->model->network, state->weights, n,
                                                             scale, add, t->gradient, &part, err);
        if (status != DDMD_OK)
            return status;
        sum->reconstruction += part.reconstruction;
        sum->kl += part.kl;
        add = true;
        first += (size_t)n;
    }
    if (!isfinite(sum->reconstruction + sum->kl))
        return ddmd_error_set(err, DDMD_NUMERIC,
                              "the loss is no longer finite; try a smaller learning_rate");
    const ddmd_rmsprop rmsprop = {options->learning_rate, options->rho, options->epsilon};
    ddmd_rmsprop_step(&rmsprop, t->model->architecture.n_values, t->gradient, state->mean_square,
                      state->weights);
    return DDMD_OK;
}

/*
 * Epoch number `epoch` of the model's life: every training map once, in an order of its own.
 * `order` starts out the same each time, so that the order is a function of the number alone.
 */
static enum ddmd_status run_epoch(training *t, uint64_t epoch, uint32_t *order,
                                  ddmd_model_progress *reached, ddmd_error *err)
{
    enum ddmd_status status = DDMD_OK;
    const ddmd_model_options *options = &t->base->options;
    size_t n = t->train.n, batch = (size_t)options->batch_size;
    ddmd_model_loss sum = {0, 0};
    ddmd_random shuffle;
    double start = ddmd_clock_monotonic();
    ddmd_random_init(&shuffle, options->seed, DDMD_RANDOM_BATCH, t->base->version, epoch);
    ddmd_random_shuffle(&shuffle, order, n);
    for (size_t first = 0, i = 0; first < n; first += batch, i++)
        DDMD_TRY(step(t, epoch << 32 | i, first, first + batch < n ? first + batch : n, &sum, err));
    double seconds = ddmd_clock_monotonic() - start;
    reached->samples_per_s = seconds > 0 ? (double)n / seconds : 0;
    reached->train.reconstruction = sum.reconstruction / (double)n;
    reached->train.kl = sum.kl / (double)n;

    reached->validation = (ddmd_model_loss){NAN, NAN};
    if (t->validation.n) {
        DDMD_TRY(mean_loss(t->model, &t->validation, &reached->validation, err));
        if (!isfinite(reached->validation.reconstruction + reached->validation.kl))
            DDMD_FAIL(err, DDMD_NUMERIC,
                      "the validation loss is no longer finite; try a smaller learning_rate");
    }
out:
    return status;
}

/* How many of n maps (2 or more) are held out; one at least is left to train on. */
static size_t validation_size(const ddmd_model_options *options, size_t n)
{
    size_t held_out = (size_t)(options->validation_fraction * (double)n + 0.5);
    return held_out < n ? held_out : n - 1;
}

static enum ddmd_status run_epochs(training *t, ddmd_model_base *base, const uint32_t *split,
                                   uint32_t *order, ddmd_model_progress_fn *progress, void *user,
                                   ddmd_model_progress *last, ddmd_error *err)
{
    enum ddmd_status status = DDMD_OK;
    int epochs = base->options.epochs;
    for (int epoch = 1; epoch <= epochs; epoch++) {
        ddmd_model_progress reached = {
            .epoch = epoch, .epochs = epochs, .latent_dim = base->latent_dim};
        memcpy(order, split, t->train.n * sizeof *order);
        DDMD_TRY(run_epoch(t, base->epochs_done, order, &reached, err));
        base->epochs_done++;
        *last = reached;
        if (progress && !progress(user, &reached))
            DDMD_FAIL(err, DDMD_CANCELLED, "training was cancelled after %d of %d epochs", epoch,
                      epochs);
    }
    /* the last step may have done what no loss has shown yet */
    for (size_t i = 0; i < t->model->architecture.n_values; i++)
        if (!isfinite(t->model->state.weights[i]))
            DDMD_FAIL(err, DDMD_NUMERIC,
                      "a weight is no longer finite; try a smaller learning_rate");
out:
    return status;
}

static enum ddmd_status train(void *self, ddmd_model_base *base, const uint8_t *maps, size_t n_maps,
                              ddmd_model_progress_fn *progress, void *user,
                              ddmd_model_progress *last, ddmd_error *err)
{
    enum ddmd_status status = DDMD_OK;
    cvae *model = self;
    const ddmd_model_options *options = &base->options;
    size_t n_values = model->architecture.n_values;
    uint32_t *split = NULL, *order = NULL;
    ddmd_cvae_state before = {NULL, NULL};
    training t = {.model = model, .base = base};
    int threads = threads_begin(options->threads);

    DDMD_TRY(ddmd_cvae_state_init(&before, &model->architecture, err));
    memcpy(before.weights, model->state.weights, n_values * sizeof *before.weights);
    memcpy(before.mean_square, model->state.mean_square, n_values * sizeof *before.mean_square);
    DDMD_TRY(ddmd_array_alloc(&t.gradient, n_values, sizeof *t.gradient, err));
    DDMD_TRY(ddmd_array_alloc(&split, n_maps, sizeof *split, err));
    DDMD_TRY(ddmd_array_alloc(&order, n_maps, sizeof *order, err));

    ddmd_random random;
    ddmd_random_init(&random, options->seed, DDMD_RANDOM_SPLIT, base->version, 0);
    for (size_t i = 0; i < n_maps; i++)
        split[i] = (uint32_t)i;
    ddmd_random_shuffle(&random, split, n_maps);
    size_t n_train = n_maps - validation_size(options, n_maps);
    t.train = (selection){maps, order, n_train};
    t.validation = (selection){maps, split + n_train, n_maps - n_train};

    status = run_epochs(&t, base, split, order, progress, user, last, err);
    if (status != DDMD_OK) {
        ddmd_cvae_state failed = model->state;
        model->state = before;
        before = failed;
    }
out:
    threads_end(threads);
    free(order);
    free(split);
    free(t.gradient);
    ddmd_cvae_state_clear(&before);
    return status;
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
};
