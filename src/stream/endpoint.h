/*
 * Sockets of a streaming campaign, over ZeroMQ: a server listens under an address, clients connect
 * to it by theirs. A message is sent whole and received whole, checked.
 *
 *     coordinator, aggregate:  ddmd_endpoint_listen()   (ROUTER)  talks to many, by their names
 *     all others:              ddmd_endpoint_connect()  (DEALER)  one for each server
 *
 * Nothing is dropped here: where a peer does not keep up, send() waits. What is under way when a
 * process dies or a connection breaks is lost all the same; outbox.h and inbox.h take care of
 * messages that must not be. A client may connect before its server listens, and stays connected
 * through the server's restarts.
 *
 * Large messages are handed to ZeroMQ and back without a copy.
 *
 * Threads: an endpoint, and a poll of it, is used by one thread at a time. Others wake that thread
 * with a ddmd_wakeup. Signals do not disturb any call; the one who wants to hear of them gives poll
 * a signalfd. Create the context after fork(), never before.
 */
#ifndef DDMD_STREAM_ENDPOINT_H
#define DDMD_STREAM_ENDPOINT_H

#include "stream/keys.h"
#include "stream/message.h"

typedef struct ddmd_stream ddmd_stream;     /* a process's part in a campaign's traffic */
typedef struct ddmd_endpoint ddmd_endpoint; /* one socket of it */

typedef struct ddmd_stream_options {
    int io_threads;        /* of ZeroMQ, >= 1; 0: 1 */
    int queue_messages;    /* an endpoint holds at most so many messages for each peer, each way,
                              then the sender waits; >= 1; 0: 64. How many bytes are under way
                              is for outboxes to bound */
    double linger_s;       /* closing waits so long for what was sent; 0: 2 s; < 0: not at all */
    const ddmd_keys *keys; /* required for tcp:// addresses, not used for ipc://; a client needs
                              client and server.public_key alone. Copied */
} ddmd_stream_options;

/* options may be NULL. */
enum ddmd_status ddmd_stream_create(const ddmd_identity *identity,
                                    const ddmd_stream_options *options, ddmd_stream **stream,
                                    ddmd_error *err);
/* Its endpoints must have been destroyed. */
void ddmd_stream_destroy(ddmd_stream **stream);
const ddmd_identity *ddmd_stream_identity(const ddmd_stream *stream);

/*
 * address: "ipc:///path" or "tcp://host:port". To listen, host may be "*" and port 0 (a free one);
 * ddmd_endpoint_address() tells what it became. tcp:// is CURVE or nothing: INVALID without keys.
 * IO: the address is in use or cannot be had.
 */
enum ddmd_status ddmd_endpoint_listen(ddmd_stream *stream, const char *address,
                                      ddmd_endpoint **endpoint, ddmd_error *err);
enum ddmd_status ddmd_endpoint_connect(ddmd_stream *stream, const char *address, ddmd_peer server,
                                       ddmd_endpoint **endpoint, ddmd_error *err);
const char *ddmd_endpoint_address(const ddmd_endpoint *endpoint);
/* Waits for what was sent, up to linger_s. */
void ddmd_endpoint_destroy(ddmd_endpoint **endpoint);

/*
 * Send to a peer: of a client its server, of a server anyone who has connected. A message that is
 * not sealed is sealed first, with sequence 0. The caller keeps its share of the message.
 *
 * TIMEOUT: the peer's queue is still full after timeout_s (0: do not wait; < 0: wait for ever);
 * nothing was sent. IO: the peer is not connected to this server (any more); nothing was sent.
 */
enum ddmd_status ddmd_endpoint_send(ddmd_endpoint *endpoint, ddmd_peer to, ddmd_message *message,
                                    double timeout_s, ddmd_error *err);

/*
 * The next message; its header says who sent it. TIMEOUT: none came. FORMAT: what came is no
 * message of this campaign, or not from who its header says; it was dropped, the error names the
 * peer, and the endpoint can be used on.
 */
enum ddmd_status ddmd_endpoint_receive(ddmd_endpoint *endpoint, double timeout_s,
                                       ddmd_message **message, ddmd_error *err);

/*
 * Of a client: has a connection been made since the last call, the first or a new one after the
 * server was restarted or the line broke? It then says HELLO, since what was under way may be lost.
 * ddmd_poll() wakes for it. Always false for a server.
 */
bool ddmd_endpoint_reconnected(ddmd_endpoint *endpoint);

/* ---- waiting ------------------------------------------------------------------------------- */

/*
 * One thing to wait for: an endpoint that has a message or was connected, or a descriptor that can
 * be read.
 */
typedef struct ddmd_poll_item {
    ddmd_endpoint *endpoint; /* or NULL, and */
    int fd;                  /* a signalfd, eventfd, pidfd, ...; < 0: nothing */
    bool ready;              /* set by ddmd_poll() */
} ddmd_poll_item;

enum { DDMD_POLL_MAX = 64 };

/*
 * Wait until something is ready, up to timeout_s (< 0: for ever). *n_ready: how many; 0 after the
 * timeout, which is no error.
 */
enum ddmd_status ddmd_poll(ddmd_poll_item *items, size_t n, double timeout_s, size_t *n_ready,
                           ddmd_error *err);

#endif
