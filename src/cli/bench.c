#include "bench.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char help[] =
    "ddmd bench BENCHMARK [options]\n"
    "\n"
    "  embed     embedding of contact maps by model cvae\n"
    "  md        engine ensemble and OpenMM on the processor, in turn, on one molecule\n"
    "  modes     one campaign in mode sequential and in mode streaming\n"
    "  outliers  DBSCAN and the local outlier factor\n"
    "  stream    contact maps from one process to two others\n"
    "  train     training of model cvae, and how it compares with plain convolutions\n"
    "\n"
    "`ddmd bench BENCHMARK --help` says more of one.\n";

static const struct {
    const char *name;
    int (*run)(int argc, char **argv);
} benchmarks[] = {{"md", bench_md},
                  {"modes", bench_modes},
                  {"outliers", bench_outliers},
                  {"stream", bench_stream_main},
                  {"train", bench_train},
                  {"embed", bench_embed}};

bool bench_read_rest(const char *benchmark, int argc, char **argv, bool json,
                     const char **json_file)
{
    if (json && !*json_file && optind == argc - 1)
        *json_file = argv[optind++];
    if (optind < argc)
        cli_usage(benchmark, "'%s' is not an option", argv[optind]);
    return optind == argc;
}

static int compare(const void *a, const void *b)
{
    const double *x = a, *y = b;
    return (*x > *y) - (*x < *y);
}

static void sort(const bench_figure *figure)
{
    qsort(figure->values, (size_t)figure->n, sizeof *figure->values, compare);
}

double bench_median(const bench_figure *figure)
{
    sort(figure);
    int half = figure->n / 2;
    return figure->n % 2 ? figure->values[half]
                         : 0.5 * (figure->values[half - 1] + figure->values[half]);
}

json_t *bench_json(const bench_figure *figure)
{
    double median = bench_median(figure);
    return json_pack("{s:o, s:o, s:o}", "min", cli_number(figure->values[0]), "median",
                     cli_number(median), "max", cli_number(figure->values[figure->n - 1]));
}

int bench_write_json(json_t *object, const char *path)
{
    if (!path || !object)
        return cli_print_json(object);
    bool failed = json_dump_file(object, path, JSON_INDENT(2) | JSON_REAL_PRECISION(15)) != 0;
    json_decref(object);
    if (!failed)
        return CLI_DONE;
    fprintf(stderr, "ddmd: %s: %m\n", path);
    return CLI_FAILED;
}

int cli_bench(int argc, char **argv)
{
    if (argc < 2)
        return cli_usage("bench",
                         "a benchmark is needed: md, modes, outliers, stream, train or embed");
    if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0) {
        fputs(help, stdout);
        return cli_flush();
    }
    if (argv[1][0] == '-')
        return cli_usage("bench", "no option %s", argv[1]);
    for (size_t b = 0; b < sizeof benchmarks / sizeof *benchmarks; b++)
        if (strcmp(benchmarks[b].name, argv[1]) == 0)
            return benchmarks[b].run(argc - 1, argv + 1);
    return cli_usage("bench",
                     "no benchmark '%s'; there are md, modes, outliers, stream, train and embed",
                     argv[1]);
}
