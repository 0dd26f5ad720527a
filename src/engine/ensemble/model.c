#include "engine/ensemble/model.h"

#include "core/array.h"
#include "core/try.h"

#include <math.h>
#include <stdlib.h>

static enum ddmd_status check_system(const ddmd_system *system, ddmd_error *err)
{
    const char *what = system->openmm_xml      ? "a serialized OpenMM System"
                       : system->cutoff_nm > 0 ? "cutoff_nm"
                                               : NULL;
    if (what)
        return ddmd_error_set(err, DDMD_UNSUPPORTED, "%s is not supported; use engine: openmm",
                              what);
    return DDMD_OK;
}

static enum ddmd_status add_atoms(ensemble_model *m, double dt, double friction, ddmd_error *err)
{
    enum ddmd_status status = DDMD_OK;
    double damping = exp(-friction * dt);
    m->thermostat = friction > 0;
    m->damping = (float)damping;
    m->inverse_dt = (float)(1 / dt);
    DDMD_TRY(ddmd_array_alloc(&m->atoms, (size_t)m->n_padded, sizeof *m->atoms, err));
    for (int32_t i = 0; i < m->n_atoms; i++) {
        double mass = m->system->masses[i];
        if (mass > 0)
            m->atoms[i] = (ensemble_atom){
                .kick = (float)(dt / mass),
                .drift = (float)(0.5 * dt),
                .noise = (float)sqrt(-expm1(-2 * friction * dt) / mass),
                .mass = (float)mass,
            };
    }
out:
    return status;
}

enum ddmd_status ensemble_model_create(const ddmd_system *system,
                                       const ddmd_engine_options *options, ensemble_model **model,
                                       ddmd_error *err)
{
    enum ddmd_status status = DDMD_OK;
    ensemble_model *m = NULL;
    DDMD_TRY(check_system(system, err));
    DDMD_TRY(ddmd_array_alloc(&m, 1, sizeof *m, err));
    m->system = system;
    m->n_atoms = system->n_atoms;
    m->n_padded = (system->n_atoms + ENSEMBLE_BLOCK - 1) / ENSEMBLE_BLOCK * ENSEMBLE_BLOCK;
    m->key[0] = (uint32_t)options->seed;
    m->key[1] = (uint32_t)(options->seed >> 32);
    m->gb_interval =
        system->has_gbsa && options->gb_interval_steps > 1 ? options->gb_interval_steps : 1;
    DDMD_TRY(add_atoms(m, options->timestep_fs * 1e-3, options->friction_per_ps, err));
    DDMD_TRY(ensemble_model_add_pairs(m, err));
    DDMD_TRY(ensemble_model_add_bonded(m, err));
    DDMD_TRY(ensemble_model_add_stars(m, err));
    *model = m;
    m = NULL;
out:
    ensemble_model_destroy(&m);
    return status;
}

void ensemble_model_destroy(ensemble_model **model)
{
    ensemble_model *m = *model;
    if (!m)
        return;
    free(m->atoms);
    free(m->hct);
    free(m->gb);
    free(m->columns);
    free(m->bonds);
    free(m->angles);
    free(m->torsions);
    free(m->waves);
    free(m->pairs);
    free(m->stars);
    free(m);
    *model = NULL;
}
