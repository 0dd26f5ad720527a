/*
 * Messages that must arrive: the sender keeps them, numbered, until every receiver has acknowledged
 * them (ACK), and sends them again to a receiver that was restarted or missed some (HELLO). The
 * receiver's side is inbox.h.
 *
 * The outbox is a ring of bounded size. Where it is full, whoever puts waits: nothing is dropped,
 * and a receiver that does not keep up slows its senders down.
 *
 * A process has one outbox at most for each peer. Put, cancel and the counts may be called from any
 * thread; the rest belongs to the one that has the endpoints. Its loop:
 *
 *     at the start, and whenever ddmd_endpoint_reconnected():  ddmd_say_hello(..., asking)
 *     poll(endpoints..., ddmd_outbox_fd())
 *     for each message received:
 *         HELLO   ddmd_inbox_hello(); where it is no answer, ddmd_say_hello(..., answering)
 *         ACK     ddmd_outbox_acknowledge()
 *         others  ddmd_inbox_check(), and where that says ASK, ddmd_say_hello(..., asking)
 *     for each peer of the outbox: ddmd_outbox_flush()
 *
 * What did not fit into a peer's queue goes with the next turn, at the latest when the peer
 * acknowledges. HELLO and ACK may be lost like everything else: whoever is owed an acknowledgement
 * for a while (ddmd_outbox_is_owed()) says HELLO again. A process with one thread puts with timeout
 * 0, and takes such a turn after each TIMEOUT.
 */
#ifndef DDMD_STREAM_OUTBOX_H
#define DDMD_STREAM_OUTBOX_H

#include "stream/control.h"
#include "stream/endpoint.h"

typedef struct ddmd_outbox ddmd_outbox;

enum { DDMD_OUTBOX_MAX_PEERS = 16 };

/*
 * For messages from `identity` to all of peers[n_peers] (each message goes to each of them; 1 to
 * DDMD_OUTBOX_MAX_PEERS). It holds up to max_messages (>= 1) and max_bytes; a single message may
 * be longer than max_bytes when it is alone. Numbers start with 1.
 */
enum ddmd_status ddmd_outbox_create(const ddmd_identity *identity, const ddmd_peer *peers,
                                    size_t n_peers, size_t max_messages, uint64_t max_bytes,
                                    ddmd_outbox **outbox, ddmd_error *err);
void ddmd_outbox_destroy(ddmd_outbox **outbox);

/*
 * Number and seal a message and keep it; *message is NULL afterwards. TIMEOUT: the ring is still
 * full after timeout_s (0: do not wait; < 0: wait for ever); CANCELLED: ddmd_outbox_cancel(), now
 * or before. On failure *message is the caller's as it was. *waited_s (may be NULL) grows by the
 * time spent waiting.
 */
enum ddmd_status ddmd_outbox_put(ddmd_outbox *outbox, ddmd_message **message, double timeout_s,
                                 double *waited_s, ddmd_error *err);

/* Refuse messages from now on and wake those who wait to put; what is kept stays. */
void ddmd_outbox_cancel(ddmd_outbox *outbox);

/* Messages kept now: 0 when all was acknowledged by all. */
size_t ddmd_outbox_kept(const ddmd_outbox *outbox);

/*
 * Has the peer not acknowledged all that was put? *acknowledged: the last number that it has; 0 for
 * none, and for a peer that is not one of this outbox.
 */
bool ddmd_outbox_is_owed(const ddmd_outbox *outbox, ddmd_peer from, uint64_t *acknowledged);

/* Readable, until the next flush, when something was put. */
int ddmd_outbox_fd(const ddmd_outbox *outbox);

/*
 * Send what is pending for a peer until its queue is full. A peer that is not connected (yet, or
 * any more) is no error: what is kept stays pending. INVALID: not a peer of this outbox.
 */
enum ddmd_status ddmd_outbox_flush(ddmd_outbox *outbox, ddmd_peer to, ddmd_endpoint *endpoint,
                                   ddmd_error *err);

/*
 * The peer acknowledged. One that speaks of another epoch of ours, or of what was acknowledged
 * before, is passed over. FORMAT: a number that was never sent to it, or not a peer of this outbox.
 */
enum ddmd_status ddmd_outbox_acknowledge(ddmd_outbox *outbox, ddmd_peer from, const ddmd_ack *ack,
                                         ddmd_error *err);

/*
 * Everything that the peer has not acknowledged is pending again; *next: the first number of that,
 * or of what will be put next (for ddmd_hello). 1 for a peer that is not one of this outbox.
 */
void ddmd_outbox_restart(ddmd_outbox *outbox, ddmd_peer to, uint64_t *next);

/*
 * Send HELLO and begin again with what `to` has not acknowledged. `outbox` is the one that serves
 * it, NULL where there is none. answer: to a HELLO of its own. Statuses of ddmd_endpoint_send().
 */
enum ddmd_status ddmd_say_hello(ddmd_endpoint *endpoint, ddmd_peer to, ddmd_outbox *outbox,
                                bool answer, double timeout_s, ddmd_error *err);

#endif
