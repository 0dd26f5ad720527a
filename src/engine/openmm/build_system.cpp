#include "engine/openmm/build_system.h"

#include <string>
#include <vector>

namespace ddmd_openmm
{

static void add_bonds(const ddmd_system &s, OpenMM::System &to)
{
    if (s.n_bonds == 0)
        return;
    auto force = std::make_unique<OpenMM::HarmonicBondForce>();
    for (int32_t b = 0; b < s.n_bonds; b++)
        force->addBond(s.bonds[b].i, s.bonds[b].j, s.bonds[b].length_nm, s.bonds[b].k);
    to.addForce(force.release());
}

static void add_angles(const ddmd_system &s, OpenMM::System &to)
{
    if (s.n_angles == 0)
        return;
    auto force = std::make_unique<OpenMM::HarmonicAngleForce>();
    for (int32_t a = 0; a < s.n_angles; a++) {
        const ddmd_angle &t = s.angles[a];
        force->addAngle(t.i, t.j, t.k, t.theta_rad, t.force_constant);
    }
    to.addForce(force.release());
}

static void add_torsions(const ddmd_system &s, OpenMM::System &to)
{
    if (s.n_torsions == 0)
        return;
    auto force = std::make_unique<OpenMM::PeriodicTorsionForce>();
    for (int32_t n = 0; n < s.n_torsions; n++) {
        const ddmd_torsion &t = s.torsions[n];
        force->addTorsion(t.i, t.j, t.k, t.l, t.periodicity, t.phase_rad, t.force_constant);
    }
    to.addForce(force.release());
}

static void add_nonbonded(const ddmd_system &s, OpenMM::System &to)
{
    auto force = std::make_unique<OpenMM::NonbondedForce>();
    for (int32_t i = 0; i < s.n_atoms; i++)
        force->addParticle(s.charges[i], s.sigma_nm[i], s.epsilon[i]);
    for (int32_t e = 0; e < s.n_exceptions; e++) {
        const ddmd_exception &x = s.exceptions[e];
        force->addException(x.i, x.j, x.charge_product, x.sigma_nm, x.epsilon);
    }
    if (s.cutoff_nm > 0) {
        force->setNonbondedMethod(OpenMM::NonbondedForce::CutoffNonPeriodic);
        force->setCutoffDistance(s.cutoff_nm);
        /* The solvent acts once: through GBSA where there is one, else through the field. */
        force->setReactionFieldDielectric(s.has_gbsa ? 1.0 : s.solvent_dielectric);
    } else {
        force->setNonbondedMethod(OpenMM::NonbondedForce::NoCutoff);
    }
    to.addForce(force.release());
}

/* Without a nonbonded force the pairs stand alone: their number counts, not that of all pairs. */
static void add_pairs(const ddmd_system &s, OpenMM::System &to)
{
    auto force = std::make_unique<OpenMM::CustomBondForce>(
        "4*epsilon*(six*six - six) + coulomb*charge/r; six = (sigma/r)^6");
    force->addGlobalParameter("coulomb", DDMD_COULOMB_CONSTANT);
    for (const char *name : {"charge", "sigma", "epsilon"})
        force->addPerBondParameter(name);
    for (int32_t e = 0; e < s.n_exceptions; e++) {
        const ddmd_exception &x = s.exceptions[e];
        if (x.charge_product != 0 || x.epsilon != 0)
            force->addBond(x.i, x.j, {x.charge_product, x.sigma_nm, x.epsilon});
    }
    if (force->getNumBonds() > 0)
        to.addForce(force.release());
}

static bool is_obc2(const ddmd_system &s)
{
    return s.gb_alpha == 1.0 && s.gb_beta == 0.8 && s.gb_gamma == 4.85;
}

static void add_obc2(const ddmd_system &s, OpenMM::System &to)
{
    auto force = std::make_unique<OpenMM::GBSAOBCForce>();
    for (int32_t i = 0; i < s.n_atoms; i++)
        force->addParticle(s.gb_charges[i], s.gb_radius_nm[i], s.gb_scale[i]);
    force->setSoluteDielectric(s.solute_dielectric);
    force->setSolventDielectric(s.solvent_dielectric);
    force->setSurfaceAreaEnergy(s.surface_area_energy);
    if (s.cutoff_nm > 0) {
        force->setNonbondedMethod(OpenMM::GBSAOBCForce::CutoffNonPeriodic);
        force->setCutoffDistance(s.cutoff_nm);
    }
    to.addForce(force.release());
}

/* OBC with other coefficients than GBSAOBCForce has built in (OBC1). */
static void add_obc(const ddmd_system &s, OpenMM::System &to)
{
    using OpenMM::CustomGBForce;
    auto force = std::make_unique<CustomGBForce>();
    for (const char *name : {"q", "radius", "scale"})
        force->addPerParticleParameter(name);
    force->addGlobalParameter("alpha", s.gb_alpha);
    force->addGlobalParameter("beta", s.gb_beta);
    force->addGlobalParameter("gamma", s.gb_gamma);
    force->addGlobalParameter(
        "screening", DDMD_COULOMB_CONSTANT * (1 / s.solute_dielectric - 1 / s.solvent_dielectric));
    force->addGlobalParameter("surface", 4 * 3.14159265358979323846 * s.surface_area_energy);
    force->addGlobalParameter("shift", s.cutoff_nm > 0 ? 1 / s.cutoff_nm : 0);
    force->addComputedValue("I",
                            "step(r + reach - small)*0.5*("
                            "1/low - 1/high + 0.25*(r - reach^2/r)*(1/high^2 - 1/low^2)"
                            " + 0.5*log(low/high)/r + inside);"
                            "inside = 2*(1/small - 1/low)*step(reach - r - small);"
                            "high = r + reach; low = max(small, abs(r - reach));"
                            "reach = scale2*(radius2 - 0.009); small = radius1 - 0.009",
                            CustomGBForce::ParticlePairNoExclusions);
    force->addComputedValue("B",
                            "1/(1/small - tanh(alpha*psi - beta*psi^2 + gamma*psi^3)/radius);"
                            "psi = I*small; small = radius - 0.009",
                            CustomGBForce::SingleParticle);
    force->addEnergyTerm("surface*(radius + 0.14)^2*(radius/B)^6 - 0.5*screening*q^2/B",
                         CustomGBForce::SingleParticle);
    force->addEnergyTerm("-screening*q1*q2*(1/f - shift);"
                         "f = sqrt(r^2 + B1*B2*exp(-r^2/(4*B1*B2)))",
                         CustomGBForce::ParticlePairNoExclusions);
    for (int32_t i = 0; i < s.n_atoms; i++)
        force->addParticle({s.gb_charges[i], s.gb_radius_nm[i], s.gb_scale[i]});
    if (s.cutoff_nm > 0) {
        force->setNonbondedMethod(CustomGBForce::CutoffNonPeriodic);
        force->setCutoffDistance(s.cutoff_nm);
    }
    to.addForce(force.release());
}

std::unique_ptr<OpenMM::System> build_system(const ddmd_system &s)
{
    auto system = std::make_unique<OpenMM::System>();
    for (int32_t i = 0; i < s.n_atoms; i++)
        system->addParticle(s.masses[i]);
    for (int32_t c = 0; c < s.n_constraints; c++)
        system->addConstraint(s.constraints[c].i, s.constraints[c].j, s.constraints[c].length_nm);
    add_bonds(s, *system);
    add_angles(s, *system);
    add_torsions(s, *system);
    if (s.has_nonbonded)
        add_nonbonded(s, *system);
    else
        add_pairs(s, *system);
    if (s.has_gbsa && is_obc2(s))
        add_obc2(s, *system);
    else if (s.has_gbsa)
        add_obc(s, *system);
    return system;
}

Term term_of(const ddmd_system &system, const OpenMM::Force &force)
{
    using namespace OpenMM;
    if (!system.openmm_xml && dynamic_cast<const CustomBondForce *>(&force))
        return TERM_nonbonded; /* the pairs of add_pairs() */
    if (dynamic_cast<const HarmonicBondForce *>(&force))
        return TERM_bond;
    if (dynamic_cast<const HarmonicAngleForce *>(&force))
        return TERM_angle;
    if (dynamic_cast<const PeriodicTorsionForce *>(&force) ||
        dynamic_cast<const RBTorsionForce *>(&force) ||
        dynamic_cast<const CMAPTorsionForce *>(&force))
        return TERM_torsion;
    if (dynamic_cast<const NonbondedForce *>(&force))
        return TERM_nonbonded;
    if (dynamic_cast<const GBSAOBCForce *>(&force) || dynamic_cast<const CustomGBForce *>(&force))
        return TERM_gbsa;
    return TERM_other;
}

} // namespace ddmd_openmm
