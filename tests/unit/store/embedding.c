#include "support/cmocka.h"
#include "support/data.h"

#include "core/file.h"
#include "ddmd/embedding.h"
#include "ddmd/random.h"

#include <hdf5.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

enum { N = 50, DIM = 3 };

static float latent[N * DIM], rmsd[N];
static uint32_t simulation[N], index_of[N];

static ddmd_embedding sample(size_t n)
{
    ddmd_random random;
    ddmd_random_init(&random, 3, DDMD_RANDOM_TEST, 0, 0);
    for (size_t i = 0; i < N * DIM; i++)
        latent[i] = (float)ddmd_random_normal(&random);
    for (size_t i = 0; i < N; i++) {
        simulation[i] = ddmd_random_u32(&random);
        index_of[i] = (uint32_t)i;
        rmsd[i] = i % 7 ? (float)ddmd_random_uniform(&random) : NAN;
    }
    return (ddmd_embedding){.round = 4,
                            .model_version = 3,
                            .n = n,
                            .latent_dim = DIM,
                            .latent = latent,
                            .simulation = simulation,
                            .index = index_of,
                            .rmsd_nm = rmsd};
}

static void what_was_written_is_read(void **state)
{
    (void)state;
    ddmd_error err = {0};
    for (size_t n = 0; n <= N; n += N / 2) {
        const char *path = test_scratch("embedding.h5");
        const ddmd_embedding written = sample(n);
        ddmd_embedding read = {0};
        ASSERT_OK(ddmd_embedding_write(path, &written, &err), &err);
        ASSERT_OK(ddmd_embedding_read(path, &read, &err), &err);
        assert_int_equal(read.round, 4);
        assert_int_equal(read.model_version, 3);
        assert_int_equal(read.n, n);
        assert_int_equal(read.latent_dim, DIM);
        assert_memory_equal(read.latent, latent, n * DIM * sizeof *latent);
        assert_memory_equal(read.simulation, simulation, n * sizeof *simulation);
        assert_memory_equal(read.index, index_of, n * sizeof *index_of);
        assert_memory_equal(read.rmsd_nm, rmsd, n * sizeof *rmsd);
        ddmd_embedding_clear(&read);
        assert_null(read.latent);
    }
}

static void refuse(const char *path)
{
    ddmd_error err = {0};
    ddmd_embedding read = {.n = 77};
    assert_int_equal(ddmd_embedding_read(path, &read, &err), DDMD_FORMAT);
    assert_non_null(strstr(err.message, ".h5: "));
    assert_int_equal(read.n, 77);
    assert_null(read.latent);
}

/* A file whose dataset `name` is of this type and shape. */
static const char *file_with(const char *name, hid_t type, const hsize_t *extent, int rank)
{
    ddmd_error err = {0};
    const char *path = test_scratch("other.h5");
    const ddmd_embedding written = sample(N);
    ASSERT_OK(ddmd_embedding_write(path, &written, &err), &err);
    hid_t file = H5Fopen(path, H5F_ACC_RDWR, H5P_DEFAULT);
    assert_true(H5Ldelete(file, name, H5P_DEFAULT) >= 0);
    hid_t space = H5Screate_simple(rank, extent, NULL);
    hid_t set = H5Dcreate2(file, name, type, space, H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT);
    assert_true(set >= 0);
    H5Dclose(set);
    H5Sclose(space);
    H5Fclose(file);
    return path;
}

static void other_files_are_refused(void **state)
{
    (void)state;
    ddmd_error err = {0};
    const hsize_t flat[] = {N}, pairs[] = {N, DIM}, shorter[] = {N - 1};
    const hsize_t huge[] = {(hsize_t)1 << 40, (hsize_t)1 << 30};
    refuse(test_scratch("none.h5"));
    const char *path = test_scratch("text.h5");
    ASSERT_OK(ddmd_file_replace(path, "no HDF5", 7, &err), &err);
    refuse(path);
    refuse(file_with("latent", H5T_IEEE_F64LE, pairs, 2));
    refuse(file_with("latent", H5T_STD_I32LE, pairs, 2));
    refuse(file_with("latent", H5T_IEEE_F32LE, flat, 1));
    refuse(file_with("latent", H5T_IEEE_F32LE, huge, 2));
    refuse(file_with("index", H5T_IEEE_F32LE, flat, 1));
    refuse(file_with("index", H5T_STD_U32LE, shorter, 1));
    refuse(file_with("rmsd_nm", H5T_IEEE_F32LE, pairs, 2));
}

/* HDF5 believes sizes in damaged metadata; the sanitizer is to answer as malloc() does. */
const char *__asan_default_options(void); /* NOLINT(bugprone-reserved-identifier) */
const char *__asan_default_options(void)  /* NOLINT(bugprone-reserved-identifier) */
{
    return "allocator_may_return_null=1";
}

/*
 * What reading the file says, in a process of its own: HDF5 loses memory where metadata is damaged,
 * which a leak checker would lay at our door.
 */
static enum ddmd_status read_apart(const char *path)
{
    int how = 0;
    pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        ddmd_embedding read = {0};
        _exit((int)ddmd_embedding_read(path, &read, NULL));
    }
    assert_int_equal(waitpid(pid, &how, 0), pid);
    assert_true(WIFEXITED(how));
    return (enum ddmd_status)WEXITSTATUS(how);
}

static void damaged_files_are_answered(void **state)
{
    (void)state;
    ddmd_error err = {0};
    const ddmd_embedding written = sample(N);
    const char *path = test_scratch("damaged.h5");
    char *bytes = NULL;
    size_t length = 0, refused = 0;
    ddmd_random random;
    ASSERT_OK(ddmd_embedding_write(path, &written, &err), &err);
    ASSERT_OK(ddmd_file_read(path, 1 << 24, &bytes, &length, &err), &err);
    ddmd_random_init(&random, 5, DDMD_RANDOM_TEST, 0, 0);
    for (int i = 0; i < 200; i++) {
        size_t at = ddmd_random_below(&random, (uint32_t)length);
        size_t left = i % 4 ? length : at;
        char before = bytes[at];
        bytes[at] = (char)ddmd_random_u32(&random);
        ASSERT_OK(ddmd_file_replace(path, bytes, left, &err), &err);
        bytes[at] = before;
        enum ddmd_status status = read_apart(path);
        assert_true(status == DDMD_OK || status == DDMD_FORMAT);
        refused += status != DDMD_OK;
    }
    assert_true(refused >= 50); /* those that were cut off at least */
    free(bytes);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_was_written_is_read),
        cmocka_unit_test(other_files_are_refused),
        cmocka_unit_test(damaged_files_are_answered),
    };
    return cmocka_run_group_tests_name("embedding files", tests, NULL, NULL);
}
