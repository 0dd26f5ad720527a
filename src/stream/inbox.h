/*
 * The receiving side of an outbox: which numbered messages to take, once each and in order.
 *
 * Someone whose messages are numbered says HELLO first, with the number that comes next. From then
 * on each number is taken once. Where one is missing (a connection broke), or no HELLO was heard
 * (this process was restarted), the receiver says HELLO itself, asking, and the sender begins again
 * with what was not acknowledged:
 *
 *     switch (ddmd_inbox_check(inbox, ddmd_message_header_of(message))) {
 *     case DDMD_INBOX_TAKE:   use it, and ddmd_inbox_acknowledge() once it is safe
 *     case DDMD_INBOX_AGAIN:  drop it; ddmd_inbox_repeat(), since an ACK may have been lost
 *     case DDMD_INBOX_ASK:    drop it; ddmd_say_hello() that is no answer (outbox.h)
 *     case DDMD_INBOX_DROP:   drop it; it comes again after a HELLO
 *     }
 *
 * A restarted receiver gets again what it may have made durable without having said so: it compares
 * (simulation, index) with what it holds.
 */
#ifndef DDMD_STREAM_INBOX_H
#define DDMD_STREAM_INBOX_H

#include "stream/control.h"
#include "stream/endpoint.h"

typedef struct ddmd_inbox ddmd_inbox;

enum { DDMD_INBOX_MAX_SENDERS = 1 << 16 };

enum ddmd_inbox_verdict {
    DDMD_INBOX_TAKE,
    DDMD_INBOX_AGAIN,
    DDMD_INBOX_ASK,
    DDMD_INBOX_DROP,
};

/* ask_every_s: how long to wait for an answer before ASK is said again. */
enum ddmd_status ddmd_inbox_create(double ask_every_s, ddmd_inbox **inbox, ddmd_error *err);
void ddmd_inbox_destroy(ddmd_inbox **inbox);

/*
 * A HELLO came, answer or not. One from an earlier epoch of its sender than was heard of is passed
 * over. NOMEM or, beyond DDMD_INBOX_MAX_SENDERS, INVALID: the sender stays unknown.
 */
enum ddmd_status ddmd_inbox_hello(ddmd_inbox *inbox, const ddmd_message_header *header,
                                  const ddmd_hello *hello, ddmd_error *err);

/*
 * Judge a message by its header. Messages with number 0 are always taken (a server that hears one
 * from somebody whom ddmd_inbox_knows() not may ask too). After ASK comes DROP, until a HELLO comes
 * or the time to ask again.
 */
enum ddmd_inbox_verdict ddmd_inbox_check(ddmd_inbox *inbox, const ddmd_message_header *header);

/* Has this process, in this epoch, said HELLO? */
bool ddmd_inbox_knows(const ddmd_inbox *inbox, const ddmd_identity *sender);

/* The number of the last message that was taken from a sender; 0: none. */
uint64_t ddmd_inbox_taken(const ddmd_inbox *inbox, const ddmd_identity *sender);

/*
 * All messages of `sender` up to `sequence` are safe: remember it, and send ACK. A sender that is
 * not connected is no error: it is told when it sends again. TIMEOUT: its queue is still full after
 * timeout_s; ddmd_inbox_repeat() makes up for it. INVALID: not taken so far.
 */
enum ddmd_status ddmd_inbox_acknowledge(ddmd_inbox *inbox, ddmd_endpoint *endpoint,
                                        const ddmd_identity *sender, uint64_t sequence,
                                        double timeout_s, ddmd_error *err);

/* Send the last ACK to this sender again, where there was one. */
enum ddmd_status ddmd_inbox_repeat(ddmd_inbox *inbox, ddmd_endpoint *endpoint,
                                   const ddmd_identity *sender, double timeout_s, ddmd_error *err);

#endif
