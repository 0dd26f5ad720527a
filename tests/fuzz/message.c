/*
 * Messages: any bytes are either a message or refused, and what is taken can be read to its last
 * entry. Inputs are taken as they are, and once more with length and checksum put right, as
 * somebody who means harm would.
 */
#include "core/array.h"
#include "ddmd/geometry.h"
#include "stream/crc32c.h"
#include "stream/decisions.h"
#include "stream/features.h"
#include "stream/frames.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(bool holds, const char *what)
{
    if (!holds) {
        fprintf(stderr, "broken: %s\n", what);
        abort();
    }
}

/* Reads every byte, so that the sanitizer sees what lies outside the message. */
static void touch(const void *bytes, size_t n)
{
    static volatile uint8_t sum;
    for (size_t i = 0; i < n; i++)
        sum ^= ((const uint8_t *)bytes)[i];
}

static void touch_text(const char *text, size_t size)
{
    size_t length = strnlen(text, size);
    check(length < size, "a text ends");
    for (size_t i = 0; i < length; i++)
        check((unsigned char)text[i] >= ' ' && text[i] != 0x7F, "a text can be shown");
}

static void read_frames(const ddmd_message *message, const ddmd_frames *frames)
{
    size_t xyz = frames->n_atoms * 3 * sizeof(float);
    ddmd_replica_failure failure;
    for (size_t i = 0; i < frames->n_frames; i++) {
        ddmd_live_frame live;
        ddmd_frames_frame(message, i, &live);
        touch(live.frame.positions, xyz);
        check(frames->velocities == (live.frame.velocities != NULL), "velocities");
        touch(live.frame.velocities, live.frame.velocities ? xyz : 0);
        touch(live.frame.contact_map, ddmd_contact_map_bytes(frames->n_points));
    }
    for (size_t i = 0; i < frames->n_failures; i++) {
        ddmd_frames_failure(message, i, &failure);
        touch_text(failure.reason, sizeof failure.reason);
    }
}

static void read_durable(const ddmd_message *message, const ddmd_durable *durable)
{
    ddmd_durable_frame frame;
    ddmd_replica_failure failure;
    for (size_t i = 0; i < durable->n_frames; i++)
        ddmd_durable_frame_at(message, i, &frame);
    for (size_t i = 0; i < durable->n_failures; i++) {
        ddmd_durable_failure(message, i, &failure);
        touch_text(failure.reason, sizeof failure.reason);
    }
}

static void read_features(const ddmd_message *message, const ddmd_features *features)
{
    ddmd_feature feature;
    size_t bytes = ddmd_contact_map_bytes(features->n_points);
    touch(features->maps, features->n * bytes);
    for (size_t i = 0; i < features->n; i++) {
        ddmd_features_at(message, i, &feature);
        check(feature.map == features->maps + i * bytes, "maps follow each other");
    }
}

static void read_assign(const ddmd_assign *assign)
{
    size_t xyz = assign->n_atoms * 3 * sizeof(float);
    check(assign->temperature_kelvin > 0, "a temperature");
    touch(assign->positions, xyz);
    touch(assign->velocities, assign->velocities ? xyz : 0);
}

/* Decode as what it is; `then` looks at the result. */
#define DECODE(kind, type, then)                                           \
    case DDMD_MESSAGE_##kind: {                                            \
        ddmd_##type it = {0};                                              \
        if (ddmd_##type##_decode(message, &it, &err) != DDMD_OK) {         \
            check(err.status == DDMD_FORMAT && *err.message, "an answer"); \
            break;                                                         \
        }                                                                  \
        then;                                                              \
        break;                                                             \
    }

static void decode(const ddmd_message *message)
{
    ddmd_error err = {0};
    ddmd_ranked point;
    ddmd_idle idle;
    switch (ddmd_message_kind_of(message)) {
        DECODE(HELLO, hello, check(it.next > 0, "a number"))
        DECODE(HEARTBEAT, heartbeat, touch_text(it.detail, sizeof it.detail))
        DECODE(STOP, stop, touch_text(it.reason, sizeof it.reason))
        DECODE(FAILED, failed, touch_text(it.error.message, sizeof it.error.message))
        DECODE(ACTIVITY, activity,
               for (size_t i = 0; i < it.n; i++)
                   check(*ddmd_activity_name(ddmd_activity_span_at(message, i).kind) != '?',
                         "an activity"))
        DECODE(ACK, ack, (void)it)
        DECODE(FRAMES, frames, read_frames(message, &it))
        DECODE(DURABLE, durable, read_durable(message, &it))
        DECODE(FEATURES, features, read_features(message, &it))
        DECODE(WEIGHTS, weights, check(it.path[0] != '/', "a relative path"))
        DECODE(MODEL_CHECK, model_check, (void)it)
        DECODE(RANKING, ranking,
               for (size_t i = 0; i < it.n; i++) ddmd_ranking_at(message, i, &point))
        DECODE(UNPRODUCTIVE, unproductive,
               for (size_t i = 0; i < it.n; i++) ddmd_unproductive_at(message, i, &idle))
        DECODE(ASSIGN, assign, read_assign(&it))
        DECODE(RELEASE, release, (void)it)
    }
}

static void read(const uint8_t *data, size_t size)
{
    ddmd_error err = {0};
    ddmd_message *message = NULL;
    if (ddmd_message_copy(data, size, &message, &err) != DDMD_OK) {
        check(!message && err.status == DDMD_FORMAT && *err.message, "an answer");
        return;
    }
    decode(message);
    ddmd_message_destroy(&message);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    read(data, size);
    uint8_t *mended = NULL;
    if (size < DDMD_MESSAGE_HEADER_SIZE || ddmd_array_copy(&mended, data, size, 1, NULL) != DDMD_OK)
        return 0;
    uint64_t length = size - DDMD_MESSAGE_HEADER_SIZE;
    memcpy(mended, "ddmd", 4);
    mended[4] = DDMD_MESSAGE_VERSION;
    mended[5] = 0;
    memcpy(mended + 8, &length, sizeof length);
    uint32_t crc = ddmd_crc32c(0, mended, 44);
    crc = ddmd_crc32c(crc, mended + DDMD_MESSAGE_HEADER_SIZE, (size_t)length);
    memcpy(mended + 44, &crc, sizeof crc);
    read(mended, size);
    free(mended);
    return 0;
}
