/* A server and a client of one campaign, in one process. */
#ifndef DDMD_TEST_STREAM_PAIR_H
#define DDMD_TEST_STREAM_PAIR_H

#include "stream/address.h"
#include "stream/endpoint.h"

extern const ddmd_identity server_identity; /* aggregate-0, campaign 7 */
extern const ddmd_identity client_identity; /* simulate-4, campaign 7 */

typedef struct pair {
    char *directory;
    char address[DDMD_ADDRESS_SIZE];
    ddmd_stream *server_stream, *client_stream;
    ddmd_endpoint *server, *client;
} pair;

/* Asserting functions. options may be NULL. */
void listen_on(pair *p, const ddmd_stream_options *options);
void connect_to(pair *p, const ddmd_stream_options *options);
pair make_ipc_address(void);
pair make_pair(const ddmd_stream_options *options);
void stop_server(pair *p);
void destroy_pair(pair *p);

#endif
