#include "core/clock.h"
#include "ddmd/geometry.h"
#include "pair.h"
#include "stream/decisions.h"
#include "stream/features.h"
#include "stream/wakeup.h"
#include "support/cmocka.h"
#include "support/data.h"

#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>
#include <zmq.h>

/* How long a test waits for what must come; what must not come is waited for much shorter. */
#define LONG 30.0
#define SHORT 0.1

static ddmd_message *make_release(uint32_t replica)
{
    ddmd_error err = {0};
    ddmd_message *message = NULL;
    const ddmd_release release = {.replica = replica, .simulation = replica + 1};
    ASSERT_OK(ddmd_release_encode(&release, &message, &err), &err);
    return message;
}

static enum ddmd_status send_release(ddmd_endpoint *endpoint, ddmd_peer to, uint32_t replica,
                                     double timeout_s, ddmd_error *err)
{
    ddmd_message *message = make_release(replica);
    enum ddmd_status status = ddmd_endpoint_send(endpoint, to, message, timeout_s, err);
    ddmd_message_destroy(&message);
    return status;
}

static void expect_release(ddmd_endpoint *endpoint, ddmd_peer from, uint32_t replica)
{
    ddmd_error err = {0};
    ddmd_message *message = NULL;
    ddmd_release release;
    ASSERT_OK(ddmd_endpoint_receive(endpoint, LONG, &message, &err), &err);
    ASSERT_OK(ddmd_release_decode(message, &release, &err), &err);
    assert_int_equal(release.replica, replica);
    assert_true(ddmd_peer_equal(ddmd_message_header_of(message)->sender.peer, from));
    ddmd_message_destroy(&message);
}

/* There and back; the server can only answer who has been heard of. */
static void exchange(pair *p)
{
    ddmd_error err = {0};
    ASSERT_OK(send_release(p->client, server_identity.peer, 1, LONG, &err), &err);
    expect_release(p->server, client_identity.peer, 1);
    ASSERT_OK(send_release(p->server, client_identity.peer, 2, LONG, &err), &err);
    expect_release(p->client, server_identity.peer, 2);
}

static void messages_go_both_ways(void **state)
{
    (void)state;
    pair p = make_pair(NULL);
    exchange(&p);
    destroy_pair(&p);
}

static void large_messages_arrive_whole(void **state)
{
    (void)state;
    enum { POINTS = 2000, N = 5 };
    pair p = make_pair(NULL);
    ddmd_error err = {0};
    size_t bytes = ddmd_contact_map_bytes(POINTS);
    uint8_t *maps = malloc(N * bytes);
    ddmd_feature feature[N];
    for (size_t i = 0; i < N * bytes; i++)
        maps[i] = (uint8_t)(i * 2654435761u >> 13);
    for (uint32_t i = 0; i < N; i++)
        feature[i] = (ddmd_feature){.simulation = i, .map = maps + i * bytes};
    const ddmd_features features = {.n = N, .n_points = POINTS, .features = feature};
    ddmd_message *sent = NULL, *got = NULL;
    ASSERT_OK(ddmd_features_encode(&features, &sent, &err), &err);
    /* the same bytes twice, then gone on this side before they are read on the other */
    ASSERT_OK(ddmd_endpoint_send(p.client, server_identity.peer, sent, LONG, &err), &err);
    ASSERT_OK(ddmd_endpoint_send(p.client, server_identity.peer, sent, LONG, &err), &err);
    ddmd_message_destroy(&sent);
    for (int turn = 0; turn < 2; turn++) {
        ddmd_features read;
        ASSERT_OK(ddmd_endpoint_receive(p.server, LONG, &got, &err), &err);
        ASSERT_OK(ddmd_features_decode(got, &read, &err), &err);
        assert_int_equal(read.n, N);
        assert_memory_equal(read.maps, maps, N * bytes);
        ddmd_message_destroy(&got);
    }
    free(maps);
    destroy_pair(&p);
}

static void clients_may_come_before_their_server(void **state)
{
    (void)state;
    ddmd_error err = {0};
    pair p = make_ipc_address();
    connect_to(&p, NULL);
    assert_false(ddmd_endpoint_reconnected(p.client));
    ASSERT_OK(send_release(p.client, server_identity.peer, 9, LONG, &err), &err);
    listen_on(&p, NULL);
    expect_release(p.server, client_identity.peer, 9);
    destroy_pair(&p);
}

static void a_full_queue_makes_the_sender_wait(void **state)
{
    (void)state;
    /* small queues; the kernel's buffers are filled by large messages */
    const ddmd_stream_options options = {.queue_messages = 1, .linger_s = -1};
    pair p = make_pair(&options);
    ddmd_error err = {0};
    enum { POINTS = 3000, LIMIT = 100 };
    uint8_t *map = calloc(ddmd_contact_map_bytes(POINTS), 1);
    const ddmd_feature feature = {.map = map};
    const ddmd_features features = {.n = 1, .n_points = POINTS, .features = &feature};
    for (int way = 0; way < 2; way++) {
        ddmd_message *message = NULL;
        ASSERT_OK(ddmd_features_encode(&features, &message, &err), &err);
        ddmd_endpoint *from = way ? p.server : p.client, *at = way ? p.client : p.server;
        ddmd_peer to = way ? client_identity.peer : server_identity.peer;
        int sent = 0, received = 0;
        enum ddmd_status status = DDMD_OK;
        while (status == DDMD_OK && sent < LIMIT)
            if ((status = ddmd_endpoint_send(from, to, message, SHORT, &err)) == DDMD_OK)
                sent++;
        assert_int_equal(status, DDMD_TIMEOUT);
        assert_true(strstr(err.message, way ? "simulate-4" : "aggregate-0") != NULL);
        ddmd_message *got = NULL;
        while (received < sent) {
            ASSERT_OK(ddmd_endpoint_receive(at, LONG, &got, &err), &err);
            ddmd_message_destroy(&got);
            received++;
        }
        assert_int_equal(ddmd_endpoint_receive(at, SHORT, &got, &err), DDMD_TIMEOUT);
        ASSERT_OK(ddmd_endpoint_send(from, to, message, LONG, &err), &err);
        ASSERT_OK(ddmd_endpoint_receive(at, LONG, &got, &err), &err);
        ddmd_message_destroy(&got);
        ddmd_message_destroy(&message);
    }
    free(map);
    destroy_pair(&p);
}

static void nobody_is_reported(void **state)
{
    (void)state;
    pair p = make_pair(NULL);
    ddmd_error err = {0};
    exchange(&p);
    const ddmd_peer nobody = {DDMD_ROLE_train, 3};
    assert_int_equal(send_release(p.server, nobody, 1, 0, &err), DDMD_IO);
    assert_true(strstr(err.message, "train-3 is not connected") != NULL);
    assert_int_equal(send_release(p.client, nobody, 1, 0, &err), DDMD_INVALID);
    exchange(&p);

    ddmd_endpoint_destroy(&p.client);
    ddmd_stream_destroy(&p.client_stream);
    enum ddmd_status status = DDMD_OK; /* until the server has noticed */
    double end = ddmd_clock_monotonic() + LONG;
    while (status == DDMD_OK && ddmd_clock_monotonic() < end) {
        status = send_release(p.server, client_identity.peer, 1, 0, &err);
        usleep(1000);
    }
    assert_int_equal(status, DDMD_IO);
    connect_to(&p, NULL);
    exchange(&p);
    destroy_pair(&p);
}

/* A server that was restarted: the same client goes on, and is told that it was connected anew. */
static void clients_come_back(void **state)
{
    (void)state;
    pair p = make_pair(NULL);
    ddmd_error err = {0};
    ddmd_poll_item item = {.endpoint = p.client};
    size_t n_ready = 0;
    for (int life = 0; life < 3; life++) {
        do {
            ASSERT_OK(ddmd_poll(&item, 1, LONG, &n_ready, &err), &err);
            assert_int_equal(n_ready, 1);
        } while (!ddmd_endpoint_reconnected(p.client));
        assert_false(ddmd_endpoint_reconnected(p.client));
        exchange(&p);
        stop_server(&p);
        listen_on(&p, NULL);
    }
    destroy_pair(&p);
}

/* A restarted client takes its name over from its earlier life. */
static void clients_may_be_restarted(void **state)
{
    (void)state;
    pair p = make_pair(NULL);
    exchange(&p);
    pair second = {.server = p.server};
    snprintf(second.address, sizeof second.address, "%s", p.address);
    connect_to(&second, NULL);
    exchange(&second);
    ddmd_endpoint_destroy(&second.client);
    ddmd_stream_destroy(&second.client_stream);
    destroy_pair(&p);
}

/* Bytes from a socket that knows nothing of messages. */
typedef struct stranger {
    void *context, *socket;
} stranger;

static stranger make_stranger(const char *address, const char *name)
{
    stranger s = {.context = zmq_ctx_new()};
    s.socket = zmq_socket(s.context, ZMQ_DEALER);
    int linger = 1000;
    zmq_setsockopt(s.socket, ZMQ_LINGER, &linger, sizeof linger);
    zmq_setsockopt(s.socket, ZMQ_ROUTING_ID, name, strlen(name));
    assert_int_equal(zmq_connect(s.socket, address), 0);
    return s;
}

static void destroy_stranger(stranger *s)
{
    zmq_close(s->socket);
    zmq_ctx_term(s->context);
}

static void expect_refusal(ddmd_endpoint *server, const char *said)
{
    ddmd_error err = {0};
    ddmd_message *message = NULL;
    assert_int_equal(ddmd_endpoint_receive(server, LONG, &message, &err), DDMD_FORMAT);
    assert_null(message);
    if (!strstr(err.message, said))
        fail_msg("'%s' is not in '%s'", said, err.message);
}

static void send_as(pair *p, const char *name, const ddmd_identity *identity, const char *said)
{
    ddmd_error err = {0};
    size_t length;
    stranger s = make_stranger(p->address, name);
    ddmd_message *message = make_release(5);
    ASSERT_OK(ddmd_message_seal(message, identity, 0, &err), &err);
    const void *bytes = ddmd_message_bytes(message, &length);
    zmq_send(s.socket, bytes, length, 0);
    expect_refusal(p->server, said);
    ddmd_message_destroy(&message);
    destroy_stranger(&s);
}

static void strangers_are_refused_and_named(void **state)
{
    (void)state;
    pair p = make_pair(NULL);
    stranger s = make_stranger(p.address, "simulate-8");
    static uint8_t large[100000];
    zmq_send(s.socket, "hello", 5, 0);
    expect_refusal(p.server, "simulate-8: 5 bytes are no message");
    zmq_send(s.socket, large, sizeof large, 0);
    expect_refusal(p.server, "simulate-8: not a message of ddmd");
    zmq_send(s.socket, "", 0, 0);
    expect_refusal(p.server, "simulate-8: 0 bytes");
    zmq_send(s.socket, "a", 1, ZMQ_SNDMORE);
    zmq_send(s.socket, "b", 1, ZMQ_SNDMORE);
    zmq_send(s.socket, "c", 1, 0);
    expect_refusal(p.server, "in several pieces");
    exchange(&p);
    destroy_stranger(&s);

    send_as(&p, "me", &client_identity, "from nobody of a campaign");
    send_as(&p, "simulate-5", &client_identity,
            "simulate-5: a message that says it is from simulate-4");
    ddmd_identity other = client_identity;
    other.campaign++;
    other.peer.index = 6;
    send_as(&p, "simulate-6", &other, "of another campaign");
    exchange(&p);
    destroy_pair(&p);
}

static void poll_wakes_for_all_kinds_of_things(void **state)
{
    (void)state;
    pair p = make_pair(NULL);
    ddmd_error err = {0};
    ddmd_wakeup wakeup = {.fd = -1};
    size_t n_ready = 9;
    ASSERT_OK(ddmd_wakeup_open(&wakeup, &err), &err);
    ddmd_poll_item items[] = {{.endpoint = p.server}, {.fd = wakeup.fd}, {.fd = -1}};
    ASSERT_OK(ddmd_poll(items, 3, 0, &n_ready, &err), &err);
    assert_int_equal(n_ready, 0);
    ASSERT_OK(ddmd_poll(items, 3, SHORT, &n_ready, &err), &err);
    assert_int_equal(n_ready, 0);

    ddmd_wakeup_signal(&wakeup);
    ddmd_wakeup_signal(&wakeup);
    ASSERT_OK(ddmd_poll(items, 3, LONG, &n_ready, &err), &err);
    assert_true(n_ready == 1 && !items[0].ready && items[1].ready && !items[2].ready);
    ddmd_wakeup_clear(&wakeup);
    ASSERT_OK(send_release(p.client, server_identity.peer, 3, LONG, &err), &err);
    ASSERT_OK(ddmd_poll(items, 3, -1, &n_ready, &err), &err);
    assert_true(n_ready == 1 && items[0].ready && !items[1].ready);
    expect_release(p.server, client_identity.peer, 3);
    ASSERT_OK(ddmd_poll(items, 3, 0, &n_ready, &err), &err);
    assert_int_equal(n_ready, 0);
    assert_int_equal(ddmd_poll(items, DDMD_POLL_MAX + 1, 0, &n_ready, &err), DDMD_INVALID);
    ddmd_wakeup_close(&wakeup);
    ddmd_wakeup_close(&wakeup);
    destroy_pair(&p);
}

static void do_nothing(int signal_number)
{
    (void)signal_number;
}

/* Many signals a second, to the thread that waits. */
static void signals_disturb_nothing(void **state)
{
    (void)state;
    pair p = make_pair(NULL);
    ddmd_error err = {0};
    ddmd_message *message = NULL;
    ddmd_poll_item item = {.endpoint = p.server};
    size_t n_ready = 9;
    const struct sigaction quiet = {.sa_handler = do_nothing}; /* without SA_RESTART */
    struct sigaction before;
    const struct itimerval often = {{0, 2000}, {0, 2000}}, never = {{0, 0}, {0, 0}};
    sigaction(SIGALRM, &quiet, &before);
    setitimer(ITIMER_REAL, &often, NULL);
    double began = ddmd_clock_monotonic();
    ASSERT_OK(ddmd_poll(&item, 1, SHORT, &n_ready, &err), &err);
    assert_int_equal(n_ready, 0);
    assert_true(ddmd_clock_monotonic() - began >= SHORT);
    began = ddmd_clock_monotonic();
    assert_int_equal(ddmd_endpoint_receive(p.server, SHORT, &message, &err), DDMD_TIMEOUT);
    assert_true(ddmd_clock_monotonic() - began >= SHORT);
    for (int i = 0; i < 50; i++)
        exchange(&p);
    setitimer(ITIMER_REAL, &never, NULL);
    sigaction(SIGALRM, &before, NULL);
    destroy_pair(&p);
}

static void directories_are_private_and_cleaned_up(void **state)
{
    (void)state;
    ddmd_error err = {0};
    char *directory = NULL, address[DDMD_ADDRESS_SIZE], file[300];
    struct stat about;
    ASSERT_OK(ddmd_socket_directory_create(&directory, &err), &err);
    assert_int_equal(stat(directory, &about), 0);
    assert_int_equal(about.st_mode & 07777, 0700);
    ASSERT_OK(ddmd_address_ipc(address, directory, server_identity.peer, &err), &err);
    assert_int_equal(strncmp(address, "ipc://", 6), 0);

    struct sockaddr_un left = {.sun_family = AF_UNIX}; /* by a server that was killed */
    memccpy(left.sun_path, address + 6, 0, sizeof left.sun_path - 1);
    int fd = socket(AF_UNIX, SOCK_STREAM, 0);
    assert_int_equal(bind(fd, (struct sockaddr *)&left, sizeof left), 0);
    close(fd);
    char *kept = strdup(directory);
    snprintf(file, sizeof file, "%s/file", directory);
    fclose(fopen(file, "w"));
    ddmd_socket_directory_remove(&directory); /* not what is no socket */
    assert_null(directory);
    assert_int_equal(stat(left.sun_path, &about), -1);
    assert_int_equal(stat(file, &about), 0);
    unlink(file);
    directory = kept;
    ddmd_socket_directory_remove(&directory);
    assert_int_equal(access(left.sun_path, F_OK), -1);

    char deep[200];
    memset(deep, 'd', sizeof deep - 1);
    deep[0] = '/';
    deep[sizeof deep - 1] = '\0';
    assert_int_equal(ddmd_address_ipc(address, deep, server_identity.peer, &err), DDMD_INVALID);
}

/* Where the first choice is too long for a socket, the next one is taken. */
static void long_directories_are_passed_over(void **state)
{
    (void)state;
    ddmd_error err = {0};
    char *directory = NULL, deep[300], *before = getenv("XDG_RUNTIME_DIR");
    before = before ? strdup(before) : NULL;
    snprintf(deep, sizeof deep, "%s/%0100d", test_scratch("x"), 0);
    setenv("XDG_RUNTIME_DIR", deep, 1);
    ASSERT_OK(ddmd_socket_directory_create(&directory, &err), &err);
    assert_true(strncmp(directory, deep, strlen(deep)) != 0);
    ddmd_socket_directory_remove(&directory);
    if (before)
        setenv("XDG_RUNTIME_DIR", before, 1);
    else
        unsetenv("XDG_RUNTIME_DIR");
    free(before);
}

static void misuse_is_answered(void **state)
{
    (void)state;
    ddmd_error err = {0};
    ddmd_stream *stream = NULL;
    ddmd_endpoint *endpoint = NULL;
    ddmd_identity unborn = client_identity;
    unborn.epoch = 0;
    assert_int_equal(ddmd_stream_create(&unborn, NULL, &stream, &err), DDMD_INVALID);
    const ddmd_stream_options many = {.io_threads = 1000};
    assert_int_equal(ddmd_stream_create(&client_identity, &many, &stream, &err), DDMD_INVALID);
    assert_null(stream);
    ASSERT_OK(ddmd_stream_create(&client_identity, NULL, &stream, &err), &err);
    assert_int_equal(ddmd_endpoint_listen(stream, "tcp://127.0.0.1:0", &endpoint, &err),
                     DDMD_INVALID);
    assert_true(strstr(err.message, "without keys") != NULL);
    assert_int_equal(
        ddmd_endpoint_connect(stream, "tcp://127.0.0.1:1", server_identity.peer, &endpoint, &err),
        DDMD_INVALID);
    assert_int_equal(ddmd_endpoint_listen(stream, "udp://127.0.0.1:0", &endpoint, &err),
                     DDMD_INVALID);
    assert_int_equal(ddmd_endpoint_listen(stream, "ipc:///no/such/folder/s", &endpoint, &err),
                     DDMD_IO);
    assert_null(endpoint);
    ddmd_endpoint_destroy(&endpoint);
    ddmd_stream_destroy(&stream);
    ddmd_stream_destroy(&stream);
}

/* ---- over TCP ------------------------------------------------------------------------------ */

static ddmd_keys keys;

static pair make_tcp_server(void)
{
    pair p = {.address = "tcp://127.0.0.1:0"};
    const ddmd_stream_options options = {.keys = &keys, .linger_s = -1};
    listen_on(&p, &options);
    assert_null(strstr(p.address, ":0"));
    return p;
}

static void who_has_the_keys_is_admitted(void **state)
{
    (void)state;
    pair p = make_tcp_server();
    ddmd_keys client = keys; /* without the server's secret */
    memset(client.server.secret_key, 0, sizeof client.server.secret_key);
    const ddmd_stream_options options = {.keys = &client, .linger_s = -1};
    connect_to(&p, &options);
    exchange(&p);
    destroy_pair(&p);
}

/* With these keys, nothing gets through, either way. */
static void expect_nothing(pair *p, const ddmd_keys *wrong)
{
    ddmd_error err = {0};
    ddmd_message *message = NULL;
    const ddmd_stream_options options = {.keys = wrong, .linger_s = -1};
    connect_to(p, &options);
    ASSERT_OK(send_release(p->client, server_identity.peer, 1, LONG, &err), &err); /* queued */
    assert_int_equal(ddmd_endpoint_receive(p->server, 5 * SHORT, &message, &err), DDMD_TIMEOUT);
    assert_false(ddmd_endpoint_reconnected(p->client));
    assert_int_equal(send_release(p->server, client_identity.peer, 1, 0, &err), DDMD_IO);
    ddmd_endpoint_destroy(&p->client);
    ddmd_stream_destroy(&p->client_stream);
}

static void nobody_else_is(void **state)
{
    (void)state;
    pair p = make_tcp_server();
    ddmd_error err = {0};
    ddmd_keys others, wrong = keys;
    ASSERT_OK(ddmd_keys_create(&others, &err), &err);
    wrong.client = others.client; /* somebody who read the server's public key */
    expect_nothing(&p, &wrong);
    wrong = keys;
    wrong.server = others.server; /* a server that is not the one it should be */
    expect_nothing(&p, &wrong);

    stranger s = make_stranger(p.address, "simulate-4"); /* without any */
    zmq_send(s.socket, "hello", 5, 0);
    ddmd_message *message = NULL;
    assert_int_equal(ddmd_endpoint_receive(p.server, 5 * SHORT, &message, &err), DDMD_TIMEOUT);
    int linger = 0;
    zmq_setsockopt(s.socket, ZMQ_LINGER, &linger, sizeof linger);
    destroy_stranger(&s);

    const ddmd_stream_options options = {.keys = &keys, .linger_s = -1};
    connect_to(&p, &options);
    exchange(&p);
    destroy_pair(&p);
}

static void an_address_in_use_is_named(void **state)
{
    (void)state;
    pair p = make_tcp_server();
    ddmd_error err = {0};
    ddmd_endpoint *second = NULL;
    assert_int_equal(ddmd_endpoint_listen(p.server_stream, p.address, &second, &err), DDMD_IO);
    assert_true(strstr(err.message, p.address) != NULL);
    destroy_pair(&p);
}

static void keys_rest_in_private_files(void **state)
{
    (void)state;
    ddmd_error err = {0};
    ddmd_keys read = {0};
    struct stat about;
    char path[512];
    snprintf(path, sizeof path, "%s", test_scratch("keys"));
    ASSERT_OK(ddmd_keys_write(path, &keys, &err), &err);
    assert_int_equal(stat(path, &about), 0);
    assert_int_equal(about.st_mode & 07777, 0600);
    ASSERT_OK(ddmd_keys_read(path, &read, &err), &err);
    assert_memory_equal(&read, &keys, sizeof keys);
    assert_int_equal(ddmd_keys_write(path, &keys, &err), DDMD_IO);
    chmod(path, 0640);
    assert_int_equal(ddmd_keys_read(path, &read, &err), DDMD_IO);
    assert_true(strstr(err.message, "others may read") != NULL);
    chmod(path, 0600);
    FILE *file = fopen(path, "r+"); /* a character that is none of Z85 */
    fseek(file, 20, SEEK_SET);
    fputc('"', file);
    fclose(file);
    assert_int_equal(ddmd_keys_read(path, &read, &err), DDMD_FORMAT);
    file = fopen(path, "w");
    fclose(file);
    assert_int_equal(ddmd_keys_read(path, &read, &err), DDMD_FORMAT);
    unlink(path);
    assert_int_equal(ddmd_keys_read(path, &read, &err), DDMD_IO);
    ddmd_keys_clear(&read);
    assert_true(read.server.secret_key[0] == '\0');
}

static int make_keys(void **state)
{
    (void)state;
    return ddmd_keys_create(&keys, NULL) == DDMD_OK ? 0 : -1;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(messages_go_both_ways),
        cmocka_unit_test(large_messages_arrive_whole),
        cmocka_unit_test(clients_may_come_before_their_server),
        cmocka_unit_test(a_full_queue_makes_the_sender_wait),
        cmocka_unit_test(nobody_is_reported),
        cmocka_unit_test(clients_come_back),
        cmocka_unit_test(clients_may_be_restarted),
        cmocka_unit_test(strangers_are_refused_and_named),
        cmocka_unit_test(poll_wakes_for_all_kinds_of_things),
        cmocka_unit_test(signals_disturb_nothing),
        cmocka_unit_test(directories_are_private_and_cleaned_up),
        cmocka_unit_test(long_directories_are_passed_over),
        cmocka_unit_test(misuse_is_answered),
        cmocka_unit_test(who_has_the_keys_is_admitted),
        cmocka_unit_test(nobody_else_is),
        cmocka_unit_test(an_address_in_use_is_named),
        cmocka_unit_test(keys_rest_in_private_files),
    };
    return cmocka_run_group_tests_name("sockets", tests, make_keys, NULL);
}
