#include "campaign/report_queue.h"

#include "core/array.h"
#include "core/clock.h"
#include "core/try.h"
#include "ddmd/geometry.h"

#include <errno.h>
#include <math.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

struct ddmd_report_queue {
    pthread_mutex_t lock;
    pthread_cond_t changed;
    size_t n_atoms, map_bytes, capacity;
    ddmd_report *reports; /* ring; arrays of each are its own */
    float *coordinates;   /* [capacity][2][n_atoms][3] */
    uint8_t *maps;        /* [capacity][map_bytes] */
    size_t head, used;
    bool closed, ended;
    ddmd_error end; /* valid where ended */
};

enum ddmd_status ddmd_report_queue_create(const ddmd_subject *subject, size_t capacity,
                                          ddmd_report_queue **queue, ddmd_error *err)
{
    enum ddmd_status status = DDMD_OK;
    ddmd_report_queue *q = NULL;
    DDMD_TRY(ddmd_array_alloc(&q, 1, sizeof *q, err));
    q->n_atoms = (size_t)subject->system->n_atoms;
    q->map_bytes = ddmd_contact_map_bytes(subject->n_points);
    q->capacity = capacity;
    pthread_mutex_init(&q->lock, NULL);
    pthread_condattr_t monotonic;
    pthread_condattr_init(&monotonic);
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    pthread_cond_init(&q->changed, &monotonic);
    pthread_condattr_destroy(&monotonic);

    DDMD_TRY(ddmd_array_alloc(&q->reports, capacity, sizeof *q->reports, err));
    DDMD_TRY(ddmd_array_alloc(&q->coordinates, capacity * 2, q->n_atoms * 3 * sizeof(float), err));
    DDMD_TRY(ddmd_array_alloc(&q->maps, capacity, q->map_bytes, err));
    for (size_t i = 0; i < capacity; i++) {
        q->reports[i].frame.positions = q->coordinates + i * 2 * q->n_atoms * 3;
        q->reports[i].frame.velocities = q->reports[i].frame.positions + q->n_atoms * 3;
        q->reports[i].frame.contact_map = q->maps + i * q->map_bytes;
    }
    *queue = q;
    q = NULL;
out:
    ddmd_report_queue_destroy(&q);
    return status;
}

void ddmd_report_queue_destroy(ddmd_report_queue **queue)
{
    ddmd_report_queue *q = *queue;
    if (!q)
        return;
    pthread_cond_destroy(&q->changed);
    pthread_mutex_destroy(&q->lock);
    free(q->reports);
    free(q->coordinates);
    free(q->maps);
    free(q);
    *queue = NULL;
}

/* Copy a report; the target keeps its own arrays. */
static void copy_report(const ddmd_report_queue *q, ddmd_report *to, const ddmd_report *from)
{
    float *positions = to->frame.positions, *velocities = to->frame.velocities;
    uint8_t *map = to->frame.contact_map;
    *to = *from;
    to->frame.positions = positions;
    to->frame.velocities = velocities;
    to->frame.contact_map = map;
    if (from->failed)
        return;
    memcpy(positions, from->frame.positions, q->n_atoms * 3 * sizeof *positions);
    memcpy(velocities, from->frame.velocities, q->n_atoms * 3 * sizeof *velocities);
    memcpy(map, from->frame.contact_map, q->map_bytes);
}

enum ddmd_status ddmd_report_queue_put(ddmd_report_queue *q, const ddmd_report *report,
                                       double *waited_s, ddmd_error *err)
{
    enum ddmd_status status = DDMD_OK;
    pthread_mutex_lock(&q->lock);
    if (q->used == q->capacity && !q->closed) {
        double from = ddmd_clock_monotonic();
        while (q->used == q->capacity && !q->closed)
            pthread_cond_wait(&q->changed, &q->lock);
        *waited_s += ddmd_clock_monotonic() - from;
    }
    if (q->closed)
        DDMD_FAIL(err, DDMD_CANCELLED, "cancelled");
    copy_report(q, &q->reports[(q->head + q->used) % q->capacity], report);
    q->used++;
    pthread_cond_broadcast(&q->changed);
out:
    pthread_mutex_unlock(&q->lock);
    return status;
}

void ddmd_report_queue_end(ddmd_report_queue *q, enum ddmd_status status, const ddmd_error *why)
{
    pthread_mutex_lock(&q->lock);
    q->ended = true;
    if (status == DDMD_OK)
        ddmd_error_set(&q->end, DDMD_CANCELLED, "the producer has ended");
    else
        ddmd_error_set(&q->end, status, "%s", why->message);
    pthread_cond_broadcast(&q->changed);
    pthread_mutex_unlock(&q->lock);
}

static struct timespec deadline_in(double seconds)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    double whole = floor(seconds);
    t.tv_sec += (time_t)whole;
    t.tv_nsec += (long)((seconds - whole) * 1e9);
    if (t.tv_nsec >= 1000000000L) {
        t.tv_sec++;
        t.tv_nsec -= 1000000000L;
    }
    return t;
}

enum ddmd_status ddmd_report_queue_take(ddmd_report_queue *q, double timeout_s, ddmd_report *report,
                                        ddmd_error *err)
{
    enum ddmd_status status = DDMD_OK;
    const struct timespec deadline = deadline_in(timeout_s);
    pthread_mutex_lock(&q->lock);
    while (q->used == 0 && !q->ended)
        if (pthread_cond_timedwait(&q->changed, &q->lock, &deadline) == ETIMEDOUT)
            break;
    if (q->used == 0 && q->ended)
        DDMD_FAIL(err, q->end.status, "%s", q->end.message);
    if (q->used == 0)
        DDMD_FAIL(err, DDMD_TIMEOUT, "no report within %g s", timeout_s);
    copy_report(q, report, &q->reports[q->head]);
    q->head = (q->head + 1) % q->capacity;
    q->used--;
    pthread_cond_broadcast(&q->changed);
out:
    pthread_mutex_unlock(&q->lock);
    return status;
}

void ddmd_report_queue_close(ddmd_report_queue *q)
{
    pthread_mutex_lock(&q->lock);
    q->closed = true;
    pthread_cond_broadcast(&q->changed);
    pthread_mutex_unlock(&q->lock);
}

void ddmd_report_queue_reset(ddmd_report_queue *q)
{
    pthread_mutex_lock(&q->lock);
    q->head = q->used = 0;
    q->closed = q->ended = false;
    pthread_mutex_unlock(&q->lock);
}
