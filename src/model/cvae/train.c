#include "model/cvae/train.h"

#include "core/array.h"
#include "core/clock.h"
#include "core/try.h"
#include "ddmd/random.h"
#include "model/cvae/activations.h"
#include "model/cvae/elementwise.h"
#include "model/cvae/members.h"
#include "model/cvae/rmsprop.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

typedef struct training {
    ddmd_cvae *model;
    const ddmd_model_base *base;
    ddmd_cvae_selection train, validation;

    /* of the step that is being taken */
    size_t first, end; /* maps of train */
    float *keep;       /* [batch_size][dense_width] */
    float *noise;      /* [batch_size][latent_dim] */
    int n_gradients;   /* of the first members, to be summed */
    double gradient_scale;
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
    ddmd_cvae_member *me = &t->model->members[number];
    const ddmd_cvae_inputs inputs = ddmd_cvae_network_inputs(me->network);
    size_t width = t->model->architecture.encoder_dense.out;
    size_t dim = (size_t)t->model->architecture.latent_dim;
    ddmd_cvae_share mine = ddmd_cvae_share_of(t->model, t->first, t->end, number);
    size_t begin = mine.next;
    int n = 0;
    me->status = DDMD_OK;
    me->sum = (ddmd_model_loss){0, 0};
    for (size_t first = begin;
         me->status == DDMD_OK &&
         (n = ddmd_cvae_next_piece(t->model, me, me->network, &t->train, &mine)) > 0;
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

/* Add the other members' values at .. at + n - 1 of the gradient to the first one's. */
static void sum_gradients(const training *t, size_t at, size_t n)
{
    const ddmd_cvae_member *members = t->model->members;
    for (int m = 1; m < t->n_gradients; m++)
        ddmd_add(n, members[m].gradient + at, members[0].gradient + at);
}

enum { UPDATE_BLOCK = 4096 }; /* values, which stay in the fastest cache meanwhile */

/* Sum the members' gradients, and update one part of the weights. */
static void update_member(void *user, int number)
{
    const training *t = user;
    const ddmd_model_options *options = &t->base->options;
    const ddmd_rmsprop rmsprop = {options->learning_rate, options->rho, options->epsilon,
                                  t->gradient_scale};
    int n_members = t->model->n_members;
    size_t at = ddmd_share(t->model->architecture.n_values, n_members, number);
    const size_t end = ddmd_share(t->model->architecture.n_values, n_members, number + 1);
    for (size_t n; at < end; at += n) {
        n = end - at < UPDATE_BLOCK ? end - at : UPDATE_BLOCK;
        sum_gradients(t, at, n);
        ddmd_rmsprop_step(&rmsprop, n, t->model->members[0].gradient + at,
                          t->model->state.mean_square + at, t->model->state.weights + at);
    }
}

/* Sum the members' gradients, and measure one part of the sum. */
static void measure_member(void *user, int number)
{
    const training *t = user;
    int n_members = t->model->n_members;
    size_t at = ddmd_share(t->model->architecture.n_values, n_members, number);
    size_t n = ddmd_share(t->model->architecture.n_values, n_members, number + 1) - at;
    sum_gradients(t, at, n);
    t->model->members[number].squares = ddmd_sum_of_squares(n, t->model->members[0].gradient + at);
}

/*
 * Nats a pixel. A model that knows nothing has a loss of ln 2, and gradients of trainings that go
 * well a norm of 0.1 to 3, whatever the map's size. Where exp(log variance) has run away, both may
 * be a million: RMSprop takes a step of its usual size then, which is enough to come back, but only
 * tiny ones for hundreds thereafter, until its mean squares have forgotten.
 */
static const double lost_loss = 1, longest_gradient = 10;

/* Shorten the gradient of a batch whose loss is far out. */
static void limit_gradient(training *t)
{
    const ddmd_cvae_selection *maps = &t->train;
    int n_members = t->model->n_members;
    const ddmd_cvae_member *members = t->model->members;
    double side = t->model->architecture.side, loss = 0, count = 0, squares = 0;
    for (int m = 0; m < n_members; m++)
        loss += members[m].sum.reconstruction + members[m].sum.kl;
    for (size_t i = t->first; i < t->end; i++)
        count += maps->counts ? maps->counts[maps->index[i]] / maps->mean_count : 1;
    double pixels = side * side * count;
    if (loss <= lost_loss * pixels)
        return;
    ddmd_members_run(n_members, measure_member, t);
    t->n_gradients = 1;
    for (int m = 0; m < n_members; m++)
        squares += members[m].squares;
    double norm = sqrt(squares), most = longest_gradient * pixels / (double)(t->end - t->first);
    if (norm > most)
        t->gradient_scale = most / norm;
}

/* One step of the optimiser, on the maps t->first .. t->end - 1 of the order; *sum grows. */
static enum ddmd_status take_step(training *t, uint64_t number, ddmd_model_loss *sum,
                                  ddmd_error *err)
{
    int n_members = t->model->n_members;
    size_t n = t->end - t->first;
    t->n_gradients = (size_t)n_members < n ? n_members : (int)n;
    t->gradient_scale = 1;
    draw(t, number);
    ddmd_members_run(n_members, gradient_member, t);
    enum ddmd_status status = ddmd_cvae_gather(t->model, sum, err);
    if (status != DDMD_OK)
        return status;
    if (!isfinite(sum->reconstruction + sum->kl))
        return ddmd_error_set(err, DDMD_NUMERIC,
                              "the loss is no longer finite; try a smaller learning_rate");
    limit_gradient(t);
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
    double start = ddmd_clock_monotonic(), unpacked_s = ddmd_cvae_unpack_s(t->model);
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
        DDMD_TRY(ddmd_cvae_run_pass(t->model, &t->validation, NULL, &reached->validation, err));
        if (!isfinite(reached->validation.reconstruction + reached->validation.kl))
            DDMD_FAIL(err, DDMD_NUMERIC,
                      "the validation loss is no longer finite; try a smaller learning_rate");
    }
    reached->unpack_s = ddmd_cvae_unpack_s(t->model) - unpacked_s;
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

static void copy_state(const ddmd_cvae *model, const ddmd_cvae_state *from, ddmd_cvae_state *to)
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

static enum ddmd_status check_weights(const ddmd_cvae *model, ddmd_error *err)
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

static enum ddmd_status training_init(training *t, ddmd_cvae *model, const ddmd_model_base *base,
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

enum ddmd_status ddmd_cvae_train(ddmd_cvae *model, ddmd_model_base *base, const uint8_t *maps,
                                 const uint32_t *counts, size_t n_maps,
                                 ddmd_model_progress_fn *progress, void *user,
                                 ddmd_model_progress *last, ddmd_error *err)
{
    enum ddmd_status status = DDMD_OK;
    const ddmd_model_options *options = &base->options;
    uint32_t *split = NULL, *order = NULL;
    ddmd_cvae_state before = {NULL, NULL};
    best b = {.state = {NULL, NULL}};
    training t;

    DDMD_TRY(training_init(&t, model, base, err));
    DDMD_TRY(ddmd_cvae_prepare_pass(model, DDMD_CVAE_GRADIENT, err));
    DDMD_TRY(ddmd_cvae_state_init(&before, &model->architecture, err));
    if (options->patience > 0)
        DDMD_TRY(ddmd_cvae_state_init(&b.state, &model->architecture, err));
    copy_state(model, &model->state, &before);
    DDMD_TRY(split_maps(base, n_maps, &split, err));
    DDMD_TRY(ddmd_array_alloc(&order, n_maps, sizeof *order, err));
    size_t n_train = n_maps - validation_size(options, n_maps);
    t.train = ddmd_cvae_select(maps, counts, split, n_train);
    t.train.index = order; /* the same maps, in the order of each epoch */
    t.validation = ddmd_cvae_select(maps, counts, split + n_train, n_maps - n_train);

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
