/*
 * Frames on their way from simulators to disk.
 *
 * Decoders check all lengths and hand out views: entries are read one by one, their arrays lie in
 * the message, whose life bounds theirs. FORMAT where the payload does not follow its layout,
 * INVALID where the message is of another kind. Floats are passed on as they are: rmsd_nm is NaN
 * where there is no reference.
 */
#ifndef DDMD_STREAM_FRAMES_H
#define DDMD_STREAM_FRAMES_H

#include "ddmd/store.h"
#include "stream/message.h"

enum {
    DDMD_FRAMES_MAX = 1 << 20, /* entries of one message */
    DDMD_FRAMES_MAX_ATOMS = 1 << 24,
    DDMD_FRAMES_MAX_POINTS = 1 << 16,
    DDMD_FAILURE_REASON_SIZE = 256
};

/* A frame that travels: what is stored, and what is known of its making. */
typedef struct ddmd_live_frame {
    ddmd_frame frame; /* sizes of its arrays: see ddmd_frames */
    uint32_t replica; /* slot of the campaign, from 0 */
    double created_s; /* CLOCK_MONOTONIC; the same clock for all processes of one machine */
    double created_wall_s;
} ddmd_live_frame;

/* A replica that blew up. All frames that it gave stand in this message or in earlier ones. */
typedef struct ddmd_replica_failure {
    uint32_t replica;
    uint32_t simulation;
    uint64_t step; /* of the failure, in its simulation; where unknown, of its last frame */
    char reason[DDMD_FAILURE_REASON_SIZE];
} ddmd_replica_failure;

/* FRAMES, simulate -> aggregate, numbered: what one block of steps gave. */
typedef struct ddmd_frames {
    size_t n_atoms, n_points; /* of every frame */
    bool velocities;          /* whether frames have them; where not, the decoded pointer is NULL */
    size_t n_frames, n_failures;
    const ddmd_live_frame *frames;        /* [n_frames]; encoding only */
    const ddmd_replica_failure *failures; /* [n_failures]; encoding only */
} ddmd_frames;

enum ddmd_status ddmd_frames_encode(const ddmd_frames *frames, ddmd_message **message,
                                    ddmd_error *err);
/* *frames: sizes and counts; frames and failures NULL. */
enum ddmd_status ddmd_frames_decode(const ddmd_message *message, ddmd_frames *frames,
                                    ddmd_error *err);
/*
 * Entry i of a message that was decoded without error. positions, velocities and contact_map of
 * the frame lie in the message and are to be read only (ddmd_frame_file_append() takes them so).
 */
void ddmd_frames_frame(const ddmd_message *message, size_t i, ddmd_live_frame *frame);
void ddmd_frames_failure(const ddmd_message *message, size_t i, ddmd_replica_failure *failure);

/*
 * DURABLE, aggregate -> coordinator, numbered: frames that survive SIGKILL from now on, in the
 * order in which they stand in their file, and the failures that came after them.
 */
typedef struct ddmd_durable_frame {
    uint32_t simulation, index;
    uint32_t replica;
    float rmsd_nm;
    uint64_t step;
    double time_ps;
    uint32_t file;    /* number of the frame file: frames-FILE.h5 */
    uint64_t row;     /* in that file */
    double created_s; /* as in ddmd_live_frame */
    double created_wall_s;
} ddmd_durable_frame;

typedef struct ddmd_durable {
    size_t n_frames, n_failures;
    const ddmd_durable_frame *frames;     /* [n_frames]; encoding only */
    const ddmd_replica_failure *failures; /* [n_failures]; encoding only */
} ddmd_durable;
enum ddmd_status ddmd_durable_encode(const ddmd_durable *durable, ddmd_message **message,
                                     ddmd_error *err);
enum ddmd_status ddmd_durable_decode(const ddmd_message *message, ddmd_durable *durable,
                                     ddmd_error *err);
void ddmd_durable_frame_at(const ddmd_message *message, size_t i, ddmd_durable_frame *frame);
void ddmd_durable_failure(const ddmd_message *message, size_t i, ddmd_replica_failure *failure);

#endif
