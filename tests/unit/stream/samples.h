/* Messages of every kind with random content, and what must come out of them again. */
#ifndef DDMD_TEST_STREAM_SAMPLES_H
#define DDMD_TEST_STREAM_SAMPLES_H

#include "ddmd/random.h"
#include "stream/decisions.h"
#include "stream/features.h"
#include "stream/frames.h"

enum {
    SAMPLE_ENTRIES = 6,
    SAMPLE_ATOMS = 23,
    SAMPLE_POINTS = 30,
    SAMPLE_MAP = (SAMPLE_POINTS * (SAMPLE_POINTS - 1) / 2 + 7) / 8
};

typedef struct sample {
    enum ddmd_message_kind kind;
    ddmd_hello hello;
    ddmd_heartbeat heartbeat;
    ddmd_stop stop;
    ddmd_failed failed;
    ddmd_activity activity;
    ddmd_activity_span spans[SAMPLE_ENTRIES];
    ddmd_ack ack;
    ddmd_frames frames;
    ddmd_live_frame live[SAMPLE_ENTRIES];
    ddmd_replica_failure failures[SAMPLE_ENTRIES];
    float positions[SAMPLE_ENTRIES][SAMPLE_ATOMS * 3], velocities[SAMPLE_ENTRIES][SAMPLE_ATOMS * 3];
    uint8_t maps[SAMPLE_ENTRIES][SAMPLE_MAP];
    ddmd_durable durable;
    ddmd_durable_frame durable_frames[SAMPLE_ENTRIES];
    ddmd_features features;
    ddmd_feature feature[SAMPLE_ENTRIES];
    ddmd_weights weights;
    ddmd_model_check model_check;
    ddmd_ranking ranking;
    ddmd_ranked ranked[SAMPLE_ENTRIES];
    ddmd_unproductive unproductive;
    ddmd_idle idle[SAMPLE_ENTRIES];
    ddmd_assign assign;
    ddmd_release release;
} sample;

extern const enum ddmd_message_kind sample_kinds[];
extern const size_t sample_n_kinds;

/* Random content; pointers lead into the sample, which therefore stays where it is. */
void sample_fill(sample *s, enum ddmd_message_kind kind, ddmd_random *random);

/* The message, not sealed. */
enum ddmd_status sample_encode(const sample *s, ddmd_message **message, ddmd_error *err);

/* Decode every entry; asserts that all is as it was put in. */
void sample_expect(const sample *s, const ddmd_message *message);

#endif
