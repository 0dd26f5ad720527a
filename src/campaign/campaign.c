/* Run, resume and check: what surrounds the rounds. */
#include "campaign/coordinator/coordinator.h"
#include "campaign/frame_files.h"
#include "campaign/run_directory.h"
#include "campaign/state.h"

#include "core/array.h"
#include "core/clock.h"
#include "core/file.h"
#include "core/parallel.h"
#include "core/text.h"
#include "core/try.h"
#include "ddmd/geometry.h"

#include <math.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

/* ---- what the phases call ------------------------------------------------------------------ */

double ddmd_campaign_elapsed(const ddmd_campaign *c)
{
    return c->elapsed_before + ddmd_clock_monotonic() - c->began_s;
}

bool ddmd_campaign_stop_asked(const ddmd_campaign *c)
{
    return c->options->stop && atomic_load(c->options->stop) != 0;
}

double ddmd_campaign_simulated_ns(const ddmd_campaign *c)
{
    return (double)c->totals.steps * c->config->simulation.timestep_fs * 1e-6;
}

void ddmd_campaign_tell(ddmd_campaign *c, enum ddmd_phase phase, double fraction, bool now,
                        const char *doing, ...)
{
    ddmd_campaign_progress *p = &c->progress;
    char text[sizeof p->doing];
    va_list args;
    va_start(args, doing);
    vsnprintf(text, sizeof text, doing, args);
    va_end(args);
    memcpy(p->doing, text, sizeof text);
    p->fraction = fraction;
    p->phase = phase;

    double time = ddmd_clock_monotonic();
    if (!c->options->progress || (!now && time - c->told_s < 0.25))
        return;
    c->told_s = time;
    p->round = c->row.round;
    p->simulations = c->totals.simulations;
    p->frames = c->row.n_frames;
    p->simulated_ns = ddmd_campaign_simulated_ns(c);
    p->ns_per_day = c->simulating_s > 0 ? c->simulated_ns / c->simulating_s * 86400 : NAN;
    p->best_rmsd_angstrom = c->row.best_rmsd_nm * 10;
    p->elapsed_s = ddmd_campaign_elapsed(c);
    c->options->progress(c->options->user, p);
}

void ddmd_campaign_count_frame(ddmd_campaign *c, uint32_t simulation, uint32_t index, float rmsd_nm)
{
    c->row.n_frames++;
    c->totals.frames++;
    c->totals.steps += (uint64_t)ddmd_subject_report_steps(c->config);
    if (isnan(rmsd_nm) || (double)rmsd_nm >= c->row.best_rmsd_nm)
        return;
    c->row.best_rmsd_nm = (double)rmsd_nm;
    c->row.best_simulation = simulation;
    c->row.best_frame = index;
}

void ddmd_campaign_describe_best(const ddmd_campaign *c, char *buffer, size_t size)
{
    *buffer = '\0';
    if (!isnan(c->row.best_rmsd_nm))
        snprintf(buffer, size, "; best RMSD so far %.2f angstrom (simulation %lld, frame %lld)",
                 c->row.best_rmsd_nm * 10, (long long)c->row.best_simulation,
                 (long long)c->row.best_frame);
}

bool ddmd_campaign_enough(const ddmd_campaign *c, bool between_rounds, char *buffer, size_t size)
{
    const ddmd_config *config = c->config;
    double best = c->row.best_rmsd_nm * 10, ns = ddmd_campaign_simulated_ns(c);
    double minutes = ddmd_campaign_elapsed(c) / 60;
    uint32_t completed = c->row.round - 1;
    if (config->stop.rmsd_angstrom > 0 && best <= config->stop.rmsd_angstrom)
        snprintf(buffer, size, "RMSD %.2f angstrom reached (stop.rmsd_angstrom: %g)", best,
                 config->stop.rmsd_angstrom);
    /* a billionth of a nanosecond forgives the rounding of sums */
    else if (config->stop.simulated_ns > 0 && ns >= config->stop.simulated_ns - 1e-9)
        snprintf(buffer, size, "%.6g ns simulated (stop.simulated_ns: %g)", ns,
                 config->stop.simulated_ns);
    else if (config->stop.wall_minutes > 0 && minutes >= config->stop.wall_minutes)
        snprintf(buffer, size, "%.1f minutes passed (stop.wall_minutes: %g)", minutes,
                 config->stop.wall_minutes);
    else if (between_rounds && config->stop.rounds > 0 &&
             completed >= (uint32_t)config->stop.rounds)
        snprintf(buffer, size, "%u round%s completed (stop.rounds: %d)", completed,
                 completed == 1 ? "" : "s", config->stop.rounds);
    else
        return false;
    return true;
}

enum ddmd_status ddmd_campaign_put_row(ddmd_campaign *c, ddmd_error *err)
{
    c->row.elapsed_s = ddmd_campaign_elapsed(c);
    return ddmd_catalogue_set_progress(c->catalogue, &c->row, err);
}

/* ---- open and close ------------------------------------------------------------------------ */

static void close_campaign(ddmd_campaign *c)
{
    for (int i = 0; i < c->n_workers; i++) {
        ddmd_simulator_destroy(&c->workers[i].simulator);
        ddmd_report_queue_destroy(&c->workers[i].queue);
    }
    free(c->workers);
    free(c->slots);
    free(c->starts);
    free(c->created_s);
    ddmd_map_window_destroy(&c->maps);
    ddmd_frame_file_close(&c->frames);
    ddmd_catalogue_close(&c->catalogue);
    ddmd_subject_destroy(&c->subject);
    ddmd_config_destroy(&c->config);
    ddmd_log_file_close(&c->log_file);
    free(c->run_dir);
}

/* Simulators for the replicas, spread evenly over the workers. */
static enum ddmd_status create_workers(ddmd_campaign *c, ddmd_error *err)
{
    enum ddmd_status status = DDMD_OK;
    int wanted = ddmd_simulator_workers(c->config);
    DDMD_TRY(ddmd_array_alloc(&c->workers, (size_t)wanted, sizeof *c->workers, err));
    for (int i = 0; i < wanted; i++) {
        ddmd_worker *w = &c->workers[c->n_workers];
        ddmd_simulator_share(c->config, i, &w->first, &w->n);
        w->campaign = c;
        c->n_workers++;
        DDMD_TRY(ddmd_report_queue_create(c->subject, (size_t)w->n * 2, &w->queue, err));
        DDMD_TRY(ddmd_simulator_create(c->config, c->subject, w->first, w->n, &c->log,
                                       &w->simulator, err));
    }
out:
    return status;
}

/* The stores, brought to what the catalogue vouches for. */
static enum ddmd_status open_stores(ddmd_campaign *c, ddmd_error *err)
{
    enum ddmd_status status = DDMD_OK;
    char *path = NULL;
    DDMD_TRY(ddmd_run_path(&path, c->run_dir, "catalogue.sqlite", err));
    DDMD_TRY(ddmd_catalogue_open(path, false, &c->catalogue, err));
    DDMD_TRY(ddmd_catalogue_progress(c->catalogue, &c->row, err));
    DDMD_TRY(ddmd_catalogue_totals(c->catalogue, &c->totals, err));
    c->elapsed_before = c->row.elapsed_s;
    c->began_s = ddmd_clock_monotonic();
    DDMD_TRY(ddmd_catalogue_running(c->catalogue, c->slots, (size_t)c->n_replicas, err));
    if (c->config->mode == DDMD_MODE_streaming)
        goto out; /* its aggregators look after their files */
    free(path);
    path = NULL;
    DDMD_TRY(ddmd_frame_files_path(&path, c->run_dir, 0, err));
    DDMD_TRY(ddmd_frame_file_recover(path, c->row.n_frames, &c->frames, err));
out:
    free(path);
    return status;
}

static enum ddmd_status load_config(const char *run_dir, const char *const *overrides,
                                    size_t n_overrides, ddmd_config **config,
                                    ddmd_mistakes *mistakes, ddmd_error *err)
{
    enum ddmd_status status = DDMD_OK;
    char *path = NULL;
    DDMD_TRY(ddmd_run_path(&path, run_dir, "config.yaml", err));
    if (!ddmd_file_exists(path)) {
        ddmd_mistakes_add(mistakes, "%s: not the directory of a campaign (no config.yaml in it)",
                          run_dir);
        DDMD_FAIL(err, DDMD_CONFIG, "%s", mistakes->lines[mistakes->n - 1]);
    }
    for (size_t i = 0; i < n_overrides; i++)
        if (strncmp(overrides[i], "stop.", 5) != 0)
            ddmd_mistakes_add(mistakes,
                              "--set %s: a campaign under way can only change its stop rules "
                              "(stop.rounds, stop.wall_minutes, ...)",
                              overrides[i]);
    if (mistakes->n)
        DDMD_FAIL(err, DDMD_CONFIG, "%s", mistakes->lines[0]);
    DDMD_TRY(ddmd_config_load(path, overrides, n_overrides, config, mistakes, err));
out:
    if (status != DDMD_OK)
        ddmd_config_destroy(config);
    free(path);
    return status;
}

/* The stop rules that a resumed campaign has from now on. */
static enum ddmd_status keep_overrides(const ddmd_campaign *c, ddmd_error *err)
{
    char *path = NULL;
    enum ddmd_status status = ddmd_run_path(&path, c->run_dir, "config.yaml", err);
    if (status == DDMD_OK)
        status = ddmd_config_write(c->config, path, err);
    free(path);
    return status;
}

static enum ddmd_status open_campaign(ddmd_campaign *c, const char *run_dir,
                                      const char *const *overrides, size_t n_overrides,
                                      ddmd_mistakes *mistakes, ddmd_error *err)
{
    enum ddmd_status status = DDMD_OK;
    DDMD_TRY(ddmd_text_format(&c->run_dir, err, "%s", run_dir));
    DDMD_TRY(load_config(run_dir, overrides, n_overrides, &c->config, mistakes, err));
    c->n_replicas = c->config->simulation.replicas;
    DDMD_TRY(ddmd_array_alloc(&c->slots, (size_t)c->n_replicas, sizeof *c->slots, err));
    DDMD_TRY(ddmd_strategy_find(c->config->selection.strategy, &c->strategy, err));
    DDMD_TRY(open_stores(c, err)); /* from here on no other process may write */
    if (n_overrides)
        DDMD_TRY(keep_overrides(c, err));
    DDMD_TRY(ddmd_log_file_open(&c->log_file, run_dir, "ddmd.log", c->options->log, &c->log, err));
    DDMD_TRY(ddmd_subject_create(c->config, &c->subject, mistakes, err));
    DDMD_TRY(ddmd_run_directory_starts(run_dir, &c->starts, &c->n_starts, err));
    if (c->config->mode == DDMD_MODE_sequential)
        DDMD_TRY(create_workers(c, err));
    c->progress.campaign = c->config->campaign;
    c->progress.rounds = (uint32_t)c->config->stop.rounds;
    c->progress.wall_limit_s = c->config->stop.wall_minutes * 60;
out:
    return status;
}

/* ---- the rounds ---------------------------------------------------------------------------- */

static enum ddmd_status one_phase(ddmd_campaign *c, ddmd_error *err)
{
    switch (c->row.phase) {
    case DDMD_PHASE_simulate:
        return ddmd_phase_simulate(c, err);
    case DDMD_PHASE_train:
        return ddmd_phase_train(c, err);
    case DDMD_PHASE_infer:
        return ddmd_phase_infer(c, err);
    case DDMD_PHASE_decide:
        return ddmd_phase_decide(c, err);
    }
    return ddmd_error_set(err, DDMD_FORMAT, "unknown phase %d in the catalogue", (int)c->row.phase);
}

static enum ddmd_status set_state(ddmd_campaign *c, enum ddmd_campaign_state state,
                                  const char *reason, ddmd_error *err)
{
    enum ddmd_status status = DDMD_OK;
    double elapsed = ddmd_campaign_elapsed(c);
    ddmd_catalogue_rollback(c->catalogue);
    DDMD_TRY(ddmd_catalogue_begin(c->catalogue, err));
    /* What the catalogue holds, not what an unfinished phase has made of it. */
    DDMD_TRY(ddmd_catalogue_progress(c->catalogue, &c->row, err));
    c->row.state = state;
    c->row.elapsed_s = elapsed;
    snprintf(c->row.reason, sizeof c->row.reason, "%s", reason);
    DDMD_TRY(ddmd_catalogue_set_progress(c->catalogue, &c->row, err));
    DDMD_TRY(ddmd_catalogue_commit(c->catalogue, err));
out:
    if (status != DDMD_OK)
        ddmd_catalogue_rollback(c->catalogue);
    return status;
}

static enum ddmd_status run_rounds(ddmd_campaign *c, ddmd_error *err)
{
    enum ddmd_status status = DDMD_OK;
    char reason[256];
    DDMD_TRY(set_state(c, DDMD_STATE_running, "", err));
    if (c->config->mode == DDMD_MODE_streaming) {
        DDMD_TRY(ddmd_coordinate(c, reason, sizeof reason, err));
        DDMD_TRY(set_state(c, DDMD_STATE_finished, reason, err));
    }
    while (c->row.state == DDMD_STATE_running) {
        bool between_rounds = c->row.phase == DDMD_PHASE_simulate;
        if (ddmd_campaign_stop_asked(c))
            DDMD_FAIL(err, DDMD_CANCELLED, "interrupted");
        if (ddmd_campaign_enough(c, between_rounds, reason, sizeof reason))
            DDMD_TRY(set_state(c, DDMD_STATE_finished, reason, err));
        else
            DDMD_TRY(one_phase(c, err));
    }
    ddmd_log_line(&c->log, DDMD_LOG_INFO, "finished: %s", c->row.reason);
out:
    if (status == DDMD_CANCELLED) {
        ddmd_error why = {0};
        if (set_state(c, DDMD_STATE_stopped, "interrupted", &why) != DDMD_OK)
            return ddmd_error_set(err, why.status, "%s", why.message);
        ddmd_log_line(&c->log, DDMD_LOG_INFO,
                      "stopped in phase %s of round %u; what was not finished of it will be done "
                      "again by `ddmd resume %s`",
                      ddmd_phase_name(c->row.phase), c->row.round, c->run_dir);
    } else if (status != DDMD_OK) {
        /* The disk may be full: the state is told if that can be done. */
        set_state(c, DDMD_STATE_failed, err->message, NULL);
        ddmd_log_line(&c->log, DDMD_LOG_ERROR, "failed in phase %s of round %u: %s",
                      ddmd_phase_name(c->row.phase), c->row.round, err->message);
    }
    return status;
}

/* ---- the public functions ------------------------------------------------------------------ */

/* A model of this size can be made: checked early, thrown away. */
static enum ddmd_status try_model(const ddmd_config *config, const ddmd_subject *subject,
                                  ddmd_error *err)
{
    ddmd_strategy_info strategy;
    enum ddmd_status status = ddmd_strategy_find(config->selection.strategy, &strategy, err);
    if (status != DDMD_OK || !(strategy.needs & DDMD_STRATEGY_EMBEDDING))
        return status;
    const ddmd_model_options options = ddmd_subject_model_options(config);
    for (size_t i = 0; status == DDMD_OK && i < config->model.latent_dim.n; i++) {
        ddmd_model *model = NULL;
        status = ddmd_model_create(config->model.kind, &options, (int)subject->n_points,
                                   config->model.latent_dim.items[i], 1, &model, err);
        ddmd_model_destroy(&model);
    }
    return status;
}

/* Subject, engine and model of a configuration, or the mistakes that prevent them. */
static enum ddmd_status prepare(const ddmd_config *config, const ddmd_log *log,
                                ddmd_subject **subject, ddmd_engine **engine,
                                ddmd_mistakes *mistakes, ddmd_error *err)
{
    enum ddmd_status status = DDMD_OK;
    const ddmd_engine_options options = ddmd_subject_engine_options(config, log);
    ddmd_error why = {0};
    DDMD_TRY(ddmd_subject_create(config, subject, mistakes, err));
    ddmd_structure_log_gaps((*subject)->structure, (*subject)->starts, (*subject)->n_starts, log);
    status = ddmd_engine_create(config->simulation.engine, (*subject)->system, &options, 1, engine,
                                &why);
    if (status == DDMD_UNSUPPORTED || status == DDMD_CONFIG)
        ddmd_subject_blame(config, "simulation.engine", &why, mistakes);
    else if (status != DDMD_OK)
        DDMD_FAIL(err, status, "%s", why.message);
    status = try_model(config, *subject, &why);
    if (status == DDMD_UNSUPPORTED || status == DDMD_CONFIG)
        ddmd_subject_blame(config, "model.kind", &why, mistakes);
    else if (status != DDMD_OK)
        DDMD_FAIL(err, status, "%s", why.message);
    if (mistakes->n)
        DDMD_FAIL(err, DDMD_CONFIG, "%s", mistakes->lines[0]);
    status = DDMD_OK;
out:
    return status;
}

static void add_temperatures(ddmd_text *text, const ddmd_real_list *kelvin)
{
    double lowest = kelvin->items[0], highest = lowest;
    for (size_t i = 1; i < kelvin->n; i++) {
        lowest = fmin(lowest, kelvin->items[i]);
        highest = fmax(highest, kelvin->items[i]);
    }
    if (kelvin->n == 1)
        ddmd_text_add(text, "%g K\n", lowest);
    else
        ddmd_text_add(text, "%zu temperatures from %g to %g K\n", kelvin->n, lowest, highest);
}

static enum ddmd_status summarise(const ddmd_config *config, const ddmd_subject *subject,
                                  const ddmd_engine *engine, char **summary, ddmd_error *err)
{
    ddmd_text text = {0};
    double ns = config->simulation.segment_ns * config->simulation.replicas;
    int64_t frames = ddmd_subject_segment_reports(config) * config->simulation.replicas;
    ddmd_text_add(&text, "system     %s: %d atoms, %d residues, %zu start structure%s\n",
                  subject->system->name, subject->structure->n_atoms,
                  subject->structure->n_residues, subject->n_starts,
                  subject->n_starts == 1 ? "" : "s");
    if (subject->n_rmsd_atoms)
        ddmd_text_add(&text, "reference  %s, RMSD over %zu atoms\n", config->system.reference,
                      subject->n_rmsd_atoms);
    else
        ddmd_text_add(&text, "reference  none\n");
    ddmd_text_add(&text, "engine     %s on %s, %d replicas, %g fs, ", config->simulation.engine,
                  ddmd_engine_device(engine), config->simulation.replicas,
                  config->simulation.timestep_fs);
    add_temperatures(&text, &config->simulation.temperature_kelvin);
    ddmd_text_add(&text, "a round    %g ns, %lld frames (%.3g MB)\n", ns, (long long)frames,
                  (double)frames *
                      (24.0 * subject->structure->n_atoms +
                       (double)ddmd_contact_map_bytes(subject->n_points) + 64) /
                      1e6);
    ddmd_text_add(&text, "steering   strategy %s, model %s on %zu x %zu contact maps\n",
                  config->selection.strategy, config->model.kind, subject->n_points,
                  subject->n_points);
    return ddmd_text_take(&text, summary, err);
}

enum ddmd_status ddmd_campaign_check(const ddmd_config *config, const ddmd_log *log, char **summary,
                                     ddmd_mistakes *mistakes, ddmd_error *err)
{
    enum ddmd_status status = DDMD_OK;
    ddmd_subject *subject = NULL;
    ddmd_engine *engine = NULL;
    DDMD_TRY(prepare(config, log, &subject, &engine, mistakes, err));
    if (summary)
        DDMD_TRY(summarise(config, subject, engine, summary, err));
out:
    ddmd_engine_destroy(&engine);
    ddmd_subject_destroy(&subject);
    return status;
}

/* starts: those of the subject, minimised. */
static enum ddmd_status minimise_starts(const ddmd_config *config, const ddmd_subject *subject,
                                        ddmd_engine *engine, double *starts, ddmd_error *err)
{
    /* kJ/(mol nm), as OpenMM's minimiser has it by default */
    const double tolerance = 10.0;
    size_t size = (size_t)subject->system->n_atoms * 3;
    for (size_t i = 0; i < subject->n_starts; i++) {
        enum ddmd_status status = ddmd_engine_minimize(engine, starts + i * size, tolerance,
                                                       config->system.minimize_iterations, err);
        if (status != DDMD_OK) {
            ddmd_error_prefix(err, "start structure %zu: ", i + 1);
            return status;
        }
    }
    return DDMD_OK;
}

static enum ddmd_status create_directory(const ddmd_config *config, const char *run_dir,
                                         const ddmd_log *log, ddmd_mistakes *mistakes,
                                         ddmd_error *err)
{
    enum ddmd_status status = DDMD_OK;
    ddmd_subject *subject = NULL;
    ddmd_engine *engine = NULL;
    double *starts = NULL;
    ddmd_error why = {0};
    DDMD_TRY(prepare(config, log, &subject, &engine, mistakes, err));
    DDMD_TRY(ddmd_array_copy(&starts, subject->starts,
                             subject->n_starts * (size_t)subject->system->n_atoms * 3,
                             sizeof *starts, err));
    if (config->system.minimize_iterations > 0)
        DDMD_TRY(minimise_starts(config, subject, engine, starts, err));
    status = ddmd_run_directory_create(config, subject, starts, run_dir, &why);
    if (status == DDMD_IO) {
        ddmd_mistakes_add(mistakes, "%s", why.message);
        status = DDMD_CONFIG;
    }
    if (status != DDMD_OK)
        DDMD_FAIL(err, status, "%s", why.message);
out:
    free(starts);
    ddmd_engine_destroy(&engine);
    ddmd_subject_destroy(&subject);
    return status;
}

static void tell_beginning(const ddmd_campaign *c)
{
    char how[96];
    if (c->config->mode == DDMD_MODE_sequential)
        snprintf(how, sizeof how, "on %s",
                 ddmd_engine_device(ddmd_simulator_engine(c->workers[0].simulator)));
    else
        snprintf(how, sizeof how, "in mode streaming: %d simulate, %zu aggregate",
                 ddmd_simulator_workers(c->config), ddmd_frame_files_count(c->config));
    ddmd_log_line(&c->log, DDMD_LOG_INFO, "campaign %s in %s: %d replicas of %s, engine %s %s",
                  c->config->campaign, c->run_dir, c->n_replicas, c->subject->system->name,
                  c->config->simulation.engine, how);
}

enum ddmd_status ddmd_campaign_run(const ddmd_config *config, const char *run_dir,
                                   const ddmd_campaign_options *options, ddmd_mistakes *mistakes,
                                   ddmd_error *err)
{
    enum ddmd_status status = DDMD_OK;
    ddmd_campaign c = {.options = options};
    DDMD_TRY(create_directory(config, run_dir, options->log, mistakes, err));
    DDMD_TRY(open_campaign(&c, run_dir, NULL, 0, mistakes, err));
    tell_beginning(&c);
    DDMD_TRY(run_rounds(&c, err));
out:
    close_campaign(&c);
    return status;
}

enum ddmd_status ddmd_campaign_resume(const char *run_dir, const char *const *overrides,
                                      size_t n_overrides, const ddmd_campaign_options *options,
                                      ddmd_mistakes *mistakes, ddmd_error *err)
{
    enum ddmd_status status = DDMD_OK;
    ddmd_campaign c = {.options = options};
    char reason[256];
    DDMD_TRY(open_campaign(&c, run_dir, overrides, n_overrides, mistakes, err));
    bool between_rounds = c.row.phase == DDMD_PHASE_simulate;
    if (c.row.state == DDMD_STATE_finished &&
        ddmd_campaign_enough(&c, between_rounds, reason, sizeof reason)) {
        ddmd_log_line(options->log, DDMD_LOG_INFO,
                      "campaign %s is finished: %s; raise the rule to go on, for example with "
                      "--set stop.rounds=...",
                      c.config->campaign, reason);
        goto out;
    }
    ddmd_log_line(&c.log, DDMD_LOG_INFO,
                  "campaign %s goes on in phase %s of round %u, with %llu frames and %.4g ns",
                  c.config->campaign, ddmd_phase_name(c.row.phase), c.row.round,
                  (unsigned long long)c.row.n_frames, ddmd_campaign_simulated_ns(&c));
    DDMD_TRY(run_rounds(&c, err));
out:
    close_campaign(&c);
    return status;
}
