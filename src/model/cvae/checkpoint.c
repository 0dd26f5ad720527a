#include "model/cvae/checkpoint.h"

#include "core/try.h"
#include "model/cvae/activations.h"

#include <stdio.h>
#include <stdlib.h>

enum ddmd_status ddmd_cvae_state_init(ddmd_cvae_state *state,
                                      const ddmd_cvae_architecture *architecture, ddmd_error *err)
{
    enum ddmd_status status = DDMD_OK;
    ddmd_cvae_state made = {NULL, NULL};
    DDMD_TRY(ddmd_activations_alloc_floats(architecture->n_values, &made.weights, err));
    DDMD_TRY(ddmd_activations_alloc_floats(architecture->n_values, &made.mean_square, err));
    *state = made;
    made = (ddmd_cvae_state){NULL, NULL};
out:
    ddmd_cvae_state_clear(&made);
    return status;
}

void ddmd_cvae_state_clear(ddmd_cvae_state *state)
{
    free(state->weights);
    free(state->mean_square);
    *state = (ddmd_cvae_state){NULL, NULL};
}

enum { PATH_SIZE = 64 };

static void path_of(char path[PATH_SIZE], const char *group, const ddmd_parameter *parameter)
{
    snprintf(path, PATH_SIZE, "%s/%s", group, parameter->name);
}

enum ddmd_status ddmd_cvae_save(const ddmd_cvae_architecture *architecture,
                                const ddmd_cvae_state *state, ddmd_checkpoint *checkpoint,
                                ddmd_error *err)
{
    enum ddmd_status status = DDMD_OK;
    DDMD_TRY(ddmd_checkpoint_add_group(checkpoint, "/weights", err));
    DDMD_TRY(ddmd_checkpoint_add_group(checkpoint, "/optimizer", err));
    for (int i = 0; i < architecture->n_parameters; i++) {
        const ddmd_parameter *p = &architecture->parameters[i];
        char path[PATH_SIZE];
        path_of(path, "/weights", p);
        DDMD_TRY(ddmd_checkpoint_add_array(checkpoint, path, p->shape, p->rank,
                                           state->weights + p->offset, err));
        path_of(path, "/optimizer", p);
        DDMD_TRY(ddmd_checkpoint_add_array(checkpoint, path, p->shape, p->rank,
                                           state->mean_square + p->offset, err));
    }
out:
    return status;
}

enum ddmd_status ddmd_cvae_load(const ddmd_cvae_architecture *architecture,
                                const ddmd_checkpoint *checkpoint, ddmd_cvae_state *state,
                                ddmd_error *err)
{
    enum ddmd_status status = DDMD_OK;
    for (int i = 0; i < architecture->n_parameters; i++) {
        const ddmd_parameter *p = &architecture->parameters[i];
        char path[PATH_SIZE];
        path_of(path, "/weights", p);
        DDMD_TRY(ddmd_checkpoint_get_array(checkpoint, path, p->shape, p->rank,
                                           state->weights + p->offset, err));
        path_of(path, "/optimizer", p);
        DDMD_TRY(ddmd_checkpoint_get_array(checkpoint, path, p->shape, p->rank,
                                           state->mean_square + p->offset, err));
        for (size_t j = p->offset; j < p->offset + p->count; j++)
            if (state->mean_square[j] < 0)
                DDMD_FAIL(err, DDMD_FORMAT, "%s: a mean square is negative", path);
    }
out:
    return status;
}
