/*
 * What a model implements. Callers use ddmd/model.h, never this; model.c checks arguments and
 * options, keeps what all models have in common, and puts the model's name in front of its errors.
 *
 * `self` is what create() or load() made. Calls on one self never overlap. On failure a slot leaves
 * self as it was.
 */
#ifndef DDMD_MODEL_OPS_H
#define DDMD_MODEL_OPS_H

#include "ddmd/model.h"
#include "model/checkpoint.h"

#ifdef __cplusplus
extern "C" {
#endif

enum { DDMD_MODEL_API_VERSION = 1 };

/* What every model has; model.c keeps it, saves it and loads it. */
typedef struct ddmd_model_base {
    ddmd_model_options options;
    int n_residues;
    int latent_dim;
    uint32_t version;
    uint64_t epochs_done; /* of all trainings; the step of the random streams */
} ddmd_model_base;

typedef struct ddmd_model_ops {
    int api_version; /* DDMD_MODEL_API_VERSION */
    const char *name;

    /* --- REQUIRED --- */

    /* Make self with fresh weights. base is checked, and outlives the call only. */
    enum ddmd_status (*create)(const ddmd_model_base *base, void **self, ddmd_error *err);
    void (*destroy)(void *self);

    /*
     * Train up to base->options.epochs epochs, counting base->epochs_done up by each. n_maps >= 2;
     * counts may be NULL, and has no zeros. On failure model.c puts *base back as it was.
     */
    enum ddmd_status (*train)(void *self, ddmd_model_base *base, const uint8_t *maps,
                              const uint32_t *counts, size_t n_maps,
                              ddmd_model_progress_fn *progress, void *user,
                              ddmd_model_progress *last, ddmd_error *err);

    enum ddmd_status (*embed)(void *self, const uint8_t *maps, size_t n_maps, float *latent,
                              ddmd_error *err);

    /* n_maps >= 1; counts as in train */
    enum ddmd_status (*evaluate)(void *self, const uint8_t *maps, const uint32_t *counts,
                                 size_t n_maps, ddmd_model_loss *loss, ddmd_error *err);

    /* Write weights and state into, or read them from, a checkpoint that holds base already. */
    enum ddmd_status (*save)(const void *self, ddmd_checkpoint *checkpoint, ddmd_error *err);
    enum ddmd_status (*load)(const ddmd_model_base *base, const ddmd_checkpoint *checkpoint,
                             void **self, ddmd_error *err);

    size_t (*parameters)(const void *self);

    /* --- OPTIONAL --- */

    /* Is it usable on this machine? Fill detail (size bytes). Default: yes, no detail. */
    bool (*probe)(char *detail, size_t size, const char **unavailable);

    /* ddmd_model_unpack_s(). Default: 0. */
    double (*unpack_s)(const void *self);
} ddmd_model_ops;

#ifdef __cplusplus
}
#endif
#endif
