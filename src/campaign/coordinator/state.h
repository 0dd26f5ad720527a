/*
 * A coordinator at work: what its files share. Messages change what is in here (hear.c), replicas
 * are given what comes next (decide.c), the end comes in stages (ending.c); each turn does these in
 * that order (coordinator.c). All of it runs in the process's main thread.
 */
#ifndef DDMD_CAMPAIGN_COORDINATOR_STATE_H
#define DDMD_CAMPAIGN_COORDINATOR_STATE_H

#include "campaign/coordinator/children.h"
#include "campaign/frame_files.h"
#include "campaign/role/roles.h"
#include "campaign/state.h"

/* What the coordinator remembers of a slot beside its row. */
typedef struct ddmd_slot_state {
    bool to_assign; /* its simulation is still to be sent to its process */
    bool cull;      /* it finds nothing new */
} ddmd_slot_state;

enum ddmd_coordinator_stage {
    DDMD_STAGE_running,
    DDMD_STAGE_ending_simulators,
    DDMD_STAGE_ending_learners,
    DDMD_STAGE_ending_aggregators,
    DDMD_STAGE_hearing_out, /* what the last ones said */
    DDMD_STAGE_ended
};

typedef struct ddmd_coordinator {
    ddmd_campaign *c;
    ddmd_process *process;
    char *sockets;
    uint64_t id;
    ddmd_children *children;
    ddmd_frame_files files;                    /* to read from */
    uint64_t known_rows[DDMD_FRAME_FILES_MAX]; /* of each file, to the catalogue */
    ddmd_slot_state *states;                   /* [n_replicas] */
    int n_workers;
    uint32_t *epochs; /* [n_workers] the life of each simulator that was heard last; 0: none */

    ddmd_point_row *points; /* of the newest ranking, best first */
    size_t n_points, points_capacity, next_point;
    uint32_t ranking;    /* its number; 0: there was none */
    bool points_stored;  /* in the catalogue */
    uint64_t n_restarts; /* from this ranking */
    uint64_t n_outliers;
    ddmd_message *weights;  /* WEIGHTS that infer is to use; NULL: none yet */
    uint32_t infer_epoch;   /* the life of infer that was given weights last; 0: none */
    ddmd_model_row *models; /* of a training that is being told of: those heard so far */
    size_t n_models, models_capacity;

    bool in_transaction;
    enum ddmd_coordinator_stage stage;
    double asked_s; /* when processes were asked to end last */
    bool interrupted;
    char *reason; /* the caller's: the stop rule that holds */
    size_t reason_size;
    double began_ns; /* simulated before this sitting */
    double told_s;   /* when a log line summed up last, */
    uint64_t told_frames;
} ddmd_coordinator;

/* The slot that runs a simulation, NULL: none does (any more). */
ddmd_simulation_row *ddmd_coordinator_slot(const ddmd_coordinator *coordinator,
                                           uint32_t simulation);

/* ---- the catalogue: one transaction a turn, begun by the first who has something to note ------
 */

enum ddmd_status ddmd_coordinator_begin(ddmd_coordinator *coordinator, ddmd_error *err);
enum ddmd_status ddmd_coordinator_commit(ddmd_coordinator *coordinator, ddmd_error *err);

/* A warning of the campaign, to the log and the catalogue. user: the coordinator. */
void ddmd_coordinator_warn(void *user, const char *text);

/* ---- parts of a turn ---------------------------------------------------------------------------
 */

/* A message that is not for the process itself (ddmd_role_ops.receive). self: the coordinator. */
enum ddmd_status ddmd_coordinator_hear(void *self, ddmd_message *message, ddmd_error *err);

/* Give every free slot its next simulation; NUMERIC where every start structure is banned. */
enum ddmd_status ddmd_coordinator_decide(ddmd_coordinator *coordinator, ddmd_error *err);
/* Send simulations to the processes of their slots; what cannot be sent stays to be sent. */
enum ddmd_status ddmd_coordinator_assign(ddmd_coordinator *coordinator, ddmd_error *err);

/* Begin to end, or go on with it. */
enum ddmd_status ddmd_coordinator_wind_up(ddmd_coordinator *coordinator, ddmd_error *err);

#endif
