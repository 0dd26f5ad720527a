/* The end of a streaming campaign: role by role, so that nothing that was simulated is lost. */
#include "campaign/coordinator/state.h"

#include "core/clock.h"
#include "core/try.h"
#include "stream/control.h"

/* Processes that were asked to end have so long, and are asked again so often. */
static const double grace_s = 20, ask_again_s = 1;

/* It may be lost: a process may have just started, or have a full queue. */
static enum ddmd_status send_stop(ddmd_coordinator *o, enum ddmd_role role, bool now,
                                  ddmd_error *err)
{
    enum ddmd_status status = DDMD_OK;
    const ddmd_stop stop = {.now = now};
    o->asked_s = ddmd_clock_monotonic();
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

static enum ddmd_status tell_stop(ddmd_coordinator *o, enum ddmd_role role, bool now,
                                  ddmd_error *err)
{
    ddmd_children_let_end(o->children, role, grace_s);
    return send_stop(o, role, now, err);
}

/* What has not ended is asked again, when it is time. */
static enum ddmd_status remind(ddmd_coordinator *o, ddmd_error *err)
{
    enum ddmd_status status = DDMD_OK;
    if (ddmd_clock_monotonic() - o->asked_s < ask_again_s)
        return DDMD_OK;
    if (o->stage == DDMD_STAGE_ending_simulators)
        DDMD_TRY(send_stop(o, DDMD_ROLE_simulate, false, err));
    if (o->stage == DDMD_STAGE_ending_learners) {
        DDMD_TRY(send_stop(o, DDMD_ROLE_train, true, err));
        DDMD_TRY(send_stop(o, DDMD_ROLE_infer, true, err));
    }
    if (o->stage == DDMD_STAGE_ending_aggregators)
        DDMD_TRY(send_stop(o, DDMD_ROLE_aggregate, true, err));
out:
    return status;
}

/* Simulators first, then those who learn; the aggregators last, when nobody sends them frames. */
enum ddmd_status ddmd_coordinator_wind_up(ddmd_coordinator *o, ddmd_error *err)
{
    enum ddmd_status status = DDMD_OK;
    DDMD_TRY(remind(o, err));
    switch (o->stage) {
    case DDMD_STAGE_running:
        DDMD_TRY(tell_stop(o, DDMD_ROLE_simulate, false, err));
        o->stage = DDMD_STAGE_ending_simulators;
        break;
    case DDMD_STAGE_ending_simulators:
        if (!ddmd_children_ended(o->children, DDMD_ROLE_simulate))
            break;
        DDMD_TRY(tell_stop(o, DDMD_ROLE_train, true, err));
        DDMD_TRY(tell_stop(o, DDMD_ROLE_infer, true, err));
        o->stage = DDMD_STAGE_ending_learners;
        break;
    case DDMD_STAGE_ending_learners:
        if (!ddmd_children_ended(o->children, DDMD_ROLE_train) ||
            !ddmd_children_ended(o->children, DDMD_ROLE_infer))
            break;
        DDMD_TRY(tell_stop(o, DDMD_ROLE_aggregate, true, err));
        o->stage = DDMD_STAGE_ending_aggregators;
        break;
    case DDMD_STAGE_ending_aggregators:
        if (!ddmd_children_ended(o->children, DDMD_ROLE_aggregate))
            break;
        o->stage = DDMD_STAGE_hearing_out;
        ddmd_process_wake(o->process);
        break;
    case DDMD_STAGE_hearing_out:
        o->stage = DDMD_STAGE_ended;
        ddmd_process_stop(o->process);
        break;
    case DDMD_STAGE_ended:
        break;
    }
out:
    return status;
}
