/* One process writes a catalogue at a time, and SIGKILL takes nothing from it. */
#include "sample_catalogue.h"
#include "support/cmocka.h"
#include "support/data.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

/* A process that holds the catalogue until it is killed; *pid gets its id. */
static void hold_in_child(const char *path, pid_t *pid)
{
    int ready[2];
    char byte = 0;
    assert_int_equal(pipe(ready), 0);
    *pid = fork();
    assert_true(*pid >= 0);
    if (*pid == 0) {
        ddmd_catalogue *catalogue = NULL;
        close(ready[0]);
        byte = ddmd_catalogue_open(path, false, &catalogue, NULL) == DDMD_OK;
        (void)!write(ready[1], &byte, 1);
        for (;;)
            pause();
    }
    close(ready[1]);
    assert_int_equal(read(ready[0], &byte, 1), 1);
    assert_int_equal(byte, 1);
    close(ready[0]);
}

static void kill_child(pid_t pid)
{
    kill(pid, SIGKILL);
    assert_int_equal(waitpid(pid, NULL, 0), pid);
}

static void there_is_one_writer_and_sigkill_frees_it(void **state)
{
    (void)state;
    ddmd_error err = {0};
    bool held = true;
    const char *path = test_scratch("writer.sqlite");
    assert_int_equal(ddmd_catalogue_is_held(path, &held, &err), DDMD_OK);
    assert_false(held);
    ddmd_catalogue *catalogue = sample_catalogue(path), *second = NULL;
    assert_int_equal(ddmd_catalogue_open(path, false, &second, &err), DDMD_TIMEOUT);
    ASSERT_OK(ddmd_catalogue_is_held(path, &held, &err), &err);
    assert_true(held);
    ddmd_catalogue_close(&catalogue);
    ASSERT_OK(ddmd_catalogue_is_held(path, &held, &err), &err);
    assert_false(held);

    pid_t pid;
    char expected[64];
    hold_in_child(path, &pid);
    snprintf(expected, sizeof expected, "another ddmd process (pid %ld) is writing it", (long)pid);
    enum ddmd_status while_held = ddmd_catalogue_open(path, false, &second, &err);
    ASSERT_OK(ddmd_catalogue_is_held(path, &held, NULL), &err);
    ddmd_totals totals;
    ddmd_catalogue *reader = NULL;
    enum ddmd_status reading = ddmd_catalogue_open(path, true, &reader, NULL);
    if (reading == DDMD_OK)
        reading = ddmd_catalogue_totals(reader, &totals, NULL);
    ddmd_catalogue_close(&reader);
    kill_child(pid);
    assert_int_equal(while_held, DDMD_TIMEOUT);
    assert_non_null(strstr(err.message, expected));
    assert_true(held);
    assert_int_equal(reading, DDMD_OK);
    ASSERT_OK(ddmd_catalogue_is_held(path, &held, &err), &err);
    assert_false(held);
    ASSERT_OK(ddmd_catalogue_open(path, false, &second, &err), &err);
    ddmd_catalogue_close(&second);
}

/* The children of a killed process inherit its lock; it is taken over all the same. */
static void a_lock_left_to_orphans_is_taken_over(void **state)
{
    (void)state;
    ddmd_error err = {0};
    const char *path = test_scratch("orphan.sqlite");
    ddmd_catalogue *catalogue = sample_catalogue(path);
    ddmd_catalogue_close(&catalogue);
    int ready[2];
    pid_t orphan = 0;
    assert_int_equal(pipe(ready), 0);
    pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        bool open = ddmd_catalogue_open(path, false, &catalogue, NULL) == DDMD_OK;
        pid_t grandchild = fork();
        if (grandchild == 0)
            for (;;)
                pause();
        if (open)
            (void)!write(ready[1], &grandchild, sizeof grandchild);
        for (;;)
            pause();
    }
    close(ready[1]);
    assert_int_equal(read(ready[0], &orphan, sizeof orphan), sizeof orphan);
    close(ready[0]);
    bool held_before = false, held_after = true;
    enum ddmd_status before = ddmd_catalogue_is_held(path, &held_before, NULL);
    kill_child(pid);
    enum ddmd_status after = ddmd_catalogue_is_held(path, &held_after, NULL);
    enum ddmd_status taken = ddmd_catalogue_open(path, false, &catalogue, &err);
    enum ddmd_status second = DDMD_OK;
    ddmd_catalogue *another = NULL;
    if (taken == DDMD_OK)
        second = ddmd_catalogue_open(path, false, &another, NULL);
    kill(orphan, SIGKILL);
    assert_int_equal(before, DDMD_OK);
    assert_true(held_before);
    assert_int_equal(after, DDMD_OK);
    assert_false(held_after);
    ASSERT_OK(taken, &err);
    assert_int_equal(second, DDMD_TIMEOUT);
    ddmd_catalogue_close(&catalogue);
}

/* Everything committed is there after SIGKILL, and nothing of what was not. */
static void sigkill_loses_nothing_committed(void **state)
{
    (void)state;
    ddmd_error err = {0};
    const char *path = test_scratch("killed.sqlite");
    ddmd_catalogue *catalogue = sample_catalogue(path);
    ddmd_catalogue_close(&catalogue);
    uint64_t committed = 0;
    for (int round = 0; round < 10; round++) {
        int pipes[2];
        assert_int_equal(pipe(pipes), 0);
        pid_t pid = fork();
        assert_true(pid >= 0);
        if (pid == 0) {
            close(pipes[0]);
            if (ddmd_catalogue_open(path, false, &catalogue, NULL) != DDMD_OK)
                _exit(1);
            for (uint32_t id = (uint32_t)committed;; id += 2) {
                ddmd_simulation_row a = sample_simulation(id, 0, -1),
                                    b = sample_simulation(id + 1, 1, -1);
                uint64_t done = id + 2;
                if (ddmd_catalogue_begin(catalogue, NULL) != DDMD_OK ||
                    ddmd_catalogue_add_simulation(catalogue, &a, NULL) != DDMD_OK ||
                    ddmd_catalogue_add_simulation(catalogue, &b, NULL) != DDMD_OK ||
                    ddmd_catalogue_commit(catalogue, NULL) != DDMD_OK ||
                    write(pipes[1], &done, sizeof done) != sizeof done)
                    _exit(1);
            }
        }
        close(pipes[1]);
        uint64_t seen = committed;
        for (int i = 0; i < 3 + round; i++)
            assert_int_equal(read(pipes[0], &seen, sizeof seen), sizeof seen);
        kill_child(pid);
        while (read(pipes[0], &seen, sizeof seen) == sizeof seen)
            continue;
        close(pipes[0]);
        ddmd_totals totals;
        ASSERT_OK(ddmd_catalogue_open(path, false, &catalogue, &err), &err);
        ASSERT_OK(ddmd_catalogue_totals(catalogue, &totals, &err), &err);
        assert_true(totals.simulations >= seen);
        assert_int_equal(totals.simulations % 2, 0);
        committed = totals.simulations;
        ddmd_catalogue_close(&catalogue);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(there_is_one_writer_and_sigkill_frees_it),
        cmocka_unit_test(a_lock_left_to_orphans_is_taken_over),
        cmocka_unit_test(sigkill_loses_nothing_committed),
    };
    return cmocka_run_group_tests_name("catalogue_writers", tests, NULL, NULL);
}
