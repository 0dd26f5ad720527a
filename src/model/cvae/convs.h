/*
 * The convolutions of the CVAE. Those on large maps take a chunk of samples after the other, few
 * enough that what one layer writes is still in the processor's cache when the next reads it; those
 * on smaller maps take all samples at once, as the dense layers (network.c) do.
 *
 * Maps, and flat values (see activations.h), are those of all samples, [n_chunks][chunk][...], and
 * logits those of one chunk. Calls run inside ddmd_members_run().
 */
#ifndef DDMD_CVAE_CONVS_H
#define DDMD_CVAE_CONVS_H

#include "model/cvae/architecture.h"

/* Each takes the memory and operations of those before it, and some more. */
enum ddmd_cvae_pass { DDMD_CVAE_ENCODE, DDMD_CVAE_LOSS, DDMD_CVAE_GRADIENT };

typedef struct ddmd_cvae_convs ddmd_cvae_convs;

/* The size of the chunks in which `samples` are best passed through, with a cache of that size. */
int ddmd_cvae_convs_chunk(const ddmd_cvae_architecture *architecture, bool bf16, int samples,
                          size_t cache_bytes);

/*
 * The bytes that passes up to `most` take for each sample of a chunk, and for each of all samples
 * on top of that.
 */
size_t ddmd_cvae_convs_chunk_bytes(const ddmd_cvae_architecture *architecture, bool bf16,
                                   enum ddmd_cvae_pass most);
size_t ddmd_cvae_convs_kept_bytes(const ddmd_cvae_architecture *architecture, bool bf16,
                                  enum ddmd_cvae_pass most);

/* For passes up to `most`. architecture outlives them; bf16: see network.h. */
enum ddmd_status ddmd_cvae_convs_create(const ddmd_cvae_architecture *architecture, bool bf16,
                                        enum ddmd_cvae_pass most, int chunk, int n_chunks,
                                        ddmd_cvae_convs **convs, ddmd_error *err);
void ddmd_cvae_convs_destroy(ddmd_cvae_convs **convs);

/* See ddmd_cvae_network_prepare(). */
enum ddmd_status ddmd_cvae_convs_prepare(ddmd_cvae_convs *convs, enum ddmd_cvae_pass pass,
                                         ddmd_error *err);

/* Take the weights for the next calls. */
enum ddmd_status ddmd_cvae_convs_load(ddmd_cvae_convs *convs, const float *parameters,
                                      ddmd_error *err);

/*
 * The first n_chunks; what is behind them in `flat` says nothing. keep: activations are kept for
 * the gradient.
 */
enum ddmd_status ddmd_cvae_convs_encode(ddmd_cvae_convs *convs, const float *parameters,
                                        int n_chunks, const float *maps, bool keep, float *flat,
                                        ddmd_error *err);

/* All samples as far as the deep layers go; then a chunk to its logits, without the last bias. */
enum ddmd_status ddmd_cvae_convs_decode_deep(ddmd_cvae_convs *convs, const float *parameters,
                                             const float *flat, ddmd_error *err);
enum ddmd_status ddmd_cvae_convs_decode(ddmd_cvae_convs *convs, const float *parameters, int number,
                                        float *logits, ddmd_error *err);

/*
 * The way back: the chunk that was decoded last, after all chunks the deep layers of the decoder,
 * and all samples that were encoded and kept. Gradients of biases go to `gradient` [n_values],
 * those of weights stay inside; where `add`, they are added to what is there.
 */
enum ddmd_status ddmd_cvae_convs_decode_gradient(ddmd_cvae_convs *convs, int number,
                                                 const float *logit_gradient, bool add,
                                                 float *gradient, ddmd_error *err);
enum ddmd_status ddmd_cvae_convs_decode_gradient_deep(ddmd_cvae_convs *convs, bool add,
                                                      float *gradient, float *flat_gradient,
                                                      ddmd_error *err);
enum ddmd_status ddmd_cvae_convs_encode_gradient(ddmd_cvae_convs *convs, const float *maps,
                                                 const float *flat_gradient, bool add,
                                                 float *gradient, ddmd_error *err);
/* Copy the gradients of all weights to `gradient`. */
enum ddmd_status ddmd_cvae_convs_weight_gradients(ddmd_cvae_convs *convs, float *gradient,
                                                  ddmd_error *err);

#endif
