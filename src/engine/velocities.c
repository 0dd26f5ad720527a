#include "engine/velocities.h"

#include "core/array.h"
#include "core/try.h"
#include "ddmd/random.h"

#include <math.h>
#include <stdlib.h>

enum { MAX_SWEEPS = 10000 };

static const double RELATIVE_TOLERANCE = 1e-10;

/* One constraint: an impulse along it that ends the motion; returns what speed there was. */
static double relax(const ddmd_system *system, const ddmd_constraint *c, const double *positions,
                    double *velocities)
{
    const double *ri = positions + 3 * (size_t)c->i, *rj = positions + 3 * (size_t)c->j;
    double *vi = velocities + 3 * (size_t)c->i, *vj = velocities + 3 * (size_t)c->j;
    double wi = system->masses[c->i] > 0 ? 1 / system->masses[c->i] : 0;
    double wj = system->masses[c->j] > 0 ? 1 / system->masses[c->j] : 0;
    if (wi + wj == 0)
        return 0;
    double r[3], r2 = 0, rv = 0;
    for (int x = 0; x < 3; x++) {
        r[x] = rj[x] - ri[x];
        r2 += r[x] * r[x];
        rv += r[x] * (vj[x] - vi[x]);
    }
    double impulse = rv / (r2 * (wi + wj));
    for (int x = 0; x < 3; x++) {
        vi[x] += wi * impulse * r[x];
        vj[x] -= wj * impulse * r[x];
    }
    return fabs(rv) / sqrt(r2);
}

enum ddmd_status ddmd_velocities_project(const ddmd_system *system, const double *positions,
                                         double *velocities, ddmd_error *err)
{
    double fastest = 0;
    for (size_t i = 0; i < (size_t)system->n_atoms * 3; i++)
        fastest = fmax(fastest, fabs(velocities[i]));
    for (int sweep = 0; sweep < MAX_SWEEPS; sweep++) {
        double worst = 0;
        for (int32_t c = 0; c < system->n_constraints; c++) {
            double speed = relax(system, &system->constraints[c], positions, velocities);
            if (!isfinite(speed))
                return ddmd_error_set(err, DDMD_NUMERIC,
                                      "atoms %d and %d are constrained to %g nm but stand in one "
                                      "place",
                                      (int)system->constraints[c].i + 1,
                                      (int)system->constraints[c].j + 1,
                                      system->constraints[c].length_nm);
            worst = fmax(worst, speed);
        }
        if (worst <= RELATIVE_TOLERANCE * fastest)
            return DDMD_OK;
    }
    return ddmd_error_set(err, DDMD_NUMERIC,
                          "velocities could not be made to respect the constraints in %d sweeps",
                          MAX_SWEEPS);
}

enum ddmd_status ddmd_velocities_draw(const ddmd_system *system, const double *positions,
                                      double temperature_kelvin, uint64_t seed,
                                      uint32_t simulation_id, float *velocities, ddmd_error *err)
{
    enum ddmd_status status = DDMD_OK;
    double *v = NULL;
    size_t n = (size_t)system->n_atoms;
    DDMD_TRY(ddmd_array_alloc(&v, 3 * n, sizeof *v, err));
    ddmd_random random;
    ddmd_random_init(&random, seed, DDMD_RANDOM_VELOCITY, simulation_id, 0);
    double kt = DDMD_GAS_CONSTANT * temperature_kelvin;
    for (size_t i = 0; i < n; i++) {
        double width = system->masses[i] > 0 ? sqrt(kt / system->masses[i]) : 0;
        for (size_t x = 0; x < 3; x++)
            v[3 * i + x] = width * ddmd_random_normal(&random);
    }
    DDMD_TRY(ddmd_velocities_project(system, positions, v, err));
    for (size_t i = 0; i < 3 * n; i++)
        velocities[i] = (float)v[i];
out:
    free(v);
    return status;
}
