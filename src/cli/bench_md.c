/*
 * Steps a second of engine ensemble and of OpenMM's CPU platform, without a cutoff and with one of
 * 1 nm, in turn, so that what else the machine does weighs on all alike.
 */
#include "bench.h"

#include "campaign/subject.h"
#include "core/array.h"
#include "core/clock.h"
#include "core/parallel.h"
#include "core/text.h"
#include "core/try.h"
#include "ddmd/peptide.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char help[] =
    "ddmd bench md --system FILE.pdb|SEQUENCE|CONFIG.yaml [options]\n"
    "\n"
    "Steps a second, aggregate over replicas: engine ensemble, OpenMM's CPU platform without a\n"
    "cutoff, and OpenMM with a cutoff of 1 nm; in turn, for several rounds, on the same system\n"
    "(amber99sbildn, OBC solvent, bonds to hydrogen constrained, 300 K, 1/ps). Ratios are formed\n"
    "round by round. The environment variable DDMD_ISA (avx512, avx2, plain) chooses the\n"
    "instructions of engine ensemble.\n"
    "\n"
    "  --system X         a PDB file, a sequence (ACE-AAAA-NME) or a configuration\n"
    "  --rounds N         rounds (default: 5)\n"
    "  --seconds S        of each of the three in a round (default: 2)\n"
    "  --replicas N       of engine ensemble, a thread (default: 16)\n"
    "  --timestep-fs T    time step (default: 2)\n"
    "  --threads N        threads, each with replicas of its own (default: 1)\n"
    "  --json [FILE]      one JSON object, on standard output or into a file\n";

enum { ENSEMBLE, NO_CUTOFF, CUTOFF, N_CONTENDERS };
enum { MAX_ROUNDS = 1000, SPREAD_STEPS = 2000, MINIMIZE_STEPS = 500 };

static const char *const names[N_CONTENDERS] = {"ensemble", "openmm_nocutoff", "openmm_cutoff"};

typedef struct request {
    const char *input, *json_file;
    bool json;
    long rounds, replicas, threads;
    double seconds, timestep_fs;
} request;

/* One of the three, with an engine object for each thread. */
typedef struct contender {
    ddmd_engine **engines; /* [threads] */
    int n_replicas;        /* of each */
    int64_t chunk;         /* steps of one call; some tenths of a second */
} contender;

typedef struct bench {
    const request *r;
    ddmd_system *system;
    ddmd_system with_cutoff; /* shares the arrays of system */
    double *positions;       /* [n_atoms][3], minimised */
    float *frame;            /* [2][n_atoms][3] */
    contender contenders[N_CONTENDERS];
    bench_figure rates[N_CONTENDERS], ratios[N_CONTENDERS]; /* ratios: to ensemble */
} bench;

static bool ends_with(const char *text, const char *end)
{
    size_t n = strlen(text), m = strlen(end);
    return n >= m && strcmp(text + n - m, end) == 0;
}

static enum ddmd_status read_configuration(bench *b, ddmd_mistakes *mistakes, ddmd_error *err)
{
    enum ddmd_status status = DDMD_OK;
    ddmd_config *config = NULL;
    ddmd_subject *subject = NULL;
    DDMD_TRY(ddmd_config_load(b->r->input, NULL, 0, &config, mistakes, err));
    DDMD_TRY(ddmd_subject_create(config, &subject, mistakes, err));
    DDMD_TRY(ddmd_array_copy(&b->positions, subject->starts, (size_t)subject->system->n_atoms * 3,
                             sizeof(double), err));
    b->system = subject->system;
    subject->system = NULL;
out:
    ddmd_subject_destroy(&subject);
    ddmd_config_destroy(&config);
    return status;
}

static enum ddmd_status read_molecule(bench *b, ddmd_error *err)
{
    static const char *const files[] = {"amber99sbildn.xml", "amber99_obc.xml"};
    const ddmd_system_options options = {.constrain_hydrogen_bonds = true};
    enum ddmd_status status = DDMD_OK;
    ddmd_structure *structure = NULL;
    ddmd_force_field *force_field = NULL;
    if (ends_with(b->r->input, ".pdb"))
        DDMD_TRY(ddmd_structure_read_pdb(b->r->input, &structure, err));
    else
        DDMD_TRY(ddmd_peptide_build(b->r->input, DDMD_PEPTIDE_EXTENDED, &structure, err));
    DDMD_TRY(ddmd_force_field_load(files, 2, &force_field, err));
    DDMD_TRY(ddmd_system_create(structure, force_field, &options, &b->system, err));
    DDMD_TRY(ddmd_array_copy(&b->positions, structure->positions, (size_t)structure->n_atoms * 3,
                             sizeof(double), err));
out:
    ddmd_force_field_destroy(&force_field);
    ddmd_structure_destroy(&structure);
    return status;
}

static enum ddmd_status create_contender(bench *b, int which, ddmd_error *err)
{
    enum ddmd_status status = DDMD_OK;
    contender *c = &b->contenders[which];
    const ddmd_engine_options options = {
        .temperature_kelvin = 300,
        .friction_per_ps = 1,
        .timestep_fs = b->r->timestep_fs,
        .seed = 1,
        .threads_per_replica = 1,
        .platform = which == ENSEMBLE ? NULL : "CPU",
    };
    c->chunk = 10;
    c->n_replicas = which == ENSEMBLE ? (int)b->r->replicas : 1;
    DDMD_TRY(ddmd_array_alloc(&c->engines, (size_t)b->r->threads, sizeof(ddmd_engine *), err));
    for (long t = 0; t < b->r->threads; t++)
        DDMD_TRY(ddmd_engine_create(which == ENSEMBLE ? "ensemble" : "openmm",
                                    which == CUTOFF ? &b->with_cutoff : b->system, &options,
                                    c->n_replicas, &c->engines[t], err));
out:
    return status;
}

/* Replicas that have gone apart, as those of a campaign have. */
static enum ddmd_status spread(bench *b, ddmd_error *err)
{
    enum ddmd_status status = DDMD_OK;
    const contender *c = &b->contenders[ENSEMBLE];
    size_t n = (size_t)b->system->n_atoms * 3;
    DDMD_TRY(ddmd_engine_minimize(c->engines[0], b->positions, 10, MINIMIZE_STEPS, err));
    for (size_t i = 0; i < n; i++)
        b->frame[i] = (float)b->positions[i];
    for (long t = 0; t < b->r->threads; t++) {
        for (int r = 0; r < c->n_replicas; r++) {
            const ddmd_engine_start start = {
                .simulation_id = (uint32_t)t * (uint32_t)c->n_replicas + (uint32_t)r,
                .positions = b->frame,
            };
            DDMD_TRY(ddmd_engine_start_replica(c->engines[t], r, &start, err));
        }
        DDMD_TRY(ddmd_engine_advance(c->engines[t], SPREAD_STEPS, err));
    }
out:
    return status;
}

/* OpenMM goes on from where a replica of ensemble is, in each round from another. */
static enum ddmd_status hand_over(bench *b, int which, int round, ddmd_error *err)
{
    enum ddmd_status status = DDMD_OK;
    size_t n = (size_t)b->system->n_atoms * 3;
    for (long t = 0; t < b->r->threads; t++) {
        ddmd_engine_frame frame = {.positions = b->frame, .velocities = b->frame + n};
        const ddmd_engine_start start = {.positions = b->frame, .velocities = b->frame + n};
        DDMD_TRY(ddmd_engine_read(b->contenders[ENSEMBLE].engines[t],
                                  round % b->contenders[ENSEMBLE].n_replicas, &frame, err));
        DDMD_TRY(ddmd_engine_start_replica(b->contenders[which].engines[t], 0, &start, err));
    }
out:
    return status;
}

typedef struct timing {
    const contender *c;
    double seconds;
    double *rates;             /* [threads] */
    enum ddmd_status *results; /* [threads] */
} timing;

static void time_thread(void *user, size_t begin, size_t end, int worker)
{
    (void)worker;
    const timing *t = user;
    for (size_t i = begin; i < end; i++) {
        int64_t steps = 0;
        double started = ddmd_clock_monotonic(), elapsed = 0;
        while (elapsed < t->seconds && t->results[i] == DDMD_OK) {
            t->results[i] = ddmd_engine_advance(t->c->engines[i], t->c->chunk, NULL);
            steps += t->c->chunk;
            elapsed = ddmd_clock_monotonic() - started;
        }
        t->rates[i] = (double)steps * t->c->n_replicas / elapsed;
    }
}

/* Steps a second of all threads and replicas together. */
static enum ddmd_status measure(bench *b, int which, double seconds, double *rate, ddmd_error *err)
{
    enum ddmd_status status = DDMD_OK;
    contender *c = &b->contenders[which];
    size_t n = (size_t)b->r->threads;
    timing t = {.c = c, .seconds = seconds};
    DDMD_TRY(ddmd_array_alloc(&t.rates, n, sizeof *t.rates, err));
    DDMD_TRY(ddmd_array_alloc(&t.results, n, sizeof *t.results, err));
    ddmd_parallel_for(n, 1, (int)n, time_thread, &t);
    *rate = 0;
    for (size_t i = 0; i < n; i++) {
        *rate += t.rates[i];
        if (t.results[i] != DDMD_OK)
            DDMD_FAIL(err, t.results[i], "%s failed while it was timed", names[which]);
        for (int r = 0; r < c->n_replicas; r++)
            if (ddmd_engine_replica_state(c->engines[i], r) != DDMD_REPLICA_RUNNING)
                DDMD_FAIL(err, DDMD_NUMERIC, "%s: replica %d: %s", names[which], r,
                          ddmd_engine_failure(c->engines[i], r));
    }
out:
    free(t.rates);
    free(t.results);
    return status;
}

static enum ddmd_status run_rounds(bench *b, ddmd_error *err)
{
    enum ddmd_status status = DDMD_OK;
    double rate;
    for (int which = 0; which < N_CONTENDERS; which++) {
        contender *c = &b->contenders[which];
        if (which != ENSEMBLE)
            DDMD_TRY(hand_over(b, which, 0, err));
        DDMD_TRY(measure(b, which, 0.1, &rate, err));
        double steps = rate / (double)b->r->threads / c->n_replicas * 0.1;
        c->chunk = steps > 1 ? (int64_t)steps : 1;
    }
    for (int round = 0; round < b->r->rounds; round++) {
        for (int which = 0; which < N_CONTENDERS; which++) {
            if (which != ENSEMBLE)
                DDMD_TRY(hand_over(b, which, round, err));
            DDMD_TRY(measure(b, which, b->r->seconds, &rate, err));
            b->rates[which].values[round] = rate;
            b->ratios[which].values[round] = b->rates[ENSEMBLE].values[round] / rate;
        }
        if (!b->r->json)
            fprintf(stderr, "round %d of %ld: %.0f, %.0f and %.0f steps/s\n", round + 1,
                    b->r->rounds, b->rates[0].values[round], b->rates[1].values[round],
                    b->rates[2].values[round]);
    }
out:
    return status;
}

static double ns_per_day(const bench *b, double rate)
{
    return rate * b->r->timestep_fs * 1e-6 * 86400;
}

static json_t *contender_json(bench *b, int which)
{
    json_t *steps = bench_json(&b->rates[which]);
    bench_figure *figure = &b->rates[which];
    for (int i = 0; i < figure->n; i++)
        figure->values[i] = ns_per_day(b, figure->values[i]);
    return json_pack("{s:o, s:o}", "steps_per_s", steps, "ns_per_day", bench_json(figure));
}

static int print(bench *b)
{
    char isa[32];
    const char *device = ddmd_engine_device(b->contenders[ENSEMBLE].engines[0]);
    snprintf(isa, sizeof isa, "%.*s", (int)strcspn(device, ","), device);
    if (b->r->json) {
        json_t *object =
            json_pack("{s:s, s:i, s:i, s:f, s:i, s:s, s:o, s:o}", "system", b->r->input, "atoms",
                      (int)b->system->n_atoms, "replicas", (int)(b->r->replicas * b->r->threads),
                      "timestep_fs", b->r->timestep_fs, "threads", (int)b->r->threads, "isa", isa,
                      "ratio_nocutoff", bench_json(&b->ratios[NO_CUTOFF]), "ratio_cutoff",
                      bench_json(&b->ratios[CUTOFF]));
        for (int which = 0; which < N_CONTENDERS && object; which++)
            json_object_set_new(object, names[which], contender_json(b, which));
        return bench_write_json(object, b->r->json_file);
    }
    printf("%s: %d atoms, %ld x %ld replicas, %s, steps of %g fs\n", b->r->input,
           (int)b->system->n_atoms, b->r->threads, b->r->replicas, isa, b->r->timestep_fs);
    for (int which = 0; which < N_CONTENDERS; which++) {
        double rate = bench_median(&b->rates[which]);
        printf("  %-16s %10.0f steps/s %10.1f ns/day", names[which], rate, ns_per_day(b, rate));
        if (which != ENSEMBLE)
            printf("   ensemble is %.1f times as fast", bench_median(&b->ratios[which]));
        printf("\n");
    }
    return cli_flush();
}

static int run(const request *r)
{
    enum ddmd_status status = DDMD_OK;
    int exit_status;
    bench b = {.r = r};
    ddmd_mistakes mistakes = {0};
    ddmd_error error = {0}, *err = &error;
    if (ends_with(r->input, ".yaml") || ends_with(r->input, ".yml"))
        DDMD_TRY(read_configuration(&b, &mistakes, err));
    else
        DDMD_TRY(read_molecule(&b, err));
    b.system->cutoff_nm = 0;
    b.with_cutoff = *b.system;
    b.with_cutoff.cutoff_nm = 1;
    DDMD_TRY(ddmd_array_alloc(&b.frame, (size_t)b.system->n_atoms * 6, sizeof(float), err));
    for (int which = 0; which < N_CONTENDERS; which++) {
        size_t n = (size_t)r->rounds;
        b.rates[which].n = b.ratios[which].n = (int)r->rounds;
        DDMD_TRY(ddmd_array_alloc(&b.rates[which].values, n, sizeof(double), err));
        DDMD_TRY(ddmd_array_alloc(&b.ratios[which].values, n, sizeof(double), err));
        DDMD_TRY(create_contender(&b, which, err));
    }
    DDMD_TRY(spread(&b, err));
    DDMD_TRY(run_rounds(&b, err));
out:
    if (status != DDMD_OK)
        exit_status = mistakes.n ? cli_mistakes("bench md", &mistakes) : cli_fail(status, err);
    else
        exit_status = print(&b);
    for (int which = 0; which < N_CONTENDERS; which++) {
        for (long t = 0; b.contenders[which].engines && t < r->threads; t++)
            ddmd_engine_destroy(&b.contenders[which].engines[t]);
        free((void *)b.contenders[which].engines);
        free(b.rates[which].values);
        free(b.ratios[which].values);
    }
    ddmd_system_destroy(&b.system);
    ddmd_mistakes_clear(&mistakes);
    free(b.positions);
    free(b.frame);
    return exit_status;
}

/* A number in a range, from an option; false after it said what is wrong. */
static bool take_number(const char *option, const char *text, double least, double most, double *to)
{
    double value;
    if (ddmd_text_to_double(text, &value) && value >= least && value <= most) {
        *to = value;
        return true;
    }
    cli_usage("bench md", "--%s %s: it must be a number from %g to %g", option, text, least, most);
    return false;
}

static bool take_count(const char *option, const char *text, long most, long *to)
{
    long value;
    if (ddmd_text_to_long(text, &value) && value >= 1 && value <= most) {
        *to = value;
        return true;
    }
    cli_usage("bench md", "--%s %s: it must be a whole number from 1 to %ld", option, text, most);
    return false;
}

int bench_md(int argc, char **argv)
{
    static const struct option options[] = {
        {"system", required_argument, NULL, 's'},
        {"rounds", required_argument, NULL, 'r'},
        {"seconds", required_argument, NULL, 't'},
        {"replicas", required_argument, NULL, 'n'},
        {"timestep-fs", required_argument, NULL, 'd'},
        {"threads", required_argument, NULL, 'p'},
        {"json", optional_argument, NULL, 'j'},
        {"help", no_argument, NULL, 'h'},
        {0},
    };
    request r = {.rounds = 5, .replicas = 16, .threads = 1, .seconds = 2, .timestep_fs = 2};
    for (int c; (c = getopt_long(argc, argv, ":h", options, NULL)) != -1;) {
        bool good = true;
        switch (c) {
        case 's':
            r.input = optarg;
            break;
        case 'r':
            good = take_count("rounds", optarg, MAX_ROUNDS, &r.rounds);
            break;
        case 't':
            good = take_number("seconds", optarg, 0.01, 3600, &r.seconds);
            break;
        case 'n':
            good = take_count("replicas", optarg, 4096, &r.replicas);
            break;
        case 'd':
            good = take_number("timestep-fs", optarg, 0.01, 10, &r.timestep_fs);
            break;
        case 'p':
            good = take_count("threads", optarg, DDMD_PARALLEL_MAX, &r.threads);
            break;
        case 'j':
            r.json = true;
            r.json_file = optarg;
            break;
        case 'h':
            fputs(help, stdout);
            return cli_flush();
        default:
            return cli_bad_option("bench md", argv, c);
        }
        if (!good)
            return CLI_BAD_INPUT;
    }
    if (r.json && !r.json_file && optind == argc - 1)
        r.json_file = argv[optind++];
    if (optind < argc)
        return cli_usage("bench md", "'%s' is not an option", argv[optind]);
    if (!r.input)
        return cli_usage("bench md", "--system is needed");
    return run(&r);
}
