/* How a CVAE is trained: epochs of steps, each on a batch that is shared out among the members. */
#ifndef DDMD_CVAE_TRAIN_H
#define DDMD_CVAE_TRAIN_H

#include "model/cvae/passes.h"
#include "model/model_ops.h"

/*
 * ddmd_model_train() for this kind of model: base->options.epochs more epochs, or fewer with
 * patience; base->epochs_done goes on. Weights are as they were before where it fails.
 */
enum ddmd_status ddmd_cvae_train(ddmd_cvae *model, ddmd_model_base *base, const uint8_t *maps,
                                 const uint32_t *counts, size_t n_maps,
                                 ddmd_model_progress_fn *progress, void *user,
                                 ddmd_model_progress *last, ddmd_error *err);

#endif
