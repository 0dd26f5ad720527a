/*
 * Role aggregate: makes the frames of its simulators durable, in frames-M.h5, then says so to the
 * coordinator (DURABLE) and passes their features on to train and infer (FEATURES).
 *
 * Senders keep their frames until they are durable and these messages are on their way; so a full
 * outbox here slows the simulators down, and a killed aggregator gets again what it had not stored.
 * What it stored without having said so it finds in its file when it is started again.
 */
#include "campaign/role/roles.h"

#include "campaign/frame_files.h"
#include "core/array.h"
#include "core/file.h"
#include "core/try.h"
#include "ddmd/geometry.h"
#include "ddmd/select.h"
#include "stream/features.h"
#include "stream/frames.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

enum { MAX_KEPT = 64, ROWS_A_MESSAGE = 4096 };
static const uint64_t max_kept_bytes = UINT64_C(1) << 28;

typedef struct aggregate {
    ddmd_process *process;
    uint32_t number; /* of the process and of its file */
    ddmd_frame_file *file;
    ddmd_outbox *to_coordinator, *to_learners; /* to_learners: NULL where nobody learns */

    uint32_t *next_index; /* [n_simulations] of each simulation, the frame that comes next here */
    size_t n_simulations, capacity;

    ddmd_message **queue; /* FRAMES not yet stored, oldest first */
    size_t n_queue, queue_capacity;
    ddmd_message *durable, *features; /* of what was stored last, not yet in the outboxes */

    /* What the messages are made of; grows to the size of the largest batch. */
    ddmd_frame *frames;
    ddmd_durable_frame *durables;
    ddmd_feature *featured;
    ddmd_replica_failure *failures;
    size_t frames_capacity, durables_capacity, featured_capacity, failures_capacity;
    uint64_t announced; /* rows of the file that the coordinator was told of */
} aggregate;

/* ---- which frames are new -------------------------------------------------------------------- */

static enum ddmd_status know_simulation(aggregate *a, uint32_t simulation, ddmd_error *err)
{
    if (simulation < a->n_simulations)
        return DDMD_OK;
    size_t n = (size_t)simulation + 1;
    enum ddmd_status status =
        ddmd_array_reserve(&a->next_index, &a->capacity, n, sizeof *a->next_index, err);
    if (status != DDMD_OK)
        return status;
    for (size_t i = a->n_simulations; i < n; i++)
        a->next_index[i] = 0;
    a->n_simulations = n;
    return DDMD_OK;
}

/* From the file, what is stored of each simulation. */
static enum ddmd_status learn_indices(aggregate *a, ddmd_error *err)
{
    enum ddmd_status status = DDMD_OK;
    uint64_t rows = ddmd_frame_file_frames(a->file);
    uint32_t *simulation = NULL, *index = NULL;
    DDMD_TRY(ddmd_array_alloc(&simulation, ROWS_A_MESSAGE, sizeof *simulation, err));
    DDMD_TRY(ddmd_array_alloc(&index, ROWS_A_MESSAGE, sizeof *index, err));
    for (uint64_t row = 0; row < rows;) {
        size_t n = rows - row < ROWS_A_MESSAGE ? (size_t)(rows - row) : ROWS_A_MESSAGE;
        const ddmd_frame_columns columns = {.simulation = simulation, .index = index};
        DDMD_TRY(ddmd_frame_file_read_columns(a->file, row, n, &columns, err));
        for (size_t i = 0; i < n; i++) {
            DDMD_TRY(know_simulation(a, simulation[i], err));
            a->next_index[simulation[i]] = index[i] + 1;
        }
        row += n;
    }
out:
    free(simulation);
    free(index);
    return status;
}

/* ---- storing --------------------------------------------------------------------------------- */

static enum ddmd_status reserve(aggregate *a, size_t n_frames, size_t n_failures, ddmd_error *err)
{
    enum ddmd_status status = DDMD_OK;
    DDMD_TRY(ddmd_array_reserve(&a->frames, &a->frames_capacity, n_frames, sizeof *a->frames, err));
    DDMD_TRY(ddmd_array_reserve(&a->durables, &a->durables_capacity, n_frames, sizeof *a->durables,
                                err));
    DDMD_TRY(ddmd_array_reserve(&a->featured, &a->featured_capacity, n_frames, sizeof *a->featured,
                                err));
    DDMD_TRY(ddmd_array_reserve(&a->failures, &a->failures_capacity, n_failures,
                                sizeof *a->failures, err));
out:
    return status;
}

static enum ddmd_status put_messages(aggregate *a, size_t n, size_t n_failures, uint64_t first_row,
                                     ddmd_error *err)
{
    enum ddmd_status status = DDMD_OK;
    const ddmd_durable durable = {
        .n_frames = n,
        .n_failures = n_failures,
        .frames = a->durables,
        .failures = a->failures,
    };
    const ddmd_features features = {
        .file = a->number,
        .first_row = first_row,
        .n = n,
        .n_points = ddmd_process_subject(a->process)->n_points,
        .features = a->featured,
    };
    DDMD_TRY(ddmd_durable_encode(&durable, &a->durable, err));
    if (n && a->to_learners)
        DDMD_TRY(ddmd_features_encode(&features, &a->features, err));
out:
    return status;
}

/* Both messages of what was stored last are in the outboxes. */
static enum ddmd_status hand_out(aggregate *a, bool *done, ddmd_error *err)
{
    struct {
        ddmd_outbox *box;
        ddmd_message **message;
    } both[] = {{a->to_coordinator, &a->durable}, {a->to_learners, &a->features}};
    *done = true;
    for (size_t i = 0; i < 2; i++) {
        if (!*both[i].message)
            continue;
        ddmd_error why = {0};
        enum ddmd_status status = ddmd_outbox_put(both[i].box, both[i].message, 0, NULL, &why);
        if (status == DDMD_TIMEOUT)
            *done = false;
        else if (status != DDMD_OK)
            return ddmd_error_set(err, status, "%s", why.message);
    }
    return DDMD_OK;
}

static bool belongs(const aggregate *a, const ddmd_frames *frames)
{
    const ddmd_subject *subject = ddmd_process_subject(a->process);
    return frames->n_frames == 0 || (frames->n_atoms == (size_t)subject->system->n_atoms &&
                                     frames->n_points == subject->n_points && frames->velocities);
}

/* Those of a message that are not in the file yet, at the end of the batch; *n grows. */
static enum ddmd_status pick_new(aggregate *a, const ddmd_message *message, size_t n_frames,
                                 size_t *n, ddmd_error *err)
{
    enum ddmd_status status = DDMD_OK;
    uint64_t row = ddmd_frame_file_frames(a->file);
    for (size_t i = 0; i < n_frames; i++) {
        ddmd_live_frame live;
        ddmd_frames_frame(message, i, &live);
        DDMD_TRY(know_simulation(a, live.frame.simulation, err));
        if (live.frame.index < a->next_index[live.frame.simulation])
            continue; /* stored before this process or its simulator was killed */
        a->next_index[live.frame.simulation] = live.frame.index + 1;
        a->frames[*n] = live.frame;
        a->durables[*n] = (ddmd_durable_frame){
            .simulation = live.frame.simulation,
            .index = live.frame.index,
            .replica = live.replica,
            .rmsd_nm = live.frame.rmsd_nm,
            .step = live.frame.step,
            .time_ps = live.frame.time_ps,
            .file = a->number,
            .row = row + *n,
            .created_s = live.created_s,
            .created_wall_s = live.created_wall_s,
        };
        a->featured[*n] = (ddmd_feature){
            .simulation = live.frame.simulation,
            .index = live.frame.index,
            .system = live.frame.system,
            .rmsd_nm = live.frame.rmsd_nm,
            .created_s = live.created_s,
            .map = live.frame.contact_map,
        };
        (*n)++;
    }
out:
    return status;
}

/*
 * Make what waits durable, all of it at once: however many simulators there are, the disk is
 * synchronised once a turn.
 */
static enum ddmd_status store(aggregate *a, ddmd_error *err)
{
    enum ddmd_status status = DDMD_OK;
    size_t n = 0, n_failures = 0;
    uint64_t first_row = ddmd_frame_file_frames(a->file);
    for (size_t m = 0; m < a->n_queue; m++) {
        ddmd_frames frames;
        DDMD_TRY(ddmd_frames_decode(a->queue[m], &frames, err));
        DDMD_TRY(reserve(a, n + frames.n_frames, n_failures + frames.n_failures, err));
        DDMD_TRY(pick_new(a, a->queue[m], frames.n_frames, &n, err));
        for (size_t i = 0; i < frames.n_failures; i++)
            ddmd_frames_failure(a->queue[m], i, &a->failures[n_failures++]);
    }
    if (n) {
        DDMD_TRY(ddmd_frame_file_append(a->file, a->frames, n, err));
        DDMD_TRY(ddmd_frame_file_sync(a->file, err));
    }
    if (n || n_failures)
        DDMD_TRY(put_messages(a, n, n_failures, first_row, err));
    for (size_t m = 0; m < a->n_queue; m++)
        ddmd_message_destroy(&a->queue[m]);
    a->n_queue = 0;
    a->announced = first_row + n;
    ddmd_process_done(a->process, a->announced);
out:
    return status;
}

/* Rows that the coordinator has not heard of: stored by a process that was killed then. */
static enum ddmd_status announce(aggregate *a, ddmd_error *err)
{
    enum ddmd_status status = DDMD_OK;
    uint64_t rows = ddmd_frame_file_frames(a->file), first = a->announced;
    size_t n = rows - first < ROWS_A_MESSAGE ? (size_t)(rows - first) : ROWS_A_MESSAGE;
    size_t bytes = ddmd_contact_map_bytes(ddmd_process_subject(a->process)->n_points);
    uint8_t *maps = NULL;
    DDMD_TRY(reserve(a, n, 0, err));
    DDMD_TRY(ddmd_array_alloc(&maps, n, bytes, err));
    for (size_t i = 0; i < n; i++) {
        ddmd_frame frame = {.contact_map = maps + i * bytes};
        DDMD_TRY(ddmd_frame_file_read(a->file, first + i, &frame, err));
        a->durables[i] = (ddmd_durable_frame){
            .simulation = frame.simulation,
            .index = frame.index,
            .replica = UINT32_MAX, /* forgotten */
            .rmsd_nm = frame.rmsd_nm,
            .step = frame.step,
            .time_ps = frame.time_ps,
            .file = a->number,
            .row = first + i,
            .created_s = (double)NAN,
            .created_wall_s = (double)NAN,
        };
        a->featured[i] = (ddmd_feature){
            .simulation = frame.simulation,
            .index = frame.index,
            .system = frame.system,
            .rmsd_nm = frame.rmsd_nm,
            .created_s = (double)NAN,
            .map = frame.contact_map,
        };
    }
    DDMD_TRY(put_messages(a, n, 0, first, err));
    a->announced = first + n;
out:
    free(maps);
    return status;
}

/* ---- the role -------------------------------------------------------------------------------- */

static enum ddmd_status receive(void *self, ddmd_message *message, ddmd_error *err)
{
    enum ddmd_status status = DDMD_OK;
    aggregate *a = self;
    ddmd_frames frames;
    if (ddmd_message_kind_of(message) != DDMD_MESSAGE_FRAMES)
        return DDMD_OK;
    DDMD_TRY(ddmd_frames_decode(message, &frames, err));
    if (!belongs(a, &frames))
        DDMD_FAIL(err, DDMD_FORMAT, "frames of %zu atoms and %zu points are not of this campaign",
                  frames.n_atoms, frames.n_points);
    DDMD_TRY(ddmd_array_reserve(&a->queue, &a->queue_capacity, a->n_queue + 1,
                                sizeof(ddmd_message *), err));
    a->queue[a->n_queue++] = ddmd_message_share(message);
out:
    return status;
}

static enum ddmd_status turn(void *self, ddmd_error *err)
{
    aggregate *a = self;
    enum ddmd_status status = DDMD_OK;
    for (bool done = true;;) {
        DDMD_TRY(hand_out(a, &done, err));
        if (!done) {
            ddmd_process_now(a->process, DDMD_ACTIVITY_blocked, "until others have read");
            break;
        }
        if (a->announced < ddmd_frame_file_frames(a->file)) {
            DDMD_TRY(announce(a, err));
        } else if (a->n_queue > 0) {
            ddmd_process_now(a->process, DDMD_ACTIVITY_write, "%s", "");
            DDMD_TRY(store(a, err));
        } else {
            ddmd_process_now(a->process, DDMD_ACTIVITY_wait, "%s", "");
            break;
        }
    }
out:
    return status;
}

static bool finished(const void *self)
{
    const aggregate *a = self;
    return a->n_queue == 0 && !a->durable && !a->features &&
           a->announced == ddmd_frame_file_frames(a->file);
}

static void destroy(void *self)
{
    aggregate *a = self;
    for (size_t i = 0; i < a->n_queue; i++)
        ddmd_message_destroy(&a->queue[i]);
    ddmd_message_destroy(&a->durable);
    ddmd_message_destroy(&a->features);
    ddmd_frame_file_close(&a->file);
    free(a->queue);
    free(a->next_index);
    free(a->frames);
    free(a->durables);
    free(a->featured);
    free(a->failures);
    free(a);
}

/* The file with every whole frame that is in it. */
static enum ddmd_status open_file(aggregate *a, ddmd_error *err)
{
    enum ddmd_status status = DDMD_OK;
    char *path = NULL;
    ddmd_frame_file *there = NULL;
    DDMD_TRY(ddmd_frame_files_path(&path, ddmd_process_run_dir(a->process), a->number, err));
    DDMD_TRY(ddmd_frame_file_open(path, &there, err));
    uint64_t rows = ddmd_frame_file_frames(there);
    ddmd_frame_file_close(&there);
    DDMD_TRY(ddmd_frame_file_recover(path, rows, &a->file, err));
    DDMD_TRY(learn_indices(a, err));
    a->announced = ddmd_process_known(a->process);
    if (a->announced > rows)
        DDMD_FAIL(err, DDMD_FORMAT, "%s has %llu frames, the catalogue knows %llu", path,
                  (unsigned long long)rows, (unsigned long long)a->announced);
out:
    free(path);
    return status;
}

static enum ddmd_status create(ddmd_process *process, void **self, ddmd_error *err)
{
    enum ddmd_status status = DDMD_OK;
    aggregate *a = NULL;
    int channel;
    const ddmd_peer coordinator = {DDMD_ROLE_coordinator, 0};
    ddmd_strategy_info strategy;
    ddmd_peer learners[2];
    size_t n_learners = 0;
    DDMD_TRY(ddmd_array_alloc(&a, 1, sizeof *a, err));
    a->process = process;
    a->number = ddmd_process_identity(process)->peer.index;
    DDMD_TRY(open_file(a, err));
    DDMD_TRY(ddmd_process_listen(process, &channel, err));
    DDMD_TRY(ddmd_process_outbox(process, DDMD_CHANNEL_COORDINATOR, &coordinator, 1, MAX_KEPT,
                                 max_kept_bytes, &a->to_coordinator, err));
    DDMD_TRY(ddmd_strategy_find(ddmd_process_config(process)->selection.strategy, &strategy, err));
    if (strategy.needs & DDMD_STRATEGY_EMBEDDING)
        learners[n_learners++] = (ddmd_peer){DDMD_ROLE_train, 0};
    if (strategy.needs & DDMD_STRATEGY_RESTARTS)
        learners[n_learners++] = (ddmd_peer){DDMD_ROLE_infer, 0};
    if (n_learners)
        DDMD_TRY(ddmd_process_outbox(process, channel, learners, n_learners, MAX_KEPT,
                                     max_kept_bytes, &a->to_learners, err));
    *self = a;
    a = NULL;
out:
    if (a)
        destroy(a);
    return status;
}

/* Senders may forget what is stored; nothing is acknowledged while something is not. */
static bool may_acknowledge(const void *self)
{
    return finished(self);
}

const ddmd_role_ops ddmd_role_aggregate = {
    .role = DDMD_ROLE_aggregate,
    .create = create,
    .destroy = destroy,
    .receive = receive,
    .turn = turn,
    .finished = finished,
    .may_acknowledge = may_acknowledge,
};
