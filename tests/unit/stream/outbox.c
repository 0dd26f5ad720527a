#include "stream/outbox.h"
#include "core/clock.h"
#include "pair.h"
#include "stream/decisions.h"
#include "stream/inbox.h"
#include "support/cmocka.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#define LONG 30.0
#define SHORT 0.05

static ddmd_message *make_numbered(uint32_t number)
{
    ddmd_error err = {0};
    ddmd_message *message = NULL;
    const ddmd_release release = {.replica = number};
    ASSERT_OK(ddmd_release_encode(&release, &message, &err), &err);
    return message;
}

static uint32_t number_of(const ddmd_message *message)
{
    ddmd_error err = {0};
    ddmd_release release;
    ASSERT_OK(ddmd_release_decode(message, &release, &err), &err);
    return release.replica;
}

static ddmd_outbox *make_outbox(size_t max_messages, uint64_t max_bytes)
{
    ddmd_error err = {0};
    ddmd_outbox *outbox = NULL;
    ASSERT_OK(ddmd_outbox_create(&client_identity, &server_identity.peer, 1, max_messages,
                                 max_bytes, &outbox, &err),
              &err);
    return outbox;
}

static void put(ddmd_outbox *outbox, uint32_t number)
{
    ddmd_error err = {0};
    ddmd_message *message = make_numbered(number);
    ASSERT_OK(ddmd_outbox_put(outbox, &message, LONG, NULL, &err), &err);
    assert_null(message);
}

static enum ddmd_status try_to_put(ddmd_outbox *outbox, double timeout_s)
{
    ddmd_error err = {0};
    ddmd_message *message = make_numbered(99);
    enum ddmd_status status = ddmd_outbox_put(outbox, &message, timeout_s, NULL, &err);
    assert_int_equal(message == NULL, status == DDMD_OK);
    if (message)
        assert_false(ddmd_message_is_sealed(message));
    ddmd_message_destroy(&message);
    return status;
}

static enum ddmd_status acknowledge(ddmd_outbox *outbox, uint32_t epoch, uint64_t sequence)
{
    const ddmd_ack ack = {.epoch = epoch, .sequence = sequence};
    return ddmd_outbox_acknowledge(outbox, server_identity.peer, &ack, NULL);
}

static void flush(ddmd_outbox *outbox, pair *p)
{
    ddmd_error err = {0};
    ASSERT_OK(ddmd_outbox_flush(outbox, server_identity.peer, p->client, &err), &err);
}

static void expect(pair *p, uint32_t number, uint64_t sequence)
{
    ddmd_error err = {0};
    ddmd_message *message = NULL;
    ASSERT_OK(ddmd_endpoint_receive(p->server, LONG, &message, &err), &err);
    assert_int_equal(number_of(message), number);
    assert_int_equal(ddmd_message_header_of(message)->sequence, sequence);
    ddmd_message_destroy(&message);
}

static void expect_nothing(pair *p)
{
    ddmd_message *message = NULL;
    assert_int_equal(ddmd_endpoint_receive(p->server, SHORT, &message, NULL), DDMD_TIMEOUT);
}

static void messages_are_kept_until_they_are_acknowledged(void **state)
{
    (void)state;
    pair p = make_pair(NULL);
    uint64_t acknowledged;
    ddmd_outbox *outbox = make_outbox(4, 1 << 20);
    for (uint32_t i = 1; i <= 4; i++)
        put(outbox, 10 * i);
    assert_int_equal(ddmd_outbox_kept(outbox), 4);
    assert_int_equal(try_to_put(outbox, 0), DDMD_TIMEOUT);
    assert_int_equal(try_to_put(outbox, SHORT), DDMD_TIMEOUT);
    assert_int_equal(acknowledge(outbox, 1, 1), DDMD_FORMAT); /* not sent yet */
    flush(outbox, &p);
    flush(outbox, &p); /* nothing is sent twice */
    for (uint32_t i = 1; i <= 4; i++)
        expect(&p, 10 * i, i);
    expect_nothing(&p);
    assert_int_equal(acknowledge(outbox, 1, 2), DDMD_OK);
    assert_int_equal(ddmd_outbox_kept(outbox), 2);
    assert_true(ddmd_outbox_is_owed(outbox, server_identity.peer, &acknowledged));
    assert_int_equal(acknowledged, 2);
    assert_int_equal(acknowledge(outbox, 1, 1), DDMD_OK); /* late */
    assert_int_equal(acknowledge(outbox, 9, 4), DDMD_OK); /* to another life of ours */
    assert_int_equal(ddmd_outbox_kept(outbox), 2);
    assert_int_equal(acknowledge(outbox, 1, 5), DDMD_FORMAT);
    put(outbox, 50);
    put(outbox, 60);
    assert_int_equal(try_to_put(outbox, 0), DDMD_TIMEOUT);
    flush(outbox, &p);
    expect(&p, 50, 5);
    expect(&p, 60, 6);
    assert_int_equal(acknowledge(outbox, 1, 6), DDMD_OK);
    assert_int_equal(ddmd_outbox_kept(outbox), 0);
    assert_false(ddmd_outbox_is_owed(outbox, server_identity.peer, &acknowledged));
    assert_int_equal(acknowledged, 6);
    assert_false(ddmd_outbox_is_owed(outbox, client_identity.peer, &acknowledged));
    ddmd_outbox_destroy(&outbox);
    destroy_pair(&p);
}

static void what_was_not_acknowledged_is_sent_again(void **state)
{
    (void)state;
    pair p = make_pair(NULL);
    ddmd_outbox *outbox = make_outbox(8, 1 << 20);
    uint64_t next = 0;
    ddmd_outbox_restart(outbox, server_identity.peer, &next);
    assert_int_equal(next, 1);
    for (uint32_t i = 1; i <= 5; i++)
        put(outbox, i);
    flush(outbox, &p);
    for (uint32_t i = 1; i <= 5; i++)
        expect(&p, i, i);
    assert_int_equal(acknowledge(outbox, 1, 2), DDMD_OK);
    ddmd_outbox_restart(outbox, server_identity.peer, &next);
    assert_int_equal(next, 3);
    assert_int_equal(acknowledge(outbox, 1, 3), DDMD_OK); /* was under way */
    put(outbox, 6);
    flush(outbox, &p);
    for (uint32_t i = 4; i <= 6; i++)
        expect(&p, i, i);
    expect_nothing(&p);
    ddmd_outbox_restart(outbox, client_identity.peer, &next); /* nobody whom it serves */
    assert_int_equal(next, 1);
    assert_int_equal(ddmd_outbox_flush(outbox, client_identity.peer, p.client, NULL), DDMD_INVALID);
    ddmd_outbox_destroy(&outbox);
    destroy_pair(&p);
}

static void bytes_are_bounded_too(void **state)
{
    (void)state;
    pair p = make_pair(NULL);
    const uint64_t one = DDMD_MESSAGE_HEADER_SIZE + 8;
    ddmd_outbox *outbox = make_outbox(100, 2 * one);
    put(outbox, 1);
    put(outbox, 2);
    assert_int_equal(try_to_put(outbox, 0), DDMD_TIMEOUT);
    flush(outbox, &p);
    assert_int_equal(acknowledge(outbox, 1, 1), DDMD_OK);
    put(outbox, 3);
    assert_int_equal(try_to_put(outbox, 0), DDMD_TIMEOUT);
    ddmd_outbox_destroy(&outbox);

    outbox = make_outbox(100, 1); /* less than any message: one at a time */
    put(outbox, 1);
    assert_int_equal(try_to_put(outbox, 0), DDMD_TIMEOUT);
    ddmd_outbox_destroy(&outbox);
    destroy_pair(&p);
}

static void each_message_goes_to_all(void **state)
{
    (void)state;
    pair p = make_pair(NULL);
    ddmd_error err = {0};
    static const ddmd_peer peers[] = {{DDMD_ROLE_train, 0}, {DDMD_ROLE_simulate, 4}};
    ddmd_outbox *outbox = NULL;
    ddmd_message *message = NULL;
    ASSERT_OK(ddmd_outbox_create(&server_identity, peers, 2, 3, 1 << 20, &outbox, &err), &err);
    put(outbox, 7);
    put(outbox, 8);
    /* one is not there, the other has not been heard of: both wait, without an error */
    ASSERT_OK(ddmd_outbox_flush(outbox, peers[0], p.server, &err), &err);
    ASSERT_OK(ddmd_say_hello(p.client, server_identity.peer, NULL, false, LONG, &err), &err);
    ASSERT_OK(ddmd_endpoint_receive(p.server, LONG, &message, &err), &err);
    ddmd_message_destroy(&message);
    ASSERT_OK(ddmd_outbox_flush(outbox, peers[1], p.server, &err), &err);
    for (uint32_t i = 7; i <= 8; i++) {
        ASSERT_OK(ddmd_endpoint_receive(p.client, LONG, &message, &err), &err);
        assert_int_equal(number_of(message), i);
        ddmd_message_destroy(&message);
    }
    const ddmd_ack ack = {.epoch = 1, .sequence = 2};
    assert_int_equal(ddmd_outbox_acknowledge(outbox, peers[0], &ack, &err), DDMD_FORMAT);
    ASSERT_OK(ddmd_outbox_acknowledge(outbox, peers[1], &ack, &err), &err);
    assert_int_equal(ddmd_outbox_kept(outbox), 2); /* for the one that is not there */
    ddmd_outbox_destroy(&outbox);
    destroy_pair(&p);
}

/* ---- threads ------------------------------------------------------------------------------- */

enum { N_NUMBERS = 3000 };

static void *put_all(void *user)
{
    ddmd_outbox *outbox = user;
    double waited = 0;
    for (uint32_t i = 1; i <= N_NUMBERS; i++) {
        ddmd_message *message = make_numbered(i);
        enum ddmd_status status = ddmd_outbox_put(outbox, &message, -1, &waited, NULL);
        ddmd_message_destroy(&message);
        if (status != DDMD_OK)
            return NULL;
    }
    return outbox;
}

/* One thread makes messages, one sends, one receives: a small ring passes all of them. */
static void *receive_all(void *user)
{
    pair *p = user;
    ddmd_error err = {0};
    for (uint32_t i = 1; i <= N_NUMBERS; i++) {
        ddmd_message *message = NULL, *ack = NULL;
        const ddmd_ack all = {.epoch = client_identity.epoch, .sequence = i};
        bool good = ddmd_endpoint_receive(p->server, LONG, &message, &err) == DDMD_OK &&
                    ddmd_message_header_of(message)->sequence == i && number_of(message) == i &&
                    ddmd_ack_encode(&all, &ack, &err) == DDMD_OK &&
                    ddmd_endpoint_send(p->server, client_identity.peer, ack, LONG, &err) == DDMD_OK;
        ddmd_message_destroy(&message);
        ddmd_message_destroy(&ack);
        if (!good)
            return NULL;
    }
    return p;
}

static void take_acks(ddmd_outbox *outbox, pair *p)
{
    ddmd_error err = {0};
    ddmd_message *message = NULL;
    ddmd_ack ack;
    while (ddmd_endpoint_receive(p->client, 0, &message, &err) == DDMD_OK) {
        ASSERT_OK(ddmd_ack_decode(message, &ack, &err), &err);
        ASSERT_OK(ddmd_outbox_acknowledge(outbox, server_identity.peer, &ack, &err), &err);
        ddmd_message_destroy(&message);
    }
    assert_int_equal(err.status, DDMD_TIMEOUT);
}

static void a_full_ring_blocks_and_loses_nothing(void **state)
{
    (void)state;
    pair p = make_pair(NULL);
    ddmd_error err = {0};
    ddmd_outbox *outbox = make_outbox(3, 1 << 20);
    pthread_t maker, receiver;
    void *made = NULL, *received = NULL;
    assert_int_equal(pthread_create(&maker, NULL, put_all, outbox), 0);
    assert_int_equal(pthread_create(&receiver, NULL, receive_all, &p), 0);
    uint64_t first = 0;
    double end = ddmd_clock_monotonic() + 2 * LONG;
    while (first <= N_NUMBERS && ddmd_clock_monotonic() < end) {
        ddmd_poll_item items[] = {{.endpoint = p.client}, {.fd = ddmd_outbox_fd(outbox)}};
        size_t n_ready;
        ASSERT_OK(ddmd_poll(items, 2, 1, &n_ready, &err), &err);
        take_acks(outbox, &p);
        flush(outbox, &p);
        assert_in_range(ddmd_outbox_kept(outbox), 0, 3);
        (void)ddmd_endpoint_reconnected(p.client);
        if (ddmd_outbox_kept(outbox) == 0)
            ddmd_outbox_restart(outbox, server_identity.peer, &first);
    }
    assert_int_equal(first, N_NUMBERS + 1);
    pthread_join(maker, &made);
    pthread_join(receiver, &received);
    assert_ptr_equal(made, outbox);
    assert_ptr_equal(received, &p);
    ddmd_outbox_destroy(&outbox);
    destroy_pair(&p);
}

static void *put_one(void *user)
{
    static enum ddmd_status status;
    double waited = 0;
    ddmd_message *message = make_numbered(1);
    status = ddmd_outbox_put(user, &message, -1, &waited, NULL);
    if (waited <= 0)
        status = DDMD_INVALID;
    ddmd_message_destroy(&message);
    return &status;
}

static void cancelling_wakes_who_waits(void **state)
{
    (void)state;
    ddmd_outbox *outbox = make_outbox(1, 1 << 20);
    pthread_t thread;
    void *result = NULL;
    put(outbox, 1);
    assert_int_equal(pthread_create(&thread, NULL, put_one, outbox), 0);
    assert_int_equal(try_to_put(outbox, SHORT), DDMD_TIMEOUT); /* gives it time to wait */
    ddmd_outbox_cancel(outbox);
    pthread_join(thread, &result); /* hangs where the cancellation does not reach it */
    assert_int_equal(*(enum ddmd_status *)result, DDMD_CANCELLED);
    assert_int_equal(try_to_put(outbox, 0), DDMD_CANCELLED);
    assert_int_equal(ddmd_outbox_kept(outbox), 1);
    ddmd_outbox_destroy(&outbox);
    ddmd_outbox_destroy(&outbox);
}

static void misuse_is_answered(void **state)
{
    (void)state;
    ddmd_error err = {0};
    ddmd_outbox *outbox = NULL;
    const ddmd_peer peer = {DDMD_ROLE_train, 0};
    assert_int_equal(ddmd_outbox_create(&client_identity, &peer, 0, 1, 1, &outbox, &err),
                     DDMD_INVALID);
    assert_int_equal(
        ddmd_outbox_create(&client_identity, &peer, DDMD_OUTBOX_MAX_PEERS + 1, 1, 1, &outbox, &err),
        DDMD_INVALID);
    assert_int_equal(ddmd_outbox_create(&client_identity, &peer, 1, 0, 1, &outbox, &err),
                     DDMD_INVALID);
    assert_null(outbox);
    outbox = make_outbox(2, 1 << 20);
    ddmd_message *message = make_numbered(1);
    ASSERT_OK(ddmd_message_seal(message, &client_identity, 5, &err), &err);
    assert_int_equal(ddmd_outbox_put(outbox, &message, 0, NULL, &err), DDMD_INVALID);
    assert_non_null(message);
    ddmd_message_destroy(&message);
    assert_int_equal(ddmd_outbox_kept(outbox), 0);
    ddmd_outbox_destroy(&outbox);
}

/* ---- the receiving side -------------------------------------------------------------------- */

static enum ddmd_inbox_verdict check(ddmd_inbox *inbox, uint32_t index, uint32_t epoch,
                                     uint64_t sequence)
{
    const ddmd_message_header header = {.kind = DDMD_MESSAGE_RELEASE,
                                        .sender = {7, {DDMD_ROLE_simulate, index}, epoch},
                                        .sequence = sequence};
    return ddmd_inbox_check(inbox, &header);
}

static void hear(ddmd_inbox *inbox, uint32_t index, uint32_t epoch, uint64_t next)
{
    ddmd_error err = {0};
    const ddmd_message_header header = {.kind = DDMD_MESSAGE_HELLO,
                                        .sender = {7, {DDMD_ROLE_simulate, index}, epoch}};
    const ddmd_hello hello = {.next = next};
    ASSERT_OK(ddmd_inbox_hello(inbox, &header, &hello, &err), &err);
}

static uint64_t taken(const ddmd_inbox *inbox, uint32_t index, uint32_t epoch)
{
    const ddmd_identity sender = {7, {DDMD_ROLE_simulate, index}, epoch};
    return ddmd_inbox_taken(inbox, &sender);
}

static void each_number_is_taken_once_and_in_order(void **state)
{
    (void)state;
    ddmd_inbox *inbox = NULL;
    ddmd_error err = {0};
    ASSERT_OK(ddmd_inbox_create(1e6, &inbox, &err), &err);
    assert_int_equal(check(inbox, 1, 1, 0), DDMD_INBOX_TAKE); /* not numbered */
    assert_int_equal(check(inbox, 1, 1, 5), DDMD_INBOX_ASK);  /* no HELLO yet */
    assert_int_equal(check(inbox, 1, 1, 6), DDMD_INBOX_DROP); /* was asked */
    assert_int_equal(check(inbox, 2, 1, 1), DDMD_INBOX_ASK);  /* somebody else was not */
    hear(inbox, 1, 1, 4);
    assert_int_equal(check(inbox, 1, 1, 4), DDMD_INBOX_TAKE);
    assert_int_equal(check(inbox, 1, 1, 4), DDMD_INBOX_AGAIN);
    assert_int_equal(check(inbox, 1, 1, 3), DDMD_INBOX_AGAIN);
    assert_int_equal(check(inbox, 1, 1, 5), DDMD_INBOX_TAKE);
    assert_int_equal(taken(inbox, 1, 1), 5);
    assert_int_equal(check(inbox, 1, 1, 7), DDMD_INBOX_ASK); /* 6 went missing */
    assert_int_equal(check(inbox, 1, 1, 8), DDMD_INBOX_DROP);
    hear(inbox, 1, 1, 5); /* 5 was not acknowledged: it comes again */
    assert_int_equal(check(inbox, 1, 1, 5), DDMD_INBOX_AGAIN);
    assert_int_equal(check(inbox, 1, 1, 6), DDMD_INBOX_TAKE);
    assert_int_equal(check(inbox, 1, 1, 7), DDMD_INBOX_TAKE);

    hear(inbox, 1, 2, 1); /* restarted */
    assert_int_equal(taken(inbox, 1, 1), 0);
    assert_int_equal(check(inbox, 1, 1, 8), DDMD_INBOX_DROP); /* from the earlier life */
    assert_int_equal(check(inbox, 1, 2, 1), DDMD_INBOX_TAKE);
    hear(inbox, 1, 1, 3); /* from the earlier life */
    assert_int_equal(check(inbox, 1, 2, 2), DDMD_INBOX_TAKE);
    assert_int_equal(check(inbox, 1, 3, 1), DDMD_INBOX_ASK); /* restarted, its HELLO was lost */
    ddmd_inbox_destroy(&inbox);
    ddmd_inbox_destroy(&inbox);
}

static void asking_is_repeated_in_time(void **state)
{
    (void)state;
    ddmd_inbox *inbox = NULL;
    ddmd_error err = {0};
    ASSERT_OK(ddmd_inbox_create(0, &inbox, &err), &err);
    for (int i = 0; i < 3; i++)
        assert_int_equal(check(inbox, 1, 1, 5), DDMD_INBOX_ASK);
    ddmd_inbox_destroy(&inbox);
}

static void many_senders_are_told_apart(void **state)
{
    (void)state;
    enum { N = 500 };
    ddmd_inbox *inbox = NULL;
    ddmd_error err = {0};
    ASSERT_OK(ddmd_inbox_create(1, &inbox, &err), &err);
    for (uint32_t i = 0; i < N; i++) /* in some order */
        hear(inbox, i * 283 % N, 1, 1 + i * 283 % N);
    for (uint32_t i = 0; i < N; i++) {
        assert_int_equal(taken(inbox, i, 1), i);
        assert_int_equal(check(inbox, i, 1, i + 1), DDMD_INBOX_TAKE);
        assert_int_equal(check(inbox, i, 1, i + 1), DDMD_INBOX_AGAIN);
    }
    ddmd_inbox_destroy(&inbox);
}

static void acknowledgements_are_remembered(void **state)
{
    (void)state;
    pair p = make_pair(NULL);
    ddmd_error err = {0};
    ddmd_inbox *inbox = NULL;
    ddmd_message *message = NULL;
    ddmd_ack ack;
    ASSERT_OK(ddmd_inbox_create(1, &inbox, &err), &err);
    ASSERT_OK(ddmd_say_hello(p.client, server_identity.peer, NULL, false, LONG, &err), &err);
    ASSERT_OK(ddmd_endpoint_receive(p.server, LONG, &message, &err), &err);
    ddmd_message_destroy(&message);
    assert_int_equal(ddmd_inbox_acknowledge(inbox, p.server, &client_identity, 1, LONG, &err),
                     DDMD_INVALID);
    ASSERT_OK(ddmd_inbox_repeat(inbox, p.server, &client_identity, LONG, &err), &err);
    hear(inbox, 4, 1, 1);
    assert_int_equal(check(inbox, 4, 1, 1), DDMD_INBOX_TAKE);
    assert_int_equal(check(inbox, 4, 1, 2), DDMD_INBOX_TAKE);
    ASSERT_OK(ddmd_inbox_acknowledge(inbox, p.server, &client_identity, 2, LONG, &err), &err);
    ASSERT_OK(ddmd_inbox_acknowledge(inbox, p.server, &client_identity, 1, LONG, &err), &err);
    ASSERT_OK(ddmd_inbox_repeat(inbox, p.server, &client_identity, LONG, &err), &err);
    for (int i = 0; i < 3; i++) {
        ASSERT_OK(ddmd_endpoint_receive(p.client, LONG, &message, &err), &err);
        ASSERT_OK(ddmd_ack_decode(message, &ack, &err), &err);
        assert_true(ack.sequence == 2 && ack.epoch == 1);
        ddmd_message_destroy(&message);
    }
    assert_int_equal(ddmd_endpoint_receive(p.client, SHORT, &message, &err), DDMD_TIMEOUT);

    const ddmd_identity gone = {7, {DDMD_ROLE_simulate, 5}, 1}; /* took its leave meanwhile */
    hear(inbox, 5, 1, 1);
    assert_int_equal(check(inbox, 5, 1, 1), DDMD_INBOX_TAKE);
    ASSERT_OK(ddmd_inbox_acknowledge(inbox, p.server, &gone, 1, LONG, &err), &err);
    ddmd_inbox_destroy(&inbox);
    destroy_pair(&p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(messages_are_kept_until_they_are_acknowledged),
        cmocka_unit_test(what_was_not_acknowledged_is_sent_again),
        cmocka_unit_test(bytes_are_bounded_too),
        cmocka_unit_test(each_message_goes_to_all),
        cmocka_unit_test(a_full_ring_blocks_and_loses_nothing),
        cmocka_unit_test(cancelling_wakes_who_waits),
        cmocka_unit_test(misuse_is_answered),
        cmocka_unit_test(each_number_is_taken_once_and_in_order),
        cmocka_unit_test(asking_is_repeated_in_time),
        cmocka_unit_test(many_senders_are_told_apart),
        cmocka_unit_test(acknowledgements_are_remembered),
    };
    return cmocka_run_group_tests_name("outbox and inbox", tests, NULL, NULL);
}
