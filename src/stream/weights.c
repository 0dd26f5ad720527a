#include "core/try.h"
#include "stream/decisions.h"
#include "stream/wire.h"

enum { WEIGHTS_SIZE = 72 + DDMD_WEIGHTS_PATH_SIZE };

/* A name below the run directory: no step of it is empty, "." or "..". */
static bool stays_inside(const char *path)
{
    while (*path) {
        size_t length = strcspn(path, "/");
        if (length == 0 || (length == 1 && path[0] == '.') ||
            (length == 2 && path[0] == '.' && path[1] == '.'))
            return false;
        path += length;
        if (*path == '/' && *++path == '\0')
            return false;
    }
    return true;
}

enum ddmd_status ddmd_weights_encode(const ddmd_weights *weights, ddmd_message **message,
                                     ddmd_error *err)
{
    enum ddmd_status status = DDMD_OK;
    ddmd_message *made = NULL;
    if (!stays_inside(weights->path) || weights->kept != (*weights->path != '\0'))
        DDMD_FAIL(err, DDMD_INVALID,
                  "a message WEIGHTS with the path '%.200s': it must be relative, and there "
                  "where the model is kept",
                  weights->path);
    DDMD_TRY(ddmd_message_create(DDMD_MESSAGE_WEIGHTS, WEIGHTS_SIZE, &made, err));
    ddmd_wire wire = ddmd_wire_of(made, 0);
    ddmd_wire_put_u32(&wire, weights->version);
    ddmd_wire_put_u32(&wire, weights->latent_dim);
    ddmd_wire_put_u32(&wire, weights->epochs);
    ddmd_wire_put_bool(&wire, weights->kept);
    ddmd_wire_put_u64(&wire, weights->n_samples);
    ddmd_wire_put_u64(&wire, weights->n_maps);
    ddmd_wire_put_f64(&wire, weights->train_loss);
    ddmd_wire_put_f64(&wire, weights->validation_loss);
    ddmd_wire_put_f64(&wire, weights->train_reconstruction);
    ddmd_wire_put_f64(&wire, weights->validation_reconstruction);
    ddmd_wire_put_f64(&wire, weights->seconds);
    ddmd_wire_put_text(&wire, weights->path, sizeof weights->path);
    *message = made;
out:
    return status;
}

enum ddmd_status ddmd_weights_decode(const ddmd_message *message, ddmd_weights *weights,
                                     ddmd_error *err)
{
    enum ddmd_status status = DDMD_OK;
    DDMD_TRY(ddmd_wire_expect(message, DDMD_MESSAGE_WEIGHTS, err));
    ddmd_wire wire = ddmd_wire_of(message, 0);
    ddmd_weights read = {.version = ddmd_wire_get_u32(&wire)};
    read.latent_dim = ddmd_wire_get_u32(&wire);
    read.epochs = ddmd_wire_get_u32(&wire);
    read.kept = ddmd_wire_get_bool(&wire);
    read.n_samples = ddmd_wire_get_u64(&wire);
    read.n_maps = ddmd_wire_get_u64(&wire);
    read.train_loss = ddmd_wire_get_f64(&wire);
    read.validation_loss = ddmd_wire_get_f64(&wire);
    read.train_reconstruction = ddmd_wire_get_f64(&wire);
    read.validation_reconstruction = ddmd_wire_get_f64(&wire);
    read.seconds = ddmd_wire_get_f64(&wire);
    ddmd_wire_get_text(&wire, read.path, sizeof read.path);
    DDMD_TRY(ddmd_wire_end(&wire, message, err));
    if (!stays_inside(read.path) || read.kept != (*read.path != '\0'))
        DDMD_FAIL(err, DDMD_FORMAT,
                  "message WEIGHTS: the path '%.200s' does not stay inside the run directory, or "
                  "should not be there, or should",
                  read.path);
    *weights = read;
out:
    return status;
}
