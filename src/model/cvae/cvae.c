/* The convolutional variational autoencoder as a model: training, embedding, evaluation. */

#include "core/array.h"
#include "core/clock.h"
#include "core/try.h"
#include "ddmd/geometry.h"
#include "ddmd/random.h"
#include "model/cvae/activations.h"
#include "model/cvae/architecture.h"
#include "model/cvae/checkpoint.h"
#include "model/cvae/elementwise.h"
#include "model/cvae/members.h"
#include "model/cvae/network.h"
#include "model/cvae/onednn.h"
#include "model/cvae/rmsprop.h"
#include "model/model_ops.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

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

/* A thread's share of the work. */
typedef struct member {
    ddmd_cvae_network *network;   /* trains and evaluates */
    ddmd_cvae_network *embedding; /* embeds */
    float *gradient;              /* [n_values], while training */
    double unpack_s;              /* so far */

    /* how its last work ended */
    enum ddmd_status status;
    ddmd_error err;
    ddmd_model_loss sum;
} member;

typedef struct cvae {
    ddmd_cvae_architecture architecture;
    ddmd_cvae_state state;
    int n_members;
    member *members;
} cvae;

static void destroy(void *self)
{
    cvae *model = self;
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
static enum ddmd_status prepare(const ddmd_model_base *base, cvae **model, ddmd_error *err)
{
    enum ddmd_status status = DDMD_OK;
    const ddmd_model_options *options = &base->options;
    bool bf16 = options->precision == DDMD_PRECISION_bf16;
    cvae *made = NULL;
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

static double unpack_s(const void *self)
{
    const cvae *model = self;
    double sum = 0;
    for (int m = 0; m < model->n_members; m++)
        sum += model->members[m].unpack_s;
    return sum / model->n_members;
}

/* Packed maps and which of them, in which order; index NULL: all, as they come. */
typedef struct selection {
    const uint8_t *maps;
    const uint32_t *counts; /* of all maps; NULL: once each */
    const uint32_t *index;
    size_t n;
    double mean_count; /* of the n maps */
} selection;

static selection select_maps(const uint8_t *maps, const uint32_t *counts, const uint32_t *index,
                             size_t n)
{
    double sum = 0;
    for (size_t i = 0; counts && i < n; i++)
        sum += counts[index ? index[i] : i];
    return (selection){maps, counts, index, n, counts && n ? sum / (double)n : 1};
}

/* A run of a selection that one member takes, in pieces of what its network has room for. */
typedef struct share {
    size_t next, end;
} share;

static share share_of(const cvae *model, size_t first, size_t end, int number)
{
    size_t count = end - first;
    return (share){first + ddmd_share(count, model->n_members, number),
                   first + ddmd_share(count, model->n_members, number + 1)};
}

/* Unpack the share's next piece into the network's input; returns the number of maps, 0 at its end.
 */
static int next_piece(const cvae *model, member *me, ddmd_cvae_network *network,
                      const selection *from, share *of)
{
    size_t side = (size_t)model->architecture.side, bytes = ddmd_contact_map_bytes(side);
    size_t capacity = (size_t)ddmd_cvae_network_capacity(network), left = of->end - of->next;
    size_t n = left < capacity ? left : capacity;
    const ddmd_cvae_inputs inputs = ddmd_cvae_network_inputs(network);
    double began = ddmd_clock_monotonic();
    for (size_t s = 0; s < n; s++) {
        size_t which = from->index ? from->index[of->next + s] : of->next + s;
        ddmd_contact_map_unpack(from->maps + which * bytes, side, inputs.maps + s * side * side);
        if (inputs.share)
            inputs.share[s] = from->counts ? (float)(from->counts[which] / from->mean_count) : 1.0F;
    }
    me->unpack_s += ddmd_clock_monotonic() - began;
    of->next += n;
    return (int)n;
}

/* Losses summed in the order of members, or the first failure. */
static enum ddmd_status gather(const cvae *model, ddmd_model_loss *sum, ddmd_error *err)
{
    for (int m = 0; m < model->n_members; m++)
        if (model->members[m].status != DDMD_OK)
            return ddmd_error_set(err, model->members[m].status, "%s",
                                  model->members[m].err.message);
    for (int m = 0; m < model->n_members; m++) {
        sum->reconstruction += model->members[m].sum.reconstruction;
        sum->kl += model->members[m].sum.kl;
    }
    return DDMD_OK;
}

static ddmd_cvae_network *network_for(const member *me, enum ddmd_cvae_pass pass)
{
    return pass == DDMD_CVAE_ENCODE ? me->embedding : me->network;
}

/* Networks are set up one after the other, on the caller's thread; see network.h. */
typedef struct preparation {
    const cvae *model;
    enum ddmd_cvae_pass pass;
    enum ddmd_status status;
    ddmd_error *err;
} preparation;

static void prepare_members(void *user, int number)
{
    (void)number;
    preparation *p = user;
    for (int m = 0; m < p->model->n_members && p->status == DDMD_OK; m++)
        p->status =
            ddmd_cvae_network_prepare(network_for(&p->model->members[m], p->pass), p->pass, p->err);
}

static enum ddmd_status prepare_pass(const cvae *model, enum ddmd_cvae_pass pass, ddmd_error *err)
{
    preparation p = {model, pass, DDMD_OK, err};
    ddmd_members_run(1, prepare_members, &p);
    return p.status;
}

/* --- passes without gradients --- */

typedef struct pass {
    const cvae *model;
    selection maps;
    float *latent; /* NULL: losses are wanted */
} pass;

static void pass_member(void *user, int number)
{
    const pass *p = user;
    member *me = &p->model->members[number];
    ddmd_cvae_network *network = network_for(me, p->latent ? DDMD_CVAE_ENCODE : DDMD_CVAE_LOSS);
    const float *weights = p->model->state.weights;
    size_t dim = (size_t)p->model->architecture.latent_dim;
    share mine = share_of(p->model, 0, p->maps.n, number);
    int n = 0;
    me->status = DDMD_OK;
    me->sum = (ddmd_model_loss){0, 0};
    for (size_t first = mine.next;
         me->status == DDMD_OK && (n = next_piece(p->model, me, network, &p->maps, &mine)) > 0;
         first = mine.next) {
        ddmd_model_loss sum = {0, 0};
        if (p->latent)
            me->status =
                ddmd_cvae_network_encode(network, weights, n, p->latent + first * dim, &me->err);
        else
            me->status = ddmd_cvae_network_loss(network, weights, n, &sum, &me->err);
        me->sum.reconstruction += sum.reconstruction;
        me->sum.kl += sum.kl;
    }
}

/* latent or mean, the other NULL */
static enum ddmd_status run_pass(const cvae *model, const selection *maps, float *latent,
                                 ddmd_model_loss *mean, ddmd_error *err)
{
    ddmd_model_loss sum = {0, 0};
    pass p = {.model = model, .maps = *maps, .latent = latent};
    enum ddmd_status status = DDMD_OK;
    DDMD_TRY(prepare_pass(model, latent ? DDMD_CVAE_ENCODE : DDMD_CVAE_LOSS, err));
    ddmd_members_run(model->n_members, pass_member, &p);
    DDMD_TRY(gather(model, &sum, err));
    if (mean)
        *mean = (ddmd_model_loss){sum.reconstruction / (double)maps->n, sum.kl / (double)maps->n};
out:
    return status;
}

static enum ddmd_status embed(void *self, const uint8_t *maps, size_t n_maps, float *latent,
                              ddmd_error *err)
{
    const selection all = select_maps(maps, NULL, NULL, n_maps);
    return run_pass(self, &all, latent, NULL, err);
}

static enum ddmd_status evaluate(void *self, const uint8_t *maps, const uint32_t *counts,
                                 size_t n_maps, ddmd_model_loss *loss, ddmd_error *err)
{
    const selection all = select_maps(maps, counts, NULL, n_maps);
    return run_pass(self, &all, NULL, loss, err);
}

/* --- training --- */

typedef struct training {
    cvae *model;
    const ddmd_model_base *base;
    selection train, validation;

    /* of the step that is being taken */
    size_t first, end; /* maps of train */
    float *keep;       /* [batch_size][dense_width] */
    float *noise;      /* [batch_size][latent_dim] */
} training;

static void draw(training *t, uint64_t step)
{
    const ddmd_model_options *options = &t->base->options;
    const ddmd_cvae_architecture *a = &t->model->architecture;
    size_t n = t->end - t->first;
    ddmd_random random;
    ddmd_random_init(&random, options->seed, DDMD_RANDOM_DROPOUT, t->base->version, step);
    double below = options->dropout * 0x1p32;
    float kept = (float)(1 / (1 - options->dropout));
    for (size_t i = 0; i < n * a->encoder_dense.out; i++)
        t->keep[i] = ddmd_random_u32(&random) < below ? 0 : kept;
    ddmd_random_init(&random, options->seed, DDMD_RANDOM_LATENT, t->base->version, step);
    for (size_t i = 0; i < n * (size_t)a->latent_dim; i++)
        t->noise[i] = (float)ddmd_random_normal(&random);
}

static void gradient_member(void *user, int number)
{
    const training *t = user;
    member *me = &t->model->members[number];
    const ddmd_cvae_inputs inputs = ddmd_cvae_network_inputs(me->network);
    size_t width = t->model->architecture.encoder_dense.out;
    size_t dim = (size_t)t->model->architecture.latent_dim;
    share mine = share_of(t->model, t->first, t->end, number);
    size_t begin = mine.next;
    int n = 0;
    me->status = DDMD_OK;
    me->sum = (ddmd_model_loss){0, 0};
    for (size_t first = begin;
         me->status == DDMD_OK && (n = next_piece(t->model, me, me->network, &t->train, &mine)) > 0;
         first = mine.next) {
        size_t at = first - t->first;
        ddmd_model_loss sum = {0, 0};
        memcpy(inputs.keep, t->keep + at * width, (size_t)n * width * sizeof *t->keep);
        memcpy(inputs.noise, t->noise + at * dim, (size_t)n * dim * sizeof *t->noise);
        me->status = ddmd_cvae_network_gradient(me->network, t->model->state.weights, n,
                                                1 / (double)(t->end - t->first), first > begin,
                                                me->gradient, &sum, &me->err);
        me->sum.reconstruction += sum.reconstruction;
        me->sum.kl += sum.kl;
    }
}

enum { UPDATE_BLOCK = 4096 }; /* values, which stay in the fastest cache meanwhile */

/* Sum the gradients of the members that had any maps, and update one part of the weights. */
static void update_member(void *user, int number)
{
    const training *t = user;
    const ddmd_model_options *options = &t->base->options;
    const ddmd_rmsprop rmsprop = {options->learning_rate, options->rho, options->epsilon};
    int n_members = t->model->n_members;
    const member *members = t->model->members;
    float *sum = members[0].gradient;
    size_t at = ddmd_share(t->model->architecture.n_values, n_members, number);
    const size_t end = ddmd_share(t->model->architecture.n_values, n_members, number + 1);
    for (size_t n; at < end; at += n) {
        n = end - at < UPDATE_BLOCK ? end - at : UPDATE_BLOCK;
        for (int m = 1; m < n_members && (size_t)m < t->end - t->first; m++)
            ddmd_add(n, members[m].gradient + at, sum + at);
        ddmd_rmsprop_step(&rmsprop, n, sum + at, t->model->state.mean_square + at,
                          t->model->state.weights + at);
    }
}

/* One step of the optimiser, on the maps t->first .. t->end - 1 of the order; *sum grows. */
static enum ddmd_status take_step(training *t, uint64_t number, ddmd_model_loss *sum,
                                  ddmd_error *err)
{
    int n_members = t->model->n_members;
    draw(t, number);
    ddmd_members_run(n_members, gradient_member, t);
    enum ddmd_status status = gather(t->model, sum, err);
    if (status != DDMD_OK)
        return status;
    if (!isfinite(sum->reconstruction + sum->kl))
        return ddmd_error_set(err, DDMD_NUMERIC,
                              "the loss is no longer finite; try a smaller learning_rate");
    ddmd_members_run(n_members, update_member, t);
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
    double start = ddmd_clock_monotonic(), unpacked_s = unpack_s(t->model);
    ddmd_random_init(&shuffle, options->seed, DDMD_RANDOM_BATCH, t->base->version, epoch);
    ddmd_random_shuffle(&shuffle, order, n);
    for (uint64_t i = 0; i * batch < n; i++) {
        t->first = i * batch;
        t->end = n - t->first < batch ? n : t->first + batch;
        DDMD_TRY(take_step(t, epoch << 32 | i, &sum, err));
    }
    double seconds = ddmd_clock_monotonic() - start;
    reached->samples_per_s = seconds > 0 ? (double)n / seconds : 0;
    reached->train.reconstruction = sum.reconstruction / (double)n;
    reached->train.kl = sum.kl / (double)n;

    reached->validation = (ddmd_model_loss){NAN, NAN};
    if (t->validation.n) {
        DDMD_TRY(run_pass(t->model, &t->validation, NULL, &reached->validation, err));
        if (!isfinite(reached->validation.reconstruction + reached->validation.kl))
            DDMD_FAIL(err, DDMD_NUMERIC,
                      "the validation loss is no longer finite; try a smaller learning_rate");
    }
    reached->unpack_s = unpack_s(t->model) - unpacked_s;
out:
    return status;
}

/* How many of n maps (2 or more) are held out; one at least is left to train on. */
static size_t validation_size(const ddmd_model_options *options, size_t n)
{
    size_t held_out = (size_t)(options->validation_fraction * (double)n + 0.5);
    return held_out < n ? held_out : n - 1;
}

/* What a training can go back to: the best weights so far, and their losses. */
typedef struct best {
    ddmd_cvae_state state; /* with patience only */
    ddmd_model_progress reached;
} best;

static double held_out(const ddmd_model_progress *reached)
{
    return reached->validation.reconstruction + reached->validation.kl;
}

static void copy_state(const cvae *model, const ddmd_cvae_state *from, ddmd_cvae_state *to)
{
    size_t n_values = model->architecture.n_values;
    memcpy(to->weights, from->weights, n_values * sizeof *to->weights);
    memcpy(to->mean_square, from->mean_square, n_values * sizeof *to->mean_square);
}

/* Keep the epoch where it is the best so far; without patience, or held-out maps, each is. */
static void keep_best(const training *t, ddmd_model_progress *reached, best *b)
{
    bool choosing = b->state.weights && t->validation.n;
    if (choosing && b->reached.epoch && !(held_out(reached) < held_out(&b->reached))) {
        reached->best_epoch = b->reached.epoch;
        return;
    }
    reached->best_epoch = reached->epoch;
    b->reached = *reached;
    if (choosing)
        copy_state(t->model, &t->model->state, &b->state);
}

static enum ddmd_status check_weights(const cvae *model, ddmd_error *err)
{
    for (size_t i = 0; i < model->architecture.n_values; i++)
        if (!isfinite(model->state.weights[i]))
            return ddmd_error_set(err, DDMD_NUMERIC,
                                  "a weight is no longer finite; try a smaller learning_rate");
    return DDMD_OK;
}

static enum ddmd_status run_epochs(training *t, ddmd_model_base *base, const uint32_t *split,
                                   uint32_t *order, best *b, ddmd_model_progress_fn *progress,
                                   void *user, ddmd_model_progress *last, ddmd_error *err)
{
    enum ddmd_status status = DDMD_OK;
    int epochs = base->options.epochs, done = 0;
    do {
        ddmd_model_progress reached = {
            .epoch = ++done, .epochs = epochs, .latent_dim = base->latent_dim};
        memcpy(order, split, t->train.n * sizeof *order);
        DDMD_TRY(run_epoch(t, base->epochs_done, order, &reached, err));
        base->epochs_done++;
        keep_best(t, &reached, b);
        if (progress && !progress(user, &reached))
            DDMD_FAIL(err, DDMD_CANCELLED, "training was cancelled after %d of %d epochs", done,
                      epochs);
    } while (done < epochs &&
             (base->options.patience == 0 || done - b->reached.epoch < base->options.patience));
    if (b->state.weights && b->reached.epoch < done)
        copy_state(t->model, &b->state, &t->model->state);
    /* the last step may have done what no loss has shown yet */
    DDMD_TRY(check_weights(t->model, err));
    *last = b->reached;
    last->epoch = done;
out:
    return status;
}

static void training_clear(training *t)
{
    for (int m = 0; m < t->model->n_members; m++) {
        free(t->model->members[m].gradient);
        t->model->members[m].gradient = NULL;
    }
    free(t->keep);
    free(t->noise);
}

static enum ddmd_status training_init(training *t, cvae *model, const ddmd_model_base *base,
                                      ddmd_error *err)
{
    enum ddmd_status status = DDMD_OK;
    size_t batch = (size_t)base->options.batch_size;
    *t = (training){.model = model, .base = base};
    for (int m = 0; m < model->n_members; m++)
        DDMD_TRY(ddmd_activations_alloc_floats(model->architecture.n_values,
                                               &model->members[m].gradient, err));
    DDMD_TRY(ddmd_array_alloc(&t->keep, batch * model->architecture.encoder_dense.out,
                              sizeof *t->keep, err));
    DDMD_TRY(ddmd_array_alloc(&t->noise, batch * (size_t)base->latent_dim, sizeof *t->noise, err));
out:
    return status;
}

/* Which maps are trained on (the first n_train of *split) and which are held out (the rest). */
static enum ddmd_status split_maps(const ddmd_model_base *base, size_t n_maps, uint32_t **split,
                                   ddmd_error *err)
{
    enum ddmd_status status = ddmd_array_alloc(split, n_maps, sizeof **split, err);
    if (status != DDMD_OK)
        return status;
    ddmd_random random;
    ddmd_random_init(&random, base->options.seed, DDMD_RANDOM_SPLIT, base->version, 0);
    for (size_t i = 0; i < n_maps; i++)
        (*split)[i] = (uint32_t)i;
    ddmd_random_shuffle(&random, *split, n_maps);
    return DDMD_OK;
}

static enum ddmd_status train(void *self, ddmd_model_base *base, const uint8_t *maps,
                              const uint32_t *counts, size_t n_maps,
                              ddmd_model_progress_fn *progress, void *user,
                              ddmd_model_progress *last, ddmd_error *err)
{
    enum ddmd_status status = DDMD_OK;
    cvae *model = self;
    const ddmd_model_options *options = &base->options;
    uint32_t *split = NULL, *order = NULL;
    ddmd_cvae_state before = {NULL, NULL};
    best b = {.state = {NULL, NULL}};
    training t;

    DDMD_TRY(training_init(&t, model, base, err));
    DDMD_TRY(prepare_pass(model, DDMD_CVAE_GRADIENT, err));
    DDMD_TRY(ddmd_cvae_state_init(&before, &model->architecture, err));
    if (options->patience > 0)
        DDMD_TRY(ddmd_cvae_state_init(&b.state, &model->architecture, err));
    copy_state(model, &model->state, &before);
    DDMD_TRY(split_maps(base, n_maps, &split, err));
    DDMD_TRY(ddmd_array_alloc(&order, n_maps, sizeof *order, err));
    size_t n_train = n_maps - validation_size(options, n_maps);
    t.train = select_maps(maps, counts, split, n_train);
    t.train.index = order; /* the same maps, in the order of each epoch */
    t.validation = select_maps(maps, counts, split + n_train, n_maps - n_train);

    status = run_epochs(&t, base, split, order, &b, progress, user, last, err);
    if (status != DDMD_OK) {
        ddmd_cvae_state failed = model->state;
        model->state = before;
        before = failed;
    }
out:
    training_clear(&t);
    free(order);
    free(split);
    ddmd_cvae_state_clear(&b.state);
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
    .unpack_s = unpack_s,
};
