/* ddmd_system to OpenMM::System. */
#ifndef DDMD_ENGINE_OPENMM_BUILD_SYSTEM_H
#define DDMD_ENGINE_OPENMM_BUILD_SYSTEM_H

#include "ddmd/system.h"

#include <OpenMM.h>

#include <memory>

namespace ddmd_openmm
{

/* Force groups, where terms are asked for one by one: in the order of DDMD_ENERGY_TERM_MAP. */
enum Term {
#define DDMD_OPENMM_TERM(name) TERM_##name,
    DDMD_ENERGY_TERM_MAP(DDMD_OPENMM_TERM)
#undef DDMD_OPENMM_TERM
        N_TERMS
};

/* May throw what OpenMM throws. */
std::unique_ptr<OpenMM::System> build_system(const ddmd_system &system);

/*
 * Read a System that XmlSerializer wrote. FORMAT: it is none; CONFIG: another number of atoms;
 * UNSUPPORTED: a barostat or a thermostat, which would keep state that a frame does not hold. May
 * throw what OpenMM throws.
 */
enum ddmd_status read_system(const ddmd_system &system, std::unique_ptr<OpenMM::System> &read,
                             ddmd_error *err);

/* The term that a force of a system counts to, by its class. */
Term term_of(const ddmd_system &system, const OpenMM::Force &force);

} // namespace ddmd_openmm

#endif
