#include "engine/ensemble/group.h"

#include "core/array.h"
#include "core/try.h"

#include <stdlib.h>
#include <string.h>

enum { ALIGNMENT = 64, VECTORS = 4, SCALARS = 5 };

enum ddmd_status ensemble_group_create(const ensemble_model *model, int lanes,
                                       ensemble_group **group, ddmd_error *err)
{
    enum ddmd_status status = DDMD_OK;
    ensemble_group *g = NULL;
    size_t scalar = (size_t)model->n_padded * (size_t)lanes;
    size_t bytes = scalar * (3 * VECTORS + SCALARS) * sizeof(float);
    DDMD_TRY(ddmd_array_alloc(&g, 1, sizeof *g, err));
    g->lanes = lanes;
    bytes = (bytes + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
    g->memory = aligned_alloc(ALIGNMENT, bytes);
    if (!g->memory)
        DDMD_FAIL(err, DDMD_NOMEM, "%zu bytes for %d replicas", bytes, lanes);
    memset(g->memory, 0, bytes);
    float *next = g->memory;
    float **vectors[VECTORS] = {&g->x, &g->v, &g->x_next, &g->f};
    float **scalars[SCALARS] = {&g->psi, &g->born, &g->decay, &g->slope, &g->chain};
    for (int a = 0; a < VECTORS; a++, next += 3 * scalar)
        *vectors[a] = next;
    for (int a = 0; a < SCALARS; a++, next += scalar)
        *scalars[a] = next;
    *group = g;
    g = NULL;
out:
    ensemble_group_destroy(&g);
    return status;
}

void ensemble_group_destroy(ensemble_group **group)
{
    if (!*group)
        return;
    free((*group)->memory);
    free(*group);
    *group = NULL;
}

void ensemble_group_put(ensemble_group *group, const ensemble_model *model, int lane,
                        const float *positions, const float *velocities)
{
    size_t lanes = (size_t)group->lanes, n = (size_t)model->n_atoms * 3;
    for (size_t i = 0; i < n; i++)
        group->x[i * lanes + (size_t)lane] = positions[i];
    for (size_t i = 0; velocities && i < n; i++)
        group->v[i * lanes + (size_t)lane] = velocities[i];
    group->f_is_of_x = false;
}

void ensemble_group_get(const ensemble_group *group, const ensemble_model *model, int lane,
                        float *positions, float *velocities)
{
    size_t lanes = (size_t)group->lanes, n = (size_t)model->n_atoms * 3;
    for (size_t i = 0; positions && i < n; i++)
        positions[i] = group->x[i * lanes + (size_t)lane];
    for (size_t i = 0; velocities && i < n; i++)
        velocities[i] = group->v[i * lanes + (size_t)lane];
}

void ensemble_group_copy(ensemble_group *group, const ensemble_model *model, int to, int from)
{
    size_t lanes = (size_t)group->lanes, n = (size_t)model->n_atoms * 3;
    for (size_t i = 0; i < n * lanes; i += lanes) {
        group->x[i + (size_t)to] = group->x[i + (size_t)from];
        group->v[i + (size_t)to] = group->v[i + (size_t)from];
    }
    group->sqrt_kt[to] = group->sqrt_kt[from];
    group->simulation_id[to] = group->simulation_id[from];
    group->step[to] = group->step[from];
    group->f_is_of_x = false;
}
