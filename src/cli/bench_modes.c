/*
 * One campaign in both modes, one after the other, and the figures of Table II of Brace et al.
 * 2022: iterations of simulation, training and inference per hour, what they are made on, and how
 * the modes compare.
 */
#include "bench.h"

#include "campaign/run_directory.h"
#include "campaign_session.h"
#include "core/file.h"
#include "core/text.h"
#include "core/try.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

static const char help[] =
    "ddmd bench modes CONFIG.yaml --minutes M [options]\n"
    "\n"
    "The same campaign in mode sequential and in mode streaming, M minutes each, one after the\n"
    "other, whatever its stop rules are. A training or a selection that is under way when the "
    "time\n"
    "is up ends first in mode sequential; rates are over the time that it really took. An "
    "iteration\n"
    "of simulation is one segment of every replica. Give minutes enough for some rounds.\n"
    "\n"
    "  --minutes M      of each mode\n"
    "  --out DIR        keep the two run directories, DIR/sequential and DIR/streaming\n"
    "  --set KEY=VALUE  change a key in both\n"
    "  --json [FILE]    one JSON object, on standard output or into a file\n";

enum { SEQUENTIAL, STREAMING, N_MODES };
static const char *const mode_names[N_MODES] = {"sequential", "streaming"};

enum {
    SIMULATED_NS,
    SIMULATIONS,
    TRAININGS,
    TRAINING_SAMPLES,
    TRAINING_EPOCHS,
    TRAINING_S,
    RANKINGS,
    RANKING_SAMPLES,
    RANKING_S,
    OUTLIERS,
    DECISION_S,
    BUSY,
    ELAPSED_S,
    N_FIGURES
};
static const struct {
    const char *key, *title;
} figures[N_FIGURES] = {
    {"simulated_ns_per_hour", "simulated ns per hour"},
    {"simulation_iterations_per_hour", "simulation: iterations per hour"},
    {"training_iterations_per_hour", "training: iterations per hour"},
    {"samples_per_training", "samples per iteration"},
    {"epochs_per_training", "epochs per iteration"},
    {"seconds_per_training", "seconds per iteration"},
    {"inference_iterations_per_hour", "inference: iterations per hour"},
    {"samples_per_inference", "samples per iteration"},
    {"seconds_per_inference", "seconds per iteration"},
    {"outliers_per_inference", "outliers per iteration"},
    {"seconds_frame_to_decision", "seconds from frame to ranking"},
    {"busy_fraction", "busy fraction of simulation slots"},
    {"elapsed_s", "seconds measured"},
};

typedef struct request {
    const char *config, *out, *json_file;
    double minutes;
    cli_overrides overrides;
    bool json;
} request;

typedef struct bench {
    const request *r;
    char *directory;
    bool temporary;
    cli_session session;
    double values[N_MODES][N_FIGURES];
} bench;

/* ---- running -------------------------------------------------------------------------------- */

/* The configuration in a mode, its stop rules replaced by a time. */
static enum ddmd_status load(const request *r, int mode, ddmd_config **config,
                             ddmd_mistakes *mistakes, ddmd_error *err)
{
    enum ddmd_status status = DDMD_OK;
    char mode_is[32], minutes_are[64];
    const char *const own[] = {mode_is, minutes_are, "stop.rounds=0", "stop.simulated_ns=0",
                               "stop.rmsd_angstrom=0"};
    const size_t n_own = sizeof own / sizeof *own, n = r->overrides.n + n_own;
    const char **all = malloc(n * sizeof *all);
    if (!all)
        DDMD_FAIL(err, DDMD_NOMEM, "out of memory");
    snprintf(mode_is, sizeof mode_is, "mode=%s", mode_names[mode]);
    snprintf(minutes_are, sizeof minutes_are, "stop.wall_minutes=%.6f", r->minutes);
    for (size_t i = 0; i < n; i++)
        all[i] = i < r->overrides.n ? r->overrides.items[i] : own[i - r->overrides.n];
    DDMD_TRY(ddmd_config_load(r->config, all, n, config, mistakes, err));
out:
    free((void *)all);
    return status;
}

/* What a run directory tells. */
static enum ddmd_status measure(const char *run_dir, const ddmd_config *config, double *values,
                                ddmd_error *err)
{
    enum ddmd_status status = DDMD_OK;
    char *path = NULL;
    ddmd_catalogue *catalogue = NULL;
    ddmd_campaign_status s;
    ddmd_learning_totals learning;
    DDMD_TRY(ddmd_campaign_status_read(run_dir, &s, err));
    DDMD_TRY(ddmd_run_path(&path, run_dir, "catalogue.sqlite", err));
    DDMD_TRY(ddmd_catalogue_open(path, true, &catalogue, err));
    DDMD_TRY(ddmd_catalogue_learning(catalogue, &learning, err));
    double hours = s.elapsed_s / 3600;
    values[SIMULATED_NS] = s.simulated_ns / hours;
    values[SIMULATIONS] =
        s.simulated_ns / hours / (config->simulation.segment_ns * config->simulation.replicas);
    values[TRAININGS] = (double)learning.trainings / hours;
    values[TRAINING_SAMPLES] = learning.training_samples;
    values[TRAINING_EPOCHS] = learning.training_epochs;
    values[TRAINING_S] = learning.training_s;
    values[RANKINGS] = (double)learning.rankings / hours;
    values[RANKING_SAMPLES] = learning.ranking_samples;
    values[RANKING_S] = learning.ranking_s;
    values[OUTLIERS] = learning.ranking_outliers;
    values[DECISION_S] = s.all_decisions_median_s;
    values[BUSY] = s.busy_fraction;
    values[ELAPSED_S] = s.elapsed_s;
out:
    ddmd_catalogue_close(&catalogue);
    free(path);
    return status;
}

static enum ddmd_status run_mode(bench *b, int mode, ddmd_mistakes *mistakes, ddmd_error *err)
{
    enum ddmd_status status = DDMD_OK;
    ddmd_config *config = NULL;
    char *run_dir = NULL;
    DDMD_TRY(load(b->r, mode, &config, mistakes, err));
    DDMD_TRY(ddmd_run_path(&run_dir, b->directory, mode_names[mode], err));
    DDMD_TRY(ddmd_campaign_run(config, run_dir, &b->session.options, mistakes, err));
    DDMD_TRY(measure(run_dir, config, b->values[mode], err));
out:
    ddmd_config_destroy(&config);
    free(run_dir);
    return status;
}

static enum ddmd_status choose_directory(bench *b, ddmd_error *err)
{
    if (b->r->out)
        return ddmd_text_format(&b->directory, err, "%s", b->r->out);
    const char *above = getenv("TMPDIR");
    enum ddmd_status status = ddmd_text_format(&b->directory, err, "%s/ddmd-bench-modes-XXXXXX",
                                               above && *above ? above : "/tmp");
    if (status != DDMD_OK)
        return status;
    if (!mkdtemp(b->directory))
        return ddmd_error_set(err, DDMD_IO, "%s: cannot be made: %m", b->directory);
    b->temporary = true;
    return DDMD_OK;
}

/* ---- results -------------------------------------------------------------------------------- */

static double ratio(const bench *b, int figure)
{
    return b->values[STREAMING][figure] / b->values[SEQUENTIAL][figure];
}

static int print_json(const bench *b)
{
    json_t *object = json_pack("{s:s, s:f}", "config", b->r->config, "minutes", b->r->minutes);
    json_t *ratios = json_object();
    for (int f = 0; f < N_FIGURES; f++)
        json_object_set_new(ratios, figures[f].key, cli_number(ratio(b, f)));
    for (int mode = 0; mode < N_MODES; mode++) {
        json_t *values = json_object();
        for (int f = 0; f < N_FIGURES; f++)
            json_object_set_new(values, figures[f].key, cli_number(b->values[mode][f]));
        json_object_set_new(object, mode_names[mode], values);
    }
    json_object_set_new(object, "ratio", ratios);
    return bench_write_json(object, b->r->json_file);
}

static void print_number(double value)
{
    ddmd_decimal text;
    printf(" %12s", isfinite(value) ? ddmd_text_decimal(value, text) : "-");
}

static int print(const bench *b)
{
    if (b->r->json)
        return print_json(b);
    printf("%s, %g minutes in each mode\n%-36s %12s %12s %12s\n", b->r->config, b->r->minutes, "",
           mode_names[SEQUENTIAL], mode_names[STREAMING], "ratio");
    for (int f = 0; f < N_FIGURES; f++) {
        printf("%-36s", figures[f].title);
        print_number(b->values[SEQUENTIAL][f]);
        print_number(b->values[STREAMING][f]);
        print_number(ratio(b, f));
        printf("\n");
    }
    return cli_flush();
}

static int run(const request *r)
{
    enum ddmd_status status = DDMD_OK;
    bench b = {.r = r};
    ddmd_mistakes mistakes = {0};
    ddmd_error error = {0}, *err = &error;
    cli_session_begin(&b.session, true);
    DDMD_TRY(choose_directory(&b, err));
    for (int mode = 0; mode < N_MODES; mode++)
        DDMD_TRY(run_mode(&b, mode, &mistakes, err));
out:
    cli_progress_destroy(&b.session.progress);
    int exit_status = status == DDMD_OK ? print(&b)
                      : mistakes.n      ? cli_mistakes("bench modes", &mistakes)
                                        : cli_fail(status, err);
    if (b.temporary)
        ddmd_directory_remove(b.directory);
    ddmd_mistakes_clear(&mistakes);
    free(b.directory);
    return exit_status;
}

/* Read the options; false: there is nothing left to do. */
static bool read_options(int argc, char **argv, request *r, int *exit_status)
{
    const cli_option options[] = {
        {"minutes", .number = &r->minutes, .least = 0.001, .most = 1e6},
        {"out", .text = &r->out},
        {"set", .overrides = &r->overrides},
        {"json", .flag = &r->json, .text = &r->json_file},
        {0},
    };
    if (!cli_read_options("bench modes", argc, argv, options, help, exit_status))
        return false;
    *exit_status = CLI_BAD_INPUT;
    r->config = optind < argc ? argv[optind++] : NULL;
    if (!bench_read_rest("bench modes", argc, argv, r->json, &r->json_file))
        return false;
    if (!r->config)
        cli_usage("bench modes", "a configuration file is needed");
    else if (r->minutes <= 0)
        cli_usage("bench modes", "--minutes is needed");
    else
        return true;
    return false;
}

int bench_modes(int argc, char **argv)
{
    request r = {0};
    int exit_status;
    if (read_options(argc, argv, &r, &exit_status))
        exit_status = run(&r);
    free((void *)r.overrides.items);
    return exit_status;
}
