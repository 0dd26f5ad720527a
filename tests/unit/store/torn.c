/*
 * Every place at which a writer can die: a child mends a file, appends and syncs, and is killed at
 * its first write to the file, its second, and so on to its last. A write is either not begun or,
 * where it crosses pages, cut at a page, which is where the kernel may leave it. Whatever the child
 * had synced must be there afterwards: for readers of the file as it was left, and when it is
 * mended.
 */
#include "sample.h"
#include "support/cmocka.h"
#include "support/data.h"

#include "core/file.h"

#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

enum { N_ATOMS = 3000, N_POINTS = 300, FIRST_ROWS = 30, PAGE = 4096 };

/* Where the superblock keeps HDF5's marks of a file that is open for writing. */
enum { MARKS = 11, WRITING = 1, SWMR_WRITING = 4 };

static struct {
    long left; /* writes until the end; negative: no end */
    bool torn;
} death = {.left = -1};

/* The linker puts this in the place of pwrite() (-Wl,--wrap=pwrite). */
ssize_t __real_pwrite(int fd, const void *bytes, size_t size, off_t offset);
ssize_t __wrap_pwrite(int fd, const void *bytes, size_t size, off_t offset);
ssize_t __wrap_pwrite(int fd, const void *bytes, size_t size, off_t offset)
{
    if (death.left == 0) {
        off_t end = (offset + (off_t)size) / PAGE * PAGE;
        if (death.torn && end > offset)
            (void)!__real_pwrite(fd, bytes, (size_t)(end - offset), offset);
        raise(SIGKILL);
    }
    if (death.left > 0)
        death.left--;
    return __real_pwrite(fd, bytes, size, offset);
}

static bool append(ddmd_frame_file *file, ddmd_frame *frame, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        sample_frame_fill(frame, N_ATOMS, N_POINTS, ddmd_frame_file_frames(file));
        if (ddmd_frame_file_append(file, frame, 1, NULL) != DDMD_OK)
            return false;
    }
    return true;
}

/* A file with FIRST_ROWS synced frames and some more, whose writer was killed. */
static void make_killed_file(const char *path)
{
    ddmd_error err = {0};
    pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        ddmd_structure *structure = sample_structure(N_ATOMS);
        ddmd_frame frame = sample_frame_alloc(N_ATOMS, N_POINTS);
        ddmd_frame_file *file = NULL;
        if (ddmd_frame_file_create(path, structure, N_POINTS, "", &file, &err) != DDMD_OK ||
            !append(file, &frame, FIRST_ROWS) || ddmd_frame_file_sync(file, NULL) != DDMD_OK ||
            !append(file, &frame, 9) || ddmd_frame_file_sync(file, NULL) != DDMD_OK)
            _exit(1);
        raise(SIGKILL);
    }
    int how = 0;
    assert_int_equal(waitpid(pid, &how, 0), pid);
    assert_true(WIFSIGNALED(how));
}

static void write_rows(const char *path, int report)
{
    ddmd_frame_file *file = NULL;
    ddmd_frame frame = sample_frame_alloc(N_ATOMS, N_POINTS);
    static const size_t batches[] = {1, 11, 20};
    if (ddmd_frame_file_recover(path, FIRST_ROWS, &file, NULL) != DDMD_OK)
        _exit(1);
    for (size_t i = 0; i < sizeof batches / sizeof *batches; i++) {
        if (!append(file, &frame, batches[i]) || ddmd_frame_file_sync(file, NULL) != DDMD_OK)
            _exit(1);
        uint64_t n = ddmd_frame_file_frames(file);
        if (write(report, &n, sizeof n) != sizeof n)
            _exit(1);
    }
    ddmd_frame_file_close(&file);
    _exit(0);
}

/* Let a child write until its death; true where it came to its end before. */
static bool write_and_die(const char *path, long writes, bool torn, uint64_t *synced)
{
    int pipes[2];
    assert_int_equal(pipe(pipes), 0);
    pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        death.left = writes;
        death.torn = torn;
        write_rows(path, pipes[1]);
    }
    close(pipes[1]);
    int how = 0;
    assert_int_equal(waitpid(pid, &how, 0), pid);
    assert_true(WIFSIGNALED(how) || WEXITSTATUS(how) == 0);
    *synced = FIRST_ROWS;
    while (read(pipes[0], synced, sizeof *synced) == sizeof *synced)
        continue;
    close(pipes[0]);
    return WIFEXITED(how);
}

static void check_rows(ddmd_frame_file *file, uint64_t n, ddmd_frame *frame)
{
    ddmd_error err = {0};
    assert_true(ddmd_frame_file_frames(file) >= n);
    for (uint64_t row = 0; row < n; row++) {
        ASSERT_OK(ddmd_frame_file_read(file, row, frame, &err), &err);
        sample_frame_check(frame, N_ATOMS, N_POINTS, row);
    }
}

static void check_synced(const char *path, uint64_t synced, ddmd_frame *frame)
{
    ddmd_error err = {0};
    ddmd_frame_file *file = NULL;
    ASSERT_OK(ddmd_frame_file_open(path, &file, &err), &err);
    check_rows(file, synced, frame);
    ddmd_frame_file_close(&file);
    ASSERT_OK(ddmd_frame_file_recover(path, synced, &file, &err), &err);
    assert_int_equal(ddmd_frame_file_frames(file), synced);
    check_rows(file, synced, frame);
    ddmd_frame_file_close(&file);
}

static void put_file(const char *path, const char *bytes, size_t length)
{
    FILE *file = fopen(path, "wb");
    assert_non_null(file);
    assert_int_equal(fwrite(bytes, 1, length, file), length);
    assert_int_equal(fclose(file), 0);
}

static void die_at_every_write(bool torn)
{
    ddmd_error err = {0};
    const char *base = test_scratch("base.h5"), *path = test_scratch("dying.h5");
    char *bytes = NULL;
    size_t length = 0;
    unlink(base);
    make_killed_file(base);
    ASSERT_OK(ddmd_file_read(base, 1 << 28, &bytes, &length, &err), &err);
    assert_int_equal(bytes[MARKS], WRITING | SWMR_WRITING); /* what mending has to clear */
    ddmd_frame frame = sample_frame_alloc(N_ATOMS, N_POINTS);
    long deaths = 0;
    for (bool ended = false; !ended; deaths++) {
        uint64_t synced = 0;
        put_file(path, bytes, length);
        ended = write_and_die(path, deaths, torn, &synced);
        check_synced(path, synced, &frame);
    }
    print_message("%ld deaths\n", deaths - 1);
    assert_true(deaths > 50);
    sample_frame_free(&frame);
    free(bytes);
}

static void death_between_writes_loses_nothing_synced(void **state)
{
    (void)state;
    die_at_every_write(false);
}

static void death_inside_a_write_loses_nothing_synced(void **state)
{
    (void)state;
    die_at_every_write(true);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(death_between_writes_loses_nothing_synced),
        cmocka_unit_test(death_inside_a_write_loses_nothing_synced),
    };
    return cmocka_run_group_tests_name("torn", tests, NULL, NULL);
}
