#include "stream/wire.h"

ddmd_wire ddmd_wire_of(const ddmd_message *message, size_t offset)
{
    uint64_t length = ddmd_message_header_of(message)->length;
    return (ddmd_wire){.at = ddmd_message_payload(message) + offset,
                       .left = (size_t)length - offset};
}

enum ddmd_status ddmd_wire_expect(const ddmd_message *message, enum ddmd_message_kind kind,
                                  ddmd_error *err)
{
    enum ddmd_message_kind found = ddmd_message_kind_of(message);
    if (found == kind)
        return DDMD_OK;
    return ddmd_error_set(err, DDMD_INVALID, "a message %s was taken for %s",
                          ddmd_message_kind_name(found), ddmd_message_kind_name(kind));
}

enum ddmd_status ddmd_wire_end(const ddmd_wire *wire, const ddmd_message *message, ddmd_error *err)
{
    if (!wire->failed && wire->left == 0)
        return DDMD_OK;
    return ddmd_error_set(err, DDMD_FORMAT, "message %s: %s",
                          ddmd_message_kind_name(ddmd_message_kind_of(message)),
                          wire->failed ? "a field is missing or out of range"
                                       : "there are bytes behind its last field");
}

void ddmd_wire_put_zeros(ddmd_wire *wire, size_t n)
{
    uint8_t *to = ddmd_wire_skip(wire, n);
    if (to)
        memset(to, 0, n);
}

void ddmd_wire_get_zeros(ddmd_wire *wire, size_t n)
{
    const uint8_t *from = ddmd_wire_skip(wire, n);
    for (size_t i = 0; from && i < n; i++)
        if (from[i] != 0)
            wire->failed = true;
}

void ddmd_wire_put_bool(ddmd_wire *wire, bool value)
{
    ddmd_wire_put_u32(wire, value);
}

bool ddmd_wire_get_bool(ddmd_wire *wire)
{
    uint32_t value = ddmd_wire_get_u32(wire);
    if (value > 1)
        wire->failed = true;
    return value == 1;
}

void ddmd_wire_put_text(ddmd_wire *wire, const char *text, size_t size)
{
    size_t length = strnlen(text, size - 1);
    ddmd_wire_put(wire, text, length);
    ddmd_wire_put_zeros(wire, size - length);
}

void ddmd_wire_get_text(ddmd_wire *wire, char *text, size_t size)
{
    ddmd_wire_get(wire, text, size);
    size_t length = strnlen(text, size);
    for (size_t i = length; i < size; i++)
        if (text[i] != '\0')
            wire->failed = true;
    if (length == size) {
        wire->failed = true;
        text[size - 1] = '\0';
    }
    for (size_t i = 0; i < length; i++)
        if ((unsigned char)text[i] < 0x20 || text[i] == 0x7F)
            text[i] = text[i] == '\n' ? ' ' : '?';
}
