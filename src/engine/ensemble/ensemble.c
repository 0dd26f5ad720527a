/*
 * Engine ensemble: many replicas of one molecule in implicit solvent, one replica a vector lane.
 *
 * Replicas are advanced in float32, all pairs, by the kernels of the widest instruction set that
 * the processor has (or that the environment variable DDMD_ISA names: avx512, avx2, neon, plain). A
 * lane computes the same bits whatever the other lanes hold. Positions and velocities are the whole
 * state between steps, so that a start from a frame goes on with the same bits. A replica whose
 * centroid has come farther than 1 nm from the origin is moved back there every 1000 steps.
 * Single-point energies and minimisation are those of ddmd_system_energy(), in float64.
 */
#include "core/array.h"
#include "core/try.h"
#include "engine/engine_ops.h"
#include "engine/ensemble/kernels.h"
#include "engine/ensemble/minimize.h"
#include "engine/velocities.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct slot {
    double potential, kinetic; /* of the state as it is, kJ/mol */
} slot;

typedef struct ensemble {
    const ddmd_system *system;
    const ensemble_kernels *kernels;
    ensemble_model *model;
    char device[64];
    int n_replicas, n_groups;
    slot *slots;             /* [n_replicas] */
    ensemble_group **groups; /* [n_groups]; replica r is lane r % lanes of group r / lanes */
    double *work;            /* [4][n_atoms][3] */
} ensemble;

static void ensemble_destroy(void *self)
{
    ensemble *e = self;
    if (!e)
        return;
    for (int g = 0; e->groups && g < e->n_groups; g++)
        ensemble_group_destroy(&e->groups[g]);
    ensemble_model_destroy(&e->model);
    free((void *)e->groups);
    free(e->slots);
    free(e->work);
    free(e);
}

static enum ddmd_status ensemble_create(const ddmd_system *system,
                                        const ddmd_engine_options *options, int n_replicas,
                                        void **self, ddmd_error *err)
{
    enum ddmd_status status = DDMD_OK;
    ensemble *e = NULL;
    size_t n = (size_t)system->n_atoms * 3;
    DDMD_TRY(ddmd_array_alloc(&e, 1, sizeof *e, err));
    e->system = system;
    DDMD_TRY(ensemble_kernels_choose(&e->kernels, err));
    snprintf(e->device, sizeof e->device, "%s, %d lanes", e->kernels->name, e->kernels->lanes);
    DDMD_TRY(ensemble_model_create(system, options, &e->model, err));
    e->n_replicas = n_replicas;
    e->n_groups = (n_replicas - 1) / e->kernels->lanes + 1;
    DDMD_TRY(ddmd_array_alloc(&e->slots, (size_t)n_replicas, sizeof *e->slots, err));
    DDMD_TRY(ddmd_array_alloc(&e->groups, (size_t)e->n_groups, sizeof(ensemble_group *), err));
    DDMD_TRY(ddmd_array_alloc(&e->work, 4 * n, sizeof *e->work, err));
    for (int g = 0; g < e->n_groups; g++)
        DDMD_TRY(ensemble_group_create(e->model, e->kernels->lanes, &e->groups[g], err));
    *self = e;
    e = NULL;
out:
    ensemble_destroy(e);
    return status;
}

/* Of the positions in work and forces; as kernels have it, but before any lane was filled. */
static double kinetic_energy(ensemble *e, const float *velocities, const double *forces)
{
    size_t n = (size_t)e->system->n_atoms * 3;
    double *x = e->work, *v = e->work + n, sum = 0;
    for (size_t i = 0; i < n; i++) {
        v[i] = velocities[i];
        if (!e->model->thermostat)
            v[i] += 0.5 * (double)e->model->atoms[i / 3].kick * forces[i];
    }
    (void)ddmd_velocities_project(e->system, x, v, NULL); /* what is not finite is seen below */
    for (size_t i = 0; i < n; i++)
        sum += 0.5 * e->system->masses[i / 3] * v[i] * v[i];
    return sum;
}

/* Forces at the positions in work whose half kick brings velocities to their time. */
static enum ddmd_status lacking_forces(ensemble *e, uint64_t step, double *forces, ddmd_error *err)
{
    size_t n = (size_t)e->system->n_atoms * 3;
    double *bare = e->work + 3 * n, weight = ensemble_model_gb_lacking(e->model, step);
    ddmd_system without_gbsa = *e->system;
    ddmd_energy unused;
    if (weight == 1)
        return DDMD_OK;
    without_gbsa.has_gbsa = false;
    enum ddmd_status status = ddmd_system_energy(&without_gbsa, e->work, &unused, bare, err);
    for (size_t i = 0; i < n; i++)
        forces[i] = bare[i] + weight * (forces[i] - bare[i]);
    return status;
}

static enum ddmd_status check_energies(const slot *s, uint64_t step, ddmd_error *err)
{
    if (fabs(s->potential) <= DDMD_ENGINE_ENERGY_LIMIT && s->kinetic <= DDMD_ENGINE_ENERGY_LIMIT)
        return DDMD_OK;
    return ddmd_error_set(
        err, DDMD_NUMERIC,
        "at step %llu the potential energy is %g and the kinetic energy %g kJ/mol",
        (unsigned long long)step, s->potential, s->kinetic);
}

static enum ddmd_status ensemble_start(void *self, int index, const ddmd_engine_start *start,
                                       ddmd_error *err)
{
    enum ddmd_status status = DDMD_OK;
    ensemble *e = self;
    size_t n = (size_t)e->system->n_atoms * 3;
    double *forces = e->work + 2 * n;
    ddmd_energy energy;
    slot found;
    for (size_t i = 0; i < n; i++)
        e->work[i] = start->positions[i];
    DDMD_TRY(ddmd_system_energy(e->system, e->work, &energy, forces, err));
    found.potential = energy.total;
    if (!e->model->thermostat)
        DDMD_TRY(lacking_forces(e, start->first_step, forces, err));
    found.kinetic = kinetic_energy(e, start->velocities, forces);
    DDMD_TRY(check_energies(&found, start->first_step, err));

    int lane = index % e->kernels->lanes;
    ensemble_group *group = e->groups[index / e->kernels->lanes];
    e->slots[index] = found;
    ensemble_group_put(group, e->model, lane, start->positions, start->velocities);
    group->sqrt_kt[lane] = (float)sqrt(DDMD_GAS_CONSTANT * start->temperature_kelvin);
    group->simulation_id[lane] = start->simulation_id;
    group->step[lane] = start->first_step;
out:
    return status;
}

static void advance_group(ensemble *e, int g, const bool *running, int64_t n_steps,
                          void (*failed)(void *user, int replica, const char *reason), void *user)
{
    int lanes = e->kernels->lanes, first = g * lanes, example = -1;
    ensemble_group *group = e->groups[g];
    double potential[ENSEMBLE_MAX_LANES], kinetic[ENSEMBLE_MAX_LANES];
    for (int lane = 0; lane < lanes && example < 0; lane++)
        if (first + lane < e->n_replicas && running[first + lane])
            example = lane;
    if (example < 0)
        return;
    /* Lanes that nobody uses do what one in use does: nothing is slower or stranger than that. */
    for (int lane = 0; lane < lanes; lane++)
        if (first + lane >= e->n_replicas || !running[first + lane])
            ensemble_group_copy(group, e->model, lane, example);
    e->kernels->advance(e->model, group, n_steps);
    e->kernels->evaluate(e->model, group, potential, kinetic);
    for (int lane = 0; lane < lanes; lane++) {
        ddmd_error reason = {0};
        int index = first + lane;
        if (index >= e->n_replicas || !running[index])
            continue;
        e->slots[index] = (slot){potential[lane], kinetic[lane]};
        if (check_energies(&e->slots[index], group->step[lane], &reason) != DDMD_OK)
            failed(user, index, reason.message);
    }
}

static enum ddmd_status ensemble_advance(void *self, const bool *running, int64_t n_steps,
                                         void (*failed)(void *user, int replica,
                                                        const char *reason),
                                         void *user, ddmd_error *err)
{
    (void)err;
    ensemble *e = self;
    for (int g = 0; g < e->n_groups; g++)
        advance_group(e, g, running, n_steps, failed, user);
    return DDMD_OK;
}

static enum ddmd_status ensemble_read(void *self, int index, ddmd_engine_frame *frame,
                                      ddmd_error *err)
{
    (void)err;
    const ensemble *e = self;
    const ensemble_group *group = e->groups[index / e->kernels->lanes];
    int lane = index % e->kernels->lanes;
    frame->step = group->step[lane];
    frame->potential_energy = e->slots[index].potential;
    frame->kinetic_energy = e->slots[index].kinetic;
    ensemble_group_get(group, e->model, lane, frame->positions, frame->velocities);
    return DDMD_OK;
}

static enum ddmd_status ensemble_energy(void *self, const double *positions, ddmd_energy *energy,
                                        double *forces, ddmd_error *err)
{
    const ensemble *e = self;
    return ddmd_system_energy(e->system, positions, energy, forces, err);
}

static enum ddmd_status ensemble_minimize_positions(void *self, double *positions, double tolerance,
                                                    int max_iterations, ddmd_error *err)
{
    const ensemble *e = self;
    return ensemble_minimize(e->system, positions, tolerance, max_iterations, err);
}

static bool ensemble_probe(char *detail, size_t size, const char **unavailable)
{
    const ensemble_kernels *kernels = NULL;
    if (ensemble_kernels_choose(&kernels, NULL) != DDMD_OK) {
        *unavailable = "DDMD_ISA names instructions that this processor or build does not have; "
                       "there are avx512, avx2, neon and plain";
        return false;
    }
    snprintf(detail, size, "%s, %d replicas at once", kernels->name, kernels->lanes);
    return true;
}

static const char *ensemble_device(const void *self)
{
    return ((const ensemble *)self)->device;
}

const ddmd_engine_ops ddmd_engine_ensemble = {
    .api_version = DDMD_ENGINE_API_VERSION,
    .name = "ensemble",
    .summary = "many replicas at once in implicit solvent, one a vector lane",
    .capabilities = DDMD_ENGINE_DETERMINISTIC | DDMD_ENGINE_IMPLICIT_SOLVENT |
                    DDMD_ENGINE_CONSTRAINTS | DDMD_ENGINE_BATCHED | DDMD_ENGINE_GB_INTERVAL,
    .create = ensemble_create,
    .destroy = ensemble_destroy,
    .start = ensemble_start,
    .advance = ensemble_advance,
    .read = ensemble_read,
    .energy = ensemble_energy,
    .minimize = ensemble_minimize_positions,
    .probe = ensemble_probe,
    .device = ensemble_device,
};
