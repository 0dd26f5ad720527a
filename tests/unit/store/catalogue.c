/* The catalogue as a file: its identity, transactions, who may read it, what is refused. */
#include "sample_catalogue.h"
#include "support/cmocka.h"
#include "support/data.h"

#include "core/file.h"
#include "store/schema.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static void identity_comes_back(void **state)
{
    (void)state;
    ddmd_error err = {0};
    const char *path = test_scratch("identity.sqlite");
    ddmd_catalogue *catalogue = sample_catalogue(path);
    ddmd_catalogue_close(&catalogue);
    assert_null(catalogue);
    for (int read_only = 0; read_only < 2; read_only++) {
        char campaign[32] = "", mode[32] = "";
        uint64_t seed = 0;
        ASSERT_OK(ddmd_catalogue_open(path, read_only, &catalogue, &err), &err);
        ASSERT_OK(ddmd_catalogue_identity(catalogue, campaign, mode, 32, &seed, &err), &err);
        assert_string_equal(campaign, "fs-peptide");
        assert_string_equal(mode, "sequential");
        assert_true(seed == UINT64_MAX);
        ASSERT_OK(ddmd_catalogue_identity(catalogue, campaign, mode, 4, &seed, &err), &err);
        assert_string_equal(campaign, "fs-");
        ddmd_catalogue_close(&catalogue);
    }
    assert_int_equal(ddmd_catalogue_create(path, "x", "y", 1, &catalogue, &err), DDMD_IO);
    assert_non_null(strstr(err.message, "exists already"));
    assert_int_equal(ddmd_catalogue_open("/nonexistent/c.sqlite", true, &catalogue, &err), DDMD_IO);
    assert_non_null(strstr(err.message, "No such file"));
    assert_null(catalogue);
}

static void transactions_hold_together(void **state)
{
    (void)state;
    ddmd_error err = {0};
    ddmd_totals totals;
    const char *path = test_scratch("transaction.sqlite");
    ddmd_catalogue *catalogue = sample_catalogue(path), *reader = NULL;
    ASSERT_OK(ddmd_catalogue_open(path, true, &reader, &err), &err);
    ddmd_simulation_row row = sample_simulation(0, 0, -1);
    ASSERT_OK(ddmd_catalogue_begin(catalogue, &err), &err);
    assert_int_equal(ddmd_catalogue_begin(catalogue, &err), DDMD_INVALID);
    sample_add(catalogue, &row);
    ASSERT_OK(ddmd_catalogue_totals(reader, &totals, &err), &err);
    assert_int_equal(totals.simulations, 0);
    ddmd_catalogue_rollback(catalogue);
    ddmd_catalogue_rollback(catalogue);
    assert_int_equal(ddmd_catalogue_commit(catalogue, &err), DDMD_INVALID);
    ASSERT_OK(ddmd_catalogue_begin(catalogue, &err), &err);
    sample_add(catalogue, &row);
    ASSERT_OK(ddmd_catalogue_commit(catalogue, &err), &err);
    ASSERT_OK(ddmd_catalogue_totals(reader, &totals, &err), &err);
    assert_int_equal(totals.simulations, 1);
    row.id = 1;
    assert_int_equal(ddmd_catalogue_add_simulation(reader, &row, &err), DDMD_INVALID);
    ddmd_catalogue_close(&reader);
    ddmd_catalogue_close(&catalogue);
}

/* As another user, in a directory where only root may make files. */
static void a_foreign_directory_is_read(void **state)
{
    (void)state;
    ddmd_error err = {0};
    if (geteuid() != 0) {
        print_message("not root: cannot become another user\n");
        skip();
    }
    const char *folder = test_scratch("of#root");
    char path[4096];
    snprintf(path, sizeof path, "%s/c.sqlite", folder);
    ASSERT_OK(ddmd_directory_create(folder, &err), &err);
    ddmd_catalogue *catalogue = sample_catalogue(path);
    ddmd_simulation_row row = sample_simulation(0, 0, -1);
    sample_add(catalogue, &row);
    ddmd_catalogue_close(&catalogue);
    assert_int_equal(chmod(test_scratch("."), 0755), 0);
    pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        ddmd_totals totals = {0};
        if (setuid(65534) != 0 || ddmd_catalogue_open(path, true, &catalogue, &err) != DDMD_OK ||
            ddmd_catalogue_totals(catalogue, &totals, &err) != DDMD_OK)
            fprintf(stderr, "%s\n", err.message);
        ddmd_catalogue_close(&catalogue);
        _exit(totals.simulations == 1 ? 0 : 1);
    }
    int how = 0;
    assert_int_equal(waitpid(pid, &how, 0), pid);
    assert_true(WIFEXITED(how) && WEXITSTATUS(how) == 0);
}

/* What readers and writers make beside the database is gone when the last of them is. */
static void nothing_is_left_beside_it(void **state)
{
    (void)state;
    ddmd_error err = {0};
    static const char *const endings[] = {"-wal", "-shm", ".lock", ".new"};
    const char *path = test_scratch("alone.sqlite");
    ddmd_catalogue *catalogue = sample_catalogue(path), *reader = NULL;
    ddmd_simulation_row row = sample_simulation(0, 0, -1);
    ddmd_totals totals;
    ASSERT_OK(ddmd_catalogue_open(path, true, &reader, &err), &err);
    sample_add(catalogue, &row);
    ASSERT_OK(ddmd_catalogue_totals(reader, &totals, &err), &err);
    ddmd_catalogue_close(&catalogue);
    ddmd_catalogue_close(&reader);
    for (size_t i = 0; i < sizeof endings / sizeof *endings; i++) {
        char beside[4096];
        snprintf(beside, sizeof beside, "%s%s", path, endings[i]);
        assert_false(ddmd_file_exists(beside));
    }
}

static void foreign_files_are_refused(void **state)
{
    (void)state;
    ddmd_error err = {0};
    ddmd_catalogue *catalogue = NULL;
    const char *path = test_scratch("text.sqlite");
    char text[8192];
    memset(text, 'x', sizeof text);
    ASSERT_OK(ddmd_file_replace(path, text, sizeof text, &err), &err);
    for (int read_only = 0; read_only < 2; read_only++) {
        assert_int_equal(ddmd_catalogue_open(path, read_only, &catalogue, &err), DDMD_FORMAT);
        assert_non_null(strstr(err.message, "text.sqlite"));
    }
    const char *empty = test_scratch("empty.sqlite");
    ASSERT_OK(ddmd_file_replace(empty, "", 0, &err), &err);
    assert_int_equal(ddmd_catalogue_open(empty, true, &catalogue, &err), DDMD_FORMAT);
    assert_non_null(strstr(err.message, "not a catalogue of ddmd"));
    assert_int_equal(ddmd_catalogue_open("/tmp", true, &catalogue, &err), DDMD_IO);
    assert_null(catalogue);
}

static void another_schema_version_is_named(void **state)
{
    (void)state;
    ddmd_error err = {0};
    const char *path = test_scratch("version.sqlite");
    ddmd_catalogue *catalogue = sample_catalogue(path);
    ddmd_catalogue_close(&catalogue);
    char *bytes = NULL;
    size_t length = 0;
    ASSERT_OK(ddmd_file_read(path, 1 << 24, &bytes, &length, &err), &err);
    bytes[63] = 99; /* user_version: big-endian at offset 60 of the header */
    ASSERT_OK(ddmd_file_replace(path, bytes, length, &err), &err);
    free(bytes);
    assert_int_equal(ddmd_catalogue_open(path, false, &catalogue, &err), DDMD_FORMAT);
    assert_non_null(strstr(err.message, "schema 99"));
    char known[32];
    snprintf(known, sizeof known, "knows schema %d", DDMD_SCHEMA_VERSION);
    assert_non_null(strstr(err.message, known));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(identity_comes_back),
        cmocka_unit_test(transactions_hold_together),
        cmocka_unit_test(a_foreign_directory_is_read),
        cmocka_unit_test(nothing_is_left_beside_it),
        cmocka_unit_test(foreign_files_are_refused),
        cmocka_unit_test(another_schema_version_is_named),
    };
    return cmocka_run_group_tests_name("catalogue", tests, NULL, NULL);
}
