#include "stream/peer.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

const char *ddmd_role_name(enum ddmd_role role)
{
    switch (role) {
#define ROLE_NAME(name, number) \
    case DDMD_ROLE_##name:      \
        return #name;
        DDMD_ROLE_MAP(ROLE_NAME)
#undef ROLE_NAME
    }
    return "?";
}

bool ddmd_role_from_number(unsigned number, enum ddmd_role *role)
{
    switch (number) {
#define ROLE_NUMBER(name, value) case value:
        DDMD_ROLE_MAP(ROLE_NUMBER)
#undef ROLE_NUMBER
        *role = (enum ddmd_role)number;
        return true;
    default:
        return false;
    }
}

bool ddmd_peer_equal(ddmd_peer a, ddmd_peer b)
{
    return a.role == b.role && a.index == b.index;
}

char *ddmd_peer_name(ddmd_peer peer, char name[DDMD_PEER_NAME_SIZE])
{
    snprintf(name, DDMD_PEER_NAME_SIZE, "%s-%" PRIu32, ddmd_role_name(peer.role), peer.index);
    return name;
}

static bool role_from_name(const char *name, size_t length, enum ddmd_role *role)
{
#define ROLE_FROM_NAME(text, number)                                      \
    if (length == sizeof #text - 1 && memcmp(name, #text, length) == 0) { \
        *role = DDMD_ROLE_##text;                                         \
        return true;                                                      \
    }
    DDMD_ROLE_MAP(ROLE_FROM_NAME)
#undef ROLE_FROM_NAME
    return false;
}

bool ddmd_peer_from_name(const char *name, size_t length, ddmd_peer *peer)
{
    const char *dash = memchr(name, '-', length);
    enum ddmd_role role;
    if (!dash || !role_from_name(name, (size_t)(dash - name), &role))
        return false;
    size_t digits = length - (size_t)(dash + 1 - name);
    uint64_t index = 0;
    if (digits < 1 || digits > 10 || (digits > 1 && dash[1] == '0'))
        return false;
    for (size_t i = 1; i <= digits; i++) {
        if (dash[i] < '0' || dash[i] > '9')
            return false;
        index = 10 * index + (uint64_t)(dash[i] - '0');
    }
    if (index > UINT32_MAX)
        return false;
    *peer = (ddmd_peer){.role = role, .index = (uint32_t)index};
    return true;
}
