#include "cli.h"

#include "core/text.h"
#include "ddmd/campaign.h"
#include "progress.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

static const char help[] =
    "ddmd status RUN_DIR [--json]\n"
    "\n"
    "What a campaign is doing and has found, running or not. The keys of --json are described\n"
    "in docs/formats.md.\n";

/* A campaign that was killed still calls itself running. */
static const char *state_name(const ddmd_campaign_status *s)
{
    if (s->state == DDMD_STATE_running && !s->alive)
        return "stopped";
    return ddmd_campaign_state_name(s->state);
}

/* {"simulate": {"seconds", "compute", ...}, ...} */
static json_t *roles_json(const ddmd_campaign_status *s)
{
    json_t *roles = json_object();
    for (size_t i = 0; i < s->n_roles; i++) {
        const ddmd_role_use *r = &s->roles[i];
        json_t *role =
            json_pack("{s:o, s:o, s:o, s:o, s:o, s:o, s:o}", "seconds", cli_number(r->seconds),
                      "compute", cli_number(r->compute), "wait", cli_number(r->wait), "blocked",
                      cli_number(r->blocked), "write", cli_number(r->write), "unpack",
                      cli_number(r->unpack), "other", cli_number(r->other));
        json_object_set_new(roles, r->role, role);
    }
    return roles;
}

static int print_json(const ddmd_campaign_status *s)
{
    json_t *best = s->best_simulation < 0
                       ? json_null()
                       : json_pack("{s:I, s:I}", "simulation", (json_int_t)s->best_simulation,
                                   "frame", (json_int_t)s->best_frame);
    json_t *model = s->model_version == 0
                        ? json_null()
                        : json_pack("{s:i, s:o, s:o}", "version", (int)s->model_version,
                                    "train_loss", cli_number(s->train_loss), "validation_loss",
                                    cli_number(s->validation_loss));
    json_t *shares = json_pack("{s:o, s:o, s:o, s:o}", "simulate", cli_number(s->simulate_share),
                               "train", cli_number(s->train_share), "infer",
                               cli_number(s->infer_share), "other", cli_number(s->other_share));
    json_t *object = json_pack(
        "{s:s, s:s, s:s, s:s, s:i, s:s, s:s, s:s, s:i,"
        " s:{s:I, s:I, s:I, s:I}, s:I, s:o, s:o, s:o, s:o, s:o, s:I, s:o, s:o, s:o, s:o,"
        " s:{s:o, s:o}, s:o}",
        "campaign", s->campaign, "state", state_name(s), "reason", s->reason, "mode", s->mode,
        "iterations", (int)s->iterations, "phase", ddmd_phase_name(s->phase), "engine", s->engine,
        "strategy", s->strategy, "replicas", (int)s->replicas, "simulations", "started",
        (json_int_t)s->simulations_started, "finished", (json_int_t)s->simulations_finished,
        "failed", (json_int_t)s->simulations_failed, "culled", (json_int_t)s->simulations_culled,
        "frames", (json_int_t)s->frames, "simulated_ns", cli_number(s->simulated_ns), "ns_per_day",
        cli_number(s->ns_per_day), "best_rmsd_angstrom", cli_number(s->best_rmsd_angstrom),
        "best_frame", best, "model", model, "trainings_skipped", (json_int_t)s->trainings_skipped,
        "outliers_last_round",
        s->outliers_last_round < 0 ? json_null() : json_integer(s->outliers_last_round),
        "phase_share", shares, "busy_fraction", cli_number(s->busy_fraction), "io_fraction",
        cli_number(s->io_fraction), "seconds_frame_to_decision", "median",
        cli_number(s->decision_median_s), "p95", cli_number(s->decision_p95_s), "elapsed_s",
        cli_number(s->elapsed_s));
    json_t *waited =
        json_pack("{s:o, s:o, s:I}", "median", cli_number(s->all_decisions_median_s), "p95",
                  cli_number(s->all_decisions_p95_s), "rankings", (json_int_t)s->n_decisions);
    json_object_set_new(object, "seconds_frame_to_decision_all", waited);
    json_object_set_new(object, "unblocked_fraction", cli_number(s->unblocked_fraction));
    json_object_set_new(object, "activity", roles_json(s));
    return cli_print_json(object);
}

static void print_share(const char *name, double share)
{
    if (share > 0)
        printf(", %s %.1f%%", name, share * 100);
}

/* Where processes that run at once spend their time. */
static void print_roles(const ddmd_campaign_status *s)
{
    for (size_t i = 0; i < s->n_roles; i++) {
        const ddmd_role_use *r = &s->roles[i];
        printf("%-12s computing %.1f%%", r->role, r->compute * 100);
        print_share("waiting", r->wait);
        print_share("blocked", r->blocked);
        print_share("writing", r->write);
        print_share("unpacking", r->unpack);
        print_share("starting and stopping", r->other);
        printf("\n");
    }
}

static int print_text(const ddmd_campaign_status *s)
{
    char elapsed[32];
    ddmd_decimal decimal;
    cli_format_time(s->elapsed_s, elapsed, sizeof elapsed);
    printf("campaign     %s (%s, engine %s, strategy %s)\n", s->campaign, s->mode, s->engine,
           s->strategy);
    printf("state        %s%s%s\n", state_name(s), *s->reason ? ": " : "", s->reason);
    bool streaming = strcmp(s->mode, "streaming") == 0;
    if (s->state != DDMD_STATE_finished && !streaming)
        printf("at           phase %s of round %u\n", ddmd_phase_name(s->phase), s->round);
    printf("%-12s %u completed in %s\n", cli_iterations_name(s), s->iterations, elapsed);
    printf("simulations  %llu started in %u replicas, %llu finished, %llu failed, %llu culled\n",
           (unsigned long long)s->simulations_started, s->replicas,
           (unsigned long long)s->simulations_finished, (unsigned long long)s->simulations_failed,
           (unsigned long long)s->simulations_culled);
    printf("simulated    %s ns, %llu frames", ddmd_text_decimal(s->simulated_ns, decimal),
           (unsigned long long)s->frames);
    if (isfinite(s->ns_per_day))
        printf(", %s ns/day", ddmd_text_decimal(s->ns_per_day, decimal));
    printf("\n");
    if (isfinite(s->best_rmsd_angstrom))
        printf("best RMSD    %.2f angstrom (simulation %lld, frame %lld)\n", s->best_rmsd_angstrom,
               (long long)s->best_simulation, (long long)s->best_frame);
    if (s->model_version > 0)
        printf("model        version %u, loss %.2f, held out %.2f\n", s->model_version,
               s->train_loss, s->validation_loss);
    if (s->trainings_skipped > 0)
        printf("training     skipped %llu times, since the model was good enough\n",
               (unsigned long long)s->trainings_skipped);
    if (s->outliers_last_round >= 0)
        printf("outliers     %lld in the last %s\n", (long long)s->outliers_last_round,
               streaming ? "ranking" : "round");
    if (isfinite(s->simulate_share))
        printf(
            "phases       simulate %.1f%%, train %.1f%%, infer %.1f%%, other %.1f%% of the time\n",
            s->simulate_share * 100, s->train_share * 100, s->infer_share * 100,
            s->other_share * 100);
    if (isfinite(s->busy_fraction))
        printf("time         simulation slots busy %.1f%%, writing %.2f%%\n",
               s->busy_fraction * 100, s->io_fraction * 100);
    if (streaming)
        print_roles(s);
    double median = streaming ? s->all_decisions_median_s : s->decision_median_s;
    double p95 = streaming ? s->all_decisions_p95_s : s->decision_p95_s;
    if (isfinite(median))
        printf("decisions    a frame waits %.1f s (median), %.1f s (95%%) for its place in a "
               "ranking\n",
               median, p95);
    return cli_flush();
}

int cli_status(int argc, char **argv)
{
    bool json = false;
    const cli_option options[] = {{"json", .flag = &json}, {0}};
    int exit_status;
    if (!cli_read_options("status", argc, argv, options, help, &exit_status))
        return exit_status;
    if (argc - optind != 1)
        return cli_usage("status", "one run directory is needed");
    ddmd_campaign_status s;
    ddmd_error err = {0};
    enum ddmd_status status = ddmd_campaign_status_read(argv[optind], &s, &err);
    if (status != DDMD_OK)
        return cli_fail(status, &err);
    return json ? print_json(&s) : print_text(&s);
}
