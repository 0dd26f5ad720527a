/*
 * What a selection saw, one file a round: models/embedding-0003.h5 (HDF5; layout in
 * docs/formats.md).
 */
#ifndef DDMD_EMBEDDING_H
#define DDMD_EMBEDDING_H

#include "ddmd/error.h"

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct ddmd_embedding {
    uint32_t round, model_version;
    size_t n, latent_dim;
    float *latent;                /* [n][latent_dim] */
    uint32_t *simulation, *index; /* [n]; frame identities */
    float *rmsd_nm;               /* [n]; NaN where there is no reference */
} ddmd_embedding;

/* Written in one step (complete or as it was); replaces a file of that name. */
enum ddmd_status ddmd_embedding_write(const char *path, const ddmd_embedding *embedding,
                                      ddmd_error *err);

/*
 * Read such a file; the arrays are released with ddmd_embedding_clear(). FORMAT: no file that
 * ddmd_embedding_write() has written, or none at all.
 */
enum ddmd_status ddmd_embedding_read(const char *path, ddmd_embedding *embedding, ddmd_error *err);
void ddmd_embedding_clear(ddmd_embedding *embedding);

#ifdef __cplusplus
}
#endif
#endif
