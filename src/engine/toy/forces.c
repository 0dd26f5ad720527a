#include "engine/toy/forces.h"

#include "core/array.h"
#include "core/try.h"

#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_PERIODICITY = 12 };

static bool same_atoms(const ddmd_torsion *a, const ddmd_torsion *b)
{
    return a->i == b->i && a->j == b->j && a->k == b->k && a->l == b->l;
}

/* Torsions on the same atoms, which stand in a row, share the geometry. */
static enum ddmd_status copy_torsions(const ddmd_system *system, toy_forces *f, ddmd_error *err)
{
    enum ddmd_status status = DDMD_OK;
    size_t most = (size_t)system->n_torsions;
    DDMD_TRY(ddmd_array_alloc(&f->torsions, most, sizeof *f->torsions, err));
    DDMD_TRY(ddmd_array_alloc(&f->waves, most, sizeof *f->waves, err));
    for (int32_t t = 0; t < system->n_torsions; t++) {
        const ddmd_torsion *s = &system->torsions[t];
        if (s->periodicity < 0 || s->periodicity > MAX_PERIODICITY)
            DDMD_FAIL(err, DDMD_UNSUPPORTED,
                      "a torsion of periodicity %d is not supported (0 to %d are); use engine: "
                      "openmm",
                      (int)s->periodicity, MAX_PERIODICITY);
        f->waves[t] =
            (toy_wave){s->periodicity, s->force_constant, cos(s->phase_rad), sin(s->phase_rad)};
        if (t == 0 || !same_atoms(s, s - 1))
            f->torsions[f->n_torsions++] = (toy_torsion){3 * s->i, 3 * s->j, 3 * s->k, 3 * s->l, 0};
        f->torsions[f->n_torsions - 1].n_waves++;
    }
out:
    return status;
}

enum ddmd_status toy_forces_create(const ddmd_system *system, toy_forces *forces, ddmd_error *err)
{
    enum ddmd_status status = DDMD_OK;
    toy_forces f = {.n_atoms = system->n_atoms};
    DDMD_TRY(ddmd_array_alloc(&f.bonds, (size_t)system->n_bonds, sizeof *f.bonds, err));
    DDMD_TRY(ddmd_array_alloc(&f.angles, (size_t)system->n_angles, sizeof *f.angles, err));
    DDMD_TRY(ddmd_array_alloc(&f.pairs, (size_t)system->n_exceptions, sizeof *f.pairs, err));
    DDMD_TRY(copy_torsions(system, &f, err));
    for (int32_t b = 0; b < system->n_bonds; b++) {
        const ddmd_bond *s = &system->bonds[b];
        f.bonds[f.n_bonds++] = (toy_bond){3 * s->i, 3 * s->j, s->length_nm, s->k};
    }
    for (int32_t a = 0; a < system->n_angles; a++) {
        const ddmd_angle *s = &system->angles[a];
        f.angles[f.n_angles++] =
            (toy_angle){3 * s->i, 3 * s->j, 3 * s->k, s->theta_rad, s->force_constant};
    }
    for (int32_t e = 0; e < system->n_exceptions; e++) {
        const ddmd_exception *s = &system->exceptions[e];
        if (s->epsilon != 0 || s->charge_product != 0)
            f.pairs[f.n_pairs++] =
                (toy_pair){3 * s->i, 3 * s->j, s->sigma_nm * s->sigma_nm, s->epsilon,
                           DDMD_COULOMB_CONSTANT * s->charge_product};
    }
    *forces = f;
    f = (toy_forces){0};
out:
    toy_forces_clear(&f);
    return status;
}

void toy_forces_clear(toy_forces *forces)
{
    free(forces->bonds);
    free(forces->angles);
    free(forces->torsions);
    free(forces->waves);
    free(forces->pairs);
    *forces = (toy_forces){0};
}

static inline void subtract(const double *a, const double *b, double to[3])
{
    to[0] = a[0] - b[0];
    to[1] = a[1] - b[1];
    to[2] = a[2] - b[2];
}

static inline double dot(const double a[3], const double b[3])
{
    return a[0] * b[0] + a[1] * b[1] + a[2] * b[2];
}

static inline void cross(const double a[3], const double b[3], double to[3])
{
    to[0] = a[1] * b[2] - a[2] * b[1];
    to[1] = a[2] * b[0] - a[0] * b[2];
    to[2] = a[0] * b[1] - a[1] * b[0];
}

static inline void add(double *force, double scale, const double direction[3])
{
    force[0] += scale * direction[0];
    force[1] += scale * direction[1];
    force[2] += scale * direction[2];
}

/* fmin() and fmax() are calls; a NaN stays one here. */
static inline double clamp(double value, double least, double most)
{
    return value < least ? least : value > most ? most : value;
}

static double add_bonds(const toy_forces *terms, const double *x, double *forces)
{
    double energy = 0;
    for (int32_t b = 0; b < terms->n_bonds; b++) {
        const toy_bond *t = &terms->bonds[b];
        double d[3];
        subtract(x + t->j, x + t->i, d);
        double r = sqrt(dot(d, d)), stretch = r - t->length;
        double pull = t->k * stretch / r;
        energy += 0.5 * t->k * stretch * stretch;
        add(forces + t->i, pull, d);
        add(forces + t->j, -pull, d);
    }
    return energy;
}

static double add_angles(const toy_forces *terms, const double *x, double *forces)
{
    double energy = 0;
    for (int32_t a = 0; a < terms->n_angles; a++) {
        const toy_angle *t = &terms->angles[a];
        double u[3], v[3];
        subtract(x + t->i, x + t->j, u);
        subtract(x + t->k, x + t->j, v);
        double u2 = dot(u, u), v2 = dot(v, v), inverse = 1 / sqrt(u2 * v2);
        double cosine = clamp(dot(u, v) * inverse, -1, 1);
        double sine = clamp(sqrt(1 - cosine * cosine), 1e-8, 1);
        double bend = acos(cosine) - t->theta;
        energy += 0.5 * t->force_constant * bend * bend;
        /* d theta / d r_i = (cosine u / |u| - v / |v|) / (|u| sine), and alike for k */
        double slope = t->force_constant * bend / sine;
        double fi[3], fk[3];
        for (int c = 0; c < 3; c++) {
            fi[c] = slope * (v[c] * inverse - cosine * u[c] / u2);
            fk[c] = slope * (u[c] * inverse - cosine * v[c] / v2);
        }
        for (int c = 0; c < 3; c++) {
            forces[t->i + c] += fi[c];
            forces[t->k + c] += fk[c];
            forces[t->j + c] -= fi[c] + fk[c];
        }
    }
    return energy;
}

/*
 * Blondel and Karplus, J. Comput. Chem. 17, 1132 (1996): the gradient of phi without a division by
 * sin(phi). cos and sin of n phi come from powers of (cos phi, sin phi), without trigonometry.
 */
static double add_torsions(const toy_forces *terms, const double *x, double *forces)
{
    double energy = 0;
    const toy_wave *wave = terms->waves;
    for (int32_t n = 0; n < terms->n_torsions; n++) {
        const toy_torsion *t = &terms->torsions[n];
        double f[3], g[3], h[3], a[3], b[3];
        subtract(x + t->i, x + t->j, f);
        subtract(x + t->j, x + t->k, g);
        subtract(x + t->l, x + t->k, h);
        cross(f, g, a);
        cross(h, g, b);
        double a2 = dot(a, a), b2 = dot(b, b), g1 = sqrt(dot(g, g)), inverse = 1 / sqrt(a2 * b2);
        double c1 = dot(a, b) * inverse, s1 = -g1 * dot(f, b) * inverse;
        double slope = 0;
        for (int32_t w = 0; w < t->n_waves; w++, wave++) {
            double cn = 1, sn = 0;
            for (int32_t p = 0; p < wave->periodicity; p++) {
                double c = cn * c1 - sn * s1;
                sn = sn * c1 + cn * s1;
                cn = c;
            }
            energy += wave->force_constant * (1 + cn * wave->cos_phase + sn * wave->sin_phase);
            slope -= wave->force_constant * wave->periodicity *
                     (sn * wave->cos_phase - cn * wave->sin_phase);
        }
        double outer_a = slope * g1 / a2, outer_b = slope * g1 / b2;
        double inner_a = slope * dot(f, g) / (a2 * g1), inner_b = slope * dot(h, g) / (b2 * g1);
        for (int c = 0; c < 3; c++) {
            double shared = inner_a * a[c] - inner_b * b[c];
            forces[t->i + c] += outer_a * a[c];
            forces[t->j + c] -= outer_a * a[c] + shared;
            forces[t->k + c] += outer_b * b[c] + shared;
            forces[t->l + c] -= outer_b * b[c];
        }
    }
    return energy;
}

static double add_pairs(const toy_forces *terms, const double *x, double *forces)
{
    double energy = 0;
    for (int32_t p = 0; p < terms->n_pairs; p++) {
        const toy_pair *t = &terms->pairs[p];
        double d[3];
        subtract(x + t->j, x + t->i, d);
        double inverse2 = 1 / dot(d, d);
        double ratio2 = t->sigma2 * inverse2, six = ratio2 * ratio2 * ratio2;
        double coulomb = t->charge != 0 ? t->charge * sqrt(inverse2) : 0;
        energy += 4 * t->epsilon * (six * six - six) + coulomb;
        double push = (24 * t->epsilon * (2 * six * six - six) + coulomb) * inverse2;
        add(forces + t->i, -push, d);
        add(forces + t->j, push, d);
    }
    return energy;
}

void toy_forces_compute(const toy_forces *terms, const double *positions, double *forces,
                        ddmd_energy *energy)
{
    memset(forces, 0, (size_t)terms->n_atoms * 3 * sizeof *forces);
    ddmd_energy e = {0};
    e.bond = add_bonds(terms, positions, forces);
    e.angle = add_angles(terms, positions, forces);
    e.torsion = add_torsions(terms, positions, forces);
    e.nonbonded = add_pairs(terms, positions, forces);
    e.total = e.bond + e.angle + e.torsion + e.nonbonded;
    if (energy)
        *energy = e;
}
