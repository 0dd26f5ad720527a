/*
 * Phase decide: which slot goes on, and which is restarted from where. Each slot takes the best
 * point that none has taken yet: failed slots first, since they cannot go on; then those whose
 * simulation gave no point to the ranking; then from the worst point given to the best. Of those
 * that gave none the first to go is the one that is farthest from the reference, where frames are
 * ranked by that, else the longest (after the purging of Ma et al. 2019). Slots for which no point
 * is left go on with the simulation that they have.
 */
#include "campaign/restart.h"

#include "core/array.h"
#include "core/try.h"

#include <math.h>
#include <stdlib.h>

/* A slot in the order of replacement. */
typedef struct turn {
    int replica;
    bool failed;
    size_t standing; /* rank of the best point that its simulation gave; all others: n_points */
    float rmsd_nm;   /* of its newest frame, where frames are ranked by it; else 0 */
    uint64_t n_frames;
} turn;

static int by_turn(const void *a, const void *b)
{
    const turn *x = a, *y = b;
    if (x->failed != y->failed)
        return x->failed ? -1 : 1;
    if (x->standing != y->standing)
        return x->standing > y->standing ? -1 : 1;
    if (x->rmsd_nm != y->rmsd_nm)
        return x->rmsd_nm > y->rmsd_nm ? -1 : 1;
    if (x->n_frames != y->n_frames)
        return x->n_frames > y->n_frames ? -1 : 1;
    return x->replica - y->replica;
}

/* The newest frames of the slots are the last rows of the file, in the order of the replicas. */
static enum ddmd_status add_distances(ddmd_campaign *c, turn *turns, ddmd_error *err)
{
    enum ddmd_status status = DDMD_OK;
    uint32_t *simulation = NULL;
    float *rmsd_nm = NULL;
    uint64_t new_frames = c->row.n_frames - c->row.round_frame;
    size_t n = (size_t)c->n_replicas < new_frames ? (size_t)c->n_replicas : (size_t)new_frames;
    DDMD_TRY(ddmd_array_alloc(&simulation, n, sizeof *simulation, err));
    DDMD_TRY(ddmd_array_alloc(&rmsd_nm, n, sizeof *rmsd_nm, err));
    const ddmd_frame_columns columns = {.simulation = simulation, .rmsd_nm = rmsd_nm};
    DDMD_TRY(ddmd_frame_file_read_columns(c->frames, c->row.n_frames - n, n, &columns, err));
    for (int r = c->n_replicas - 1; r >= 0 && n > 0; r--)
        if (simulation[n - 1] == c->slots[r].id) {
            n--;
            turns[r].rmsd_nm = isnan(rmsd_nm[n]) ? 0 : rmsd_nm[n];
        }
out:
    free(simulation);
    free(rmsd_nm);
    return status;
}

static enum ddmd_status order_slots(ddmd_campaign *c, const ddmd_point_row *points, size_t n,
                                    turn **turns, ddmd_error *err)
{
    enum ddmd_status status = DDMD_OK;
    DDMD_TRY(ddmd_array_alloc(turns, (size_t)c->n_replicas, sizeof **turns, err));
    for (int r = 0; r < c->n_replicas; r++) {
        const ddmd_simulation_row *slot = &c->slots[r];
        size_t rank = 0;
        while (rank < n && points[rank].simulation != slot->id)
            rank++;
        (*turns)[r] = (turn){.replica = r,
                             .failed = slot->end == DDMD_END_failed,
                             .standing = rank,
                             .n_frames = slot->n_frames};
    }
    if (c->strategy.needs & DDMD_STRATEGY_RMSD)
        DDMD_TRY(add_distances(c, *turns, err));
    qsort(*turns, (size_t)c->n_replicas, sizeof **turns, by_turn);
out:
    return status;
}

enum ddmd_status ddmd_phase_decide(ddmd_campaign *c, ddmd_error *err)
{
    enum ddmd_status status = DDMD_OK;
    ddmd_point_row *points = NULL;
    turn *turns = NULL;
    size_t n_points = 0, next = 0;
    int restarted = 0, refilled = 0;

    DDMD_TRY(ddmd_catalogue_points(c->catalogue, c->row.round, &points, &n_points, err));
    DDMD_TRY(order_slots(c, points, n_points, &turns, err));
    DDMD_TRY(ddmd_catalogue_begin(c->catalogue, err));
    for (int i = 0; i < c->n_replicas; i++) {
        const turn *t = &turns[i];
        ddmd_origin from = {.simulation = -1, .rank = -1};
        bool found;
        DDMD_TRY(ddmd_restart_next(c, points, n_points, &next, &found, &from, err));
        if (!found && !t->failed)
            continue;
        if (!found)
            DDMD_TRY(ddmd_restart_structure(c, t->replica, &from, err));
        DDMD_TRY(ddmd_restart_slot(c, t->replica, &from, c->row.round, DDMD_END_replaced, err));
        restarted += found;
        refilled += t->failed;
    }
    DDMD_TRY(ddmd_catalogue_set_restarts(c->catalogue, c->row.round, (uint64_t)restarted, err));
    c->row.round++;
    c->row.round_frame = c->row.n_frames;
    c->row.phase = DDMD_PHASE_simulate;
    DDMD_TRY(ddmd_campaign_put_row(c, err));
    DDMD_TRY(ddmd_catalogue_commit(c->catalogue, err));

    if (c->strategy.needs & DDMD_STRATEGY_RESTARTS)
        ddmd_log_line(&c->log, DDMD_LOG_INFO,
                      "round %u: %d of %d replicas restart from ranked points, %d go on%s",
                      c->row.round - 1, restarted, c->n_replicas, c->n_replicas - restarted,
                      refilled ? " (failed ones were refilled first)" : "");
out:
    if (status != DDMD_OK)
        ddmd_catalogue_rollback(c->catalogue);
    free(points);
    free(turns);
    return status;
}
