#include "campaign/restart.h"

#include "campaign/frame_files.h"
#include "campaign/ladder.h"
#include "core/try.h"
#include "ddmd/random.h"

#include <stdio.h>

enum { FAILURES_THAT_BAN = 3 };

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

enum ddmd_status ddmd_restart_next(ddmd_campaign *c, const ddmd_point_row *points, size_t n,
                                   size_t *next, bool *found, ddmd_origin *from, ddmd_error *err)
{
    *found = false;
    while (*next < n && !*found) {
        const ddmd_point_row *point = &points[(*next)++];
        bool banned;
        enum ddmd_status status = is_banned(c, point->simulation, point->frame, &banned, err);
        if (status != DDMD_OK)
            return status;
        if (!banned) {
            *from = (ddmd_origin){
                .simulation = point->simulation, .frame = point->frame, .rank = point->rank};
            *found = true;
        }
    }
    return DDMD_OK;
}

enum ddmd_status ddmd_restart_structure(ddmd_campaign *c, int replica, ddmd_origin *from,
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
            *from = (ddmd_origin){.simulation = -1, .frame = start, .rank = -1};
            return DDMD_OK;
        }
    }
    return ddmd_error_set(err, DDMD_NUMERIC,
                          "every start structure has blown up %d times; look at the events in the "
                          "catalogue, and at the structures, the time step and the force field",
                          FAILURES_THAT_BAN);
}

enum ddmd_status ddmd_restart_slot(ddmd_campaign *c, int replica, const ddmd_origin *from,
                                   uint32_t ranking, enum ddmd_end end, ddmd_error *err)
{
    enum ddmd_status status = DDMD_OK;
    ddmd_simulation_row *slot = &c->slots[replica];
    if (slot->end == DDMD_END_running) {
        slot->end = end;
        DDMD_TRY(ddmd_catalogue_update_simulation(c->catalogue, slot, err));
    }
    uint32_t id = c->row.next_simulation++;
    ddmd_simulation_row row = {
        .id = id,
        .replica = (uint32_t)replica,
        .file = ddmd_frame_files_of_replica(c->config, replica),
        .round = ranking + 1,
        .parent_simulation = from->simulation,
        .parent_frame = from->frame,
        .velocities_kept = from->simulation >= 0 && (from->goes_on || keeps_velocities(c, id)),
        .temperature_kelvin = ddmd_ladder_temperature(c->config, replica),
        .end = DDMD_END_running,
    };
    snprintf(row.engine, sizeof row.engine, "%s", c->config->simulation.engine);
    DDMD_TRY(ddmd_catalogue_add_simulation(c->catalogue, &row, err));
    if (from->rank >= 0)
        DDMD_TRY(ddmd_catalogue_use_point(c->catalogue, ranking, (uint32_t)from->rank, id, err));
    *slot = row;
    c->totals.simulations++;
out:
    return status;
}

enum ddmd_status ddmd_restart_first(ddmd_campaign *c, ddmd_error *err)
{
    enum ddmd_status status = DDMD_OK;
    DDMD_TRY(ddmd_catalogue_begin(c->catalogue, err));
    for (int r = 0; r < c->n_replicas; r++) {
        ddmd_simulation_row row = {
            .id = (uint32_t)r,
            .replica = (uint32_t)r,
            .file = ddmd_frame_files_of_replica(c->config, r),
            .round = 1,
            .parent_simulation = -1,
            .parent_frame = (int64_t)ddmd_ladder_start(c->config, c->n_starts, r),
            .temperature_kelvin = ddmd_ladder_temperature(c->config, r),
            .end = DDMD_END_running,
        };
        snprintf(row.engine, sizeof row.engine, "%s", c->config->simulation.engine);
        DDMD_TRY(ddmd_catalogue_add_simulation(c->catalogue, &row, err));
        c->slots[r] = row;
    }
    c->row.next_simulation = (uint32_t)c->n_replicas;
    DDMD_TRY(ddmd_campaign_put_row(c, err));
    DDMD_TRY(ddmd_catalogue_commit(c->catalogue, err));
    c->totals.simulations = (uint64_t)c->n_replicas;
out:
    if (status != DDMD_OK)
        ddmd_catalogue_rollback(c->catalogue);
    return status;
}
