/*
 * One pass of the CVAE over some samples, on oneDNN: the fast twin of ddmd_reference_cvae_f32().
 *
 * The network has room for `capacity` samples. Dense layers always compute that many, convolutions
 * whole chunks of them (see convs.h), so that everything is set up once and a sample's result does
 * not depend on how many come with it. What lies behind the first n is zeroed and adds nothing to
 * losses and gradients. Passes run inside ddmd_members_run().
 */
#ifndef DDMD_CVAE_NETWORK_H
#define DDMD_CVAE_NETWORK_H

#include "model/cvae/convs.h"

typedef struct ddmd_cvae_network ddmd_cvae_network;

/*
 * Room for up to `batch` samples, fewer (but one) where passes up to `most` would take more than
 * max_bytes, roughly; the caller then passes over a batch in pieces. Of cache_bytes, what one
 * convolution of a chunk reads and writes takes no more, unless a single sample does.
 */
typedef struct ddmd_cvae_room {
    enum ddmd_cvae_pass most;
    int batch;
    size_t max_bytes, cache_bytes;
} ddmd_cvae_room;

/*
 * bf16: convolutions read and write bfloat16 and add up in float32; weights, dense layers, losses
 * and gradients of weights are float32 always. architecture outlives the network.
 */
enum ddmd_status ddmd_cvae_network_create(const ddmd_cvae_architecture *architecture, bool bf16,
                                          const ddmd_cvae_room *room, ddmd_cvae_network **network,
                                          ddmd_error *err);
void ddmd_cvae_network_destroy(ddmd_cvae_network **network);

int ddmd_cvae_network_capacity(const ddmd_cvae_network *network);

/* Where the caller puts the inputs of the next pass, for n samples. */
typedef struct ddmd_cvae_inputs {
    float *maps;  /* [n][side][side] */
    float *keep;  /* [n][dense_width], 0 or 1 / (1 - dropout); gradient only */
    float *noise; /* [n][latent_dim]; gradient only */
    float *share; /* [n], the factor of each sample's loss in sums and gradients; not for encode */
} ddmd_cvae_inputs;

ddmd_cvae_inputs ddmd_cvae_network_inputs(ddmd_cvae_network *network);

/*
 * Take the memory and set up the operations of a pass (and of those before it in the list), unless
 * that was done; to be called before it. oneDNN shares what it sets up between networks, so no two
 * are prepared at once.
 */
enum ddmd_status ddmd_cvae_network_prepare(ddmd_cvae_network *network, enum ddmd_cvae_pass pass,
                                           ddmd_error *err);

/* mean [n][latent_dim] */
enum ddmd_status ddmd_cvae_network_encode(ddmd_cvae_network *network, const float *parameters,
                                          int n, float *mean, ddmd_error *err);

/* Losses times shares, summed over the samples, decoded from the means, without dropout. */
enum ddmd_status ddmd_cvae_network_loss(ddmd_cvae_network *network, const float *parameters, int n,
                                        ddmd_model_loss *sum, ddmd_error *err);

/*
 * Losses times shares, summed over the samples, with dropout and noise, and `scale` times the
 * gradient of that sum: written to gradient [n_values], or added to it.
 */
enum ddmd_status ddmd_cvae_network_gradient(ddmd_cvae_network *network, const float *parameters,
                                            int n, double scale, bool add, float *gradient,
                                            ddmd_model_loss *sum, ddmd_error *err);

#endif
