#include "stream/endpoint.h"

#include "core/array.h"
#include "core/try.h"
#include "stream/address.h"
#include "stream/endpoint_socket.h"
#include "stream/stream.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zmq.h>

enum {
    RECONNECT_MS = 20,
    RECONNECT_MAX_MS = 500,
    BACKLOG = 1024,
    PROBE_MS = 5000, /* over TCP, a peer that does not answer for PROBE_LIMIT_MS is gone */
    PROBE_LIMIT_MS = 20000
};

static bool is_tcp(const char *address)
{
    return strncmp(address, "tcp://", 6) == 0;
}

static bool set(void *socket, int option, int value)
{
    return zmq_setsockopt(socket, option, &value, sizeof value) == 0;
}

static bool set_text(void *socket, int option, const char *text)
{
    return zmq_setsockopt(socket, option, text, strlen(text)) == 0;
}

/* What servers and clients have in common. */
static bool configure(const ddmd_endpoint *e)
{
    const ddmd_stream *s = e->stream;
    const int64_t limit = (int64_t)(DDMD_MESSAGE_MAX_PAYLOAD + DDMD_MESSAGE_HEADER_SIZE);
    bool good = set(e->socket, ZMQ_SNDHWM, s->queue_messages) &&
                set(e->socket, ZMQ_RCVHWM, s->queue_messages) &&
                set(e->socket, ZMQ_LINGER, s->linger_ms) &&
                zmq_setsockopt(e->socket, ZMQ_MAXMSGSIZE, &limit, sizeof limit) == 0;
    if (good && is_tcp(e->address))
        good = set(e->socket, ZMQ_IPV6, 1) && set(e->socket, ZMQ_HEARTBEAT_IVL, PROBE_MS) &&
               set(e->socket, ZMQ_HEARTBEAT_TIMEOUT, PROBE_LIMIT_MS);
    return good;
}

static bool configure_server(const ddmd_endpoint *e)
{
    /* MANDATORY: who is not there, or does not keep up, is reported, not passed over;
       HANDOVER: a process that was restarted takes the name over from its earlier life */
    bool good = set(e->socket, ZMQ_ROUTER_MANDATORY, 1) && set(e->socket, ZMQ_ROUTER_HANDOVER, 1) &&
                set(e->socket, ZMQ_BACKLOG, BACKLOG);
    if (good && is_tcp(e->address))
        good = set(e->socket, ZMQ_CURVE_SERVER, 1) &&
               set_text(e->socket, ZMQ_CURVE_SECRETKEY, e->stream->keys.server.secret_key) &&
               set_text(e->socket, ZMQ_ZAP_DOMAIN, DDMD_ADMISSION_DOMAIN);
    return good;
}

static bool configure_client(const ddmd_endpoint *e)
{
    char name[DDMD_PEER_NAME_SIZE];
    const ddmd_keys *keys = &e->stream->keys;
    bool good =
        set_text(e->socket, ZMQ_ROUTING_ID, ddmd_peer_name(e->stream->identity.peer, name)) &&
        set(e->socket, ZMQ_RECONNECT_IVL, RECONNECT_MS) &&
        set(e->socket, ZMQ_RECONNECT_IVL_MAX, RECONNECT_MAX_MS);
    if (good && is_tcp(e->address))
        good = set_text(e->socket, ZMQ_CURVE_SERVERKEY, keys->server.public_key) &&
               set_text(e->socket, ZMQ_CURVE_PUBLICKEY, keys->client.public_key) &&
               set_text(e->socket, ZMQ_CURVE_SECRETKEY, keys->client.secret_key);
    return good;
}

/* Hear of each connection that is made. */
static bool watch(ddmd_endpoint *e)
{
    char name[64];
    snprintf(name, sizeof name, "inproc://monitor-%p", (void *)e);
    e->monitor = zmq_socket(e->stream->context, ZMQ_PAIR);
    return e->monitor && set(e->monitor, ZMQ_LINGER, 0) &&
           zmq_socket_monitor(e->socket, name, ZMQ_EVENT_HANDSHAKE_SUCCEEDED) == 0 &&
           zmq_connect(e->monitor, name) == 0;
}

static enum ddmd_status create(ddmd_stream *stream, const char *address, int type,
                               ddmd_endpoint **endpoint, ddmd_error *err)
{
    enum ddmd_status status = DDMD_OK;
    ddmd_endpoint *made = NULL;
    if (strlen(address) >= DDMD_ADDRESS_SIZE)
        DDMD_FAIL(err, DDMD_INVALID, "an address has at most %d characters", DDMD_ADDRESS_SIZE - 1);
    if (!is_tcp(address) && strncmp(address, "ipc://", 6) != 0)
        DDMD_FAIL(err, DDMD_INVALID, "%s: an address begins with ipc:// or tcp://", address);
    if (is_tcp(address) && !stream->have_keys)
        DDMD_FAIL(err, DDMD_INVALID, "%s: nothing is sent over TCP without keys", address);
    DDMD_TRY(ddmd_array_alloc(&made, 1, sizeof *made, err));
    made->stream = stream;
    snprintf(made->address, sizeof made->address, "%s", address);
    made->socket = zmq_socket(stream->context, type);
    if (!made->socket || !configure(made)) {
        status = ddmd_zmq_error(err, address);
        goto out;
    }
    *endpoint = made;
    made = NULL;
out:
    ddmd_endpoint_destroy(&made);
    return status;
}

enum ddmd_status ddmd_endpoint_listen(ddmd_stream *stream, const char *address,
                                      ddmd_endpoint **endpoint, ddmd_error *err)
{
    enum ddmd_status status = DDMD_OK;
    ddmd_endpoint *made = NULL;
    DDMD_TRY(create(stream, address, ZMQ_ROUTER, &made, err));
    if (is_tcp(address))
        DDMD_TRY(ddmd_stream_admit(stream, err));
    size_t size = sizeof made->address;
    if (!configure_server(made) || zmq_bind(made->socket, address) != 0 ||
        zmq_getsockopt(made->socket, ZMQ_LAST_ENDPOINT, made->address, &size) != 0) {
        status = ddmd_zmq_error(err, address);
        goto out;
    }
    made->is_server = true;
    *endpoint = made;
    made = NULL;
out:
    ddmd_endpoint_destroy(&made);
    return status;
}

enum ddmd_status ddmd_endpoint_connect(ddmd_stream *stream, const char *address, ddmd_peer server,
                                       ddmd_endpoint **endpoint, ddmd_error *err)
{
    enum ddmd_status status = DDMD_OK;
    ddmd_endpoint *made = NULL;
    DDMD_TRY(create(stream, address, ZMQ_DEALER, &made, err));
    made->server = server;
    if (!configure_client(made) || !watch(made) || zmq_connect(made->socket, address) != 0) {
        status = ddmd_zmq_error(err, address);
        goto out;
    }
    *endpoint = made;
    made = NULL;
out:
    ddmd_endpoint_destroy(&made);
    return status;
}

void ddmd_endpoint_destroy(ddmd_endpoint **endpoint)
{
    ddmd_endpoint *e = *endpoint;
    if (!e)
        return;
    if (e->monitor) {
        zmq_socket_monitor(e->socket, NULL, 0);
        zmq_close(e->monitor);
    }
    if (e->socket)
        zmq_close(e->socket);
    free(e);
    *endpoint = NULL;
}

const char *ddmd_endpoint_address(const ddmd_endpoint *endpoint)
{
    return endpoint->address;
}

/* The monitor is asked for one kind of event, so what comes is that: two frames. */
void ddmd_endpoint_hear(ddmd_endpoint *endpoint)
{
    while (endpoint->monitor) {
        zmq_msg_t frame;
        zmq_msg_init(&frame);
        bool got = zmq_msg_recv(&frame, endpoint->monitor, ZMQ_DONTWAIT) >= 0;
        bool interrupted = !got && errno == EINTR;
        endpoint->reconnected |= got;
        zmq_msg_close(&frame);
        if (!got && !interrupted)
            return;
    }
}

bool ddmd_endpoint_reconnected(ddmd_endpoint *endpoint)
{
    ddmd_endpoint_hear(endpoint);
    bool was = endpoint->reconnected;
    endpoint->reconnected = false;
    return was;
}
