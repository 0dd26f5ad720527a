/* A catalogue made for a test, and simulations to put into it. */
#ifndef DDMD_TEST_STORE_SAMPLE_CATALOGUE_H
#define DDMD_TEST_STORE_SAMPLE_CATALOGUE_H

#include "support/cmocka.h"

#include "ddmd/store.h"

/* A new one of campaign fs-peptide in mode sequential, with the largest seed there is. */
static inline ddmd_catalogue *sample_catalogue(const char *path)
{
    ddmd_error err = {0};
    ddmd_catalogue *catalogue = NULL;
    ASSERT_OK(ddmd_catalogue_create(path, "fs-peptide", "sequential", UINT64_MAX, &catalogue, &err),
              &err);
    return catalogue;
}

static inline ddmd_simulation_row sample_simulation(uint32_t id, uint32_t replica, int64_t parent)
{
    return (ddmd_simulation_row){.id = id,
                                 .replica = replica,
                                 .file = replica % 2,
                                 .round = 1,
                                 .parent_simulation = parent,
                                 .parent_frame = 7,
                                 .velocities_kept = id % 2 == 1,
                                 .temperature_kelvin = 300.25,
                                 .engine = "toy",
                                 .n_frames = 10 + id,
                                 .n_steps = 1000,
                                 .end = DDMD_END_running};
}

static inline void sample_add(ddmd_catalogue *catalogue, const ddmd_simulation_row *row)
{
    ddmd_error err = {0};
    ASSERT_OK(ddmd_catalogue_add_simulation(catalogue, row, &err), &err);
}

#endif
