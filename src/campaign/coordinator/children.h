/*
 * The processes of a streaming campaign, as the coordinator sees them: started, listened for,
 * started again when they die or fall silent, and stopped role by role.
 */
#ifndef DDMD_CAMPAIGN_COORDINATOR_CHILDREN_H
#define DDMD_CAMPAIGN_COORDINATOR_CHILDREN_H

#include "ddmd/log.h"
#include "stream/message.h"

typedef struct ddmd_children ddmd_children;

typedef struct ddmd_children_options {
    const char *run_dir, *sockets;
    uint64_t campaign;
    double timeout_s; /* of silence */
    int retries;      /* in a row */
    /* Told when a process died and is started again; message is for the user. */
    void (*event)(void *user, const char *message);
    /* What the catalogue knows of a process's work (ddmd_process_start.known). */
    uint64_t (*known)(void *user, ddmd_peer peer);
    void *user;
} ddmd_children_options;

/* Nothing is started yet. options are copied, their texts are loans. */
enum ddmd_status ddmd_children_create(const ddmd_peer *peers, size_t n,
                                      const ddmd_children_options *options,
                                      ddmd_children **children, ddmd_error *err);
/* Kills what is left. */
void ddmd_children_destroy(ddmd_children **children);

/*
 * Start what is to be started, bury the dead, kill the silent. EXTERNAL: a process ended once more
 * often in a row than it may; the message says how, and where its log is.
 */
enum ddmd_status ddmd_children_turn(ddmd_children *children, ddmd_error *err);

/* Something came from a process; false: from an earlier life of it. */
bool ddmd_children_heard(ddmd_children *children, const ddmd_identity *sender);

/*
 * The processes of a role are about to end: they are not started again, and killed if they are
 * still there after grace_s.
 */
void ddmd_children_let_end(ddmd_children *children, enum ddmd_role role, double grace_s);
/* All of a role have ended. */
bool ddmd_children_ended(const ddmd_children *children, enum ddmd_role role);

/* The processes that run; for messages to all of them. */
size_t ddmd_children_count(const ddmd_children *children);
bool ddmd_children_runs(const ddmd_children *children, size_t i, ddmd_peer *peer);
/* The life of a process that runs now, counted from 1; 0: it does not run. */
uint32_t ddmd_children_epoch(const ddmd_children *children, ddmd_peer peer);

#endif
