#include "stream/frames.h"

#include "core/try.h"
#include "ddmd/geometry.h"
#include "stream/frame_records.h"

enum { HEAD_SIZE = 24, FRAME_SIZE = 72 };

/* Where the parts of a payload begin; the last is its length. */
typedef struct layout {
    uint64_t xyz_bytes, map_bytes; /* of one frame */
    uint64_t frames, failures, positions, velocities, maps, end;
} layout;

static bool in_bounds(const ddmd_frames *f)
{
    return f->n_atoms <= DDMD_FRAMES_MAX_ATOMS && f->n_points <= DDMD_FRAMES_MAX_POINTS &&
           f->n_frames <= DDMD_FRAMES_MAX && f->n_failures <= DDMD_FRAMES_MAX;
}

/* For sizes in bounds, no sum exceeds 2^52. */
static layout lay_out(const ddmd_frames *f)
{
    layout l = {.xyz_bytes = (uint64_t)f->n_atoms * 3 * sizeof(float),
                .map_bytes = ddmd_contact_map_bytes(f->n_points)};
    uint64_t xyz = ddmd_wire_padded(f->n_frames * l.xyz_bytes);
    l.frames = HEAD_SIZE;
    l.failures = l.frames + (uint64_t)f->n_frames * FRAME_SIZE;
    l.positions = l.failures + (uint64_t)f->n_failures * DDMD_FAILURE_SIZE;
    l.velocities = l.positions + xyz;
    l.maps = l.velocities + (f->velocities ? xyz : 0);
    l.end = l.maps + ddmd_wire_padded(f->n_frames * l.map_bytes);
    return l;
}

static void put_record(ddmd_wire *wire, const ddmd_live_frame *live)
{
    const ddmd_frame *frame = &live->frame;
    ddmd_wire_put_u32(wire, frame->simulation);
    ddmd_wire_put_u32(wire, frame->index);
    ddmd_wire_put_u32(wire, frame->system);
    ddmd_wire_put_u32(wire, live->replica);
    ddmd_wire_put_u64(wire, frame->step);
    ddmd_wire_put_f64(wire, frame->time_ps);
    ddmd_wire_put_f64(wire, live->created_s);
    ddmd_wire_put_f64(wire, live->created_wall_s);
    ddmd_wire_put_f64(wire, frame->potential_energy);
    ddmd_wire_put_f64(wire, frame->kinetic_energy);
    ddmd_wire_put_f32(wire, frame->rmsd_nm);
    ddmd_wire_put_f32(wire, frame->radius_of_gyration_nm);
}

static void get_record(ddmd_wire *wire, ddmd_live_frame *live)
{
    ddmd_frame *frame = &live->frame;
    frame->simulation = ddmd_wire_get_u32(wire);
    frame->index = ddmd_wire_get_u32(wire);
    frame->system = ddmd_wire_get_u32(wire);
    live->replica = ddmd_wire_get_u32(wire);
    frame->step = ddmd_wire_get_u64(wire);
    frame->time_ps = ddmd_wire_get_f64(wire);
    live->created_s = ddmd_wire_get_f64(wire);
    live->created_wall_s = ddmd_wire_get_f64(wire);
    frame->potential_energy = ddmd_wire_get_f64(wire);
    frame->kinetic_energy = ddmd_wire_get_f64(wire);
    frame->rmsd_nm = ddmd_wire_get_f32(wire);
    frame->radius_of_gyration_nm = ddmd_wire_get_f32(wire);
}

static void put_arrays(ddmd_wire *wire, const ddmd_frames *f, const layout *l)
{
    size_t xyz_rest =
        (size_t)(ddmd_wire_padded(f->n_frames * l->xyz_bytes) - f->n_frames * l->xyz_bytes);
    for (size_t i = 0; i < f->n_frames; i++)
        ddmd_wire_put(wire, f->frames[i].frame.positions, (size_t)l->xyz_bytes);
    ddmd_wire_put_zeros(wire, xyz_rest);
    for (size_t i = 0; f->velocities && i < f->n_frames; i++)
        ddmd_wire_put(wire, f->frames[i].frame.velocities, (size_t)l->xyz_bytes);
    ddmd_wire_put_zeros(wire, f->velocities ? xyz_rest : 0);
    for (size_t i = 0; i < f->n_frames; i++)
        ddmd_wire_put(wire, f->frames[i].frame.contact_map, (size_t)l->map_bytes);
    ddmd_wire_put_zeros(wire, wire->left);
}

enum ddmd_status ddmd_frames_encode(const ddmd_frames *frames, ddmd_message **message,
                                    ddmd_error *err)
{
    enum ddmd_status status = DDMD_OK;
    ddmd_message *made = NULL;
    if (!in_bounds(frames))
        DDMD_FAIL(err, DDMD_INVALID, "a message FRAMES of %zu frames of %zu atoms is out of bounds",
                  frames->n_frames, frames->n_atoms);
    layout l = lay_out(frames);
    DDMD_TRY(ddmd_message_create(DDMD_MESSAGE_FRAMES, l.end, &made, err));
    ddmd_wire wire = ddmd_wire_of(made, 0);
    ddmd_wire_put_u32(&wire, (uint32_t)frames->n_atoms);
    ddmd_wire_put_u32(&wire, (uint32_t)frames->n_points);
    ddmd_wire_put_u32(&wire, (uint32_t)frames->n_frames);
    ddmd_wire_put_u32(&wire, (uint32_t)frames->n_failures);
    ddmd_wire_put_bool(&wire, frames->velocities);
    ddmd_wire_put_zeros(&wire, 4);
    for (size_t i = 0; i < frames->n_frames; i++)
        put_record(&wire, &frames->frames[i]);
    for (size_t i = 0; i < frames->n_failures; i++)
        ddmd_wire_put_failure(&wire, &frames->failures[i]);
    put_arrays(&wire, frames, &l);
    *message = made;
out:
    return status;
}

static ddmd_frames get_head(ddmd_wire *wire)
{
    ddmd_frames f = {.n_atoms = ddmd_wire_get_u32(wire)};
    f.n_points = ddmd_wire_get_u32(wire);
    f.n_frames = ddmd_wire_get_u32(wire);
    f.n_failures = ddmd_wire_get_u32(wire);
    f.velocities = ddmd_wire_get_bool(wire);
    ddmd_wire_get_zeros(wire, 4);
    return f;
}

enum ddmd_status ddmd_frames_decode(const ddmd_message *message, ddmd_frames *frames,
                                    ddmd_error *err)
{
    enum ddmd_status status = DDMD_OK;
    ddmd_replica_failure failure;
    DDMD_TRY(ddmd_wire_expect(message, DDMD_MESSAGE_FRAMES, err));
    ddmd_wire wire = ddmd_wire_of(message, 0);
    ddmd_frames read = get_head(&wire);
    if (wire.failed || !in_bounds(&read))
        DDMD_FAIL(err, DDMD_FORMAT,
                  "message FRAMES: %zu frames of %zu atoms, %zu points, %zu failures are no "
                  "sizes",
                  read.n_frames, read.n_atoms, read.n_points, read.n_failures);
    layout l = lay_out(&read);
    if (l.end != ddmd_message_header_of(message)->length)
        DDMD_FAIL(err, DDMD_FORMAT,
                  "message FRAMES: %zu frames of %zu atoms and %zu points do not take the %zu "
                  "bytes that there are",
                  read.n_frames, read.n_atoms, read.n_points,
                  (size_t)ddmd_message_header_of(message)->length);
    wire = ddmd_wire_of(message, (size_t)l.failures);
    for (size_t i = 0; i < read.n_failures; i++)
        ddmd_wire_get_failure(&wire, &failure);
    if (wire.failed)
        DDMD_FAIL(err, DDMD_FORMAT, "message FRAMES: the reason of a failure is no text");
    *frames = read;
out:
    return status;
}

void ddmd_frames_frame(const ddmd_message *message, size_t i, ddmd_live_frame *frame)
{
    ddmd_wire wire = ddmd_wire_of(message, 0);
    ddmd_frames head = get_head(&wire);
    layout l = lay_out(&head);
    uint8_t *payload = ddmd_message_payload(message);
    wire = ddmd_wire_of(message, (size_t)l.frames + i * FRAME_SIZE);
    get_record(&wire, frame);
    frame->frame.positions = (float *)(void *)(payload + l.positions + i * l.xyz_bytes);
    frame->frame.velocities =
        head.velocities ? (float *)(void *)(payload + l.velocities + i * l.xyz_bytes) : NULL;
    frame->frame.contact_map = payload + l.maps + i * l.map_bytes;
}

void ddmd_frames_failure(const ddmd_message *message, size_t i, ddmd_replica_failure *failure)
{
    ddmd_wire wire = ddmd_wire_of(message, 0);
    ddmd_frames head = get_head(&wire);
    wire = ddmd_wire_of(message, (size_t)lay_out(&head).failures + i * DDMD_FAILURE_SIZE);
    ddmd_wire_get_failure(&wire, failure);
}
