/*
 * Generalized Born energy as OpenMM's GBSAOBCForce defines it:
 *
 *   psi_i  = rho~_i / 2 sum_j H(r_ij, rho~_i, S_j rho~_j)      rho~ = radius - offset
 *   1/B_i  = 1/rho~_i - tanh(alpha psi - beta psi^2 + gamma psi^3) / rho_i
 *   E      = -K/2 (1/eps_in - 1/eps_out) sum_ij q_i q_j / f_ij
 *            + 4 pi gamma_s sum_i (rho_i + probe)^2 (rho_i / B_i)^6
 *   f_ij^2 = r^2 + B_i B_j exp(-r^2 / (4 B_i B_j))
 *
 * H is the pairwise descreening integral of Hawkins, Cramer, Truhlar, Chem. Phys. Lett. 246, 122
 * (1995).
 */
#include "energy.h"

#include "core/array.h"
#include "core/try.h"

#include <math.h>
#include <stdlib.h>

typedef struct born {
    double *radius;     /* [n_atoms] */
    double *chain;      /* [n_atoms], dB/dpsi, without B^2 and the factor rho~ / 2 of psi */
    double *derivative; /* [n_atoms], dE/dB */
} born;

/*
 * The integral H for an atom of reduced radius rho at distance r from a descreening sphere of
 * radius s; *slope is dH/dr. Zero where the sphere lies inside the atom.
 */
static double descreening(double r, double rho, double s, double *slope)
{
    *slope = 0;
    if (rho >= r + s)
        return 0;
    double l = 1 / fmax(rho, fabs(r - s)), u = 1 / (r + s);
    double l2 = l * l, u2 = u * u, logarithm = log(u / l);
    double h = l - u + 0.25 * r * (u2 - l2) + 0.5 * logarithm / r + 0.25 * s * s / r * (l2 - u2);
    if (rho < s - r)
        h += 2 * (1 / rho - l);
    *slope = -0.25 * (1 + s * s / (r * r)) * (l2 - u2) - 0.5 * logarithm / (r * r);
    return h;
}

static bool beyond_cutoff(const ddmd_system *system, double r2)
{
    return system->cutoff_nm > 0 && r2 >= system->cutoff_nm * system->cutoff_nm;
}

static void find_born_radii(const ddmd_system *system, const double *positions, born *b)
{
    for (int32_t i = 0; i < system->n_atoms; i++) {
        double rho = system->gb_radius_nm[i] - DDMD_GB_OFFSET_NM, sum = 0;
        for (int32_t j = 0; j < system->n_atoms; j++) {
            double d[3], slope;
            ddmd_difference(positions + 3 * i, positions + 3 * j, d);
            double r2 = ddmd_dot(d, d);
            if (j == i || beyond_cutoff(system, r2))
                continue;
            double s = system->gb_scale[j] * (system->gb_radius_nm[j] - DDMD_GB_OFFSET_NM);
            sum += descreening(sqrt(r2), rho, s, &slope);
        }
        double psi = 0.5 * rho * sum;
        double bend =
            tanh(psi * (system->gb_alpha + psi * (psi * system->gb_gamma - system->gb_beta)));
        b->radius[i] = 1 / (1 / rho - bend / system->gb_radius_nm[i]);
        b->chain[i] = rho * (1 - bend * bend) / system->gb_radius_nm[i] *
                      (system->gb_alpha + psi * (3 * psi * system->gb_gamma - 2 * system->gb_beta));
    }
}

static double surface_energy(const ddmd_system *system, born *b)
{
    double energy = 0;
    for (int32_t i = 0; i < system->n_atoms; i++) {
        double reach = system->gb_radius_nm[i] + DDMD_GB_PROBE_NM;
        double ratio = system->gb_radius_nm[i] / b->radius[i];
        double term = 4 * M_PI * system->surface_area_energy * reach * reach * pow(ratio, 6);
        energy += term;
        b->derivative[i] -= 6 * term / b->radius[i];
    }
    return energy;
}

static double pairs_energy(const ddmd_system *system, const double *positions, born *b,
                           double *forces)
{
    double energy = 0;
    double factor =
        -DDMD_COULOMB_CONSTANT * (1 / system->solute_dielectric - 1 / system->solvent_dielectric);
    for (int32_t i = 0; i < system->n_atoms; i++) {
        double qi = factor * system->gb_charges[i];
        double self = 0.5 * qi * system->gb_charges[i] / b->radius[i];
        energy += self;
        b->derivative[i] -= self / b->radius[i];
        for (int32_t j = i + 1; j < system->n_atoms; j++) {
            double d[3];
            ddmd_difference(positions + 3 * i, positions + 3 * j, d);
            double r2 = ddmd_dot(d, d);
            if (beyond_cutoff(system, r2))
                continue;
            double bb = b->radius[i] * b->radius[j];
            double decay = exp(-r2 / (4 * bb));
            double f2 = r2 + bb * decay;
            double term = qi * system->gb_charges[j] / sqrt(f2);
            energy += term;
            if (system->cutoff_nm > 0)
                energy -= qi * system->gb_charges[j] / system->cutoff_nm;

            double by_bb = -0.5 * term / f2 * decay * (1 + r2 / (4 * bb));
            b->derivative[i] += by_bb * b->radius[j];
            b->derivative[j] += by_bb * b->radius[i];
            double pull = term * (1 - 0.25 * decay) / f2; /* -dE/dr / r */
            ddmd_add_scaled(forces + 3 * i, -pull, d);
            ddmd_add_scaled(forces + 3 * j, pull, d);
        }
    }
    return energy;
}

/* What the Born radii's own dependence on the positions adds to the forces. */
static void add_chain_forces(const ddmd_system *system, const double *positions, const born *b,
                             double *forces)
{
    for (int32_t i = 0; i < system->n_atoms; i++) {
        double rho = system->gb_radius_nm[i] - DDMD_GB_OFFSET_NM;
        double by_sum = 0.5 * b->derivative[i] * b->radius[i] * b->radius[i] * b->chain[i];
        for (int32_t j = 0; j < system->n_atoms; j++) {
            double d[3], slope;
            ddmd_difference(positions + 3 * i, positions + 3 * j, d);
            double r2 = ddmd_dot(d, d);
            if (j == i || beyond_cutoff(system, r2))
                continue;
            double r = sqrt(r2);
            double s = system->gb_scale[j] * (system->gb_radius_nm[j] - DDMD_GB_OFFSET_NM);
            descreening(r, rho, s, &slope);
            ddmd_add_scaled(forces + 3 * i, by_sum * slope / r, d);
            ddmd_add_scaled(forces + 3 * j, -by_sum * slope / r, d);
        }
    }
}

enum ddmd_status ddmd_energy_gbsa(const ddmd_system *system, const double *positions,
                                  double *energy, double *forces, ddmd_error *err)
{
    enum ddmd_status status = DDMD_OK;
    born b = {0};
    *energy = 0;
    if (!system->has_gbsa)
        return DDMD_OK;
    size_t n = (size_t)system->n_atoms;
    DDMD_TRY(ddmd_array_alloc(&b.radius, n, sizeof(double), err));
    DDMD_TRY(ddmd_array_alloc(&b.chain, n, sizeof(double), err));
    DDMD_TRY(ddmd_array_alloc(&b.derivative, n, sizeof(double), err));
    find_born_radii(system, positions, &b);
    *energy = surface_energy(system, &b) + pairs_energy(system, positions, &b, forces);
    add_chain_forces(system, positions, &b, forces);
out:
    free(b.radius);
    free(b.chain);
    free(b.derivative);
    return status;
}
