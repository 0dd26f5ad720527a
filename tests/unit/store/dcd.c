#include "sample.h"
#include "support/cmocka.h"
#include "support/data.h"

#include "core/file.h"
#include "ddmd/trajectory.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { N_ATOMS = 7, N_FRAMES = 5, HEADER = 92, TITLES = 172, COUNT = 12 };

static int32_t integer(const char *bytes)
{
    int32_t value;
    memcpy(&value, bytes, sizeof value);
    return value;
}

static float number(const char *bytes)
{
    float value;
    memcpy(&value, bytes, sizeof value);
    return value;
}

static void beside_name(char *name, size_t size, const char *path)
{
    snprintf(name, size, "%s.new", path);
}

static void every_byte_is_where_it_should_be(void **state)
{
    (void)state;
    ddmd_error err = {0};
    const char *path = test_scratch("a.dcd");
    char beside[4096];
    beside_name(beside, sizeof beside, path);
    ddmd_dcd_options options = {
        .n_atoms = N_ATOMS, .interval_ps = 10, .first_frame = 3, .title = "fs-peptide\nmore"};
    ddmd_dcd_writer *writer = NULL;
    ddmd_frame frame = sample_frame_alloc(N_ATOMS, 0);
    ASSERT_OK(ddmd_dcd_writer_create(path, &options, &writer, &err), &err);
    for (uint64_t row = 0; row < N_FRAMES; row++) {
        sample_frame_fill(&frame, N_ATOMS, 0, row);
        ASSERT_OK(ddmd_dcd_writer_append(writer, frame.positions, &err), &err);
    }
    assert_false(ddmd_file_exists(path));
    assert_true(ddmd_file_exists(beside));
    ASSERT_OK(ddmd_dcd_writer_close(&writer, &err), &err);
    assert_null(writer);
    assert_false(ddmd_file_exists(beside));

    char *bytes = NULL;
    size_t length = 0;
    const size_t record = 4 * N_ATOMS + 8;
    ASSERT_OK(ddmd_file_read(path, 1 << 20, &bytes, &length, &err), &err);
    assert_int_equal(length, HEADER + TITLES + COUNT + N_FRAMES * 3 * record);
    assert_int_equal(integer(bytes), 84);
    assert_memory_equal(bytes + 4, "CORD", 4);
    assert_int_equal(integer(bytes + 8), N_FRAMES);
    assert_int_equal(integer(bytes + 12), 3);
    assert_int_equal(integer(bytes + 16), 1);
    assert_int_equal(integer(bytes + 20), 3 + N_FRAMES - 1);
    assert_true(fabsf(number(bytes + 44) * 0.04888821F - 10) < 1e-5F); /* float32 of 10 ps */
    assert_int_equal(integer(bytes + 48), 0);                          /* no unit cell */
    assert_int_equal(integer(bytes + 84), 24);
    assert_int_equal(integer(bytes + 88), 84);
    assert_int_equal(integer(bytes + HEADER), 164);
    assert_int_equal(integer(bytes + HEADER + 4), 2);
    assert_memory_equal(bytes + HEADER + 8, "fs-peptide   ", 13);
    assert_int_equal(integer(bytes + HEADER + TITLES + 4), N_ATOMS);
    const char *at = bytes + HEADER + TITLES + COUNT;
    for (uint64_t row = 0; row < N_FRAMES; row++) {
        sample_frame_fill(&frame, N_ATOMS, 0, row);
        for (int axis = 0; axis < 3; axis++) {
            assert_int_equal(integer(at), 4 * N_ATOMS);
            for (int atom = 0; atom < N_ATOMS; atom++)
                assert_true(number(at + 4 + 4 * (size_t)atom) ==
                            frame.positions[3 * atom + axis] * 10.0F);
            assert_int_equal(integer(at + record - 4), 4 * N_ATOMS);
            at += record;
        }
    }
    free(bytes);
    sample_frame_free(&frame);
}

static void giving_up_leaves_nothing(void **state)
{
    (void)state;
    ddmd_error err = {0};
    const char *path = test_scratch("given-up.dcd");
    char beside[4096];
    beside_name(beside, sizeof beside, path);
    ASSERT_OK(ddmd_file_replace(path, "old", 3, &err), &err);
    ddmd_dcd_options options = {.n_atoms = N_ATOMS, .interval_ps = 1};
    ddmd_dcd_writer *writer = NULL;
    ASSERT_OK(ddmd_dcd_writer_create(path, &options, &writer, &err), &err);
    ddmd_dcd_writer_destroy(&writer);
    assert_null(writer);
    ddmd_dcd_writer_destroy(&writer);
    assert_false(ddmd_file_exists(beside));
    char *bytes = NULL;
    size_t length = 0;
    ASSERT_OK(ddmd_file_read(path, 100, &bytes, &length, &err), &err);
    assert_int_equal(length, 3);
    free(bytes);
}

static void impossible_files_are_refused(void **state)
{
    (void)state;
    ddmd_error err = {0};
    ddmd_dcd_writer *writer = NULL;
    static const struct {
        ddmd_dcd_options options;
        const char *word;
    } cases[] = {
        {{.n_atoms = 0, .interval_ps = 1}, "atoms"},
        {{.n_atoms = SIZE_MAX, .interval_ps = 1}, "atoms"},
        {{.n_atoms = 1, .interval_ps = 0}, "interval_ps"},
        {{.n_atoms = 1, .interval_ps = -1}, "interval_ps"},
        {{.n_atoms = 1, .interval_ps = NAN}, "interval_ps"},
        {{.n_atoms = 1, .interval_ps = 1e300}, "interval_ps"},
        {{.n_atoms = 1, .interval_ps = 1, .first_frame = UINT32_MAX}, "first_frame"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        assert_int_equal(
            ddmd_dcd_writer_create(test_scratch("no.dcd"), &cases[i].options, &writer, &err),
            DDMD_INVALID);
        assert_non_null(strstr(err.message, cases[i].word));
    }
    ddmd_dcd_options options = {.n_atoms = 1, .interval_ps = 1};
    assert_int_equal(ddmd_dcd_writer_create("/nonexistent/x.dcd", &options, &writer, &err),
                     DDMD_IO);
    assert_non_null(strstr(err.message, "No such file"));
    assert_null(writer);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_byte_is_where_it_should_be),
        cmocka_unit_test(giving_up_leaves_nothing),
        cmocka_unit_test(impossible_files_are_refused),
    };
    return cmocka_run_group_tests_name("dcd", tests, NULL, NULL);
}
