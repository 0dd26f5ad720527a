/*
 * FEATURES, aggregate -> train and infer, numbered: what models learn from and selections look at.
 * The maps lie one after the other, as ddmd_model_train() and ddmd_model_embed() take them.
 */
#ifndef DDMD_STREAM_FEATURES_H
#define DDMD_STREAM_FEATURES_H

#include "stream/message.h"

enum { DDMD_FEATURES_MAX = 1 << 20, DDMD_FEATURES_MAX_POINTS = 1 << 16 };

typedef struct ddmd_feature {
    uint32_t simulation, index;
    uint32_t system;
    float rmsd_nm;      /* NaN where there is no reference */
    double created_s;   /* CLOCK_MONOTONIC of the frame's machine */
    const uint8_t *map; /* [ddmd_contact_map_bytes(n_points)] (ddmd/geometry.h) */
} ddmd_feature;

typedef struct ddmd_features {
    uint32_t file;      /* number of the frame file that the frames are in: frames-FILE.h5, */
    uint64_t first_row; /* one after the other, from this row on; a receiver knows by it what it has
                           had before, and what it missed and reads from the file */
    size_t n, n_points;
    const ddmd_feature *features; /* [n]; encoding only, NULL when decoded */
    const uint8_t *maps;          /* [n][bytes a map], in the message; decoding only */
} ddmd_features;

enum ddmd_status ddmd_features_encode(const ddmd_features *features, ddmd_message **message,
                                      ddmd_error *err);
/* FORMAT: not the layout; INVALID: a message of another kind. */
enum ddmd_status ddmd_features_decode(const ddmd_message *message, ddmd_features *features,
                                      ddmd_error *err);
/* Entry i < n of a message that was decoded without error; its map lies in the message. */
void ddmd_features_at(const ddmd_message *message, size_t i, ddmd_feature *feature);

#endif
