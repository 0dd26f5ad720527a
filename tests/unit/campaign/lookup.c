#include "campaign/frame_lookup.h"
#include "support/cmocka.h"
#include "support/data.h"

#include "ddmd/peptide.h"

#include <string.h>

enum { N_BEADS = 6, N_SIMULATIONS = 5, N_ROUNDS = 40 };

/* Frames of five simulations from `first` on, report by report, as a campaign writes them. */
static ddmd_frame_file *make_file(const char *path, uint32_t first)
{
    ddmd_error err = {0};
    ddmd_structure *structure = NULL;
    ddmd_frame_file *file = NULL;
    float positions[N_BEADS * 3] = {0}, velocities[N_BEADS * 3] = {0};
    uint8_t map[2] = {0};
    ASSERT_OK(ddmd_bead_chain_build(N_BEADS, DDMD_PEPTIDE_HELIX, &structure, &err), &err);
    ASSERT_OK(ddmd_frame_file_create(path, structure, N_BEADS, "lookup", &file, &err), &err);
    for (uint32_t k = 0; k < N_ROUNDS; k++)
        for (uint32_t s = 0; s < N_SIMULATIONS; s++) {
            const ddmd_frame frame = {.simulation = first + s,
                                      .index = k,
                                      .positions = positions,
                                      .velocities = velocities,
                                      .contact_map = map};
            ASSERT_OK(ddmd_frame_file_append(file, &frame, 1, &err), &err);
        }
    ddmd_structure_destroy(&structure);
    return file;
}

static void frames_are_found_by_their_identity(void **state)
{
    (void)state;
    ddmd_error err = {0};
    ddmd_frame_file *file = make_file(test_scratch("found.h5"), 0);
    ddmd_frame_wanted wanted[] = {{.simulation = 0, .index = 0},
                                  {.simulation = 4, .index = 39},
                                  {.simulation = 2, .index = 17},
                                  {.simulation = 2, .index = 17}};
    ASSERT_OK(ddmd_frame_lookup(&file, 1, wanted, 4, &err), &err);
    assert_int_equal(wanted[0].row, 0);
    assert_int_equal(wanted[1].row, 199);
    assert_int_equal(wanted[2].row, 17 * N_SIMULATIONS + 2);
    assert_int_equal(wanted[3].row, wanted[2].row);
    ASSERT_OK(ddmd_frame_lookup(&file, 1, wanted, 0, &err), &err);
    ddmd_frame_file_close(&file);
}

static void frames_are_found_in_any_file(void **state)
{
    (void)state;
    ddmd_error err = {0};
    const uint32_t last = N_ROUNDS - 1;
    ddmd_frame_file *files[] = {make_file(test_scratch("a.h5"), 0),
                                make_file(test_scratch("b.h5"), N_SIMULATIONS),
                                make_file(test_scratch("c.h5"), 2 * N_SIMULATIONS)};
    ddmd_frame_wanted wanted[] = {{.simulation = 2 * N_SIMULATIONS, .index = 0},
                                  {.simulation = 1, .index = last},
                                  {.simulation = N_SIMULATIONS + 3, .index = 8}};
    ASSERT_OK(ddmd_frame_lookup(files, 3, wanted, 3, &err), &err);
    assert_int_equal(wanted[0].file, 2);
    assert_int_equal(wanted[0].row, 0);
    assert_int_equal(wanted[1].file, 0);
    assert_int_equal(wanted[1].row, last * N_SIMULATIONS + 1);
    assert_int_equal(wanted[2].file, 1);
    assert_int_equal(wanted[2].row, 8 * N_SIMULATIONS + 3);
    wanted[0].index = N_ROUNDS;
    assert_int_equal(ddmd_frame_lookup(files, 3, wanted, 3, &err), DDMD_FORMAT);
    assert_int_equal(ddmd_frame_lookup(files, 0, wanted, 1, &err), DDMD_FORMAT);
    for (size_t f = 0; f < 3; f++)
        ddmd_frame_file_close(&files[f]);
}

static void a_frame_that_is_not_there_is_named(void **state)
{
    (void)state;
    ddmd_error err = {0};
    ddmd_frame_file *file = make_file(test_scratch("missing.h5"), 0);
    ddmd_frame_wanted wanted[] = {{.simulation = 0}, {.simulation = 3, .index = 40}};
    assert_int_equal(ddmd_frame_lookup(&file, 1, wanted, 2, &err), DDMD_FORMAT);
    assert_non_null(strstr(err.message, "frame 40 of simulation 3"));
    ddmd_frame_file_close(&file);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(frames_are_found_by_their_identity),
        cmocka_unit_test(frames_are_found_in_any_file),
        cmocka_unit_test(a_frame_that_is_not_there_is_named),
    };
    return cmocka_run_group_tests_name("frame lookup", tests, NULL, NULL);
}
