/* Lennard-Jones and Coulomb: all pairs but the exceptions, which have values of their own. */
#include "energy.h"

#include <math.h>

/* q q (1/r + k r^2 - c) inside the cutoff; plain Coulomb where there is none. */
typedef struct reaction_field {
    double k, c;
} reaction_field;

static reaction_field find_reaction_field(const ddmd_system *system)
{
    reaction_field field = {0};
    if (system->cutoff_nm > 0) {
        double dielectric = system->has_gbsa ? 1.0 : system->solvent_dielectric;
        double rc = system->cutoff_nm;
        field.k = (dielectric - 1) / (2 * dielectric + 1) / (rc * rc * rc);
        field.c = 3 * dielectric / (2 * dielectric + 1) / rc;
    }
    return field;
}

/* Energy of one pair; *pull is -dE/dr / r. */
static double pair_energy(double r2, double sigma, double epsilon, double charge_product,
                          reaction_field field, double *pull)
{
    double r = sqrt(r2), ratio = sigma / r;
    double six = ratio * ratio * ratio;
    six *= six;
    double coulomb = DDMD_COULOMB_CONSTANT * charge_product;
    *pull = (24 * epsilon * (2 * six * six - six) + coulomb / r) / r2 - 2 * coulomb * field.k;
    return 4 * epsilon * (six * six - six) + coulomb * (1 / r + field.k * r2 - field.c);
}

static double exceptions_energy(const ddmd_system *system, const double *positions, double *forces)
{
    double energy = 0;
    for (int32_t e = 0; e < system->n_exceptions; e++) {
        const ddmd_exception *x = &system->exceptions[e];
        if (x->charge_product == 0 && x->epsilon == 0)
            continue;
        double d[3], pull;
        ddmd_difference(positions + 3 * x->i, positions + 3 * x->j, d);
        energy += pair_energy(ddmd_dot(d, d), x->sigma_nm, x->epsilon, x->charge_product,
                              (reaction_field){0}, &pull);
        ddmd_add_scaled(forces + 3 * x->i, -pull, d);
        ddmd_add_scaled(forces + 3 * x->j, pull, d);
    }
    return energy;
}

double ddmd_energy_nonbonded(const ddmd_system *system, const double *positions, double *forces)
{
    double energy = exceptions_energy(system, positions, forces);
    if (!system->has_nonbonded)
        return energy;
    reaction_field field = find_reaction_field(system);
    double limit = system->cutoff_nm > 0 ? system->cutoff_nm * system->cutoff_nm : INFINITY;
    int32_t e = 0; /* the next exception: they are sorted as the pairs are */
    for (int32_t i = 0; i < system->n_atoms; i++)
        for (int32_t j = i + 1; j < system->n_atoms; j++) {
            const ddmd_exception *x = &system->exceptions[e];
            if (e < system->n_exceptions && x->i == i && x->j == j) {
                e++;
                continue;
            }
            double d[3], pull;
            ddmd_difference(positions + 3 * i, positions + 3 * j, d);
            double r2 = ddmd_dot(d, d);
            if (r2 >= limit)
                continue;
            energy += pair_energy(r2, 0.5 * (system->sigma_nm[i] + system->sigma_nm[j]),
                                  sqrt(system->epsilon[i] * system->epsilon[j]),
                                  system->charges[i] * system->charges[j], field, &pull);
            ddmd_add_scaled(forces + 3 * i, -pull, d);
            ddmd_add_scaled(forces + 3 * j, pull, d);
        }
    return energy;
}
