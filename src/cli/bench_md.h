/* The parts of `ddmd bench md`. */
#ifndef DDMD_CLI_BENCH_MD_H
#define DDMD_CLI_BENCH_MD_H

#include "bench.h"

#include "campaign/subject.h"

enum bench_md_contender { ENSEMBLE, NO_CUTOFF, CUTOFF, N_CONTENDERS };

typedef struct bench_md_request {
    const char *input, *json_file;
    bool json;
    long rounds, replicas, threads, gb_interval_steps;
    double seconds, timestep_fs;
} bench_md_request;

/* One of the three, with an engine object for each thread. */
typedef struct contender {
    ddmd_engine **engines; /* [threads] */
    int n_replicas;        /* of each */
    int64_t chunk;         /* steps of one call; some tenths of a second */
} contender;

/* Steps of all replicas together: by the wall clock, and by the time that processors worked. */
typedef struct bench_md_rate {
    bench_figure per_s, per_cpu_s;
} bench_md_rate;

typedef struct bench_md_state {
    const bench_md_request *r;
    ddmd_subject *subject;   /* the system, and what is measured on it */
    ddmd_system with_cutoff; /* shares the arrays of the system */
    double *positions;       /* [n_atoms][3], minimised */
    float *frame;            /* [2][n_atoms][3] */
    contender contenders[N_CONTENDERS];
    bench_md_rate rates[N_CONTENDERS];
    bench_md_rate ratios[N_CONTENDERS]; /* ensemble to this one */
    bench_md_rate scaling;              /* ensemble in all threads to ensemble in one */
    bench_figure features_share;
} bench_md_state;

extern const char *const bench_md_names[N_CONTENDERS];

/* Subject and positions from a PDB file, a sequence or a configuration. */
enum ddmd_status bench_md_read(bench_md_state *b, ddmd_mistakes *mistakes, ddmd_error *err);

/* Engines, and the replicas of engine ensemble spread out. */
enum ddmd_status bench_md_create_engines(bench_md_state *b, ddmd_error *err);

/* All rounds; fills rates, ratios, scaling and features_share, whose arrays are there. */
enum ddmd_status bench_md_run_rounds(bench_md_state *b, ddmd_error *err);

/*
 * Processor time of reading a replica and measuring its features, once in 10 ps, over that of the
 * 10 ps at `rate` steps per second of processor time.
 */
enum ddmd_status bench_md_features_share(bench_md_state *b, double rate, double *share,
                                         ddmd_error *err);

#endif
