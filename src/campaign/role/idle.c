#include "campaign/role/idle.h"

#include "core/array.h"
#include "core/try.h"

#include <math.h>
#include <stdlib.h>

typedef struct seen {
    uint32_t simulation, index;
    bool is_outlier;
} seen;

static int by_simulation(const void *a, const void *b)
{
    const seen *x = a, *y = b;
    if (x->simulation != y->simulation)
        return x->simulation < y->simulation ? -1 : 1;
    return (x->index > y->index) - (x->index < y->index);
}

/* Frames in so many nanoseconds, at least one; decimal fractions are not exact in binary. */
static double frames_in(const ddmd_config *config, double ns)
{
    return fmax(1, ceil(ns * 1000 / config->simulation.report_interval_ps - 1e-6));
}

enum ddmd_status ddmd_find_idle(const ddmd_config *config, const uint32_t *simulation,
                                const uint32_t *index, const bool *is_outlier, size_t n,
                                ddmd_idle **idle, size_t *n_idle, ddmd_error *err)
{
    enum ddmd_status status = DDMD_OK;
    const double after = frames_in(config, config->selection.cull_after_ns);
    const double wanted = frames_in(config, config->selection.cull_idle_ns);
    seen *frames = NULL;
    ddmd_idle *found = NULL;
    size_t n_found = 0, quiet = 0; /* newest frames of a simulation without an outlier */
    DDMD_TRY(ddmd_array_alloc(&frames, n, sizeof *frames, err));
    DDMD_TRY(ddmd_array_alloc(&found, n, sizeof *found, err));
    for (size_t i = 0; i < n; i++)
        frames[i] = (seen){simulation[i], index[i], is_outlier[i]};
    qsort(frames, n, sizeof *frames, by_simulation);
    for (size_t i = 0; i < n; i++) {
        bool first = i == 0 || frames[i].simulation != frames[i - 1].simulation;
        bool last = i + 1 == n || frames[i].simulation != frames[i + 1].simulation;
        quiet = frames[i].is_outlier ? 0 : (first ? 1 : quiet + 1);
        if (last && (double)quiet >= wanted && (double)frames[i].index + 1 >= after)
            found[n_found++] =
                (ddmd_idle){.simulation = frames[i].simulation, .n_frames = (uint32_t)quiet};
    }
    *idle = found;
    *n_idle = n_found;
    found = NULL;
out:
    free(frames);
    free(found);
    return status;
}
