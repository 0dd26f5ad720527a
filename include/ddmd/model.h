/*
 * Models learn a low-dimensional embedding of contact maps.
 *
 * Maps are bit-packed as ddmd/geometry.h describes, n_residues each, one after the other:
 * [n_maps][ddmd_contact_map_bytes(n_residues)]. Latent coordinates are float32
 * [n_maps][latent_dim].
 *
 * Everything that is random (initial weights, split, order, dropout, latent noise) comes from
 * (seed, model version), so the same maps, options and seed give the same bits on the same build,
 * machine kind and number of threads. Trainings count epochs on from one another, so two of ten
 * epochs do not draw the same numbers twice.
 *
 * A model object is used by one thread at a time.
 */
#ifndef DDMD_MODEL_H
#define DDMD_MODEL_H

#include "ddmd/error.h"
#include "ddmd/log.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct ddmd_model ddmd_model;

enum { DDMD_MODEL_MAX_LAYERS = 8 };

/* What convolutions read and write. Weights, sums, losses and the optimiser are float32 always. */
enum ddmd_precision {
    DDMD_PRECISION_f32,
    DDMD_PRECISION_bf16 /* bfloat16: 8 bits of precision; needs a processor with AVX512_BF16 */
};

/*
 * The convolutional variational autoencoder of Brace et al., "Coupling streaming AI and HPC
 * ensembles", section IV.D (after Bhowmik et al., BMC Bioinformatics 19, 484, 2018). Defaults of
 * ddmd_model_options_default() are the paper's for small systems.
 */
typedef struct ddmd_model_options {
    int n_layers;                       /* convolutional layers; 1 to 8; 4 */
    int filters[DDMD_MODEL_MAX_LAYERS]; /* of each layer; 1 to 512; 64 */
    int kernels[DDMD_MODEL_MAX_LAYERS]; /* side, pixels; odd, 1 to 15; 3 */
    int strides[DDMD_MODEL_MAX_LAYERS]; /* 1 to 4; 1 2 1 1 */
    int dense_width;                    /* neurons of the linear layer; 1 to 8192; 128 */
    double dropout;                     /* after that layer, while training; [0, 1); 0.4 */
    int batch_size;                     /* 1 to 4096; 64 */
    int epochs;                         /* a training; 1 to 10000; 50 */
    double learning_rate;               /* RMSprop; 0.001 */
    double rho;                         /* RMSprop's decay; [0, 1); 0.9 */
    double epsilon;                     /* RMSprop; > 0; 1e-8, added outside the root */
    double validation_fraction;         /* of the maps, held out; [0, 0.9]; 0.2. The number is
                                           rounded; one map at least is trained on */
    int patience;                       /* end a training when the held-out loss has not fallen for
                                           so many epochs, and keep the weights of the epoch where
                                           it was lowest; 0 to 10000; 0: never early, keep the last.
                                           Without held-out maps it does nothing */
    enum ddmd_precision precision;      /* f32 */
    int threads;                        /* 1 to 1024; 1. A batch is shared out among them */
    uint64_t seed;
} ddmd_model_options;

void ddmd_model_options_default(ddmd_model_options *options);

/*
 * Losses are sums over pixels, means over samples (each as often as its count says): binary
 * cross-entropy + KL divergence to N(0,1).
 */
typedef struct ddmd_model_loss {
    double reconstruction; /* binary cross-entropy, nats a map */
    double kl;             /* nats a map */
} ddmd_model_loss;

typedef struct ddmd_model_progress {
    int epoch, epochs; /* 1 .. epochs */
    int best_epoch;    /* whose weights would be kept if this were the last: with patience the one
                          of the lowest held-out loss so far, of equals the first; else this one */
    int latent_dim;
    ddmd_model_loss train, validation; /* of this epoch; validation is NaN where none is held out */
    double samples_per_s;              /* trained on; without the time that validation takes */
    double unpack_s;                   /* of this epoch, as ddmd_model_unpack_s() has it */
} ddmd_model_progress;

/* Called after each epoch; return false to stop (the training then ends CANCELLED). */
typedef bool ddmd_model_progress_fn(void *user, const ddmd_model_progress *progress);

typedef struct ddmd_model_info {
    const char *name, *summary;
    bool available;
    const char *unavailable;
    char detail[256]; /* "oneDNN 2.6.3, avx512_core_bf16" */
} ddmd_model_info;

size_t ddmd_model_count(void);
void ddmd_model_describe(size_t index, ddmd_model_info *info);

/*
 * A new model with fresh weights drawn from (options->seed, version); version is the model's number
 * in its campaign. n_residues: 4 to 20000, odd sizes too; latent_dim: 1 to 1024. CONFIG: an option
 * out of range, or layers that shrink the map to nothing. UNSUPPORTED: this processor cannot
 * compute in that precision (ddmd_model_load() says so, too).
 */
enum ddmd_status ddmd_model_create(const char *kind, const ddmd_model_options *options,
                                   int n_residues, int latent_dim, uint32_t version,
                                   ddmd_model **model, ddmd_error *err);

/*
 * Train on n_maps maps (at least 1) for up to options.epochs epochs, going on from the weights and
 * optimiser state that the model has.
 *
 * counts [n_maps] says how often each map was seen, at least once; NULL: once each. What falls is
 * sum(count loss) / sum(count): in a batch of B maps, each adds count / (B mean count) times the
 * gradient of its loss, the mean being that over the maps trained on. So maps that are equal should
 * be given once, with their count; training and held-out maps then have none in common. They are
 * split by map, whatever its count.
 *
 * Where a batch's loss is above one nat a pixel, its gradient is shortened to a norm of at most 10
 * nats a pixel, so that RMSprop soon goes on from a loss that ran away; see docs/model.md.
 *
 * *last (may be NULL): how many epochs were done, and the losses of the epoch whose weights were
 * kept, best_epoch. Training losses are with dropout and noise, validation losses as
 * ddmd_model_evaluate() has them.
 *
 * INVALID: a count of 0. NUMERIC: the loss is no longer finite. After that, and after CANCELLED,
 * the model is as it was before the call.
 */
enum ddmd_status ddmd_model_train(ddmd_model *model, const uint8_t *maps, const uint32_t *counts,
                                  size_t n_maps, ddmd_model_progress_fn *progress, void *user,
                                  ddmd_model_progress *last, ddmd_error *err);

/*
 * Latent means of n_maps maps, without noise and dropout: latent[n_maps][latent_dim]. A map's are
 * the same bits for any number of threads, and whichever other maps it comes with.
 */
enum ddmd_status ddmd_model_embed(ddmd_model *model, const uint8_t *maps, size_t n_maps,
                                  float *latent, ddmd_error *err);

/*
 * Mean losses over n_maps maps (at least 1), decoded from the latent means, without dropout. counts
 * as for training: sum(count loss) / sum(count).
 */
enum ddmd_status ddmd_model_evaluate(ddmd_model *model, const uint8_t *maps, const uint32_t *counts,
                                     size_t n_maps, ddmd_model_loss *loss, ddmd_error *err);

/*
 * A checkpoint (HDF5): kind, options, sizes, version, weights by name, optimiser state. Its layout
 * is in docs/formats.md. Written in one step (complete or not at all). Load: FORMAT where the file
 * is not such a checkpoint; threads is taken from the caller (0: from the file).
 */
enum ddmd_status ddmd_model_save(const ddmd_model *model, const char *path, ddmd_error *err);
enum ddmd_status ddmd_model_load(const char *path, int threads, ddmd_model **model,
                                 ddmd_error *err);

int ddmd_model_latent_dim(const ddmd_model *model);
int ddmd_model_residues(const ddmd_model *model);
uint32_t ddmd_model_version(const ddmd_model *model);
void ddmd_model_set_version(ddmd_model *model, uint32_t version);
size_t ddmd_model_parameters(const ddmd_model *model);

/*
 * Seconds that went into unpacking maps into the model's input since it was created or loaded: the
 * mean of its threads, which unpack at the same time. 0 where a model does not say.
 */
double ddmd_model_unpack_s(const ddmd_model *model);

void ddmd_model_destroy(ddmd_model **model);

#ifdef __cplusplus
}
#endif
#endif
