/*
 * Where servers listen. On one machine: Unix sockets in a directory that only its owner may enter.
 * Socket paths are limited to 107 bytes and run directories are not, so this directory lies apart.
 */
#ifndef DDMD_STREAM_ADDRESS_H
#define DDMD_STREAM_ADDRESS_H

#include "ddmd/error.h"
#include "stream/peer.h"

#include <stddef.h>

enum { DDMD_ADDRESS_SIZE = 256 };

/*
 * A new directory of mode 0700 for one campaign's sockets, in the first of $XDG_RUNTIME_DIR,
 * $TMPDIR, /tmp that can be written to and whose path is short enough. *path: the caller frees. IO
 * where there is none.
 */
enum ddmd_status ddmd_socket_directory_create(char **path, ddmd_error *err);

/* Remove the directory and the sockets in it, nothing else. Takes and leaves NULL; frees *path. */
void ddmd_socket_directory_remove(char **path);

/* "ipc://DIRECTORY/aggregate-0". INVALID where that is too long for a socket. */
enum ddmd_status ddmd_address_ipc(char address[DDMD_ADDRESS_SIZE], const char *directory,
                                  ddmd_peer server, ddmd_error *err);

#endif
