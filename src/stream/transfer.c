/* Messages out of and into sockets. */
#include "core/clock.h"
#include "core/try.h"
#include "stream/endpoint_socket.h"
#include "stream/stream.h"

#include <errno.h>
#include <limits.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <zmq.h>

/* Up to this many bytes, copying costs less than keeping track of who still reads them. */
enum { COPY_LIMIT = 4096 };

double ddmd_deadline(double timeout_s)
{
    return timeout_s < 0 ? INFINITY : ddmd_clock_monotonic() + timeout_s;
}

long ddmd_deadline_ms(double deadline_s)
{
    if (isinf(deadline_s))
        return -1;
    double ms = ceil(1e3 * (deadline_s - ddmd_clock_monotonic()));
    return ms <= 0 ? 0 : ms < INT_MAX ? (long)ms : INT_MAX;
}

/* Called from a thread of ZeroMQ's. */
static void unshare(void *bytes, void *user)
{
    (void)bytes;
    ddmd_message *message = user;
    ddmd_message_destroy(&message);
}

static enum ddmd_status wrap(ddmd_message *message, zmq_msg_t *frame, ddmd_error *err)
{
    size_t length;
    const void *bytes = ddmd_message_bytes(message, &length);
    int failed;
    if (length <= COPY_LIMIT) {
        failed = zmq_msg_init_size(frame, length);
        if (!failed)
            memcpy(zmq_msg_data(frame), bytes, length);
    } else {
        failed =
            zmq_msg_init_data(frame, (void *)bytes, length, unshare, ddmd_message_share(message));
        if (failed)
            unshare(NULL, message);
    }
    return failed ? ddmd_zmq_error(err, "a message") : DDMD_OK;
}

/* Whether the first frame of what is sent was taken; waits until the deadline. */
static bool push(void *socket, zmq_msg_t *frame, int flags, double deadline)
{
    for (;;) {
        int ms = (int)ddmd_deadline_ms(deadline);
        if (ms == 0)
            flags |= ZMQ_DONTWAIT;
        else
            zmq_setsockopt(socket, ZMQ_SNDTIMEO, &ms, sizeof ms);
        if (zmq_msg_send(frame, socket, flags) >= 0)
            return true;
        if (errno != EINTR)
            return false;
    }
}

static enum ddmd_status send_failed(const ddmd_endpoint *e, ddmd_peer to, ddmd_error *err)
{
    char name[DDMD_PEER_NAME_SIZE];
    if (errno == EAGAIN)
        return ddmd_error_set(err, DDMD_TIMEOUT,
                              "%s does not take messages as fast as they are made",
                              ddmd_peer_name(to, name));
    if (errno == EHOSTUNREACH)
        return ddmd_error_set(err, DDMD_IO, "%s is not connected to %s", ddmd_peer_name(to, name),
                              e->address);
    return ddmd_zmq_error(err, ddmd_peer_name(to, name));
}

enum ddmd_status ddmd_endpoint_send(ddmd_endpoint *endpoint, ddmd_peer to, ddmd_message *message,
                                    double timeout_s, ddmd_error *err)
{
    enum ddmd_status status = DDMD_OK;
    char name[DDMD_PEER_NAME_SIZE];
    zmq_msg_t address, frame;
    double deadline = ddmd_deadline(timeout_s);
    zmq_msg_init(&address);
    zmq_msg_init(&frame);
    ddmd_peer_name(to, name);
    if (!endpoint->is_server && !ddmd_peer_equal(to, endpoint->server))
        DDMD_FAIL(err, DDMD_INVALID, "%s is not at the other end of %s", name, endpoint->address);
    if (!ddmd_message_is_sealed(message))
        DDMD_TRY(ddmd_message_seal(message, &endpoint->stream->identity, 0, err));
    DDMD_TRY(wrap(message, &frame, err));
    if (endpoint->is_server) {
        if (zmq_msg_init_size(&address, strlen(name)) != 0)
            DDMD_FAIL(err, DDMD_NOMEM, "out of memory for a message");
        memcpy(zmq_msg_data(&address), name, strlen(name));
        if (!push(endpoint->socket, &address, ZMQ_SNDMORE, deadline)) {
            status = send_failed(endpoint, to, err);
            goto out;
        }
        deadline = ddmd_deadline(-1); /* begun: a server's socket takes the rest without waiting */
    }
    if (!push(endpoint->socket, &frame, 0, deadline))
        status = send_failed(endpoint, to, err);
out:
    zmq_msg_close(&address);
    zmq_msg_close(&frame);
    return status;
}

static bool pull(void *socket, zmq_msg_t *frame, double deadline)
{
    for (;;) {
        int ms = (int)ddmd_deadline_ms(deadline);
        if (ms != 0)
            zmq_setsockopt(socket, ZMQ_RCVTIMEO, &ms, sizeof ms);
        if (zmq_msg_recv(frame, socket, ms == 0 ? ZMQ_DONTWAIT : 0) >= 0)
            return true;
        if (errno != EINTR)
            return false;
    }
}

/* Frames behind the one that a message is; true where there were any. */
static bool drop_rest(void *socket, zmq_msg_t *last)
{
    bool some = false, more = zmq_msg_more(last);
    while (more) {
        zmq_msg_t frame;
        zmq_msg_init(&frame);
        more = pull(socket, &frame, INFINITY) && zmq_msg_more(&frame);
        zmq_msg_close(&frame);
        some = true;
    }
    return some;
}

static void close_frame(void *user)
{
    zmq_msg_t *frame = user;
    zmq_msg_close(frame);
    free(frame);
}

/* A message of the bytes of a frame, which is empty afterwards. */
static enum ddmd_status unwrap(zmq_msg_t *frame, ddmd_message **message, ddmd_error *err)
{
    enum ddmd_status status = DDMD_OK;
    size_t length = zmq_msg_size(frame);
    if (length <= COPY_LIMIT)
        return ddmd_message_copy(zmq_msg_data(frame), length, message, err);
    zmq_msg_t *held = malloc(sizeof *held);
    if (!held)
        return ddmd_error_set(err, DDMD_NOMEM, "out of memory for a message");
    zmq_msg_init(held);
    zmq_msg_move(held, frame);
    status = ddmd_message_take(zmq_msg_data(held), length, close_frame, held, message, err);
    if (status != DDMD_OK)
        close_frame(held);
    return status;
}

/* Is it from who sent it, and of this campaign? */
static enum ddmd_status check_sender(const ddmd_endpoint *e, ddmd_peer from,
                                     const ddmd_message *message, ddmd_error *err)
{
    const ddmd_identity *sender = &ddmd_message_header_of(message)->sender;
    char name[DDMD_PEER_NAME_SIZE];
    if (sender->campaign != e->stream->identity.campaign)
        return ddmd_error_set(err, DDMD_FORMAT, "a message of another campaign");
    if (!ddmd_peer_equal(sender->peer, from))
        return ddmd_error_set(err, DDMD_FORMAT, "a message that says it is from %s",
                              ddmd_peer_name(sender->peer, name));
    return DDMD_OK;
}

enum ddmd_status ddmd_endpoint_receive(ddmd_endpoint *endpoint, double timeout_s,
                                       ddmd_message **message, ddmd_error *err)
{
    enum ddmd_status status = DDMD_OK;
    ddmd_message *made = NULL;
    ddmd_peer from = endpoint->server;
    char name[DDMD_PEER_NAME_SIZE] = "somebody without a name";
    bool known = true;
    zmq_msg_t frame;
    zmq_msg_init(&frame);
    if (!pull(endpoint->socket, &frame, ddmd_deadline(timeout_s))) {
        status = errno == EAGAIN ? ddmd_error_set(err, DDMD_TIMEOUT, "no message came")
                                 : ddmd_zmq_error(err, endpoint->address);
        goto out;
    }
    if (endpoint->is_server) {
        known = ddmd_peer_from_name(zmq_msg_data(&frame), zmq_msg_size(&frame), &from);
        if (!zmq_msg_more(&frame) || !pull(endpoint->socket, &frame, INFINITY))
            DDMD_FAIL(err, DDMD_FORMAT, "%s: an empty message", endpoint->address);
    }
    if (drop_rest(endpoint->socket, &frame))
        status = ddmd_error_set(err, DDMD_FORMAT, "a message in several pieces");
    else if (!known)
        status = ddmd_error_set(err, DDMD_FORMAT, "a message from nobody of a campaign");
    else
        status = unwrap(&frame, &made, err);
    if (status == DDMD_OK)
        status = check_sender(endpoint, from, made, err);
    if (status != DDMD_OK) {
        ddmd_error_prefix(err, "%s: ", known ? ddmd_peer_name(from, name) : name);
        goto out;
    }
    *message = made;
    made = NULL;
out:
    ddmd_message_destroy(&made);
    zmq_msg_close(&frame);
    return status;
}
