/*
 * Simulate simulations of a campaign again, from their starts, and compare with what is stored.
 *
 * As many at a time as a worker of the campaign has: a slot whose simulation is over takes the
 * next. In mode sequential a simulation was started anew from its own frame at every segment; so it
 * is here.
 */
#include "campaign/replay.h"

#include "campaign/frame_files.h"
#include "campaign/run_directory.h"
#include "campaign/start_states.h"
#include "core/array.h"
#include "core/file.h"
#include "core/try.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { ROWS_AT_A_TIME = 65536 };

/* Where a frame is stored. */
typedef struct place {
    uint32_t simulation, index;
    size_t file;
    uint64_t row;
} place;

typedef struct replay_slot {
    bool taken, over;
    ddmd_replay_result result;
    uint64_t next; /* frame */
    uint64_t step; /* of the last frame, with its state: */
    float *positions, *velocities;
} replay_slot;

typedef struct replay {
    ddmd_campaign c; /* of it, what start states are made from */
    ddmd_frame_files files;
    place *places; /* [n_places], by simulation and index */
    size_t n_places, places_capacity;
    ddmd_simulator *simulator;
    int n_slots;
    replay_slot *slots;          /* [n_slots]; c.slots has their simulations */
    float *coordinates;          /* [n_slots + 1][2][n_atoms][3] */
    ddmd_frame stored;           /* room for a frame, */
    int64_t segment;             /* reports of one; 0: simulations are one piece */
    ddmd_simulation_row *wanted; /* [n_wanted], as they were before the files were opened */
    size_t n_wanted, n_begun;
    const ddmd_replay_options *options;
} replay;

/* ---- what is stored ------------------------------------------------------------------------- */

static int by_identity(const void *a, const void *b)
{
    const place *x = a, *y = b;
    if (x->simulation != y->simulation)
        return x->simulation < y->simulation ? -1 : 1;
    return (x->index > y->index) - (x->index < y->index);
}

static enum ddmd_status add_places(replay *r, size_t file, ddmd_error *err)
{
    enum ddmd_status status = DDMD_OK;
    uint64_t rows = ddmd_frame_file_frames(r->files.files[file]);
    uint32_t *simulation = NULL, *index = NULL;
    DDMD_TRY(ddmd_array_alloc(&simulation, ROWS_AT_A_TIME, sizeof *simulation, err));
    DDMD_TRY(ddmd_array_alloc(&index, ROWS_AT_A_TIME, sizeof *index, err));
    DDMD_TRY(ddmd_array_reserve(&r->places, &r->places_capacity, r->n_places + (size_t)rows,
                                sizeof *r->places, err));
    for (uint64_t first = 0; first < rows;) {
        size_t n = rows - first < ROWS_AT_A_TIME ? (size_t)(rows - first) : ROWS_AT_A_TIME;
        const ddmd_frame_columns columns = {.simulation = simulation, .index = index};
        DDMD_TRY(ddmd_frame_file_read_columns(r->files.files[file], first, n, &columns, err));
        for (size_t i = 0; i < n; i++)
            r->places[r->n_places++] = (place){simulation[i], index[i], file, first + i};
        first += n;
    }
out:
    free(simulation);
    free(index);
    return status;
}

static enum ddmd_status open_files(replay *r, const char *run_dir, ddmd_error *err)
{
    enum ddmd_status status = DDMD_OK;
    DDMD_TRY(ddmd_frame_files_open(r->c.config, run_dir, &r->files, err));
    for (size_t f = 0; f < r->files.n; f++)
        DDMD_TRY(add_places(r, f, err));
    if (r->n_places)
        qsort(r->places, r->n_places, sizeof *r->places, by_identity);
out:
    return status;
}

static enum ddmd_status read_stored(replay *r, uint32_t simulation, uint64_t index, ddmd_error *err)
{
    const place wanted = {.simulation = simulation, .index = (uint32_t)index};
    const place *found =
        r->n_places ? bsearch(&wanted, r->places, r->n_places, sizeof *r->places, by_identity)
                    : NULL;
    if (!found)
        return ddmd_error_set(err, DDMD_FORMAT, "frame %u of simulation %u is not stored",
                              wanted.index, simulation);
    return ddmd_frame_file_read(r->files.files[found->file], found->row, &r->stored, err);
}

/* ---- simulating ------------------------------------------------------------------------------ */

static enum ddmd_status tell(replay *r, const ddmd_replay_result *result, ddmd_error *err)
{
    return r->options->result(r->options->user, result, err);
}

static void end_differently(replay_slot *slot, const char *what, const char *reason)
{
    snprintf(slot->result.value, sizeof slot->result.value, "%s: %s", what, reason);
    slot->result.identical = false;
    slot->result.frame = slot->next;
    slot->over = true;
}

/* A report of a slot, against what is stored. */
static enum ddmd_status take_report(void *user, const ddmd_report *report, ddmd_error *err)
{
    enum ddmd_status status = DDMD_OK;
    replay *r = user;
    replay_slot *slot = &r->slots[report->replica];
    const ddmd_simulation_row *row = &r->c.slots[report->replica];
    bool failed = row->end == DDMD_END_failed;
    size_t n_atoms = (size_t)r->c.subject->system->n_atoms;
    if (report->failed && failed && slot->next == slot->result.n_frames) {
        slot->over = true;
        return DDMD_OK;
    }
    if (report->failed || slot->next == slot->result.n_frames) {
        end_differently(slot, report->failed ? "it failed now" : "it had failed there",
                        report->failed ? report->reason : row->reason);
        return DDMD_OK;
    }
    DDMD_TRY(read_stored(r, row->id, slot->next, err));
    slot->result.identical = ddmd_replay_equal(&r->stored, &report->frame, n_atoms, &slot->result);
    slot->result.frame = slot->next++;
    slot->step = report->frame.step;
    memcpy(slot->positions, report->frame.positions, n_atoms * 3 * sizeof(float));
    memcpy(slot->velocities, report->frame.velocities, n_atoms * 3 * sizeof(float));
    slot->over = !slot->result.identical || (slot->next == slot->result.n_frames && !failed);
out:
    return status;
}

/* Put a simulation into a slot, at its start. */
static enum ddmd_status begin(replay *r, int s, const ddmd_simulation_row *wanted, ddmd_error *err)
{
    enum ddmd_status status = DDMD_OK;
    replay_slot *slot = &r->slots[s];
    ddmd_simulation_row *row = &r->c.slots[s];
    ddmd_start_states states = {0};
    *row = *wanted;
    slot->result = (ddmd_replay_result){
        .simulation = row->id,
        .n_frames = row->n_frames,
        .identical = true,
        .stored = (double)NAN,
        .simulated = (double)NAN,
    };
    slot->next = 0;
    slot->over = row->n_frames == 0 && row->end != DDMD_END_failed;
    slot->taken = true;
    if (slot->over)
        return DDMD_OK; /* nothing is stored of it */
    row->n_frames = row->n_steps = 0;
    DDMD_TRY(ddmd_start_states_gather(&r->c, r->files.files, r->files.n, s, 1, &states, err));
    DDMD_TRY(ddmd_simulator_assign(r->simulator, s, states.assignments, err));
out:
    ddmd_start_states_clear(&states);
    return status;
}

/* Go on as the next segment did: from the frame that ended the one before. */
static enum ddmd_status begin_segment(replay *r, int s, ddmd_error *err)
{
    const replay_slot *slot = &r->slots[s];
    const ddmd_assignment assignment = {
        .simulation = slot->result.simulation,
        .first_frame = (uint32_t)slot->next,
        .first_step = slot->step,
        .temperature_kelvin = r->c.slots[s].temperature_kelvin,
        .positions = slot->positions,
        .velocities = slot->velocities,
    };
    return ddmd_simulator_assign(r->simulator, s, &assignment, err);
}

/* Fill the slots that have nothing to do; tells of what is over. */
static enum ddmd_status turn(replay *r, int s, ddmd_error *err)
{
    enum ddmd_status status = DDMD_OK;
    replay_slot *slot = &r->slots[s];
    while (!slot->taken || slot->over) {
        if (slot->taken) {
            ddmd_simulator_release(r->simulator, s);
            DDMD_TRY(tell(r, &slot->result, err));
        }
        slot->taken = slot->over = false;
        if (r->n_begun == r->n_wanted)
            return DDMD_OK;
        DDMD_TRY(begin(r, s, &r->wanted[r->n_begun++], err));
    }
    if (r->segment && slot->next > 0 && slot->next % (uint64_t)r->segment == 0)
        DDMD_TRY(begin_segment(r, s, err));
out:
    return status;
}

static enum ddmd_status simulate(replay *r, ddmd_error *err)
{
    enum ddmd_status status = DDMD_OK;
    atomic_int never = 0;
    for (;;) {
        for (int s = 0; s < r->n_slots; s++)
            DDMD_TRY(turn(r, s, err));
        if (ddmd_simulator_running(r->simulator) == 0)
            break;
        DDMD_TRY(ddmd_simulator_interval(r->simulator, take_report, r,
                                         r->options->stop ? r->options->stop : &never, err));
    }
out:
    return status;
}

/* ---- opening --------------------------------------------------------------------------------- */

static enum ddmd_status make_slots(replay *r, ddmd_error *err)
{
    enum ddmd_status status = DDMD_OK;
    size_t size = (size_t)r->c.subject->system->n_atoms * 3;
    int first;
    ddmd_simulator_share(r->c.config, 0, &first, &r->n_slots);
    if ((size_t)r->n_slots > r->n_wanted)
        r->n_slots = r->n_wanted ? (int)r->n_wanted : 1;
    DDMD_TRY(ddmd_array_alloc(&r->slots, (size_t)r->n_slots, sizeof *r->slots, err));
    DDMD_TRY(ddmd_array_alloc(&r->c.slots, (size_t)r->n_slots, sizeof *r->c.slots, err));
    DDMD_TRY(
        ddmd_array_alloc(&r->coordinates, ((size_t)r->n_slots + 1) * 2, size * sizeof(float), err));
    for (int s = 0; s < r->n_slots; s++) {
        r->slots[s].positions = r->coordinates + (size_t)s * 2 * size;
        r->slots[s].velocities = r->slots[s].positions + size;
    }
    r->stored.positions = r->coordinates + (size_t)r->n_slots * 2 * size;
    r->stored.velocities = r->stored.positions + size;
    DDMD_TRY(ddmd_simulator_create(r->c.config, r->c.subject, 0, r->n_slots, r->options->log,
                                   &r->simulator, err));
out:
    return status;
}

static enum ddmd_status open_run(replay *r, const char *run_dir, ddmd_mistakes *mistakes,
                                 ddmd_error *err)
{
    enum ddmd_status status = DDMD_OK;
    char *config = NULL, *catalogue = NULL;
    DDMD_TRY(ddmd_run_path(&config, run_dir, "config.yaml", err));
    if (!ddmd_file_exists(config))
        DDMD_FAIL(err, DDMD_CONFIG, "%s: not the directory of a campaign (no config.yaml in it)",
                  run_dir);
    DDMD_TRY(ddmd_config_load(config, NULL, 0, &r->c.config, mistakes, err));
    DDMD_TRY(ddmd_run_path(&catalogue, run_dir, "catalogue.sqlite", err));
    DDMD_TRY(ddmd_catalogue_open(catalogue, true, &r->c.catalogue, err));
    DDMD_TRY(ddmd_subject_create(r->c.config, &r->c.subject, mistakes, err));
    DDMD_TRY(ddmd_run_directory_starts(run_dir, &r->c.starts, &r->c.n_starts, err));
    if (r->c.config->mode == DDMD_MODE_sequential)
        r->segment = ddmd_subject_segment_reports(r->c.config);
out:
    free(config);
    free(catalogue);
    return status;
}

static void close_run(replay *r)
{
    ddmd_simulator_destroy(&r->simulator);
    ddmd_frame_files_close(&r->files);
    free(r->places);
    free(r->wanted);
    free(r->slots);
    free(r->coordinates);
    free(r->c.slots);
    free(r->c.starts);
    ddmd_catalogue_close(&r->c.catalogue);
    ddmd_subject_destroy(&r->c.subject);
    ddmd_config_destroy(&r->c.config);
}

/* The rows of the simulations asked for; of all where none was named. */
static enum ddmd_status choose(replay *r, const uint32_t *simulations, size_t n, ddmd_error *err)
{
    enum ddmd_status status = DDMD_OK;
    ddmd_progress_row progress;
    DDMD_TRY(ddmd_catalogue_progress(r->c.catalogue, &progress, err));
    r->n_wanted = n ? n : progress.next_simulation;
    DDMD_TRY(ddmd_array_alloc(&r->wanted, r->n_wanted, sizeof *r->wanted, err));
    for (size_t i = 0; i < r->n_wanted; i++)
        DDMD_TRY(ddmd_catalogue_simulation(r->c.catalogue, n ? simulations[i] : (uint32_t)i,
                                           &r->wanted[i], err));
out:
    return status;
}

enum ddmd_status ddmd_campaign_replay(const char *run_dir, const uint32_t *simulations, size_t n,
                                      const ddmd_replay_options *options, bool *deterministic,
                                      ddmd_mistakes *mistakes, ddmd_error *err)
{
    enum ddmd_status status = DDMD_OK;
    replay r = {.options = options};
    DDMD_TRY(open_run(&r, run_dir, mistakes, err));
    DDMD_TRY(choose(&r, simulations, n, err));
    DDMD_TRY(make_slots(&r, err));
    *deterministic =
        ddmd_engine_capabilities(ddmd_simulator_engine(r.simulator)) & DDMD_ENGINE_DETERMINISTIC;
    DDMD_TRY(open_files(&r, run_dir, err));
    DDMD_TRY(simulate(&r, err));
out:
    close_run(&r);
    return status;
}
