/* Ranges of the options, as ddmd/model.h states them. */
#ifndef DDMD_MODEL_OPTIONS_H
#define DDMD_MODEL_OPTIONS_H

#include "ddmd/model.h"

enum {
    DDMD_MODEL_MIN_RESIDUES = 4,
    DDMD_MODEL_MAX_RESIDUES = 20000,
    DDMD_MODEL_MAX_LATENT_DIM = 1024,
    DDMD_MODEL_MAX_FILTERS = 512,
    DDMD_MODEL_MAX_KERNEL = 15,
    DDMD_MODEL_MAX_STRIDE = 4,
    DDMD_MODEL_MAX_DENSE_WIDTH = 8192,
    DDMD_MODEL_MAX_BATCH = 4096,
    DDMD_MODEL_MAX_EPOCHS = 10000,
    DDMD_MODEL_MAX_THREADS = 1024
};

/* CONFIG: the first option that is out of its range, by name. */
enum ddmd_status ddmd_model_options_check(const ddmd_model_options *options, int n_residues,
                                          int latent_dim, ddmd_error *err);

#endif
