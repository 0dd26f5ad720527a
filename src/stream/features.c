#include "stream/features.h"

#include "core/try.h"
#include "ddmd/geometry.h"
#include "stream/wire.h"

enum { HEAD_SIZE = 24, FEATURE_SIZE = 24 };

static uint64_t maps_offset(size_t n)
{
    return HEAD_SIZE + (uint64_t)n * FEATURE_SIZE;
}

/* For counts in bounds, below 2^52. */
static uint64_t payload_length(size_t n, size_t n_points)
{
    return maps_offset(n) + ddmd_wire_padded((uint64_t)n * ddmd_contact_map_bytes(n_points));
}

enum ddmd_status ddmd_features_encode(const ddmd_features *features, ddmd_message **message,
                                      ddmd_error *err)
{
    enum ddmd_status status = DDMD_OK;
    ddmd_message *made = NULL;
    if (features->n > DDMD_FEATURES_MAX || features->n_points > DDMD_FEATURES_MAX_POINTS)
        DDMD_FAIL(err, DDMD_INVALID,
                  "a message FEATURES of %zu maps of %zu points is out of bounds", features->n,
                  features->n_points);
    DDMD_TRY(ddmd_message_create(DDMD_MESSAGE_FEATURES,
                                 payload_length(features->n, features->n_points), &made, err));
    ddmd_wire wire = ddmd_wire_of(made, 0);
    ddmd_wire_put_u32(&wire, (uint32_t)features->n);
    ddmd_wire_put_u32(&wire, (uint32_t)features->n_points);
    ddmd_wire_put_u32(&wire, features->file);
    ddmd_wire_put_zeros(&wire, 4);
    ddmd_wire_put_u64(&wire, features->first_row);
    for (size_t i = 0; i < features->n; i++) {
        const ddmd_feature *feature = &features->features[i];
        ddmd_wire_put_u32(&wire, feature->simulation);
        ddmd_wire_put_u32(&wire, feature->index);
        ddmd_wire_put_u32(&wire, feature->system);
        ddmd_wire_put_f32(&wire, feature->rmsd_nm);
        ddmd_wire_put_f64(&wire, feature->created_s);
    }
    for (size_t i = 0; i < features->n; i++)
        ddmd_wire_put(&wire, features->features[i].map, ddmd_contact_map_bytes(features->n_points));
    ddmd_wire_put_zeros(&wire, wire.left);
    *message = made;
out:
    return status;
}

enum ddmd_status ddmd_features_decode(const ddmd_message *message, ddmd_features *features,
                                      ddmd_error *err)
{
    enum ddmd_status status = DDMD_OK;
    DDMD_TRY(ddmd_wire_expect(message, DDMD_MESSAGE_FEATURES, err));
    ddmd_wire wire = ddmd_wire_of(message, 0);
    ddmd_features read = {.n = ddmd_wire_get_u32(&wire)};
    read.n_points = ddmd_wire_get_u32(&wire);
    read.file = ddmd_wire_get_u32(&wire);
    ddmd_wire_get_zeros(&wire, 4);
    read.first_row = ddmd_wire_get_u64(&wire);
    if (wire.failed || read.n > DDMD_FEATURES_MAX || read.n_points > DDMD_FEATURES_MAX_POINTS ||
        payload_length(read.n, read.n_points) != ddmd_message_header_of(message)->length)
        DDMD_FAIL(err, DDMD_FORMAT,
                  "message FEATURES: %zu maps of %zu points do not take the %zu bytes that there "
                  "are",
                  read.n, read.n_points, (size_t)ddmd_message_header_of(message)->length);
    read.maps = ddmd_message_payload(message) + maps_offset(read.n);
    *features = read;
out:
    return status;
}

void ddmd_features_at(const ddmd_message *message, size_t i, ddmd_feature *feature)
{
    ddmd_wire wire = ddmd_wire_of(message, 0);
    size_t n = ddmd_wire_get_u32(&wire), n_points = ddmd_wire_get_u32(&wire);
    wire = ddmd_wire_of(message, HEAD_SIZE + i * FEATURE_SIZE);
    feature->simulation = ddmd_wire_get_u32(&wire);
    feature->index = ddmd_wire_get_u32(&wire);
    feature->system = ddmd_wire_get_u32(&wire);
    feature->rmsd_nm = ddmd_wire_get_f32(&wire);
    feature->created_s = ddmd_wire_get_f64(&wire);
    feature->map =
        ddmd_message_payload(message) + maps_offset(n) + i * ddmd_contact_map_bytes(n_points);
}
