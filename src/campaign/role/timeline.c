#include "campaign/role/timeline.h"

#include "core/array.h"
#include "core/clock.h"
#include "core/try.h"

#include <math.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

enum { KINDS = DDMD_ACTIVITY_stop + 1, MAX_SPANS = 4096 };

struct ddmd_timeline {
    pthread_mutex_t lock;
    ddmd_heartbeat beat;
    double since;        /* of what it is at now */
    double window_from;  /* time before this is in spans */
    double sums[KINDS];  /* of the window */
    double parts[KINDS]; /* to be taken from what it is at */
    ddmd_activity_span spans[MAX_SPANS];
    size_t n_spans;
};

enum ddmd_status ddmd_timeline_create(ddmd_timeline **timeline, ddmd_error *err)
{
    ddmd_timeline *t = NULL;
    enum ddmd_status status = ddmd_array_alloc(&t, 1, sizeof *t, err);
    if (status != DDMD_OK)
        return status;
    pthread_mutex_init(&t->lock, NULL);
    t->beat.activity = DDMD_ACTIVITY_start;
    t->since = t->window_from = ddmd_clock_monotonic();
    *timeline = t;
    return DDMD_OK;
}

void ddmd_timeline_destroy(ddmd_timeline **timeline)
{
    if (!*timeline)
        return;
    pthread_mutex_destroy(&(*timeline)->lock);
    free(*timeline);
    *timeline = NULL;
}

/* A stretch, joined to the one before where that is of the same kind. */
static void add_span(ddmd_timeline *t, enum ddmd_activity_kind kind, double from, double to)
{
    ddmd_activity_span *last = t->n_spans ? &t->spans[t->n_spans - 1] : NULL;
    if (last && (last->kind == kind || t->n_spans == MAX_SPANS))
        last->to_s = to;
    else
        t->spans[t->n_spans++] = (ddmd_activity_span){kind, from, to};
}

/* The window's sums become stretches, one after the other. */
static void close_window(ddmd_timeline *t, double now)
{
    double at = t->window_from;
    for (int kind = 0; kind < KINDS; kind++) {
        if (t->sums[kind] <= 0)
            continue;
        add_span(t, (enum ddmd_activity_kind)kind, at, at + t->sums[kind]);
        at += t->sums[kind];
        t->sums[kind] = 0;
    }
    t->window_from = now;
}

static void account(ddmd_timeline *t, double now)
{
    double left = now - t->since;
    for (int kind = 0; kind < KINDS; kind++) {
        double part = fmin(t->parts[kind], left);
        t->sums[kind] += part;
        t->parts[kind] -= part;
        left -= part;
    }
    t->sums[t->beat.activity] += left;
    t->since = now;
    if (now - t->window_from >= DDMD_TIMELINE_WINDOW)
        close_window(t, now);
}

void ddmd_timeline_now(ddmd_timeline *t, enum ddmd_activity_kind kind, const char *detail)
{
    pthread_mutex_lock(&t->lock);
    account(t, ddmd_clock_monotonic());
    t->beat.activity = kind;
    snprintf(t->beat.detail, sizeof t->beat.detail, "%s", detail);
    pthread_mutex_unlock(&t->lock);
}

void ddmd_timeline_part(ddmd_timeline *t, enum ddmd_activity_kind kind, double seconds)
{
    pthread_mutex_lock(&t->lock);
    t->parts[kind] += seconds;
    pthread_mutex_unlock(&t->lock);
}

void ddmd_timeline_done(ddmd_timeline *t, uint64_t done)
{
    pthread_mutex_lock(&t->lock);
    t->beat.done = done;
    pthread_mutex_unlock(&t->lock);
}

void ddmd_timeline_beat(ddmd_timeline *t, ddmd_heartbeat *heartbeat)
{
    pthread_mutex_lock(&t->lock);
    t->beat.counter++;
    *heartbeat = t->beat;
    pthread_mutex_unlock(&t->lock);
}

enum ddmd_status ddmd_timeline_message(ddmd_timeline *t, ddmd_message **message, ddmd_error *err)
{
    enum ddmd_status status = DDMD_OK;
    *message = NULL;
    pthread_mutex_lock(&t->lock);
    double now = ddmd_clock_monotonic();
    account(t, now);
    close_window(t, now);
    if (t->n_spans) {
        const ddmd_activity activity = {
            .n = t->n_spans,
            .spans = t->spans,
            .now_s = now,
            .now_wall_s = ddmd_clock_wall(),
        };
        status = ddmd_activity_encode(&activity, message, err);
        if (status == DDMD_OK)
            t->n_spans = 0;
    }
    pthread_mutex_unlock(&t->lock);
    return status;
}
