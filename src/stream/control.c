#include "stream/control.h"

#include "core/try.h"
#include "stream/wire.h"

enum {
    HELLO_SIZE = 16,
    HEARTBEAT_SIZE = 24 + DDMD_HEARTBEAT_DETAIL_SIZE,
    STOP_SIZE = 8 + DDMD_REASON_SIZE,
    FAILED_SIZE = 8 + DDMD_ERROR_MESSAGE_SIZE,
    ACK_SIZE = 16,
    ACTIVITY_SIZE = 24,
    SPAN_SIZE = 24
};

const char *ddmd_activity_name(enum ddmd_activity_kind kind)
{
    switch (kind) {
#define ACTIVITY_NAME(name, number) \
    case DDMD_ACTIVITY_##name:      \
        return #name;
        DDMD_ACTIVITY_MAP(ACTIVITY_NAME)
#undef ACTIVITY_NAME
    }
    return "?";
}

static enum ddmd_activity_kind get_activity(ddmd_wire *wire)
{
    uint32_t number = ddmd_wire_get_u32(wire);
    if (number < DDMD_ACTIVITY_start || number > DDMD_ACTIVITY_stop) {
        wire->failed = true;
        return DDMD_ACTIVITY_start;
    }
    return (enum ddmd_activity_kind)number;
}

enum ddmd_status ddmd_hello_encode(const ddmd_hello *hello, ddmd_message **message, ddmd_error *err)
{
    enum ddmd_status status = DDMD_OK;
    ddmd_message *made = NULL;
    DDMD_TRY(ddmd_message_create(DDMD_MESSAGE_HELLO, HELLO_SIZE, &made, err));
    ddmd_wire wire = ddmd_wire_of(made, 0);
    ddmd_wire_put_u32(&wire, hello->pid);
    ddmd_wire_put_u16(&wire, hello->protocol);
    ddmd_wire_put_u16(&wire, hello->answer);
    ddmd_wire_put_u64(&wire, hello->next);
    *message = made;
out:
    return status;
}

enum ddmd_status ddmd_hello_decode(const ddmd_message *message, ddmd_hello *hello, ddmd_error *err)
{
    enum ddmd_status status = DDMD_OK;
    DDMD_TRY(ddmd_wire_expect(message, DDMD_MESSAGE_HELLO, err));
    ddmd_wire wire = ddmd_wire_of(message, 0);
    ddmd_hello read = {.pid = ddmd_wire_get_u32(&wire), .protocol = ddmd_wire_get_u16(&wire)};
    unsigned answer = ddmd_wire_get_u16(&wire);
    read.answer = answer == 1;
    read.next = ddmd_wire_get_u64(&wire);
    wire.failed |= answer > 1 || read.next == 0;
    DDMD_TRY(ddmd_wire_end(&wire, message, err));
    *hello = read;
out:
    return status;
}

enum ddmd_status ddmd_heartbeat_encode(const ddmd_heartbeat *heartbeat, ddmd_message **message,
                                       ddmd_error *err)
{
    enum ddmd_status status = DDMD_OK;
    ddmd_message *made = NULL;
    DDMD_TRY(ddmd_message_create(DDMD_MESSAGE_HEARTBEAT, HEARTBEAT_SIZE, &made, err));
    ddmd_wire wire = ddmd_wire_of(made, 0);
    ddmd_wire_put_u64(&wire, heartbeat->counter);
    ddmd_wire_put_u64(&wire, heartbeat->done);
    ddmd_wire_put_u32(&wire, heartbeat->activity);
    ddmd_wire_put_zeros(&wire, 4);
    ddmd_wire_put_text(&wire, heartbeat->detail, sizeof heartbeat->detail);
    *message = made;
out:
    return status;
}

enum ddmd_status ddmd_heartbeat_decode(const ddmd_message *message, ddmd_heartbeat *heartbeat,
                                       ddmd_error *err)
{
    enum ddmd_status status = DDMD_OK;
    DDMD_TRY(ddmd_wire_expect(message, DDMD_MESSAGE_HEARTBEAT, err));
    ddmd_wire wire = ddmd_wire_of(message, 0);
    ddmd_heartbeat read = {.counter = ddmd_wire_get_u64(&wire)};
    read.done = ddmd_wire_get_u64(&wire);
    read.activity = get_activity(&wire);
    ddmd_wire_get_zeros(&wire, 4);
    ddmd_wire_get_text(&wire, read.detail, sizeof read.detail);
    DDMD_TRY(ddmd_wire_end(&wire, message, err));
    *heartbeat = read;
out:
    return status;
}

enum ddmd_status ddmd_stop_encode(const ddmd_stop *stop, ddmd_message **message, ddmd_error *err)
{
    enum ddmd_status status = DDMD_OK;
    ddmd_message *made = NULL;
    DDMD_TRY(ddmd_message_create(DDMD_MESSAGE_STOP, STOP_SIZE, &made, err));
    ddmd_wire wire = ddmd_wire_of(made, 0);
    ddmd_wire_put_bool(&wire, stop->now);
    ddmd_wire_put_zeros(&wire, 4);
    ddmd_wire_put_text(&wire, stop->reason, sizeof stop->reason);
    *message = made;
out:
    return status;
}

enum ddmd_status ddmd_stop_decode(const ddmd_message *message, ddmd_stop *stop, ddmd_error *err)
{
    enum ddmd_status status = DDMD_OK;
    DDMD_TRY(ddmd_wire_expect(message, DDMD_MESSAGE_STOP, err));
    ddmd_wire wire = ddmd_wire_of(message, 0);
    ddmd_stop read = {.now = ddmd_wire_get_bool(&wire)};
    ddmd_wire_get_zeros(&wire, 4);
    ddmd_wire_get_text(&wire, read.reason, sizeof read.reason);
    DDMD_TRY(ddmd_wire_end(&wire, message, err));
    *stop = read;
out:
    return status;
}

enum ddmd_status ddmd_failed_encode(const ddmd_failed *failed, ddmd_message **message,
                                    ddmd_error *err)
{
    enum ddmd_status status = DDMD_OK;
    ddmd_message *made = NULL;
    DDMD_TRY(ddmd_message_create(DDMD_MESSAGE_FAILED, FAILED_SIZE, &made, err));
    ddmd_wire wire = ddmd_wire_of(made, 0);
    ddmd_wire_put_u32(&wire, failed->error.status);
    ddmd_wire_put_zeros(&wire, 4);
    ddmd_wire_put_text(&wire, failed->error.message, sizeof failed->error.message);
    *message = made;
out:
    return status;
}

enum ddmd_status ddmd_failed_decode(const ddmd_message *message, ddmd_failed *failed,
                                    ddmd_error *err)
{
    enum ddmd_status status = DDMD_OK;
    DDMD_TRY(ddmd_wire_expect(message, DDMD_MESSAGE_FAILED, err));
    ddmd_wire wire = ddmd_wire_of(message, 0);
    ddmd_failed read = {0};
    uint32_t number = ddmd_wire_get_u32(&wire);
    wire.failed |= number <= DDMD_OK || number > DDMD_CANCELLED;
    read.error.status = (enum ddmd_status)number;
    ddmd_wire_get_zeros(&wire, 4);
    ddmd_wire_get_text(&wire, read.error.message, sizeof read.error.message);
    DDMD_TRY(ddmd_wire_end(&wire, message, err));
    *failed = read;
out:
    return status;
}

enum ddmd_status ddmd_activity_encode(const ddmd_activity *activity, ddmd_message **message,
                                      ddmd_error *err)
{
    enum ddmd_status status = DDMD_OK;
    ddmd_message *made = NULL;
    if (activity->n > DDMD_ACTIVITY_MAX_SPANS)
        DDMD_FAIL(err, DDMD_INVALID, "a message ACTIVITY of %zu spans; the limit is %d",
                  activity->n, DDMD_ACTIVITY_MAX_SPANS);
    DDMD_TRY(ddmd_message_create(DDMD_MESSAGE_ACTIVITY, ACTIVITY_SIZE + activity->n * SPAN_SIZE,
                                 &made, err));
    ddmd_wire wire = ddmd_wire_of(made, 0);
    ddmd_wire_put_u32(&wire, (uint32_t)activity->n);
    ddmd_wire_put_zeros(&wire, 4);
    ddmd_wire_put_f64(&wire, activity->now_s);
    ddmd_wire_put_f64(&wire, activity->now_wall_s);
    for (size_t i = 0; i < activity->n; i++) {
        ddmd_wire_put_u32(&wire, activity->spans[i].kind);
        ddmd_wire_put_zeros(&wire, 4);
        ddmd_wire_put_f64(&wire, activity->spans[i].from_s);
        ddmd_wire_put_f64(&wire, activity->spans[i].to_s);
    }
    *message = made;
out:
    return status;
}

static ddmd_activity_span get_span(ddmd_wire *wire)
{
    ddmd_activity_span span = {.kind = get_activity(wire)};
    ddmd_wire_get_zeros(wire, 4);
    span.from_s = ddmd_wire_get_f64(wire);
    span.to_s = ddmd_wire_get_f64(wire);
    wire->failed |= !(span.from_s <= span.to_s);
    return span;
}

enum ddmd_status ddmd_activity_decode(const ddmd_message *message, ddmd_activity *activity,
                                      ddmd_error *err)
{
    enum ddmd_status status = DDMD_OK;
    DDMD_TRY(ddmd_wire_expect(message, DDMD_MESSAGE_ACTIVITY, err));
    ddmd_wire wire = ddmd_wire_of(message, 0);
    ddmd_activity read = {.n = ddmd_wire_get_u32(&wire)};
    ddmd_wire_get_zeros(&wire, 4);
    read.now_s = ddmd_wire_get_f64(&wire);
    read.now_wall_s = ddmd_wire_get_f64(&wire);
    wire.failed |= read.n > DDMD_ACTIVITY_MAX_SPANS;
    for (size_t i = 0; i < read.n && !wire.failed; i++)
        (void)get_span(&wire);
    DDMD_TRY(ddmd_wire_end(&wire, message, err));
    *activity = read;
out:
    return status;
}

ddmd_activity_span ddmd_activity_span_at(const ddmd_message *message, size_t i)
{
    ddmd_wire wire = ddmd_wire_of(message, ACTIVITY_SIZE + i * SPAN_SIZE);
    return get_span(&wire);
}

enum ddmd_status ddmd_ack_encode(const ddmd_ack *ack, ddmd_message **message, ddmd_error *err)
{
    enum ddmd_status status = DDMD_OK;
    ddmd_message *made = NULL;
    DDMD_TRY(ddmd_message_create(DDMD_MESSAGE_ACK, ACK_SIZE, &made, err));
    ddmd_wire wire = ddmd_wire_of(made, 0);
    ddmd_wire_put_u32(&wire, ack->epoch);
    ddmd_wire_put_zeros(&wire, 4);
    ddmd_wire_put_u64(&wire, ack->sequence);
    *message = made;
out:
    return status;
}

enum ddmd_status ddmd_ack_decode(const ddmd_message *message, ddmd_ack *ack, ddmd_error *err)
{
    enum ddmd_status status = DDMD_OK;
    DDMD_TRY(ddmd_wire_expect(message, DDMD_MESSAGE_ACK, err));
    ddmd_wire wire = ddmd_wire_of(message, 0);
    ddmd_ack read = {.epoch = ddmd_wire_get_u32(&wire)};
    ddmd_wire_get_zeros(&wire, 4);
    read.sequence = ddmd_wire_get_u64(&wire);
    DDMD_TRY(ddmd_wire_end(&wire, message, err));
    *ack = read;
out:
    return status;
}
