/*
 * Phase simulate: every slot runs one segment; reports are merged into the order (report, replica)
 * and appended to the frame file; the commit vouches for them.
 */
#include "campaign/failure.h"
#include "campaign/restart.h"
#include "campaign/start_states.h"

#include "core/array.h"
#include "core/clock.h"
#include "core/text.h"
#include "core/try.h"
#include "ddmd/geometry.h"

#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static enum ddmd_status put_report(void *user, const ddmd_report *report, ddmd_error *err)
{
    ddmd_worker *worker = user;
    return ddmd_report_queue_put(worker->queue, report, &worker->waited_s, err);
}

static void *work(void *argument)
{
    ddmd_worker *w = argument;
    ddmd_error err = {0};
    w->from_s = ddmd_campaign_elapsed(w->campaign);
    enum ddmd_status status = ddmd_simulator_segment(w->simulator, w->assignments, w->n_reports,
                                                     put_report, w, &w->cancel, &err);
    w->to_s = ddmd_campaign_elapsed(w->campaign);
    ddmd_report_queue_end(w->queue, status, &err);
    return NULL;
}

/* The frames of one report, in replica order, until they are appended together. */
typedef struct frame_batch {
    ddmd_frame *frames; /* [n_replicas] */
    float *coordinates; /* [n_replicas][2][n_atoms][3] */
    uint8_t *maps;
    size_t n;
} frame_batch;

static void clear_batch(frame_batch *batch)
{
    free(batch->frames);
    free(batch->coordinates);
    free(batch->maps);
}

static enum ddmd_status make_batch(const ddmd_campaign *c, frame_batch *batch, ddmd_error *err)
{
    enum ddmd_status status = DDMD_OK;
    size_t n = (size_t)c->n_replicas, size = (size_t)c->subject->system->n_atoms * 3;
    size_t map = ddmd_contact_map_bytes(c->subject->n_points);
    DDMD_TRY(ddmd_array_alloc(&batch->frames, n, sizeof *batch->frames, err));
    DDMD_TRY(ddmd_array_alloc(&batch->coordinates, n * 2, size * sizeof(float), err));
    DDMD_TRY(ddmd_array_alloc(&batch->maps, n, map, err));
    for (size_t i = 0; i < n; i++) {
        batch->frames[i].positions = batch->coordinates + i * 2 * size;
        batch->frames[i].velocities = batch->frames[i].positions + size;
        batch->frames[i].contact_map = batch->maps + i * map;
    }
out:
    return status;
}

static ddmd_worker *worker_of(ddmd_campaign *c, int replica)
{
    int w = 0;
    while (replica >= c->workers[w].first + c->workers[w].n)
        w++;
    return &c->workers[w];
}

/* The next report of a replica's worker; looks up now and then to see whether to stop. */
static enum ddmd_status next_report(ddmd_campaign *c, int replica, ddmd_report *report,
                                    ddmd_error *err)
{
    for (;;) {
        if (ddmd_campaign_stop_asked(c))
            return ddmd_error_set(err, DDMD_CANCELLED, "interrupted");
        ddmd_error why = {0};
        enum ddmd_status status =
            ddmd_report_queue_take(worker_of(c, replica)->queue, 0.25, report, &why);
        if (status == DDMD_OK)
            return DDMD_OK;
        if (status != DDMD_TIMEOUT)
            return ddmd_error_set(err, status, "%s", why.message);
        ddmd_campaign_tell(c, DDMD_PHASE_simulate, c->progress.fraction, false, "%s",
                           c->progress.doing);
    }
}

static enum ddmd_status note_frame(ddmd_campaign *c, const ddmd_report *report, ddmd_error *err)
{
    const ddmd_frame *frame = &report->frame;
    ddmd_simulation_row *slot = &c->slots[report->replica];
    slot->n_frames = (uint64_t)frame->index + 1;
    slot->n_steps = frame->step;
    ddmd_campaign_count_frame(c, frame->simulation, frame->index, frame->rmsd_nm);
    enum ddmd_status status = ddmd_array_reserve(&c->created_s, &c->created_capacity,
                                                 c->n_created + 1, sizeof *c->created_s, err);
    if (status == DDMD_OK)
        c->created_s[c->n_created++] = report->created_s - c->began_s + c->elapsed_before;
    return status;
}

/* Merge the reports of all workers and append them. *enough: a stop rule was met on the way. */
static enum ddmd_status merge(ddmd_campaign *c, int64_t n_reports, double *writing_s, bool *enough,
                              char *reason, size_t reason_size, ddmd_error *err)
{
    enum ddmd_status status = DDMD_OK;
    frame_batch batch = {0};
    DDMD_TRY(make_batch(c, &batch, err));
    *enough = false;
    for (int64_t k = 0; k < n_reports && !*enough; k++) {
        ddmd_campaign_tell(c, DDMD_PHASE_simulate, (double)k / (double)n_reports, k == 0,
                           "report %lld of %lld", (long long)k + 1, (long long)n_reports);
        batch.n = 0;
        for (int r = 0; r < c->n_replicas; r++) {
            if (c->slots[r].end == DDMD_END_failed)
                continue;
            ddmd_report report = {.frame = batch.frames[batch.n]};
            DDMD_TRY(next_report(c, r, &report, err));
            if (report.failed) {
                ddmd_failure_note(c, r, report.reason);
                continue;
            }
            batch.frames[batch.n++] = report.frame;
            DDMD_TRY(note_frame(c, &report, err));
        }
        double from = ddmd_clock_monotonic();
        DDMD_TRY(ddmd_frame_file_append(c->frames, batch.frames, batch.n, err));
        *writing_s += ddmd_clock_monotonic() - from;
        *enough = ddmd_campaign_enough(c, false, reason, reason_size);
    }
out:
    clear_batch(&batch);
    return status;
}

/* Start the workers' threads; *started counts those that run, also on failure. */
static enum ddmd_status start_workers(ddmd_campaign *c, const ddmd_start_states *states,
                                      int64_t n_reports, int *started, ddmd_error *err)
{
    enum ddmd_status status = DDMD_OK;
    sigset_t all, before; /* signals are for the main thread */
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    for (*started = 0; *started < c->n_workers; (*started)++) {
        ddmd_worker *w = &c->workers[*started];
        ddmd_report_queue_reset(w->queue);
        w->assignments = states->assignments + w->first;
        w->n_reports = n_reports;
        w->waited_s = 0;
        atomic_store(&w->cancel, 0);
        int result = pthread_create(&w->thread, NULL, work, w);
        if (result != 0)
            DDMD_FAIL(err, DDMD_EXTERNAL, "cannot start a thread: %s", strerror(result));
    }
out:
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return status;
}

/* Run the workers' threads around merge(). */
static enum ddmd_status run_segment(ddmd_campaign *c, const ddmd_start_states *states,
                                    int64_t n_reports, double *writing_s, bool *enough,
                                    char *reason, size_t reason_size, ddmd_error *err)
{
    enum ddmd_status status = DDMD_OK;
    int started = 0;
    DDMD_TRY(start_workers(c, states, n_reports, &started, err));
    DDMD_TRY(merge(c, n_reports, writing_s, enough, reason, reason_size, err));
out:
    for (int i = 0; i < started; i++) {
        atomic_store(&c->workers[i].cancel, 1);
        ddmd_report_queue_close(c->workers[i].queue);
    }
    for (int i = 0; i < started; i++)
        pthread_join(c->workers[i].thread, NULL);
    return status;
}

static enum ddmd_status commit(ddmd_campaign *c, double writing_s, bool enough, const char *reason,
                               ddmd_error *err)
{
    enum ddmd_status status = DDMD_OK;
    double from = ddmd_campaign_elapsed(c);
    DDMD_TRY(ddmd_frame_file_sync(c->frames, err));
    DDMD_TRY(ddmd_catalogue_begin(c->catalogue, err));
    for (int r = 0; r < c->n_replicas; r++) {
        if (c->slots[r].end == DDMD_END_failed)
            DDMD_TRY(ddmd_failure_store(c, r, err));
        else
            DDMD_TRY(ddmd_catalogue_update_simulation(c->catalogue, &c->slots[r], err));
    }
    for (int i = 0; i < c->n_workers; i++) {
        const ddmd_worker *w = &c->workers[i];
        double busy_to = w->to_s - w->waited_s;
        DDMD_TRY(ddmd_catalogue_add_activity(c->catalogue, "simulate", i, "compute", c->row.round,
                                             w->from_s, busy_to, err));
        if (w->waited_s > 0)
            DDMD_TRY(ddmd_catalogue_add_activity(c->catalogue, "simulate", i, "blocked",
                                                 c->row.round, busy_to, w->to_s, err));
    }
    double to = ddmd_campaign_elapsed(c);
    DDMD_TRY(ddmd_catalogue_add_activity(c->catalogue, "aggregate", 0, "write", c->row.round,
                                         from - writing_s, to, err));
    c->row.phase = DDMD_PHASE_train;
    if (enough) {
        c->row.state = DDMD_STATE_finished;
        snprintf(c->row.reason, sizeof c->row.reason, "%s", reason);
    }
    DDMD_TRY(ddmd_campaign_put_row(c, err));
    DDMD_TRY(ddmd_catalogue_commit(c->catalogue, err));
out:
    if (status != DDMD_OK)
        ddmd_catalogue_rollback(c->catalogue);
    return status;
}

enum ddmd_status ddmd_phase_simulate(ddmd_campaign *c, ddmd_error *err)
{
    enum ddmd_status status = DDMD_OK;
    ddmd_start_states states = {0};
    char reason[256] = "";
    bool enough = false;
    double writing_s = 0;
    double from = ddmd_clock_monotonic(), ns_before = ddmd_campaign_simulated_ns(c);
    uint64_t frames_before = c->row.n_frames;
    int64_t n_reports = ddmd_subject_segment_reports(c->config);

    if (c->row.next_simulation == 0)
        DDMD_TRY(ddmd_restart_first(c, err));
    DDMD_TRY(ddmd_start_states_gather(c, &c->frames, 1, 0, c->n_replicas, &states, err));
    c->n_created = 0;
    DDMD_TRY(run_segment(c, &states, n_reports, &writing_s, &enough, reason, sizeof reason, err));
    DDMD_TRY(commit(c, writing_s, enough, reason, err));

    double took = ddmd_clock_monotonic() - from;
    double gave = ddmd_campaign_simulated_ns(c) - ns_before;
    c->simulating_s += took;
    c->simulated_ns += gave;
    char best[96];
    ddmd_decimal rate;
    ddmd_campaign_describe_best(c, best, sizeof best);
    ddmd_log_line(&c->log, DDMD_LOG_INFO,
                  "round %u: simulated %.4g ns, %llu frames, in %.1f s (%s ns/day)%s", c->row.round,
                  gave, (unsigned long long)(c->row.n_frames - frames_before), took,
                  ddmd_text_decimal(gave / took * 86400, rate), best);
out:
    ddmd_start_states_clear(&states);
    return status;
}
