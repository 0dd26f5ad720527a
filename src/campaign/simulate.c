#include "campaign/simulate.h"

#include "core/array.h"
#include "core/clock.h"
#include "core/parallel.h"
#include "core/try.h"
#include "ddmd/geometry.h"

#include <stdio.h>
#include <stdlib.h>

/*
 * A report interval is cut into pieces of so many steps, so that a wish to stop is heard soon. The
 * number is fixed: where an engine's bits depend on how its steps are grouped, they stay the same.
 */
enum { STEPS_A_PIECE = 100 };

/* What a replica runs. */
typedef struct slot {
    bool assigned; /* and no failure was reported */
    uint32_t simulation, next_frame;
} slot;

struct ddmd_simulator {
    const ddmd_subject *subject;
    ddmd_engine *engine;
    int first, n;
    int64_t report_steps;
    double timestep_ps;
    slot *slots; /* [n] */
    float *positions, *velocities;
    uint8_t *contact_map;
    double *scratch;
};

int ddmd_simulator_workers(const ddmd_config *config)
{
    int wanted = ddmd_parallel_threads(config->simulation.workers);
    return wanted < config->simulation.replicas ? wanted : config->simulation.replicas;
}

void ddmd_simulator_share(const ddmd_config *config, int worker, int *first, int *n)
{
    int64_t replicas = config->simulation.replicas, workers = ddmd_simulator_workers(config);
    *first = (int)(replicas * worker / workers);
    *n = (int)(replicas * (worker + 1) / workers) - *first;
}

int ddmd_simulator_worker_of(const ddmd_config *config, int replica)
{
    for (int worker = 0;; worker++) {
        int first, n;
        ddmd_simulator_share(config, worker, &first, &n);
        if (replica < first + n)
            return worker;
    }
}

enum ddmd_status ddmd_simulator_create(const ddmd_config *config, const ddmd_subject *subject,
                                       int first, int n, const ddmd_log *log,
                                       ddmd_simulator **simulator, ddmd_error *err)
{
    enum ddmd_status status = DDMD_OK;
    ddmd_simulator *s = NULL;
    size_t size = (size_t)subject->system->n_atoms * 3;
    ddmd_engine_options options = ddmd_subject_engine_options(config, log);

    DDMD_TRY(ddmd_array_alloc(&s, 1, sizeof *s, err));
    s->subject = subject;
    s->first = first;
    s->n = n;
    s->report_steps = ddmd_subject_report_steps(config);
    s->timestep_ps = config->simulation.timestep_fs / 1000.0;
    DDMD_TRY(ddmd_array_alloc(&s->slots, (size_t)n, sizeof *s->slots, err));
    DDMD_TRY(ddmd_array_alloc(&s->positions, size, sizeof *s->positions, err));
    DDMD_TRY(ddmd_array_alloc(&s->velocities, size, sizeof *s->velocities, err));
    DDMD_TRY(ddmd_array_alloc(&s->contact_map, ddmd_contact_map_bytes(subject->n_points), 1, err));
    DDMD_TRY(ddmd_array_alloc(&s->scratch, ddmd_subject_scratch(subject), sizeof *s->scratch, err));
    DDMD_TRY(ddmd_engine_create(config->simulation.engine, subject->system, &options, n, &s->engine,
                                err));
    *simulator = s;
    s = NULL;
out:
    ddmd_simulator_destroy(&s);
    return status;
}

void ddmd_simulator_destroy(ddmd_simulator **simulator)
{
    ddmd_simulator *s = *simulator;
    if (!s)
        return;
    ddmd_engine_destroy(&s->engine);
    free(s->slots);
    free(s->positions);
    free(s->velocities);
    free(s->contact_map);
    free(s->scratch);
    free(s);
    *simulator = NULL;
}

ddmd_engine *ddmd_simulator_engine(ddmd_simulator *simulator)
{
    return simulator->engine;
}

enum ddmd_status ddmd_simulator_assign(ddmd_simulator *s, int index,
                                       const ddmd_assignment *assignment, ddmd_error *err)
{
    const ddmd_engine_start start = {
        .simulation_id = assignment->simulation,
        .first_step = assignment->first_step,
        .temperature_kelvin = assignment->temperature_kelvin,
        .positions = assignment->positions,
        .velocities = assignment->velocities,
    };
    ddmd_error why = {0};
    enum ddmd_status status = ddmd_engine_start_replica(s->engine, index, &start, &why);
    if (status != DDMD_OK && status != DDMD_NUMERIC)
        return ddmd_error_set(err, status, "%s", why.message);
    s->slots[index] = (slot){true, assignment->simulation, assignment->first_frame};
    return DDMD_OK;
}

void ddmd_simulator_release(ddmd_simulator *s, int index)
{
    ddmd_engine_stop_replica(s->engine, index);
    s->slots[index].assigned = false;
}

int ddmd_simulator_running(const ddmd_simulator *s)
{
    int running = 0;
    for (int i = 0; i < s->n; i++)
        running += s->slots[i].assigned;
    return running;
}

static enum ddmd_status report_failure(ddmd_simulator *s, int index, ddmd_report_fn *sink,
                                       void *user, ddmd_error *err)
{
    slot *mine = &s->slots[index];
    ddmd_report report = {
        .replica = s->first + index,
        .failed = true,
        .frame = {.simulation = mine->simulation, .index = mine->next_frame},
        .created_s = ddmd_clock_monotonic(),
    };
    snprintf(report.reason, sizeof report.reason, "%s", ddmd_engine_failure(s->engine, index));
    mine->assigned = false;
    return sink(user, &report, err);
}

static enum ddmd_status report_one(ddmd_simulator *s, int index, ddmd_report_fn *sink, void *user,
                                   ddmd_error *err)
{
    slot *mine = &s->slots[index];
    if (!mine->assigned)
        return DDMD_OK;
    if (ddmd_engine_replica_state(s->engine, index) != DDMD_REPLICA_RUNNING)
        return report_failure(s, index, sink, user, err);

    ddmd_engine_frame frame = {.positions = s->positions, .velocities = s->velocities};
    enum ddmd_status status = ddmd_engine_read(s->engine, index, &frame, err);
    if (status != DDMD_OK)
        return status;
    ddmd_report report = {
        .replica = s->first + index,
        .created_s = ddmd_clock_monotonic(),
        .frame =
            {
                .simulation = mine->simulation,
                .index = mine->next_frame++,
                .step = frame.step,
                .time_ps = (double)frame.step * s->timestep_ps,
                .positions = s->positions,
                .velocities = s->velocities,
                .potential_energy = frame.potential_energy,
                .kinetic_energy = frame.kinetic_energy,
                .contact_map = s->contact_map,
            },
    };
    ddmd_subject_measure(s->subject, &report.frame, s->scratch);
    return sink(user, &report, err);
}

enum ddmd_status ddmd_simulator_interval(ddmd_simulator *s, ddmd_report_fn *sink, void *user,
                                         const atomic_int *cancel, ddmd_error *err)
{
    enum ddmd_status status = DDMD_OK;
    for (int64_t done = 0; done < s->report_steps;) {
        if (atomic_load(cancel))
            DDMD_FAIL(err, DDMD_CANCELLED, "cancelled");
        int64_t piece = s->report_steps - done;
        if (piece > STEPS_A_PIECE)
            piece = STEPS_A_PIECE;
        DDMD_TRY(ddmd_engine_advance(s->engine, piece, err));
        done += piece;
    }
    for (int i = 0; i < s->n; i++)
        DDMD_TRY(report_one(s, i, sink, user, err));
out:
    return status;
}

enum ddmd_status ddmd_simulator_segment(ddmd_simulator *s, const ddmd_assignment *assignments,
                                        int64_t n_reports, ddmd_report_fn *sink, void *user,
                                        const atomic_int *cancel, ddmd_error *err)
{
    enum ddmd_status status = DDMD_OK;
    for (int i = 0; i < s->n; i++)
        DDMD_TRY(ddmd_simulator_assign(s, i, &assignments[i], err));
    for (int64_t k = 0; k < n_reports; k++)
        DDMD_TRY(ddmd_simulator_interval(s, sink, user, cancel, err));
out:
    return status;
}
