#include "bench_stream_processes.h"

#include "core/array.h"
#include "core/clock.h"
#include "core/try.h"
#include "ddmd/geometry.h"
#include "ddmd/random.h"
#include "stream/address.h"
#include "stream/features.h"
#include "stream/inbox.h"
#include "stream/outbox.h"

#include <errno.h>
#include <math.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

/* Rings, queues and acknowledgements are as in campaign/role/aggregate.c and process_loop.c. */
enum { N_CONSUMERS = 2, N_MAPS = 8, RING_MESSAGES = 64, MAX_MESSAGES_A_TURN = 256 };

#define RING_BYTES (UINT64_C(1) << 28)
#define PATIENCE_S 120.0 /* without an ACK */

static const ddmd_identity producer = {1, {DDMD_ROLE_aggregate, 0}, 1};
static const ddmd_identity consumers[N_CONSUMERS] = {{1, {DDMD_ROLE_train, 0}, 1},
                                                     {1, {DDMD_ROLE_infer, 0}, 1}};

/* What a consumer did in a pass; written by it before it acknowledges the last frame. */
typedef struct tally {
    size_t n;
    double started_s, ended_s, unpack_s, cpu_s;
} tally;

struct bench_stream {
    size_t residues, frames, batch, map_bytes;
    char *directory;
    char address[DDMD_ADDRESS_SIZE];
    pid_t pids[N_CONSUMERS]; /* 0: none */
    tally *tallies;          /* [N_CONSUMERS], shared with the consumers, and behind them */
    double *latencies;       /* [N_CONSUMERS][frames], s */
    double *sorted;          /* [N_CONSUMERS * frames] */
    uint8_t *maps;           /* [N_MAPS][map_bytes] */
    ddmd_feature *features;  /* [batch] */
    ddmd_stream *stream;
    ddmd_endpoint *endpoint;
    ddmd_outbox *outbox;
    ddmd_inbox *inbox;
};

static double cpu_now(void)
{
    struct rusage use;
    getrusage(RUSAGE_SELF, &use);
    return (double)(use.ru_utime.tv_sec + use.ru_stime.tv_sec) +
           1e-6 * (double)(use.ru_utime.tv_usec + use.ru_stime.tv_usec);
}

static size_t shared_size(const bench_stream *b)
{
    return N_CONSUMERS * (sizeof(tally) + b->frames * sizeof(double));
}

/* ---- a consumer ---------------------------------------------------------------------------- */

typedef struct consumer {
    bench_stream *b;
    int number;
    ddmd_endpoint *endpoint;
    ddmd_inbox *inbox;
    float *map; /* [residues][residues] */
    bool stop;
} consumer;

static enum ddmd_status consume(consumer *c, const ddmd_message *message, ddmd_error *err)
{
    enum ddmd_status status = DDMD_OK;
    bench_stream *b = c->b;
    tally *t = &b->tallies[c->number];
    ddmd_features features;
    ddmd_feature feature;
    DDMD_TRY(ddmd_features_decode(message, &features, err));
    if (features.n_points != b->residues)
        DDMD_FAIL(err, DDMD_FORMAT, "maps of %zu residues came", features.n_points);
    for (size_t i = 0; i < features.n; i++) {
        ddmd_features_at(message, i, &feature);
        if (feature.index == 0) /* a new pass */
            *t = (tally){.started_s = feature.created_s, .cpu_s = cpu_now()};
        double began = ddmd_clock_monotonic();
        if (feature.system)
            ddmd_contact_map_unpack(feature.map, b->residues, c->map);
        t->ended_s = ddmd_clock_monotonic();
        t->unpack_s += t->ended_s - began;
        if (feature.index < b->frames)
            b->latencies[(size_t)c->number * b->frames + feature.index] =
                t->ended_s - feature.created_s;
        t->n++;
    }
    if (t->n == b->frames)
        t->cpu_s = cpu_now() - t->cpu_s;
out:
    return status;
}

static enum ddmd_status handle(consumer *c, const ddmd_message *message, ddmd_error *err)
{
    enum ddmd_status status = DDMD_OK;
    const ddmd_message_header *header = ddmd_message_header_of(message);
    ddmd_hello hello;
    if (header->kind == DDMD_MESSAGE_STOP) {
        c->stop = true;
    } else if (header->kind == DDMD_MESSAGE_HELLO) {
        DDMD_TRY(ddmd_hello_decode(message, &hello, err));
        DDMD_TRY(ddmd_inbox_hello(c->inbox, header, &hello, err));
    } else if (ddmd_inbox_check(c->inbox, header) == DDMD_INBOX_TAKE) {
        DDMD_TRY(consume(c, message, err));
    }
out:
    return status;
}

/* Take what is there, waiting for the first of it; then acknowledge all of it. */
static enum ddmd_status take_turn(consumer *c, ddmd_error *err)
{
    enum ddmd_status status = DDMD_OK;
    ddmd_message *message = NULL;
    for (int i = 0; i < MAX_MESSAGES_A_TURN && !c->stop; i++) {
        status = ddmd_endpoint_receive(c->endpoint, i == 0 ? -1 : 0, &message, err);
        if (i > 0 && status == DDMD_TIMEOUT)
            break;
        if (status == DDMD_OK)
            status = handle(c, message, err);
        ddmd_message_destroy(&message);
        DDMD_TRY(status);
    }
    status = DDMD_OK;
    uint64_t taken = ddmd_inbox_taken(c->inbox, &producer);
    if (taken > 0)
        DDMD_TRY(ddmd_inbox_acknowledge(c->inbox, c->endpoint, &producer, taken, PATIENCE_S, err));
out:
    return status;
}

static enum ddmd_status run_consumer(bench_stream *b, int number, ddmd_error *err)
{
    enum ddmd_status status = DDMD_OK;
    consumer c = {.b = b, .number = number};
    ddmd_stream *stream = NULL;
    DDMD_TRY(ddmd_array_alloc(&c.map, b->residues * b->residues, sizeof(float), err));
    DDMD_TRY(ddmd_inbox_create(1, &c.inbox, err));
    DDMD_TRY(ddmd_stream_create(&consumers[number], NULL, &stream, err));
    DDMD_TRY(ddmd_endpoint_connect(stream, b->address, producer.peer, &c.endpoint, err));
    DDMD_TRY(ddmd_say_hello(c.endpoint, producer.peer, NULL, false, PATIENCE_S, err));
    while (!c.stop)
        DDMD_TRY(take_turn(&c, err));
out:
    ddmd_endpoint_destroy(&c.endpoint);
    ddmd_stream_destroy(&stream);
    ddmd_inbox_destroy(&c.inbox);
    free(c.map);
    return status;
}

static enum ddmd_status fork_consumer(bench_stream *b, int number, ddmd_error *err)
{
    ddmd_error why = {0};
    pid_t parent = getpid(), pid = fork();
    if (pid < 0)
        return ddmd_error_set(err, DDMD_IO, "fork: %s", strerror(errno));
    if (pid > 0) {
        b->pids[number] = pid;
        return DDMD_OK;
    }
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != parent)
        _exit(1);
    enum ddmd_status status = run_consumer(b, number, &why);
    if (status != DDMD_OK)
        fprintf(stderr, "ddmd: a consumer: %s\n", why.message);
    _exit(status != DDMD_OK);
}

/* ---- the producer -------------------------------------------------------------------------- */

static enum ddmd_status make_maps(bench_stream *b, ddmd_error *err)
{
    enum ddmd_status status = DDMD_OK;
    double *points = NULL;
    ddmd_random random;
    ddmd_random_init(&random, 1, DDMD_RANDOM_TEST, 0, 0);
    DDMD_TRY(ddmd_array_alloc(&points, b->residues * 3, sizeof *points, err));
    DDMD_TRY(ddmd_array_alloc(&b->maps, N_MAPS, b->map_bytes, err));
    double edge = 0.5 * cbrt((double)b->residues); /* about the density of a protein */
    for (size_t m = 0; m < N_MAPS; m++) {
        for (size_t i = 0; i < b->residues * 3; i++)
            points[i] = edge * ddmd_random_uniform(&random);
        ddmd_contact_map_pack(points, b->residues, 0.8, b->maps + m * b->map_bytes);
    }
out:
    free(points);
    return status;
}

static enum ddmd_status hear(bench_stream *b, const ddmd_message *message, ddmd_error *err)
{
    enum ddmd_status status = DDMD_OK;
    const ddmd_message_header *header = ddmd_message_header_of(message);
    ddmd_peer from = header->sender.peer;
    ddmd_hello hello;
    ddmd_ack ack;
    if (header->kind == DDMD_MESSAGE_HELLO) {
        DDMD_TRY(ddmd_hello_decode(message, &hello, err));
        DDMD_TRY(ddmd_inbox_hello(b->inbox, header, &hello, err));
        DDMD_TRY(ddmd_say_hello(b->endpoint, from, b->outbox, true, PATIENCE_S, err));
    } else {
        DDMD_TRY(ddmd_ack_decode(message, &ack, err));
        DDMD_TRY(ddmd_outbox_acknowledge(b->outbox, from, &ack, err));
    }
out:
    return status;
}

static enum ddmd_status flush(bench_stream *b, ddmd_error *err)
{
    enum ddmd_status status = DDMD_OK;
    for (int i = 0; i < N_CONSUMERS && status == DDMD_OK; i++)
        if (ddmd_inbox_knows(b->inbox, &consumers[i]))
            status = ddmd_outbox_flush(b->outbox, consumers[i].peer, b->endpoint, err);
    return status;
}

/*
 * Send what is pending; take all that came, waiting for the first of it; send again. ZeroMQ learns
 * that a queue has room when it looks for messages and finds none, so that what is pending after a
 * turn waits for a message that is really under way, and for its acknowledgement.
 */
static enum ddmd_status turn(bench_stream *b, double timeout_s, ddmd_error *err)
{
    enum ddmd_status status = DDMD_OK;
    DDMD_TRY(flush(b, err));
    for (double wait_s = timeout_s;; wait_s = 0) {
        ddmd_message *message = NULL;
        status = ddmd_endpoint_receive(b->endpoint, wait_s, &message, err);
        if (status == DDMD_TIMEOUT && wait_s == 0)
            break;
        if (status == DDMD_OK)
            status = hear(b, message, err);
        ddmd_message_destroy(&message);
        DDMD_TRY(status);
    }
    DDMD_TRY(flush(b, err));
out:
    return status;
}

static enum ddmd_status send_batch(bench_stream *b, size_t first, bool unpack, ddmd_error *err)
{
    enum ddmd_status status = DDMD_OK;
    ddmd_message *message = NULL;
    size_t n = b->frames - first < b->batch ? b->frames - first : b->batch;
    double now = ddmd_clock_monotonic();
    for (size_t i = 0; i < n; i++)
        b->features[i] = (ddmd_feature){.simulation = 1,
                                        .index = (uint32_t)(first + i),
                                        .system = unpack,
                                        .rmsd_nm = NAN,
                                        .created_s = now,
                                        .map = b->maps + (first + i) % N_MAPS * b->map_bytes};
    const ddmd_features features = {.n = n, .n_points = b->residues, .features = b->features};
    DDMD_TRY(ddmd_features_encode(&features, &message, err));
    while ((status = ddmd_outbox_put(b->outbox, &message, 0, NULL, err)) == DDMD_TIMEOUT)
        DDMD_TRY(turn(b, PATIENCE_S, err));
    if (status == DDMD_OK)
        DDMD_TRY(turn(b, 0, err));
out:
    ddmd_message_destroy(&message);
    return status;
}

static int compare(const void *a, const void *b)
{
    const double *x = a, *y = b;
    return (*x > *y) - (*x < *y);
}

static enum ddmd_status sum_up(bench_stream *b, bench_stream_pass *pass, ddmd_error *err)
{
    double all = 0, unpacking = 0;
    size_t n = N_CONSUMERS * b->frames;
    for (int i = 0; i < N_CONSUMERS; i++) {
        const tally *t = &b->tallies[i];
        if (t->n != b->frames)
            return ddmd_error_set(err, DDMD_EXTERNAL, "a consumer took %zu frames of %zu", t->n,
                                  b->frames);
        all += t->ended_s - t->started_s;
        unpacking += t->unpack_s;
        pass->cpu_seconds += t->cpu_s;
    }
    pass->io_fraction = all > 0 ? 1 - unpacking / all : 0;
    memcpy(b->sorted, b->latencies, n * sizeof *b->sorted);
    qsort(b->sorted, n, sizeof *b->sorted, compare);
    pass->latency_s = b->sorted[n / 2];
    return DDMD_OK;
}

static enum ddmd_status wait_for_all(bench_stream *b, ddmd_error *err)
{
    enum ddmd_status status = DDMD_OK;
    while (status == DDMD_OK && ddmd_outbox_kept(b->outbox) > 0)
        status = turn(b, PATIENCE_S, err);
    return status;
}

enum ddmd_status bench_stream_run(bench_stream *b, bool unpack, bool alone, bench_stream_pass *pass,
                                  ddmd_error *err)
{
    enum ddmd_status status = DDMD_OK;
    double began = ddmd_clock_monotonic(), cpu = cpu_now();
    for (size_t first = 0; first < b->frames; first += b->batch) {
        DDMD_TRY(send_batch(b, first, unpack, err));
        if (alone)
            DDMD_TRY(wait_for_all(b, err));
    }
    DDMD_TRY(wait_for_all(b, err));
    *pass = (bench_stream_pass){.seconds = ddmd_clock_monotonic() - began,
                                .cpu_seconds = cpu_now() - cpu};
    DDMD_TRY(sum_up(b, pass, err));
out:
    return status;
}

static enum ddmd_status share_memory(bench_stream *b, ddmd_error *err)
{
    void *memory =
        mmap(NULL, shared_size(b), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED)
        return ddmd_error_set(err, DDMD_NOMEM, "shared memory: %s", strerror(errno));
    b->tallies = memory;
    b->latencies = (double *)(void *)(b->tallies + N_CONSUMERS);
    return DDMD_OK;
}

enum ddmd_status bench_stream_start(size_t residues, size_t frames, size_t batch,
                                    bench_stream **stream, ddmd_error *err)
{
    enum ddmd_status status = DDMD_OK;
    const ddmd_peer peers[N_CONSUMERS] = {consumers[0].peer, consumers[1].peer};
    bench_stream *b = NULL;
    DDMD_TRY(ddmd_array_alloc(&b, 1, sizeof *b, err));
    b->residues = residues;
    b->frames = frames;
    b->batch = batch;
    b->map_bytes = ddmd_contact_map_bytes(residues);
    DDMD_TRY(make_maps(b, err));
    DDMD_TRY(ddmd_array_alloc(&b->features, batch, sizeof *b->features, err));
    DDMD_TRY(ddmd_array_alloc(&b->sorted, N_CONSUMERS * frames, sizeof *b->sorted, err));
    DDMD_TRY(share_memory(b, err));
    DDMD_TRY(ddmd_socket_directory_create(&b->directory, err));
    DDMD_TRY(ddmd_address_ipc(b->address, b->directory, producer.peer, err));
    for (int i = 0; i < N_CONSUMERS; i++)
        DDMD_TRY(fork_consumer(b, i, err));
    DDMD_TRY(ddmd_inbox_create(1, &b->inbox, err));
    DDMD_TRY(ddmd_outbox_create(&producer, peers, N_CONSUMERS, RING_MESSAGES, RING_BYTES,
                                &b->outbox, err));
    DDMD_TRY(ddmd_stream_create(&producer, NULL, &b->stream, err));
    DDMD_TRY(ddmd_endpoint_listen(b->stream, b->address, &b->endpoint, err));
    while (!ddmd_inbox_knows(b->inbox, &consumers[0]) || !ddmd_inbox_knows(b->inbox, &consumers[1]))
        DDMD_TRY(turn(b, PATIENCE_S, err));
    *stream = b;
    b = NULL;
out:
    bench_stream_end(&b);
    return status;
}

/* The consumers are asked to go; where that cannot be said, they are killed. */
static void end_consumers(bench_stream *b)
{
    const ddmd_stop stop = {.now = true};
    for (int i = 0; i < N_CONSUMERS; i++) {
        ddmd_message *message = NULL;
        if (b->pids[i] == 0)
            continue;
        if (!b->endpoint || ddmd_stop_encode(&stop, &message, NULL) != DDMD_OK ||
            ddmd_endpoint_send(b->endpoint, consumers[i].peer, message, 1, NULL) != DDMD_OK)
            kill(b->pids[i], SIGKILL);
        ddmd_message_destroy(&message);
        while (waitpid(b->pids[i], NULL, 0) < 0 && errno == EINTR)
            ;
    }
}

void bench_stream_end(bench_stream **stream)
{
    bench_stream *b = *stream;
    if (!b)
        return;
    end_consumers(b);
    ddmd_endpoint_destroy(&b->endpoint);
    ddmd_stream_destroy(&b->stream);
    ddmd_outbox_destroy(&b->outbox);
    ddmd_inbox_destroy(&b->inbox);
    ddmd_socket_directory_remove(&b->directory);
    if (b->tallies)
        munmap(b->tallies, shared_size(b));
    free(b->sorted);
    free(b->features);
    free(b->maps);
    free(b);
    *stream = NULL;
}
