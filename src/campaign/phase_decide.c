/*
 * Phase decide: which slot goes on, and which is restarted from where. Each slot takes the best
 * point that none has taken yet: failed slots first, since they cannot go on; then those whose
 * simulation gave no point to the ranking, the longest simulation first (after the purging of Ma et
 * al. 2019); then from the worst point given to the best. Slots for which no point is left go on
 * with the simulation that they have.
 */
#include "campaign/ladder.h"
#include "campaign/state.h"

#include "core/array.h"
#include "core/try.h"
#include "ddmd/random.h"

#include <stdlib.h>

enum { FAILURES_THAT_BAN = 3 };

/* Where a new simulation starts. */
typedef struct origin {
    int64_t simulation, frame; /* simulation -1: start structure `frame` */
    int64_t rank;              /* of the restart point; -1: none */
} origin;

static enum ddmd_status is_banned(ddmd_campaign *c, int64_t simulation, int64_t frame, bool *banned,
                                  ddmd_error *err)
{
    int failures = 0;
    enum ddmd_status status =
        ddmd_catalogue_failures(c->catalogue, simulation, frame, &failures, err);
    *banned = failures >= FAILURES_THAT_BAN;
    return status;
}

/* mixed: the papers copy velocities with a probability of one half. */
static bool keeps_velocities(const ddmd_campaign *c, uint32_t simulation)
{
    switch (c->config->simulation.velocities) {
    case DDMD_VELOCITIES_keep:
        return true;
    case DDMD_VELOCITIES_draw:
        return false;
    case DDMD_VELOCITIES_mixed:
        break;
    }
    ddmd_random random;
    ddmd_random_init(&random, c->config->seed, DDMD_RANDOM_RESTART, simulation, 0);
    return ddmd_random_uniform(&random) < 0.5;
}

/* The best point from *next on that is not banned. */
static enum ddmd_status next_point(ddmd_campaign *c, const ddmd_point_row *points, size_t n,
                                   size_t *next, bool *found, origin *from, ddmd_error *err)
{
    *found = false;
    while (*next < n && !*found) {
        const ddmd_point_row *point = &points[(*next)++];
        bool banned;
        enum ddmd_status status = is_banned(c, point->simulation, point->frame, &banned, err);
        if (status != DDMD_OK)
            return status;
        if (!banned) {
            *from = (origin){point->simulation, point->frame, point->rank};
            *found = true;
        }
    }
    return DDMD_OK;
}

/* A start structure for a slot that has nothing else; NUMERIC where all are banned. */
static enum ddmd_status start_structure(ddmd_campaign *c, int replica, origin *from,
                                        ddmd_error *err)
{
    size_t first = ddmd_ladder_start(c->config, c->n_starts, replica);
    for (size_t i = 0; i < c->n_starts; i++) {
        int64_t start = (int64_t)((first + i) % c->n_starts);
        bool banned;
        enum ddmd_status status = is_banned(c, -1, start, &banned, err);
        if (status != DDMD_OK)
            return status;
        if (!banned) {
            *from = (origin){-1, start, -1};
            return DDMD_OK;
        }
    }
    return ddmd_error_set(err, DDMD_NUMERIC,
                          "every start structure has blown up %d times; look at the events in the "
                          "catalogue, and at the structures, the time step and the force field",
                          FAILURES_THAT_BAN);
}

static enum ddmd_status replace(ddmd_campaign *c, int replica, const origin *from, ddmd_error *err)
{
    enum ddmd_status status = DDMD_OK;
    ddmd_simulation_row *slot = &c->slots[replica];
    if (slot->end == DDMD_END_running) {
        slot->end = DDMD_END_replaced;
        DDMD_TRY(ddmd_catalogue_update_simulation(c->catalogue, slot, err));
    }
    uint32_t id = c->row.next_simulation++;
    ddmd_simulation_row row = {
        .id = id,
        .replica = (uint32_t)replica,
        .round = c->row.round + 1,
        .parent_simulation = from->simulation,
        .parent_frame = from->frame,
        .velocities_kept = from->simulation >= 0 && keeps_velocities(c, id),
        .temperature_kelvin = ddmd_ladder_temperature(c->config, replica),
        .end = DDMD_END_running,
    };
    snprintf(row.engine, sizeof row.engine, "%s", c->config->simulation.engine);
    DDMD_TRY(ddmd_catalogue_add_simulation(c->catalogue, &row, err));
    if (from->rank >= 0)
        DDMD_TRY(
            ddmd_catalogue_use_point(c->catalogue, c->row.round, (uint32_t)from->rank, id, err));
    *slot = row;
    c->totals.simulations++;
out:
    return status;
}

/* A slot in the order of replacement. */
typedef struct turn {
    int replica;
    bool failed;
    size_t standing; /* rank of the best point that its simulation gave; all others: n_points */
    uint64_t n_frames;
} turn;

static int by_turn(const void *a, const void *b)
{
    const turn *x = a, *y = b;
    if (x->failed != y->failed)
        return x->failed ? -1 : 1;
    if (x->standing != y->standing)
        return x->standing > y->standing ? -1 : 1;
    if (x->n_frames != y->n_frames)
        return x->n_frames > y->n_frames ? -1 : 1;
    return x->replica - y->replica;
}

static enum ddmd_status order_slots(const ddmd_campaign *c, const ddmd_point_row *points, size_t n,
                                    turn **turns, ddmd_error *err)
{
    enum ddmd_status status = ddmd_array_alloc(turns, (size_t)c->n_replicas, sizeof **turns, err);
    if (status != DDMD_OK)
        return status;
    for (int r = 0; r < c->n_replicas; r++) {
        const ddmd_simulation_row *slot = &c->slots[r];
        size_t rank = 0;
        while (rank < n && points[rank].simulation != slot->id)
            rank++;
        (*turns)[r] = (turn){r, slot->end == DDMD_END_failed, rank, slot->n_frames};
    }
    qsort(*turns, (size_t)c->n_replicas, sizeof **turns, by_turn);
    return DDMD_OK;
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
        origin from = {-1, 0, -1};
        bool found;
        DDMD_TRY(next_point(c, points, n_points, &next, &found, &from, err));
        if (!found && !t->failed)
            continue;
        if (!found)
            DDMD_TRY(start_structure(c, t->replica, &from, err));
        DDMD_TRY(replace(c, t->replica, &from, err));
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
