#include "select/frame_points.h"

#include "core/array.h"
#include "core/try.h"
#include "select/neighbor_index.h"

#include <stdlib.h>
#include <string.h>

/* Numbers for the points in the order of their first frames; numbers: [n_points], 0 where unused.
 */
static enum ddmd_status number_points(const ddmd_candidates *candidates, uint32_t *numbers,
                                      ddmd_frame_points *points, bool *in_order, ddmd_error *err)
{
    *in_order = true;
    for (size_t i = 0; i < candidates->n; i++) {
        uint32_t given = candidates->point_of[i];
        if (given >= candidates->n_points)
            return ddmd_error_set(err, DDMD_INVALID, "frame %zu is at point %u of %zu", i, given,
                                  candidates->n_points);
        if (numbers[given] == 0) {
            numbers[given] = (uint32_t)++points->n;
            *in_order &= numbers[given] - 1 == given;
        }
        points->own_point_of[i] = numbers[given] - 1;
        points->own_counts[numbers[given] - 1]++;
    }
    return DDMD_OK;
}

static enum ddmd_status gather(const ddmd_candidates *candidates, ddmd_frame_points *points,
                               ddmd_error *err)
{
    size_t row = candidates->dim * sizeof *points->own_latent;
    enum ddmd_status status = ddmd_array_alloc(&points->own_latent, points->n, row, err);
    if (status != DDMD_OK)
        return status;
    for (size_t i = 0; i < candidates->n; i++)
        memcpy(points->own_latent + points->own_point_of[i] * candidates->dim,
               candidates->latent + candidates->point_of[i] * candidates->dim, row);
    points->latent = points->own_latent;
    return DDMD_OK;
}

enum ddmd_status ddmd_frame_points_find(const ddmd_candidates *candidates,
                                        ddmd_frame_points *points, ddmd_error *err)
{
    enum ddmd_status status = DDMD_OK;
    uint32_t *numbers = NULL;
    bool in_order;
    *points = (ddmd_frame_points){.latent = candidates->latent, .n = candidates->n};
    if (!candidates->point_of)
        goto out;

    points->n = 0;
    DDMD_TRY(ddmd_points_check(candidates->latent, candidates->n_points, candidates->dim, err));
    DDMD_TRY(ddmd_array_alloc(&numbers, candidates->n_points, sizeof *numbers, err));
    DDMD_TRY(ddmd_array_alloc(&points->own_counts, candidates->n_points, sizeof *points->own_counts,
                              err));
    DDMD_TRY(
        ddmd_array_alloc(&points->own_point_of, candidates->n, sizeof *points->own_point_of, err));
    DDMD_TRY(number_points(candidates, numbers, points, &in_order, err));
    if (!in_order)
        DDMD_TRY(gather(candidates, points, err));
    points->counts = points->own_counts;
    points->point_of = points->own_point_of;

out:
    free(numbers);
    if (status != DDMD_OK)
        ddmd_frame_points_clear(points);
    return status;
}

void ddmd_frame_points_clear(ddmd_frame_points *points)
{
    free(points->own_latent);
    free(points->own_counts);
    free(points->own_point_of);
    *points = (ddmd_frame_points){0};
}
