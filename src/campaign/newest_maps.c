/* The window of the newest contact maps, filled from the frame file. */
#include "campaign/state.h"

#include "core/array.h"
#include "core/try.h"
#include "ddmd/geometry.h"

#include <stdlib.h>

enum { CHUNK_BYTES = 1 << 20 }; /* read at a time */

static enum ddmd_status add_frames(ddmd_campaign *c, uint64_t to, ddmd_error *err)
{
    enum ddmd_status status = DDMD_OK;
    uint8_t *maps = NULL;
    const size_t bytes = ddmd_contact_map_bytes(c->subject->n_points);
    const size_t chunk = bytes < CHUNK_BYTES ? CHUNK_BYTES / bytes : 1;
    DDMD_TRY(ddmd_array_alloc(&maps, chunk, bytes, err));
    const ddmd_frame_columns columns = {.contact_maps = maps};
    while (c->maps_end < to) {
        size_t n = to - c->maps_end < chunk ? (size_t)(to - c->maps_end) : chunk;
        DDMD_TRY(ddmd_frame_file_read_columns(c->frames, c->maps_end, n, &columns, err));
        for (size_t i = 0; i < n; i++, c->maps_end++)
            DDMD_TRY(ddmd_map_window_add(c->maps, maps + i * bytes, err));
    }
out:
    free(maps);
    return status;
}

enum ddmd_status ddmd_campaign_newest_maps(ddmd_campaign *c, size_t n_frames, ddmd_map_set *set,
                                           ddmd_error *err)
{
    enum ddmd_status status = DDMD_OK;
    const int trained = c->config->model.max_samples, chosen = c->config->selection.max_samples;
    const uint64_t capacity = (uint64_t)(trained > chosen ? trained : chosen);
    const uint64_t there = ddmd_frame_file_frames(c->frames);
    if (!c->maps)
        DDMD_TRY(ddmd_map_window_create(
            (size_t)capacity, ddmd_contact_map_bytes(c->subject->n_points), &c->maps, err));
    if (there > capacity && c->maps_end < there - capacity)
        c->maps_end = there - capacity; /* those before would have left again */
    DDMD_TRY(add_frames(c, there, err));
    DDMD_TRY(ddmd_map_window_take(c->maps, n_frames, set, err));
out:
    return status;
}
