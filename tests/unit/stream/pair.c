#include "pair.h"

#include "support/cmocka.h"

#include <stdio.h>

const ddmd_identity server_identity = {.campaign = 7, .peer = {DDMD_ROLE_aggregate, 0}, .epoch = 1};
const ddmd_identity client_identity = {.campaign = 7, .peer = {DDMD_ROLE_simulate, 4}, .epoch = 1};

void listen_on(pair *p, const ddmd_stream_options *options)
{
    ddmd_error err = {0};
    ASSERT_OK(ddmd_stream_create(&server_identity, options, &p->server_stream, &err), &err);
    ASSERT_OK(ddmd_endpoint_listen(p->server_stream, p->address, &p->server, &err), &err);
    snprintf(p->address, sizeof p->address, "%s", ddmd_endpoint_address(p->server));
}

void connect_to(pair *p, const ddmd_stream_options *options)
{
    ddmd_error err = {0};
    ASSERT_OK(ddmd_stream_create(&client_identity, options, &p->client_stream, &err), &err);
    ASSERT_OK(
        ddmd_endpoint_connect(p->client_stream, p->address, server_identity.peer, &p->client, &err),
        &err);
}

pair make_ipc_address(void)
{
    ddmd_error err = {0};
    pair p = {0};
    ASSERT_OK(ddmd_socket_directory_create(&p.directory, &err), &err);
    ASSERT_OK(ddmd_address_ipc(p.address, p.directory, server_identity.peer, &err), &err);
    return p;
}

pair make_pair(const ddmd_stream_options *options)
{
    pair p = make_ipc_address();
    listen_on(&p, options);
    connect_to(&p, options);
    return p;
}

void stop_server(pair *p)
{
    ddmd_endpoint_destroy(&p->server);
    ddmd_stream_destroy(&p->server_stream);
}

void destroy_pair(pair *p)
{
    ddmd_endpoint_destroy(&p->client);
    ddmd_stream_destroy(&p->client_stream);
    stop_server(p);
    ddmd_socket_directory_remove(&p->directory);
}
