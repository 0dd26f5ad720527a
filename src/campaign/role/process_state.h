/* The inside of a process, as process.c, which opens and closes it, and process_loop.c know it. */
#ifndef DDMD_CAMPAIGN_ROLE_PROCESS_STATE_H
#define DDMD_CAMPAIGN_ROLE_PROCESS_STATE_H

#include "campaign/log_file.h"
#include "campaign/role/process.h"
#include "campaign/role/timeline.h"
#include "stream/inbox.h"
#include "stream/wakeup.h"

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct ddmd_process_channel {
    ddmd_endpoint *endpoint;
    bool listens;
    ddmd_peer server; /* of a client */
} ddmd_process_channel;

typedef struct ddmd_process_outgoing {
    ddmd_outbox *box;
    int channel;
    ddmd_peer peers[DDMD_OUTBOX_MAX_PEERS];
    size_t n_peers;
    uint64_t acknowledged[DDMD_OUTBOX_MAX_PEERS]; /* by each peer, */
    double since_s[DDMD_OUTBOX_MAX_PEERS];        /* and for so long nothing more */
} ddmd_process_outgoing;

/* A sender whose numbered messages were taken in this turn. */
typedef struct ddmd_process_due {
    ddmd_identity sender;
    int channel;
} ddmd_process_due;

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
    ddmd_process_channel channels[DDMD_PROCESS_MAX_CHANNELS];
    int n_channels;
    ddmd_process_outgoing outboxes[DDMD_PROCESS_MAX_OUTBOXES];
    size_t n_outboxes;
    ddmd_process_due *dues; /* acknowledgements to send at the end of the turn */
    size_t n_dues, dues_capacity;

    bool stopping, stop_now;
    double beaten_s, reported_s; /* when a heartbeat and the timeline were last sent */

    pthread_mutex_t lock;
    bool failed;
    ddmd_error failure; /* of any thread */
};

/*
 * Hear, let the role take its turns, acknowledge, report, until it is done; an error ends it, too.
 */
enum ddmd_status ddmd_process_loop(ddmd_process *process, ddmd_error *err);

static inline bool ddmd_process_coordinates(const ddmd_process *process)
{
    return process->start->identity.peer.role == DDMD_ROLE_coordinator;
}

#endif
