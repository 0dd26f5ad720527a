/* What a CVAE learns, in memory and in a checkpoint. */
#ifndef DDMD_CVAE_CHECKPOINT_H
#define DDMD_CVAE_CHECKPOINT_H

#include "model/cvae/architecture.h"

/* Both [n_values], in the order of the architecture's parameters. */
typedef struct ddmd_cvae_state {
    float *weights;
    float *mean_square; /* RMSprop's */
} ddmd_cvae_state;

enum ddmd_status ddmd_cvae_state_init(ddmd_cvae_state *state,
                                      const ddmd_cvae_architecture *architecture, ddmd_error *err);
void ddmd_cvae_state_clear(ddmd_cvae_state *state);

/* Data sets /weights/NAME and /optimizer/NAME, one for each parameter. */
enum ddmd_status ddmd_cvae_save(const ddmd_cvae_architecture *architecture,
                                const ddmd_cvae_state *state, ddmd_checkpoint *checkpoint,
                                ddmd_error *err);
/* On failure the state is undefined. FORMAT also where a mean square is negative. */
enum ddmd_status ddmd_cvae_load(const ddmd_cvae_architecture *architecture,
                                const ddmd_checkpoint *checkpoint, ddmd_cvae_state *state,
                                ddmd_error *err);

#endif
