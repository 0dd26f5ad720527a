/*
 * Sends what is no message to the sockets of a campaign that runs: inject SOCKETS CAMPAIGN, both as
 * its processes were told them. Noise, messages cut short, with a bit turned, of another campaign,
 * under another's name, in several parts, and whole ones with a payload that makes no sense.
 */
#include "stream/address.h"
#include "stream/message.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zmq.h>

enum { PAYLOAD = 256, NOISE = 200, LINGER_MS = 2000 };

/* Of a simulator that no campaign of a test has. */
static const ddmd_peer stranger = {DDMD_ROLE_simulate, 999};

static uint64_t state = 88172645463325252U;

static uint8_t noise(void)
{
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    return (uint8_t)(state >> 32);
}

static void must(bool good, const char *what)
{
    if (good)
        return;
    fprintf(stderr, "inject: %s\n", what);
    exit(1);
}

static void send_bytes(void *socket, const void *bytes, size_t length, int flags)
{
    must(zmq_send(socket, bytes, length, flags) == (int)length, "cannot send");
}

/* Noise under the header of a good message. */
static ddmd_message *nonsense(uint64_t campaign, ddmd_peer sender, enum ddmd_message_kind kind)
{
    ddmd_message *message = NULL;
    const ddmd_identity identity = {campaign, sender, 1};
    must(ddmd_message_create(kind, PAYLOAD, &message, NULL) == DDMD_OK, "no memory");
    for (int i = 0; i < PAYLOAD; i++)
        ddmd_message_payload(message)[i] = noise();
    must(ddmd_message_seal(message, &identity, 0, NULL) == DDMD_OK, "cannot seal");
    return message;
}

static void send_nonsense(void *socket, uint64_t campaign, ddmd_peer sender)
{
    static const enum ddmd_message_kind kinds[] = {
#define KIND(name, number) DDMD_MESSAGE_##name,
        DDMD_MESSAGE_KIND_MAP(KIND)
#undef KIND
    };
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
        size_t length;
        ddmd_message *message = nonsense(campaign, sender, kinds[i]);
        const void *bytes = ddmd_message_bytes(message, &length);
        send_bytes(socket, bytes, length, 0);
        ddmd_message_destroy(&message);
    }
}

static void send_damaged(void *socket, uint64_t campaign)
{
    size_t length;
    uint8_t copy[DDMD_MESSAGE_HEADER_SIZE + PAYLOAD];
    ddmd_message *message = nonsense(campaign, stranger, DDMD_MESSAGE_FRAMES);
    const void *bytes = ddmd_message_bytes(message, &length);
    memcpy(copy, bytes, length);
    for (size_t bit = 0; bit < 8 * length; bit += 97) {
        copy[bit / 8] ^= (uint8_t)(1U << bit % 8);
        send_bytes(socket, copy, length, 0);
        copy[bit / 8] ^= (uint8_t)(1U << bit % 8);
    }
    for (size_t n = 0; n < length; n += 13)
        send_bytes(socket, copy, n, 0);
    send_bytes(socket, copy, DDMD_MESSAGE_HEADER_SIZE, ZMQ_SNDMORE);
    send_bytes(socket, copy, length, 0);
    ddmd_message_destroy(&message);
}

static void send_noise(void *socket)
{
    uint8_t bytes[NOISE];
    for (int n = 0; n < NOISE; n++) {
        for (int i = 0; i < n; i++)
            bytes[i] = noise();
        send_bytes(socket, bytes, (size_t)n, 0);
    }
}

static void disturb(void *context, const char *sockets, uint64_t campaign, ddmd_peer server)
{
    char address[DDMD_ADDRESS_SIZE], name[DDMD_PEER_NAME_SIZE];
    const int linger = LINGER_MS;
    void *socket = zmq_socket(context, ZMQ_DEALER);
    ddmd_peer_name(stranger, name);
    must(socket && zmq_setsockopt(socket, ZMQ_ROUTING_ID, name, strlen(name)) == 0 &&
             zmq_setsockopt(socket, ZMQ_LINGER, &linger, sizeof linger) == 0 &&
             ddmd_address_ipc(address, sockets, server, NULL) == DDMD_OK &&
             zmq_connect(socket, address) == 0,
         "cannot connect");
    send_noise(socket);
    send_damaged(socket, campaign);
    send_nonsense(socket, campaign + 1, stranger);
    send_nonsense(socket, campaign, (ddmd_peer){DDMD_ROLE_coordinator, 0});
    send_nonsense(socket, campaign, stranger);
    zmq_close(socket);
}

int main(int argc, char **argv)
{
    must(argc == 3, "inject SOCKETS CAMPAIGN");
    uint64_t campaign = strtoull(argv[2], NULL, 16);
    void *context = zmq_ctx_new();
    disturb(context, argv[1], campaign, (ddmd_peer){DDMD_ROLE_coordinator, 0});
    disturb(context, argv[1], campaign, (ddmd_peer){DDMD_ROLE_aggregate, 0});
    zmq_ctx_term(context);
    return 0;
}
