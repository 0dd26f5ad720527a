/*
 * Role infer: embeds new frames with the newest weights, finds outliers and ranks them, as soon as
 * there is anything new and not more often than streaming.rank_every_s. A frame is embedded once
 * for each version of the weights.
 */
#include "campaign/role/roles.h"

#include "campaign/embed_maps.h"
#include "campaign/frame_files.h"
#include "campaign/new_frames.h"
#include "campaign/role/feature_window.h"
#include "campaign/role/idle.h"
#include "campaign/role/worker.h"
#include "campaign/run_directory.h"
#include "campaign/selection.h"
#include "core/array.h"
#include "core/clock.h"
#include "core/parallel.h"
#include "core/try.h"
#include "ddmd/geometry.h"
#include "ddmd/model.h"
#include "ddmd/select.h"
#include "stream/decisions.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_KEPT = 8 };
static const uint64_t max_kept_bytes = UINT64_C(1) << 26;
static const double look_every_s = 1;

typedef struct infer {
    ddmd_process *process;
    ddmd_feature_window *window;
    ddmd_worker_thread worker;
    ddmd_outbox *outbox;
    ddmd_strategy_info strategy;

    pthread_mutex_t lock;
    ddmd_weights newest; /* told by the coordinator; version 0: none */

    /* Of the thread that computes. */
    ddmd_model *model;
    uint32_t version;         /* of the model; 0: none */
    size_t capacity, dim;     /* of the ring of latent coordinates, */
    float *latents;           /* [capacity][dim]: frame k in entry k % capacity, */
    uint32_t *latent_version; /* [capacity] by the weights of this version, */
    uint64_t *latent_frame;   /* [capacity] if it is of this frame */
    uint64_t ranked;          /* frames that were looked at */
    uint32_t round;
} infer;

/* ---- embedding ------------------------------------------------------------------------------- */

/* Use the newest weights. *changed: they are others than before. */
static enum ddmd_status load_newest(infer *f, bool *changed, ddmd_error *err)
{
    enum ddmd_status status = DDMD_OK;
    ddmd_model *model = NULL;
    char *path = NULL;
    pthread_mutex_lock(&f->lock);
    ddmd_weights newest = f->newest;
    pthread_mutex_unlock(&f->lock);
    *changed = newest.version > f->version;
    if (!*changed)
        return DDMD_OK;
    const ddmd_config *config = ddmd_process_config(f->process);
    DDMD_TRY(ddmd_run_path(&path, ddmd_process_run_dir(f->process), newest.path, err));
    DDMD_TRY(ddmd_model_load(path, ddmd_parallel_threads(config->model.threads), &model, err));
    size_t dim = (size_t)ddmd_model_latent_dim(model);
    if (dim != f->dim) {
        free(f->latents);
        f->latents = NULL;
        f->dim = 0;
        DDMD_TRY(ddmd_array_alloc(&f->latents, f->capacity * dim, sizeof *f->latents, err));
        f->dim = dim;
    }
    ddmd_model_destroy(&f->model);
    f->model = model;
    model = NULL;
    f->version = newest.version;
out:
    ddmd_model_destroy(&model);
    free(path);
    return status;
}

/* Latent coordinates of the set's maps ([n_maps][dim]; the caller frees). */
static enum ddmd_status embed(infer *f, const ddmd_feature_set *set, float **latent,
                              ddmd_error *err)
{
    enum ddmd_status status = DDMD_OK;
    const ddmd_map_set *maps = &set->maps;
    const size_t bytes = ddmd_contact_map_bytes(ddmd_process_subject(f->process)->n_points);
    float *all = NULL;
    bool *known = NULL;
    size_t n;
    DDMD_TRY(ddmd_array_alloc(&all, maps->n_maps * f->dim, sizeof *all, err));
    DDMD_TRY(ddmd_array_alloc(&known, maps->n_maps, sizeof *known, err));
    for (size_t i = 0; i < set->n; i++) {
        size_t at = (set->first + i) % f->capacity, map = maps->point_of[i];
        if (known[map] || f->latent_version[at] != f->version ||
            f->latent_frame[at] != set->first + i)
            continue;
        memcpy(all + map * f->dim, f->latents + at * f->dim, f->dim * sizeof *all);
        known[map] = true;
    }
    double unpacked_s = ddmd_model_unpack_s(f->model);
    DDMD_TRY(ddmd_embed_maps(f->model, maps, bytes, known, all, &n, err));
    ddmd_process_part(f->process, DDMD_ACTIVITY_unpack, ddmd_model_unpack_s(f->model) - unpacked_s);
    for (size_t i = 0; i < set->n; i++) {
        size_t at = (set->first + i) % f->capacity;
        memcpy(f->latents + at * f->dim, all + maps->point_of[i] * f->dim, f->dim * sizeof *all);
        f->latent_version[at] = f->version;
        f->latent_frame[at] = set->first + i;
    }
    *latent = all;
    all = NULL;
out:
    free(all);
    free(known);
    return status;
}

/* ---- ranking --------------------------------------------------------------------------------- */

/* What there is to say of the frames from `from` on, which were not ranked before. */
static enum ddmd_status describe_new(const ddmd_feature_set *set, size_t from,
                                     ddmd_ranking *ranking, ddmd_error *err)
{
    double *created_s = NULL, best, mean;
    size_t n = set->n - from;
    enum ddmd_status status =
        ddmd_array_copy(&created_s, set->created_s + from, n, sizeof *created_s, err);
    if (status != DDMD_OK)
        return status;
    ddmd_new_frames_waited(created_s, n, ddmd_clock_monotonic(), &ranking->decision_median_s,
                           &ranking->decision_p95_s);
    ddmd_new_frames_rmsd(set->rmsd_nm + from, n, &best, &mean);
    ranking->best_rmsd_nm = (float)best;
    ranking->mean_rmsd_nm = (float)mean;
    free(created_s);
    return DDMD_OK;
}

static enum ddmd_status send_ranking(infer *f, const ddmd_feature_set *set,
                                     const ddmd_selection *selection, double from_s,
                                     ddmd_error *err)
{
    enum ddmd_status status = DDMD_OK;
    ddmd_ranked *points = NULL;
    ddmd_message *message = NULL;
    size_t old = f->ranked > set->first ? (size_t)(f->ranked - set->first) : 0;
    ddmd_ranking ranking = {
        .model_version = f->version,
        .round = ++f->round,
        .n_candidates = set->n,
        .eps = selection->outliers.eps,
        .n_outliers = selection->outliers.n_outliers,
        .n_clusters = selection->n_states ? selection->n_states : selection->outliers.n_clusters,
        .n = selection->n_points,
    };
    DDMD_TRY(ddmd_array_alloc(&points, selection->n_points, sizeof *points, err));
    for (size_t i = 0; i < selection->n_points; i++) {
        const ddmd_restart_point *point = &selection->points[i];
        points[i] = (ddmd_ranked){
            .simulation = set->simulation[point->index],
            .frame = set->index[point->index],
            .score = point->score,
            .lof = point->lof,
            .rmsd_nm = set->rmsd_nm[point->index],
            .cluster = point->cluster,
        };
    }
    ranking.points = points;
    DDMD_TRY(describe_new(set, old, &ranking, err));
    ranking.seconds = ddmd_clock_monotonic() - from_s;
    DDMD_TRY(ddmd_ranking_encode(&ranking, &message, err));
    DDMD_TRY(ddmd_outbox_put(f->outbox, &message, -1, NULL, err));
out:
    ddmd_message_destroy(&message);
    free(points);
    return status;
}

/* What finds nothing new; before the ranking, whose points the replicas of these are to take. */
static enum ddmd_status send_idle(infer *f, const ddmd_feature_set *set, const bool *is_outlier,
                                  ddmd_error *err)
{
    enum ddmd_status status = DDMD_OK;
    const ddmd_config *config = ddmd_process_config(f->process);
    ddmd_idle *idle = NULL;
    ddmd_message *message = NULL;
    ddmd_unproductive list = {.model_version = f->version};
    DDMD_TRY(ddmd_find_idle(config, set->simulation, set->index, is_outlier, set->n, &idle, &list.n,
                            err));
    list.simulations = idle;
    DDMD_TRY(ddmd_unproductive_encode(&list, &message, err));
    DDMD_TRY(ddmd_outbox_put(f->outbox, &message, -1, NULL, err));
out:
    ddmd_message_destroy(&message);
    free(idle);
    return status;
}

static enum ddmd_status rank(infer *f, ddmd_error *err)
{
    enum ddmd_status status = DDMD_OK;
    ddmd_feature_set set = {0};
    ddmd_selection selection = {0};
    float *latent = NULL;
    double from_s = ddmd_clock_monotonic();
    const ddmd_config *config = ddmd_process_config(f->process);
    ddmd_process_now(f->process, DDMD_ACTIVITY_unpack, "contact maps of ranking %u", f->round + 1);
    DDMD_TRY(ddmd_feature_window_take(f->window, f->capacity, &set, err));
    ddmd_process_now(f->process, DDMD_ACTIVITY_compute, "ranking %u", f->round + 1);
    if (f->version)
        DDMD_TRY(embed(f, &set, &latent, err));
    const ddmd_candidates candidates = {
        .n = set.n,
        .n_points = latent ? set.maps.n_maps : set.n,
        .dim = latent ? f->dim : 0,
        .latent = latent,
        .point_of = latent ? set.maps.point_of : NULL,
        .rmsd_nm = ddmd_process_subject(f->process)->n_rmsd_atoms ? set.rmsd_nm : NULL,
        .simulation = set.simulation,
    };
    ddmd_select_options options = ddmd_campaign_select_options(config, f->round + 1, set.n);
    options.mark_outliers = config->selection.cull_after_ns > 0;
    DDMD_TRY(ddmd_select(f->strategy.name, &candidates, &options, &selection, err));
    if (selection.is_outlier)
        DDMD_TRY(send_idle(f, &set, selection.is_outlier, err));
    DDMD_TRY(send_ranking(f, &set, &selection, from_s, err));
    f->ranked = set.first + set.n;
    ddmd_process_done(f->process, f->ranked);
out:
    ddmd_selection_clear(&selection);
    ddmd_feature_set_clear(&set);
    free(latent);
    return status;
}

static enum ddmd_status work(void *user, ddmd_error *err)
{
    enum ddmd_status status = DDMD_OK;
    infer *f = user;
    uint64_t n = 0;
    double last_s = -INFINITY;
    const double every_s = ddmd_process_config(f->process)->streaming.rank_every_s;
    bool learns = f->strategy.needs & DDMD_STRATEGY_EMBEDDING;
    while (!atomic_load(&f->worker.stop)) {
        bool changed = false;
        double pause = last_s + every_s - ddmd_clock_monotonic();
        ddmd_process_now(f->process, DDMD_ACTIVITY_wait, "for new frames");
        if (pause > 0) {
            DDMD_TRY(ddmd_feature_window_wait(f->window, UINT64_MAX, pause, &n, err));
            continue;
        }
        bool must_wait = learns && !f->version; /* for weights, which wake */
        DDMD_TRY(ddmd_feature_window_wait(f->window, must_wait ? UINT64_MAX : f->ranked,
                                          look_every_s, &n, err));
        DDMD_TRY(load_newest(f, &changed, err));
        if (n == 0 || (n <= f->ranked && !changed) || (learns && !f->version))
            continue;
        last_s = ddmd_clock_monotonic();
        DDMD_TRY(rank(f, err));
    }
out:
    return status;
}

/* ---- the main thread ------------------------------------------------------------------------- */

static enum ddmd_status receive(void *self, ddmd_message *message, ddmd_error *err)
{
    infer *f = self;
    ddmd_weights weights;
    enum ddmd_status status;
    if (ddmd_message_kind_of(message) == DDMD_MESSAGE_FEATURES) {
        double began = ddmd_clock_thread();
        status = ddmd_feature_window_put(f->window, message, err);
        ddmd_process_part(f->process, DDMD_ACTIVITY_unpack, ddmd_clock_thread() - began);
        return status;
    }
    if (ddmd_message_kind_of(message) != DDMD_MESSAGE_WEIGHTS)
        return DDMD_OK;
    status = ddmd_weights_decode(message, &weights, err);
    if (status != DDMD_OK)
        return status;
    pthread_mutex_lock(&f->lock);
    if (weights.version > f->newest.version)
        f->newest = weights;
    pthread_mutex_unlock(&f->lock);
    ddmd_feature_window_wake(f->window);
    return DDMD_OK;
}

static void stop(void *self, bool now)
{
    (void)now; /* nobody is to start from another ranking */
    infer *f = self;
    atomic_store(&f->worker.stop, 1);
    ddmd_outbox_cancel(f->outbox);
    ddmd_feature_window_wake(f->window);
}

static bool finished(const void *self)
{
    return atomic_load(&((const infer *)self)->worker.ended);
}

static void destroy(void *self)
{
    infer *f = self;
    if (f->worker.started)
        stop(f, true);
    ddmd_worker_thread_join(&f->worker);
    ddmd_model_destroy(&f->model);
    ddmd_feature_window_destroy(&f->window);
    pthread_mutex_destroy(&f->lock);
    free(f->latents);
    free(f->latent_version);
    free(f->latent_frame);
    free(f);
}

static enum ddmd_status create(ddmd_process *process, void **self, ddmd_error *err)
{
    enum ddmd_status status = DDMD_OK;
    infer *f = NULL;
    const ddmd_config *config = ddmd_process_config(process);
    const ddmd_peer coordinator = {DDMD_ROLE_coordinator, 0};
    int channel;
    DDMD_TRY(ddmd_array_alloc(&f, 1, sizeof *f, err));
    pthread_mutex_init(&f->lock, NULL);
    f->process = process;
    f->capacity = (size_t)config->selection.max_samples;
    DDMD_TRY(ddmd_strategy_find(config->selection.strategy, &f->strategy, err));
    DDMD_TRY(ddmd_array_alloc(&f->latent_version, f->capacity, sizeof *f->latent_version, err));
    DDMD_TRY(ddmd_array_alloc(&f->latent_frame, f->capacity, sizeof *f->latent_frame, err));
    DDMD_TRY(ddmd_feature_window_create(f->capacity, ddmd_process_subject(process)->n_points,
                                        ddmd_frame_files_count(config),
                                        ddmd_process_run_dir(process), &f->window, err));
    for (uint32_t a = 0; a < ddmd_frame_files_count(config); a++)
        DDMD_TRY(ddmd_process_connect(process, (ddmd_peer){DDMD_ROLE_aggregate, a}, &channel, err));
    DDMD_TRY(ddmd_process_outbox(process, DDMD_CHANNEL_COORDINATOR, &coordinator, 1, MAX_KEPT,
                                 max_kept_bytes, &f->outbox, err));
    f->worker = (ddmd_worker_thread){.process = process, .work = work, .user = f};
    DDMD_TRY(ddmd_worker_thread_start(&f->worker, err));
    *self = f;
    f = NULL;
out:
    if (f)
        destroy(f);
    return status;
}

const ddmd_role_ops ddmd_role_infer = {
    .role = DDMD_ROLE_infer,
    .create = create,
    .destroy = destroy,
    .receive = receive,
    .stop = stop,
    .finished = finished,
};
