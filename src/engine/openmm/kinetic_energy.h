/* The kinetic energy of the motions that constraints leave. */
#ifndef DDMD_ENGINE_OPENMM_KINETIC_ENERGY_H
#define DDMD_ENGINE_OPENMM_KINETIC_ENERGY_H

#include <OpenMM.h>

#include <vector>

namespace ddmd_openmm
{

/*
 * In kJ/mol, without the component of the velocities along constraints. OpenMM leaves that out on
 * platforms Reference and CPU up to version 7.7 and counts it from 8 on and on GPUs, for Langevin
 * integrators that keep positions and velocities at one time.
 */
double kinetic_energy_of(const OpenMM::System &system, const std::vector<OpenMM::Vec3> &positions,
                         std::vector<OpenMM::Vec3> velocities);

} // namespace ddmd_openmm

#endif
