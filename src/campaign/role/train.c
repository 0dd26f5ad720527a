/*
 * Role train: holds the window of the newest contact maps, learns from it whenever a round's worth
 * of new frames has come (model.train_every) and the model does badly on them (model.train_when),
 * and tells of the weights.
 */
#include "campaign/role/roles.h"

#include "campaign/frame_files.h"
#include "campaign/learn.h"
#include "campaign/role/feature_window.h"
#include "campaign/role/worker.h"
#include "campaign/run_directory.h"
#include "core/array.h"
#include "core/clock.h"
#include "core/try.h"
#include "stream/decisions.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_KEPT = 64, LEAST_BATCHES = 4 };
static const uint64_t max_kept_bytes = UINT64_C(1) << 20;
static const double look_every_s = 1;

typedef struct train {
    ddmd_process *process;
    ddmd_feature_window *window;
    ddmd_worker_thread worker;
    ddmd_outbox *outbox;
    ddmd_learner learner;
    ddmd_model_row newest; /* weights; version 0: none */
} train;

static const ddmd_config *config_of(const train *t)
{
    return ddmd_process_config(t->process);
}

static bool on_epoch(void *user, const ddmd_model_progress *p)
{
    train *t = user;
    ddmd_process_part(t->process, DDMD_ACTIVITY_unpack, p->unpack_s);
    ddmd_process_now(t->process, DDMD_ACTIVITY_compute, "latent_dim %d, epoch %d of %d, loss %.2f",
                     p->latent_dim, p->epoch, p->epochs, p->train.reconstruction + p->train.kl);
    return !atomic_load(&t->worker.stop);
}

/* Weights that are not kept have no path: nobody is to load them. */
static enum ddmd_status tell(train *t, const ddmd_model_row *row, ddmd_error *err)
{
    ddmd_message *message = NULL;
    ddmd_weights weights = {
        .version = row->version,
        .latent_dim = (uint32_t)row->latent_dim,
        .n_samples = row->n_samples,
        .n_maps = row->n_maps,
        .epochs = (uint32_t)row->epochs,
        .kept = row->kept,
        .train_loss = row->train_loss,
        .validation_loss = row->validation_loss,
        .train_reconstruction = row->train_reconstruction,
        .validation_reconstruction = row->validation_reconstruction,
        .seconds = row->seconds,
    };
    if (row->kept)
        memcpy(weights.path, row->file, sizeof row->file);
    enum ddmd_status status = ddmd_weights_encode(&weights, &message, err);
    if (status == DDMD_OK)
        status = ddmd_outbox_put(t->outbox, &message, -1, NULL, err);
    ddmd_message_destroy(&message);
    return status;
}

static enum ddmd_status tell_check(train *t, const ddmd_model_check_row *row, ddmd_error *err)
{
    ddmd_message *message = NULL;
    char text[256];
    const ddmd_model_check check = {
        .version = row->version,
        .trained = row->trained,
        .n_frames = row->n_frames,
        .n_maps = row->n_maps,
        .reconstruction = row->reconstruction,
        .reference_reconstruction = row->reference_reconstruction,
    };
    ddmd_learn_describe_check(row, text, sizeof text);
    ddmd_log_line(ddmd_process_log(t->process), DDMD_LOG_INFO, "%s", text);
    enum ddmd_status status = ddmd_model_check_encode(&check, &message, err);
    if (status == DDMD_OK)
        status = ddmd_outbox_put(t->outbox, &message, -1, NULL, err);
    ddmd_message_destroy(&message);
    return status;
}

/* Train every latent dimension, then tell of all, the one that is kept last. */
static enum ddmd_status train_all(train *t, ddmd_error *err)
{
    enum ddmd_status status = DDMD_OK;
    size_t n_dims = config_of(t)->model.latent_dim.n, best;
    ddmd_feature_set set = {0};
    ddmd_model_row *rows = NULL;
    DDMD_TRY(ddmd_array_alloc(&rows, n_dims, sizeof *rows, err));
    ddmd_process_now(t->process, DDMD_ACTIVITY_unpack, "contact maps to train on");
    DDMD_TRY(
        ddmd_feature_window_take(t->window, (size_t)config_of(t)->model.max_samples, &set, err));
    ddmd_process_now(t->process, DDMD_ACTIVITY_compute, "training on %zu frames", set.n);
    ddmd_error why = {0};
    status = ddmd_learn(&t->learner, &set.maps, t->newest.version, rows, &best, &why);
    if (status == DDMD_NUMERIC && t->newest.version > 0) {
        ddmd_log_line(ddmd_process_log(t->process), DDMD_LOG_WARNING,
                      "%s; model version %u stays in use", why.message, t->newest.version);
        status = DDMD_OK;
        goto out;
    }
    if (status != DDMD_OK)
        DDMD_FAIL(err, status, "%s", why.message);
    for (size_t i = 0; i < n_dims; i++)
        if (i != best)
            DDMD_TRY(tell(t, &rows[i], err));
    DDMD_TRY(tell(t, &rows[best], err));
    t->newest = rows[best];
out:
    ddmd_feature_set_clear(&set);
    free(rows);
    return status;
}

/* Is the model that there is so bad at the n_new newest frames that training is worth it? */
static enum ddmd_status is_needed(train *t, uint64_t n_new, bool *needed, ddmd_error *err)
{
    enum ddmd_status status = DDMD_OK;
    ddmd_feature_set set = {0};
    ddmd_model_check_row check;
    *needed = true;
    if (t->newest.version == 0 || !ddmd_learn_is_checked(config_of(t)))
        return DDMD_OK;
    ddmd_process_now(t->process, DDMD_ACTIVITY_compute, "trying the model on new frames");
    DDMD_TRY(ddmd_feature_window_take(t->window, (size_t)n_new, &set, err));
    DDMD_TRY(ddmd_learn_check(&t->learner, &set.maps, &t->newest, &check, err));
    *needed = check.trained;
    DDMD_TRY(tell_check(t, &check, err));
out:
    ddmd_feature_set_clear(&set);
    return status;
}

/* New frames that ask for a training. The first one comes early, for a ranking to begin. */
static uint64_t enough_new(const train *t)
{
    const ddmd_config *config = config_of(t);
    uint64_t round =
        (uint64_t)ddmd_subject_segment_reports(config) * (uint64_t)config->simulation.replicas;
    uint64_t few = (uint64_t)config->model.batch_size * LEAST_BATCHES;
    if (t->newest.version == 0 && few < round)
        return few;
    return round * (uint64_t)config->model.train_every;
}

static enum ddmd_status work(void *user, ddmd_error *err)
{
    enum ddmd_status status = DDMD_OK;
    train *t = user;
    uint64_t seen = 0, n = 0; /* frames at the last training or decision against one, and now */
    bool needed;
    while (!atomic_load(&t->worker.stop)) {
        uint64_t wanted = seen + enough_new(t);
        if (n < wanted) {
            ddmd_process_now(t->process, DDMD_ACTIVITY_wait, "for %llu frames",
                             (unsigned long long)(wanted - n));
            DDMD_TRY(ddmd_feature_window_wait(t->window, wanted - 1, look_every_s, &n, err));
            continue;
        }
        DDMD_TRY(is_needed(t, n - seen, &needed, err));
        if (needed)
            DDMD_TRY(train_all(t, err));
        seen = n;
        ddmd_process_done(t->process, seen);
    }
out:
    return status;
}

static enum ddmd_status receive(void *self, ddmd_message *message, ddmd_error *err)
{
    train *t = self;
    if (ddmd_message_kind_of(message) != DDMD_MESSAGE_FEATURES)
        return DDMD_OK;
    double began = ddmd_clock_thread();
    enum ddmd_status status = ddmd_feature_window_put(t->window, message, err);
    ddmd_process_part(t->process, DDMD_ACTIVITY_unpack, ddmd_clock_thread() - began);
    return status;
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
    ddmd_feature_window_destroy(&t->window);
    free(t);
}

/* The weights that an earlier life of the process has told of. */
static enum ddmd_status find_newest(train *t, ddmd_error *err)
{
    enum ddmd_status status = DDMD_OK;
    ddmd_catalogue *catalogue = NULL;
    char *path = NULL;
    if (ddmd_process_known(t->process) == 0)
        return DDMD_OK;
    DDMD_TRY(ddmd_run_path(&path, ddmd_process_run_dir(t->process), "catalogue.sqlite", err));
    DDMD_TRY(ddmd_catalogue_open(path, true, &catalogue, err));
    DDMD_TRY(ddmd_catalogue_newest_model(catalogue, &t->newest, err));
out:
    ddmd_catalogue_close(&catalogue);
    free(path);
    return status;
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
    t->learner = (ddmd_learner){
        .config = config,
        .run_dir = ddmd_process_run_dir(process),
        .n_points = ddmd_process_subject(process)->n_points,
        .on_epoch = on_epoch,
        .user = t,
    };
    DDMD_TRY(find_newest(t, err));
    DDMD_TRY(ddmd_feature_window_create(
        (size_t)config->model.max_samples, ddmd_process_subject(process)->n_points,
        ddmd_frame_files_count(config), ddmd_process_run_dir(process), &t->window, err));
    for (uint32_t a = 0; a < ddmd_frame_files_count(config); a++)
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
