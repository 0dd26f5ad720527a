/*
 * Who may connect over TCP: answers ZeroMQ's question about the public key of each client (ZAP,
 * https://rfc.zeromq.org/spec/27/), in a thread of its own.
 */
#ifndef DDMD_STREAM_ADMISSION_H
#define DDMD_STREAM_ADMISSION_H

#include "stream/keys.h"

typedef struct ddmd_admission ddmd_admission;

/* The domain that servers name, so that the question is asked. */
#define DDMD_ADMISSION_DOMAIN "ddmd"

/* One for a context. Admits whoever holds the secret to this public key. */
enum ddmd_status ddmd_admission_start(void *context, const char public_key[DDMD_KEY_SIZE],
                                      ddmd_admission **admission, ddmd_error *err);

/* After zmq_ctx_shutdown(), which ends the thread. */
void ddmd_admission_join(ddmd_admission **admission);

#endif
