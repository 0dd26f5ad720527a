/*
 * Role simulate: advances its share of the replicas as the coordinator assigns them, and sends what
 * they report to its aggregator. A replica goes on with what it has until it is assigned something
 * else, which it takes up at its next report: simulations never wait for a decision.
 *
 * The main thread deals with messages; the engine runs in a thread of its own, which stops for
 * nothing but a full outbox.
 */
#include "campaign/role/roles.h"

#include "campaign/frame_files.h"
#include "campaign/role/worker.h"
#include "campaign/simulate.h"
#include "core/array.h"
#include "core/clock.h"
#include "core/try.h"
#include "ddmd/geometry.h"
#include "stream/decisions.h"
#include "stream/frames.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Reports that may wait for the aggregator. */
enum { MAX_KEPT = 8 };
static const uint64_t max_kept_bytes = UINT64_C(1) << 28;

typedef struct simulate {
    ddmd_process *process;
    ddmd_simulator *simulator;
    int first, n; /* replicas */
    ddmd_outbox *outbox;

    ddmd_worker_thread worker;
    atomic_int cancel;
    pthread_mutex_t lock;
    pthread_cond_t changed;
    bool stop;
    ddmd_message **orders; /* [n] ASSIGN or RELEASE that a replica has not taken up yet, or NULL */

    /* The report under way; of the engine's thread. */
    ddmd_live_frame *frames; /* [n] */
    ddmd_replica_failure *failures;
    float *coordinates; /* [n][2][n_atoms][3] */
    uint8_t *maps;      /* [n][bytes a map] */
    size_t n_frames, n_failures;
    uint64_t sent;
} simulate;

/* ---- the engine's thread --------------------------------------------------------------------- */

static enum ddmd_status take_up(simulate *s, const ddmd_message *order, ddmd_error *err)
{
    enum ddmd_status status = DDMD_OK;
    if (ddmd_message_kind_of(order) == DDMD_MESSAGE_RELEASE) {
        ddmd_release release;
        DDMD_TRY(ddmd_release_decode(order, &release, err));
        ddmd_simulator_release(s->simulator, (int)release.replica - s->first);
        return DDMD_OK;
    }
    ddmd_assign assign;
    DDMD_TRY(ddmd_assign_decode(order, &assign, err));
    const ddmd_assignment assignment = {
        .simulation = assign.simulation,
        .first_frame = assign.first_frame,
        .first_step = assign.first_step,
        .temperature_kelvin = assign.temperature_kelvin,
        .positions = assign.positions,
        .velocities = assign.velocities,
    };
    DDMD_TRY(ddmd_simulator_assign(s->simulator, (int)assign.replica - s->first, &assignment, err));
out:
    return status;
}

/* Take up what was ordered; waits while there is nothing to run. *stop: the end has come. */
static enum ddmd_status take_orders(simulate *s, bool *stop, ddmd_error *err)
{
    enum ddmd_status status = DDMD_OK;
    int running = ddmd_simulator_running(s->simulator);
    pthread_mutex_lock(&s->lock);
    for (;;) {
        int n_orders = 0;
        for (int i = 0; i < s->n && status == DDMD_OK; i++) {
            if (!s->orders[i])
                continue;
            status = take_up(s, s->orders[i], err);
            ddmd_message_destroy(&s->orders[i]);
            n_orders++;
        }
        if (n_orders)
            running = ddmd_simulator_running(s->simulator);
        if (s->stop || running > 0 || status != DDMD_OK)
            break;
        ddmd_process_now(s->process, DDMD_ACTIVITY_wait, "for an assignment");
        pthread_cond_wait(&s->changed, &s->lock);
    }
    *stop = s->stop;
    pthread_mutex_unlock(&s->lock);
    return status;
}

static enum ddmd_status keep_report(void *user, const ddmd_report *report, ddmd_error *err)
{
    (void)err;
    simulate *s = user;
    if (report->failed) {
        ddmd_replica_failure *failure = &s->failures[s->n_failures++];
        *failure = (ddmd_replica_failure){
            .replica = (uint32_t)report->replica,
            .simulation = report->frame.simulation,
        };
        snprintf(failure->reason, sizeof failure->reason, "%s", report->reason);
        return DDMD_OK;
    }
    const ddmd_subject *subject = ddmd_process_subject(s->process);
    size_t size = (size_t)subject->system->n_atoms * 3;
    size_t map = ddmd_contact_map_bytes(subject->n_points);
    ddmd_live_frame *frame = &s->frames[s->n_frames];
    float *coordinates = s->coordinates + s->n_frames * 2 * size;
    *frame = (ddmd_live_frame){
        .frame = report->frame,
        .replica = (uint32_t)report->replica,
        .created_s = report->created_s,
        .created_wall_s = ddmd_clock_wall(),
    };
    frame->frame.positions = memcpy(coordinates, report->frame.positions, size * sizeof(float));
    frame->frame.velocities =
        memcpy(coordinates + size, report->frame.velocities, size * sizeof(float));
    frame->frame.contact_map = memcpy(s->maps + s->n_frames * map, report->frame.contact_map, map);
    s->n_frames++;
    return DDMD_OK;
}

static enum ddmd_status send_report(simulate *s, ddmd_error *err)
{
    enum ddmd_status status = DDMD_OK;
    ddmd_message *message = NULL;
    const ddmd_subject *subject = ddmd_process_subject(s->process);
    const ddmd_frames frames = {
        .n_atoms = (size_t)subject->system->n_atoms,
        .n_points = subject->n_points,
        .velocities = true,
        .n_frames = s->n_frames,
        .n_failures = s->n_failures,
        .frames = s->frames,
        .failures = s->failures,
    };
    double began = ddmd_clock_thread();
    DDMD_TRY(ddmd_frames_encode(&frames, &message, err));
    bool taken = ddmd_outbox_put(s->outbox, &message, 0, NULL, NULL) == DDMD_OK;
    ddmd_process_part(s->process, DDMD_ACTIVITY_write, ddmd_clock_thread() - began);
    if (!taken) {
        ddmd_process_now(s->process, DDMD_ACTIVITY_blocked, "until frames are stored");
        DDMD_TRY(ddmd_outbox_put(s->outbox, &message, -1, NULL, err));
    }
    s->sent += s->n_frames;
    ddmd_process_done(s->process, s->sent);
    s->n_frames = s->n_failures = 0;
out:
    ddmd_message_destroy(&message);
    return status;
}

static enum ddmd_status work(void *user, ddmd_error *err)
{
    enum ddmd_status status = DDMD_OK;
    simulate *s = user;
    for (bool stop = false;;) {
        DDMD_TRY(take_orders(s, &stop, err));
        if (stop)
            break;
        ddmd_process_now(s->process, DDMD_ACTIVITY_compute, "%d replicas",
                         ddmd_simulator_running(s->simulator));
        DDMD_TRY(ddmd_simulator_interval(s->simulator, keep_report, s, &s->cancel, err));
        DDMD_TRY(send_report(s, err));
    }
out:
    return status;
}

/* ---- the main thread ------------------------------------------------------------------------- */

static void stop(void *self, bool now)
{
    simulate *s = self;
    pthread_mutex_lock(&s->lock);
    s->stop = true;
    pthread_cond_signal(&s->changed);
    pthread_mutex_unlock(&s->lock);
    if (now) {
        atomic_store(&s->cancel, 1);
        ddmd_outbox_cancel(s->outbox);
    }
}

static bool finished(const void *self)
{
    return atomic_load(&((const simulate *)self)->worker.ended);
}

static void destroy(void *self)
{
    simulate *s = self;
    if (s->worker.started)
        stop(s, true);
    ddmd_worker_thread_join(&s->worker);
    for (int i = 0; s->orders && i < s->n; i++)
        ddmd_message_destroy(&s->orders[i]);
    ddmd_simulator_destroy(&s->simulator);
    pthread_cond_destroy(&s->changed);
    pthread_mutex_destroy(&s->lock);
    free(s->orders);
    free(s->frames);
    free(s->failures);
    free(s->coordinates);
    free(s->maps);
    free(s);
}

static enum ddmd_status make_room(simulate *s, ddmd_error *err)
{
    enum ddmd_status status = DDMD_OK;
    const ddmd_subject *subject = ddmd_process_subject(s->process);
    size_t n = (size_t)s->n, size = (size_t)subject->system->n_atoms * 3;
    DDMD_TRY(ddmd_array_alloc(&s->orders, n, sizeof(ddmd_message *), err));
    DDMD_TRY(ddmd_array_alloc(&s->frames, n, sizeof *s->frames, err));
    DDMD_TRY(ddmd_array_alloc(&s->failures, n, sizeof *s->failures, err));
    DDMD_TRY(ddmd_array_alloc(&s->coordinates, n * 2, size * sizeof(float), err));
    DDMD_TRY(ddmd_array_alloc(&s->maps, n, ddmd_contact_map_bytes(subject->n_points), err));
out:
    return status;
}

static enum ddmd_status create(ddmd_process *process, void **self, ddmd_error *err)
{
    enum ddmd_status status = DDMD_OK;
    simulate *s = NULL;
    int channel, index = (int)ddmd_process_identity(process)->peer.index;
    const ddmd_config *config = ddmd_process_config(process);
    const ddmd_peer aggregate = {DDMD_ROLE_aggregate, ddmd_frame_files_of_worker(config, index)};
    DDMD_TRY(ddmd_array_alloc(&s, 1, sizeof *s, err));
    pthread_mutex_init(&s->lock, NULL);
    pthread_cond_init(&s->changed, NULL);
    s->process = process;
    ddmd_simulator_share(config, index, &s->first, &s->n);
    DDMD_TRY(make_room(s, err));
    DDMD_TRY(ddmd_process_connect(process, aggregate, &channel, err));
    DDMD_TRY(ddmd_process_outbox(process, channel, &aggregate, 1, MAX_KEPT, max_kept_bytes,
                                 &s->outbox, err));
    DDMD_TRY(ddmd_simulator_create(config, ddmd_process_subject(process), s->first, s->n,
                                   ddmd_process_log(process), &s->simulator, err));
    s->worker = (ddmd_worker_thread){.process = process, .work = work, .user = s};
    DDMD_TRY(ddmd_worker_thread_start(&s->worker, err));
    *self = s;
    s = NULL;
out:
    if (s)
        destroy(s);
    return status;
}

/* The newest order for a replica counts. */
static enum ddmd_status receive(void *self, ddmd_message *message, ddmd_error *err)
{
    simulate *s = self;
    enum ddmd_status status = DDMD_OK;
    uint32_t replica;
    ddmd_assign assign;
    ddmd_release release;
    if (ddmd_message_kind_of(message) == DDMD_MESSAGE_ASSIGN) {
        DDMD_TRY(ddmd_assign_decode(message, &assign, err));
        replica = assign.replica;
        if (assign.n_atoms != (size_t)ddmd_process_subject(s->process)->system->n_atoms)
            DDMD_FAIL(err, DDMD_FORMAT, "an assignment has %zu atoms", assign.n_atoms);
    } else if (ddmd_message_kind_of(message) == DDMD_MESSAGE_RELEASE) {
        DDMD_TRY(ddmd_release_decode(message, &release, err));
        replica = release.replica;
    } else {
        return DDMD_OK;
    }
    if (replica < (uint32_t)s->first || replica >= (uint32_t)(s->first + s->n))
        DDMD_FAIL(err, DDMD_FORMAT, "replica %u is not one of this process", replica);
    ddmd_message **order = &s->orders[replica - (uint32_t)s->first];
    pthread_mutex_lock(&s->lock);
    ddmd_message_destroy(order);
    *order = ddmd_message_share(message);
    pthread_cond_signal(&s->changed);
    pthread_mutex_unlock(&s->lock);
out:
    return status;
}

const ddmd_role_ops ddmd_role_simulate = {
    .role = DDMD_ROLE_simulate,
    .create = create,
    .destroy = destroy,
    .receive = receive,
    .stop = stop,
    .finished = finished,
};
