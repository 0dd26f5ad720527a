/* Files that are not what they should be: an answer, never a crash. */
#include "sample.h"
#include "support/cmocka.h"
#include "support/data.h"

#include "core/file.h"
#include "ddmd/random.h"

#include <hdf5.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

enum { N_ATOMS = 12, N_POINTS = 4, N_ROWS = 5 };

/* A good file of N_ROWS frames, in memory. */
static void good_file(char **bytes, size_t *length)
{
    ddmd_error err = {0};
    const char *path = test_scratch("good.h5");
    ddmd_frame_file *file = NULL;
    ddmd_structure *structure = sample_structure(N_ATOMS);
    ddmd_frame frame = sample_frame_alloc(N_ATOMS, N_POINTS);
    unlink(path);
    ASSERT_OK(ddmd_frame_file_create(path, structure, N_POINTS, "", &file, &err), &err);
    for (uint64_t row = 0; row < N_ROWS; row++) {
        sample_frame_fill(&frame, N_ATOMS, N_POINTS, row);
        ASSERT_OK(ddmd_frame_file_append(file, &frame, 1, &err), &err);
    }
    ASSERT_OK(ddmd_frame_file_sync(file, &err), &err);
    ddmd_frame_file_close(&file);
    sample_frame_free(&frame);
    ddmd_structure_destroy(&structure);
    ASSERT_OK(ddmd_file_read(path, 1 << 24, bytes, length, &err), &err);
}

/* Everything that a reader does; the first answer that is not success. */
static enum ddmd_status read_all(ddmd_frame_file *file, ddmd_error *err)
{
    enum ddmd_status status = DDMD_OK;
    ddmd_structure *structure = NULL;
    size_t n_atoms = ddmd_frame_file_atoms(file), n_points = ddmd_frame_file_points(file);
    if (n_atoms > 1000 || n_points > 1000)
        return DDMD_OK; /* a good file says nothing of the kind; there is nothing to read then */
    ddmd_frame frame = sample_frame_alloc(n_atoms, n_points);
    for (uint64_t row = 0; status == DDMD_OK && row < ddmd_frame_file_frames(file) && row < 50;
         row++)
        status = ddmd_frame_file_read(file, row, &frame, err);
    if (status == DDMD_OK)
        status = ddmd_frame_file_structure(file, &structure, err);
    ddmd_structure_destroy(&structure);
    sample_frame_free(&frame);
    return status;
}

/* Ends the process where an answer is not one that a caller can use. */
static void check_answer(enum ddmd_status status, const ddmd_error *err)
{
    if (status == DDMD_OK)
        return;
    bool usable = status == DDMD_FORMAT || status == DDMD_IO || status == DDMD_EXTERNAL;
    if (!usable || !strstr(err->message, ".h5: ")) {
        fprintf(stderr, "unexpected answer: %s\n", err->message);
        _exit(99);
    }
}

static enum ddmd_status try_here(const char *path)
{
    ddmd_error err = {0};
    ddmd_frame_file *file = NULL;
    enum ddmd_status opened = ddmd_frame_file_open(path, &file, &err);
    check_answer(opened, &err);
    if (opened == DDMD_OK)
        check_answer(read_all(file, &err), &err);
    ddmd_frame_file_close(&file);
    enum ddmd_status mended = ddmd_frame_file_recover(path, 3, &file, &err);
    check_answer(mended, &err);
    if (mended == DDMD_OK)
        check_answer(read_all(file, &err), &err);
    ddmd_frame_file_close(&file);
    return opened;
}

/*
 * Open, read and mend a file; returns what opening it for reading said. In a process of its own,
 * since HDF5 loses memory where metadata is damaged, which a leak checker would lay at our door.
 */
static enum ddmd_status try_everything(const char *path)
{
    int how = 0;
    pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0)
        _exit((int)try_here(path));
    assert_int_equal(waitpid(pid, &how, 0), pid);
    if (!WIFEXITED(how) || WEXITSTATUS(how) > DDMD_CANCELLED)
        fail_msg("%s: the process that read it ended with status %d", path, how);
    return (enum ddmd_status)WEXITSTATUS(how);
}

static void what_is_no_hdf5_file_is_refused(void **state)
{
    (void)state;
    ddmd_error err = {0};
    ddmd_frame_file *file = NULL;
    const char *path = test_scratch("other.h5");
    char text[20000];
    ddmd_random random;
    ddmd_random_init(&random, 1, DDMD_RANDOM_TEST, 0, 0);
    for (size_t i = 0; i < sizeof text; i++)
        text[i] = (char)ddmd_random_u32(&random);
    static const size_t lengths[] = {0, 1, 8, 100, sizeof text};
    for (size_t i = 0; i < sizeof lengths / sizeof *lengths; i++) {
        ASSERT_OK(ddmd_file_replace(path, text, lengths[i], &err), &err);
        assert_int_equal(try_everything(path), DDMD_FORMAT);
    }
    assert_int_equal(ddmd_frame_file_open("/nonexistent/x.h5", &file, &err), DDMD_IO);
    assert_non_null(strstr(err.message, "No such file"));
    assert_int_equal(ddmd_frame_file_recover("/nonexistent/x.h5", 0, &file, &err), DDMD_IO);
    assert_int_equal(ddmd_frame_file_open("/tmp", &file, &err), DDMD_IO);
    assert_non_null(strstr(err.message, "Is a directory"));
    assert_int_equal(ddmd_frame_file_open("/dev/null", &file, &err), DDMD_IO);
    assert_null(file);
}

static void a_truncated_file_is_refused(void **state)
{
    (void)state;
    ddmd_error err = {0};
    char *bytes = NULL;
    size_t length = 0;
    good_file(&bytes, &length);
    const char *path = test_scratch("cut.h5");
    ASSERT_OK(ddmd_file_replace(path, bytes, length, &err), &err);
    assert_int_equal(try_everything(path), DDMD_OK);
    for (size_t cut = 0; cut < length; cut += length / 61) {
        ASSERT_OK(ddmd_file_replace(path, bytes, cut, &err), &err);
        assert_int_equal(try_everything(path), DDMD_FORMAT);
    }
    ASSERT_OK(ddmd_file_replace(path, bytes, length - 1, &err), &err);
    assert_int_equal(try_everything(path), DDMD_FORMAT);
    free(bytes);
}

static void flipped_bits_are_refused_or_read(void **state)
{
    (void)state;
    ddmd_error err = {0};
    char *bytes = NULL;
    size_t length = 0;
    good_file(&bytes, &length);
    const char *path = test_scratch("flipped.h5");
    ddmd_random random;
    ddmd_random_init(&random, 1, DDMD_RANDOM_TEST, 1, 0);
    int refused = 0;
    for (int turn = 0; turn < 300; turn++) {
        /* Metadata lies in the first half and is what can mislead. */
        size_t at = ddmd_random_u32(&random) % (turn % 2 ? 512 : length);
        char before = bytes[at];
        bytes[at] = (char)(before ^ (1 << (ddmd_random_u32(&random) % 8)));
        ASSERT_OK(ddmd_file_replace(path, bytes, length, &err), &err);
        refused += try_everything(path) != DDMD_OK;
        bytes[at] = before;
    }
    assert_true(refused > 0);
    free(bytes);
}

static void a_missing_object_is_named(void **state)
{
    (void)state;
    static const char *const paths[] = {
        "/particles/trajectory/position/value",
        "/particles/trajectory/velocity/value",
        "/particles/trajectory/position/time",
        "/particles/trajectory/position/step",
        "/observables/potential_energy/value",
        "/observables/contact_map/value",
        "/observables/simulation/value",
        "/parameters/ddmd",
        "/parameters/ddmd/atoms",
        "/parameters/ddmd/residues",
        "/parameters/ddmd/chains",
        "/connectivity/bonds",
    };
    ddmd_error err = {0};
    char *bytes = NULL;
    size_t length = 0;
    good_file(&bytes, &length);
    const char *path = test_scratch("missing.h5");
    for (size_t i = 0; i < sizeof paths / sizeof *paths; i++) {
        ASSERT_OK(ddmd_file_replace(path, bytes, length, &err), &err);
        hid_t h5 = H5Fopen(path, H5F_ACC_RDWR, H5P_DEFAULT);
        assert_true(h5 >= 0 && H5Ldelete(h5, paths[i], H5P_DEFAULT) >= 0 && H5Fclose(h5) >= 0);
        ddmd_frame_file *file = NULL;
        ddmd_structure *structure = NULL;
        enum ddmd_status status = ddmd_frame_file_open(path, &file, &err);
        if (status == DDMD_OK)
            status = ddmd_frame_file_structure(file, &structure, &err);
        ddmd_frame_file_close(&file);
        assert_null(structure);
        assert_int_equal(status, DDMD_FORMAT);
        if (!strstr(err.message, paths[i]))
            fail_msg("'%s' does not name %s", err.message, paths[i]);
        try_everything(path);
    }
    free(bytes);
}

/* Put another dataset in the place of one. */
static void replace_dataset(const char *path, const char *name, hid_t type, int rank,
                            const hsize_t *dimensions, const hsize_t *most, const hsize_t *chunk,
                            const void *values)
{
    hid_t h5 = H5Fopen(path, H5F_ACC_RDWR, H5P_DEFAULT);
    hid_t space = H5Screate_simple(rank, dimensions, most),
          creation = H5Pcreate(H5P_DATASET_CREATE);
    assert_true(h5 >= 0 && space >= 0 && creation >= 0);
    if (chunk)
        assert_true(H5Pset_chunk(creation, rank, chunk) >= 0);
    assert_true(H5Ldelete(h5, name, H5P_DEFAULT) >= 0);
    hid_t set = H5Dcreate2(h5, name, type, space, H5P_DEFAULT, creation, H5P_DEFAULT);
    assert_true(set >= 0);
    if (values)
        assert_true(H5Dwrite(set, type, H5S_ALL, H5S_ALL, H5P_DEFAULT, values) >= 0);
    H5Dclose(set);
    H5Pclose(creation);
    H5Sclose(space);
    assert_true(H5Fclose(h5) >= 0);
}

static void expect_format(const char *path, const char *word)
{
    ddmd_error err = {0};
    ddmd_frame_file *file = NULL;
    ddmd_structure *structure = NULL;
    enum ddmd_status status = ddmd_frame_file_open(path, &file, &err);
    if (status == DDMD_OK)
        status = ddmd_frame_file_structure(file, &structure, &err);
    ddmd_structure_destroy(&structure);
    ddmd_frame_file_close(&file);
    assert_int_equal(status, DDMD_FORMAT);
    if (!strstr(err.message, word))
        fail_msg("'%s' does not say '%s'", err.message, word);
    try_everything(path);
}

static void another_shape_or_type_is_refused(void **state)
{
    (void)state;
    static const char position[] = "/particles/trajectory/position/value";
    static const char energy[] = "/observables/potential_energy/value";
    static const char bonds[] = "/connectivity/bonds";
    const hsize_t free_rows = H5S_UNLIMITED;
    ddmd_error err = {0};
    char *bytes = NULL;
    size_t length = 0;
    good_file(&bytes, &length);
    const char *path = test_scratch("shape.h5");
#define GOOD_AGAIN() ASSERT_OK(ddmd_file_replace(path, bytes, length, &err), &err)

    GOOD_AGAIN();
    replace_dataset(path, position, H5T_IEEE_F64LE, 3, (hsize_t[]){0, N_ATOMS, 3},
                    (hsize_t[]){free_rows, N_ATOMS, 3}, (hsize_t[]){1, N_ATOMS, 3}, NULL);
    expect_format(path, "float32");
    GOOD_AGAIN();
    replace_dataset(path, position, H5T_IEEE_F32LE, 2, (hsize_t[]){0, N_ATOMS},
                    (hsize_t[]){free_rows, N_ATOMS}, (hsize_t[]){1, N_ATOMS}, NULL);
    expect_format(path, "3 dimensions");
    GOOD_AGAIN();
    replace_dataset(path, position, H5T_IEEE_F32LE, 3, (hsize_t[]){0, N_ATOMS, 2},
                    (hsize_t[]){free_rows, N_ATOMS, 2}, (hsize_t[]){1, N_ATOMS, 2}, NULL);
    expect_format(path, "dimension 2");
    GOOD_AGAIN();
    replace_dataset(path, position, H5T_IEEE_F32LE, 3, (hsize_t[]){0, 1LL << 40, 3},
                    (hsize_t[]){free_rows, 1LL << 40, 3}, (hsize_t[]){1, 16, 3}, NULL);
    expect_format(path, "atoms");
    GOOD_AGAIN();
    replace_dataset(path, energy, H5T_IEEE_F64LE, 1, (hsize_t[]){5}, NULL, NULL, NULL);
    expect_format(path, "first one unlimited");
    GOOD_AGAIN();
    replace_dataset(path, energy, H5T_IEEE_F64BE, 1, (hsize_t[]){5}, (hsize_t[]){free_rows},
                    (hsize_t[]){5}, NULL);
    expect_format(path, "little-endian float64");
    GOOD_AGAIN();
    static const int32_t far_bond[1][2] = {{3, N_ATOMS}}, turned_bond[1][2] = {{3, 2}};
    replace_dataset(path, bonds, H5T_STD_I32LE, 2, (hsize_t[]){1, 2}, NULL, NULL, far_bond);
    expect_format(path, "bond 0");
    GOOD_AGAIN();
    replace_dataset(path, bonds, H5T_STD_I32LE, 2, (hsize_t[]){1, 2}, NULL, NULL, turned_bond);
    expect_format(path, "bond 0");
    GOOD_AGAIN();
    replace_dataset(path, bonds, H5T_STD_I32LE, 2, (hsize_t[]){1LL << 50, 2},
                    (hsize_t[]){1LL << 50, 2}, (hsize_t[]){1, 2}, NULL);
    expect_format(path, "wrong size");
    GOOD_AGAIN();
    replace_dataset(path, "/parameters/ddmd/atoms", H5T_STD_I32LE, 1, (hsize_t[]){N_ATOMS}, NULL,
                    NULL, NULL);
    expect_format(path, "/parameters/ddmd/atoms");
#undef GOOD_AGAIN
    free(bytes);
}

static void data_in_other_files_is_not_followed(void **state)
{
    (void)state;
    ddmd_error err = {0};
    char *bytes = NULL;
    size_t length = 0;
    good_file(&bytes, &length);
    const char *path = test_scratch("external.h5");
    ASSERT_OK(ddmd_file_replace(path, bytes, length, &err), &err);
    hid_t h5 = H5Fopen(path, H5F_ACC_RDWR, H5P_DEFAULT);
    hid_t space = H5Screate_simple(2, (hsize_t[]){1, 2}, NULL);
    hid_t creation = H5Pcreate(H5P_DATASET_CREATE);
    assert_true(h5 >= 0 && H5Pset_external(creation, "/etc/passwd", 0, 8) >= 0);
    assert_true(H5Ldelete(h5, "/connectivity/bonds", H5P_DEFAULT) >= 0);
    hid_t set = H5Dcreate2(h5, "/connectivity/bonds", H5T_STD_I32LE, space, H5P_DEFAULT, creation,
                           H5P_DEFAULT);
    assert_true(set >= 0);
    H5Dclose(set);
    H5Pclose(creation);
    H5Sclose(space);
    assert_true(H5Fclose(h5) >= 0);
    expect_format(path, "another file");
    free(bytes);
}

static void too_few_frames_are_counted(void **state)
{
    (void)state;
    ddmd_error err = {0};
    char *bytes = NULL;
    size_t length = 0;
    good_file(&bytes, &length);
    const char *path = test_scratch("few.h5");
    ASSERT_OK(ddmd_file_replace(path, bytes, length, &err), &err);
    ddmd_frame_file *file = NULL;
    assert_int_equal(ddmd_frame_file_recover(path, N_ROWS + 1, &file, &err), DDMD_FORMAT);
    assert_non_null(strstr(err.message, "5 frames are there, 6 should be"));
    assert_null(file);
    ASSERT_OK(ddmd_frame_file_recover(path, N_ROWS, &file, &err), &err);
    ASSERT_OK(read_all(file, &err), &err);
    ddmd_frame_file_close(&file);
    free(bytes);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_no_hdf5_file_is_refused),
        cmocka_unit_test(a_truncated_file_is_refused),
        cmocka_unit_test(flipped_bits_are_refused_or_read),
        cmocka_unit_test(a_missing_object_is_named),
        cmocka_unit_test(another_shape_or_type_is_refused),
        cmocka_unit_test(data_in_other_files_is_not_followed),
        cmocka_unit_test(too_few_frames_are_counted),
    };
    return cmocka_run_group_tests_name("hostile", tests, NULL, NULL);
}
