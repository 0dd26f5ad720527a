#include "stream/message.h"

#include "core/try.h"
#include "stream/crc32c.h"
#include "stream/wire.h"

#include <inttypes.h>
#include <stdalign.h>
#include <stdatomic.h>
#include <stdlib.h>

static const char magic[4] = {'d', 'd', 'm', 'd'};

enum { CRC_OFFSET = 44, ALIGNMENT = 8 };

struct ddmd_message {
    atomic_uint users;
    bool sealed;
    ddmd_message_header header;
    uint8_t *bytes; /* header and payload */
    ddmd_message_release_fn *release;
    void *owner;
    alignas(max_align_t) uint8_t own[]; /* where the message keeps the bytes itself */
};

const char *ddmd_message_kind_name(enum ddmd_message_kind kind)
{
    switch (kind) {
#define KIND_NAME(name, number) \
    case DDMD_MESSAGE_##name:   \
        return #name;
        DDMD_MESSAGE_KIND_MAP(KIND_NAME)
#undef KIND_NAME
    }
    return "?";
}

static bool kind_from_number(unsigned number, enum ddmd_message_kind *kind)
{
    switch (number) {
#define KIND_NUMBER(name, value) case value:
        DDMD_MESSAGE_KIND_MAP(KIND_NUMBER)
#undef KIND_NUMBER
        *kind = (enum ddmd_message_kind)number;
        return true;
    default:
        return false;
    }
}

/* A message with room for n bytes of its own. */
static enum ddmd_status allocate(size_t n, ddmd_message **message, ddmd_error *err)
{
    ddmd_message *made = malloc(sizeof *made + n);
    if (!made)
        return ddmd_error_set(err, DDMD_NOMEM, "out of memory for a message of %zu bytes", n);
    *made = (ddmd_message){.bytes = made->own};
    atomic_init(&made->users, 1);
    *message = made;
    return DDMD_OK;
}

enum ddmd_status ddmd_message_create(enum ddmd_message_kind kind, uint64_t length,
                                     ddmd_message **message, ddmd_error *err)
{
    enum ddmd_status status = DDMD_OK;
    if (length > DDMD_MESSAGE_MAX_PAYLOAD)
        DDMD_FAIL(err, DDMD_INVALID,
                  "a message %s of %" PRIu64 " bytes is too long; the limit is %" PRIu64,
                  ddmd_message_kind_name(kind), length, DDMD_MESSAGE_MAX_PAYLOAD);
    DDMD_TRY(allocate(DDMD_MESSAGE_HEADER_SIZE + (size_t)length, message, err));
    (*message)->header = (ddmd_message_header){.kind = kind, .length = length};
out:
    return status;
}

enum ddmd_status ddmd_message_seal(ddmd_message *message, const ddmd_identity *sender,
                                   uint64_t sequence, ddmd_error *err)
{
    ddmd_message_header *h = &message->header;
    if (message->sealed)
        return ddmd_error_set(err, DDMD_INVALID, "a message %s was sealed twice",
                              ddmd_message_kind_name(h->kind));
    h->sender = *sender;
    h->sequence = sequence;
    uint8_t head[DDMD_MESSAGE_HEADER_SIZE];
    ddmd_wire wire = {.at = head, .left = sizeof head};
    ddmd_wire_put(&wire, magic, sizeof magic);
    ddmd_wire_put_u16(&wire, DDMD_MESSAGE_VERSION);
    ddmd_wire_put_u16(&wire, (uint16_t)h->kind);
    ddmd_wire_put_u64(&wire, h->length);
    ddmd_wire_put_u64(&wire, sender->campaign);
    ddmd_wire_put_u64(&wire, sequence);
    ddmd_wire_put_u16(&wire, (uint16_t)sender->peer.role);
    ddmd_wire_put_u16(&wire, 0);
    ddmd_wire_put_u32(&wire, sender->peer.index);
    ddmd_wire_put_u32(&wire, sender->epoch);
    uint32_t crc = ddmd_crc32c(0, head, CRC_OFFSET);
    crc = ddmd_crc32c(crc, message->bytes + DDMD_MESSAGE_HEADER_SIZE, (size_t)h->length);
    ddmd_wire_put_u32(&wire, crc);
    memcpy(message->bytes, head, sizeof head);
    message->sealed = true;
    return DDMD_OK;
}

/* Everything that does not depend on the kind. */
static enum ddmd_status read_header(const uint8_t *bytes, size_t length, ddmd_message_header *h,
                                    ddmd_error *err)
{
    enum ddmd_status status = DDMD_OK;
    char found[sizeof magic];
    if (length < DDMD_MESSAGE_HEADER_SIZE)
        DDMD_FAIL(err, DDMD_FORMAT, "%zu bytes are no message: a header alone has %d", length,
                  DDMD_MESSAGE_HEADER_SIZE);
    ddmd_wire wire = {.at = (uint8_t *)bytes, .left = DDMD_MESSAGE_HEADER_SIZE};
    ddmd_wire_get(&wire, found, sizeof found);
    if (memcmp(found, magic, sizeof magic) != 0)
        DDMD_FAIL(err, DDMD_FORMAT, "not a message of ddmd: it does not begin with 'ddmd'");
    unsigned version = ddmd_wire_get_u16(&wire);
    if (version != DDMD_MESSAGE_VERSION)
        DDMD_FAIL(err, DDMD_FORMAT,
                  "a message of version %u, but this program speaks version %d; all processes of "
                  "a campaign must be of one build",
                  version, DDMD_MESSAGE_VERSION);
    unsigned kind = ddmd_wire_get_u16(&wire);
    h->length = ddmd_wire_get_u64(&wire);
    if (h->length > DDMD_MESSAGE_MAX_PAYLOAD || h->length != length - DDMD_MESSAGE_HEADER_SIZE)
        DDMD_FAIL(err, DDMD_FORMAT,
                  "a message whose header says %" PRIu64 " bytes of payload has %zu", h->length,
                  length - DDMD_MESSAGE_HEADER_SIZE);
    h->sender.campaign = ddmd_wire_get_u64(&wire);
    h->sequence = ddmd_wire_get_u64(&wire);
    unsigned role = ddmd_wire_get_u16(&wire);
    ddmd_wire_get_zeros(&wire, 2);
    h->sender.peer.index = ddmd_wire_get_u32(&wire);
    h->sender.epoch = ddmd_wire_get_u32(&wire);
    uint32_t crc = ddmd_crc32c(0, bytes, CRC_OFFSET);
    crc = ddmd_crc32c(crc, bytes + DDMD_MESSAGE_HEADER_SIZE, (size_t)h->length);
    if (crc != ddmd_wire_get_u32(&wire))
        DDMD_FAIL(err, DDMD_FORMAT, "a message was damaged on its way: its checksum is wrong");
    if (!kind_from_number(kind, &h->kind))
        DDMD_FAIL(err, DDMD_FORMAT, "a message of the unknown kind %u", kind);
    if (!ddmd_role_from_number(role, &h->sender.peer.role))
        DDMD_FAIL(err, DDMD_FORMAT, "a message %s from the unknown role %u",
                  ddmd_message_kind_name(h->kind), role);
    if (h->sender.epoch == 0 || wire.failed)
        DDMD_FAIL(err, DDMD_FORMAT, "a message %s with an epoch of 0 or bytes where there are none",
                  ddmd_message_kind_name(h->kind));
out:
    return status;
}

enum ddmd_status ddmd_message_take(void *bytes, size_t length, ddmd_message_release_fn *release,
                                   void *owner, ddmd_message **message, ddmd_error *err)
{
    enum ddmd_status status = DDMD_OK;
    ddmd_message *made = NULL;
    if ((uintptr_t)bytes % ALIGNMENT != 0) {
        DDMD_TRY(ddmd_message_copy(bytes, length, message, err));
        release(owner);
        return DDMD_OK;
    }
    ddmd_message_header header;
    DDMD_TRY(read_header(bytes, length, &header, err));
    DDMD_TRY(allocate(0, &made, err));
    made->header = header;
    made->sealed = true;
    made->bytes = bytes;
    made->release = release;
    made->owner = owner;
    *message = made;
out:
    return status;
}

enum ddmd_status ddmd_message_copy(const void *bytes, size_t length, ddmd_message **message,
                                   ddmd_error *err)
{
    enum ddmd_status status = DDMD_OK;
    ddmd_message *made = NULL;
    ddmd_message_header header;
    DDMD_TRY(read_header(bytes, length, &header, err));
    DDMD_TRY(allocate(length, &made, err));
    memcpy(made->own, bytes, length);
    made->header = header;
    made->sealed = true;
    *message = made;
out:
    return status;
}

bool ddmd_message_is_sealed(const ddmd_message *message)
{
    return message->sealed;
}

const ddmd_message_header *ddmd_message_header_of(const ddmd_message *message)
{
    return &message->header;
}

enum ddmd_message_kind ddmd_message_kind_of(const ddmd_message *message)
{
    return message->header.kind;
}

uint8_t *ddmd_message_payload(const ddmd_message *message)
{
    return message->bytes + DDMD_MESSAGE_HEADER_SIZE;
}

const void *ddmd_message_bytes(const ddmd_message *message, size_t *length)
{
    *length = DDMD_MESSAGE_HEADER_SIZE + (size_t)message->header.length;
    return message->bytes;
}

ddmd_message *ddmd_message_share(ddmd_message *message)
{
    atomic_fetch_add_explicit(&message->users, 1, memory_order_relaxed);
    return message;
}

void ddmd_message_destroy(ddmd_message **message)
{
    ddmd_message *m = *message;
    *message = NULL;
    if (!m || atomic_fetch_sub_explicit(&m->users, 1, memory_order_acq_rel) != 1)
        return;
    if (m->release)
        m->release(m->owner);
    free(m);
}
