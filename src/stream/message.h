/*
 * Messages between the processes of a streaming campaign: a header of 48 bytes and a payload, all
 * integers and floats little-endian, the layout written out field by field (docs/stream.md).
 *
 *   offset  0  "ddmd"              magic
 *           4  u16 version         DDMD_MESSAGE_VERSION
 *           6  u16 kind            enum ddmd_message_kind
 *           8  u64 payload length  bytes
 *          16  u64 campaign        both sides must have the same; guards against crossed wires
 *          24  u64 sequence        from 1 in a stream of numbered messages (outbox.h); 0: not one
 *          32  u16 sender's role   enum ddmd_role
 *          34  u16 zero
 *          36  u32 sender's index
 *          40  u32 sender's epoch  which incarnation of the process; grows with every restart
 *          44  u32 CRC-32C         of bytes 0 .. 43 and the payload
 *
 * The version is raised with every change of a layout, of the header or of any payload: the
 * processes of a campaign are of one build.
 *
 * What comes in is taken as hostile: lengths and counts are checked before they are used, nothing
 * is allocated by a number from a message, and any changed bit is found by the CRC.
 *
 * Each kind has a struct, X_encode() and X_decode() (control.h, frames.h, features.h,
 * decisions.h). A sender encodes, seals (or lets the outbox or endpoint seal), and sends; the same
 * bytes can be sent to several peers, and again, without a copy. A receiver decodes; strings and
 * arrays in what it gets point into the message and live as long as it.
 *
 * A message is immutable once sealed and may then be shared by threads; the count of its users is
 * atomic.
 */
#ifndef DDMD_STREAM_MESSAGE_H
#define DDMD_STREAM_MESSAGE_H

#include "ddmd/error.h"
#include "stream/peer.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { DDMD_MESSAGE_VERSION = 2, DDMD_MESSAGE_HEADER_SIZE = 48 };

/* Longest payload (bytes): 1 GiB, about 1500 contact maps of 3375 residues. */
#define DDMD_MESSAGE_MAX_PAYLOAD (UINT64_C(1) << 30)

/* X(name, number): who sends it to whom stands beside its struct. */
#define DDMD_MESSAGE_KIND_MAP(X) \
    X(HELLO, 1)                  \
    X(HEARTBEAT, 2)              \
    X(STOP, 3)                   \
    X(FAILED, 4)                 \
    X(ACTIVITY, 5)               \
    X(ACK, 6)                    \
    X(FRAMES, 16)                \
    X(DURABLE, 17)               \
    X(FEATURES, 18)              \
    X(WEIGHTS, 32)               \
    X(RANKING, 33)               \
    X(UNPRODUCTIVE, 34)          \
    X(MODEL_CHECK, 35)           \
    X(ASSIGN, 48)                \
    X(RELEASE, 49)

enum ddmd_message_kind {
#define DDMD_MESSAGE_KIND_ENUM(name, number) DDMD_MESSAGE_##name = number,
    DDMD_MESSAGE_KIND_MAP(DDMD_MESSAGE_KIND_ENUM)
#undef DDMD_MESSAGE_KIND_ENUM
};
/* "FRAMES"; "?" for a number that is no kind. */
const char *ddmd_message_kind_name(enum ddmd_message_kind kind);

/* What a process puts on all that it sends. */
typedef struct ddmd_identity {
    uint64_t campaign; /* one number a campaign, e.g. random at its creation */
    ddmd_peer peer;
    uint32_t epoch; /* >= 1; the coordinator counts the starts of each process */
} ddmd_identity;

typedef struct ddmd_message_header {
    enum ddmd_message_kind kind;
    ddmd_identity sender;
    uint64_t sequence;
    uint64_t length; /* of the payload, bytes */
} ddmd_message_header;

typedef struct ddmd_message ddmd_message;

/*
 * A message with room for a payload of `length` bytes, not yet sealed; the X_encode() functions
 * call it. INVALID: longer than DDMD_MESSAGE_MAX_PAYLOAD.
 */
enum ddmd_status ddmd_message_create(enum ddmd_message_kind kind, uint64_t length,
                                     ddmd_message **message, ddmd_error *err);

/* Write header and CRC. INVALID where the message was sealed before: its bytes may be on the way.
 */
enum ddmd_status ddmd_message_seal(ddmd_message *message, const ddmd_identity *sender,
                                   uint64_t sequence, ddmd_error *err);
bool ddmd_message_is_sealed(const ddmd_message *message);

/*
 * Check bytes that came from somewhere and make a message of them: FORMAT, with what is wrong.
 * `take` keeps the caller's bytes where they lie on a multiple of 8, and calls release(owner) when
 * the last user is gone (at once where they had to be copied); on failure it has not called it.
 * `copy` copies.
 */
typedef void ddmd_message_release_fn(void *owner);
enum ddmd_status ddmd_message_take(void *bytes, size_t length, ddmd_message_release_fn *release,
                                   void *owner, ddmd_message **message, ddmd_error *err);
enum ddmd_status ddmd_message_copy(const void *bytes, size_t length, ddmd_message **message,
                                   ddmd_error *err);

/* Valid once sealed or received; kind and length always. */
const ddmd_message_header *ddmd_message_header_of(const ddmd_message *message);
enum ddmd_message_kind ddmd_message_kind_of(const ddmd_message *message);
/* The payload, on a multiple of 8. To be written to only before the message is sealed. */
uint8_t *ddmd_message_payload(const ddmd_message *message);
/* Header and payload as they travel. */
const void *ddmd_message_bytes(const ddmd_message *message, size_t *length);

/* One user more; returns message. */
ddmd_message *ddmd_message_share(ddmd_message *message);
/* One user less; the last one frees. Takes NULL, leaves NULL. */
void ddmd_message_destroy(ddmd_message **message);

#endif
