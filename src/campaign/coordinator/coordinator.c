/*
 * The coordinator: owns the catalogue and the restart pool, hears what became durable, what was
 * learnt and ranked, and decides what each replica does next.
 *
 * What a message changes is committed to the catalogue before the message is acknowledged. A
 * replica is free once its simulation is a segment long, has failed, or is to be culled; it then
 * takes the best point of the newest ranking that nobody has taken, and goes on with what it has
 * where there is none. When its process dies, what it simulated goes on under a new number from the
 * last frame that is durable: so a simulation is always one piece of work of one process, whatever
 * of it was still under way.
 */
#include "campaign/coordinator/coordinator.h"

#include "campaign/coordinator/children.h"
#include "campaign/restart.h"
#include "campaign/role/roles.h"
#include "campaign/run_directory.h"
#include "campaign/start_states.h"
#include "core/array.h"
#include "core/clock.h"
#include "core/try.h"
#include "stream/address.h"
#include "stream/decisions.h"
#include "stream/frames.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

/* Processes that were asked to end have so long; log lines that sum up come so often. */
static const double grace_s = 20, tell_every_s = 10;

/* What the coordinator remembers of a slot beside its row. */
typedef struct slot_state {
    bool to_assign; /* its simulation is still to be sent to its process */
    bool cull;      /* it finds nothing new */
} slot_state;

typedef enum stage {
    RUNNING,
    ENDING_SIMULATORS,
    ENDING_LEARNERS,
    ENDING_AGGREGATORS,
    HEARING_OUT, /* what the last ones said */
    ENDED
} stage;

typedef struct coordinator {
    ddmd_campaign *c;
    ddmd_process *process;
    char *sockets;
    uint64_t id;
    ddmd_children *children;
    ddmd_frame_file *files[DDMD_AGGREGATORS]; /* to read from */
    slot_state *states;                       /* [n_replicas] */
    int n_workers;
    uint32_t *epochs; /* [n_workers] lives of the simulators that have their simulations */

    ddmd_point_row *points; /* of the newest ranking, best first */
    size_t n_points, points_capacity, next_point;
    uint32_t ranking;    /* its number; 0: there was none */
    bool points_stored;  /* in the catalogue */
    uint64_t n_restarts; /* from this ranking */
    uint64_t n_outliers;
    ddmd_message *weights; /* WEIGHTS that infer is to use; NULL: none yet */

    bool in_transaction;
    stage stage;
    bool interrupted;
    char *reason; /* the caller's: the stop rule that holds */
    size_t reason_size;
    double told_s;
    uint64_t told_frames;
} coordinator;

/* ---- the catalogue --------------------------------------------------------------------------- */

static enum ddmd_status begin(coordinator *o, ddmd_error *err)
{
    if (o->in_transaction)
        return DDMD_OK;
    enum ddmd_status status = ddmd_catalogue_begin(o->c->catalogue, err);
    o->in_transaction = status == DDMD_OK;
    return status;
}

static enum ddmd_status commit(coordinator *o, ddmd_error *err)
{
    enum ddmd_status status = DDMD_OK;
    if (!o->in_transaction)
        return DDMD_OK;
    DDMD_TRY(ddmd_campaign_put_row(o->c, err));
    DDMD_TRY(ddmd_catalogue_commit(o->c->catalogue, err));
    o->in_transaction = false;
out:
    return status;
}

/* Of a process's monotonic clock, which is ours. */
static double campaign_time(const coordinator *o, double monotonic_s)
{
    return fmax(0, monotonic_s - o->c->began_s + o->c->elapsed_before);
}

static enum ddmd_status note_event(coordinator *o, const char *level, int64_t simulation,
                                   const char *text, ddmd_error *err)
{
    enum ddmd_status status = begin(o, err);
    return status == DDMD_OK
               ? ddmd_catalogue_add_event(o->c->catalogue, level, simulation, text, err)
               : status;
}

static void child_event(void *user, const char *text)
{
    coordinator *o = user;
    ddmd_log_line(&o->c->log, DDMD_LOG_WARNING, "%s", text);
    (void)note_event(o, "warning", -1, text, NULL);
}

static uint64_t known(void *user, ddmd_peer peer)
{
    const ddmd_progress_row *row = &((const coordinator *)user)->c->row;
    return peer.role == DDMD_ROLE_aggregate ? row->n_frames
           : peer.role == DDMD_ROLE_train   ? row->model_version
                                            : 0;
}

/* ---- frames ---------------------------------------------------------------------------------- */

/* The slot that runs a simulation, NULL: none does (any more). */
static ddmd_simulation_row *slot_of(const coordinator *o, uint32_t simulation)
{
    for (int r = 0; r < o->c->n_replicas; r++)
        if (o->c->slots[r].id == simulation)
            return &o->c->slots[r];
    return NULL;
}

static enum ddmd_status note_frame(coordinator *o, const ddmd_durable_frame *frame, ddmd_error *err)
{
    enum ddmd_status status = DDMD_OK;
    ddmd_campaign *c = o->c;
    ddmd_simulation_row former, *row = slot_of(o, frame->simulation);
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

static enum ddmd_status note_failure(coordinator *o, const ddmd_replica_failure *failure,
                                     ddmd_error *err)
{
    enum ddmd_status status = DDMD_OK;
    ddmd_campaign *c = o->c;
    ddmd_simulation_row *slot = slot_of(o, failure->simulation);
    int failures;
    if (!slot || slot->end != DDMD_END_running)
        return DDMD_OK; /* told before, or replaced in the meantime */
    slot->end = DDMD_END_failed;
    snprintf(slot->reason, sizeof slot->reason, "%s", failure->reason);
    ddmd_log_line(&c->log, DDMD_LOG_WARNING, "simulation %u (replica %u) failed: %s", slot->id,
                  slot->replica, slot->reason);
    DDMD_TRY(ddmd_catalogue_update_simulation(c->catalogue, slot, err));
    DDMD_TRY(note_event(o, "warning", slot->id, slot->reason, err));
    /* A simulation that got under way says nothing against its start. */
    if (slot->n_frames == 0)
        DDMD_TRY(ddmd_catalogue_count_failure(c->catalogue, slot->parent_simulation,
                                              slot->parent_frame, &failures, err));
out:
    return status;
}

static enum ddmd_status hear_durable(coordinator *o, const ddmd_message *message, ddmd_error *err)
{
    enum ddmd_status status = DDMD_OK;
    ddmd_durable durable;
    DDMD_TRY(ddmd_durable_decode(message, &durable, err));
    DDMD_TRY(begin(o, err));
    for (size_t i = 0; i < durable.n_frames; i++) {
        ddmd_durable_frame frame;
        ddmd_durable_frame_at(message, i, &frame);
        if (frame.row < o->c->row.n_frames)
            continue; /* said by an earlier life of the aggregator, too */
        if (frame.row > o->c->row.n_frames)
            DDMD_FAIL(err, DDMD_EXTERNAL, "frames %llu to %llu of frames-%u.h5 were not announced",
                      (unsigned long long)o->c->row.n_frames, (unsigned long long)frame.row - 1,
                      frame.file);
        DDMD_TRY(note_frame(o, &frame, err));
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

static enum ddmd_status hear_weights(coordinator *o, ddmd_message *message, ddmd_error *err)
{
    enum ddmd_status status = DDMD_OK;
    ddmd_campaign *c = o->c;
    ddmd_weights w;
    DDMD_TRY(ddmd_weights_decode(message, &w, err));
    if (w.version <= c->row.model_version)
        return DDMD_OK; /* said before */
    ddmd_model_row row = {
        .version = w.version,
        .round = c->row.round,
        .latent_dim = (int)w.latent_dim,
        .n_samples = w.n_samples,
        .n_maps = w.n_samples,
        .epochs = (int)w.epochs,
        .train_loss = w.train_loss,
        .validation_loss = w.validation_loss,
        .train_reconstruction = w.train_reconstruction,
        .validation_reconstruction = w.validation_reconstruction,
        .kept = w.kept,
        .seconds = w.seconds,
    };
    if (strlen(w.path) >= sizeof row.file)
        DDMD_FAIL(err, DDMD_FORMAT, "the path of a checkpoint is longer than %zu bytes",
                  sizeof row.file - 1);
    memcpy(row.file, w.path, strlen(w.path) + 1);
    DDMD_TRY(begin(o, err));
    DDMD_TRY(ddmd_catalogue_add_model(c->catalogue, &row, err));
    ddmd_log_line(&c->log, DDMD_LOG_INFO,
                  "%s latent_dim %u trained on %llu frames, %u epochs, in %.1f s: loss %.2f, held "
                  "out %.2f%s",
                  c->config->model.kind, w.latent_dim, (unsigned long long)w.n_samples, w.epochs,
                  w.seconds, w.train_loss, w.validation_loss,
                  w.kept && c->config->model.latent_dim.n > 1 ? " (kept)" : "");
    if (!w.kept)
        return DDMD_OK;
    c->row.model_version = w.version;
    ddmd_message *copy = NULL;
    DDMD_TRY(ddmd_weights_encode(&w, &copy, err));
    ddmd_message_destroy(&o->weights);
    o->weights = copy;
    copy = ddmd_message_share(copy);
    DDMD_TRY(ddmd_process_send(o->process, DDMD_CHANNEL_COORDINATOR,
                               (ddmd_peer){DDMD_ROLE_infer, 0}, &copy, err));
out:
    return status;
}

static enum ddmd_status hear_ranking(coordinator *o, const ddmd_message *message, ddmd_error *err)
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
    DDMD_TRY(begin(o, err));
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

static enum ddmd_status hear_unproductive(coordinator *o, const ddmd_message *message,
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
        const ddmd_simulation_row *slot = slot_of(o, idle.simulation);
        if (slot)
            o->states[slot->replica].cull = true;
    }
    return DDMD_OK;
}

/* ---- processes ------------------------------------------------------------------------------- */

/* The simulations of a process that has started: new ones, or what its last life left. */
static enum ddmd_status hear_simulator(coordinator *o, const ddmd_identity *who, ddmd_error *err)
{
    enum ddmd_status status = DDMD_OK;
    ddmd_campaign *c = o->c;
    int first, n;
    if (who->peer.index >= (uint32_t)o->n_workers || o->stage != RUNNING ||
        o->epochs[who->peer.index] == who->epoch)
        return DDMD_OK;
    o->epochs[who->peer.index] = who->epoch;
    ddmd_simulator_share(c->config, (int)who->peer.index, &first, &n);
    DDMD_TRY(begin(o, err));
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
            continue; /* it was never sent, or decide() finds another */
        DDMD_TRY(ddmd_restart_slot(c, r, &from, c->row.round - 1, DDMD_END_replaced, err));
        o->states[r] = (slot_state){.to_assign = true};
    }
out:
    return status;
}

static enum ddmd_status hear_hello(coordinator *o, const ddmd_message *message, ddmd_error *err)
{
    const ddmd_identity *who = &ddmd_message_header_of(message)->sender;
    if (who->peer.role == DDMD_ROLE_simulate)
        return hear_simulator(o, who, err);
    if (who->peer.role != DDMD_ROLE_infer || !o->weights)
        return DDMD_OK;
    ddmd_message *copy = ddmd_message_share(o->weights);
    return ddmd_process_send(o->process, DDMD_CHANNEL_COORDINATOR, who->peer, &copy, err);
}

static enum ddmd_status hear_activity(coordinator *o, const ddmd_message *message, ddmd_error *err)
{
    enum ddmd_status status = DDMD_OK;
    ddmd_peer who = ddmd_message_header_of(message)->sender.peer;
    ddmd_activity activity;
    DDMD_TRY(ddmd_activity_decode(message, &activity, err));
    DDMD_TRY(begin(o, err));
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
static enum ddmd_status hear_failed(coordinator *o, const ddmd_message *message, ddmd_error *err)
{
    enum ddmd_status status = DDMD_OK;
    ddmd_failed failed;
    char name[DDMD_PEER_NAME_SIZE];
    DDMD_TRY(ddmd_failed_decode(message, &failed, err));
    ddmd_peer_name(ddmd_message_header_of(message)->sender.peer, name);
    if (failed.error.status == DDMD_EXTERNAL || failed.error.status == DDMD_TIMEOUT) {
        char text[DDMD_ERROR_MESSAGE_SIZE + 64];
        snprintf(text, sizeof text, "process %s: %s", name, failed.error.message);
        child_event(o, text);
        return DDMD_OK;
    }
    /* FORMAT is of a file, for what it says here is not of the message. */
    status = failed.error.status == DDMD_FORMAT ? DDMD_IO : failed.error.status;
    DDMD_FAIL(err, status, "process %s: %s", name, failed.error.message);
out:
    return status;
}

static enum ddmd_status receive(void *self, ddmd_message *message, ddmd_error *err)
{
    coordinator *o = self;
    if (!ddmd_children_heard(o->children, &ddmd_message_header_of(message)->sender))
        return DDMD_OK; /* sent by a process that is no more */
    switch (ddmd_message_kind_of(message)) {
    case DDMD_MESSAGE_HELLO:
        return hear_hello(o, message, err);
    case DDMD_MESSAGE_DURABLE:
        return hear_durable(o, message, err);
    case DDMD_MESSAGE_WEIGHTS:
        return hear_weights(o, message, err);
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

/* ---- what replicas do next ------------------------------------------------------------------- */

/* The best point that nobody has started from. */
static enum ddmd_status take_point(coordinator *o, bool *found, ddmd_origin *from, ddmd_error *err)
{
    for (;;) {
        bool taken;
        enum ddmd_status status =
            ddmd_restart_next(o->c, o->points, o->n_points, &o->next_point, found, from, err);
        if (status != DDMD_OK || !*found)
            return status;
        status = ddmd_catalogue_has_children(o->c->catalogue, (uint32_t)from->simulation,
                                             (uint32_t)from->frame, &taken, err);
        if (status != DDMD_OK || !taken)
            return status;
    }
}

/* A ranking is kept once one of its points is used. */
static enum ddmd_status use_ranking(coordinator *o, ddmd_error *err)
{
    enum ddmd_status status = DDMD_OK;
    if (!o->points_stored)
        DDMD_TRY(ddmd_catalogue_add_points(o->c->catalogue, o->points, o->n_points, err));
    o->points_stored = true;
    DDMD_TRY(ddmd_catalogue_set_restarts(o->c->catalogue, o->ranking, ++o->n_restarts, err));
out:
    return status;
}

/* Give a free slot its next simulation; one that has not failed may go on with what it has. */
static enum ddmd_status decide_slot(coordinator *o, int replica, ddmd_error *err)
{
    enum ddmd_status status = DDMD_OK;
    ddmd_campaign *c = o->c;
    bool failed = c->slots[replica].end == DDMD_END_failed, found = false;
    ddmd_origin from = {.simulation = -1, .rank = -1};
    DDMD_TRY(take_point(o, &found, &from, err));
    if (!found && !failed)
        return DDMD_OK;
    DDMD_TRY(begin(o, err));
    if (found)
        DDMD_TRY(use_ranking(o, err));
    else
        DDMD_TRY(ddmd_restart_structure(c, replica, &from, err));
    enum ddmd_end end = o->states[replica].cull ? DDMD_END_culled : DDMD_END_replaced;
    DDMD_TRY(ddmd_restart_slot(c, replica, &from, found ? o->ranking : c->row.round - 1, end, err));
    o->states[replica] = (slot_state){.to_assign = true};
out:
    return status;
}

static bool is_free(const coordinator *o, int replica)
{
    const ddmd_simulation_row *slot = &o->c->slots[replica];
    const slot_state *state = &o->states[replica];
    if (state->to_assign)
        return false;
    return slot->end == DDMD_END_failed || state->cull ||
           slot->n_frames >= (uint64_t)ddmd_subject_segment_reports(o->c->config);
}

/* Failed slots first, since they cannot go on; then what finds nothing; then the longest. */
static bool comes_before(const coordinator *o, int a, int b)
{
    const ddmd_simulation_row *slots = o->c->slots;
    bool failed = slots[a].end == DDMD_END_failed, other_failed = slots[b].end == DDMD_END_failed;
    if (failed != other_failed)
        return failed;
    if (o->states[a].cull != o->states[b].cull)
        return o->states[a].cull;
    return slots[a].n_frames > slots[b].n_frames;
}

static enum ddmd_status decide(coordinator *o, ddmd_error *err)
{
    for (;;) {
        int chosen = -1;
        for (int r = 0; r < o->c->n_replicas; r++)
            if (is_free(o, r) && (chosen < 0 || comes_before(o, r, chosen)))
                chosen = r;
        if (chosen < 0)
            return DDMD_OK;
        uint32_t before = o->c->slots[chosen].id;
        enum ddmd_status status = decide_slot(o, chosen, err);
        if (status != DDMD_OK)
            return status;
        if (o->c->slots[chosen].id == before)
            return DDMD_OK; /* there is no point left, for the others neither */
    }
}

static ddmd_peer process_of(const coordinator *o, int replica)
{
    for (int w = 0; w < o->n_workers; w++) {
        int first, n;
        ddmd_simulator_share(o->c->config, w, &first, &n);
        if (replica < first + n)
            return (ddmd_peer){DDMD_ROLE_simulate, (uint32_t)w};
    }
    return (ddmd_peer){DDMD_ROLE_simulate, 0};
}

/* Send a slot's simulation to its process; it stays to be sent where that is not there. */
static enum ddmd_status assign(coordinator *o, int replica, ddmd_error *err)
{
    enum ddmd_status status = DDMD_OK;
    ddmd_start_states states = {0};
    ddmd_message *message = NULL;
    ddmd_error why = {0};
    DDMD_TRY(ddmd_start_states_gather(o->c, o->files, DDMD_AGGREGATORS, replica, 1, &states, err));
    const ddmd_assign order = {
        .replica = (uint32_t)replica,
        .simulation = states.assignments->simulation,
        .first_frame = states.assignments->first_frame,
        .first_step = states.assignments->first_step,
        .temperature_kelvin = states.assignments->temperature_kelvin,
        .n_atoms = (size_t)o->c->subject->system->n_atoms,
        .positions = states.assignments->positions,
        .velocities = states.assignments->velocities,
    };
    DDMD_TRY(ddmd_assign_encode(&order, &message, err));
    status = ddmd_process_try_send(o->process, DDMD_CHANNEL_COORDINATOR, process_of(o, replica),
                                   message, &why);
    if (status == DDMD_OK)
        o->states[replica].to_assign = false;
    else if (status == DDMD_TIMEOUT || status == DDMD_IO)
        status = DDMD_OK;
    else
        DDMD_FAIL(err, status, "%s", why.message);
out:
    ddmd_message_destroy(&message);
    ddmd_start_states_clear(&states);
    return status;
}

static enum ddmd_status assign_all(coordinator *o, ddmd_error *err)
{
    enum ddmd_status status = DDMD_OK;
    bool refreshed = false;
    for (int r = 0; r < o->c->n_replicas; r++) {
        if (!o->states[r].to_assign)
            continue;
        for (size_t f = 0; f < DDMD_AGGREGATORS && !refreshed; f++)
            DDMD_TRY(ddmd_frame_file_refresh(o->files[f], err));
        refreshed = true;
        DDMD_TRY(assign(o, r, err));
    }
out:
    return status;
}

/* ---- beginning, turns, end ------------------------------------------------------------------- */

static enum ddmd_status tell_stop(coordinator *o, enum ddmd_role role, bool now, ddmd_error *err)
{
    enum ddmd_status status = DDMD_OK;
    const ddmd_stop stop = {.now = now};
    for (size_t i = 0; i < ddmd_children_count(o->children); i++) {
        ddmd_peer peer;
        ddmd_message *message = NULL;
        if (!ddmd_children_runs(o->children, i, &peer) || peer.role != role)
            continue;
        DDMD_TRY(ddmd_stop_encode(&stop, &message, err));
        DDMD_TRY(ddmd_process_send(o->process, DDMD_CHANNEL_COORDINATOR, peer, &message, err));
    }
    ddmd_children_let_end(o->children, role, grace_s);
out:
    return status;
}

/* Simulators first, then those who learn; the aggregators last, when nobody sends them frames. */
static enum ddmd_status end_step(coordinator *o, ddmd_error *err)
{
    enum ddmd_status status = DDMD_OK;
    switch (o->stage) {
    case RUNNING:
        DDMD_TRY(tell_stop(o, DDMD_ROLE_simulate, false, err));
        o->stage = ENDING_SIMULATORS;
        break;
    case ENDING_SIMULATORS:
        if (!ddmd_children_ended(o->children, DDMD_ROLE_simulate))
            break;
        DDMD_TRY(tell_stop(o, DDMD_ROLE_train, true, err));
        DDMD_TRY(tell_stop(o, DDMD_ROLE_infer, true, err));
        o->stage = ENDING_LEARNERS;
        break;
    case ENDING_LEARNERS:
        if (!ddmd_children_ended(o->children, DDMD_ROLE_train) ||
            !ddmd_children_ended(o->children, DDMD_ROLE_infer))
            break;
        DDMD_TRY(tell_stop(o, DDMD_ROLE_aggregate, true, err));
        o->stage = ENDING_AGGREGATORS;
        break;
    case ENDING_AGGREGATORS:
        if (!ddmd_children_ended(o->children, DDMD_ROLE_aggregate))
            break;
        o->stage = HEARING_OUT;
        ddmd_process_wake(o->process);
        break;
    case HEARING_OUT:
        o->stage = ENDED;
        ddmd_process_stop(o->process);
        break;
    case ENDED:
        break;
    }
out:
    return status;
}

static void sum_up(coordinator *o)
{
    ddmd_campaign *c = o->c;
    double now = ddmd_clock_monotonic();
    c->simulating_s = now - c->began_s;
    ddmd_campaign_tell(c, DDMD_PHASE_simulate, (double)NAN, false, "model %u, ranking %u",
                       c->row.model_version, o->ranking);
    if (now - o->told_s < tell_every_s)
        return;
    char best[96];
    ddmd_campaign_describe_best(c, best, sizeof best);
    ddmd_log_line(
        &c->log, DDMD_LOG_INFO,
        "%.4g ns, %llu frames (%llu new); model %u, ranking %u: %llu outliers, %zu restart "
        "points, %llu used%s",
        ddmd_campaign_simulated_ns(c), (unsigned long long)c->row.n_frames,
        (unsigned long long)(c->row.n_frames - o->told_frames), c->row.model_version, o->ranking,
        (unsigned long long)o->n_outliers, o->n_points, (unsigned long long)o->n_restarts, best);
    o->told_s = now;
    o->told_frames = c->row.n_frames;
}

static enum ddmd_status turn(void *self, ddmd_error *err)
{
    enum ddmd_status status = DDMD_OK;
    coordinator *o = self;
    ddmd_campaign *c = o->c;
    DDMD_TRY(ddmd_children_turn(o->children, err));
    if (o->stage == RUNNING) {
        DDMD_TRY(decide(o, err));
        DDMD_TRY(commit(o, err)); /* assignments are in the catalogue before they are sent */
        DDMD_TRY(assign_all(o, err));
        sum_up(o);
    }
    o->interrupted = o->interrupted || ddmd_campaign_stop_asked(c);
    if (o->stage != RUNNING || o->interrupted ||
        ddmd_campaign_enough(c, true, o->reason, o->reason_size))
        DDMD_TRY(end_step(o, err));
    DDMD_TRY(commit(o, err));
out:
    return status;
}

static bool may_acknowledge(const void *self)
{
    return !((const coordinator *)self)->in_transaction;
}

static bool finished(const void *self)
{
    return ((const coordinator *)self)->stage == ENDED;
}

/* Everything but the process, which is not there yet. */
static enum ddmd_status prepare(coordinator *o, ddmd_error *err)
{
    enum ddmd_status status = DDMD_OK;
    ddmd_campaign *c = o->c;
    ddmd_peer *peers = NULL;
    size_t n = 0;
    char *path = NULL;
    ddmd_model_row newest;
    o->n_workers = ddmd_simulator_workers(c->config);
    bool learns = c->strategy.needs & DDMD_STRATEGY_EMBEDDING;
    bool ranks = c->strategy.needs & DDMD_STRATEGY_RESTARTS;
    DDMD_TRY(ddmd_array_alloc(&o->states, (size_t)c->n_replicas, sizeof *o->states, err));
    DDMD_TRY(ddmd_array_alloc(&o->epochs, (size_t)o->n_workers, sizeof *o->epochs, err));
    DDMD_TRY(
        ddmd_array_alloc(&peers, (size_t)o->n_workers + DDMD_AGGREGATORS + 2, sizeof *peers, err));
    for (int a = 0; a < DDMD_AGGREGATORS; a++)
        peers[n++] = (ddmd_peer){DDMD_ROLE_aggregate, (uint32_t)a};
    for (int w = 0; w < o->n_workers; w++)
        peers[n++] = (ddmd_peer){DDMD_ROLE_simulate, (uint32_t)w};
    if (learns)
        peers[n++] = (ddmd_peer){DDMD_ROLE_train, 0};
    if (ranks)
        peers[n++] = (ddmd_peer){DDMD_ROLE_infer, 0};
    if (getrandom(&o->id, sizeof o->id, 0) != (ssize_t)sizeof o->id)
        DDMD_FAIL(err, DDMD_EXTERNAL, "no random numbers from the system");
    DDMD_TRY(ddmd_socket_directory_create(&o->sockets, err));
    const ddmd_children_options options = {
        .run_dir = c->run_dir,
        .sockets = o->sockets,
        .campaign = o->id,
        .timeout_s = c->config->streaming.timeout_s,
        .retries = c->config->streaming.retries,
        .event = child_event,
        .known = known,
        .user = o,
    };
    DDMD_TRY(ddmd_children_create(peers, n, &options, &o->children, err));
    DDMD_TRY(ddmd_run_path(&path, c->run_dir, "frames-0.h5", err));
    DDMD_TRY(ddmd_frame_file_open(path, &o->files[0], err));
    if (c->row.next_simulation == 0) {
        DDMD_TRY(ddmd_restart_first(c, err));
        for (int r = 0; r < c->n_replicas; r++)
            o->states[r].to_assign = true;
    }
    DDMD_TRY(ddmd_catalogue_newest_model(c->catalogue, &newest, err));
    if (newest.version > 0) {
        ddmd_weights w = {
            .version = newest.version, .latent_dim = (uint32_t)newest.latent_dim, .kept = true};
        snprintf(w.path, sizeof w.path, "%s", newest.file);
        DDMD_TRY(ddmd_weights_encode(&w, &o->weights, err));
    }
    o->told_s = ddmd_clock_monotonic();
    o->told_frames = c->row.n_frames;
out:
    free(peers);
    free(path);
    return status;
}

static enum ddmd_status create(ddmd_process *process, void **self, ddmd_error *err)
{
    (void)err;
    coordinator *o = ddmd_process_user(process);
    o->process = process;
    *self = o;
    return DDMD_OK;
}

static const ddmd_role_ops coordinate = {
    .role = DDMD_ROLE_coordinator,
    .create = create,
    .receive = receive,
    .turn = turn,
    .may_acknowledge = may_acknowledge,
    .finished = finished,
};

enum ddmd_status ddmd_coordinate(ddmd_campaign *c, char *reason, size_t reason_size,
                                 ddmd_error *err)
{
    enum ddmd_status status = DDMD_OK;
    coordinator o = {.c = c, .reason = reason, .reason_size = reason_size};
    DDMD_TRY(prepare(&o, err));
    const ddmd_process_start start = {
        .run_dir = c->run_dir,
        .sockets = o.sockets,
        .identity = {.campaign = o.id, .peer = {DDMD_ROLE_coordinator, 0}, .epoch = 1},
        .user = &o,
    };
    DDMD_TRY(ddmd_process_run(&coordinate, &start, err));
    if (o.interrupted)
        DDMD_FAIL(err, DDMD_CANCELLED, "interrupted");
out:
    ddmd_children_destroy(&o.children);
    if (o.in_transaction)
        ddmd_catalogue_rollback(c->catalogue);
    for (size_t f = 0; f < DDMD_AGGREGATORS; f++)
        ddmd_frame_file_close(&o.files[f]);
    ddmd_message_destroy(&o.weights);
    ddmd_socket_directory_remove(&o.sockets);
    free(o.points);
    free(o.states);
    free(o.epochs);
    return status;
}
