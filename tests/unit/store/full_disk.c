/*
 * A disk that is full: writes fail beyond a limit of the file size (RLIMIT_FSIZE with SIGXFSZ
 * ignored gives EFBIG where a full disk gives ENOSPC). The answer is IO with the file's name, and
 * what was durable before stays.
 */
#include "sample.h"
#include "support/cmocka.h"
#include "support/data.h"

#include "core/file.h"
#include "ddmd/trajectory.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

enum { N_ATOMS = 500, N_POINTS = 60 };

static void set_limit(rlim_t bytes)
{
    struct rlimit limit;
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &limit), 0);
    limit.rlim_cur = bytes;
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
}

static void lift_limit(void)
{
    struct rlimit limit;
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &limit), 0);
    set_limit(limit.rlim_max);
}

static void check_message(const ddmd_error *err, const char *name)
{
    if (!strstr(err->message, name) || !strstr(err->message, "File too large"))
        fail_msg("'%s' does not name the file and the reason", err->message);
}

/* Append and sync until it fails; returns the frames that were durable. */
static uint64_t fill(ddmd_frame_file *file, ddmd_frame *frame, uint64_t batch)
{
    ddmd_error err = {0};
    enum ddmd_status status = DDMD_OK;
    uint64_t synced = 0;
    while (status == DDMD_OK) {
        for (uint64_t i = 0; i < batch && status == DDMD_OK; i++) {
            sample_frame_fill(frame, N_ATOMS, N_POINTS, synced + i);
            status = ddmd_frame_file_append(file, frame, 1, &err);
        }
        if (status == DDMD_OK)
            status = ddmd_frame_file_sync(file, &err);
        if (status == DDMD_OK)
            synced += batch;
    }
    assert_int_equal(status, DDMD_IO);
    check_message(&err, "full.h5");
    assert_int_equal(ddmd_frame_file_append(file, frame, 1, &err), DDMD_IO);
    assert_int_equal(ddmd_frame_file_sync(file, &err), DDMD_IO);
    assert_non_null(strstr(err.message, "an earlier write failed"));
    return synced;
}

static void frames_survive_a_full_disk(void **state)
{
    (void)state;
    ddmd_error err = {0};
    const char *path = test_scratch("full.h5");
    ddmd_structure *structure = sample_structure(N_ATOMS);
    ddmd_frame frame = sample_frame_alloc(N_ATOMS, N_POINTS);
    int created = 0;
    for (rlim_t limit = 1000; limit < 3000000; limit += limit < 200000 ? 9973 : 181777) {
        ddmd_frame_file *file = NULL;
        set_limit(limit);
        enum ddmd_status status =
            ddmd_frame_file_create(path, structure, N_POINTS, "", &file, &err);
        if (status != DDMD_OK) {
            lift_limit();
            assert_int_equal(status, DDMD_IO);
            check_message(&err, "full.h5");
            assert_false(ddmd_file_exists(path));
            char beside[4096];
            snprintf(beside, sizeof beside, "%s.new", path);
            assert_false(ddmd_file_exists(beside));
            continue;
        }
        created++;
        uint64_t synced = fill(file, &frame, 1 + limit % 7);
        ddmd_frame_file_close(&file);
        lift_limit();
        ASSERT_OK(ddmd_frame_file_recover(path, synced, &file, &err), &err);
        for (uint64_t row = 0; row < synced; row++) {
            ASSERT_OK(ddmd_frame_file_read(file, row, &frame, &err), &err);
            sample_frame_check(&frame, N_ATOMS, N_POINTS, row);
        }
        sample_frame_fill(&frame, N_ATOMS, N_POINTS, synced); /* and it goes on */
        ASSERT_OK(ddmd_frame_file_append(file, &frame, 1, &err), &err);
        ASSERT_OK(ddmd_frame_file_sync(file, &err), &err);
        ddmd_frame_file_close(&file);
        assert_int_equal(unlink(path), 0);
    }
    assert_true(created > 5);
    sample_frame_free(&frame);
    ddmd_structure_destroy(&structure);
}

static void the_catalogue_survives_a_full_disk(void **state)
{
    (void)state;
    ddmd_error err = {0};
    const char *path = test_scratch("full.sqlite");
    ddmd_catalogue *catalogue = NULL;
    set_limit(10000);
    enum ddmd_status status = ddmd_catalogue_create(path, "x", "y", 1, &catalogue, &err);
    lift_limit();
    assert_int_equal(status, DDMD_IO);
    assert_non_null(strstr(err.message, "full.sqlite"));
    assert_false(ddmd_file_exists(path));

    ASSERT_OK(ddmd_catalogue_create(path, "x", "y", 1, &catalogue, &err), &err);
    set_limit(200000);
    double n = 0;
    for (status = DDMD_OK; status == DDMD_OK && n < 1e5; n += status == DDMD_OK)
        status = ddmd_catalogue_add_activity(catalogue, "simulate", 0, "compute", 1, 0, 1, &err);
    ddmd_catalogue_close(&catalogue);
    lift_limit();
    assert_int_equal(status, DDMD_IO);
    assert_non_null(strstr(err.message, "full.sqlite"));
    ASSERT_OK(ddmd_catalogue_open(path, false, &catalogue, &err), &err);
    ddmd_time_use_row *rows = NULL;
    size_t n_rows = 0;
    ASSERT_OK(ddmd_catalogue_time_use(catalogue, &rows, &n_rows, &err), &err);
    assert_int_equal(n_rows, n > 0);
    assert_true(n == 0 || rows->seconds == n);
    free(rows);
    ASSERT_OK(ddmd_catalogue_add_activity(catalogue, "simulate", 0, "compute", 1, 0, 1, &err),
              &err);
    ddmd_catalogue_close(&catalogue);
}

static void a_trajectory_is_whole_or_not_there(void **state)
{
    (void)state;
    ddmd_error err = {0};
    const char *path = test_scratch("full.dcd");
    ddmd_dcd_options options = {.n_atoms = N_ATOMS, .interval_ps = 1};
    ddmd_dcd_writer *writer = NULL;
    float *positions = calloc(3 * N_ATOMS, sizeof *positions);
    assert_non_null(positions);
    set_limit(100000);
    ASSERT_OK(ddmd_dcd_writer_create(path, &options, &writer, &err), &err);
    enum ddmd_status status = DDMD_OK;
    for (int i = 0; i < 100 && status == DDMD_OK; i++)
        status = ddmd_dcd_writer_append(writer, positions, &err);
    enum ddmd_status closing = ddmd_dcd_writer_close(&writer, NULL);
    lift_limit();
    assert_int_equal(status, DDMD_IO);
    check_message(&err, "full.dcd");
    assert_int_equal(closing, DDMD_IO);
    assert_non_null(writer);
    ddmd_dcd_writer_destroy(&writer);
    assert_false(ddmd_file_exists(path));
    char beside[4096];
    snprintf(beside, sizeof beside, "%s.new", path);
    assert_false(ddmd_file_exists(beside));
    free(positions);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(frames_survive_a_full_disk),
        cmocka_unit_test(the_catalogue_survives_a_full_disk),
        cmocka_unit_test(a_trajectory_is_whole_or_not_there),
    };
    signal(SIGXFSZ, SIG_IGN);
    return cmocka_run_group_tests_name("full_disk", tests, NULL, NULL);
}
