/* Which file frames are in: every worker has one, every file has a worker. */
#include "campaign/frame_files.h"
#include "campaign/simulate.h"
#include "support/cmocka.h"

static ddmd_config campaign(enum ddmd_mode mode, int replicas, int workers, int aggregators)
{
    ddmd_config config = {.mode = mode};
    config.simulation.replicas = replicas;
    config.simulation.workers = workers;
    config.streaming.aggregators = aggregators;
    return config;
}

static void there_is_one_file_in_mode_sequential(void **state)
{
    (void)state;
    const ddmd_config config = campaign(DDMD_MODE_sequential, 8, 4, 3);
    assert_int_equal(ddmd_frame_files_count(&config), 1);
    for (int r = 0; r < 8; r++)
        assert_int_equal(ddmd_frame_files_of_replica(&config, r), 0);
}

static void no_file_is_without_a_worker(void **state)
{
    (void)state;
    for (int workers = 1; workers <= 20; workers++)
        for (int aggregators = 1; aggregators <= DDMD_FRAME_FILES_MAX; aggregators++) {
            const ddmd_config config = campaign(DDMD_MODE_streaming, 17, workers, aggregators);
            int n_workers = ddmd_simulator_workers(&config), used[DDMD_FRAME_FILES_MAX] = {0};
            size_t n = ddmd_frame_files_count(&config);
            assert_int_equal(n, aggregators < n_workers ? aggregators : n_workers);
            for (int w = 0; w < n_workers; w++) {
                assert_in_range(ddmd_frame_files_of_worker(&config, w), 0, n - 1);
                used[ddmd_frame_files_of_worker(&config, w)]++;
            }
            for (size_t f = 0; f < n; f++) /* workers differ by one at most */
                assert_in_range(used[f], n_workers / (int)n, n_workers / (int)n + 1);
        }
}

static void a_replica_has_the_file_of_its_worker(void **state)
{
    (void)state;
    const ddmd_config config = campaign(DDMD_MODE_streaming, 17, 5, 3);
    for (int w = 0, first, n; w < 5; w++) {
        ddmd_simulator_share(&config, w, &first, &n);
        for (int r = first; r < first + n; r++) {
            assert_int_equal(ddmd_simulator_worker_of(&config, r), w);
            assert_int_equal(ddmd_frame_files_of_replica(&config, r), w % 3);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(there_is_one_file_in_mode_sequential),
        cmocka_unit_test(no_file_is_without_a_worker),
        cmocka_unit_test(a_replica_has_the_file_of_its_worker),
    };
    return cmocka_run_group_tests_name("frame files", tests, NULL, NULL);
}
