#include "cli.h"

#include "core/array.h"
#include "core/text.h"
#include "core/try.h"
#include "ddmd/campaign.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

static const char help[] =
    "ddmd replay RUN_DIR SIM...|--all [--json]\n"
    "\n"
    "Simulate simulations of a campaign again, from their starts, and compare every frame with "
    "the\n"
    "one that is stored: positions, velocities and energies, bit by bit. Exit status 0: all are\n"
    "identical; 1: some are not, and what differs first is said. Where the engine does not "
    "promise\n"
    "the same bits (OpenMM on some platforms), that is said as well, and the status is 0. The "
    "same\n"
    "bits need the same build on the same kind of processor. The campaign may be running.\n"
    "\n"
    "  --all    all simulations\n"
    "  --json   one JSON object; its keys are described in docs/formats.md\n";

typedef struct session {
    bool json;
    bool deterministic;
    uint64_t n, n_different, frames;
    json_t *list;
} session;

static void print_line(const ddmd_replay_result *r)
{
    unsigned long long frames = r->n_frames, frame = r->frame;
    if (r->identical)
        printf("simulation %u: %llu frame%s, identical\n", r->simulation, frames,
               frames == 1 ? "" : "s");
    else if (isnan(r->stored) && isnan(r->simulated))
        printf("simulation %u: frame %llu of %llu: %s\n", r->simulation, frame, frames, r->value);
    else
        printf(
            "simulation %u: frame %llu of %llu differs: %s is %.9g, stored is %.9g (%.3g more)\n",
            r->simulation, frame, frames, r->value, r->simulated, r->stored,
            r->simulated - r->stored);
    fflush(stdout);
}

static enum ddmd_status take(void *user, const ddmd_replay_result *r, ddmd_error *err)
{
    session *s = user;
    s->n++;
    s->frames += r->n_frames;
    s->n_different += !r->identical;
    if (!s->json) {
        print_line(r);
        return DDMD_OK;
    }
    json_t *difference = r->identical
                             ? json_null()
                             : json_pack("{s:I, s:s, s:o, s:o, s:o}", "frame", (json_int_t)r->frame,
                                         "value", r->value, "stored", cli_number(r->stored),
                                         "simulated", cli_number(r->simulated), "difference",
                                         cli_number(r->simulated - r->stored));
    json_t *one = json_pack("{s:I, s:I, s:b, s:o}", "simulation", (json_int_t)r->simulation,
                            "frames", (json_int_t)r->n_frames, "identical", r->identical,
                            "first_difference", difference);
    return json_array_append_new(s->list, one) == 0
               ? DDMD_OK
               : ddmd_error_set(err, DDMD_NOMEM, "out of memory");
}

static int print(const session *s)
{
    int exit_status;
    if (s->json)
        exit_status = cli_print_json(json_pack("{s:b, s:b, s:I, s:I, s:O}", "deterministic",
                                               s->deterministic, "identical", s->n_different == 0,
                                               "frames", (json_int_t)s->frames, "different",
                                               (json_int_t)s->n_different, "simulations", s->list));
    else {
        if (s->n_different)
            printf("%llu of %llu simulations differ\n", (unsigned long long)s->n_different,
                   (unsigned long long)s->n);
        else
            printf("%llu simulation%s, %llu frames: identical\n", (unsigned long long)s->n,
                   s->n == 1 ? "" : "s", (unsigned long long)s->frames);
        if (!s->deterministic)
            printf("the engine does not promise the same bits here: a difference is no fault\n");
        exit_status = cli_flush();
    }
    return exit_status == CLI_DONE && s->n_different && s->deterministic ? CLI_FAILED : exit_status;
}

/* The simulations named on the command line: *ids[n], the caller frees. */
static bool take_ids(char **texts, int n, uint32_t **ids)
{
    if (ddmd_array_alloc(ids, (size_t)n, sizeof **ids, NULL) != DDMD_OK) {
        fprintf(stderr, "ddmd: out of memory\n");
        return false;
    }
    for (int i = 0; i < n; i++) {
        long id;
        if (!ddmd_text_to_long(texts[i], &id) || id < 0 || id >= UINT32_MAX) {
            cli_usage("replay", "'%s' is not the number of a simulation", texts[i]);
            return false;
        }
        (*ids)[i] = (uint32_t)id;
    }
    return true;
}

static int run(const char *run_dir, const uint32_t *ids, size_t n, bool json)
{
    session s = {.json = json, .list = json_array()};
    const ddmd_replay_options options = {.log = &cli_warnings, .result = take, .user = &s};
    ddmd_mistakes mistakes = {0};
    ddmd_error err = {0};
    enum ddmd_status status =
        ddmd_campaign_replay(run_dir, ids, n, &options, &s.deterministic, &mistakes, &err);
    int exit_status = status == DDMD_OK ? print(&s)
                      : mistakes.n      ? cli_mistakes("replay", &mistakes)
                                        : cli_fail(status, &err);
    json_decref(s.list);
    ddmd_mistakes_clear(&mistakes);
    return exit_status;
}

int cli_replay(int argc, char **argv)
{
    bool all = false, json = false;
    const cli_option options[] = {{"all", .flag = &all}, {"json", .flag = &json}, {0}};
    int exit_status;
    if (!cli_read_options("replay", argc, argv, options, help, &exit_status))
        return exit_status;
    int n = argc - optind - 1;
    if (n < 0)
        return cli_usage("replay", "a run directory is needed");
    if (all == (n > 0))
        return cli_usage("replay", all ? "--all, or simulations by number, not both"
                                       : "simulations by number, or --all, are needed");
    uint32_t *ids = NULL;
    exit_status = take_ids(argv + optind + 1, n, &ids) ? run(argv[optind], ids, (size_t)n, json)
                                                       : CLI_BAD_INPUT;
    free(ids);
    return exit_status;
}
