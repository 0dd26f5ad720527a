#include "campaign/run_directory.h"
#include "ddmd/campaign.h"

#include "core/try.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The role's entry, made where it has none; NULL: there are too many. */
static ddmd_role_use *role_of(ddmd_campaign_status *s, const char *name)
{
    for (size_t i = 0; i < s->n_roles; i++)
        if (strcmp(s->roles[i].role, name) == 0)
            return &s->roles[i];
    if (s->n_roles == DDMD_ROLES_MAX)
        return NULL;
    ddmd_role_use *role = &s->roles[s->n_roles++];
    snprintf(role->role, sizeof role->role, "%s", name);
    return role;
}

static double *share_of(ddmd_role_use *role, const char *activity)
{
    const struct {
        const char *activity;
        double *share;
    } known[] = {
        {"compute", &role->compute}, {"evaluate", &role->compute}, {"wait", &role->wait},
        {"blocked", &role->blocked}, {"write", &role->write},      {"unpack", &role->unpack},
    };
    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        if (strcmp(known[i].activity, activity) == 0)
            return known[i].share;
    return &role->other;
}

/* Seconds of each role's activities, in the place of their shares. */
static enum ddmd_status read_roles(ddmd_catalogue *catalogue, ddmd_campaign_status *s,
                                   ddmd_error *err)
{
    ddmd_time_use_row *rows = NULL;
    size_t n = 0;
    enum ddmd_status status = ddmd_catalogue_time_use(catalogue, &rows, &n, err);
    for (size_t i = 0; status == DDMD_OK && i < n; i++) {
        ddmd_role_use *role = role_of(s, rows[i].role);
        if (!role)
            continue;
        role->seconds += rows[i].seconds;
        *share_of(role, rows[i].activity) += rows[i].seconds;
    }
    free(rows);
    return status;
}

static void make_shares(ddmd_role_use *role)
{
    double *const shares[] = {&role->compute, &role->wait,   &role->blocked,
                              &role->write,   &role->unpack, &role->other};
    for (size_t i = 0; i < sizeof shares / sizeof *shares; i++)
        *shares[i] = role->seconds > 0 ? *shares[i] / role->seconds : 0;
}

static enum ddmd_status read_rates(ddmd_catalogue *catalogue, const ddmd_config *config,
                                   ddmd_campaign_status *s, ddmd_error *err)
{
    enum ddmd_status status = DDMD_OK;
    double all = 0, input_output = 0;
    DDMD_TRY(read_roles(catalogue, s, err));
    for (size_t i = 0; i < s->n_roles; i++) {
        ddmd_role_use *role = &s->roles[i];
        all += role->seconds;
        input_output += role->write + role->unpack;
        double ran = role->compute + role->wait + role->blocked;
        if (strcmp(role->role, "simulate") == 0 && ran > 0) {
            s->unblocked_fraction = role->compute / ran;
            if (s->elapsed_s > 0)
                s->busy_fraction = role->compute / (s->elapsed_s * config->simulation.workers);
        }
        make_shares(role);
    }
    if (config->mode == DDMD_MODE_sequential)
        all = s->elapsed_s;
    if (all > 0)
        s->io_fraction = input_output / all;
    if (s->elapsed_s > 0)
        s->ns_per_day = s->simulated_ns / s->elapsed_s * 86400;
out:
    return status;
}

static enum ddmd_status read_shares(ddmd_catalogue *catalogue, ddmd_campaign_status *s,
                                    ddmd_error *err)
{
    enum ddmd_status status = DDMD_OK;
    double simulating, training, inferring;
    DDMD_TRY(ddmd_catalogue_phase_time(catalogue, DDMD_PHASE_simulate, &simulating, err));
    DDMD_TRY(ddmd_catalogue_phase_time(catalogue, DDMD_PHASE_train, &training, err));
    DDMD_TRY(ddmd_catalogue_phase_time(catalogue, DDMD_PHASE_infer, &inferring, err));
    if (s->elapsed_s > 0) {
        s->simulate_share = simulating / s->elapsed_s;
        s->train_share = training / s->elapsed_s;
        s->infer_share = inferring / s->elapsed_s;
        s->other_share = fmax(0, 1 - s->simulate_share - s->train_share - s->infer_share);
    }
out:
    return status;
}

static enum ddmd_status read_learning(ddmd_catalogue *catalogue, ddmd_campaign_status *s,
                                      ddmd_error *err)
{
    enum ddmd_status status = DDMD_OK;
    ddmd_model_row model;
    ddmd_model_check_row check;
    ddmd_round_row round;
    DDMD_TRY(ddmd_catalogue_newest_model(catalogue, &model, err));
    if (model.version > 0) {
        s->model_version = model.version;
        s->train_loss = model.train_loss;
        s->validation_loss = model.validation_loss;
    }
    DDMD_TRY(ddmd_catalogue_model_checks(catalogue, &check, &s->trainings_skipped, err));
    DDMD_TRY(ddmd_catalogue_newest_round(catalogue, &round, err));
    if (round.round > 0) {
        s->outliers_last_round = (int64_t)round.n_outliers;
        s->decision_median_s = round.decision_median_s;
        s->decision_p95_s = round.decision_p95_s;
    }
    DDMD_TRY(ddmd_catalogue_decision_times(catalogue, &s->all_decisions_median_s,
                                           &s->all_decisions_p95_s, &s->n_decisions, err));
out:
    return status;
}

enum ddmd_status ddmd_campaign_status_read(const char *run_dir, ddmd_campaign_status *out,
                                           ddmd_error *err)
{
    enum ddmd_status status = DDMD_OK;
    char *path = NULL;
    ddmd_config *config = NULL;
    ddmd_catalogue *catalogue = NULL;
    ddmd_progress_row row;
    ddmd_totals totals;
    ddmd_campaign_status s = {
        .train_loss = NAN,
        .validation_loss = NAN,
        .outliers_last_round = -1,
        .ns_per_day = NAN,
        .simulate_share = NAN,
        .train_share = NAN,
        .infer_share = NAN,
        .other_share = NAN,
        .busy_fraction = NAN,
        .unblocked_fraction = NAN,
        .io_fraction = NAN,
        .decision_median_s = NAN,
        .decision_p95_s = NAN,
    };
    DDMD_TRY(ddmd_run_directory_config(run_dir, &config, err));
    DDMD_TRY(ddmd_run_path(&path, run_dir, "catalogue.sqlite", err));
    DDMD_TRY(ddmd_catalogue_open(path, true, &catalogue, err));
    DDMD_TRY(ddmd_catalogue_progress(catalogue, &row, err));
    DDMD_TRY(ddmd_catalogue_totals(catalogue, &totals, err));

    snprintf(s.campaign, sizeof s.campaign, "%s", config->campaign);
    snprintf(s.mode, sizeof s.mode, "%s",
             config->mode == DDMD_MODE_sequential ? "sequential" : "streaming");
    snprintf(s.engine, sizeof s.engine, "%s", config->simulation.engine);
    snprintf(s.strategy, sizeof s.strategy, "%s", config->selection.strategy);
    s.state = row.state;
    DDMD_TRY(ddmd_catalogue_is_held(path, &s.alive, err));
    snprintf(s.reason, sizeof s.reason, "%s", row.reason);
    s.round = row.round;
    s.phase = row.phase;
    s.iterations = row.round - 1;
    s.replicas = (uint32_t)config->simulation.replicas;
    s.simulations_started = totals.simulations;
    s.simulations_failed = totals.simulations_failed;
    s.simulations_culled = totals.simulations_culled;
    s.simulations_finished = totals.simulations - totals.simulations_running -
                             totals.simulations_failed - totals.simulations_culled;
    s.frames = totals.frames;
    s.simulated_ns = (double)totals.steps * config->simulation.timestep_fs * 1e-6;
    s.best_rmsd_angstrom = row.best_rmsd_nm * 10;
    s.best_simulation = row.best_simulation;
    s.best_frame = row.best_frame;
    s.elapsed_s = row.elapsed_s;
    DDMD_TRY(read_rates(catalogue, config, &s, err));
    if (config->mode == DDMD_MODE_sequential) /* the others overlap */
        DDMD_TRY(read_shares(catalogue, &s, err));
    DDMD_TRY(read_learning(catalogue, &s, err));
    *out = s;
out:
    ddmd_catalogue_close(&catalogue);
    ddmd_config_destroy(&config);
    free(path);
    return status;
}
