/*
 * Messages that keep the processes of a campaign together: who is there, what it is doing, and when
 * to end. Any pair of roles may exchange HELLO and ACK; the others go between a process and the
 * coordinator.
 *
 * Texts are cut to the size of their arrays; control characters in a text that was received are
 * replaced, so that it can be shown.
 *
 * Decoders: FORMAT where the payload does not follow its layout, INVALID where the message is of
 * another kind (look at ddmd_message_kind_of() first).
 */
#ifndef DDMD_STREAM_CONTROL_H
#define DDMD_STREAM_CONTROL_H

#include "stream/message.h"

/*
 * HELLO: the first message over a connection, in both directions, and the way to ask for a fresh
 * start after a message went missing (inbox.h). Role, index and epoch stand in the header. Who gets
 * one that is no answer, answers, and sends everything unacknowledged again.
 */
typedef struct ddmd_hello {
    uint32_t pid;
    uint16_t protocol; /* DDMD_MESSAGE_VERSION of the sender */
    bool answer;
    uint64_t next; /* number of the oldest message that the sender keeps for the receiver; where it
                      keeps none, of the next one that it will send; >= 1 */
} ddmd_hello;
enum ddmd_status ddmd_hello_encode(const ddmd_hello *hello, ddmd_message **message,
                                   ddmd_error *err);
enum ddmd_status ddmd_hello_decode(const ddmd_message *message, ddmd_hello *hello, ddmd_error *err);

/* X(name, number): what a part can be doing; the names are those of the catalogue's timeline. */
#define DDMD_ACTIVITY_MAP(X)                                    \
    X(start, 1)   /* opening files, building the system */      \
    X(compute, 2) /* simulating, training, embedding */         \
    X(wait, 3)    /* for input */                               \
    X(blocked, 4) /* on output */                               \
    X(write, 5)   /* to disk */                                 \
    X(unpack, 6)  /* taking messages apart, copying features */ \
    X(stop, 7)

enum ddmd_activity_kind {
#define DDMD_ACTIVITY_ENUM(name, number) DDMD_ACTIVITY_##name = number,
    DDMD_ACTIVITY_MAP(DDMD_ACTIVITY_ENUM)
#undef DDMD_ACTIVITY_ENUM
};
const char *ddmd_activity_name(enum ddmd_activity_kind kind);

enum { DDMD_HEARTBEAT_DETAIL_SIZE = 128 };

/* HEARTBEAT, every second or so: I am alive, and what I am at. */
typedef struct ddmd_heartbeat {
    uint64_t counter; /* grows by one a heartbeat */
    enum ddmd_activity_kind activity;
    uint64_t done; /* frames sent, stored, trained on or embedded so far */
    char detail[DDMD_HEARTBEAT_DETAIL_SIZE]; /* "epoch 12 of 50", or "" */
} ddmd_heartbeat;
enum ddmd_status ddmd_heartbeat_encode(const ddmd_heartbeat *heartbeat, ddmd_message **message,
                                       ddmd_error *err);
enum ddmd_status ddmd_heartbeat_decode(const ddmd_message *message, ddmd_heartbeat *heartbeat,
                                       ddmd_error *err);

enum { DDMD_REASON_SIZE = 256 };

/* STOP, from the coordinator. */
typedef struct ddmd_stop {
    bool now;                      /* do not finish what is under way; otherwise pass on what is
                                      held first, wait for its ACK, and end */
    char reason[DDMD_REASON_SIZE]; /* "interrupted", or "" */
} ddmd_stop;
enum ddmd_status ddmd_stop_encode(const ddmd_stop *stop, ddmd_message **message, ddmd_error *err);
enum ddmd_status ddmd_stop_decode(const ddmd_message *message, ddmd_stop *stop, ddmd_error *err);

/* FAILED, to the coordinator: the sender cannot go on and ends. */
typedef struct ddmd_failed {
    ddmd_error error; /* status is not DDMD_OK */
} ddmd_failed;
enum ddmd_status ddmd_failed_encode(const ddmd_failed *failed, ddmd_message **message,
                                    ddmd_error *err);
enum ddmd_status ddmd_failed_decode(const ddmd_message *message, ddmd_failed *failed,
                                    ddmd_error *err);

/* ACTIVITY, to the coordinator: stretches of the sender's time, for the catalogue. */
typedef struct ddmd_activity_span {
    enum ddmd_activity_kind kind;
    double from_s, to_s; /* CLOCK_MONOTONIC of the sender; from_s <= to_s */
} ddmd_activity_span;

enum { DDMD_ACTIVITY_MAX_SPANS = 1 << 16 };

typedef struct ddmd_activity {
    size_t n;                        /* <= DDMD_ACTIVITY_MAX_SPANS */
    const ddmd_activity_span *spans; /* [n]; encoding only, NULL when decoded */
    double now_s, now_wall_s;        /* both clocks of the sender, read together: on another machine
                                        a time t is now_wall_s - (now_s - t) */
} ddmd_activity;
enum ddmd_status ddmd_activity_encode(const ddmd_activity *activity, ddmd_message **message,
                                      ddmd_error *err);

enum ddmd_status ddmd_activity_decode(const ddmd_message *message, ddmd_activity *activity,
                                      ddmd_error *err);
/* Span i < n of a message that was decoded without error. */
ddmd_activity_span ddmd_activity_span_at(const ddmd_message *message, size_t i);

/*
 * ACK: "all of your numbered messages up to this one need not be kept any longer": frames are
 * durable, features are in the window. An ACK speaks of one epoch of its receiver; one of an
 * earlier life is passed over (outbox.h).
 */
typedef struct ddmd_ack {
    uint32_t epoch; /* of the process whose messages are acknowledged */
    uint64_t sequence;
} ddmd_ack;
enum ddmd_status ddmd_ack_encode(const ddmd_ack *ack, ddmd_message **message, ddmd_error *err);
enum ddmd_status ddmd_ack_decode(const ddmd_message *message, ddmd_ack *ack, ddmd_error *err);

#endif
