#include "core/try.h"
#include "stream/frame_records.h"

enum { HEAD_SIZE = 8, FRAME_SIZE = 64 };

static void put_frame(ddmd_wire *wire, const ddmd_durable_frame *frame)
{
    ddmd_wire_put_u32(wire, frame->simulation);
    ddmd_wire_put_u32(wire, frame->index);
    ddmd_wire_put_u32(wire, frame->replica);
    ddmd_wire_put_f32(wire, frame->rmsd_nm);
    ddmd_wire_put_u64(wire, frame->step);
    ddmd_wire_put_f64(wire, frame->time_ps);
    ddmd_wire_put_u32(wire, frame->file);
    ddmd_wire_put_zeros(wire, 4);
    ddmd_wire_put_u64(wire, frame->row);
    ddmd_wire_put_f64(wire, frame->created_s);
    ddmd_wire_put_f64(wire, frame->created_wall_s);
}

static void get_frame(ddmd_wire *wire, ddmd_durable_frame *frame)
{
    frame->simulation = ddmd_wire_get_u32(wire);
    frame->index = ddmd_wire_get_u32(wire);
    frame->replica = ddmd_wire_get_u32(wire);
    frame->rmsd_nm = ddmd_wire_get_f32(wire);
    frame->step = ddmd_wire_get_u64(wire);
    frame->time_ps = ddmd_wire_get_f64(wire);
    frame->file = ddmd_wire_get_u32(wire);
    ddmd_wire_get_zeros(wire, 4);
    frame->row = ddmd_wire_get_u64(wire);
    frame->created_s = ddmd_wire_get_f64(wire);
    frame->created_wall_s = ddmd_wire_get_f64(wire);
}

enum ddmd_status ddmd_durable_encode(const ddmd_durable *durable, ddmd_message **message,
                                     ddmd_error *err)
{
    enum ddmd_status status = DDMD_OK;
    ddmd_message *made = NULL;
    if (durable->n_frames > DDMD_FRAMES_MAX || durable->n_failures > DDMD_FRAMES_MAX)
        DDMD_FAIL(err, DDMD_INVALID, "a message DURABLE of %zu frames; the limit is %d",
                  durable->n_frames, DDMD_FRAMES_MAX);
    DDMD_TRY(ddmd_message_create(DDMD_MESSAGE_DURABLE,
                                 HEAD_SIZE + (uint64_t)durable->n_frames * FRAME_SIZE +
                                     (uint64_t)durable->n_failures * DDMD_FAILURE_SIZE,
                                 &made, err));
    ddmd_wire wire = ddmd_wire_of(made, 0);
    ddmd_wire_put_u32(&wire, (uint32_t)durable->n_frames);
    ddmd_wire_put_u32(&wire, (uint32_t)durable->n_failures);
    for (size_t i = 0; i < durable->n_frames; i++)
        put_frame(&wire, &durable->frames[i]);
    for (size_t i = 0; i < durable->n_failures; i++)
        ddmd_wire_put_failure(&wire, &durable->failures[i]);
    *message = made;
out:
    return status;
}

enum ddmd_status ddmd_durable_decode(const ddmd_message *message, ddmd_durable *durable,
                                     ddmd_error *err)
{
    enum ddmd_status status = DDMD_OK;
    ddmd_durable_frame frame;
    ddmd_replica_failure failure;
    DDMD_TRY(ddmd_wire_expect(message, DDMD_MESSAGE_DURABLE, err));
    ddmd_wire wire = ddmd_wire_of(message, 0);
    ddmd_durable read = {.n_frames = ddmd_wire_get_u32(&wire)};
    read.n_failures = ddmd_wire_get_u32(&wire);
    wire.failed |= read.n_frames > DDMD_FRAMES_MAX || read.n_failures > DDMD_FRAMES_MAX;
    for (size_t i = 0; i < read.n_frames && !wire.failed; i++)
        get_frame(&wire, &frame);
    for (size_t i = 0; i < read.n_failures && !wire.failed; i++)
        ddmd_wire_get_failure(&wire, &failure);
    DDMD_TRY(ddmd_wire_end(&wire, message, err));
    *durable = read;
out:
    return status;
}

void ddmd_durable_frame_at(const ddmd_message *message, size_t i, ddmd_durable_frame *frame)
{
    ddmd_wire wire = ddmd_wire_of(message, HEAD_SIZE + i * FRAME_SIZE);
    get_frame(&wire, frame);
}

void ddmd_durable_failure(const ddmd_message *message, size_t i, ddmd_replica_failure *failure)
{
    ddmd_wire wire = ddmd_wire_of(message, 0);
    size_t n_frames = ddmd_wire_get_u32(&wire);
    wire = ddmd_wire_of(message, HEAD_SIZE + n_frames * FRAME_SIZE + i * DDMD_FAILURE_SIZE);
    ddmd_wire_get_failure(&wire, failure);
}
