#include "campaign/role/process.h"

#include "campaign/log_file.h"
#include "campaign/role/timeline.h"
#include "campaign/run_directory.h"
#include "core/array.h"
#include "core/clock.h"
#include "core/try.h"
#include "stream/address.h"
#include "stream/inbox.h"
#include "stream/wakeup.h"

#include <pthread.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum { MAX_MESSAGES_A_TURN = 256 };
static const double turn_s = 0.25, beat_s = 1.0, ask_again_s = 2.0, remind_s = 5.0;

typedef struct channel {
    ddmd_endpoint *endpoint;
    bool listens;
    ddmd_peer server; /* of a client */
} channel;

typedef struct outbox {
    ddmd_outbox *box;
    int channel;
    ddmd_peer peers[DDMD_OUTBOX_MAX_PEERS];
    size_t n_peers;
    uint64_t acknowledged[DDMD_OUTBOX_MAX_PEERS]; /* by each peer, */
    double since_s[DDMD_OUTBOX_MAX_PEERS];        /* and for so long nothing more */
} outbox;

/* A sender whose numbered messages were taken in this turn. */
typedef struct due {
    ddmd_identity sender;
    int channel;
} due;

struct ddmd_process {
    const ddmd_role_ops *ops;
    void *self;
    const ddmd_process_start *start;
    char name[DDMD_PEER_NAME_SIZE];
    const ddmd_config *config; /* its own, or lent by who started it */
    const ddmd_subject *subject;
    ddmd_config *own_config;
    ddmd_subject *own_subject;
    ddmd_log_file log_file;
    ddmd_log log;
    ddmd_timeline *timeline;

    ddmd_stream *stream;
    ddmd_inbox *inbox;
    ddmd_wakeup wakeup;
    channel channels[DDMD_PROCESS_MAX_CHANNELS];
    int n_channels;
    outbox outboxes[DDMD_PROCESS_MAX_OUTBOXES];
    size_t n_outboxes;
    due *dues; /* acknowledgements to send at the end of the turn */
    size_t n_dues, dues_capacity;

    bool stopping, stop_now;
    double beaten_s, reported_s; /* when a heartbeat and the timeline were last sent */

    pthread_mutex_t lock;
    bool failed;
    ddmd_error failure; /* of any thread */
};

/* ---- what a role asks for -------------------------------------------------------------------- */

const ddmd_identity *ddmd_process_identity(const ddmd_process *p)
{
    return &p->start->identity;
}

const ddmd_config *ddmd_process_config(const ddmd_process *p)
{
    return p->config;
}

const ddmd_subject *ddmd_process_subject(const ddmd_process *p)
{
    return p->subject;
}

const char *ddmd_process_run_dir(const ddmd_process *p)
{
    return p->start->run_dir;
}

uint64_t ddmd_process_known(const ddmd_process *p)
{
    return p->start->known;
}

void *ddmd_process_user(const ddmd_process *p)
{
    return p->start->user;
}

void ddmd_process_stop(ddmd_process *p)
{
    p->stopping = true;
}

const ddmd_log *ddmd_process_log(const ddmd_process *p)
{
    return &p->log;
}

void ddmd_process_wake(ddmd_process *p)
{
    ddmd_wakeup_signal(&p->wakeup);
}

void ddmd_process_fail(ddmd_process *p, const ddmd_error *why)
{
    pthread_mutex_lock(&p->lock);
    if (!p->failed)
        p->failure = *why;
    p->failed = true;
    pthread_mutex_unlock(&p->lock);
    ddmd_process_wake(p);
}

void ddmd_process_now(ddmd_process *p, enum ddmd_activity_kind activity, const char *detail, ...)
{
    char text[DDMD_HEARTBEAT_DETAIL_SIZE];
    va_list args;
    va_start(args, detail);
    vsnprintf(text, sizeof text, detail, args);
    va_end(args);
    ddmd_timeline_now(p->timeline, activity, text);
}

void ddmd_process_part(ddmd_process *p, enum ddmd_activity_kind activity, double seconds)
{
    ddmd_timeline_part(p->timeline, activity, seconds);
}

void ddmd_process_done(ddmd_process *p, uint64_t done)
{
    ddmd_timeline_done(p->timeline, done);
}

static enum ddmd_status open_channel(ddmd_process *p, bool listens, ddmd_peer server, int *number,
                                     ddmd_error *err)
{
    enum ddmd_status status = DDMD_OK;
    char address[DDMD_ADDRESS_SIZE];
    channel c = {.listens = listens, .server = server};
    if (p->n_channels == DDMD_PROCESS_MAX_CHANNELS)
        DDMD_FAIL(err, DDMD_INVALID, "a process has at most %d channels",
                  (int)DDMD_PROCESS_MAX_CHANNELS);
    DDMD_TRY(ddmd_address_ipc(address, p->start->sockets, server, err));
    if (listens)
        DDMD_TRY(ddmd_endpoint_listen(p->stream, address, &c.endpoint, err));
    else
        DDMD_TRY(ddmd_endpoint_connect(p->stream, address, server, &c.endpoint, err));
    *number = p->n_channels;
    p->channels[p->n_channels++] = c;
out:
    return status;
}

enum ddmd_status ddmd_process_connect(ddmd_process *p, ddmd_peer server, int *number,
                                      ddmd_error *err)
{
    return open_channel(p, false, server, number, err);
}

enum ddmd_status ddmd_process_listen(ddmd_process *p, int *number, ddmd_error *err)
{
    return open_channel(p, true, p->start->identity.peer, number, err);
}

enum ddmd_status ddmd_process_outbox(ddmd_process *p, int number, const ddmd_peer *peers,
                                     size_t n_peers, size_t max_messages, uint64_t max_bytes,
                                     ddmd_outbox **box, ddmd_error *err)
{
    if (p->n_outboxes == DDMD_PROCESS_MAX_OUTBOXES)
        return ddmd_error_set(err, DDMD_INVALID, "a process has at most %d outboxes",
                              (int)DDMD_PROCESS_MAX_OUTBOXES);
    outbox *o = &p->outboxes[p->n_outboxes];
    enum ddmd_status status = ddmd_outbox_create(&p->start->identity, peers, n_peers, max_messages,
                                                 max_bytes, &o->box, err);
    if (status != DDMD_OK)
        return status;
    o->channel = number;
    o->n_peers = n_peers;
    for (size_t i = 0; i < n_peers; i++)
        o->peers[i] = peers[i];
    p->n_outboxes++;
    *box = o->box;
    return DDMD_OK;
}

enum ddmd_status ddmd_process_try_send(ddmd_process *p, int number, ddmd_peer to,
                                       ddmd_message *message, ddmd_error *err)
{
    return ddmd_endpoint_send(p->channels[number].endpoint, to, message, 0, err);
}

enum ddmd_status ddmd_process_send(ddmd_process *p, int number, ddmd_peer to,
                                   ddmd_message **message, ddmd_error *err)
{
    enum ddmd_status status =
        ddmd_endpoint_send(p->channels[number].endpoint, to, *message, 0, err);
    ddmd_message_destroy(message);
    return status == DDMD_TIMEOUT || status == DDMD_IO ? DDMD_OK : status;
}

/* ---- messages that keep the process going ---------------------------------------------------- */

/* The outbox that serves a peer over a channel; NULL: none does. */
static ddmd_outbox *outbox_for(const ddmd_process *p, int number, ddmd_peer peer)
{
    for (size_t i = 0; i < p->n_outboxes; i++)
        if (p->outboxes[i].channel == number)
            for (size_t k = 0; k < p->outboxes[i].n_peers; k++)
                if (ddmd_peer_equal(p->outboxes[i].peers[k], peer))
                    return p->outboxes[i].box;
    return NULL;
}

/* A peer that is not there (yet) hears it when it has come. */
static enum ddmd_status say_hello(ddmd_process *p, int number, ddmd_peer to, bool answer,
                                  ddmd_error *err)
{
    ddmd_error why = {0};
    enum ddmd_status status = ddmd_say_hello(p->channels[number].endpoint, to,
                                             outbox_for(p, number, to), answer, 0, &why);
    return status == DDMD_OK || status == DDMD_TIMEOUT || status == DDMD_IO
               ? DDMD_OK
               : ddmd_error_set(err, status, "%s", why.message);
}

static enum ddmd_status hear_hello(ddmd_process *p, int number, const ddmd_message *message,
                                   ddmd_error *err)
{
    enum ddmd_status status = DDMD_OK;
    const ddmd_message_header *header = ddmd_message_header_of(message);
    ddmd_peer from = header->sender.peer;
    ddmd_hello hello;
    DDMD_TRY(ddmd_hello_decode(message, &hello, err));
    DDMD_TRY(ddmd_inbox_hello(p->inbox, header, &hello, err));
    if (!hello.answer)
        DDMD_TRY(say_hello(p, number, from, true, err));
out:
    return status;
}

static enum ddmd_status hear_ack(ddmd_process *p, int number, const ddmd_message *message,
                                 ddmd_error *err)
{
    ddmd_peer from = ddmd_message_header_of(message)->sender.peer;
    ddmd_outbox *box = outbox_for(p, number, from);
    ddmd_ack ack;
    enum ddmd_status status = ddmd_ack_decode(message, &ack, err);
    if (status != DDMD_OK || !box)
        return status;
    return ddmd_outbox_acknowledge(box, from, &ack, err);
}

static enum ddmd_status hear_stop(ddmd_process *p, const ddmd_message *message, ddmd_error *err)
{
    ddmd_stop stop;
    enum ddmd_status status = ddmd_stop_decode(message, &stop, err);
    if (status != DDMD_OK)
        return status;
    p->stop_now = p->stop_now || stop.now;
    if (p->ops->stop && (!p->stopping || stop.now))
        p->ops->stop(p->self, stop.now);
    p->stopping = true;
    return DDMD_OK;
}

/* Remember to acknowledge; one entry a sender. */
static enum ddmd_status owe(ddmd_process *p, int number, const ddmd_identity *sender,
                            ddmd_error *err)
{
    for (size_t i = 0; i < p->n_dues; i++)
        if (p->dues[i].channel == number && ddmd_peer_equal(p->dues[i].sender.peer, sender->peer) &&
            p->dues[i].sender.epoch == sender->epoch)
            return DDMD_OK;
    enum ddmd_status status =
        ddmd_array_reserve(&p->dues, &p->dues_capacity, p->n_dues + 1, sizeof *p->dues, err);
    if (status == DDMD_OK)
        p->dues[p->n_dues++] = (due){*sender, number};
    return status;
}

static enum ddmd_status acknowledge(ddmd_process *p, ddmd_error *err)
{
    if (p->ops->may_acknowledge && !p->ops->may_acknowledge(p->self))
        return DDMD_OK;
    for (size_t i = 0; i < p->n_dues; i++) {
        const ddmd_identity *sender = &p->dues[i].sender;
        uint64_t taken = ddmd_inbox_taken(p->inbox, sender);
        ddmd_error why = {0};
        if (taken == 0)
            continue; /* it has died in between, and another of its name has said HELLO */
        enum ddmd_status status = ddmd_inbox_acknowledge(
            p->inbox, p->channels[p->dues[i].channel].endpoint, sender, taken, 0, &why);
        if (status != DDMD_OK && status != DDMD_TIMEOUT) /* told when it sends again */
            return ddmd_error_set(err, status, "%s", why.message);
    }
    p->n_dues = 0;
    return DDMD_OK;
}

/* To the role. What it cannot make sense of is dropped, here and at the sender. */
static enum ddmd_status hand_on(ddmd_process *p, ddmd_message *message, ddmd_error *err)
{
    ddmd_error why = {0};
    enum ddmd_status status = p->ops->receive ? p->ops->receive(p->self, message, &why) : DDMD_OK;
    if (status == DDMD_FORMAT) {
        ddmd_log_line(&p->log, DDMD_LOG_WARNING, "a message was dropped: %s", why.message);
        return DDMD_OK;
    }
    return status == DDMD_OK ? DDMD_OK : ddmd_error_set(err, status, "%s", why.message);
}

static enum ddmd_status judge(ddmd_process *p, int number, ddmd_message *message, ddmd_error *err)
{
    enum ddmd_status status = DDMD_OK;
    const ddmd_message_header *header = ddmd_message_header_of(message);
    switch (ddmd_inbox_check(p->inbox, header)) {
    case DDMD_INBOX_TAKE:
        DDMD_TRY(hand_on(p, message, err));
        if (header->sequence > 0)
            DDMD_TRY(owe(p, number, &header->sender, err));
        break;
    case DDMD_INBOX_AGAIN: /* its acknowledgement was lost, or is still to come */
        (void)ddmd_inbox_repeat(p->inbox, p->channels[number].endpoint, &header->sender, 0, NULL);
        break;
    case DDMD_INBOX_ASK:
        DDMD_TRY(say_hello(p, number, header->sender.peer, false, err));
        break;
    case DDMD_INBOX_DROP:
        break;
    }
out:
    return status;
}

static enum ddmd_status take_message(ddmd_process *p, int number, ddmd_message *message,
                                     ddmd_error *err)
{
    enum ddmd_status status = DDMD_OK;
    bool from_coordinator =
        ddmd_message_header_of(message)->sender.peer.role == DDMD_ROLE_coordinator;
    switch (ddmd_message_kind_of(message)) {
    case DDMD_MESSAGE_HELLO: /* roles may want to know of it, too */
        DDMD_TRY(hear_hello(p, number, message, err));
        return hand_on(p, message, err);
    case DDMD_MESSAGE_ACK:
        return hear_ack(p, number, message, err);
    case DDMD_MESSAGE_STOP:
        return from_coordinator ? hear_stop(p, message, err) : DDMD_OK;
    default:
        return judge(p, number, message, err);
    }
out:
    return status;
}

/* ---- the loop -------------------------------------------------------------------------------- */

static enum ddmd_status read_channel(ddmd_process *p, int number, ddmd_error *err)
{
    channel *c = &p->channels[number];
    if (!c->listens && ddmd_endpoint_reconnected(c->endpoint)) {
        enum ddmd_status status = say_hello(p, number, c->server, false, err);
        if (status != DDMD_OK)
            return status;
    }
    for (int i = 0; i < MAX_MESSAGES_A_TURN; i++) {
        ddmd_error why = {0};
        ddmd_message *message = NULL;
        enum ddmd_status status = ddmd_endpoint_receive(c->endpoint, 0, &message, &why);
        if (status == DDMD_TIMEOUT)
            break;
        if (status == DDMD_OK)
            status = take_message(p, number, message, &why);
        ddmd_message_destroy(&message);
        if (status == DDMD_FORMAT)
            ddmd_log_line(&p->log, DDMD_LOG_WARNING, "a message was dropped: %s", why.message);
        else if (status != DDMD_OK)
            return ddmd_error_set(err, status, "%s", why.message);
    }
    return DDMD_OK;
}

static enum ddmd_status wait_for_something(ddmd_process *p, ddmd_error *err)
{
    ddmd_poll_item items[1 + DDMD_PROCESS_MAX_CHANNELS + DDMD_PROCESS_MAX_OUTBOXES];
    size_t n = 0, n_ready;
    items[n++] = (ddmd_poll_item){.fd = p->wakeup.fd};
    for (int i = 0; i < p->n_channels; i++)
        items[n++] = (ddmd_poll_item){.endpoint = p->channels[i].endpoint, .fd = -1};
    for (size_t i = 0; i < p->n_outboxes; i++)
        items[n++] = (ddmd_poll_item){.fd = ddmd_outbox_fd(p->outboxes[i].box)};
    enum ddmd_status status = ddmd_poll(items, n, turn_s, &n_ready, err);
    ddmd_wakeup_clear(&p->wakeup);
    return status;
}

static enum ddmd_status flush(ddmd_process *p, ddmd_error *err)
{
    for (size_t i = 0; i < p->n_outboxes; i++) {
        const outbox *o = &p->outboxes[i];
        for (size_t k = 0; k < o->n_peers; k++) {
            enum ddmd_status status =
                ddmd_outbox_flush(o->box, o->peers[k], p->channels[o->channel].endpoint, err);
            if (status != DDMD_OK)
                return status;
        }
    }
    return DDMD_OK;
}

/*
 * A peer that acknowledges nothing for a while may have lost a HELLO or messages, or we its ACK:
 * HELLO again. Where it only takes its time, it passes over what it gets twice.
 */
static enum ddmd_status remind(ddmd_process *p, ddmd_error *err)
{
    double now = ddmd_clock_monotonic();
    for (size_t i = 0; i < p->n_outboxes; i++) {
        outbox *o = &p->outboxes[i];
        for (size_t k = 0; k < o->n_peers; k++) {
            uint64_t acknowledged;
            bool owed = ddmd_outbox_is_owed(o->box, o->peers[k], &acknowledged);
            bool waits = owed && acknowledged == o->acknowledged[k];
            if (waits && now - o->since_s[k] < remind_s)
                continue;
            o->acknowledged[k] = acknowledged;
            o->since_s[k] = now;
            enum ddmd_status status =
                waits ? say_hello(p, o->channel, o->peers[k], false, err) : DDMD_OK;
            if (status != DDMD_OK)
                return status;
        }
    }
    return DDMD_OK;
}

static bool is_coordinator(const ddmd_process *p)
{
    return p->start->identity.peer.role == DDMD_ROLE_coordinator;
}

/* Heartbeat and timeline, when it is time (`all`: at once). */
static enum ddmd_status report(ddmd_process *p, bool all, ddmd_error *err)
{
    enum ddmd_status status = DDMD_OK;
    double now = ddmd_clock_monotonic();
    ddmd_message *message = NULL;
    if (is_coordinator(p))
        return DDMD_OK;
    ddmd_peer to = p->channels[DDMD_CHANNEL_COORDINATOR].server;
    if (all || now - p->beaten_s >= beat_s) {
        ddmd_heartbeat beat;
        ddmd_timeline_beat(p->timeline, &beat);
        DDMD_TRY(ddmd_heartbeat_encode(&beat, &message, err));
        DDMD_TRY(ddmd_process_send(p, DDMD_CHANNEL_COORDINATOR, to, &message, err));
        p->beaten_s = now;
    }
    if (all || now - p->reported_s >= DDMD_TIMELINE_WINDOW) {
        DDMD_TRY(ddmd_timeline_message(p->timeline, &message, err));
        if (message)
            DDMD_TRY(ddmd_process_send(p, DDMD_CHANNEL_COORDINATOR, to, &message, err));
        p->reported_s = now;
    }
out:
    return status;
}

static enum ddmd_status check_failure(ddmd_process *p, ddmd_error *err)
{
    pthread_mutex_lock(&p->lock);
    bool failed = p->failed;
    ddmd_error why = p->failure;
    pthread_mutex_unlock(&p->lock);
    return failed ? ddmd_error_set(err, why.status, "%s", why.message) : DDMD_OK;
}

static bool is_done(const ddmd_process *p)
{
    if (!p->stopping || (p->ops->finished && !p->ops->finished(p->self)))
        return false;
    for (size_t i = 0; i < p->n_outboxes && !p->stop_now; i++)
        if (ddmd_outbox_kept(p->outboxes[i].box) > 0)
            return false;
    return true;
}

static enum ddmd_status loop(ddmd_process *p, ddmd_error *err)
{
    enum ddmd_status status = DDMD_OK;
    pid_t parent = getppid();
    while (!is_done(p)) {
        DDMD_TRY(wait_for_something(p, err));
        for (int i = 0; i < p->n_channels; i++)
            DDMD_TRY(read_channel(p, i, err));
        if (p->ops->turn)
            DDMD_TRY(p->ops->turn(p->self, err));
        DDMD_TRY(acknowledge(p, err));
        DDMD_TRY(remind(p, err));
        DDMD_TRY(flush(p, err));
        DDMD_TRY(report(p, false, err));
        DDMD_TRY(check_failure(p, err));
        if (!is_coordinator(p) && getppid() != parent)
            DDMD_FAIL(err, DDMD_EXTERNAL, "the coordinator is gone");
    }
    DDMD_TRY(report(p, true, err));
out:
    return status;
}

/* ---- beginning and end ----------------------------------------------------------------------- */

/* What is simulated: lent, or made from the run directory. */
static enum ddmd_status find_subject(ddmd_process *p, ddmd_error *err)
{
    enum ddmd_status status = DDMD_OK;
    char *path = NULL;
    ddmd_mistakes mistakes = {0};
    p->config = p->start->config;
    p->subject = p->start->subject;
    if (p->config && p->subject)
        return DDMD_OK;
    DDMD_TRY(ddmd_run_path(&path, p->start->run_dir, "config.yaml", err));
    DDMD_TRY(ddmd_config_load(path, NULL, 0, &p->own_config, &mistakes, err));
    DDMD_TRY(ddmd_subject_create(p->own_config, &p->own_subject, &mistakes, err));
    p->config = p->own_config;
    p->subject = p->own_subject;
out:
    ddmd_mistakes_clear(&mistakes);
    free(path);
    return status;
}

static enum ddmd_status open_process(ddmd_process *p, ddmd_error *err)
{
    enum ddmd_status status = DDMD_OK;
    const ddmd_process_start *start = p->start;
    const ddmd_peer coordinator = {DDMD_ROLE_coordinator, 0};
    char file[DDMD_PEER_NAME_SIZE + 8];
    int number;
    pthread_mutex_init(&p->lock, NULL);
    ddmd_peer_name(start->identity.peer, p->name);
    snprintf(file, sizeof file, "%s.log", p->name);
    DDMD_TRY(ddmd_log_file_open(&p->log_file, start->run_dir, file, NULL, &p->log, err));
    DDMD_TRY(ddmd_timeline_create(&p->timeline, err));
    DDMD_TRY(find_subject(p, err));
    DDMD_TRY(ddmd_wakeup_open(&p->wakeup, err));
    DDMD_TRY(ddmd_stream_create(&start->identity, NULL, &p->stream, err));
    DDMD_TRY(ddmd_inbox_create(ask_again_s, &p->inbox, err));
    if (is_coordinator(p))
        DDMD_TRY(ddmd_process_listen(p, &number, err));
    else
        DDMD_TRY(ddmd_process_connect(p, coordinator, &number, err));
    DDMD_TRY(p->ops->create(p, &p->self, err));
    ddmd_log_line(&p->log, DDMD_LOG_INFO, "%s, process %ld, start number %u", p->name,
                  (long)getpid(), start->identity.epoch);
out:
    return status;
}

static void close_process(ddmd_process *p)
{
    if (p->self && p->ops->destroy)
        p->ops->destroy(p->self);
    for (size_t i = 0; i < p->n_outboxes; i++)
        ddmd_outbox_destroy(&p->outboxes[i].box);
    for (int i = 0; i < p->n_channels; i++)
        ddmd_endpoint_destroy(&p->channels[i].endpoint);
    ddmd_inbox_destroy(&p->inbox);
    ddmd_stream_destroy(&p->stream);
    ddmd_wakeup_close(&p->wakeup);
    ddmd_subject_destroy(&p->own_subject);
    ddmd_config_destroy(&p->own_config);
    ddmd_timeline_destroy(&p->timeline);
    ddmd_log_file_close(&p->log_file);
    pthread_mutex_destroy(&p->lock);
    free(p->dues);
}

/* The coordinator hears why, if it can be told. */
static void tell_failure(ddmd_process *p, const ddmd_error *why)
{
    const ddmd_failed failed = {*why};
    ddmd_message *message = NULL;
    ddmd_log_line(&p->log, DDMD_LOG_ERROR, "%s", why->message);
    if (is_coordinator(p) || p->n_channels == 0 ||
        ddmd_failed_encode(&failed, &message, NULL) != DDMD_OK)
        return;
    (void)ddmd_process_send(p, DDMD_CHANNEL_COORDINATOR,
                            p->channels[DDMD_CHANNEL_COORDINATOR].server, &message, NULL);
}

enum ddmd_status ddmd_process_run(const ddmd_role_ops *ops, const ddmd_process_start *start,
                                  ddmd_error *err)
{
    enum ddmd_status status = DDMD_OK;
    ddmd_error why = {0};
    ddmd_process *p = NULL;
    DDMD_TRY(ddmd_array_alloc(&p, 1, sizeof *p, err));
    p->ops = ops;
    p->start = start;
    p->wakeup.fd = -1;
    status = open_process(p, &why);
    if (status == DDMD_OK)
        status = loop(p, &why);
    if (status != DDMD_OK) {
        tell_failure(p, &why);
        ddmd_error_set(err, status, "%s", why.message);
    } else {
        ddmd_log_line(&p->log, DDMD_LOG_INFO, "ended");
    }
    close_process(p);
out:
    free(p);
    return status;
}
