#include "select/states.h"

#include "core/array.h"
#include "core/try.h"

#include <math.h>
#include <stdlib.h>

/*
 * Up to LLOYD_MOST points, Lloyd's algorithm takes less time than a training. Above, each centre
 * gets about 300 frames in mini-batches.
 */
enum {
    LLOYD_MOST = 100000,
    LLOYD_ITERATIONS = 300,
    BATCHES = 30,
    BATCH_OF_A_STATE = 10,
};

static size_t number_of_states(const ddmd_candidates *candidates, const ddmd_frame_points *points,
                               const ddmd_select_options *options)
{
    size_t n =
        options->n_states > 0 ? options->n_states : (size_t)ceil(sqrt((double)candidates->n));
    return n < points->n ? n : points->n;
}

/* Leave out states without points, and count the frames of the others. */
static enum ddmd_status count_visits(const ddmd_frame_points *points, size_t k, ddmd_states *states,
                                     ddmd_error *err)
{
    enum ddmd_status status = DDMD_OK;
    int32_t *numbers = NULL;
    DDMD_TRY(ddmd_array_alloc(&numbers, k, sizeof *numbers, err));
    DDMD_TRY(ddmd_array_alloc(&states->visits, k, sizeof *states->visits, err));
    for (size_t i = 0; i < points->n; i++)
        numbers[states->of_point[i]] = 1;
    for (size_t c = 0; c < k; c++)
        numbers[c] = numbers[c] > 0 ? (int32_t)states->n++ : -1;
    for (size_t i = 0; i < points->n; i++) {
        states->of_point[i] = numbers[states->of_point[i]];
        states->visits[states->of_point[i]] += points->counts ? points->counts[i] : 1;
    }

out:
    free(numbers);
    return status;
}

enum ddmd_status ddmd_states_find(const ddmd_candidates *candidates,
                                  const ddmd_frame_points *points,
                                  const ddmd_select_options *options, ddmd_states *states,
                                  ddmd_error *err)
{
    enum ddmd_status status = DDMD_OK;
    ddmd_states found = {0};
    ddmd_kmeans_result result;
    size_t k = number_of_states(candidates, points, options);
    bool batches = points->n > LLOYD_MOST;
    const ddmd_kmeans_options kmeans = {
        .n_clusters = k,
        .max_iterations = batches ? BATCHES : LLOYD_ITERATIONS,
        .batch_size = batches ? BATCH_OF_A_STATE * k : 0,
        .seed = options->seed,
        .round = options->round,
        .threads = options->threads,
    };
    DDMD_TRY(ddmd_array_alloc(&found.of_point, points->n, sizeof *found.of_point, err));
    DDMD_TRY(ddmd_kmeans(points->latent, points->n, candidates->dim, points->counts, &kmeans, NULL,
                         found.of_point, &result, err));
    DDMD_TRY(count_visits(points, result.n_clusters, &found, err));
    *states = found;
    found = (ddmd_states){0};

out:
    ddmd_states_clear(&found);
    return status;
}

void ddmd_states_clear(ddmd_states *states)
{
    free(states->of_point);
    free(states->visits);
    *states = (ddmd_states){0};
}
