#include "core/try.h"
#include "stream/decisions.h"
#include "stream/wire.h"

#include <math.h>

enum { HEAD_SIZE = 40, MAX_ATOMS = 1 << 24 };

static bool is_sound(const ddmd_assign *assign)
{
    return assign->n_atoms >= 1 && assign->n_atoms <= MAX_ATOMS && assign->temperature_kelvin > 0 &&
           isfinite(assign->temperature_kelvin);
}

/* Of positions, or of velocities, with what fills them up. */
static uint64_t array_length(size_t n_atoms)
{
    return ddmd_wire_padded((uint64_t)n_atoms * 3 * sizeof(float));
}

static void put_array(ddmd_wire *wire, const float *xyz, size_t n_atoms)
{
    size_t bytes = n_atoms * 3 * sizeof(float);
    ddmd_wire_put(wire, xyz, bytes);
    ddmd_wire_put_zeros(wire, (size_t)array_length(n_atoms) - bytes);
}

enum ddmd_status ddmd_assign_encode(const ddmd_assign *assign, ddmd_message **message,
                                    ddmd_error *err)
{
    enum ddmd_status status = DDMD_OK;
    ddmd_message *made = NULL;
    if (!is_sound(assign))
        DDMD_FAIL(err, DDMD_INVALID, "a message ASSIGN of %zu atoms at %g K is out of bounds",
                  assign->n_atoms, assign->temperature_kelvin);
    DDMD_TRY(ddmd_message_create(
        DDMD_MESSAGE_ASSIGN,
        HEAD_SIZE + (assign->velocities ? 2 : 1) * array_length(assign->n_atoms), &made, err));
    ddmd_wire wire = ddmd_wire_of(made, 0);
    ddmd_wire_put_u32(&wire, assign->replica);
    ddmd_wire_put_u32(&wire, assign->simulation);
    ddmd_wire_put_u32(&wire, assign->first_frame);
    ddmd_wire_put_bool(&wire, assign->velocities != NULL);
    ddmd_wire_put_u64(&wire, assign->first_step);
    ddmd_wire_put_f64(&wire, assign->temperature_kelvin);
    ddmd_wire_put_u32(&wire, (uint32_t)assign->n_atoms);
    ddmd_wire_put_zeros(&wire, 4);
    put_array(&wire, assign->positions, assign->n_atoms);
    if (assign->velocities)
        put_array(&wire, assign->velocities, assign->n_atoms);
    *message = made;
out:
    return status;
}

enum ddmd_status ddmd_assign_decode(const ddmd_message *message, ddmd_assign *assign,
                                    ddmd_error *err)
{
    enum ddmd_status status = DDMD_OK;
    DDMD_TRY(ddmd_wire_expect(message, DDMD_MESSAGE_ASSIGN, err));
    ddmd_wire wire = ddmd_wire_of(message, 0);
    ddmd_assign read = {.replica = ddmd_wire_get_u32(&wire)};
    read.simulation = ddmd_wire_get_u32(&wire);
    read.first_frame = ddmd_wire_get_u32(&wire);
    bool velocities = ddmd_wire_get_bool(&wire);
    read.first_step = ddmd_wire_get_u64(&wire);
    read.temperature_kelvin = ddmd_wire_get_f64(&wire);
    read.n_atoms = ddmd_wire_get_u32(&wire);
    ddmd_wire_get_zeros(&wire, 4);
    wire.failed |= !is_sound(&read);
    if (!wire.failed) {
        size_t length = (size_t)array_length(read.n_atoms);
        read.positions = (const float *)(const void *)ddmd_wire_skip(&wire, length);
        if (velocities)
            read.velocities = (const float *)(const void *)ddmd_wire_skip(&wire, length);
    }
    DDMD_TRY(ddmd_wire_end(&wire, message, err));
    *assign = read;
out:
    return status;
}
