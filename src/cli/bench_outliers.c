/* DBSCAN, the search for its radius and the local outlier factor, on points as of an embedding. */
#include "bench.h"

#include "core/array.h"
#include "core/clock.h"
#include "core/parallel.h"
#include "core/try.h"
#include "ddmd/random.h"
#include "ddmd/select.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>

static const char help[] =
    "ddmd bench outliers --points N --dim D [options]\n"
    "\n"
    "Seconds to find the outliers of N points in D dimensions (DBSCAN at the radius that leaves 5\n"
    "to 25 % of them, as many as a campaign looks for), of DBSCAN at that radius alone, and of "
    "the\n"
    "local outlier factor of all points; the index that each of them builds included. The points\n"
    "are made up, the same each time: clusters of different size and density, and strays.\n"
    "\n"
    "  --points N       number of points\n"
    "  --dim D          number of dimensions\n"
    "  --copies C       how often a point occurs on average; the N points are N / C different\n"
    "                   ones, counted (default: 1)\n"
    "  --min-samples M  of DBSCAN (default: 10)\n"
    "  --neighbors K    of the local outlier factor (default: 20)\n"
    "  --threads T      threads (default: one a core)\n"
    "  --rounds R       rounds (default: 5)\n"
    "  --data FILE      write the different points: float32, point by point\n"
    "  --labels FILE    write their labels: int32\n"
    "  --scores FILE    write their local outlier factors: float64\n"
    "  --json [FILE]    one JSON object, on standard output or into a file\n";

enum { MAX_ROUNDS = 1000, MAX_POINTS = 100000000, MAX_DIM = 1024, N_CLUSTERS = 12 };

typedef struct request {
    const char *json_file, *data_file, *labels_file, *scores_file;
    bool json;
    long points, dim, copies, min_samples, neighbors, threads, rounds;
} request;

enum { OUTLIERS, DBSCAN, LOF, N_PARTS };

static const char *const wall_names[N_PARTS] = {"dbscan_s", "dbscan_at_eps_s", "lof_s"};
static const char *const cpu_names[N_PARTS] = {"dbscan_cpu_s", "dbscan_at_eps_cpu_s", "lof_cpu_s"};
static const char *const titles[N_PARTS] = {"search for the radius, DBSCAN", "DBSCAN alone",
                                            "local outlier factor"};

typedef struct bench {
    const request *r;
    size_t n;         /* different points */
    float *points;    /* [n][dim] */
    uint32_t *counts; /* [n]; NULL: one each */
    int32_t *labels;  /* [n] */
    double *scores;   /* [n] */
    ddmd_outlier_result outliers;
    bench_figure wall[N_PARTS], cpu[N_PARTS], peak_mb;
} bench;

/* Clusters whose sizes and widths differ tenfold, some of them near each other; 2 % strays. */
static void make_points(bench *b)
{
    static const double widths[] = {0.06, 0.12, 0.25, 0.5};
    size_t dim = (size_t)b->r->dim;
    double below[N_CLUSTERS], sum = 0;
    for (int c = 0; c < N_CLUSTERS; c++)
        below[c] = sum += 1.0 / (c + 1);
    for (size_t i = 0; i < b->n; i++) {
        ddmd_random random, site;
        ddmd_random_init(&random, 1, DDMD_RANDOM_TEST, 0, i);
        double draw = sum * ddmd_random_uniform(&random);
        bool stray = ddmd_random_uniform(&random) < 0.02;
        uint32_t cluster = 0;
        while (draw > below[cluster])
            cluster++;
        ddmd_random_init(&site, 1, DDMD_RANDOM_TEST, 1, cluster);
        for (size_t d = 0; d < dim; d++) {
            double normal = ddmd_random_normal(&random);
            double centre = 1.2 * ddmd_random_normal(&site);
            double width = widths[cluster % 4] * (0.5 + ddmd_random_uniform(&site));
            b->points[i * dim + d] = (float)(stray ? 2.5 * normal : centre + width * normal);
        }
    }
}

/* Counts that add up to the number of points asked for, most of them near their mean. */
static void make_counts(bench *b)
{
    ddmd_random random;
    ddmd_random_init(&random, 1, DDMD_RANDOM_TEST, 2, 0);
    for (size_t i = 0; i < b->n; i++)
        b->counts[i] = 1;
    for (size_t left = (size_t)b->r->points - b->n; left > 0; left--)
        b->counts[ddmd_random_below(&random, (uint32_t)b->n)]++;
}

static enum ddmd_status create(bench *b, ddmd_error *err)
{
    enum ddmd_status status = DDMD_OK;
    size_t rounds = (size_t)b->r->rounds;
    b->n = (size_t)(b->r->points / b->r->copies);
    DDMD_TRY(ddmd_array_alloc(&b->points, b->n, (size_t)b->r->dim * sizeof *b->points, err));
    DDMD_TRY(ddmd_array_alloc(&b->labels, b->n, sizeof *b->labels, err));
    DDMD_TRY(ddmd_array_alloc(&b->scores, b->n, sizeof *b->scores, err));
    if (b->r->copies > 1) {
        DDMD_TRY(ddmd_array_alloc(&b->counts, b->n, sizeof *b->counts, err));
        make_counts(b);
    }
    make_points(b);
    for (int part = 0; part < N_PARTS; part++) {
        b->wall[part].n = b->cpu[part].n = (int)rounds;
        DDMD_TRY(ddmd_array_alloc(&b->wall[part].values, rounds, sizeof(double), err));
        DDMD_TRY(ddmd_array_alloc(&b->cpu[part].values, rounds, sizeof(double), err));
    }
    b->peak_mb.n = (int)rounds;
    DDMD_TRY(ddmd_array_alloc(&b->peak_mb.values, rounds, sizeof(double), err));
out:
    return status;
}

static void destroy(bench *b)
{
    free(b->points);
    free(b->counts);
    free(b->labels);
    free(b->scores);
    for (int part = 0; part < N_PARTS; part++) {
        free(b->wall[part].values);
        free(b->cpu[part].values);
    }
    free(b->peak_mb.values);
}

/* Processor time of all threads. */
static double cpu_seconds(void)
{
    struct timespec now;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

/* Let the peak of resident memory start anew; where that cannot be, it is that since the start. */
static void reset_peak(void)
{
    FILE *file = fopen("/proc/self/clear_refs", "w");
    if (!file)
        return;
    fputs("5", file);
    fclose(file);
}

static double peak_mb(void)
{
    struct rusage usage;
    getrusage(RUSAGE_SELF, &usage);
    double peak = (double)usage.ru_maxrss;
    char line[256];
    FILE *file = fopen("/proc/self/status", "r");
    while (file && fgets(line, sizeof line, file)) {
        if (strncmp(line, "VmHWM:", 6) == 0)
            peak = strtod(line + 6, NULL); /* KiB, too, and starts anew */
    }
    if (file)
        fclose(file);
    return peak * 1024 / 1e6;
}

static enum ddmd_status run_part(bench *b, int part, ddmd_error *err)
{
    size_t dim = (size_t)b->r->dim, points = (size_t)b->r->points;
    int threads = (int)b->r->threads;
    const ddmd_outlier_search search = {
        .min_samples = (size_t)b->r->min_samples,
        .min_outliers = points / 20,
        .max_outliers = points / 4,
        .threads = threads,
    };
    switch (part) {
    case OUTLIERS:
        return ddmd_find_outliers(b->points, b->n, dim, b->counts, &search, b->labels, &b->outliers,
                                  err);
    case DBSCAN:
        return ddmd_dbscan(b->points, b->n, dim, b->counts, b->outliers.eps, search.min_samples,
                           threads, b->labels, err);
    default:
        return ddmd_lof(b->points, b->n, dim, b->counts, (size_t)b->r->neighbors, threads,
                        b->scores, err);
    }
}

static enum ddmd_status run_rounds(bench *b, ddmd_error *err)
{
    enum ddmd_status status = DDMD_OK;
    for (long round = 0; round < b->r->rounds; round++) {
        reset_peak();
        for (int part = 0; part < N_PARTS; part++) {
            double wall = ddmd_clock_monotonic(), cpu = cpu_seconds();
            DDMD_TRY(run_part(b, part, err));
            b->wall[part].values[round] = ddmd_clock_monotonic() - wall;
            b->cpu[part].values[round] = cpu_seconds() - cpu;
        }
        b->peak_mb.values[round] = peak_mb();
    }
out:
    return status;
}

static enum ddmd_status save(const char *path, const void *items, size_t size, size_t n,
                             ddmd_error *err)
{
    if (!path)
        return DDMD_OK;
    FILE *file = fopen(path, "wb");
    bool failed = !file || fwrite(items, size, n, file) != n;
    if (file)
        failed |= fclose(file) != 0;
    return failed ? ddmd_error_set(err, DDMD_IO, "%s: %s", path, strerror(errno)) : DDMD_OK;
}

static enum ddmd_status save_all(const bench *b, ddmd_error *err)
{
    enum ddmd_status status = DDMD_OK;
    size_t row = (size_t)b->r->dim * sizeof *b->points;
    DDMD_TRY(save(b->r->data_file, b->points, row, b->n, err));
    DDMD_TRY(save(b->r->labels_file, b->labels, sizeof *b->labels, b->n, err));
    DDMD_TRY(save(b->r->scores_file, b->scores, sizeof *b->scores, b->n, err));
out:
    return status;
}

static int print_json(bench *b)
{
    json_t *object = json_pack(
        "{s:I, s:I, s:I, s:I, s:I, s:I, s:f, s:I, s:I, s:o}", "points", (json_int_t)b->r->points,
        "distinct", (json_int_t)b->n, "dim", (json_int_t)b->r->dim, "min_samples",
        (json_int_t)b->r->min_samples, "neighbors", (json_int_t)b->r->neighbors, "threads",
        (json_int_t)ddmd_parallel_threads((int)b->r->threads), "eps", b->outliers.eps, "outliers",
        (json_int_t)b->outliers.n_outliers, "clusters", (json_int_t)b->outliers.n_clusters,
        "peak_mb", bench_json(&b->peak_mb));
    for (int part = 0; part < N_PARTS && object; part++) {
        json_object_set_new(object, wall_names[part], bench_json(&b->wall[part]));
        json_object_set_new(object, cpu_names[part], bench_json(&b->cpu[part]));
    }
    return bench_write_json(object, b->r->json_file);
}

static int print(bench *b)
{
    if (b->r->json)
        return print_json(b);
    printf("%ld points, %zu of them different, in %ld dimensions, %d threads: %zu outliers, %zu "
           "clusters at a radius of %.4g\n",
           b->r->points, b->n, b->r->dim, ddmd_parallel_threads((int)b->r->threads),
           b->outliers.n_outliers, b->outliers.n_clusters, b->outliers.eps);
    for (int part = 0; part < N_PARTS; part++)
        printf("  %-30s %8.4f s %8.4f s of processor time\n", titles[part],
               bench_median(&b->wall[part]), bench_median(&b->cpu[part]));
    printf("  at most %.0f MB of memory\n", bench_median(&b->peak_mb));
    return cli_flush();
}

static int run(const request *r)
{
    enum ddmd_status status = DDMD_OK;
    bench b = {.r = r};
    ddmd_error error = {0}, *err = &error;
    DDMD_TRY(create(&b, err));
    DDMD_TRY(run_rounds(&b, err));
    DDMD_TRY(save_all(&b, err));
out:;
    int exit_status = status == DDMD_OK ? print(&b) : cli_fail(status, err);
    destroy(&b);
    return exit_status;
}

int bench_outliers(int argc, char **argv)
{
    request r = {.copies = 1, .min_samples = 10, .neighbors = 20, .rounds = 5};
    const cli_option options[] = {
        {"points", .count = &r.points, .most = MAX_POINTS},
        {"dim", .count = &r.dim, .most = MAX_DIM},
        {"copies", .count = &r.copies, .most = MAX_POINTS},
        {"min-samples", .count = &r.min_samples, .most = MAX_POINTS},
        {"neighbors", .count = &r.neighbors, .most = MAX_POINTS},
        {"threads", .count = &r.threads, .most = DDMD_PARALLEL_MAX},
        {"rounds", .count = &r.rounds, .most = MAX_ROUNDS},
        {"data", .text = &r.data_file},
        {"labels", .text = &r.labels_file},
        {"scores", .text = &r.scores_file},
        {"json", .flag = &r.json, .text = &r.json_file},
        {0},
    };
    int exit_status;
    if (!cli_read_options("bench outliers", argc, argv, options, help, &exit_status))
        return exit_status;
    if (!bench_read_rest("bench outliers", argc, argv, r.json, &r.json_file))
        return CLI_BAD_INPUT;
    if (!r.points || !r.dim)
        return cli_usage("bench outliers", "--points and --dim are needed");
    if (r.copies > r.points)
        return cli_usage("bench outliers", "--copies %ld: there are only %ld points", r.copies,
                         r.points);
    return run(&r);
}
