/* What reading replicas and measuring their features costs, as a campaign does it. */
#include "bench_md.h"

#include "core/array.h"
#include "core/clock.h"
#include "core/try.h"
#include "ddmd/geometry.h"

#include <stdlib.h>

static const double REPORT_INTERVAL_PS = 10, SECONDS = 0.05;

/* Seconds of processor time for each replica once. */
static enum ddmd_status measure_all(bench_md_state *b, ddmd_frame *frame, double *scratch,
                                    double *seconds, ddmd_error *err)
{
    const contender *c = &b->contenders[ENSEMBLE];
    size_t n = (size_t)b->subject->system->n_atoms * 3;
    double started = ddmd_clock_cpu();
    for (int r = 0; r < c->n_replicas; r++) {
        ddmd_engine_frame from = {.positions = b->frame, .velocities = b->frame + n};
        enum ddmd_status status = ddmd_engine_read(c->engines[0], r, &from, err);
        if (status != DDMD_OK)
            return status;
        ddmd_subject_measure(b->subject, frame, scratch);
    }
    *seconds += ddmd_clock_cpu() - started;
    return DDMD_OK;
}

enum ddmd_status bench_md_features_share(bench_md_state *b, double rate, double *share,
                                         ddmd_error *err)
{
    enum ddmd_status status = DDMD_OK;
    double *scratch = NULL, seconds = 0;
    uint8_t *contact_map = NULL;
    const ddmd_subject *s = b->subject;
    DDMD_TRY(ddmd_array_alloc(&scratch, ddmd_subject_scratch(s), sizeof *scratch, err));
    DDMD_TRY(ddmd_array_alloc(&contact_map, ddmd_contact_map_bytes(s->n_points), 1, err));
    ddmd_frame frame = {.positions = b->frame, .contact_map = contact_map};
    long calls = 0;
    for (; seconds < SECONDS; calls += b->contenders[ENSEMBLE].n_replicas)
        DDMD_TRY(measure_all(b, &frame, scratch, &seconds, err));
    double steps = REPORT_INTERVAL_PS * 1000 / b->r->timestep_fs;
    *share = seconds / (double)calls / (steps / rate);
out:
    free(scratch);
    free(contact_map);
    return status;
}
