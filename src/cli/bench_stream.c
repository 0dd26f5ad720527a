/*
 * Contact maps from one process to two others, as an aggregator sends them to training and to
 * inference: how many frames a second, and how long one is on its way.
 */
#include "bench.h"

#include "bench_stream_processes.h"
#include "core/array.h"
#include "core/text.h"
#include "core/try.h"
#include "ddmd/geometry.h"

#include <stdio.h>
#include <stdlib.h>

static const char help[] =
    "ddmd bench stream --residues R [options]\n"
    "\n"
    "Batches of bit-packed contact maps go from one process over Unix sockets to two others\n"
    "(train and infer), which acknowledge them. A round has three passes: in one the receivers\n"
    "check the messages and no more (mb_per_s: packed bytes to both), in the others they also\n"
    "unpack each map into the model's input, with one message under way at a time\n"
    "(latency_alone_ms), and with as many as there is room for (all other figures).\n"
    "\n"
    "  --residues R   points of a map\n"
    "  --frames N     of a pass (default: 100, or as many as make 10 MB, but at most 20000)\n"
    "  --batch B      frames of a message (default: 10)\n"
    "  --rounds N     rounds (default: 5)\n"
    "  --json [FILE]  one JSON object, on standard output or into a file\n";

enum { MAX_RESIDUES = 20000, MAX_FRAMES = 1000000, MAX_BATCH = 1000, MAX_ROUNDS = 1000 };
enum { DEFAULT_FRAMES = 100, DEFAULT_BYTES = 10000000, DEFAULT_MOST = 20000 };

enum {
    FRAMES_PER_S,
    MB_PER_S,
    LATENCY_MS,
    LATENCY_ALONE_MS,
    IO_FRACTION,
    SECONDS,
    CPU_SECONDS,
    N_FIGURES
};

static const char *const names[N_FIGURES] = {"frames_per_s",     "mb_per_s",    "latency_ms",
                                             "latency_alone_ms", "io_fraction", "seconds",
                                             "cpu_seconds"};
static const char *const titles[N_FIGURES] = {"frames/s to both, unpacked",
                                              "MB/s of packed maps, sent only",
                                              "ms from making to unpacked",
                                              "ms of that, with one message at a time",
                                              "of the receivers' time not spent unpacking",
                                              "s for all, unpacked",
                                              "s of processor time for that"};

typedef struct request {
    long residues, frames, batch, rounds;
    bool json;
    const char *json_file;
} request;

typedef struct bench {
    const request *r;
    bench_stream *stream;
    bench_figure figures[N_FIGURES];
} bench;

static enum ddmd_status run_rounds(bench *b, ddmd_error *err)
{
    enum ddmd_status status = DDMD_OK;
    const double n = (double)b->r->frames;
    const double mb = 2 * n * 1e-6 * (double)ddmd_contact_map_bytes((size_t)b->r->residues);
    bench_stream_pass sent, unpacked, alone;
    /* round -1 warms caches and allocators up */
    for (long round = -1; round < b->r->rounds; round++) {
        DDMD_TRY(bench_stream_run(b->stream, false, false, &sent, err));
        DDMD_TRY(bench_stream_run(b->stream, true, false, &unpacked, err));
        DDMD_TRY(bench_stream_run(b->stream, true, true, &alone, err));
        if (round < 0)
            continue;
        b->figures[FRAMES_PER_S].values[round] = n / unpacked.seconds;
        b->figures[MB_PER_S].values[round] = mb / sent.seconds;
        b->figures[LATENCY_MS].values[round] = 1e3 * unpacked.latency_s;
        b->figures[LATENCY_ALONE_MS].values[round] = 1e3 * alone.latency_s;
        b->figures[IO_FRACTION].values[round] = unpacked.io_fraction;
        b->figures[SECONDS].values[round] = unpacked.seconds;
        b->figures[CPU_SECONDS].values[round] = unpacked.cpu_seconds;
    }
out:
    return status;
}

static int print(bench *b)
{
    if (b->r->json) {
        json_t *object =
            json_pack("{s:I, s:I, s:I}", "residues", (json_int_t)b->r->residues, "frames",
                      (json_int_t)b->r->frames, "batch", (json_int_t)b->r->batch);
        for (int f = 0; f < N_FIGURES && object; f++)
            json_object_set_new(object, names[f], bench_json(&b->figures[f]));
        return bench_write_json(object, b->r->json_file);
    }
    printf("%ld frames of %ld residues, %ld a message, to two processes\n", b->r->frames,
           b->r->residues, b->r->batch);
    for (int f = 0; f < N_FIGURES; f++) {
        ddmd_decimal text;
        printf("  %12s %s\n", ddmd_text_decimal(bench_median(&b->figures[f]), text), titles[f]);
    }
    return cli_flush();
}

static int run(const request *r)
{
    enum ddmd_status status = DDMD_OK;
    bench b = {.r = r};
    ddmd_error error = {0}, *err = &error;
    for (int f = 0; f < N_FIGURES; f++) {
        b.figures[f].n = (int)r->rounds;
        DDMD_TRY(ddmd_array_alloc(&b.figures[f].values, (size_t)r->rounds, sizeof(double), err));
    }
    DDMD_TRY(bench_stream_start((size_t)r->residues, (size_t)r->frames, (size_t)r->batch, &b.stream,
                                err));
    DDMD_TRY(run_rounds(&b, err));
out:
    bench_stream_end(&b.stream);
    int exit_status = status == DDMD_OK ? print(&b) : cli_fail(status, err);
    for (int f = 0; f < N_FIGURES; f++)
        free(b.figures[f].values);
    return exit_status;
}

static long default_frames(long residues)
{
    size_t n = DEFAULT_BYTES / (ddmd_contact_map_bytes((size_t)residues) + 1);
    return n < DEFAULT_FRAMES ? DEFAULT_FRAMES : n < DEFAULT_MOST ? (long)n : DEFAULT_MOST;
}

int bench_stream_main(int argc, char **argv)
{
    request r = {.batch = 10, .rounds = 5};
    const cli_option options[] = {
        {"residues", .count = &r.residues, .most = MAX_RESIDUES},
        {"frames", .count = &r.frames, .most = MAX_FRAMES},
        {"batch", .count = &r.batch, .most = MAX_BATCH},
        {"rounds", .count = &r.rounds, .most = MAX_ROUNDS},
        {"json", .flag = &r.json, .text = &r.json_file},
        {0},
    };
    int exit_status;
    if (!cli_read_options("bench stream", argc, argv, options, help, &exit_status))
        return exit_status;
    if (!bench_read_rest("bench stream", argc, argv, r.json, &r.json_file))
        return CLI_BAD_INPUT;
    if (!r.residues)
        return cli_usage("bench stream", "--residues is needed");
    if (!r.frames)
        r.frames = default_frames(r.residues);
    return run(&r);
}
