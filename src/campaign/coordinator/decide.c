/*
 * What replicas do next.
 *
 * A replica is free once its simulation is a segment long, has failed, or is to be culled; it then
 * takes the best point of the newest ranking that nobody has taken, and goes on with what it has
 * where there is none. When its process dies, what it simulated goes on under a new number from the
 * last frame that is durable: so a simulation is always one piece of work of one process, whatever
 * of it was still under way.
 */
#include "campaign/coordinator/state.h"

#include "campaign/restart.h"
#include "campaign/start_states.h"
#include "core/try.h"
#include "stream/decisions.h"

/* The best point that nobody has started from. */
static enum ddmd_status take_point(ddmd_coordinator *o, bool *found, ddmd_origin *from,
                                   ddmd_error *err)
{
    for (;;) {
        bool taken;
        enum ddmd_status status =
            ddmd_restart_next(o->c, o->points, o->n_points, &o->next_point, found, from, err);
        if (status != DDMD_OK || !*found)
            return status;
        status = ddmd_catalogue_has_children(o->c->catalogue, (uint32_t)from->simulation,
                                             (uint32_t)from->frame, &taken, err);
        if (status != DDMD_OK || !taken)
            return status;
    }
}

/* A ranking is kept once one of its points is used. */
static enum ddmd_status use_ranking(ddmd_coordinator *o, ddmd_error *err)
{
    enum ddmd_status status = DDMD_OK;
    if (!o->points_stored)
        DDMD_TRY(ddmd_catalogue_add_points(o->c->catalogue, o->points, o->n_points, err));
    o->points_stored = true;
    DDMD_TRY(ddmd_catalogue_set_restarts(o->c->catalogue, o->ranking, ++o->n_restarts, err));
out:
    return status;
}

/* Give a free slot its next simulation; one that has not failed may go on with what it has. */
static enum ddmd_status decide_slot(ddmd_coordinator *o, int replica, ddmd_error *err)
{
    enum ddmd_status status = DDMD_OK;
    ddmd_campaign *c = o->c;
    bool failed = c->slots[replica].end == DDMD_END_failed, found = false;
    ddmd_origin from = {.simulation = -1, .rank = -1};
    DDMD_TRY(take_point(o, &found, &from, err));
    if (!found && !failed)
        return DDMD_OK;
    DDMD_TRY(ddmd_coordinator_begin(o, err));
    if (found)
        DDMD_TRY(use_ranking(o, err));
    else
        DDMD_TRY(ddmd_restart_structure(c, replica, &from, err));
    enum ddmd_end end = o->states[replica].cull ? DDMD_END_culled : DDMD_END_replaced;
    DDMD_TRY(ddmd_restart_slot(c, replica, &from, found ? o->ranking : c->row.round - 1, end, err));
    o->states[replica] = (ddmd_slot_state){.to_assign = true};
out:
    return status;
}

static bool is_free(const ddmd_coordinator *o, int replica)
{
    const ddmd_simulation_row *slot = &o->c->slots[replica];
    const ddmd_slot_state *state = &o->states[replica];
    if (state->to_assign)
        return false;
    return slot->end == DDMD_END_failed || state->cull ||
           slot->n_frames >= (uint64_t)ddmd_subject_segment_reports(o->c->config);
}

/* Failed slots first, since they cannot go on; then what finds nothing; then the longest. */
static bool comes_before(const ddmd_coordinator *o, int a, int b)
{
    const ddmd_simulation_row *slots = o->c->slots;
    bool failed = slots[a].end == DDMD_END_failed, other_failed = slots[b].end == DDMD_END_failed;
    if (failed != other_failed)
        return failed;
    if (o->states[a].cull != o->states[b].cull)
        return o->states[a].cull;
    return slots[a].n_frames > slots[b].n_frames;
}

enum ddmd_status ddmd_coordinator_decide(ddmd_coordinator *o, ddmd_error *err)
{
    for (;;) {
        int chosen = -1;
        for (int r = 0; r < o->c->n_replicas; r++)
            if (is_free(o, r) && (chosen < 0 || comes_before(o, r, chosen)))
                chosen = r;
        if (chosen < 0)
            return DDMD_OK;
        uint32_t before = o->c->slots[chosen].id;
        enum ddmd_status status = decide_slot(o, chosen, err);
        if (status != DDMD_OK)
            return status;
        if (o->c->slots[chosen].id == before)
            return DDMD_OK; /* there is no point left, for the others neither */
    }
}

static ddmd_peer process_of(const ddmd_coordinator *o, int replica)
{
    int worker = ddmd_simulator_worker_of(o->c->config, replica);
    return (ddmd_peer){DDMD_ROLE_simulate, (uint32_t)worker};
}

/*
 * Has the process said HELLO in this life? Before that it is not known whether it would hear an
 * assignment, and its HELLO gives all that it may have heard a new number.
 */
static bool is_there(const ddmd_coordinator *o, ddmd_peer process)
{
    uint32_t epoch = ddmd_children_epoch(o->children, process);
    return epoch > 0 && o->epochs[process.index] == epoch;
}

/* Send a slot's simulation to its process; it stays to be sent where that does not take it. */
static enum ddmd_status assign(ddmd_coordinator *o, int replica, ddmd_error *err)
{
    enum ddmd_status status = DDMD_OK;
    ddmd_start_states states = {0};
    ddmd_message *message = NULL;
    ddmd_error why = {0};
    DDMD_TRY(ddmd_start_states_gather(o->c, o->files.files, o->files.n, replica, 1, &states, err));
    const ddmd_assign order = {
        .replica = (uint32_t)replica,
        .simulation = states.assignments->simulation,
        .first_frame = states.assignments->first_frame,
        .first_step = states.assignments->first_step,
        .temperature_kelvin = states.assignments->temperature_kelvin,
        .n_atoms = (size_t)o->c->subject->system->n_atoms,
        .positions = states.assignments->positions,
        .velocities = states.assignments->velocities,
    };
    DDMD_TRY(ddmd_assign_encode(&order, &message, err));
    status = ddmd_process_try_send(o->process, DDMD_CHANNEL_COORDINATOR, process_of(o, replica),
                                   message, &why);
    if (status == DDMD_OK)
        o->states[replica].to_assign = false;
    else if (status == DDMD_TIMEOUT || status == DDMD_IO)
        status = DDMD_OK;
    else
        DDMD_FAIL(err, status, "%s", why.message);
out:
    ddmd_message_destroy(&message);
    ddmd_start_states_clear(&states);
    return status;
}

enum ddmd_status ddmd_coordinator_assign(ddmd_coordinator *o, ddmd_error *err)
{
    enum ddmd_status status = DDMD_OK;
    bool refreshed = false;
    for (int r = 0; r < o->c->n_replicas; r++) {
        if (!o->states[r].to_assign || !is_there(o, process_of(o, r)))
            continue;
        if (!refreshed)
            DDMD_TRY(ddmd_frame_files_refresh(&o->files, err));
        refreshed = true;
        DDMD_TRY(assign(o, r, err));
    }
out:
    return status;
}
