/*
 * Numbers, texts and arrays in a payload: little-endian, field by field, never beyond its end. A
 * cursor that was moved too far remembers it, so that a run of fields is checked once.
 *
 * Arrays are seen in place, which takes a little-endian machine.
 */
#ifndef DDMD_STREAM_WIRE_H
#define DDMD_STREAM_WIRE_H

#include "stream/message.h"

#include <endian.h>
#include <string.h>

#if __BYTE_ORDER != __LITTLE_ENDIAN
#error "messages are read in place: ddmd runs on little-endian machines"
#endif

typedef struct ddmd_wire {
    uint8_t *at;
    size_t left;
    bool failed;
} ddmd_wire;

/* The payload of a message, from `offset` on, which must not be beyond its end. */
ddmd_wire ddmd_wire_of(const ddmd_message *message, size_t offset);

/* OK for one of `kind`; INVALID otherwise. */
enum ddmd_status ddmd_wire_expect(const ddmd_message *message, enum ddmd_message_kind kind,
                                  ddmd_error *err);

/* Everything was read (written), nothing is left: else FORMAT, naming the kind. */
enum ddmd_status ddmd_wire_end(const ddmd_wire *wire, const ddmd_message *message, ddmd_error *err);

/* The next n bytes, or NULL. */
static inline uint8_t *ddmd_wire_skip(ddmd_wire *wire, size_t n)
{
    if (n > wire->left) {
        wire->failed = true;
        wire->left = 0;
        return NULL;
    }
    uint8_t *at = wire->at;
    wire->at += n;
    wire->left -= n;
    return at;
}

static inline void ddmd_wire_put(ddmd_wire *wire, const void *bytes, size_t n)
{
    uint8_t *to = ddmd_wire_skip(wire, n);
    if (to && n)
        memcpy(to, bytes, n);
}

/* Zeros where there is nothing more. */
static inline void ddmd_wire_get(ddmd_wire *wire, void *bytes, size_t n)
{
    const uint8_t *from = ddmd_wire_skip(wire, n);
    if (from)
        memcpy(bytes, from, n);
    else
        memset(bytes, 0, n);
}

#define DDMD_WIRE_NUMBER(name, type)                                     \
    static inline void ddmd_wire_put_##name(ddmd_wire *wire, type value) \
    {                                                                    \
        ddmd_wire_put(wire, &value, sizeof value);                       \
    }                                                                    \
    static inline type ddmd_wire_get_##name(ddmd_wire *wire)             \
    {                                                                    \
        type value;                                                      \
        ddmd_wire_get(wire, &value, sizeof value);                       \
        return value;                                                    \
    }
DDMD_WIRE_NUMBER(u16, uint16_t)
DDMD_WIRE_NUMBER(u32, uint32_t)
DDMD_WIRE_NUMBER(i32, int32_t)
DDMD_WIRE_NUMBER(u64, uint64_t)
DDMD_WIRE_NUMBER(f32, float)
DDMD_WIRE_NUMBER(f64, double)
#undef DDMD_WIRE_NUMBER

/* n zero bytes; where others are read, the reading fails. */
void ddmd_wire_put_zeros(ddmd_wire *wire, size_t n);
void ddmd_wire_get_zeros(ddmd_wire *wire, size_t n);

/* u32, 0 or 1; where it is another, the reading fails. */
void ddmd_wire_put_bool(ddmd_wire *wire, bool value);
bool ddmd_wire_get_bool(ddmd_wire *wire);

/*
 * A text in a field of `size` bytes, filled up with zeros, of which there is one at least. Control
 * characters are replaced when it is read.
 */
void ddmd_wire_put_text(ddmd_wire *wire, const char *text, size_t size);
void ddmd_wire_get_text(ddmd_wire *wire, char *text, size_t size);

/* n rounded up to a multiple of 8: where the next array begins. */
static inline uint64_t ddmd_wire_padded(uint64_t n)
{
    return (n + 7) / 8 * 8;
}

#endif
