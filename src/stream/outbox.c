#include "stream/outbox.h"

#include "core/array.h"
#include "core/clock.h"
#include "core/try.h"
#include "stream/wakeup.h"

#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <pthread.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

/* Numbers of messages: everything up to `acknowledged` is done with, up to `sent` is under way. */
typedef struct receiver {
    ddmd_peer peer;
    uint64_t acknowledged, sent;
    uint64_t furthest; /* the highest number ever sent to it */
} receiver;

struct ddmd_outbox {
    ddmd_identity identity;
    size_t max_messages;
    uint64_t max_bytes;
    ddmd_wakeup wakeup;
    pthread_mutex_t lock; /* guards what follows */
    pthread_cond_t room;
    bool cancelled;
    bool signalled;      /* the wakeup is, and nobody has looked since */
    ddmd_message **ring; /* [max_messages]; number k stands at k % max_messages */
    uint64_t oldest;     /* number of the first message that is kept; `next` where none is */
    uint64_t next;       /* number that will be given next */
    uint64_t bytes;      /* of all that is kept */
    size_t n_receivers;
    receiver receivers[DDMD_OUTBOX_MAX_PEERS];
};

static uint64_t length_of(const ddmd_message *message)
{
    return DDMD_MESSAGE_HEADER_SIZE + ddmd_message_header_of(message)->length;
}

static bool init_room(pthread_cond_t *room)
{
    pthread_condattr_t attributes;
    if (pthread_condattr_init(&attributes) != 0)
        return false;
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    bool good = pthread_cond_init(room, &attributes) == 0;
    pthread_condattr_destroy(&attributes);
    return good;
}

enum ddmd_status ddmd_outbox_create(const ddmd_identity *identity, const ddmd_peer *peers,
                                    size_t n_peers, size_t max_messages, uint64_t max_bytes,
                                    ddmd_outbox **outbox, ddmd_error *err)
{
    enum ddmd_status status = DDMD_OK;
    ddmd_outbox *made = NULL;
    if (n_peers < 1 || n_peers > DDMD_OUTBOX_MAX_PEERS || max_messages < 1)
        DDMD_FAIL(err, DDMD_INVALID, "an outbox for %zu peers and %zu messages is out of range",
                  n_peers, max_messages);
    DDMD_TRY(ddmd_array_alloc(&made, 1, sizeof *made, err));
    made->wakeup.fd = -1;
    made->identity = *identity;
    made->max_messages = max_messages;
    made->max_bytes = max_bytes;
    made->oldest = made->next = 1;
    made->n_receivers = n_peers;
    for (size_t i = 0; i < n_peers; i++)
        made->receivers[i].peer = peers[i];
    DDMD_TRY(ddmd_array_alloc(&made->ring, max_messages, sizeof(ddmd_message *), err));
    DDMD_TRY(ddmd_wakeup_open(&made->wakeup, err));
    if (!init_room(&made->room))
        DDMD_FAIL(err, DDMD_NOMEM, "out of memory for an outbox");
    if (pthread_mutex_init(&made->lock, NULL) != 0) {
        pthread_cond_destroy(&made->room);
        DDMD_FAIL(err, DDMD_NOMEM, "out of memory for an outbox");
    }
    *outbox = made;
    made = NULL;
out:
    if (made) {
        ddmd_wakeup_close(&made->wakeup);
        free((void *)made->ring);
        free(made);
    }
    return status;
}

void ddmd_outbox_destroy(ddmd_outbox **outbox)
{
    ddmd_outbox *o = *outbox;
    if (!o)
        return;
    for (size_t i = 0; i < o->max_messages; i++)
        ddmd_message_destroy(&o->ring[i]);
    ddmd_wakeup_close(&o->wakeup);
    pthread_cond_destroy(&o->room);
    pthread_mutex_destroy(&o->lock);
    free((void *)o->ring);
    free(o);
    *outbox = NULL;
}

static bool has_room(const ddmd_outbox *o, uint64_t length)
{
    uint64_t kept = o->next - o->oldest;
    return kept == 0 ||
           (kept < o->max_messages && length <= o->max_bytes && o->bytes <= o->max_bytes - length);
}

/* Wait for room, or for the end of waiting. */
static void wait_for_room(ddmd_outbox *o, uint64_t length, double timeout_s)
{
    struct timespec until;
    clock_gettime(CLOCK_MONOTONIC, &until);
    if (timeout_s > 0) {
        double whole = floor(fmin(timeout_s, 1e9));
        until.tv_sec += (time_t)whole;
        until.tv_nsec += (long)(1e9 * (fmin(timeout_s, 1e9) - whole));
        until.tv_sec += until.tv_nsec / 1000000000;
        until.tv_nsec %= 1000000000;
    }
    int result = 0;
    while (!o->cancelled && !has_room(o, length) && result != ETIMEDOUT)
        result = timeout_s < 0 ? pthread_cond_wait(&o->room, &o->lock)
                               : pthread_cond_timedwait(&o->room, &o->lock, &until);
}

enum ddmd_status ddmd_outbox_put(ddmd_outbox *outbox, ddmd_message **message, double timeout_s,
                                 double *waited_s, ddmd_error *err)
{
    enum ddmd_status status = DDMD_OK;
    uint64_t length = length_of(*message);
    pthread_mutex_lock(&outbox->lock);
    if (!outbox->cancelled && !has_room(outbox, length) && timeout_s != 0) {
        double began = ddmd_clock_monotonic();
        wait_for_room(outbox, length, timeout_s);
        if (waited_s)
            *waited_s += ddmd_clock_monotonic() - began;
    }
    if (outbox->cancelled)
        DDMD_FAIL(err, DDMD_CANCELLED, "no more messages are taken");
    if (!has_room(outbox, length))
        DDMD_FAIL(err, DDMD_TIMEOUT, "%" PRIu64 " messages wait to be acknowledged",
                  outbox->next - outbox->oldest);
    /* sealed under the lock, so that messages stand in the ring in the order of their numbers */
    DDMD_TRY(ddmd_message_seal(*message, &outbox->identity, outbox->next, err));
    outbox->ring[outbox->next++ % outbox->max_messages] = *message;
    outbox->bytes += length;
    *message = NULL;
    if (!outbox->signalled)
        ddmd_wakeup_signal(&outbox->wakeup);
    outbox->signalled = true;
out:
    pthread_mutex_unlock(&outbox->lock);
    return status;
}

void ddmd_outbox_cancel(ddmd_outbox *outbox)
{
    pthread_mutex_lock(&outbox->lock);
    outbox->cancelled = true;
    pthread_cond_broadcast(&outbox->room);
    pthread_mutex_unlock(&outbox->lock);
}

size_t ddmd_outbox_kept(const ddmd_outbox *outbox)
{
    pthread_mutex_t *lock = (pthread_mutex_t *)&outbox->lock;
    pthread_mutex_lock(lock);
    size_t kept = (size_t)(outbox->next - outbox->oldest);
    pthread_mutex_unlock(lock);
    return kept;
}

int ddmd_outbox_fd(const ddmd_outbox *outbox)
{
    return outbox->wakeup.fd;
}

static receiver *find(ddmd_outbox *o, ddmd_peer peer)
{
    for (size_t i = 0; i < o->n_receivers; i++)
        if (ddmd_peer_equal(o->receivers[i].peer, peer))
            return &o->receivers[i];
    return NULL;
}

bool ddmd_outbox_is_owed(const ddmd_outbox *outbox, ddmd_peer from, uint64_t *acknowledged)
{
    pthread_mutex_t *lock = (pthread_mutex_t *)&outbox->lock;
    const receiver *r = find((ddmd_outbox *)outbox, from);
    *acknowledged = r ? r->acknowledged : 0;
    pthread_mutex_lock(lock);
    bool owed = r && r->acknowledged + 1 < outbox->next;
    pthread_mutex_unlock(lock);
    return owed;
}

/* What was put until now is about to be looked at. */
static void clear_signal(ddmd_outbox *o)
{
    pthread_mutex_lock(&o->lock);
    if (o->signalled)
        ddmd_wakeup_clear(&o->wakeup);
    o->signalled = false;
    pthread_mutex_unlock(&o->lock);
}

/* A share of the message that is to be sent next; NULL where there is none. */
static ddmd_message *pending(ddmd_outbox *o, const receiver *to)
{
    ddmd_message *message = NULL;
    pthread_mutex_lock(&o->lock);
    if (to->sent + 1 < o->next)
        message = ddmd_message_share(o->ring[(to->sent + 1) % o->max_messages]);
    pthread_mutex_unlock(&o->lock);
    return message;
}

enum ddmd_status ddmd_outbox_flush(ddmd_outbox *outbox, ddmd_peer to, ddmd_endpoint *endpoint,
                                   ddmd_error *err)
{
    enum ddmd_status status = DDMD_OK;
    ddmd_error why = {0};
    receiver *r = find(outbox, to);
    char name[DDMD_PEER_NAME_SIZE];
    if (!r)
        return ddmd_error_set(err, DDMD_INVALID, "nothing is kept for %s",
                              ddmd_peer_name(to, name));
    clear_signal(outbox);
    for (ddmd_message *message; status == DDMD_OK && (message = pending(outbox, r));) {
        status = ddmd_endpoint_send(endpoint, to, message, 0, &why);
        if (status == DDMD_OK)
            r->sent++;
        if (r->furthest < r->sent)
            r->furthest = r->sent;
        ddmd_message_destroy(&message);
    }
    if (status == DDMD_OK || status == DDMD_TIMEOUT || status == DDMD_IO)
        return DDMD_OK;
    return ddmd_error_set(err, status, "%s", why.message);
}

/* Let go of what all have acknowledged. */
static void release(ddmd_outbox *o)
{
    uint64_t done = UINT64_MAX;
    for (size_t i = 0; i < o->n_receivers; i++)
        if (o->receivers[i].acknowledged < done)
            done = o->receivers[i].acknowledged;
    pthread_mutex_lock(&o->lock);
    for (; o->oldest <= done; o->oldest++) {
        ddmd_message **slot = &o->ring[o->oldest % o->max_messages];
        o->bytes -= length_of(*slot);
        ddmd_message_destroy(slot);
    }
    pthread_cond_broadcast(&o->room);
    pthread_mutex_unlock(&o->lock);
}

enum ddmd_status ddmd_outbox_acknowledge(ddmd_outbox *outbox, ddmd_peer from, const ddmd_ack *ack,
                                         ddmd_error *err)
{
    receiver *r = find(outbox, from);
    char name[DDMD_PEER_NAME_SIZE];
    if (ack->epoch != outbox->identity.epoch)
        return DDMD_OK;
    if (!r || ack->sequence > r->furthest)
        return ddmd_error_set(err, DDMD_FORMAT,
                              "%s acknowledges message %" PRIu64 ", which was never sent to it",
                              ddmd_peer_name(from, name), ack->sequence);
    if (ack->sequence <= r->acknowledged)
        return DDMD_OK;
    r->acknowledged = ack->sequence;
    if (r->sent < r->acknowledged)
        r->sent = r->acknowledged;
    release(outbox);
    return DDMD_OK;
}

void ddmd_outbox_restart(ddmd_outbox *outbox, ddmd_peer to, uint64_t *next)
{
    receiver *r = find(outbox, to);
    *next = 1;
    if (r) {
        r->sent = r->acknowledged;
        *next = r->acknowledged + 1;
    }
}

enum ddmd_status ddmd_say_hello(ddmd_endpoint *endpoint, ddmd_peer to, ddmd_outbox *outbox,
                                bool answer, double timeout_s, ddmd_error *err)
{
    enum ddmd_status status = DDMD_OK;
    ddmd_message *message = NULL;
    ddmd_hello hello = {
        .pid = (uint32_t)getpid(), .protocol = DDMD_MESSAGE_VERSION, .answer = answer, .next = 1};
    if (outbox)
        ddmd_outbox_restart(outbox, to, &hello.next);
    DDMD_TRY(ddmd_hello_encode(&hello, &message, err));
    DDMD_TRY(ddmd_endpoint_send(endpoint, to, message, timeout_s, err));
out:
    ddmd_message_destroy(&message);
    return status;
}
