/* Benchmarks: one file each, a line of the table in bench.c. */
#ifndef DDMD_CLI_BENCH_H
#define DDMD_CLI_BENCH_H

#include "cli.h"

/* Every benchmark: argv[0] is its name. Returns the exit status. */
int bench_md(int argc, char **argv);
int bench_outliers(int argc, char **argv);
int bench_train(int argc, char **argv);
int bench_embed(int argc, char **argv);
int bench_modes(int argc, char **argv);
int bench_stream_main(int argc, char **argv);

/*
 * What is left behind the options and arguments of a benchmark: the FILE of "--json FILE" and no
 * more. False after it said what is wrong.
 */
bool bench_read_rest(const char *benchmark, int argc, char **argv, bool json,
                     const char **json_file);

/* One figure, measured in rounds. */
typedef struct bench_figure {
    double *values; /* [n]; in the order of the rounds, until it was summed up */
    int n;
} bench_figure;

double bench_median(const bench_figure *figure);

/* {"min", "median", "max"}; NULL where there is no memory. */
json_t *bench_json(const bench_figure *figure);

/* Print an object to standard output, or into a file where path is not NULL. Releases it. */
int bench_write_json(json_t *object, const char *path);

#endif
