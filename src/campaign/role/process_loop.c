/* What a process does until its end: messages that keep it going, and the loop around them. */
#include "campaign/role/process_state.h"

#include "core/array.h"
#include "core/clock.h"
#include "core/try.h"

#include <unistd.h>

enum { MAX_MESSAGES_A_TURN = 256 };
static const double turn_s = 0.25, beat_s = 1.0, remind_s = 5.0;

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
        p->dues[p->n_dues++] = (ddmd_process_due){*sender, number};
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
    ddmd_process_channel *c = &p->channels[number];
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
        const ddmd_process_outgoing *o = &p->outboxes[i];
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
        ddmd_process_outgoing *o = &p->outboxes[i];
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

/* Heartbeat and timeline, when it is time (`all`: at once). */
static enum ddmd_status report(ddmd_process *p, bool all, ddmd_error *err)
{
    enum ddmd_status status = DDMD_OK;
    double now = ddmd_clock_monotonic();
    ddmd_message *message = NULL;
    if (ddmd_process_coordinates(p))
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

enum ddmd_status ddmd_process_loop(ddmd_process *p, ddmd_error *err)
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
        if (!ddmd_process_coordinates(p) && getppid() != parent)
            DDMD_FAIL(err, DDMD_EXTERNAL, "the coordinator is gone");
    }
    DDMD_TRY(report(p, true, err));
out:
    return status;
}
