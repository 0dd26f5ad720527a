/* The dispatcher: checks arguments, keeps the state of every replica, asks the implementation. */
#include "ddmd/engine.h"

#include "core/array.h"
#include "core/text.h"
#include "core/try.h"
#include "engine/engine_ops.h"
#include "engine/velocities.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const double MAX_CENTROID_NM = 5.0;

typedef struct listed_engine {
    const char *name;
    const char *summary;
    const char *advice; /* where it was not compiled in */
    const ddmd_engine_ops *ops;
} listed_engine;

/* An engine that was not compiled in has no symbol to refer to. */
#define OPS_0(name) NULL
#define OPS_1(name) &ddmd_engine_##name
#define OPS_OF(compiled_in, name) OPS_##compiled_in(name)

static const listed_engine engines[] = {
#define ENGINE(name, summary, compiled_in, advice) \
    {#name, summary, advice, OPS_OF(compiled_in, name)},
#include "engine/engines.def"
#undef ENGINE
};

enum { N_ENGINES = sizeof engines / sizeof *engines };

typedef struct replica {
    enum ddmd_replica_state state;
    char reason[DDMD_ERROR_MESSAGE_SIZE];
} replica;

struct ddmd_engine {
    const ddmd_engine_ops *ops;
    void *self;
    const ddmd_system *system;
    uint64_t seed;
    double temperature_kelvin;
    int n_replicas;
    replica *replicas;
    bool *running;     /* [n_replicas], what advance() is handed */
    float *positions;  /* [n_atoms][3], a start as it is handed on */
    float *velocities; /* [n_atoms][3] */
    double *work;      /* [n_atoms][3] */
};

size_t ddmd_engine_count(void)
{
    return N_ENGINES;
}

void ddmd_engine_describe(size_t index, ddmd_engine_info *info)
{
    const listed_engine *listed = &engines[index];
    *info = (ddmd_engine_info){.name = listed->name, .summary = listed->summary};
    if (!listed->ops) {
        info->unavailable = listed->advice;
        return;
    }
    info->capabilities = listed->ops->capabilities;
    info->available = true;
    if (listed->ops->probe)
        info->available = listed->ops->probe(info->detail, sizeof info->detail, &info->unavailable);
}

static enum ddmd_status unknown_engine(const char *name, ddmd_error *err)
{
    const char *names[N_ENGINES];
    ddmd_text list = {0};
    for (size_t e = 0; e < N_ENGINES; e++) {
        names[e] = engines[e].name;
        ddmd_text_add(&list, "%s%s", e ? ", " : "", engines[e].name);
    }
    const char *nearest = ddmd_text_nearest(name, names, N_ENGINES);
    ddmd_error_set(err, DDMD_CONFIG, "no engine is called '%.60s'; there are %s%s%s%s", name,
                   list.bytes ? list.bytes : "", nearest ? "; did you mean " : "",
                   nearest ? nearest : "", nearest ? "?" : "");
    ddmd_text_clear(&list);
    return DDMD_CONFIG;
}

/* NULL where there is none of that name. */
static const listed_engine *find_engine(const char *name)
{
    for (size_t e = 0; e < N_ENGINES; e++)
        if (strcmp(engines[e].name, name) == 0)
            return &engines[e];
    return NULL;
}

static enum ddmd_status check_options(const ddmd_engine_options *o, ddmd_error *err)
{
    const struct {
        const char *name;
        double value;
        bool zero_too;
        double most;
    } ranges[] = {
        {"temperature_kelvin", o->temperature_kelvin, false, 1e5},
        {"friction_per_ps", o->friction_per_ps, true, 1e6},
        {"timestep_fs", o->timestep_fs, false, 1e4},
        {"gb_interval_steps", o->gb_interval_steps, true, 4},
        {"threads_per_replica", o->threads_per_replica, false, 1024},
        {"constraint_tolerance", o->constraint_tolerance, true, 0.1},
    };
    for (size_t r = 0; r < sizeof ranges / sizeof *ranges; r++) {
        double value = ranges[r].value;
        if (!(value >= 0 && value <= ranges[r].most) || (value == 0 && !ranges[r].zero_too))
            return ddmd_error_set(err, DDMD_CONFIG, "%s is %g; it must be %s 0 and at most %g",
                                  ranges[r].name, value, ranges[r].zero_too ? "at least" : "above",
                                  ranges[r].most);
    }
    return DDMD_OK;
}

enum ddmd_status ddmd_engine_create(const char *name, const ddmd_system *system,
                                    const ddmd_engine_options *options, int n_replicas,
                                    ddmd_engine **engine, ddmd_error *err)
{
    enum ddmd_status status = DDMD_OK;
    ddmd_engine *made = NULL;
    if (!name || !system || !options || !engine)
        return ddmd_error_set(err, DDMD_INVALID, "engine: a name, a system and options are needed");
    const listed_engine *listed = find_engine(name);
    if (!listed)
        return unknown_engine(name, err);
    const ddmd_engine_ops *ops = listed->ops;

    if (!ops)
        DDMD_FAIL(err, DDMD_UNSUPPORTED, "not compiled in: %s", listed->advice);
    if (n_replicas < 1)
        DDMD_FAIL(err, DDMD_INVALID, "%d replicas; at least 1 is needed", n_replicas);
    if (system->n_atoms < 1)
        DDMD_FAIL(err, DDMD_INVALID, "a system without atoms");
    DDMD_TRY(check_options(options, err));
    if (options->gb_interval_steps > 1 && !(ops->capabilities & DDMD_ENGINE_GB_INTERVAL))
        DDMD_FAIL(err, DDMD_UNSUPPORTED,
                  "gb_interval_steps of %d is not supported; use engine: ensemble, or 1",
                  options->gb_interval_steps);
    const char *unavailable = NULL;
    char detail[sizeof((ddmd_engine_info *)0)->detail];
    if (ops->probe && !ops->probe(detail, sizeof detail, &unavailable))
        DDMD_FAIL(err, DDMD_UNSUPPORTED, "%s", unavailable);

    size_t n_coordinates = (size_t)system->n_atoms * 3;
    DDMD_TRY(ddmd_array_alloc(&made, 1, sizeof *made, err));
    made->ops = ops;
    made->system = system;
    made->seed = options->seed;
    made->temperature_kelvin = options->temperature_kelvin;
    made->n_replicas = n_replicas;
    DDMD_TRY(ddmd_array_alloc(&made->replicas, (size_t)n_replicas, sizeof *made->replicas, err));
    DDMD_TRY(ddmd_array_alloc(&made->running, (size_t)n_replicas, sizeof *made->running, err));
    DDMD_TRY(ddmd_array_alloc(&made->positions, n_coordinates, sizeof *made->positions, err));
    DDMD_TRY(ddmd_array_alloc(&made->velocities, n_coordinates, sizeof *made->velocities, err));
    DDMD_TRY(ddmd_array_alloc(&made->work, n_coordinates, sizeof *made->work, err));
    DDMD_TRY(ops->create(system, options, n_replicas, &made->self, err));
    *engine = made;
    made = NULL;
out:
    ddmd_engine_destroy(&made);
    if (status != DDMD_OK)
        ddmd_error_prefix(err, "engine %s: ", name);
    return status;
}

void ddmd_engine_destroy(ddmd_engine **engine)
{
    ddmd_engine *e = engine ? *engine : NULL;
    if (!e)
        return;
    if (e->self)
        e->ops->destroy(e->self);
    free(e->replicas);
    free(e->running);
    free(e->positions);
    free(e->velocities);
    free(e->work);
    free(e);
    *engine = NULL;
}

const char *ddmd_engine_name(const ddmd_engine *engine)
{
    return engine->ops->name;
}

unsigned ddmd_engine_capabilities(const ddmd_engine *engine)
{
    return engine->ops->self_capabilities ? engine->ops->self_capabilities(engine->self)
                                          : engine->ops->capabilities;
}

const char *ddmd_engine_device(const ddmd_engine *engine)
{
    return engine->ops->device ? engine->ops->device(engine->self) : "CPU";
}

static enum ddmd_status prefixed(const ddmd_engine *engine, enum ddmd_status status,
                                 ddmd_error *err)
{
    if (status != DDMD_OK)
        ddmd_error_prefix(err, "engine %s: ", engine->ops->name);
    return status;
}

static enum ddmd_status check_replica(const ddmd_engine *engine, int index, ddmd_error *err)
{
    if (index < 0 || index >= engine->n_replicas)
        return ddmd_error_set(err, DDMD_INVALID, "there is no replica %d among %d", index,
                              engine->n_replicas);
    return DDMD_OK;
}

static enum ddmd_status check_finite(const char *what, const float *values, int32_t n_atoms,
                                     ddmd_error *err)
{
    for (int32_t i = 0; i < n_atoms; i++)
        for (int x = 0; x < 3; x++)
            if (!isfinite(values[3 * (size_t)i + (size_t)x]))
                return ddmd_error_set(err, DDMD_NUMERIC, "the %s of atom %d is not finite", what,
                                      (int)i + 1);
    return DDMD_OK;
}

/* Copy positions, the centroid moved to the origin where it is too far from there. */
static void recentre(ddmd_engine *engine, const float *positions)
{
    size_t n = (size_t)engine->system->n_atoms;
    memcpy(engine->positions, positions, 3 * n * sizeof *positions);
    if (engine->system->openmm_xml)
        return;
    double centroid[3] = {0};
    for (size_t i = 0; i < 3 * n; i++)
        centroid[i % 3] += positions[i] / (double)n;
    double r2 = centroid[0] * centroid[0] + centroid[1] * centroid[1] + centroid[2] * centroid[2];
    if (r2 <= MAX_CENTROID_NM * MAX_CENTROID_NM)
        return;
    for (size_t i = 0; i < 3 * n; i++)
        engine->positions[i] = (float)(positions[i] - centroid[i % 3]);
}

static enum ddmd_status take_start(ddmd_engine *engine, const ddmd_engine_start *start,
                                   ddmd_engine_start *full, ddmd_error *err)
{
    enum ddmd_status status = DDMD_OK;
    const ddmd_system *system = engine->system;
    size_t n_coordinates = (size_t)system->n_atoms * 3;
    *full = *start;
    if (full->temperature_kelvin == 0)
        full->temperature_kelvin = engine->temperature_kelvin;
    DDMD_TRY(check_finite("position", start->positions, system->n_atoms, err));
    recentre(engine, start->positions);
    full->positions = engine->positions;
    if (start->velocities) {
        DDMD_TRY(check_finite("velocity", start->velocities, system->n_atoms, err));
    } else {
        for (size_t i = 0; i < n_coordinates; i++)
            engine->work[i] = engine->positions[i];
        DDMD_TRY(ddmd_velocities_draw(system, engine->work, full->temperature_kelvin, engine->seed,
                                      start->simulation_id, engine->velocities, err));
        full->velocities = engine->velocities;
    }
out:
    return status;
}

static void set_failed(replica *r, const char *reason)
{
    r->state = DDMD_REPLICA_FAILED;
    snprintf(r->reason, sizeof r->reason, "%s", reason);
}

enum ddmd_status ddmd_engine_start_replica(ddmd_engine *engine, int index,
                                           const ddmd_engine_start *start, ddmd_error *err)
{
    enum ddmd_status status = DDMD_OK;
    ddmd_error own = {0}; /* the reason is kept, also where the caller does not ask for it */
    ddmd_engine_start full;
    DDMD_TRY(check_replica(engine, index, &own));
    if (!start || !start->positions)
        DDMD_FAIL(&own, DDMD_INVALID, "a start needs positions");
    if (!(start->temperature_kelvin >= 0 && start->temperature_kelvin <= 1e5))
        DDMD_FAIL(&own, DDMD_INVALID, "a start at %g kelvin", start->temperature_kelvin);
    if (start->first_step >> 56)
        DDMD_FAIL(&own, DDMD_INVALID, "a start at step %llu; steps are below 2^56",
                  (unsigned long long)start->first_step);

    status = take_start(engine, start, &full, &own);
    if (status == DDMD_OK)
        status = engine->ops->start(engine->self, index, &full, &own);
    if (status == DDMD_OK)
        engine->replicas[index] = (replica){.state = DDMD_REPLICA_RUNNING};
    else if (status == DDMD_NUMERIC)
        set_failed(&engine->replicas[index], own.message);
out:
    if (status != DDMD_OK)
        ddmd_error_set(err, status, "engine %s: %s", engine->ops->name, own.message);
    return status;
}

void ddmd_engine_stop_replica(ddmd_engine *engine, int index)
{
    if (index < 0 || index >= engine->n_replicas)
        return;
    if (engine->ops->stop)
        engine->ops->stop(engine->self, index);
    engine->replicas[index] = (replica){.state = DDMD_REPLICA_IDLE};
}

static void on_failed(void *user, int index, const char *reason)
{
    ddmd_engine *engine = user;
    set_failed(&engine->replicas[index], reason);
}

enum ddmd_status ddmd_engine_advance(ddmd_engine *engine, int64_t n_steps, ddmd_error *err)
{
    if (n_steps < 0)
        return prefixed(engine, ddmd_error_set(err, DDMD_INVALID, "%lld steps", (long long)n_steps),
                        err);
    bool any = false;
    for (int r = 0; r < engine->n_replicas; r++) {
        engine->running[r] = engine->replicas[r].state == DDMD_REPLICA_RUNNING;
        any |= engine->running[r];
    }
    if (!any || n_steps == 0)
        return DDMD_OK;
    return prefixed(
        engine,
        engine->ops->advance(engine->self, engine->running, n_steps, on_failed, engine, err), err);
}

enum ddmd_replica_state ddmd_engine_replica_state(const ddmd_engine *engine, int index)
{
    if (index < 0 || index >= engine->n_replicas)
        return DDMD_REPLICA_IDLE;
    return engine->replicas[index].state;
}

const char *ddmd_engine_failure(const ddmd_engine *engine, int index)
{
    if (index < 0 || index >= engine->n_replicas)
        return "";
    return engine->replicas[index].reason;
}

enum ddmd_status ddmd_engine_read(ddmd_engine *engine, int index, ddmd_engine_frame *frame,
                                  ddmd_error *err)
{
    enum ddmd_status status = DDMD_OK;
    DDMD_TRY(check_replica(engine, index, err));
    if (!frame)
        DDMD_FAIL(err, DDMD_INVALID, "no frame to read replica %d into", index);
    if (engine->replicas[index].state != DDMD_REPLICA_RUNNING)
        DDMD_FAIL(err, DDMD_INVALID, "replica %d is %s and cannot be read", index,
                  engine->replicas[index].state == DDMD_REPLICA_IDLE ? "idle" : "failed");
    DDMD_TRY(engine->ops->read(engine->self, index, frame, err));
out:
    return prefixed(engine, status, err);
}

static enum ddmd_status check_coordinates(const ddmd_engine *engine, const double *positions,
                                          ddmd_error *err)
{
    if (!positions)
        return ddmd_error_set(err, DDMD_INVALID, "no positions");
    for (int32_t i = 0; i < engine->system->n_atoms; i++)
        for (int x = 0; x < 3; x++)
            if (!isfinite(positions[3 * (size_t)i + (size_t)x]))
                return ddmd_error_set(err, DDMD_NUMERIC, "the position of atom %d is not finite",
                                      (int)i + 1);
    return DDMD_OK;
}

enum ddmd_status ddmd_engine_energy(ddmd_engine *engine, const double *positions,
                                    ddmd_energy *energy, double *forces, ddmd_error *err)
{
    enum ddmd_status status = DDMD_OK;
    if (!energy)
        DDMD_FAIL(err, DDMD_INVALID, "nowhere to put the energy");
    DDMD_TRY(check_coordinates(engine, positions, err));
    DDMD_TRY(engine->ops->energy(engine->self, positions, energy, forces, err));
out:
    return prefixed(engine, status, err);
}

enum ddmd_status ddmd_engine_minimize(ddmd_engine *engine, double *positions, double tolerance,
                                      int max_iterations, ddmd_error *err)
{
    enum ddmd_status status = DDMD_OK;
    if (!(tolerance > 0) || !isfinite(tolerance))
        DDMD_FAIL(err, DDMD_INVALID, "a tolerance of %g; it must be above 0", tolerance);
    if (max_iterations < 0)
        DDMD_FAIL(err, DDMD_INVALID, "%d iterations; 0 means no bound", max_iterations);
    DDMD_TRY(check_coordinates(engine, positions, err));
    DDMD_TRY(engine->ops->minimize(engine->self, positions, tolerance, max_iterations, err));
out:
    return prefixed(engine, status, err);
}
