/*
 * CURVE keys (CurveZMQ, Curve25519) for sockets over TCP. Each campaign has two pairs: the server's
 * and the one that all its clients share. A client connects only to who holds the server's secret;
 * a server admits only who holds the clients' secret. Both secrets rest in files of mode 0600.
 */
#ifndef DDMD_STREAM_KEYS_H
#define DDMD_STREAM_KEYS_H

#include "ddmd/error.h"

enum { DDMD_KEY_SIZE = 41 }; /* 40 characters of Z85, terminated */

typedef struct ddmd_key_pair {
    char public_key[DDMD_KEY_SIZE];
    char secret_key[DDMD_KEY_SIZE];
} ddmd_key_pair;

typedef struct ddmd_keys {
    ddmd_key_pair server, client;
} ddmd_keys;

/* Two fresh pairs. UNSUPPORTED: libzmq was built without CURVE. */
enum ddmd_status ddmd_keys_create(ddmd_keys *keys, ddmd_error *err);

/*
 * A text file of four lines, mode 0600; IO where it exists. Read: FORMAT where it is not such a
 * file, IO where others than its owner may read it.
 */
enum ddmd_status ddmd_keys_write(const char *path, const ddmd_keys *keys, ddmd_error *err);
enum ddmd_status ddmd_keys_read(const char *path, ddmd_keys *keys, ddmd_error *err);

/* Overwrite the keys with zeros. */
void ddmd_keys_clear(ddmd_keys *keys);

#endif
