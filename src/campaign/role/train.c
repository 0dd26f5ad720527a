/*
 * Role train: holds the window of the newest contact maps, trains every latent dimension on it
 * whenever a round's worth of new frames has come (model.train_every), and tells of the weights.
 */
#include "campaign/role/roles.h"

#include "campaign/role/feature_window.h"
#include "campaign/role/worker.h"
#include "campaign/run_directory.h"
#include "campaign/state.h"
#include "core/array.h"
#include "core/clock.h"
#include "core/try.h"
#include "ddmd/model.h"
#include "stream/decisions.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

enum { MAX_KEPT = 64, LEAST_BATCHES = 4 };
static const uint64_t max_kept_bytes = UINT64_C(1) << 20;
static const double look_every_s = 1;

typedef struct train {
    ddmd_process *process;
    ddmd_feature_window *window;
    ddmd_worker_thread worker;
    ddmd_outbox *outbox;
    uint32_t version;    /* of the newest weights */
    ddmd_model **models; /* [n_dims] trained last; NULL: not in this life */
} train;

static const ddmd_config *config_of(const train *t)
{
    return ddmd_process_config(t->process);
}

static bool on_epoch(void *user, const ddmd_model_progress *p)
{
    train *t = user;
    ddmd_process_now(t->process, DDMD_ACTIVITY_compute, "latent_dim %d, epoch %d of %d, loss %.2f",
                     p->latent_dim, p->epoch, p->epochs, p->train.reconstruction + p->train.kl);
    return !atomic_load(&t->worker.stop);
}

/* The model of a latent dimension to train on: the one in hand, the newest file, or a fresh one. */
static enum ddmd_status get_model(train *t, size_t dim, ddmd_error *err)
{
    enum ddmd_status status = DDMD_OK;
    const ddmd_config *config = config_of(t);
    const ddmd_model_options options = ddmd_subject_model_options(config);
    int latent_dim = config->model.latent_dim.items[dim];
    char name[128], *path = NULL;
    if (!config->model.warm_start)
        ddmd_model_destroy(&t->models[dim]);
    if (t->models[dim]) {
        ddmd_model_set_version(t->models[dim], t->version + 1);
        return DDMD_OK;
    }
    if (!config->model.warm_start || t->version == 0)
        return ddmd_model_create(config->model.kind, &options,
                                 (int)ddmd_process_subject(t->process)->n_points, latent_dim,
                                 t->version + 1, &t->models[dim], err);
    ddmd_campaign_model_file(name, sizeof name, t->version, latent_dim);
    DDMD_TRY(ddmd_run_path(&path, ddmd_process_run_dir(t->process), name, err));
    DDMD_TRY(ddmd_model_load(path, options.threads, &t->models[dim], err));
    ddmd_model_set_version(t->models[dim], t->version + 1);
out:
    free(path);
    return status;
}

static enum ddmd_status train_one(train *t, size_t dim, const ddmd_map_set *set,
                                  ddmd_weights *weights, ddmd_error *err)
{
    enum ddmd_status status = DDMD_OK;
    ddmd_model_progress last = {0};
    char *path = NULL;
    double from = ddmd_clock_monotonic();
    *weights = (ddmd_weights){
        .version = t->version + 1,
        .latent_dim = (uint32_t)config_of(t)->model.latent_dim.items[dim],
        .n_samples = set->n_frames,
    };
    ddmd_campaign_model_file(weights->path, sizeof weights->path, weights->version,
                             (int)weights->latent_dim);
    DDMD_TRY(get_model(t, dim, err));
    DDMD_TRY(ddmd_model_train(t->models[dim], set->maps, set->counts, set->n_maps, on_epoch, t,
                              &last, err));
    DDMD_TRY(ddmd_run_path(&path, ddmd_process_run_dir(t->process), weights->path, err));
    DDMD_TRY(ddmd_model_save(t->models[dim], path, err));
    weights->epochs = (uint32_t)last.epoch;
    weights->train_reconstruction = last.train.reconstruction;
    weights->train_loss = last.train.reconstruction + last.train.kl;
    weights->validation_reconstruction = last.validation.reconstruction;
    weights->validation_loss = last.validation.reconstruction + last.validation.kl;
    weights->seconds = ddmd_clock_monotonic() - from;
out:
    free(path);
    return status;
}

static double choice_loss(const ddmd_weights *w)
{
    return isnan(w->validation_reconstruction) ? w->train_reconstruction
                                               : w->validation_reconstruction;
}

static enum ddmd_status tell(train *t, const ddmd_weights *weights, ddmd_error *err)
{
    ddmd_message *message = NULL;
    enum ddmd_status status = ddmd_weights_encode(weights, &message, err);
    if (status == DDMD_OK)
        status = ddmd_outbox_put(t->outbox, &message, -1, NULL, err);
    ddmd_message_destroy(&message);
    return status;
}

/* Train every latent dimension, then tell of all, the one that is kept last. */
static enum ddmd_status train_all(train *t, ddmd_error *err)
{
    enum ddmd_status status = DDMD_OK;
    size_t n_dims = config_of(t)->model.latent_dim.n, best = 0;
    ddmd_feature_set set = {0};
    ddmd_weights *weights = NULL;
    DDMD_TRY(ddmd_array_alloc(&weights, n_dims, sizeof *weights, err));
    DDMD_TRY(
        ddmd_feature_window_take(t->window, (size_t)config_of(t)->model.max_samples, &set, err));
    for (size_t i = 0; i < n_dims; i++) {
        DDMD_TRY(train_one(t, i, &set.maps, &weights[i], err));
        if (choice_loss(&weights[i]) < choice_loss(&weights[best]))
            best = i;
    }
    weights[best].kept = true;
    for (size_t i = 0; i < n_dims; i++) {
        if (i == best)
            continue;
        weights[i].path[0] = '\0';
        DDMD_TRY(tell(t, &weights[i], err));
    }
    DDMD_TRY(tell(t, &weights[best], err));
    t->version++;
out:
    ddmd_feature_set_clear(&set);
    free(weights);
    return status;
}

/* New frames that ask for a training. The first one comes early, for a ranking to begin. */
static uint64_t enough_new(const train *t)
{
    const ddmd_config *config = config_of(t);
    uint64_t round =
        (uint64_t)ddmd_subject_segment_reports(config) * (uint64_t)config->simulation.replicas;
    uint64_t few = (uint64_t)config->model.batch_size * LEAST_BATCHES;
    if (t->version == 0 && few < round)
        return few;
    return round * (uint64_t)config->model.train_every;
}

static enum ddmd_status work(void *user, ddmd_error *err)
{
    enum ddmd_status status = DDMD_OK;
    train *t = user;
    uint64_t trained = 0, n = 0;
    while (!atomic_load(&t->worker.stop)) {
        uint64_t wanted = trained + enough_new(t);
        if (n < wanted) {
            ddmd_process_now(t->process, DDMD_ACTIVITY_wait, "for %llu frames",
                             (unsigned long long)(wanted - n));
            DDMD_TRY(ddmd_feature_window_wait(t->window, wanted - 1, look_every_s, &n, err));
            continue;
        }
        DDMD_TRY(train_all(t, err));
        trained = n;
        ddmd_process_done(t->process, trained);
    }
out:
    return status;
}

static enum ddmd_status receive(void *self, ddmd_message *message, ddmd_error *err)
{
    train *t = self;
    return ddmd_message_kind_of(message) == DDMD_MESSAGE_FEATURES
               ? ddmd_feature_window_put(t->window, message, err)
               : DDMD_OK;
}

static void stop(void *self, bool now)
{
    (void)now; /* a training that is under way is of no use to anybody */
    train *t = self;
    atomic_store(&t->worker.stop, 1);
    ddmd_outbox_cancel(t->outbox);
    ddmd_feature_window_wake(t->window);
}

static bool finished(const void *self)
{
    return atomic_load(&((const train *)self)->worker.ended);
}

static void destroy(void *self)
{
    train *t = self;
    if (t->worker.started)
        stop(t, true);
    ddmd_worker_thread_join(&t->worker);
    for (size_t i = 0; t->models && i < config_of(t)->model.latent_dim.n; i++)
        ddmd_model_destroy(&t->models[i]);
    free((void *)t->models);
    ddmd_feature_window_destroy(&t->window);
    free(t);
}

static enum ddmd_status create(ddmd_process *process, void **self, ddmd_error *err)
{
    enum ddmd_status status = DDMD_OK;
    train *t = NULL;
    const ddmd_config *config = ddmd_process_config(process);
    const ddmd_peer coordinator = {DDMD_ROLE_coordinator, 0};
    int channel;
    DDMD_TRY(ddmd_array_alloc(&t, 1, sizeof *t, err));
    t->process = process;
    t->version = (uint32_t)ddmd_process_known(process);
    DDMD_TRY(ddmd_array_alloc(&t->models, config->model.latent_dim.n, sizeof(ddmd_model *), err));
    DDMD_TRY(ddmd_feature_window_create((size_t)config->model.max_samples,
                                        ddmd_process_subject(process)->n_points,
                                        ddmd_process_run_dir(process), &t->window, err));
    for (uint32_t a = 0; a < DDMD_AGGREGATORS; a++)
        DDMD_TRY(ddmd_process_connect(process, (ddmd_peer){DDMD_ROLE_aggregate, a}, &channel, err));
    DDMD_TRY(ddmd_process_outbox(process, DDMD_CHANNEL_COORDINATOR, &coordinator, 1, MAX_KEPT,
                                 max_kept_bytes, &t->outbox, err));
    t->worker = (ddmd_worker_thread){.process = process, .work = work, .user = t};
    DDMD_TRY(ddmd_worker_thread_start(&t->worker, err));
    *self = t;
    t = NULL;
out:
    if (t)
        destroy(t);
    return status;
}

const ddmd_role_ops ddmd_role_train = {
    .role = DDMD_ROLE_train,
    .create = create,
    .destroy = destroy,
    .receive = receive,
    .stop = stop,
    .finished = finished,
};
