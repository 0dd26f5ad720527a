/*
 * ddmd_system: the physics of a molecule, built once and handed to every engine alike.
 *
 * Units: nm, ps, amu, kJ/mol, elementary charges, radians, kelvin. A system is not changed after
 * it was made; its members may be read directly. Energies follow OpenMM's definitions:
 *
 *   bond       k/2 (r - length)^2                        k in kJ/(mol nm^2)
 *   angle      k/2 (theta - theta0)^2                    k in kJ/(mol rad^2)
 *   torsion    k (1 + cos(n phi - phase))                impropers are torsions too
 *   nonbonded  4 eps [(sigma/r)^12 - (sigma/r)^6] + K q q / r, K = 138.935458 kJ nm/(mol e^2),
 *              Lorentz-Berthelot mixing; pairs in `exceptions` use the values given there instead
 *   gbsa       OpenMM GBSAOBCForce: Onufriev, Bashford, Case, Proteins 55, 383 (2004), with the
 *              ACE surface term of Schaefer, Bartels, Karplus, J. Mol. Biol. 284, 835 (1998)
 */
#ifndef DDMD_SYSTEM_H
#define DDMD_SYSTEM_H

#include "ddmd/force_field.h"
#include "ddmd/structure.h"

#ifdef __cplusplus
extern "C" {
#endif

#define DDMD_COULOMB_CONSTANT 138.93545764438198 /* kJ nm / (mol e^2), OpenMM's ONE_4PI_EPS0 */
#define DDMD_GAS_CONSTANT 8.31446261815324e-3    /* kJ / (mol K) */
#define DDMD_SOLVENT_DIELECTRIC 78.3             /* OpenMM's default */
#define DDMD_GB_OFFSET_NM 0.009                  /* Born radii start from radius - offset */
#define DDMD_GB_PROBE_NM 0.14                    /* solvent probe of the surface term */

typedef struct ddmd_bond {
    int32_t i, j;
    double length_nm, k;
} ddmd_bond;

typedef struct ddmd_angle {
    int32_t i, j, k;
    double theta_rad, force_constant;
} ddmd_angle;

typedef struct ddmd_torsion {
    int32_t i, j, k, l;
    int32_t periodicity;
    double phase_rad, force_constant;
} ddmd_torsion;

/* A pair that the all-pairs sum leaves out, with what it has instead (zeros: excluded). */
typedef struct ddmd_exception {
    int32_t i, j;
    double charge_product; /* e^2 */
    double sigma_nm, epsilon;
} ddmd_exception;

typedef struct ddmd_constraint {
    int32_t i, j;
    double length_nm;
} ddmd_constraint;

typedef struct ddmd_system {
    char *name; /* for messages: file or sequence */
    int32_t n_atoms;
    double *masses; /* [n_atoms], amu, after repartitioning */

    int32_t n_bonds, n_angles, n_torsions, n_exceptions, n_constraints;
    ddmd_bond *bonds; /* constrained bonds are not among them */
    ddmd_angle *angles;
    ddmd_torsion *torsions;
    ddmd_exception *exceptions; /* i < j, sorted by i then j, each pair once */
    ddmd_constraint *constraints;

    bool has_nonbonded; /* false: only bonded terms and `exceptions` act */
    double *charges;    /* [n_atoms], e */
    double *sigma_nm;   /* [n_atoms] */
    double *epsilon;    /* [n_atoms], kJ/mol */
    double cutoff_nm;   /* 0: none (all pairs); else OpenMM's CutoffNonPeriodic, reaction
                           field with solvent_dielectric (1 where gbsa acts) */

    bool has_gbsa;
    double *gb_charges;                           /* [n_atoms], e */
    double *gb_radius_nm;                         /* [n_atoms], before the offset of 0.009 nm */
    double *gb_scale;                             /* [n_atoms] */
    double gb_alpha, gb_beta, gb_gamma;           /* OBC2: 1, 0.8, 4.85; OBC1: 0.8, 0, 2.909125 */
    double solute_dielectric, solvent_dielectric; /* 1, 78.3 (AMBER prmtop: 78.5) */
    double surface_area_energy;                   /* kJ/(mol nm^2), 2.25936 */

    /*
     * Where not NULL, everything above but n_atoms, masses and constraints is empty, and the
     * physics is this serialized OpenMM System (XmlSerializer). Only engine openmm runs it. Masses
     * of 0 are particles that do not move, or virtual sites.
     */
    char *openmm_xml;
} ddmd_system;

typedef struct ddmd_system_options {
    bool constrain_hydrogen_bonds; /* OpenMM's constraints=HBonds; water (HOH) is then rigid */
    double hydrogen_mass_amu;      /* 0: as in the force field; else the mass that every hydrogen
                                      gets from the heavy atom it is bound to (not in water);
                                      1 to 4 */
    double cutoff_nm;              /* 0: none */
} ddmd_system_options;

/*
 * Assign the force field to a structure. Residues are matched to templates as OpenMM does: by the
 * graph of atoms, elements and bonds, terminal variants and disulfides included; atom names only
 * help. CONFIG: no template fits; the message names the residue, the nearest template and what is
 * missing or too many ("residue 5 ALA of chain A (x.pdb:33): 1 hydrogen is missing (HA), compared
 * with ALA of the force field"). CONFIG as well: options out of range, an atom or bond for which
 * the force field has no parameters (angles and torsions without any are left out, as in OpenMM).
 */
enum ddmd_status ddmd_system_create(const ddmd_structure *structure,
                                    const ddmd_force_field *force_field,
                                    const ddmd_system_options *options, ddmd_system **system,
                                    ddmd_error *err);

/*
 * A coarse helix-forming chain of n beads (4 to 10000; see ddmd_bead_chain_build) for engine toy,
 * tests and benchmarks: harmonic bonds and angles, torsions with an extended and a helical minimum,
 * and Lennard-Jones wells between beads two to five apart that make the folded helix a rare state
 * (some 10^6 steps of 15 fs away at 300 K) which is stable once it is reached. Steps of up to 20 fs
 * are safe. All terms are among those above, so engine openmm runs it as well; the cost of a step
 * grows with n alone.
 */
enum ddmd_status ddmd_system_create_bead_chain(int32_t n, ddmd_system **system, ddmd_error *err);

/* A system from OpenMM's XmlSerializer; the atom count is compared with the structure's. */
enum ddmd_status ddmd_system_read_openmm(const char *path, const ddmd_structure *structure,
                                         ddmd_system **system, ddmd_error *err);

void ddmd_system_destroy(ddmd_system **system);

/* 3 for each atom with a mass, less n_constraints; what the kinetic temperature is divided by. */
int32_t ddmd_system_degrees_of_freedom(const ddmd_system *system);

/* X(name): energy terms, in the order of output. */
#define DDMD_ENERGY_TERM_MAP(X) X(bond) X(angle) X(torsion) X(nonbonded) X(gbsa) X(other)

typedef struct ddmd_energy {
    double total; /* kJ/mol */
#define DDMD_ENERGY_MEMBER(name) double name;
    DDMD_ENERGY_TERM_MAP(DDMD_ENERGY_MEMBER)
#undef DDMD_ENERGY_MEMBER
} ddmd_energy;

/*
 * The plain reference: energy by term, and forces ([n_atoms][3], kJ/(mol nm), may be NULL), of
 * positions ([n_atoms][3], nm), all in float64, term by term as written above, without a cutoff
 * unless the system has one. Engines are compared with it. Constraints play no part. UNSUPPORTED: a
 * system with openmm_xml. NUMERIC: the energy is not finite; the message names atoms at one place.
 */
enum ddmd_status ddmd_system_energy(const ddmd_system *system, const double *positions,
                                    ddmd_energy *energy, double *forces, ddmd_error *err);

#ifdef __cplusplus
}
#endif
#endif
