/*
 * k-means++ (Arthur, Vassilvitskii, SODA 2007): the first centre is a random frame, each further
 * one is drawn with probability proportional to its squared distance to the nearest centre so far.
 *
 * Sums are taken in chunks of fixed size, so that they do not depend on the number of threads.
 */
#include "select/kmeans.h"

#include "core/array.h"
#include "core/parallel.h"
#include "core/try.h"
#include "ddmd/random.h"
#include "select/distance.h"

#include <stdlib.h>

enum { CHUNK = 1024 };

struct seeding {
    const ddmd_kmeans_data *data;
    const float *newest; /* centre, a point */
    double *squared;     /* [n] to the nearest centre */
    double *sums;        /* [chunks] of weight times squared */
};

static void look_at_newest(void *user, size_t begin, size_t end, int worker)
{
    (void)worker;
    struct seeding *s = user;
    size_t dim = s->data->dim;
    double sum = 0;
    for (size_t i = begin; i < end; i++) {
        double squared = ddmd_distance2(s->data->points + i * dim, s->newest, 1, dim);
        if (squared < s->squared[i])
            s->squared[i] = squared;
        sum += ddmd_kmeans_weight(s->data, i) * s->squared[i];
    }
    s->sums[begin / CHUNK] = sum;
}

/* The chances of the first centre: every frame is at distance 1. */
static void begin_seeding(struct seeding *s)
{
    for (size_t begin = 0; begin < s->data->n; begin += CHUNK) {
        size_t end = s->data->n - begin < CHUNK ? s->data->n : begin + CHUNK;
        for (size_t i = begin; i < end; i++) {
            s->squared[i] = 1;
            s->sums[begin / CHUNK] += ddmd_kmeans_weight(s->data, i);
        }
    }
}

/* Draw a point by its chance; false where no point has any. */
static bool draw(const struct seeding *s, ddmd_random *random, size_t *point)
{
    size_t n = s->data->n, n_chunks = (n + CHUNK - 1) / CHUNK, chunk = n_chunks;
    double total = 0;
    for (size_t c = 0; c < n_chunks; c++)
        total += s->sums[c];
    double left = ddmd_random_uniform(random) * total;
    /* rounding may leave a little at the end: the last one with a chance is taken then */
    for (size_t c = 0; c < n_chunks; c++) {
        if (s->sums[c] <= 0)
            continue;
        chunk = c;
        if (left < s->sums[c])
            break;
        left -= s->sums[c];
    }
    if (chunk == n_chunks)
        return false;
    for (size_t i = chunk * CHUNK; i < n && i < (chunk + 1) * CHUNK; i++) {
        double chance = ddmd_kmeans_weight(s->data, i) * s->squared[i];
        if (chance <= 0)
            continue;
        *point = i;
        if (left < chance)
            break;
        left -= chance;
    }
    return true;
}

enum ddmd_status ddmd_kmeans_seed(const ddmd_kmeans_data *data, const ddmd_kmeans_options *options,
                                  size_t *n_centers, double *centers, ddmd_error *err)
{
    enum ddmd_status status = DDMD_OK;
    size_t dim = data->dim, found = 0, point = 0;
    struct seeding s = {.data = data};
    ddmd_random random;
    ddmd_random_init(&random, options->seed, DDMD_RANDOM_CLUSTER, options->round, 0);
    DDMD_TRY(ddmd_array_alloc(&s.squared, data->n, sizeof *s.squared, err));
    DDMD_TRY(ddmd_array_alloc(&s.sums, (data->n + CHUNK - 1) / CHUNK, sizeof *s.sums, err));
    begin_seeding(&s);
    while (found < *n_centers && draw(&s, &random, &point)) {
        s.newest = data->points + point * dim;
        for (size_t d = 0; d < dim; d++)
            centers[found * dim + d] = s.newest[d];
        if (found++ == 0) {
            for (size_t i = 0; i < data->n; i++)
                s.squared[i] = INFINITY;
        }
        ddmd_parallel_for(data->n, CHUNK, data->threads, look_at_newest, &s);
    }
    *n_centers = found;

out:
    free(s.squared);
    free(s.sums);
    return status;
}
