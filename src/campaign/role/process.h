/*
 * A process of a streaming campaign: what all roles have in common. It opens sockets, says HELLO,
 * answers, beats, keeps the numbered messages going, and hands the rest to its role.
 *
 * The process's main thread does all of this in ddmd_process_run(); a role that computes does it in
 * a thread of its own, puts what it has into an outbox, and wakes the main thread. Everything here
 * belongs to the main thread, but for what is said to be callable from any.
 */
#ifndef DDMD_CAMPAIGN_ROLE_PROCESS_H
#define DDMD_CAMPAIGN_ROLE_PROCESS_H

#include "campaign/subject.h"
#include "stream/outbox.h"

typedef struct ddmd_process ddmd_process;

/* What a process is told when it is started. */
typedef struct ddmd_process_start {
    const char *run_dir;
    const char *sockets; /* directory of the campaign's sockets */
    ddmd_identity identity;
    uint64_t known; /* to the catalogue: rows of an aggregator's file; of train, newest weights */
    void *user;     /* of the coordinator: its campaign, */
    const ddmd_config *config;   /* and what it has of this already, a loan; */
    const ddmd_subject *subject; /* both NULL: to be made from config.yaml in run_dir */
} ddmd_process_start;

/* A role. All functions but create may be NULL; they run in the main thread and do not wait. */
typedef struct ddmd_role_ops {
    enum ddmd_role role;
    /* Make the role's state, open its channels and outboxes. */
    enum ddmd_status (*create)(ddmd_process *process, void **self, ddmd_error *err);
    void (*destroy)(void *self);
    /*
     * A message that is not for the process itself; HELLO as well, after the process has dealt with
     * it. A numbered one is acknowledged after the next `turn`, once `may_acknowledge`. An error
     * ends the process, but for FORMAT, which drops the message with a warning.
     */
    enum ddmd_status (*receive)(void *self, ddmd_message *message, ddmd_error *err);
    /* After every wake-up, and at least every quarter of a second. */
    enum ddmd_status (*turn)(void *self, ddmd_error *err);
    /* May senders forget all that was received so far? NULL: always. */
    bool (*may_acknowledge)(const void *self);
    /*
     * STOP came: begin to end. Turns go on until `finished`, and until every outbox is empty
     * (`now`: without that). NULL: nothing to do, finished at once.
     */
    void (*stop)(void *self, bool now);
    bool (*finished)(const void *self);
} ddmd_role_ops;

/*
 * Run a role to its end: STOP from the coordinator, an error, or the coordinator's death. The error
 * is told to the coordinator as well (FAILED).
 */
enum ddmd_status ddmd_process_run(const ddmd_role_ops *ops, const ddmd_process_start *start,
                                  ddmd_error *err);

/* ---- what a role finds ---------------------------------------------------------------------- */

const ddmd_identity *ddmd_process_identity(const ddmd_process *process);
const ddmd_config *ddmd_process_config(const ddmd_process *process);
const ddmd_subject *ddmd_process_subject(const ddmd_process *process);
const char *ddmd_process_run_dir(const ddmd_process *process);
uint64_t ddmd_process_known(const ddmd_process *process);
void *ddmd_process_user(const ddmd_process *process);
const ddmd_log *ddmd_process_log(const ddmd_process *process); /* any thread */

/* ---- whom it talks to ------------------------------------------------------------------------ */

/* The line to the coordinator; it is there from the beginning. */
enum {
    DDMD_CHANNEL_COORDINATOR = 0,
    DDMD_PROCESS_MAX_CHANNELS = 16,
    DDMD_PROCESS_MAX_OUTBOXES = 4
};

/* In create only. *channel: a number to use below. */
enum ddmd_status ddmd_process_connect(ddmd_process *process, ddmd_peer server, int *channel,
                                      ddmd_error *err);
enum ddmd_status ddmd_process_listen(ddmd_process *process, int *channel, ddmd_error *err);

/*
 * In create only: an outbox for peers that are reached over a channel; a peer is served by one
 * outbox at most. The process owns it, keeps it flowing and is woken by it; the role puts.
 */
enum ddmd_status ddmd_process_outbox(ddmd_process *process, int channel, const ddmd_peer *peers,
                                     size_t n_peers, size_t max_messages, uint64_t max_bytes,
                                     ddmd_outbox **outbox, ddmd_error *err);

/*
 * Send an unnumbered message, which may be lost; *message is consumed in any case. A peer that is
 * not there or does not keep up is no error.
 */
enum ddmd_status ddmd_process_send(ddmd_process *process, int channel, ddmd_peer to,
                                   ddmd_message **message, ddmd_error *err);

/* The same without consuming it: TIMEOUT, IO as ddmd_endpoint_send() has them. */
enum ddmd_status ddmd_process_try_send(ddmd_process *process, int channel, ddmd_peer to,
                                       ddmd_message *message, ddmd_error *err);

/* ---- what it is doing ------------------------------------------------------------------------ */

/* Any thread: wake the main thread, which then takes a turn. */
void ddmd_process_wake(ddmd_process *process);

/* End as if STOP had come: for the coordinator, to which nobody sends it. */
void ddmd_process_stop(ddmd_process *process);

/* Any thread: end with an error, of a thread that computes. The first one counts. */
void ddmd_process_fail(ddmd_process *process, const ddmd_error *why);

/*
 * Any thread: what the process is at from now on, for its heartbeat and the timeline. A stretch of
 * time ends when the next one begins; short stretches of one kind are put together.
 */
void ddmd_process_now(ddmd_process *process, enum ddmd_activity_kind activity, const char *detail,
                      ...) __attribute__((format(printf, 3, 4)));

/*
 * Any thread: so many seconds of what has passed went into this activity, whatever the process was
 * said to be at (ddmd_timeline_part()). Of something that never waits, seconds of processor time:
 * others may be given the processor in the middle of it, which is no part of it.
 */
void ddmd_process_part(ddmd_process *process, enum ddmd_activity_kind activity, double seconds);

/* Any thread: frames sent, stored, trained on or embedded so far, for the heartbeat. */
void ddmd_process_done(ddmd_process *process, uint64_t done);

#endif
