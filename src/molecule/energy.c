#include "energy.h"

#include "core/array.h"
#include "core/try.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static bool are_equal(const double *a, const double *b)
{
    return a[0] == b[0] && a[1] == b[1] && a[2] == b[2];
}

/* Two atoms at one place are the usual reason for an energy that is not a number. */
static enum ddmd_status not_finite(const ddmd_system *system, const double *positions,
                                   ddmd_error *err)
{
    for (int32_t i = 0; i < system->n_atoms; i++)
        for (int x = 0; x < 3; x++)
            if (!isfinite(positions[3 * i + x]))
                return ddmd_error_set(err, DDMD_NUMERIC,
                                      "%s: the position of atom %d (counted from 0) is not finite",
                                      system->name, i);
    for (int32_t i = 0; i < system->n_atoms; i++)
        for (int32_t j = i + 1; j < system->n_atoms; j++)
            if (are_equal(positions + 3 * i, positions + 3 * j))
                return ddmd_error_set(
                    err, DDMD_NUMERIC,
                    "%s: the energy is not finite: atoms %d and %d (counted from 0) are at the "
                    "same place",
                    system->name, i, j);
    return ddmd_error_set(err, DDMD_NUMERIC, "%s: the energy is not finite", system->name);
}

enum ddmd_status ddmd_system_energy(const ddmd_system *system, const double *positions,
                                    ddmd_energy *energy, double *forces, ddmd_error *err)
{
    enum ddmd_status status = DDMD_OK;
    size_t n = (size_t)system->n_atoms * 3;
    ddmd_energy e = {0};
    double *f = NULL;
    if (system->openmm_xml)
        DDMD_FAIL(err, DDMD_UNSUPPORTED,
                  "%s: a System from OpenMM's XML is known to OpenMM only; use engine: openmm",
                  system->name);
    DDMD_TRY(ddmd_array_alloc(&f, n, sizeof *f, err));
    e.bond = ddmd_energy_bonds(system, positions, f);
    e.angle = ddmd_energy_angles(system, positions, f);
    e.torsion = ddmd_energy_torsions(system, positions, f);
    e.nonbonded = ddmd_energy_nonbonded(system, positions, f);
    DDMD_TRY(ddmd_energy_gbsa(system, positions, &e.gbsa, f, err));
    e.total = e.bond + e.angle + e.torsion + e.nonbonded + e.gbsa;
    if (!isfinite(e.total))
        DDMD_TRY(not_finite(system, positions, err));
    *energy = e;
    if (forces)
        memcpy(forces, f, n * sizeof *f);
out:
    free(f);
    return status;
}
