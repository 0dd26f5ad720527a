/* Bonds, angles and torsions: energies and forces. */
#include "energy.h"

#include <math.h>

double ddmd_energy_bonds(const ddmd_system *system, const double *positions, double *forces)
{
    double energy = 0;
    for (int32_t b = 0; b < system->n_bonds; b++) {
        const ddmd_bond *bond = &system->bonds[b];
        double d[3];
        ddmd_difference(positions + 3 * bond->i, positions + 3 * bond->j, d);
        double r = sqrt(ddmd_dot(d, d)), stretch = r - bond->length_nm;
        double pull = r > 0 ? bond->k * stretch / r : 0;
        energy += 0.5 * bond->k * stretch * stretch;
        ddmd_add_scaled(forces + 3 * bond->i, pull, d);
        ddmd_add_scaled(forces + 3 * bond->j, -pull, d);
    }
    return energy;
}

double ddmd_energy_angles(const ddmd_system *system, const double *positions, double *forces)
{
    double energy = 0;
    for (int32_t a = 0; a < system->n_angles; a++) {
        const ddmd_angle *angle = &system->angles[a];
        double u[3], v[3], normal[3], at_i[3], at_k[3];
        ddmd_difference(positions + 3 * angle->j, positions + 3 * angle->i, u);
        ddmd_difference(positions + 3 * angle->j, positions + 3 * angle->k, v);
        ddmd_cross(u, v, normal);
        double area = sqrt(ddmd_dot(normal, normal));
        double bend = atan2(area, ddmd_dot(u, v)) - angle->theta_rad;
        energy += 0.5 * angle->force_constant * bend * bend;
        if (area <= 0)
            continue; /* a straight angle has no direction to bend to */

        /* d theta / d i = u x (u x v) / (u^2 |u x v|), and so for k */
        double slope = angle->force_constant * bend;
        ddmd_cross(u, normal, at_i);
        ddmd_cross(normal, v, at_k);
        double scale_i = -slope / (ddmd_dot(u, u) * area);
        double scale_k = -slope / (ddmd_dot(v, v) * area);
        ddmd_add_scaled(forces + 3 * angle->i, scale_i, at_i);
        ddmd_add_scaled(forces + 3 * angle->k, scale_k, at_k);
        ddmd_add_scaled(forces + 3 * angle->j, -scale_i, at_i);
        ddmd_add_scaled(forces + 3 * angle->j, -scale_k, at_k);
    }
    return energy;
}

double ddmd_energy_torsions(const ddmd_system *system, const double *positions, double *forces)
{
    double energy = 0;
    for (int32_t t = 0; t < system->n_torsions; t++) {
        const ddmd_torsion *torsion = &system->torsions[t];
        double a[3], b[3], c[3], m[3], n[3];
        ddmd_difference(positions + 3 * torsion->i, positions + 3 * torsion->j, a);
        ddmd_difference(positions + 3 * torsion->j, positions + 3 * torsion->k, b);
        ddmd_difference(positions + 3 * torsion->k, positions + 3 * torsion->l, c);
        ddmd_cross(a, b, m);
        ddmd_cross(b, c, n);
        double mm = ddmd_dot(m, m), nn = ddmd_dot(n, n), bb = ddmd_dot(b, b);
        double length = sqrt(bb);
        double phi = atan2(length * ddmd_dot(a, n), ddmd_dot(m, n));
        double argument = torsion->periodicity * phi - torsion->phase_rad;
        energy += torsion->force_constant * (1 + cos(argument));
        if (mm <= 0 || nn <= 0)
            continue; /* three atoms on a line: the torsion has no direction */

        /* A. Blondel, M. Karplus, J. Comput. Chem. 17, 1132 (1996) */
        double slope = -torsion->force_constant * torsion->periodicity * sin(argument);
        double at_i = slope * length / mm, at_l = -slope * length / nn;
        double ab = ddmd_dot(a, b) / bb, cb = ddmd_dot(c, b) / bb;
        ddmd_add_scaled(forces + 3 * torsion->i, at_i, m);
        ddmd_add_scaled(forces + 3 * torsion->l, at_l, n);
        ddmd_add_scaled(forces + 3 * torsion->j, -at_i * (1 + ab), m);
        ddmd_add_scaled(forces + 3 * torsion->j, at_l * cb, n);
        ddmd_add_scaled(forces + 3 * torsion->k, -at_l * (1 + cb), n);
        ddmd_add_scaled(forces + 3 * torsion->k, at_i * ab, m);
    }
    return energy;
}
