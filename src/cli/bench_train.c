/*
 * Samples a second of training the CVAE, or of embedding with it, and in turn with that the rate of
 * oneDNN's own convolutions, so that what else the machine does weighs on both alike.
 */
#include "bench.h"

#include "core/array.h"
#include "core/clock.h"
#include "core/parallel.h"
#include "core/try.h"
#include "ddmd/geometry.h"
#include "ddmd/model.h"
#include "ddmd/random.h"
#include "model/cvae/architecture.h"
#include "model/cvae/conv_rate.h"
#include "model/cvae/members.h"

#include <endian.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

static const char help[] =
    "ddmd bench train|embed [options]\n"
    "\n"
    "Contact maps a second that model cvae (the published one of small systems, 28 residues) is\n"
    "trained on, or embeds. In turn with that, oneDNN's own 3 x 3 convolutions of 64 channels are\n"
    "timed, with both gradients; conv_efficiency is the model's rate of floating-point operations\n"
    "by theirs. The maps are made up, the same each time: helices, hairpins and coils, with "
    "noise.\n"
    "\n"
    "  --filters F        of each of the four layers (default: 64)\n"
    "  --residues R       side of the contact maps (default: 28)\n"
    "  --batch B          maps in a step (default: 64)\n"
    "  --precision P      f32 or bf16 (default: f32)\n"
    "  --threads N        threads (default: 1)\n"
    "  --rounds N         rounds (default: 5)\n"
    "  --seconds S        of each of the two in a round, of processor time (default: 2)\n"
    "  --data FILE        write the maps: residues and number of maps as uint32, then a byte for\n"
    "                     each pixel\n"
    "  --json [FILE]      one JSON object, on standard output or into a file\n";

enum { MAX_ROUNDS = 1000, BATCHES = 16, LATENT_DIM = 10 };

typedef struct request {
    const char *name, *json_file, *data_file;
    bool json, train;
    long filters, residues, batch, threads, rounds;
    double seconds;
    enum ddmd_precision precision;
} request;

/* By the clock, and of processor time. */
enum { WALL, CPU, N_CLOCKS };

typedef struct instant {
    double at[N_CLOCKS];
} instant;

typedef struct bench {
    const request *r;
    size_t n_maps;
    uint8_t *maps;
    float *latent;
    ddmd_model *model;
    ddmd_conv_rate **convs;         /* [threads] */
    enum ddmd_status *conv_results; /* [threads] */
    double flops;                   /* of the model, a sample */
    double loss;
    bench_figure samples[N_CLOCKS], gflops[N_CLOCKS], conv_gflops[N_CLOCKS], efficiency[N_CLOCKS];
} bench;

static const char *const clock_suffixes[N_CLOCKS] = {"_per_s", "_per_cpu_s"};

static instant now(void)
{
    struct rusage usage;
    getrusage(RUSAGE_SELF, &usage);
    return (instant){{ddmd_clock_monotonic(),
                      (double)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
                          1e-6 * (double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec)}};
}

/* --- maps --- */

/* Are residues i < j in contact? Of three kinds of fold, with the middle of the hairpin at `turn`.
 */
static bool in_contact(size_t kind, size_t turn, size_t i, size_t j)
{
    size_t sum = i + j;
    if (kind == 0)
        return j - i <= 4;
    return j - i <= 2 || (kind == 1 && sum + 1 >= turn && sum <= turn + 1);
}

static void make_map(ddmd_random *random, size_t kind, size_t residues, uint8_t *map)
{
    const double noise = 0.02;
    size_t pair = 0, turn = residues - 3 + ddmd_random_u32(random) % 5;
    for (size_t i = 0; i < residues; i++)
        for (size_t j = i + 1; j < residues; j++, pair++)
            if (in_contact(kind, turn, i, j) != (ddmd_random_uniform(random) < noise))
                map[pair / 8] |= (uint8_t)(1U << pair % 8);
}

static enum ddmd_status make_maps(bench *b, ddmd_error *err)
{
    enum ddmd_status status = DDMD_OK;
    size_t residues = (size_t)b->r->residues, bytes = ddmd_contact_map_bytes(residues);
    b->n_maps = BATCHES * (size_t)b->r->batch;
    DDMD_TRY(ddmd_array_alloc(&b->maps, b->n_maps, bytes, err));
    DDMD_TRY(ddmd_array_alloc(&b->latent, b->n_maps, LATENT_DIM * sizeof(float), err));
    for (size_t m = 0; m < b->n_maps; m++) {
        ddmd_random random;
        ddmd_random_init(&random, 1, DDMD_RANDOM_TEST, 0, m);
        make_map(&random, m % 3, residues, b->maps + m * bytes);
    }
out:
    return status;
}

static bool write_map(FILE *file, size_t residues, const float *map, uint8_t *bytes)
{
    for (size_t i = 0; i < residues * residues; i++)
        bytes[i] = map[i] > 0;
    return fwrite(bytes, residues * residues, 1, file) == 1;
}

static enum ddmd_status save_maps(const bench *b, ddmd_error *err)
{
    enum ddmd_status status = DDMD_OK;
    const char *path = b->r->data_file;
    size_t residues = (size_t)b->r->residues;
    const uint32_t head[] = {htole32((uint32_t)residues), htole32((uint32_t)b->n_maps)};
    float *map = NULL;
    uint8_t *bytes = NULL;
    FILE *file = NULL;
    DDMD_TRY(ddmd_array_alloc(&map, residues * residues, sizeof *map, err));
    DDMD_TRY(ddmd_array_alloc(&bytes, residues * residues, 1, err));
    file = fopen(path, "wb");
    bool written = file && fwrite(head, sizeof head, 1, file) == 1;
    for (size_t m = 0; written && m < b->n_maps; m++) {
        ddmd_contact_map_unpack(b->maps + m * ddmd_contact_map_bytes(residues), residues, map);
        written = write_map(file, residues, map, bytes);
    }
    if (!written)
        DDMD_FAIL(err, DDMD_IO, "%s: %m", path);
out:
    if (file && fclose(file) != 0 && status == DDMD_OK)
        status = ddmd_error_set(err, DDMD_IO, "%s: %m", path);
    free(map);
    free(bytes);
    return status;
}

/* --- what is timed --- */

typedef struct preparation {
    bench *b;
    enum ddmd_status status;
    ddmd_error *err;
} preparation;

/* As the model's own are set up: where OpenMP has one thread. */
static void prepare_convs(void *user, int member)
{
    (void)member;
    preparation *p = user;
    const request *r = p->b->r;
    for (long t = 0; t < r->threads && p->status == DDMD_OK; t++)
        p->status =
            ddmd_conv_rate_create(r->precision == DDMD_PRECISION_bf16, &p->b->convs[t], p->err);
}

static enum ddmd_status create_model(bench *b, ddmd_error *err)
{
    enum ddmd_status status = DDMD_OK;
    const request *r = b->r;
    ddmd_model_base base = {.n_residues = (int)r->residues, .latent_dim = LATENT_DIM};
    ddmd_cvae_architecture architecture;
    ddmd_model_options_default(&base.options);
    for (int i = 0; i < base.options.n_layers; i++)
        base.options.filters[i] = (int)r->filters;
    base.options.batch_size = (int)r->batch;
    base.options.threads = (int)r->threads;
    base.options.precision = r->precision;
    base.options.validation_fraction = 0;
    base.options.epochs = 1;
    DDMD_TRY(
        ddmd_model_create("cvae", &base.options, base.n_residues, LATENT_DIM, 1, &b->model, err));
    DDMD_TRY(ddmd_cvae_architecture_init(&architecture, &base, err));
    b->flops = r->train ? ddmd_cvae_training_flops(&architecture)
                        : ddmd_cvae_embedding_flops(&architecture);
    DDMD_TRY(ddmd_array_alloc(&b->convs, (size_t)r->threads, sizeof(ddmd_conv_rate *), err));
    DDMD_TRY(ddmd_array_alloc(&b->conv_results, (size_t)r->threads, sizeof *b->conv_results, err));
    preparation p = {b, DDMD_OK, err};
    ddmd_members_run(1, prepare_convs, &p);
    status = p.status;
out:
    return status;
}

/* All maps once; *work grows by their number. */
static enum ddmd_status pass_model(bench *b, double *work, ddmd_error *err)
{
    enum ddmd_status status = DDMD_OK;
    ddmd_model_progress last;
    if (b->r->train) {
        DDMD_TRY(ddmd_model_train(b->model, b->maps, NULL, b->n_maps, NULL, NULL, &last, err));
        b->loss = last.train.reconstruction + last.train.kl;
    } else {
        DDMD_TRY(ddmd_model_embed(b->model, b->maps, b->n_maps, b->latent, err));
    }
    *work += (double)b->n_maps;
out:
    return status;
}

enum { REPEATS = 4 };

static void run_conv(void *user, int member)
{
    const bench *b = user;
    enum ddmd_status *result = &b->conv_results[member];
    for (int i = 0; i < REPEATS && *result == DDMD_OK; i++)
        *result = ddmd_conv_rate_run(b->convs[member], NULL);
}

/* *work grows by the floating-point operations, in thousand millions. */
static enum ddmd_status pass_convs(bench *b, double *work, ddmd_error *err)
{
    ddmd_members_run((int)b->r->threads, run_conv, b);
    *work += REPEATS * 1e-9 * (double)b->r->threads * ddmd_conv_rate_flops();
    for (long t = 0; t < b->r->threads; t++)
        if (b->conv_results[t] != DDMD_OK)
            return ddmd_error_set(err, b->conv_results[t], "a convolution failed");
    return DDMD_OK;
}

/* Work a second, by both clocks. */
static enum ddmd_status measure(bench *b, double seconds,
                                enum ddmd_status (*pass)(bench *, double *, ddmd_error *),
                                double rates[N_CLOCKS], ddmd_error *err)
{
    enum ddmd_status status = DDMD_OK;
    double work = 0;
    instant start = now(), end;
    do {
        DDMD_TRY(pass(b, &work, err));
        end = now();
    } while (end.at[CPU] - start.at[CPU] < seconds * (double)b->r->threads);
    for (int c = 0; c < N_CLOCKS; c++)
        rates[c] = work / (end.at[c] - start.at[c]);
out:
    return status;
}

static enum ddmd_status run_rounds(bench *b, ddmd_error *err)
{
    enum ddmd_status status = DDMD_OK;
    double rates[N_CLOCKS], conv_rates[N_CLOCKS], unused = 0;
    DDMD_TRY(pass_model(b, &unused, err));
    for (int round = 0; round < b->r->rounds; round++) {
        DDMD_TRY(measure(b, b->r->seconds, pass_model, rates, err));
        DDMD_TRY(measure(b, b->r->seconds, pass_convs, conv_rates, err));
        for (int c = 0; c < N_CLOCKS; c++) {
            b->samples[c].values[round] = rates[c];
            b->gflops[c].values[round] = 1e-9 * b->flops * rates[c];
            b->conv_gflops[c].values[round] = conv_rates[c];
            b->efficiency[c].values[round] = 1e-9 * b->flops * rates[c] / conv_rates[c];
        }
        if (!b->r->json)
            fprintf(stderr, "round %d of %ld: %.0f maps/s, %.0f a second of processor time\n",
                    round + 1, b->r->rounds, rates[WALL], rates[CPU]);
    }
out:
    return status;
}

/* --- what is said --- */

static void add_figures(json_t *object, const char *name, const bench_figure figures[N_CLOCKS])
{
    for (int c = 0; c < N_CLOCKS; c++) {
        char key[64];
        snprintf(key, sizeof key, "%s%s", name, clock_suffixes[c]);
        json_object_set_new(object, key, bench_json(&figures[c]));
    }
}

static int print(bench *b)
{
    const request *r = b->r;
    const char *precision = r->precision == DDMD_PRECISION_bf16 ? "bf16" : "f32";
    if (r->json) {
        json_t *object = json_pack(
            "{s:s, s:i, s:i, s:i, s:i, s:s, s:I, s:f}", "benchmark", r->name, "filters",
            (int)r->filters, "residues", (int)r->residues, "batch", (int)r->batch, "threads",
            (int)r->threads, "precision", precision, "parameters",
            (json_int_t)ddmd_model_parameters(b->model), "mflop_per_sample", 1e-6 * b->flops);
        if (object) {
            if (r->train)
                json_object_set_new(object, "loss", cli_number(b->loss));
            add_figures(object, "samples", b->samples);
            add_figures(object, "gflop", b->gflops);
            add_figures(object, "conv_gflop", b->conv_gflops);
            json_object_set_new(object, "conv_efficiency", bench_json(&b->efficiency[CPU]));
            json_object_set_new(object, "conv_efficiency_wall", bench_json(&b->efficiency[WALL]));
        }
        return bench_write_json(object, r->json_file);
    }
    printf("%s, %ld residues, %ld filters, %s, batches of %ld, %ld threads\n", r->name, r->residues,
           r->filters, precision, r->batch, r->threads);
    printf("  %.0f maps/s; %.0f maps and %.0f Gflop a second of processor time\n",
           bench_median(&b->samples[WALL]), bench_median(&b->samples[CPU]),
           bench_median(&b->gflops[CPU]));
    printf("  %.0f %% of the rate of oneDNN's convolutions, %.0f Gflop\n",
           100 * bench_median(&b->efficiency[CPU]), bench_median(&b->conv_gflops[CPU]));
    return cli_flush();
}

static enum ddmd_status create(bench *b, ddmd_error *err)
{
    enum ddmd_status status = DDMD_OK;
    bench_figure *const figures[] = {b->samples, b->gflops, b->conv_gflops, b->efficiency};
    for (size_t f = 0; f < sizeof figures / sizeof(bench_figure *); f++)
        for (int c = 0; c < N_CLOCKS; c++) {
            figures[f][c].n = (int)b->r->rounds;
            DDMD_TRY(
                ddmd_array_alloc(&figures[f][c].values, (size_t)b->r->rounds, sizeof(double), err));
        }
    DDMD_TRY(make_maps(b, err));
    if (b->r->data_file)
        DDMD_TRY(save_maps(b, err));
    DDMD_TRY(create_model(b, err));
out:
    return status;
}

static void destroy(bench *b)
{
    bench_figure *const figures[] = {b->samples, b->gflops, b->conv_gflops, b->efficiency};
    for (size_t f = 0; f < sizeof figures / sizeof(bench_figure *); f++)
        for (int c = 0; c < N_CLOCKS; c++)
            free(figures[f][c].values);
    for (long t = 0; b->convs && t < b->r->threads; t++)
        ddmd_conv_rate_destroy(&b->convs[t]);
    free((void *)b->convs);
    free(b->conv_results);
    ddmd_model_destroy(&b->model);
    free(b->maps);
    free(b->latent);
}

static int run(const request *r)
{
    enum ddmd_status status = DDMD_OK;
    bench b = {.r = r};
    ddmd_error error = {0}, *err = &error;
    DDMD_TRY(create(&b, err));
    DDMD_TRY(run_rounds(&b, err));
out:;
    int exit_status = status == DDMD_OK ? print(&b) : cli_fail(status, err);
    destroy(&b);
    return exit_status;
}

static int parse_and_run(request *r, int argc, char **argv)
{
    const char *precision = "f32";
    const cli_option options[] = {
        {"filters", .count = &r->filters, .most = 512},
        {"residues", .count = &r->residues, .most = 20000},
        {"batch", .count = &r->batch, .most = 4096},
        {"precision", .text = &precision},
        {"threads", .count = &r->threads, .most = DDMD_PARALLEL_MAX},
        {"rounds", .count = &r->rounds, .most = MAX_ROUNDS},
        {"seconds", .number = &r->seconds, .least = 0.01, .most = 3600},
        {"data", .text = &r->data_file},
        {"json", .flag = &r->json, .text = &r->json_file},
        {0},
    };
    int exit_status;
    if (!cli_read_options(r->name, argc, argv, options, help, &exit_status))
        return exit_status;
    if (strcmp(precision, "bf16") == 0)
        r->precision = DDMD_PRECISION_bf16;
    else if (strcmp(precision, "f32") != 0)
        return cli_usage(r->name, "--precision %s: it must be f32 or bf16", precision);
    if (!bench_read_rest(r->name, argc, argv, r->json, &r->json_file))
        return CLI_BAD_INPUT;
    return run(r);
}

static const request defaults = {
    .filters = 64, .residues = 28, .batch = 64, .threads = 1, .rounds = 5, .seconds = 2};

int bench_train(int argc, char **argv)
{
    request r = defaults;
    r.name = "bench train";
    r.train = true;
    return parse_and_run(&r, argc, argv);
}

int bench_embed(int argc, char **argv)
{
    request r = defaults;
    r.name = "bench embed";
    return parse_and_run(&r, argc, argv);
}
