/*
 * The coordinator: owns the catalogue and the restart pool, hears what became durable, what was
 * learnt and ranked, and decides what each replica does next. Here is how it is set up, and what
 * its turns are made of.
 */
#include "campaign/coordinator/coordinator.h"

#include "campaign/coordinator/state.h"
#include "campaign/restart.h"
#include "core/array.h"
#include "core/clock.h"
#include "core/try.h"
#include "stream/address.h"
#include "stream/decisions.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/random.h>

/* Log lines that sum up come so often. */
static const double tell_every_s = 10;

static uint64_t known(void *user, ddmd_peer peer)
{
    const ddmd_coordinator *o = user;
    return peer.role == DDMD_ROLE_aggregate ? o->known_rows[peer.index]
           : peer.role == DDMD_ROLE_train   ? o->c->row.model_version
                                            : 0;
}

static void sum_up(ddmd_coordinator *o)
{
    ddmd_campaign *c = o->c;
    double now = ddmd_clock_monotonic();
    c->simulating_s = now - c->began_s;
    c->simulated_ns = ddmd_campaign_simulated_ns(c) - o->began_ns;
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
    ddmd_coordinator *o = self;
    ddmd_campaign *c = o->c;
    DDMD_TRY(ddmd_children_turn(o->children, err));
    if (o->stage == DDMD_STAGE_running) {
        DDMD_TRY(ddmd_coordinator_decide(o, err));
        /* Assignments are in the catalogue before they are sent. */
        DDMD_TRY(ddmd_coordinator_commit(o, err));
        DDMD_TRY(ddmd_coordinator_assign(o, err));
        sum_up(o);
    }
    o->interrupted = o->interrupted || ddmd_campaign_stop_asked(c);
    if (o->stage != DDMD_STAGE_running || o->interrupted ||
        ddmd_campaign_enough(c, true, o->reason, o->reason_size))
        DDMD_TRY(ddmd_coordinator_wind_up(o, err));
    DDMD_TRY(ddmd_coordinator_commit(o, err));
out:
    return status;
}

static bool may_acknowledge(const void *self)
{
    return !((const ddmd_coordinator *)self)->in_transaction;
}

static bool finished(const void *self)
{
    return ((const ddmd_coordinator *)self)->stage == DDMD_STAGE_ended;
}

/* The processes of the campaign, those who take what others give first. */
static enum ddmd_status make_children(ddmd_coordinator *o, ddmd_error *err)
{
    enum ddmd_status status = DDMD_OK;
    const ddmd_campaign *c = o->c;
    ddmd_peer *peers = NULL;
    size_t n = 0;
    const ddmd_children_options options = {
        .run_dir = c->run_dir,
        .sockets = o->sockets,
        .campaign = o->id,
        .timeout_s = c->config->streaming.timeout_s,
        .retries = c->config->streaming.retries,
        .event = ddmd_coordinator_warn,
        .known = known,
        .user = o,
    };
    DDMD_TRY(ddmd_array_alloc(&peers, o->files.n + (size_t)o->n_workers + 2, sizeof *peers, err));
    for (uint32_t a = 0; a < o->files.n; a++)
        peers[n++] = (ddmd_peer){DDMD_ROLE_aggregate, a};
    for (int w = 0; w < o->n_workers; w++)
        peers[n++] = (ddmd_peer){DDMD_ROLE_simulate, (uint32_t)w};
    if (c->strategy.needs & DDMD_STRATEGY_EMBEDDING)
        peers[n++] = (ddmd_peer){DDMD_ROLE_train, 0};
    if (c->strategy.needs & DDMD_STRATEGY_RESTARTS)
        peers[n++] = (ddmd_peer){DDMD_ROLE_infer, 0};
    DDMD_TRY(ddmd_children_create(peers, n, &options, &o->children, err));
out:
    free(peers);
    return status;
}

/* All frames that the catalogue knows are in one of the files. */
static enum ddmd_status open_files(ddmd_coordinator *o, ddmd_error *err)
{
    enum ddmd_status status = DDMD_OK;
    const ddmd_campaign *c = o->c;
    uint64_t all = 0;
    DDMD_TRY(ddmd_frame_files_open(c->config, c->run_dir, &o->files, err));
    for (uint32_t f = 0; f < o->files.n; f++) {
        DDMD_TRY(ddmd_catalogue_file_frames(c->catalogue, f, &o->known_rows[f], err));
        all += o->known_rows[f];
    }
    if (all != c->row.n_frames)
        DDMD_FAIL(err, DDMD_FORMAT,
                  "%s: the catalogue knows %llu frames, and %llu of them in the %zu frame files of "
                  "the configuration (streaming.aggregators)",
                  c->run_dir, (unsigned long long)c->row.n_frames, (unsigned long long)all,
                  o->files.n);
out:
    return status;
}

/* The weights that infer begins with. */
static enum ddmd_status find_weights(ddmd_coordinator *o, ddmd_error *err)
{
    ddmd_model_row newest;
    enum ddmd_status status = ddmd_catalogue_newest_model(o->c->catalogue, &newest, err);
    if (status != DDMD_OK || newest.version == 0)
        return status;
    ddmd_weights w = {
        .version = newest.version, .latent_dim = (uint32_t)newest.latent_dim, .kept = true};
    snprintf(w.path, sizeof w.path, "%s", newest.file);
    return ddmd_weights_encode(&w, &o->weights, err);
}

/* Everything but the process, which is not there yet. */
static enum ddmd_status prepare(ddmd_coordinator *o, ddmd_error *err)
{
    enum ddmd_status status = DDMD_OK;
    ddmd_campaign *c = o->c;
    o->n_workers = ddmd_simulator_workers(c->config);
    DDMD_TRY(ddmd_array_alloc(&o->states, (size_t)c->n_replicas, sizeof *o->states, err));
    DDMD_TRY(ddmd_array_alloc(&o->epochs, (size_t)o->n_workers, sizeof *o->epochs, err));
    if (getrandom(&o->id, sizeof o->id, 0) != (ssize_t)sizeof o->id)
        DDMD_FAIL(err, DDMD_EXTERNAL, "no random numbers from the system");
    DDMD_TRY(open_files(o, err));
    DDMD_TRY(find_weights(o, err));
    DDMD_TRY(ddmd_socket_directory_create(&o->sockets, err));
    DDMD_TRY(make_children(o, err));
    if (c->row.next_simulation == 0) {
        DDMD_TRY(ddmd_restart_first(c, err));
        for (int r = 0; r < c->n_replicas; r++)
            o->states[r].to_assign = true;
    }
    o->began_ns = ddmd_campaign_simulated_ns(c);
    o->told_s = ddmd_clock_monotonic();
    o->told_frames = c->row.n_frames;
out:
    return status;
}

static enum ddmd_status create(ddmd_process *process, void **self, ddmd_error *err)
{
    (void)err;
    ddmd_coordinator *o = ddmd_process_user(process);
    o->process = process;
    *self = o;
    return DDMD_OK;
}

static const ddmd_role_ops coordinate = {
    .role = DDMD_ROLE_coordinator,
    .create = create,
    .receive = ddmd_coordinator_hear,
    .turn = turn,
    .may_acknowledge = may_acknowledge,
    .finished = finished,
};

enum ddmd_status ddmd_coordinate(ddmd_campaign *c, char *reason, size_t reason_size,
                                 ddmd_error *err)
{
    enum ddmd_status status = DDMD_OK;
    ddmd_coordinator o = {.c = c, .reason = reason, .reason_size = reason_size};
    DDMD_TRY(prepare(&o, err));
    const ddmd_process_start start = {
        .run_dir = c->run_dir,
        .sockets = o.sockets,
        .identity = {.campaign = o.id, .peer = {DDMD_ROLE_coordinator, 0}, .epoch = 1},
        .user = &o,
        .config = c->config,
        .subject = c->subject,
    };
    DDMD_TRY(ddmd_process_run(&coordinate, &start, err));
    if (o.interrupted)
        DDMD_FAIL(err, DDMD_CANCELLED, "interrupted");
out:
    ddmd_children_destroy(&o.children);
    if (o.in_transaction)
        ddmd_catalogue_rollback(c->catalogue);
    ddmd_frame_files_close(&o.files);
    ddmd_message_destroy(&o.weights);
    ddmd_socket_directory_remove(&o.sockets);
    free(o.models);
    free(o.points);
    free(o.states);
    free(o.epochs);
    return status;
}
