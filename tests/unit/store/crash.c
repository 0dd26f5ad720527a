/*
 * A writer that is killed with SIGKILL at random moments, again and again on one file: whatever it
 * had synced must be there, bit for bit. DDMD_TEST_KILLS sets how often (default 40).
 */
#include "sample.h"
#include "support/cmocka.h"
#include "support/data.h"

#include "core/clock.h"
#include "ddmd/random.h"

#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { BATCH_MAX = 40 };

/* Append and sync without end, reporting each durable number of frames. */
static void write_until_killed(const char *path, uint64_t n, int32_t n_atoms, size_t n_points,
                               uint64_t seed, int report)
{
    ddmd_frame_file *file = NULL;
    ddmd_error err = {0};
    ddmd_frame frames[BATCH_MAX];
    for (int i = 0; i < BATCH_MAX; i++)
        frames[i] = sample_frame_alloc((size_t)n_atoms, n_points);
    if (ddmd_frame_file_recover(path, n, &file, &err) != DDMD_OK) {
        fprintf(stderr, "%s\n", err.message);
        _exit(1);
    }
    for (uint64_t turn = 0;; turn++) {
        if (write(report, &n, sizeof n) != sizeof n)
            _exit(1);
        size_t batch = 1 + (size_t)((seed + turn * 7919) % BATCH_MAX);
        for (size_t i = 0; i < batch; i++)
            sample_frame_fill(&frames[i], (size_t)n_atoms, n_points, n + i);
        if (ddmd_frame_file_append(file, frames, batch, &err) != DDMD_OK ||
            ddmd_frame_file_sync(file, &err) != DDMD_OK) {
            fprintf(stderr, "%s\n", err.message);
            _exit(1);
        }
        n += batch;
    }
}

static void check_rows(ddmd_frame_file *file, uint64_t n)
{
    ddmd_error err = {0};
    size_t n_atoms = ddmd_frame_file_atoms(file), n_points = ddmd_frame_file_points(file);
    ddmd_frame frame = sample_frame_alloc(n_atoms, n_points);
    assert_true(ddmd_frame_file_frames(file) >= n);
    for (uint64_t row = 0; row < n; row++) {
        ASSERT_OK(ddmd_frame_file_read(file, row, &frame, &err), &err);
        sample_frame_check(&frame, n_atoms, n_points, row);
    }
    sample_frame_free(&frame);
}

static void kill_again_and_again(const char *path, int32_t n_atoms, size_t n_points, int kills)
{
    ddmd_error err = {0};
    ddmd_frame_file *file = NULL;
    ddmd_structure *structure = sample_structure(n_atoms);
    ASSERT_OK(ddmd_frame_file_create(path, structure, n_points, "", &file, &err), &err);
    ddmd_structure_destroy(&structure);
    ddmd_frame_file_close(&file);
    ddmd_random random;
    ddmd_random_init(&random, 1, DDMD_RANDOM_TEST, (uint32_t)n_atoms, 0);

    uint64_t durable = 0;
    for (int kill_number = 0; kill_number < kills; kill_number++) {
        int pipes[2];
        assert_int_equal(pipe(pipes), 0);
        pid_t pid = fork();
        assert_true(pid >= 0);
        if (pid == 0) {
            close(pipes[0]);
            write_until_killed(path, durable, n_atoms, n_points, (uint64_t)kill_number, pipes[1]);
        }
        close(pipes[1]);
        /*
         * One in four may die while it still mends the file; the others some turns later, at any
         * point of a turn.
         */
        bool started = kill_number % 4 != 0;
        int reports = started ? 2 + kill_number % 5 : 0;
        double last = ddmd_clock_monotonic(), turn_s = 0.02;
        uint64_t seen = durable;
        for (int i = 0; i < reports; i++) {
            assert_int_equal(read(pipes[0], &seen, sizeof seen), sizeof seen);
            turn_s = ddmd_clock_monotonic() - last;
            last += turn_s;
        }
        double delay_s = fmin(0.5, turn_s * 1.5 * ddmd_random_uniform(&random));
        struct timespec delay = {.tv_nsec = (long)(delay_s * 1e9)};
        nanosleep(&delay, NULL);
        kill(pid, SIGKILL);
        int how = 0;
        assert_int_equal(waitpid(pid, &how, 0), pid);
        assert_true(WIFSIGNALED(how));
        while (read(pipes[0], &seen, sizeof seen) == sizeof seen)
            continue;
        close(pipes[0]);
        durable = seen;

        /* Readable as it is, and after mending. */
        ASSERT_OK(ddmd_frame_file_open(path, &file, &err), &err);
        check_rows(file, durable);
        ddmd_frame_file_close(&file);
        ASSERT_OK(ddmd_frame_file_recover(path, durable, &file, &err), &err);
        assert_int_equal(ddmd_frame_file_frames(file), durable);
        check_rows(file, durable);
        ddmd_frame_file_close(&file);
    }
    assert_true(durable > 0);
    print_message("%d atoms: %d kills, %llu frames\n", n_atoms, kills, (unsigned long long)durable);
}

static int n_kills(void)
{
    const char *text = getenv("DDMD_TEST_KILLS");
    return text ? atoi(text) : 40;
}

static void sigkill_loses_nothing_synced(void **state)
{
    (void)state;
    kill_again_and_again(test_scratch("small.h5"), 22, 10, n_kills() / 2);
    kill_again_and_again(test_scratch("large.h5"), 3000, 400, n_kills() - n_kills() / 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sigkill_loses_nothing_synced),
    };
    return cmocka_run_group_tests_name("crash", tests, NULL, NULL);
}
