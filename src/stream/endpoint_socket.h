/* What an endpoint is; for endpoint.c, transfer.c and poll.c. */
#ifndef DDMD_STREAM_ENDPOINT_SOCKET_H
#define DDMD_STREAM_ENDPOINT_SOCKET_H

#include "stream/address.h"
#include "stream/endpoint.h"

struct ddmd_endpoint {
    ddmd_stream *stream;
    void *socket;
    void *monitor; /* of a client */
    bool is_server;
    bool reconnected; /* and nobody has asked yet */
    ddmd_peer server; /* of a client */
    char address[DDMD_ADDRESS_SIZE];
};

/* Take in what the monitor of a client has to say. */
void ddmd_endpoint_hear(ddmd_endpoint *endpoint);

/* Milliseconds until a time (CLOCK_MONOTONIC), rounded up, >= 0; -1 where it never comes. */
long ddmd_deadline_ms(double deadline_s);
/* The time that is timeout_s from now; infinite for timeout_s < 0. */
double ddmd_deadline(double timeout_s);

#endif
