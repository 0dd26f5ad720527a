#include "core/try.h"
#include "stream/decisions.h"
#include "stream/wire.h"

enum { MODEL_CHECK_SIZE = 40 };

enum ddmd_status ddmd_model_check_encode(const ddmd_model_check *check, ddmd_message **message,
                                         ddmd_error *err)
{
    enum ddmd_status status = DDMD_OK;
    ddmd_message *made = NULL;
    DDMD_TRY(ddmd_message_create(DDMD_MESSAGE_MODEL_CHECK, MODEL_CHECK_SIZE, &made, err));
    ddmd_wire wire = ddmd_wire_of(made, 0);
    ddmd_wire_put_u32(&wire, check->version);
    ddmd_wire_put_bool(&wire, check->trained);
    ddmd_wire_put_u64(&wire, check->n_frames);
    ddmd_wire_put_u64(&wire, check->n_maps);
    ddmd_wire_put_f64(&wire, check->reconstruction);
    ddmd_wire_put_f64(&wire, check->reference_reconstruction);
    *message = made;
out:
    return status;
}

enum ddmd_status ddmd_model_check_decode(const ddmd_message *message, ddmd_model_check *check,
                                         ddmd_error *err)
{
    enum ddmd_status status = DDMD_OK;
    DDMD_TRY(ddmd_wire_expect(message, DDMD_MESSAGE_MODEL_CHECK, err));
    ddmd_wire wire = ddmd_wire_of(message, 0);
    ddmd_model_check read = {.version = ddmd_wire_get_u32(&wire)};
    read.trained = ddmd_wire_get_bool(&wire);
    read.n_frames = ddmd_wire_get_u64(&wire);
    read.n_maps = ddmd_wire_get_u64(&wire);
    read.reconstruction = ddmd_wire_get_f64(&wire);
    read.reference_reconstruction = ddmd_wire_get_f64(&wire);
    DDMD_TRY(ddmd_wire_end(&wire, message, err));
    *check = read;
out:
    return status;
}
