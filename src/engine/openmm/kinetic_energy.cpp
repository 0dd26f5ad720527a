#include "engine/openmm/kinetic_energy.h"

#include <cmath>

namespace
{

/* What may be left along a constraint, nm/ps: its energy is beyond what double resolves. */
constexpr double SPEED_TOLERANCE = 1e-6;

/* Groups of one heavy atom and its hydrogens need five or so. */
constexpr int SWEEPS_MAX = 1000;

} // namespace

/* Constraint after constraint loses its relative speed, until none has any (RATTLE). */
double ddmd_openmm::kinetic_energy_of(const OpenMM::System &system,
                                      const std::vector<OpenMM::Vec3> &positions,
                                      std::vector<OpenMM::Vec3> velocities)
{
    double worst = 1;
    for (int sweep = 0; worst > SPEED_TOLERANCE && sweep < SWEEPS_MAX; sweep++) {
        worst = 0;
        for (int c = 0; c < system.getNumConstraints(); c++) {
            int a = 0, b = 0;
            double length = 0;
            system.getConstraintParameters(c, a, b, length);
            const auto i = static_cast<size_t>(a), j = static_cast<size_t>(b);
            const double mass_a = system.getParticleMass(a), mass_b = system.getParticleMass(b);
            const double inverse_a = mass_a > 0 ? 1 / mass_a : 0;
            const double inverse_b = mass_b > 0 ? 1 / mass_b : 0;
            const OpenMM::Vec3 bond = positions[i] - positions[j];
            const double square = bond.dot(bond);
            if (inverse_a + inverse_b == 0 || square == 0)
                continue;
            const double along = bond.dot(velocities[i] - velocities[j]);
            const OpenMM::Vec3 impulse = bond * (along / (square * (inverse_a + inverse_b)));
            velocities[i] -= impulse * inverse_a;
            velocities[j] += impulse * inverse_b;
            worst = std::fmax(worst, std::fabs(along) / std::sqrt(square));
        }
    }
    double twice = 0;
    for (size_t i = 0; i < velocities.size(); i++)
        twice += system.getParticleMass(static_cast<int>(i)) * velocities[i].dot(velocities[i]);
    return twice / 2;
}
