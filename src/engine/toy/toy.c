/*
 * Engine toy: bonded terms and a Langevin thermostat in plain C, for coarse chains, tests and
 * benchmarks.
 *
 * Positions and velocities are float32 between steps, so that a frame holds the whole state: a
 * start from it with the step number goes on with the same bits. Steps are computed in float64.
 */
#include "core/array.h"
#include "core/try.h"
#include "ddmd/random.h"
#include "engine/engine_ops.h"
#include "engine/toy/forces.h"
#include "engine/toy/minimize.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { BLOCK_STEPS = 1024 }; /* a replica that is lost is noticed after so many */

typedef struct toy_replica {
    uint32_t simulation_id;
    uint64_t step;
    double *positions, *velocities; /* [n_atoms][3], every value one of float32 */
    double *noise;                  /* [n_atoms], sqrt(kT (1 - a^2) / m) */
    double potential, kinetic;      /* of positions and velocities as they are */
} toy_replica;

typedef struct toy {
    const ddmd_system *system;
    toy_forces terms;
    size_t n_atoms;
    uint64_t seed;
    double dt;      /* ps */
    double damping; /* exp(-friction dt) */
    double *kick;   /* [n_atoms], dt / m; 0 without mass */
    double *forces; /* [n_atoms][3] */
    float *normals; /* [n_atoms][3] and up to three more */
    int n_replicas;
    toy_replica *replicas;
} toy;

static void toy_destroy(void *self)
{
    toy *t = self;
    if (!t)
        return;
    for (int r = 0; t->replicas && r < t->n_replicas; r++) {
        free(t->replicas[r].positions);
        free(t->replicas[r].velocities);
        free(t->replicas[r].noise);
    }
    toy_forces_clear(&t->terms);
    free(t->replicas);
    free(t->kick);
    free(t->forces);
    free(t->normals);
    free(t);
}

static enum ddmd_status check_system(const ddmd_system *system, ddmd_error *err)
{
    const char *what = system->openmm_xml          ? "a serialized OpenMM System"
                       : system->has_gbsa          ? "GBSA"
                       : system->has_nonbonded     ? "a nonbonded force"
                       : system->n_constraints > 0 ? "a constraint"
                                                   : NULL;
    if (what)
        return ddmd_error_set(err, DDMD_UNSUPPORTED, "%s is not supported; use engine: openmm",
                              what);
    return DDMD_OK;
}

static enum ddmd_status toy_create(const ddmd_system *system, const ddmd_engine_options *options,
                                   int n_replicas, void **self, ddmd_error *err)
{
    enum ddmd_status status = DDMD_OK;
    toy *t = NULL;
    size_t n = (size_t)system->n_atoms;
    DDMD_TRY(check_system(system, err));
    DDMD_TRY(ddmd_array_alloc(&t, 1, sizeof *t, err));
    t->system = system;
    t->n_atoms = n;
    t->seed = options->seed;
    t->dt = options->timestep_fs * 1e-3;
    t->damping = exp(-options->friction_per_ps * t->dt);
    t->n_replicas = n_replicas;
    DDMD_TRY(toy_forces_create(system, &t->terms, err));
    DDMD_TRY(ddmd_array_alloc(&t->kick, n, sizeof *t->kick, err));
    DDMD_TRY(ddmd_array_alloc(&t->forces, 3 * n, sizeof *t->forces, err));
    DDMD_TRY(ddmd_array_alloc(&t->normals, 3 * n + 3, sizeof *t->normals, err));
    DDMD_TRY(ddmd_array_alloc(&t->replicas, (size_t)n_replicas, sizeof *t->replicas, err));
    for (size_t i = 0; i < n; i++)
        t->kick[i] = system->masses[i] > 0 ? t->dt / system->masses[i] : 0;
    for (int r = 0; r < n_replicas; r++) {
        toy_replica *replica = &t->replicas[r];
        DDMD_TRY(ddmd_array_alloc(&replica->positions, 3 * n, sizeof *replica->positions, err));
        DDMD_TRY(ddmd_array_alloc(&replica->velocities, 3 * n, sizeof *replica->velocities, err));
        DDMD_TRY(ddmd_array_alloc(&replica->noise, n, sizeof *replica->noise, err));
    }
    *self = t;
    t = NULL;
out:
    toy_destroy(t);
    return status;
}

/* Energies of the state; NUMERIC where they are no longer those of a molecule. */
static enum ddmd_status measure(toy *t, toy_replica *replica, ddmd_error *err)
{
    ddmd_energy energy;
    double kinetic = 0;
    toy_forces_compute(&t->terms, replica->positions, t->forces, &energy);
    for (size_t i = 0; i < t->n_atoms; i++)
        for (size_t x = 3 * i; x < 3 * i + 3; x++) {
            double v = replica->velocities[x];
            if (t->damping == 1)
                v += 0.5 * t->kick[i] * t->forces[x];
            kinetic += 0.5 * t->system->masses[i] * v * v;
        }
    replica->potential = energy.total;
    replica->kinetic = kinetic;
    if (!(fabs(energy.total) <= DDMD_ENGINE_ENERGY_LIMIT && kinetic <= DDMD_ENGINE_ENERGY_LIMIT))
        return ddmd_error_set(err, DDMD_NUMERIC,
                              "at step %llu the potential energy is %g and the kinetic energy %g "
                              "kJ/mol",
                              (unsigned long long)replica->step, energy.total, kinetic);
    return DDMD_OK;
}

static enum ddmd_status toy_start(void *self, int index, const ddmd_engine_start *start,
                                  ddmd_error *err)
{
    toy *t = self;
    toy_replica *replica = &t->replicas[index];
    replica->simulation_id = start->simulation_id;
    replica->step = start->first_step;
    for (size_t x = 0; x < 3 * t->n_atoms; x++) {
        replica->positions[x] = start->positions[x];
        replica->velocities[x] = start->velocities[x];
    }
    double kt = DDMD_GAS_CONSTANT * start->temperature_kelvin;
    for (size_t i = 0; i < t->n_atoms; i++)
        replica->noise[i] = t->system->masses[i] > 0
                                ? sqrt(kt * (1 - t->damping * t->damping) / t->system->masses[i])
                                : 0;
    return measure(t, replica, err);
}

/*
 * Standard normal numbers by Box and Muller, both branches, 32 bits for a uniform number: four from
 * a block of Philox.
 */
static void draw_normals(const toy *t, const toy_replica *replica)
{
    ddmd_random random;
    ddmd_random_init(&random, t->seed, DDMD_RANDOM_LANGEVIN, replica->simulation_id, replica->step);
    for (size_t n = 0; n < 3 * t->n_atoms; n += 4) {
        uint32_t words[4];
        ddmd_philox4x32(random.counter, random.key, words);
        random.counter[0]++;
        for (size_t half = 0; half < 4; half += 2) {
            float uniform = ((float)words[half] + 0.5f) * 0x1p-32f;
            float radius = sqrtf(-2.0f * logf(uniform));
            float angle = (float)words[half + 1] * (float)(2 * M_PI * 0x1p-32);
            float sine, cosine;
            sincosf(angle, &sine, &cosine);
            t->normals[n + half] = radius * cosine;
            t->normals[n + half + 1] = radius * sine;
        }
    }
}

static void take_step(const toy *t, toy_replica *replica)
{
    double *positions = replica->positions, *velocities = replica->velocities;
    bool thermostat = t->damping < 1;
    toy_forces_compute(&t->terms, positions, t->forces, NULL);
    if (thermostat)
        draw_normals(t, replica);
    for (size_t i = 0; i < t->n_atoms; i++)
        for (size_t x = 3 * i; x < 3 * i + 3; x++) {
            double before = velocities[x] + t->kick[i] * t->forces[x];
            double after =
                thermostat ? t->damping * before + replica->noise[i] * t->normals[x] : before;
            positions[x] = (float)(positions[x] + 0.5 * t->dt * (before + after));
            velocities[x] = (float)after;
        }
    replica->step++;
}

static bool is_finite(const toy *t, const toy_replica *replica)
{
    double sum = 0;
    for (size_t x = 0; x < 3 * t->n_atoms; x++)
        sum += replica->positions[x];
    return isfinite(sum);
}

static enum ddmd_status toy_advance(void *self, const bool *running, int64_t n_steps,
                                    void (*failed)(void *user, int replica, const char *reason),
                                    void *user, ddmd_error *err)
{
    (void)err;
    toy *t = self;
    for (int r = 0; r < t->n_replicas; r++) {
        if (!running[r])
            continue;
        toy_replica *replica = &t->replicas[r];
        ddmd_error reason = {0};
        for (int64_t done = 0; done < n_steps; done++) {
            take_step(t, replica);
            if (done % BLOCK_STEPS == BLOCK_STEPS - 1 && !is_finite(t, replica))
                break;
        }
        if (measure(t, replica, &reason) != DDMD_OK)
            failed(user, r, reason.message);
    }
    return DDMD_OK;
}

static enum ddmd_status toy_read(void *self, int index, ddmd_engine_frame *frame, ddmd_error *err)
{
    (void)err;
    const toy *t = self;
    const toy_replica *replica = &t->replicas[index];
    frame->step = replica->step;
    frame->potential_energy = replica->potential;
    frame->kinetic_energy = replica->kinetic;
    for (size_t x = 0; frame->positions && x < 3 * t->n_atoms; x++)
        frame->positions[x] = (float)replica->positions[x];
    for (size_t x = 0; frame->velocities && x < 3 * t->n_atoms; x++)
        frame->velocities[x] = (float)replica->velocities[x];
    return DDMD_OK;
}

static enum ddmd_status toy_energy(void *self, const double *positions, ddmd_energy *energy,
                                   double *forces, ddmd_error *err)
{
    toy *t = self;
    ddmd_energy found;
    toy_forces_compute(&t->terms, positions, t->forces, &found);
    if (isnan(found.total))
        return ddmd_error_set(err, DDMD_NUMERIC,
                              "the energy is not a number; do atoms stand in "
                              "one place?");
    *energy = found;
    if (forces)
        memcpy(forces, t->forces, 3 * t->n_atoms * sizeof *forces);
    return DDMD_OK;
}

static enum ddmd_status toy_minimize_positions(void *self, double *positions, double tolerance,
                                               int max_iterations, ddmd_error *err)
{
    toy *t = self;
    return toy_minimize(&t->terms, positions, tolerance, max_iterations, err);
}

static bool toy_probe(char *detail, size_t size, const char **unavailable)
{
    (void)unavailable;
    snprintf(detail, size, "plain C, one thread");
    return true;
}

const ddmd_engine_ops ddmd_engine_toy = {
    .api_version = DDMD_ENGINE_API_VERSION,
    .name = "toy",
    .summary = "coarse bead chains with bonded terms only; for tests and benchmarks",
    .capabilities = DDMD_ENGINE_DETERMINISTIC,
    .create = toy_create,
    .destroy = toy_destroy,
    .start = toy_start,
    .advance = toy_advance,
    .read = toy_read,
    .energy = toy_energy,
    .minimize = toy_minimize_positions,
    .probe = toy_probe,
};
