/* The table of simulations, and what is counted over it. */
#include "sample_catalogue.h"
#include "support/cmocka.h"
#include "support/data.h"

#include <string.h>

static void assert_simulation_equal(const ddmd_simulation_row *a, const ddmd_simulation_row *b)
{
    assert_int_equal(a->id, b->id);
    assert_int_equal(a->replica, b->replica);
    assert_int_equal(a->file, b->file);
    assert_int_equal(a->round, b->round);
    assert_int_equal(a->parent_simulation, b->parent_simulation);
    assert_int_equal(a->parent_frame, b->parent_frame);
    assert_int_equal(a->velocities_kept, b->velocities_kept);
    assert_true(a->temperature_kelvin == b->temperature_kelvin);
    assert_string_equal(a->engine, b->engine);
    assert_int_equal(a->n_frames, b->n_frames);
    assert_int_equal(a->n_steps, b->n_steps);
    assert_int_equal(a->end, b->end);
    assert_string_equal(a->reason, b->reason);
}

static void simulations_are_added_and_updated(void **state)
{
    (void)state;
    ddmd_error err = {0};
    ddmd_catalogue *catalogue = sample_catalogue(test_scratch("simulation.sqlite"));
    ddmd_simulation_row row = sample_simulation(0, 0, -1), child = sample_simulation(3, 0, 0), read;
    sample_add(catalogue, &row);
    sample_add(catalogue, &child);
    ASSERT_OK(ddmd_catalogue_simulation(catalogue, 3, &read, &err), &err);
    assert_simulation_equal(&read, &child);

    row.n_frames = 50;
    row.n_steps = 1ULL << 40;
    row.end = DDMD_END_failed;
    strcpy(row.reason, "energy is NaN'); DROP TABLE simulation; --");
    ASSERT_OK(ddmd_catalogue_update_simulation(catalogue, &row, &err), &err);
    ASSERT_OK(ddmd_catalogue_simulation(catalogue, 0, &read, &err), &err);
    assert_simulation_equal(&read, &row);

    ddmd_simulation_row before = read;
    assert_int_equal(ddmd_catalogue_simulation(catalogue, 4, &read, &err), DDMD_INVALID);
    assert_simulation_equal(&read, &before);
    row.id = 9;
    assert_int_equal(ddmd_catalogue_update_simulation(catalogue, &row, &err), DDMD_INVALID);
    row.id = 3;
    assert_int_equal(ddmd_catalogue_add_simulation(catalogue, &row, &err), DDMD_INVALID);
    assert_non_null(strstr(err.message, "simulation 3"));
    row = sample_simulation(4, 0, 77); /* no such parent */
    assert_int_equal(ddmd_catalogue_add_simulation(catalogue, &row, &err), DDMD_INVALID);
    row = sample_simulation(4, 0, 0);
    row.n_steps = UINT64_MAX; /* beyond what SQLite holds */
    assert_int_equal(ddmd_catalogue_add_simulation(catalogue, &row, &err), DDMD_INVALID);
    ddmd_catalogue_close(&catalogue);
}

static void frames_are_counted_by_file(void **state)
{
    (void)state;
    ddmd_error err = {0};
    uint64_t n = 99;
    ddmd_catalogue *catalogue = sample_catalogue(test_scratch("files.sqlite"));
    ASSERT_OK(ddmd_catalogue_file_frames(catalogue, 0, &n, &err), &err);
    assert_int_equal(n, 0);
    for (uint32_t id = 0; id < 5; id++) {
        ddmd_simulation_row row = sample_simulation(id, id, -1);
        sample_add(catalogue, &row);
    }
    static const uint64_t expected[] = {10 + 12 + 14, 11 + 13, 0};
    for (uint32_t file = 0; file < 3; file++) {
        ASSERT_OK(ddmd_catalogue_file_frames(catalogue, file, &n, &err), &err);
        assert_int_equal(n, expected[file]);
    }
    ddmd_catalogue_close(&catalogue);
}

static void each_slot_has_a_newest_simulation(void **state)
{
    (void)state;
    ddmd_error err = {0};
    ddmd_catalogue *catalogue = sample_catalogue(test_scratch("running.sqlite"));
    ddmd_simulation_row rows[4];
    ASSERT_OK(ddmd_catalogue_running(catalogue, rows, 4, &err), &err);
    for (int i = 0; i < 4; i++)
        assert_true(rows[i].id == UINT32_MAX);
    static const uint32_t replicas[] = {0, 1, 0, 3, 1, 9};
    for (uint32_t id = 0; id < 6; id++) {
        ddmd_simulation_row row = sample_simulation(id, replicas[id], -1);
        row.end = id == 4 ? DDMD_END_failed : DDMD_END_running;
        sample_add(catalogue, &row);
    }
    ASSERT_OK(ddmd_catalogue_running(catalogue, rows, 4, &err), &err);
    assert_int_equal(rows[0].id, 2);
    assert_int_equal(rows[1].id, 4);
    assert_int_equal(rows[1].end, DDMD_END_failed);
    assert_true(rows[2].id == UINT32_MAX);
    assert_int_equal(rows[3].id, 3);

    ddmd_totals totals;
    ASSERT_OK(ddmd_catalogue_totals(catalogue, &totals, &err), &err);
    assert_int_equal(totals.simulations, 6);
    assert_int_equal(totals.simulations_running, 5);
    assert_int_equal(totals.simulations_failed, 1);
    assert_int_equal(totals.simulations_culled, 0);
    assert_int_equal(totals.frames, 6 * 10 + 15);
    assert_int_equal(totals.steps, 6000);
    ddmd_catalogue_close(&catalogue);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(simulations_are_added_and_updated),
        cmocka_unit_test(frames_are_counted_by_file),
        cmocka_unit_test(each_slot_has_a_newest_simulation),
    };
    return cmocka_run_group_tests_name("catalogue_simulation", tests, NULL, NULL);
}
