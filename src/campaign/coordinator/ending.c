/* The end of a streaming campaign: role by role, so that nothing that was simulated is lost. */
#include "campaign/coordinator/state.h"

#include "core/clock.h"
#include "core/try.h"
#include "stream/control.h"

/* Processes that were asked to end have so long, and are asked again so often. */
static const double grace_s = 20, ask_again_s = 1;

/*
 * Whom a stage waits for: simulators first, then those who learn; the aggregators last, when nobody
 * sends them frames.
 */
typedef struct ending {
    enum ddmd_role roles[2];
    int n_roles;
    bool now; /* without waiting for outboxes to become empty */
} ending;

static const ending endings[] = {
    [DDMD_STAGE_ending_simulators] = {{DDMD_ROLE_simulate}, 1, false},
    [DDMD_STAGE_ending_learners] = {{DDMD_ROLE_train, DDMD_ROLE_infer}, 2, true},
    [DDMD_STAGE_ending_aggregators] = {{DDMD_ROLE_aggregate}, 1, true},
};

/* It may be lost: a process may have just started, or have a full queue. */
static enum ddmd_status send_stop(ddmd_coordinator *o, enum ddmd_role role, bool now,
                                  ddmd_error *err)
{
    enum ddmd_status status = DDMD_OK;
    const ddmd_stop stop = {.now = now};
    for (size_t i = 0; i < ddmd_children_count(o->children); i++) {
        ddmd_peer peer;
        ddmd_message *message = NULL;
        if (!ddmd_children_runs(o->children, i, &peer) || peer.role != role)
            continue;
        DDMD_TRY(ddmd_stop_encode(&stop, &message, err));
        DDMD_TRY(ddmd_process_send(o->process, DDMD_CHANNEL_COORDINATOR, peer, &message, err));
    }
out:
    return status;
}

/* Ask those of the stage to end. */
static enum ddmd_status ask(ddmd_coordinator *o, ddmd_error *err)
{
    const ending *e = &endings[o->stage];
    o->asked_s = ddmd_clock_monotonic();
    for (int i = 0; i < e->n_roles; i++) {
        enum ddmd_status status = send_stop(o, e->roles[i], e->now, err);
        if (status != DDMD_OK)
            return status;
    }
    return DDMD_OK;
}

static enum ddmd_status enter(ddmd_coordinator *o, enum ddmd_coordinator_stage stage,
                              ddmd_error *err)
{
    o->stage = stage;
    for (int i = 0; i < endings[stage].n_roles; i++)
        ddmd_children_let_end(o->children, endings[stage].roles[i], grace_s);
    return ask(o, err);
}

static bool have_ended(const ddmd_coordinator *o)
{
    const ending *e = &endings[o->stage];
    for (int i = 0; i < e->n_roles; i++)
        if (!ddmd_children_ended(o->children, e->roles[i]))
            return false;
    return true;
}

enum ddmd_status ddmd_coordinator_wind_up(ddmd_coordinator *o, ddmd_error *err)
{
    switch (o->stage) {
    case DDMD_STAGE_running:
        return enter(o, DDMD_STAGE_ending_simulators, err);
    case DDMD_STAGE_ending_simulators:
    case DDMD_STAGE_ending_learners:
    case DDMD_STAGE_ending_aggregators:
        if (!have_ended(o))
            return ddmd_clock_monotonic() - o->asked_s < ask_again_s ? DDMD_OK : ask(o, err);
        if (o->stage != DDMD_STAGE_ending_aggregators)
            return enter(o, o->stage + 1, err);
        o->stage = DDMD_STAGE_hearing_out;
        ddmd_process_wake(o->process);
        return DDMD_OK;
    case DDMD_STAGE_hearing_out:
        o->stage = DDMD_STAGE_ended;
        ddmd_process_stop(o->process);
        return DDMD_OK;
    case DDMD_STAGE_ended:
        return DDMD_OK;
    }
    return DDMD_OK;
}
