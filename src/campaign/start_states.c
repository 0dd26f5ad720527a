#include "campaign/start_states.h"

#include "campaign/frame_lookup.h"
#include "campaign/ladder.h"
#include "core/array.h"
#include "core/try.h"

#include <stdlib.h>
#include <string.h>

void ddmd_start_states_clear(ddmd_start_states *states)
{
    free(states->assignments);
    free(states->positions);
    free(states->velocities);
    *states = (ddmd_start_states){0};
}

/* Bring kept velocities ([n]) of a simulation that begins here to its temperature. */
static enum ddmd_status warm_velocities(ddmd_campaign *c, const ddmd_simulation_row *row,
                                        float *velocities, size_t n, ddmd_error *err)
{
    if (row->n_frames > 0 || !row->velocities_kept ||
        c->config->simulation.temperature_kelvin.n < 2)
        return DDMD_OK;
    ddmd_simulation_row parent;
    enum ddmd_status status =
        ddmd_catalogue_simulation(c->catalogue, (uint32_t)row->parent_simulation, &parent, err);
    if (status == DDMD_OK)
        ddmd_ladder_scale(velocities, n, parent.temperature_kelvin, row->temperature_kelvin);
    return status;
}

enum ddmd_status ddmd_start_states_gather(ddmd_campaign *c, ddmd_frame_file *const *files,
                                          size_t n_files, int first, int n,
                                          ddmd_start_states *states, ddmd_error *err)
{
    enum ddmd_status status = DDMD_OK;
    size_t count = (size_t)n, size = (size_t)c->subject->system->n_atoms * 3;
    ddmd_frame_wanted *wanted = NULL;
    size_t *place_of = NULL, n_wanted = 0;
    DDMD_TRY(ddmd_array_alloc(&states->assignments, count, sizeof *states->assignments, err));
    DDMD_TRY(ddmd_array_alloc(&states->positions, count, size * sizeof(float), err));
    DDMD_TRY(ddmd_array_alloc(&states->velocities, count, size * sizeof(float), err));
    DDMD_TRY(ddmd_array_alloc(&wanted, count, sizeof *wanted, err));
    DDMD_TRY(ddmd_array_alloc(&place_of, count, sizeof *place_of, err));

    for (size_t i = 0; i < count; i++) {
        const ddmd_simulation_row *row = &c->slots[(size_t)first + i];
        float *positions = states->positions + i * size;
        float *velocities = states->velocities + i * size;
        bool goes_on = row->n_frames > 0;
        states->assignments[i] = (ddmd_assignment){
            .simulation = row->id,
            .first_frame = (uint32_t)row->n_frames,
            .first_step = row->n_steps,
            .temperature_kelvin = row->temperature_kelvin,
            .positions = positions,
            .velocities = goes_on || row->velocities_kept ? velocities : NULL,
        };
        if (goes_on || row->parent_simulation >= 0) {
            wanted[n_wanted] = (ddmd_frame_wanted){
                .simulation = goes_on ? row->id : (uint32_t)row->parent_simulation,
                .index = goes_on ? (uint32_t)row->n_frames - 1 : (uint32_t)row->parent_frame,
            };
            place_of[n_wanted++] = i;
        } else {
            size_t start = (size_t)row->parent_frame % c->n_starts;
            memcpy(positions, c->starts + start * size, size * sizeof *positions);
        }
    }
    DDMD_TRY(ddmd_frame_lookup(files, n_files, wanted, n_wanted, err));
    for (size_t i = 0; i < n_wanted; i++) {
        ddmd_frame frame = {
            .positions = states->positions + place_of[i] * size,
            .velocities = states->velocities + place_of[i] * size,
        };
        DDMD_TRY(ddmd_frame_file_read(files[wanted[i].file], wanted[i].row, &frame, err));
        DDMD_TRY(warm_velocities(c, &c->slots[(size_t)first + place_of[i]], frame.velocities, size,
                                 err));
    }
out:
    free(wanted);
    free(place_of);
    return status;
}
