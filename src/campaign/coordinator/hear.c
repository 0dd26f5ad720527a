/*
 * What the coordinator makes of messages: frames that became durable, failures, models, rankings,
 * and what processes say of themselves.
 *
 * What a message changes is committed to the catalogue before the message is acknowledged.
 */
#include "campaign/coordinator/state.h"

#include "campaign/failure.h"
#include "campaign/learn.h"
#include "campaign/restart.h"
#include "core/array.h"
#include "core/try.h"
#include "stream/decisions.h"
#include "stream/frames.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

/* ---- frames ---------------------------------------------------------------------------------- */

static enum ddmd_status note_frame(ddmd_coordinator *o, const ddmd_durable_frame *frame,
                                   ddmd_error *err)
{
    enum ddmd_status status = DDMD_OK;
    ddmd_campaign *c = o->c;
    ddmd_simulation_row former, *row = ddmd_coordinator_slot(o, frame->simulation);
    if (!row) {
        row = &former;
        DDMD_TRY(ddmd_catalogue_simulation(c->catalogue, frame->simulation, row, err));
    }
    row->n_frames = (uint64_t)frame->index + 1;
    row->n_steps = frame->step;
    DDMD_TRY(ddmd_catalogue_update_simulation(c->catalogue, row, err));
    ddmd_campaign_count_frame(c, frame->simulation, frame->index, frame->rmsd_nm);
out:
    return status;
}

static enum ddmd_status note_failure(ddmd_coordinator *o, const ddmd_replica_failure *failure,
                                     ddmd_error *err)
{
    const ddmd_simulation_row *slot = ddmd_coordinator_slot(o, failure->simulation);
    if (!slot || slot->end != DDMD_END_running)
        return DDMD_OK; /* told before, or replaced in the meantime */
    ddmd_failure_note(o->c, (int)slot->replica, failure->reason);
    return ddmd_failure_store(o->c, (int)slot->replica, err);
}

static enum ddmd_status hear_durable(ddmd_coordinator *o, const ddmd_message *message,
                                     ddmd_error *err)
{
    enum ddmd_status status = DDMD_OK;
    ddmd_durable durable;
    ddmd_peer aggregator = ddmd_message_header_of(message)->sender.peer;
    DDMD_TRY(ddmd_durable_decode(message, &durable, err));
    if (aggregator.role != DDMD_ROLE_aggregate || aggregator.index >= o->files.n)
        DDMD_FAIL(err, DDMD_FORMAT, "DURABLE of a process that has no frame file");
    DDMD_TRY(ddmd_coordinator_begin(o, err));
    uint64_t *known = &o->known_rows[aggregator.index];
    for (size_t i = 0; i < durable.n_frames; i++) {
        ddmd_durable_frame frame;
        ddmd_durable_frame_at(message, i, &frame);
        if (frame.file != aggregator.index)
            DDMD_FAIL(err, DDMD_FORMAT, "DURABLE of aggregate-%u has a frame of frames-%u.h5",
                      aggregator.index, frame.file);
        if (frame.row < *known)
            continue; /* said by an earlier life of the aggregator, too */
        if (frame.row > *known)
            DDMD_FAIL(err, DDMD_EXTERNAL, "frames %llu to %llu of frames-%u.h5 were not announced",
                      (unsigned long long)*known, (unsigned long long)frame.row - 1, frame.file);
        DDMD_TRY(note_frame(o, &frame, err));
        ++*known;
    }
    for (size_t i = 0; i < durable.n_failures; i++) {
        ddmd_replica_failure failure;
        ddmd_durable_failure(message, i, &failure);
        DDMD_TRY(note_failure(o, &failure, err));
    }
out:
    return status;
}

/* ---- models and rankings --------------------------------------------------------------------- */

/* Keep what is told of one model of a training; a trainer that began anew tells it again. */
static enum ddmd_status collect_model(ddmd_coordinator *o, const ddmd_weights *w, ddmd_error *err)
{
    enum ddmd_status status = DDMD_OK;
    size_t i = 0;
    ddmd_model_row row = {
        .version = w->version,
        .round = o->c->row.round,
        .latent_dim = (int)w->latent_dim,
        .n_samples = w->n_samples,
        .n_maps = w->n_maps,
        .epochs = (int)w->epochs,
        .train_loss = w->train_loss,
        .validation_loss = w->validation_loss,
        .train_reconstruction = w->train_reconstruction,
        .validation_reconstruction = w->validation_reconstruction,
        .kept = w->kept,
        .seconds = w->seconds,
    };
    if (strlen(w->path) >= sizeof row.file)
        DDMD_FAIL(err, DDMD_FORMAT, "the path of a checkpoint is longer than %zu bytes",
                  sizeof row.file - 1);
    memcpy(row.file, w->path, strlen(w->path) + 1);
    if (o->n_models > 0 && o->models[0].version != row.version)
        o->n_models = 0;
    while (i < o->n_models && o->models[i].latent_dim != row.latent_dim)
        i++;
    DDMD_TRY(ddmd_array_reserve(&o->models, &o->models_capacity, i + 1, sizeof *o->models, err));
    o->models[i] = row;
    if (i == o->n_models)
        o->n_models++;
out:
    return status;
}

/* A training is noted when its last model, the kept one, is heard: all of it, or nothing. */
static enum ddmd_status note_training(ddmd_coordinator *o, ddmd_error *err)
{
    enum ddmd_status status = DDMD_OK;
    ddmd_campaign *c = o->c;
    char text[256];
    DDMD_TRY(ddmd_coordinator_begin(o, err));
    for (size_t i = 0; i < o->n_models; i++) {
        const ddmd_model_row *row = &o->models[i];
        DDMD_TRY(ddmd_catalogue_add_model(c->catalogue, row, err));
        ddmd_learn_describe(c->config, row, text, sizeof text);
        ddmd_log_line(&c->log, isnan(row->train_loss) ? DDMD_LOG_WARNING : DDMD_LOG_INFO, "%s",
                      text);
    }
    c->row.model_version = o->models[0].version;
    o->n_models = 0;
out:
    return status;
}

static enum ddmd_status hear_weights(ddmd_coordinator *o, ddmd_message *message, ddmd_error *err)
{
    enum ddmd_status status = DDMD_OK;
    ddmd_weights w;
    ddmd_message *copy = NULL;
    DDMD_TRY(ddmd_weights_decode(message, &w, err));
    if (w.version <= o->c->row.model_version)
        return DDMD_OK; /* said before */
    DDMD_TRY(collect_model(o, &w, err));
    if (!w.kept)
        return DDMD_OK;
    DDMD_TRY(note_training(o, err));
    DDMD_TRY(ddmd_weights_encode(&w, &copy, err));
    ddmd_message_destroy(&o->weights);
    o->weights = copy;
    copy = ddmd_message_share(copy);
    DDMD_TRY(ddmd_process_send(o->process, DDMD_CHANNEL_COORDINATOR,
                               (ddmd_peer){DDMD_ROLE_infer, 0}, &copy, err));
out:
    return status;
}

static enum ddmd_status hear_model_check(ddmd_coordinator *o, const ddmd_message *message,
                                         ddmd_error *err)
{
    enum ddmd_status status = DDMD_OK;
    ddmd_model_check check;
    char text[256];
    DDMD_TRY(ddmd_model_check_decode(message, &check, err));
    const ddmd_model_check_row row = {
        .round = o->c->row.round,
        .version = check.version,
        .n_frames = check.n_frames,
        .n_maps = check.n_maps,
        .reconstruction = check.reconstruction,
        .reference_reconstruction = check.reference_reconstruction,
        .trained = check.trained,
    };
    DDMD_TRY(ddmd_coordinator_begin(o, err));
    DDMD_TRY(ddmd_catalogue_add_model_check(o->c->catalogue, &row, err));
    ddmd_learn_describe_check(&row, text, sizeof text);
    ddmd_log_line(&o->c->log, DDMD_LOG_INFO, "%s", text);
out:
    return status;
}

static enum ddmd_status hear_ranking(ddmd_coordinator *o, const ddmd_message *message,
                                     ddmd_error *err)
{
    enum ddmd_status status = DDMD_OK;
    ddmd_campaign *c = o->c;
    ddmd_ranking ranking;
    DDMD_TRY(ddmd_ranking_decode(message, &ranking, err));
    DDMD_TRY(
        ddmd_array_reserve(&o->points, &o->points_capacity, ranking.n, sizeof *o->points, err));
    ddmd_round_row round = {
        .round = c->row.round,
        .model_version = ranking.model_version,
        .n_candidates = ranking.n_candidates,
        .eps = ranking.eps,
        .n_outliers = ranking.n_outliers,
        .n_clusters = ranking.n_clusters,
        .n_points = ranking.n,
        .best_rmsd_nm = (double)ranking.best_rmsd_nm,
        .mean_rmsd_nm = (double)ranking.mean_rmsd_nm,
        .seconds = ranking.seconds,
        .decision_median_s = ranking.decision_median_s,
        .decision_p95_s = ranking.decision_p95_s,
    };
    snprintf(round.strategy, sizeof round.strategy, "%s", c->strategy.name);
    DDMD_TRY(ddmd_coordinator_begin(o, err));
    DDMD_TRY(ddmd_catalogue_add_round(c->catalogue, &round, err));
    for (size_t i = 0; i < ranking.n; i++) {
        ddmd_ranked point;
        ddmd_ranking_at(message, i, &point);
        o->points[i] = (ddmd_point_row){
            .round = round.round,
            .rank = (uint32_t)i,
            .simulation = point.simulation,
            .frame = point.frame,
            .score = point.score,
            .lof = point.lof,
            .rmsd_nm = (double)point.rmsd_nm,
            .cluster = point.cluster,
            .used_by = -1,
        };
    }
    o->n_points = ranking.n;
    o->next_point = 0;
    o->points_stored = false;
    o->n_restarts = 0;
    o->n_outliers = ranking.n_outliers;
    o->ranking = round.round;
    c->row.round++;
    c->row.round_frame = c->row.n_frames;
out:
    return status;
}

static enum ddmd_status hear_unproductive(ddmd_coordinator *o, const ddmd_message *message,
                                          ddmd_error *err)
{
    ddmd_unproductive list;
    enum ddmd_status status = ddmd_unproductive_decode(message, &list, err);
    if (status != DDMD_OK)
        return status;
    for (int r = 0; r < o->c->n_replicas; r++)
        o->states[r].cull = false; /* what went on may have found something since */
    for (size_t i = 0; i < list.n; i++) {
        ddmd_idle idle;
        ddmd_unproductive_at(message, i, &idle);
        const ddmd_simulation_row *slot = ddmd_coordinator_slot(o, idle.simulation);
        if (slot)
            o->states[slot->replica].cull = true;
    }
    return DDMD_OK;
}

/* ---- processes ------------------------------------------------------------------------------- */

/* Of a process's monotonic clock, which is ours. */
static double campaign_time(const ddmd_coordinator *o, double monotonic_s)
{
    return fmax(0, monotonic_s - o->c->began_s + o->c->elapsed_before);
}

/*
 * Where it is the first that is heard of a simulator's life: give it its simulations, new ones or
 * what its last life left.
 */
static enum ddmd_status hear_simulator(ddmd_coordinator *o, const ddmd_identity *who,
                                       ddmd_error *err)
{
    enum ddmd_status status = DDMD_OK;
    ddmd_campaign *c = o->c;
    int first, n;
    if (who->peer.role != DDMD_ROLE_simulate || who->peer.index >= (uint32_t)o->n_workers ||
        o->stage != DDMD_STAGE_running || o->epochs[who->peer.index] == who->epoch)
        return DDMD_OK;
    o->epochs[who->peer.index] = who->epoch;
    ddmd_simulator_share(c->config, (int)who->peer.index, &first, &n);
    DDMD_TRY(ddmd_coordinator_begin(o, err));
    for (int r = first; r < first + n; r++) {
        const ddmd_simulation_row *slot = &c->slots[r];
        bool begun = slot->n_frames > 0;
        const ddmd_origin from = {
            .simulation = begun ? (int64_t)slot->id : slot->parent_simulation,
            .frame = begun ? (int64_t)slot->n_frames - 1 : slot->parent_frame,
            .rank = -1,
            .goes_on = begun || slot->velocities_kept,
        };
        if (o->states[r].to_assign || slot->end == DDMD_END_failed)
            continue; /* it was never sent, or ddmd_coordinator_decide() finds another */
        DDMD_TRY(ddmd_restart_slot(c, r, &from, c->row.round - 1, DDMD_END_replaced, err));
        o->states[r] = (ddmd_slot_state){.to_assign = true};
    }
out:
    return status;
}

/* Infer needs the newest weights whenever it asks, and where it was not heard of in this life. */
static enum ddmd_status hear_infer(ddmd_coordinator *o, const ddmd_identity *who, bool asks,
                                   ddmd_error *err)
{
    if (!o->weights || (!asks && o->infer_epoch == who->epoch))
        return DDMD_OK;
    o->infer_epoch = who->epoch;
    ddmd_message *copy = ddmd_message_share(o->weights);
    return ddmd_process_send(o->process, DDMD_CHANNEL_COORDINATOR, who->peer, &copy, err);
}

/* HELLO, which may be lost, and HEARTBEAT: the process lives. */
static enum ddmd_status hear_alive(ddmd_coordinator *o, const ddmd_message *message,
                                   ddmd_error *err)
{
    const ddmd_identity *who = &ddmd_message_header_of(message)->sender;
    bool asks = ddmd_message_kind_of(message) == DDMD_MESSAGE_HELLO;
    return who->peer.role == DDMD_ROLE_infer ? hear_infer(o, who, asks, err)
                                             : hear_simulator(o, who, err);
}

static enum ddmd_status hear_activity(ddmd_coordinator *o, const ddmd_message *message,
                                      ddmd_error *err)
{
    enum ddmd_status status = DDMD_OK;
    ddmd_peer who = ddmd_message_header_of(message)->sender.peer;
    ddmd_activity activity;
    DDMD_TRY(ddmd_activity_decode(message, &activity, err));
    DDMD_TRY(ddmd_coordinator_begin(o, err));
    for (size_t i = 0; i < activity.n; i++) {
        ddmd_activity_span span = ddmd_activity_span_at(message, i);
        DDMD_TRY(ddmd_catalogue_add_activity(o->c->catalogue, ddmd_role_name(who.role),
                                             (int)who.index, ddmd_activity_name(span.kind),
                                             o->c->row.round, campaign_time(o, span.from_s),
                                             campaign_time(o, span.to_s), err));
    }
out:
    return status;
}

/* What a process says of its own end. A full disk or bad input would end the next one as well. */
static enum ddmd_status hear_failed(ddmd_coordinator *o, const ddmd_message *message,
                                    ddmd_error *err)
{
    enum ddmd_status status = DDMD_OK;
    ddmd_failed failed;
    char name[DDMD_PEER_NAME_SIZE];
    DDMD_TRY(ddmd_failed_decode(message, &failed, err));
    ddmd_peer_name(ddmd_message_header_of(message)->sender.peer, name);
    if (failed.error.status == DDMD_EXTERNAL || failed.error.status == DDMD_TIMEOUT) {
        char text[DDMD_ERROR_MESSAGE_SIZE + 64];
        snprintf(text, sizeof text, "process %s: %s", name, failed.error.message);
        ddmd_coordinator_warn(o, text);
        return DDMD_OK;
    }
    /* FORMAT is of a file, for what it says here is not of the message. */
    status = failed.error.status == DDMD_FORMAT ? DDMD_IO : failed.error.status;
    DDMD_FAIL(err, status, "process %s: %s", name, failed.error.message);
out:
    return status;
}

enum ddmd_status ddmd_coordinator_hear(void *self, ddmd_message *message, ddmd_error *err)
{
    ddmd_coordinator *o = self;
    if (!ddmd_children_heard(o->children, &ddmd_message_header_of(message)->sender))
        return DDMD_OK; /* sent by a process that is no more */
    switch (ddmd_message_kind_of(message)) {
    case DDMD_MESSAGE_HELLO:
    case DDMD_MESSAGE_HEARTBEAT:
        return hear_alive(o, message, err);
    case DDMD_MESSAGE_DURABLE:
        return hear_durable(o, message, err);
    case DDMD_MESSAGE_WEIGHTS:
        return hear_weights(o, message, err);
    case DDMD_MESSAGE_MODEL_CHECK:
        return hear_model_check(o, message, err);
    case DDMD_MESSAGE_RANKING:
        return hear_ranking(o, message, err);
    case DDMD_MESSAGE_UNPRODUCTIVE:
        return hear_unproductive(o, message, err);
    case DDMD_MESSAGE_ACTIVITY:
        return hear_activity(o, message, err);
    case DDMD_MESSAGE_FAILED:
        return hear_failed(o, message, err);
    default:
        return DDMD_OK;
    }
}
