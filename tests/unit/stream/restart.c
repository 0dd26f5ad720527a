/*
 * Two processes, and death at any moment: a sender with an outbox, a receiver that kills itself
 * with SIGKILL again and again, somewhere between taking a message and acknowledging it. What the
 * receiver calls durable is a mark in memory that outlives it. Nothing may be lost or counted
 * twice.
 */
#include "core/clock.h"
#include "ddmd/random.h"
#include "pair.h"
#include "stream/features.h"
#include "stream/inbox.h"
#include "stream/outbox.h"
#include "support/cmocka.h"

#include <signal.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

enum { N_MESSAGES = 1500, POINTS = 300, N_LIVES = 12 };

#define LONG 60.0

typedef struct shared {
    atomic_uint durable[N_MESSAGES + 1]; /* how often each was counted */
    atomic_uint lives, stop;
} shared;

static ddmd_message *make_message(uint32_t number)
{
    ddmd_error err = {0};
    ddmd_message *message = NULL;
    static uint8_t map[POINTS * POINTS / 16 + 8];
    memset(map, (int)number, sizeof map);
    const ddmd_feature feature = {.simulation = number, .map = map};
    const ddmd_features features = {.n = 1, .n_points = POINTS, .features = &feature};
    ASSERT_OK(ddmd_features_encode(&features, &message, &err), &err);
    return message;
}

/* ---- the receiver: plain checks, since cmocka's are for the process that runs the tests ----- */

static void need(bool holds)
{
    if (!holds)
        _exit(3);
}

static void take(shared *s, const ddmd_message *message)
{
    ddmd_features features;
    ddmd_feature feature;
    need(ddmd_features_decode(message, &features, NULL) == DDMD_OK && features.n == 1);
    ddmd_features_at(message, 0, &feature);
    need(feature.simulation >= 1 && feature.simulation <= N_MESSAGES);
    need(feature.map[0] == (uint8_t)feature.simulation);
    /* as an aggregator looks into its file: what is there is not stored twice */
    if (atomic_load(&s->durable[feature.simulation]) == 0)
        atomic_fetch_add(&s->durable[feature.simulation], 1);
}

static void handle(shared *s, ddmd_endpoint *endpoint, ddmd_inbox *inbox, ddmd_message *message,
                   uint64_t *unsaid, bool acknowledges)
{
    const ddmd_message_header *h = ddmd_message_header_of(message);
    const ddmd_identity *from = &h->sender;
    ddmd_hello hello;
    if (h->kind == DDMD_MESSAGE_HELLO) {
        need(ddmd_hello_decode(message, &hello, NULL) == DDMD_OK);
        need(ddmd_inbox_hello(inbox, h, &hello, NULL) == DDMD_OK);
        if (!hello.answer)
            need(ddmd_say_hello(endpoint, from->peer, NULL, true, LONG, NULL) == DDMD_OK);
        return;
    }
    switch (ddmd_inbox_check(inbox, h)) {
    case DDMD_INBOX_TAKE:
        take(s, message);
        ++*unsaid;
        break;
    case DDMD_INBOX_AGAIN:
        need(ddmd_inbox_repeat(inbox, endpoint, from, LONG, NULL) == DDMD_OK);
        break;
    case DDMD_INBOX_ASK:
        need(ddmd_say_hello(endpoint, from->peer, NULL, false, LONG, NULL) == DDMD_OK);
        break;
    case DDMD_INBOX_DROP:
        break;
    }
    if (*unsaid > 0 && acknowledges) {
        need(ddmd_inbox_acknowledge(inbox, endpoint, from, ddmd_inbox_taken(inbox, from), LONG,
                                    NULL) == DDMD_OK);
        *unsaid = 0;
    }
}

static void receive(shared *s, const char *address, unsigned life)
{
    ddmd_identity me = server_identity;
    ddmd_stream *stream = NULL;
    ddmd_endpoint *endpoint = NULL;
    ddmd_inbox *inbox = NULL;
    ddmd_random random;
    ddmd_random_init(&random, 1, DDMD_RANDOM_TEST, life, 0);
    uint32_t left = life < N_LIVES ? 1 + ddmd_random_below(&random, 250) : UINT32_MAX;
    uint64_t unsaid = 0;
    me.epoch = life;
    need(ddmd_stream_create(&me, NULL, &stream, NULL) == DDMD_OK);
    need(ddmd_endpoint_listen(stream, address, &endpoint, NULL) == DDMD_OK);
    need(ddmd_inbox_create(0.2, &inbox, NULL) == DDMD_OK);
    while (!atomic_load(&s->stop)) {
        ddmd_message *message = NULL;
        enum ddmd_status status = ddmd_endpoint_receive(endpoint, 0.1, &message, NULL);
        need(status == DDMD_OK || status == DDMD_TIMEOUT);
        if (status != DDMD_OK && unsaid > 0) {
            uint64_t all = ddmd_inbox_taken(inbox, &client_identity);
            need(ddmd_inbox_acknowledge(inbox, endpoint, &client_identity, all, LONG, NULL) ==
                 DDMD_OK);
            unsaid = 0;
        }
        if (status != DDMD_OK)
            continue;
        if (--left == 0)
            raise(SIGKILL);
        handle(s, endpoint, inbox, message, &unsaid, ddmd_random_below(&random, 3) == 0);
        ddmd_message_destroy(&message);
    }
    ddmd_inbox_destroy(&inbox);
    ddmd_endpoint_destroy(&endpoint);
    ddmd_stream_destroy(&stream);
    _exit(0);
}

/* Starts the receiver again and again, like a coordinator; without sockets of its own. */
static void supervise(shared *s, const char *address)
{
    for (unsigned life = 1;; life++) {
        int how;
        pid_t child = fork();
        need(child >= 0);
        if (child == 0)
            receive(s, address, life);
        atomic_store(&s->lives, life);
        waitpid(child, &how, 0);
        if (WIFEXITED(how))
            _exit(WEXITSTATUS(how));
    }
}

/* ---- the sender ---------------------------------------------------------------------------- */

static void turn(pair *p, ddmd_outbox *outbox)
{
    ddmd_error err = {0};
    ddmd_message *message = NULL;
    ddmd_poll_item item = {.endpoint = p->client};
    size_t n_ready;
    ASSERT_OK(ddmd_poll(&item, 1, 0.1, &n_ready, &err), &err);
    if (ddmd_endpoint_reconnected(p->client))
        ASSERT_OK(ddmd_say_hello(p->client, server_identity.peer, outbox, false, LONG, &err), &err);
    while (ddmd_endpoint_receive(p->client, 0, &message, &err) == DDMD_OK) {
        ddmd_hello hello;
        ddmd_ack ack;
        if (ddmd_message_kind_of(message) == DDMD_MESSAGE_ACK) {
            ASSERT_OK(ddmd_ack_decode(message, &ack, &err), &err);
            ASSERT_OK(ddmd_outbox_acknowledge(outbox, server_identity.peer, &ack, &err), &err);
        } else {
            ASSERT_OK(ddmd_hello_decode(message, &hello, &err), &err);
            if (!hello.answer)
                ASSERT_OK(ddmd_say_hello(p->client, server_identity.peer, outbox, true, LONG, &err),
                          &err);
        }
        ddmd_message_destroy(&message);
    }
    assert_int_equal(err.status, DDMD_TIMEOUT);
    ASSERT_OK(ddmd_outbox_flush(outbox, server_identity.peer, p->client, &err), &err);
}

static void nothing_is_lost_when_receivers_die(void **state)
{
    (void)state;
    ddmd_error err = {0};
    shared *s = mmap(NULL, sizeof *s, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    assert_true(s != MAP_FAILED);
    pair p = make_ipc_address();
    pid_t supervisor = fork();
    assert_true(supervisor >= 0);
    if (supervisor == 0)
        supervise(s, p.address);

    const ddmd_stream_options options = {.queue_messages = 4};
    connect_to(&p, &options);
    ddmd_outbox *outbox = NULL;
    ASSERT_OK(
        ddmd_outbox_create(&client_identity, &server_identity.peer, 1, 20, 1 << 20, &outbox, &err),
        &err);
    double end = ddmd_clock_monotonic() + LONG;
    for (uint32_t number = 1; number <= N_MESSAGES; number++) {
        ddmd_message *message = make_message(number);
        while (ddmd_outbox_put(outbox, &message, 0, NULL, &err) == DDMD_TIMEOUT &&
               ddmd_clock_monotonic() < end)
            turn(&p, outbox);
        assert_null(message);
    }
    while (ddmd_outbox_kept(outbox) > 0 && ddmd_clock_monotonic() < end)
        turn(&p, outbox);
    assert_int_equal(ddmd_outbox_kept(outbox), 0);
    for (uint32_t number = 1; number <= N_MESSAGES; number++)
        if (atomic_load(&s->durable[number]) != 1)
            fail_msg("message %u was counted %u times", number, atomic_load(&s->durable[number]));
    assert_true(atomic_load(&s->lives) > 3); /* it did die */

    int how;
    atomic_store(&s->stop, 1);
    waitpid(supervisor, &how, 0);
    assert_true(WIFEXITED(how) && WEXITSTATUS(how) == 0);
    ddmd_outbox_destroy(&outbox);
    destroy_pair(&p);
    munmap(s, sizeof *s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nothing_is_lost_when_receivers_die),
    };
    return cmocka_run_group_tests_name("restart", tests, NULL, NULL);
}
