#include "core/try.h"
#include "samples.h"
#include "stream/crc32c.h"
#include "stream/wire.h"
#include "support/cmocka.h"

#include <stdlib.h>
#include <string.h>

static const ddmd_identity me = {
    .campaign = 0x1122334455667788, .peer = {DDMD_ROLE_simulate, 12}, .epoch = 3};

static ddmd_message *make(const sample *s)
{
    ddmd_error err = {0};
    ddmd_message *message = NULL;
    ASSERT_OK(sample_encode(s, &message, &err), &err);
    ASSERT_OK(ddmd_message_seal(message, &me, 77, &err), &err);
    return message;
}

static void fill(sample *s, enum ddmd_message_kind kind, uint64_t step)
{
    ddmd_random random;
    ddmd_random_init(&random, 1, DDMD_RANDOM_TEST, kind, step);
    sample_fill(s, kind, &random);
}

static void count_release(void *owner)
{
    ++*(int *)owner;
}

/* From bytes at any place: those on a multiple of 8 are kept where they are, others copied. */
static void take_from(const sample *s, const void *bytes, size_t length, size_t shift)
{
    ddmd_error err = {0};
    int released = 0;
    uint8_t *room = malloc(length + shift);
    memcpy(room + shift, bytes, length);
    ddmd_message *message = NULL;
    ASSERT_OK(ddmd_message_take(room + shift, length, count_release, &released, &message, &err),
              &err);
    assert_int_equal(released, shift % 8 != 0);
    const ddmd_message_header *h = ddmd_message_header_of(message);
    assert_int_equal(h->kind, s->kind);
    assert_int_equal(h->sequence, 77);
    assert_true(ddmd_peer_equal(h->sender.peer, me.peer));
    assert_true(h->sender.campaign == me.campaign && h->sender.epoch == me.epoch);
    sample_expect(s, message);
    ddmd_message_destroy(&message);
    assert_int_equal(released, 1);
    free(room);
}

static void what_is_put_in_comes_out(void **state)
{
    (void)state;
    static sample s;
    for (size_t k = 0; k < sample_n_kinds; k++)
        for (uint64_t turn = 0; turn < 100; turn++) {
            fill(&s, sample_kinds[k], turn);
            ddmd_message *message = make(&s);
            size_t length;
            const void *bytes = ddmd_message_bytes(message, &length);
            sample_expect(&s, message);
            take_from(&s, bytes, length, 0);
            take_from(&s, bytes, length, 1 + turn % 7);
            ddmd_message_destroy(&message);
        }
}

/* The bytes themselves, so that the layout does not change unnoticed. */
static void the_layout_is_as_documented(void **state)
{
    (void)state;
    ddmd_error err = {0};
    ddmd_message *message = NULL;
    const ddmd_ack ack = {.epoch = 0x0A0B0C0D, .sequence = 0x0102030405060708};
    ASSERT_OK(ddmd_ack_encode(&ack, &message, &err), &err);
    ASSERT_OK(ddmd_message_seal(message, &me, 9, &err), &err);
    static const uint8_t expected[] = {
        'd',  'd',  'm',  'd',  2,    0,    6,    0,    /* magic, version, kind */
        16,   0,    0,    0,    0,    0,    0,    0,    /* length */
        0x88, 0x77, 0x66, 0x55, 0x44, 0x33, 0x22, 0x11, /* campaign */
        9,    0,    0,    0,    0,    0,    0,    0,    /* sequence */
        2,    0,    0,    0,    12,   0,    0,    0,    /* role, index */
        3,    0,    0,    0,                            /* epoch */
    };
    static const uint8_t payload[] = {0x0D, 0x0C, 0x0B, 0x0A, 0, 0, 0, 0, 8, 7, 6, 5, 4, 3, 2, 1};
    size_t length;
    const uint8_t *bytes = ddmd_message_bytes(message, &length);
    assert_int_equal(length, DDMD_MESSAGE_HEADER_SIZE + sizeof payload);
    assert_memory_equal(bytes, expected, sizeof expected);
    assert_memory_equal(bytes + DDMD_MESSAGE_HEADER_SIZE, payload, sizeof payload);
    ddmd_message_destroy(&message);
}

static void every_changed_bit_is_found(void **state)
{
    (void)state;
    static sample s;
    for (size_t k = 0; k < sample_n_kinds; k++) {
        fill(&s, sample_kinds[k], 3);
        ddmd_message *message = make(&s), *read = NULL;
        size_t length;
        const void *bytes = ddmd_message_bytes(message, &length);
        uint8_t *damaged = malloc(length);
        memcpy(damaged, bytes, length);
        for (size_t bit = 0; bit < 8 * length; bit++) {
            ddmd_error err = {0};
            damaged[bit / 8] ^= (uint8_t)(1 << bit % 8);
            if (ddmd_message_copy(damaged, length, &read, &err) != DDMD_FORMAT || read)
                fail_msg("bit %zu of a message %s", bit, ddmd_message_kind_name(s.kind));
            assert_true(err.status == DDMD_FORMAT && *err.message);
            damaged[bit / 8] ^= (uint8_t)(1 << bit % 8);
        }
        free(damaged);
        ddmd_message_destroy(&message);
    }
}

static void every_truncation_is_found(void **state)
{
    (void)state;
    static sample s;
    for (size_t k = 0; k < sample_n_kinds; k++) {
        fill(&s, sample_kinds[k], 4);
        ddmd_message *message = make(&s), *read = NULL;
        size_t length;
        const void *bytes = ddmd_message_bytes(message, &length);
        for (size_t n = 0; n < length; n++) {
            uint8_t *cut = malloc(n + 1); /* so that the sanitizer sees a read beyond the end */
            memcpy(cut, bytes, n);
            int released = 0;
            assert_int_equal(ddmd_message_copy(cut, n, &read, NULL), DDMD_FORMAT);
            assert_int_equal(ddmd_message_take(cut, n, count_release, &released, &read, NULL),
                             DDMD_FORMAT);
            assert_int_equal(released, 0);
            assert_null(read);
            free(cut);
        }
        ddmd_message_destroy(&message);
    }
}

static enum ddmd_status decode(const ddmd_message *message, ddmd_error *err)
{
    static sample s;
    switch (ddmd_message_kind_of(message)) {
#define DECODE(kind, name)    \
    case DDMD_MESSAGE_##kind: \
        return ddmd_##name##_decode(message, &s.name, err);
        DECODE(HELLO, hello)
        DECODE(HEARTBEAT, heartbeat)
        DECODE(STOP, stop)
        DECODE(FAILED, failed)
        DECODE(ACTIVITY, activity)
        DECODE(ACK, ack)
        DECODE(FRAMES, frames)
        DECODE(DURABLE, durable)
        DECODE(FEATURES, features)
        DECODE(WEIGHTS, weights)
        DECODE(RANKING, ranking)
        DECODE(MODEL_CHECK, model_check)
        DECODE(UNPRODUCTIVE, unproductive)
        DECODE(ASSIGN, assign)
        DECODE(RELEASE, release)
#undef DECODE
    }
    return DDMD_INVALID;
}

/* A sender that means harm gets the checksum right: payloads that are too short or too long. */
static void payloads_of_a_wrong_length_are_refused(void **state)
{
    (void)state;
    static sample s;
    for (size_t k = 0; k < sample_n_kinds; k++) {
        fill(&s, sample_kinds[k], 5);
        ddmd_message *message = make(&s);
        size_t length = (size_t)ddmd_message_header_of(message)->length;
        for (size_t n = 0; n < length + 17; n++) {
            ddmd_message *other = NULL;
            ddmd_error err = {0};
            ASSERT_OK(ddmd_message_create(s.kind, n, &other, &err), &err);
            memset(ddmd_message_payload(other), 0, n);
            memcpy(ddmd_message_payload(other), ddmd_message_payload(message),
                   n < length ? n : length);
            if (decode(other, &err) != (n == length ? DDMD_OK : DDMD_FORMAT))
                fail_msg("%zu bytes of %zu of a message %s: %s", n, length,
                         ddmd_message_kind_name(s.kind), err.message);
            ddmd_message_destroy(&other);
        }
        ddmd_message_destroy(&message);
    }
}

/* Put a number into a payload and see the decoder refuse it. */
static void refuse(const ddmd_message *message, size_t at, uint64_t value, size_t size)
{
    ddmd_error err = {0};
    uint8_t old[8], *payload = ddmd_message_payload(message);
    memcpy(old, payload + at, size);
    memcpy(payload + at, &value, size);
    assert_int_equal(decode(message, &err), DDMD_FORMAT);
    assert_true(strstr(err.message, ddmd_message_kind_name(ddmd_message_kind_of(message))) != NULL);
    memcpy(payload + at, old, size);
    ASSERT_OK(decode(message, &err), &err);
}

static void numbers_out_of_range_are_refused(void **state)
{
    (void)state;
    static sample s;
    static const struct {
        enum ddmd_message_kind kind;
        size_t at, size;
        uint64_t value;
    } bad[] = {
        {DDMD_MESSAGE_HELLO, 6, 2, 2},
        {DDMD_MESSAGE_HELLO, 8, 8, 0},
        {DDMD_MESSAGE_HEARTBEAT, 16, 4, 0},
        {DDMD_MESSAGE_HEARTBEAT, 16, 4, DDMD_ACTIVITY_stop + 1},
        {DDMD_MESSAGE_STOP, 0, 4, 2},
        {DDMD_MESSAGE_STOP, 4, 4, 1},
        {DDMD_MESSAGE_STOP, 8 + DDMD_REASON_SIZE - 1, 1, 'x'},
        {DDMD_MESSAGE_FAILED, 0, 4, DDMD_OK},
        {DDMD_MESSAGE_FAILED, 0, 4, DDMD_CANCELLED + 1},
        {DDMD_MESSAGE_ACTIVITY, 0, 4, UINT32_MAX},
        {DDMD_MESSAGE_FRAMES, 0, 4, UINT32_MAX},
        {DDMD_MESSAGE_FRAMES, 4, 4, UINT32_MAX},
        {DDMD_MESSAGE_FRAMES, 8, 4, UINT32_MAX},
        {DDMD_MESSAGE_FRAMES, 12, 4, UINT32_MAX},
        {DDMD_MESSAGE_FRAMES, 16, 4, 2},
        {DDMD_MESSAGE_DURABLE, 0, 4, UINT32_MAX},
        {DDMD_MESSAGE_DURABLE, 4, 4, UINT32_MAX},
        {DDMD_MESSAGE_FEATURES, 0, 4, UINT32_MAX},
        {DDMD_MESSAGE_FEATURES, 4, 4, UINT32_MAX},
        {DDMD_MESSAGE_WEIGHTS, 12, 4, 7},
        {DDMD_MESSAGE_WEIGHTS, 72, 1, '/'},
        {DDMD_MESSAGE_MODEL_CHECK, 4, 4, 2},
        {DDMD_MESSAGE_RANKING, 72, 4, UINT32_MAX},
        {DDMD_MESSAGE_UNPRODUCTIVE, 4, 4, UINT32_MAX},
        {DDMD_MESSAGE_ASSIGN, 12, 4, 2},
        {DDMD_MESSAGE_ASSIGN, 24, 8, 0},                      /* 0 K */
        {DDMD_MESSAGE_ASSIGN, 24, 8, UINT64_C(0x7FF0) << 48}, /* infinitely hot */
        {DDMD_MESSAGE_ASSIGN, 32, 4, 0},
        {DDMD_MESSAGE_ASSIGN, 32, 4, UINT32_MAX},
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        fill(&s, bad[i].kind, 6);
        ddmd_message *message = NULL;
        ddmd_error err = {0};
        ASSERT_OK(sample_encode(&s, &message, &err), &err);
        refuse(message, bad[i].at, bad[i].value, bad[i].size);
        ddmd_message_destroy(&message);
    }
}

/* Counts whose product of sizes is that of the payload modulo 2^64 or 2^32 must not pass. */
static void products_do_not_wrap(void **state)
{
    (void)state;
    ddmd_error err = {0};
    ddmd_message *message = NULL;
    ASSERT_OK(ddmd_message_create(DDMD_MESSAGE_FRAMES, 24, &message, &err), &err);
    ddmd_wire wire = ddmd_wire_of(message, 0);
    ddmd_wire_put_u32(&wire, UINT32_C(1) << 31);
    ddmd_wire_put_u32(&wire, 0);
    ddmd_wire_put_u32(&wire, UINT32_C(1) << 31);
    ddmd_wire_put_zeros(&wire, 12);
    assert_int_equal(decode(message, &err), DDMD_FORMAT);
    ddmd_message_destroy(&message);
}

static void paths_stay_inside_the_run_directory(void **state)
{
    (void)state;
    static const char *const bad[] = {"/etc/passwd", "../x", "a/../b", "a/..", "a//b",
                                      "a/",          ".",    "./a",    ".."};
    static const char *const good[] = {"a", "models/a.h5", "..a/b..", "a/.b/c"};
    ddmd_weights weights = {.version = 1, .kept = true};
    ddmd_message *message = NULL;
    ddmd_error err = {0};
    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        strcpy(weights.path, good[i]);
        ASSERT_OK(ddmd_weights_encode(&weights, &message, &err), &err);
        ddmd_message_destroy(&message);
    }
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        strcpy(weights.path, bad[i]);
        assert_int_equal(ddmd_weights_encode(&weights, &message, &err), DDMD_INVALID);
        strcpy(weights.path, "a");
        ASSERT_OK(ddmd_weights_encode(&weights, &message, &err), &err);
        memcpy(ddmd_message_payload(message) + 72, bad[i], strlen(bad[i]));
        assert_int_equal(decode(message, &err), DDMD_FORMAT);
        ddmd_message_destroy(&message);
    }
    strcpy(weights.path, "");
    assert_int_equal(ddmd_weights_encode(&weights, &message, &err), DDMD_INVALID);
}

static void texts_can_be_shown(void **state)
{
    (void)state;
    ddmd_error err = {0};
    ddmd_message *message = NULL;
    ddmd_stop stop = {.reason = "red \033[31m\nnext\x7F"};
    ASSERT_OK(ddmd_stop_encode(&stop, &message, &err), &err);
    ASSERT_OK(ddmd_stop_decode(message, &stop, &err), &err);
    assert_string_equal(stop.reason, "red ?[31m next?");
    ddmd_message_destroy(&message);
}

static void strangers_are_named(void **state)
{
    (void)state;
    static const struct {
        size_t at;
        uint8_t value;
        const char *said;
    } bad[] = {{0, 'D', "does not begin with 'ddmd'"},
               {4, 9, "version 9"},
               {6, 200, "unknown kind 200"},
               {32, 99, "unknown role 99"},
               {40, 0, "epoch of 0"},
               {16, 1, "checksum"}};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        ddmd_error err = {0};
        ddmd_message *message = NULL, *read = NULL;
        const ddmd_release release = {1, 2};
        uint8_t bytes[DDMD_MESSAGE_HEADER_SIZE + 8];
        size_t length;
        ASSERT_OK(ddmd_release_encode(&release, &message, &err), &err);
        ASSERT_OK(ddmd_message_seal(message, &me, 0, &err), &err);
        memcpy(bytes, ddmd_message_bytes(message, &length), sizeof bytes);
        bytes[bad[i].at] = bad[i].value;
        uint32_t crc = ddmd_crc32c(ddmd_crc32c(0, bytes, 44), bytes + 48, 8);
        if (bad[i].at != 16)
            memcpy(bytes + 44, &crc, sizeof crc);
        assert_int_equal(ddmd_message_copy(bytes, sizeof bytes, &read, &err), DDMD_FORMAT);
        if (!strstr(err.message, bad[i].said))
            fail_msg("'%s' is not in '%s'", bad[i].said, err.message);
        ddmd_message_destroy(&message);
    }
}

static void misuse_is_answered(void **state)
{
    (void)state;
    ddmd_error err = {0};
    ddmd_message *message = NULL;
    const ddmd_release release = {1, 2};
    ddmd_ack ack;
    ASSERT_OK(ddmd_release_encode(&release, &message, &err), &err);
    assert_false(ddmd_message_is_sealed(message));
    assert_int_equal(ddmd_ack_decode(message, &ack, &err), DDMD_INVALID);
    assert_string_equal(err.message, "a message RELEASE was taken for ACK");
    ASSERT_OK(ddmd_message_seal(message, &me, 1, &err), &err);
    assert_int_equal(ddmd_message_seal(message, &me, 2, &err), DDMD_INVALID);
    assert_int_equal(ddmd_message_header_of(message)->sequence, 1);
    ddmd_message *shared = ddmd_message_share(message);
    ddmd_message_destroy(&message);
    assert_true(ddmd_message_is_sealed(shared));
    ddmd_message_destroy(&shared);
    ddmd_message_destroy(&shared);

    assert_int_equal(ddmd_message_create(DDMD_MESSAGE_ACK, UINT64_MAX, &message, &err),
                     DDMD_INVALID);
    const ddmd_features many = {.n = DDMD_FEATURES_MAX + 1};
    assert_int_equal(ddmd_features_encode(&many, &message, &err), DDMD_INVALID);
    const ddmd_features wide = {.n_points = DDMD_FEATURES_MAX_POINTS + 1};
    assert_int_equal(ddmd_features_encode(&wide, &message, &err), DDMD_INVALID);
    assert_null(message);
}

/* The definition: polynomial division, a bit at a time. */
static uint32_t divide(const uint8_t *bytes, size_t n)
{
    uint32_t crc = UINT32_MAX;
    for (size_t i = 0; i < n; i++) {
        crc ^= bytes[i];
        for (int bit = 0; bit < 8; bit++)
            crc = crc >> 1 ^ (crc & 1 ? 0x82F63B78 : 0);
    }
    return ~crc;
}

static void checksums_are_as_defined(void **state)
{
    (void)state;
    assert_int_equal(ddmd_crc32c(0, "123456789", 9), 0xE3069283); /* RFC 3720 and others */
    uint8_t bytes[300];
    ddmd_random random;
    ddmd_random_init(&random, 1, DDMD_RANDOM_TEST, 0, 0);
    for (size_t i = 0; i < sizeof bytes; i++)
        bytes[i] = (uint8_t)ddmd_random_u32(&random);
    for (size_t from = 0; from < 9; from++)
        for (size_t n = 0; n + from <= sizeof bytes; n++) {
            uint32_t wanted = divide(bytes + from, n);
            assert_int_equal(ddmd_crc32c(0, bytes + from, n), wanted);
            assert_int_equal(ddmd_crc32c_plain(0, bytes + from, n), wanted);
            size_t half = n / 3;
            assert_int_equal(
                ddmd_crc32c(ddmd_crc32c(0, bytes + from, half), bytes + from + half, n - half),
                wanted);
        }
}

/* Of long messages, several pieces are done at a time: lengths about the bounds of those. */
static void checksums_of_long_messages_are_as_defined(void **state)
{
    (void)state;
    enum { PIECE = 4096, LONGEST = 7 * PIECE + 20 };
    uint8_t *bytes = malloc(LONGEST);
    assert_non_null(bytes);
    ddmd_random random;
    ddmd_random_init(&random, 1, DDMD_RANDOM_TEST, 0, 1);
    for (size_t i = 0; i < LONGEST; i++)
        bytes[i] = (uint8_t)ddmd_random_u32(&random);
    for (size_t pieces = 1; pieces <= 7; pieces++)
        for (size_t n = pieces * PIECE - 9; n <= pieces * PIECE + 17; n++) {
            uint32_t wanted = divide(bytes + 3, n);
            assert_int_equal(ddmd_crc32c(0, bytes + 3, n), wanted);
            assert_int_equal(
                ddmd_crc32c(ddmd_crc32c(0, bytes + 3, n / 5), bytes + 3 + n / 5, n - n / 5),
                wanted);
        }
    free(bytes);
}

static void names_are_read_as_they_are_written(void **state)
{
    (void)state;
    static const ddmd_peer peers[] = {
        {DDMD_ROLE_coordinator, 0}, {DDMD_ROLE_simulate, 10}, {DDMD_ROLE_infer, UINT32_MAX}};
    static const char *const bad[] = {
        "",         "train",    "train-",  "-1",       "train-01",         "train-x",
        "train--1", "trains-1", "Train-1", "train-1 ", "train-4294967296", "train-11111111111",
        "?-1"};
    char name[DDMD_PEER_NAME_SIZE];
    ddmd_peer peer;
    for (size_t i = 0; i < sizeof peers / sizeof *peers; i++) {
        ddmd_peer_name(peers[i], name);
        assert_true(ddmd_peer_from_name(name, strlen(name), &peer));
        assert_true(ddmd_peer_equal(peer, peers[i]));
    }
    assert_string_equal(name, "infer-4294967295");
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        if (ddmd_peer_from_name(bad[i], strlen(bad[i]), &peer))
            fail_msg("'%s' is no name", bad[i]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_put_in_comes_out),
        cmocka_unit_test(the_layout_is_as_documented),
        cmocka_unit_test(every_changed_bit_is_found),
        cmocka_unit_test(every_truncation_is_found),
        cmocka_unit_test(payloads_of_a_wrong_length_are_refused),
        cmocka_unit_test(numbers_out_of_range_are_refused),
        cmocka_unit_test(products_do_not_wrap),
        cmocka_unit_test(paths_stay_inside_the_run_directory),
        cmocka_unit_test(texts_can_be_shown),
        cmocka_unit_test(strangers_are_named),
        cmocka_unit_test(misuse_is_answered),
        cmocka_unit_test(checksums_are_as_defined),
        cmocka_unit_test(checksums_of_long_messages_are_as_defined),
        cmocka_unit_test(names_are_read_as_they_are_written),
    };
    return cmocka_run_group_tests_name("messages", tests, NULL, NULL);
}
