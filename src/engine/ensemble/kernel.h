/*
 * The parts of a step, as one instruction set has them. Every source kernel_*.c is compiled once
 * for each; LANES_NAME() keeps the names apart.
 */
#ifndef DDMD_ENSEMBLE_KERNEL_H
#define DDMD_ENSEMBLE_KERNEL_H

#include "engine/ensemble/group.h"
#include "engine/ensemble/lanes.h"

/* Energies, where they are wanted (not NULL), are added: [LANES], kJ/mol. */

#define kernel_born LANES_NAME(ensemble_kernel_born)
#define kernel_solvation LANES_NAME(ensemble_kernel_solvation)
#define kernel_columns LANES_NAME(ensemble_kernel_columns)
#define kernel_bonded LANES_NAME(ensemble_kernel_bonded)
#define kernel_forces LANES_NAME(ensemble_kernel_forces)
#define kernel_integrate LANES_NAME(ensemble_kernel_integrate)
#define kernel_normals LANES_NAME(ensemble_kernel_normals)
#define kernel_project LANES_NAME(ensemble_kernel_project)
#define kernel_shake LANES_NAME(ensemble_kernel_shake)

/* psi, then Born radii and what hangs on them alone: born, decay, slope, chain. */
void kernel_born(const ensemble_model *model, ensemble_group *group, double *energy);

/* Generalized Born pairs: adds to f and slope; then psi becomes dE/dH. */
void kernel_solvation(const ensemble_model *model, ensemble_group *group, double *energy);

/* Lennard-Jones and Coulomb pairs, and with gbsa what moving Born radii adds: adds to f. */
void kernel_columns(const ensemble_model *model, ensemble_group *group, bool gbsa, double *energy);

/* Bonds, angles, torsions, and exceptions where there are no columns: adds to f. */
void kernel_bonded(const ensemble_model *model, ensemble_group *group, double *energy);

/* f, anew. */
void kernel_forces(const ensemble_model *model, ensemble_group *group, double *energy);

/* x, v and step from f. */
void kernel_integrate(const ensemble_model *model, ensemble_group *group);

/* Four standard normal numbers for each lane: block number `block` of its step. */
void kernel_normals(const ensemble_model *model, const ensemble_group *group, uint32_t block,
                    vf normals[4]);

/* Take from velocities ([atom][xyz][lane]) what changes the lengths of constraints at x. */
void kernel_project(const ensemble_model *model, ensemble_group *group, float *velocities);

/* Put constraints of x_next right, along those of x, and correct v for it. */
void kernel_shake(const ensemble_model *model, ensemble_group *group);

LANES_INLINE float *kernel_scalar(float *array, int32_t atom)
{
    return array + (size_t)atom * LANES;
}

LANES_INLINE void kernel_get(const float *array, int32_t atom, vf to[3])
{
    const float *from = array + (size_t)atom * 3 * LANES;
    for (int x = 0; x < 3; x++)
        to[x] = vf_load(from + x * LANES);
}

LANES_INLINE void kernel_put(float *array, int32_t atom, const vf from[3])
{
    float *to = array + (size_t)atom * 3 * LANES;
    for (int x = 0; x < 3; x++)
        vf_store(to + x * LANES, from[x]);
}

/* array[atom] += scale * direction */
LANES_INLINE void kernel_add(float *array, int32_t atom, vf scale, const vf direction[3])
{
    float *to = array + (size_t)atom * 3 * LANES;
    for (int x = 0; x < 3; x++)
        vf_store(to + x * LANES, vf_fma(scale, direction[x], vf_load(to + x * LANES)));
}

LANES_INLINE void kernel_difference(const vf a[3], const vf b[3], vf to[3]) /* b - a */
{
    for (int x = 0; x < 3; x++)
        to[x] = b[x] - a[x];
}

LANES_INLINE vf kernel_dot(const vf a[3], const vf b[3])
{
    return vf_fma(a[2], b[2], vf_fma(a[1], b[1], a[0] * b[0]));
}

LANES_INLINE void kernel_cross(const vf a[3], const vf b[3], vf to[3])
{
    to[0] = vf_fms(a[1], b[2], a[2] * b[1]);
    to[1] = vf_fms(a[2], b[0], a[0] * b[2]);
    to[2] = vf_fms(a[0], b[1], a[1] * b[0]);
}

LANES_INLINE void kernel_tally(double *energy, vf value)
{
    for (int l = 0; l < LANES; l++)
        energy[l] += (double)value[l];
}

#endif
