/* The rounds of `ddmd bench md`. */
#include "bench_md.h"

#include "core/array.h"
#include "core/clock.h"
#include "core/parallel.h"
#include "core/try.h"

#include <stdio.h>
#include <stdlib.h>

const char *const bench_md_names[N_CONTENDERS] = {"ensemble", "openmm_nocutoff", "openmm_cutoff"};

/* OpenMM goes on from where a replica of ensemble is, in each round from another. */
static enum ddmd_status hand_over(bench_md_state *b, int which, int round, ddmd_error *err)
{
    enum ddmd_status status = DDMD_OK;
    size_t n = (size_t)b->subject->system->n_atoms * 3;
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
    int64_t *steps;            /* [threads], of all replicas */
    enum ddmd_status *results; /* [threads] */
} timing;

/* Nothing is written where another thread's figures stand before the time is over. */
static void time_thread(void *user, size_t begin, size_t end, int worker)
{
    (void)worker;
    const timing *t = user;
    for (size_t i = begin; i < end; i++) {
        enum ddmd_status status = DDMD_OK;
        int64_t steps = 0;
        double started = ddmd_clock_monotonic(), elapsed = 0;
        while (elapsed < t->seconds && status == DDMD_OK) {
            status = ddmd_engine_advance(t->c->engines[i], t->c->chunk, NULL);
            steps += t->c->chunk;
            elapsed = ddmd_clock_monotonic() - started;
        }
        t->results[i] = status;
        t->steps[i] = steps * t->c->n_replicas;
        t->rates[i] = (double)t->steps[i] / elapsed;
    }
}

static enum ddmd_status check_contender(const contender *c, int which, const timing *t, size_t n,
                                        ddmd_error *err)
{
    for (size_t i = 0; i < n; i++) {
        if (t->results[i] != DDMD_OK)
            return ddmd_error_set(err, t->results[i], "%s failed while it was timed",
                                  bench_md_names[which]);
        for (int r = 0; r < c->n_replicas; r++)
            if (ddmd_engine_replica_state(c->engines[i], r) != DDMD_REPLICA_RUNNING)
                return ddmd_error_set(err, DDMD_NUMERIC, "%s: replica %d: %s",
                                      bench_md_names[which], r,
                                      ddmd_engine_failure(c->engines[i], r));
    }
    return DDMD_OK;
}

typedef struct rate {
    double per_s, per_cpu_s;
} rate;

/* Steps of the first `threads` threads and all their replicas together. */
static enum ddmd_status measure(bench_md_state *b, int which, long threads, double seconds,
                                rate *found, ddmd_error *err)
{
    enum ddmd_status status = DDMD_OK;
    contender *c = &b->contenders[which];
    size_t n = (size_t)threads;
    timing t = {.c = c, .seconds = seconds};
    double per_s = 0, steps = 0;
    DDMD_TRY(ddmd_array_alloc(&t.rates, n, sizeof *t.rates, err));
    DDMD_TRY(ddmd_array_alloc(&t.steps, n, sizeof *t.steps, err));
    DDMD_TRY(ddmd_array_alloc(&t.results, n, sizeof *t.results, err));
    double cpu_s = ddmd_clock_cpu();
    ddmd_parallel_for(n, 1, (int)n, time_thread, &t);
    cpu_s = ddmd_clock_cpu() - cpu_s;
    DDMD_TRY(check_contender(c, which, &t, n, err));
    for (size_t i = 0; i < n; i++) {
        per_s += t.rates[i];
        steps += (double)t.steps[i];
    }
    *found = (rate){per_s, steps / cpu_s};
out:
    free(t.rates);
    free(t.steps);
    free(t.results);
    return status;
}

/* How many steps a call has, so that one takes a tenth of a second. */
static enum ddmd_status choose_chunks(bench_md_state *b, ddmd_error *err)
{
    enum ddmd_status status = DDMD_OK;
    for (int which = 0; which < N_CONTENDERS; which++) {
        contender *c = &b->contenders[which];
        rate found;
        if (which != ENSEMBLE)
            DDMD_TRY(hand_over(b, which, 0, err));
        DDMD_TRY(measure(b, which, b->r->threads, 0.1, &found, err));
        double steps = found.per_s / (double)b->r->threads / c->n_replicas * 0.1;
        c->chunk = steps > 1 ? (int64_t)steps : 1;
    }
out:
    return status;
}

static void note(bench_md_rate *figure, int round, double per_s, double per_cpu_s)
{
    figure->per_s.values[round] = per_s;
    figure->per_cpu_s.values[round] = per_cpu_s;
}

static enum ddmd_status run_round(bench_md_state *b, int round, ddmd_error *err)
{
    enum ddmd_status status = DDMD_OK;
    rate alone, found[N_CONTENDERS];
    DDMD_TRY(measure(b, ENSEMBLE, 1, b->r->seconds, &alone, err));
    DDMD_TRY(bench_md_features_share(b, alone.per_cpu_s, &b->features_share.values[round], err));
    for (int which = 0; which < N_CONTENDERS; which++) {
        found[which] = alone;
        if (which != ENSEMBLE)
            DDMD_TRY(hand_over(b, which, round, err));
        if (which != ENSEMBLE || b->r->threads > 1)
            DDMD_TRY(measure(b, which, b->r->threads, b->r->seconds, &found[which], err));
        note(&b->rates[which], round, found[which].per_s, found[which].per_cpu_s);
        note(&b->ratios[which], round, found[ENSEMBLE].per_s / found[which].per_s,
             found[ENSEMBLE].per_cpu_s / found[which].per_cpu_s);
    }
    note(&b->scaling, round, found[ENSEMBLE].per_s / alone.per_s,
         (double)b->r->threads * found[ENSEMBLE].per_cpu_s / alone.per_cpu_s);
    if (!b->r->json)
        fprintf(stderr, "round %d of %ld: %.0f, %.0f and %.0f steps/s\n", round + 1, b->r->rounds,
                found[0].per_s, found[1].per_s, found[2].per_s);
out:
    return status;
}

enum ddmd_status bench_md_run_rounds(bench_md_state *b, ddmd_error *err)
{
    enum ddmd_status status = DDMD_OK;
    DDMD_TRY(choose_chunks(b, err));
    for (int round = 0; round < b->r->rounds; round++)
        DDMD_TRY(run_round(b, round, err));
out:
    return status;
}
