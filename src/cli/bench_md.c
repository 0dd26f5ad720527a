/*
 * Steps a second of engine ensemble and of OpenMM's CPU platform, without a cutoff and with one of
 * 1 nm, in turn, so that what else the machine does weighs on all alike.
 */
#include "bench_md.h"

#include "core/array.h"
#include "core/parallel.h"
#include "core/try.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char help[] =
    "ddmd bench md --system FILE.pdb|SEQUENCE|CONFIG.yaml [options]\n"
    "\n"
    "Steps a second, aggregate over replicas: engine ensemble, OpenMM's CPU platform without a\n"
    "cutoff, and OpenMM with a cutoff of 1 nm; in turn, for several rounds, on the same system\n"
    "(amber99sbildn, OBC solvent, bonds to hydrogen constrained, 300 K, 1/ps). Ratios are formed\n"
    "round by round, by the wall clock and, where other work disturbs that, by the time that\n"
    "processors worked (_cpu). scaling: engine ensemble in all threads over one thread.\n"
    "features_share: reading replicas and measuring contact map and RMSD every 10 ps, as a part\n"
    "of the time that simulating takes. The environment variable DDMD_ISA (avx512, avx2, neon,\n"
    "plain) chooses the instructions of engine ensemble.\n"
    "\n"
    "  --system X         a PDB file, a sequence (ACE-AAAA-NME) or a configuration\n"
    "  --rounds N         rounds (default: 5)\n"
    "  --seconds S        of each of the three in a round (default: 2)\n"
    "  --replicas N       of engine ensemble, a thread (default: 16)\n"
    "  --timestep-fs T    time step (default: 2)\n"
    "  --gb-interval-steps K  of engine ensemble, 1 to 4 (default: 1)\n"
    "  --threads N        threads, each with replicas of its own (default: 1)\n"
    "  --json [FILE]      one JSON object, on standard output or into a file\n";

enum { MAX_ROUNDS = 1000 };

static double ns_per_day(const bench_md_state *b, double rate)
{
    return rate * b->r->timestep_fs * 1e-6 * 86400;
}

static json_t *contender_json(bench_md_state *b, int which)
{
    bench_figure *figure = &b->rates[which].per_s;
    json_t *steps = bench_json(figure);
    for (int i = 0; i < figure->n; i++)
        figure->values[i] = ns_per_day(b, figure->values[i]);
    return json_pack("{s:o, s:o, s:o}", "steps_per_s", steps, "steps_per_cpu_s",
                     bench_json(&b->rates[which].per_cpu_s), "ns_per_day", bench_json(figure));
}

static void add_figures(json_t *object, const char *name, const bench_md_rate *figures)
{
    char cpu[64];
    snprintf(cpu, sizeof cpu, "%s_cpu", name);
    json_object_set_new(object, name, bench_json(&figures->per_s));
    json_object_set_new(object, cpu, bench_json(&figures->per_cpu_s));
}

static int print_json(bench_md_state *b, const char *isa)
{
    json_t *object = json_pack("{s:s, s:i, s:i, s:f, s:i, s:i, s:s}", "system", b->r->input,
                               "atoms", (int)b->subject->system->n_atoms, "replicas",
                               (int)(b->r->replicas * b->r->threads), "timestep_fs",
                               b->r->timestep_fs, "gb_interval_steps", (int)b->r->gb_interval_steps,
                               "threads", (int)b->r->threads, "isa", isa);
    if (object) {
        add_figures(object, "ratio_nocutoff", &b->ratios[NO_CUTOFF]);
        add_figures(object, "ratio_cutoff", &b->ratios[CUTOFF]);
        add_figures(object, "scaling", &b->scaling);
        json_object_set_new(object, "features_share", bench_json(&b->features_share));
        for (int which = 0; which < N_CONTENDERS; which++)
            json_object_set_new(object, bench_md_names[which], contender_json(b, which));
    }
    return bench_write_json(object, b->r->json_file);
}

static int print(bench_md_state *b)
{
    char isa[32];
    const char *device = ddmd_engine_device(b->contenders[ENSEMBLE].engines[0]);
    snprintf(isa, sizeof isa, "%.*s", (int)strcspn(device, ","), device);
    if (b->r->json)
        return print_json(b, isa);
    printf("%s: %d atoms, %ld x %ld replicas, %s, steps of %g fs\n", b->r->input,
           (int)b->subject->system->n_atoms, b->r->threads, b->r->replicas, isa, b->r->timestep_fs);
    for (int which = 0; which < N_CONTENDERS; which++) {
        double rate = bench_median(&b->rates[which].per_s);
        printf("  %-16s %10.0f steps/s %10.1f ns/day", bench_md_names[which], rate,
               ns_per_day(b, rate));
        if (which != ENSEMBLE)
            printf("   ensemble is %.1f times as fast, %.1f by processor time",
                   bench_median(&b->ratios[which].per_s),
                   bench_median(&b->ratios[which].per_cpu_s));
        printf("\n");
    }
    if (b->r->threads > 1)
        printf("  %ld threads are %.2f times one, %.2f by processor time\n", b->r->threads,
               bench_median(&b->scaling.per_s), bench_median(&b->scaling.per_cpu_s));
    printf("  features every 10 ps take %.4f%% of the time\n",
           100 * bench_median(&b->features_share));
    return cli_flush();
}

/* Every figure: call(figure). */
static enum ddmd_status for_each_figure(bench_md_state *b,
                                        enum ddmd_status call(bench_figure *figure, int n,
                                                              ddmd_error *err),
                                        ddmd_error *err)
{
    enum ddmd_status status = DDMD_OK;
    int n = (int)b->r->rounds;
    for (int which = 0; which < N_CONTENDERS; which++) {
        DDMD_TRY(call(&b->rates[which].per_s, n, err));
        DDMD_TRY(call(&b->rates[which].per_cpu_s, n, err));
        DDMD_TRY(call(&b->ratios[which].per_s, n, err));
        DDMD_TRY(call(&b->ratios[which].per_cpu_s, n, err));
    }
    DDMD_TRY(call(&b->scaling.per_s, n, err));
    DDMD_TRY(call(&b->scaling.per_cpu_s, n, err));
    DDMD_TRY(call(&b->features_share, n, err));
out:
    return status;
}

static enum ddmd_status create_figure(bench_figure *figure, int n, ddmd_error *err)
{
    figure->n = n;
    return ddmd_array_alloc(&figure->values, (size_t)n, sizeof *figure->values, err);
}

static enum ddmd_status clear_figure(bench_figure *figure, int n, ddmd_error *err)
{
    (void)n;
    (void)err;
    free(figure->values);
    figure->values = NULL;
    return DDMD_OK;
}

static void clear(bench_md_state *b)
{
    for (int which = 0; which < N_CONTENDERS; which++) {
        for (long t = 0; b->contenders[which].engines && t < b->r->threads; t++)
            ddmd_engine_destroy(&b->contenders[which].engines[t]);
        free((void *)b->contenders[which].engines);
    }
    (void)for_each_figure(b, clear_figure, NULL);
    ddmd_subject_destroy(&b->subject);
    free(b->positions);
    free(b->frame);
}

static int run(const bench_md_request *r)
{
    enum ddmd_status status = DDMD_OK;
    int exit_status;
    bench_md_state b = {.r = r};
    ddmd_mistakes mistakes = {0};
    ddmd_error error = {0}, *err = &error;
    DDMD_TRY(bench_md_read(&b, &mistakes, err));
    DDMD_TRY(for_each_figure(&b, create_figure, err));
    DDMD_TRY(bench_md_create_engines(&b, err));
    DDMD_TRY(bench_md_run_rounds(&b, err));
out:
    if (status != DDMD_OK)
        exit_status = mistakes.n ? cli_mistakes("bench md", &mistakes) : cli_fail(status, err);
    else
        exit_status = print(&b);
    ddmd_mistakes_clear(&mistakes);
    clear(&b);
    return exit_status;
}

int bench_md(int argc, char **argv)
{
    bench_md_request r = {.rounds = 5,
                          .replicas = 16,
                          .threads = 1,
                          .gb_interval_steps = 1,
                          .seconds = 2,
                          .timestep_fs = 2};
    const cli_option options[] = {
        {"system", .text = &r.input},
        {"rounds", .count = &r.rounds, .most = MAX_ROUNDS},
        {"seconds", .number = &r.seconds, .least = 0.01, .most = 3600},
        {"replicas", .count = &r.replicas, .most = 4096},
        {"timestep-fs", .number = &r.timestep_fs, .least = 0.01, .most = 10},
        {"gb-interval-steps", .count = &r.gb_interval_steps, .most = 4},
        {"threads", .count = &r.threads, .most = DDMD_PARALLEL_MAX},
        {"json", .flag = &r.json, .text = &r.json_file},
        {0},
    };
    int exit_status;
    if (!cli_read_options("bench md", argc, argv, options, help, &exit_status))
        return exit_status;
    if (!bench_read_rest("bench md", argc, argv, r.json, &r.json_file))
        return CLI_BAD_INPUT;
    if (!r.input)
        return cli_usage("bench md", "--system is needed");
    return run(&r);
}
