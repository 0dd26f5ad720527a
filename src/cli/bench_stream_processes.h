/*
 * The processes of `ddmd bench stream`: this one makes batches of features, as an aggregator does,
 * and two others, a `train` and an `infer`, take them over Unix sockets.
 */
#ifndef DDMD_CLI_BENCH_STREAM_PROCESSES_H
#define DDMD_CLI_BENCH_STREAM_PROCESSES_H

#include "ddmd/error.h"

#include <stdbool.h>
#include <stddef.h>

typedef struct bench_stream bench_stream;

/* One pass of all frames to both consumers. */
typedef struct bench_stream_pass {
    double seconds;     /* from the first frame's making until both have acknowledged the last */
    double cpu_seconds; /* of all three processes */
    double latency_s;   /* median, from a frame's making until a consumer is done with it */
    double io_fraction; /* share of the consumers' time that was not spent unpacking */
} bench_stream_pass;

enum ddmd_status bench_stream_start(size_t residues, size_t frames, size_t batch,
                                    bench_stream **stream, ddmd_error *err);
/*
 * unpack: consumers turn each map into the model's input, float [residues][residues]. alone: each
 * message is made when both have acknowledged the one before.
 */
enum ddmd_status bench_stream_run(bench_stream *stream, bool unpack, bool alone,
                                  bench_stream_pass *pass, ddmd_error *err);
void bench_stream_end(bench_stream **stream);

#endif
