/*
 * Who talks: every process of a streaming campaign has a role and a number within it. Its name,
 * "simulate-12", is also its address in a server's list of clients and in the names of sockets.
 */
#ifndef DDMD_STREAM_PEER_H
#define DDMD_STREAM_PEER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* X(name, number): the numbers stand in messages and do not change. */
#define DDMD_ROLE_MAP(X) \
    X(coordinator, 1)    \
    X(simulate, 2)       \
    X(aggregate, 3)      \
    X(train, 4)          \
    X(infer, 5)

enum ddmd_role {
#define DDMD_ROLE_ENUM(name, number) DDMD_ROLE_##name = number,
    DDMD_ROLE_MAP(DDMD_ROLE_ENUM)
#undef DDMD_ROLE_ENUM
};

typedef struct ddmd_peer {
    enum ddmd_role role;
    uint32_t index; /* from 0, among those of its role */
} ddmd_peer;

enum { DDMD_PEER_NAME_SIZE = 32 };

/* "simulate"; "?" for a number that is no role. */
const char *ddmd_role_name(enum ddmd_role role);
bool ddmd_role_from_number(unsigned number, enum ddmd_role *role);

bool ddmd_peer_equal(ddmd_peer a, ddmd_peer b);
/* "simulate-12", terminated, into `name`; returns name. */
char *ddmd_peer_name(ddmd_peer peer, char name[DDMD_PEER_NAME_SIZE]);
/* The other way; exactly what ddmd_peer_name() writes, or false. */
bool ddmd_peer_from_name(const char *name, size_t length, ddmd_peer *peer);

#endif
