#include "sample.h"
#include "support/cmocka.h"
#include "support/data.h"

#include "core/file.h"
#include "ddmd/geometry.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Write rows first .. first+n-1 in appends of `batch` frames. */
static void append_rows(ddmd_frame_file *file, uint64_t first, size_t n, size_t batch)
{
    ddmd_error err = {0};
    size_t n_atoms = ddmd_frame_file_atoms(file), n_points = ddmd_frame_file_points(file);
    ddmd_frame *frames = calloc(batch, sizeof *frames);
    assert_non_null(frames);
    for (size_t i = 0; i < batch; i++)
        frames[i] = sample_frame_alloc(n_atoms, n_points);
    for (size_t done = 0; done < n;) {
        size_t count = n - done < batch ? n - done : batch;
        for (size_t i = 0; i < count; i++)
            sample_frame_fill(&frames[i], n_atoms, n_points, first + done + i);
        ASSERT_OK(ddmd_frame_file_append(file, frames, count, &err), &err);
        done += count;
    }
    for (size_t i = 0; i < batch; i++)
        sample_frame_free(&frames[i]);
    free(frames);
}

static void check_rows(ddmd_frame_file *file, uint64_t n)
{
    ddmd_error err = {0};
    size_t n_atoms = ddmd_frame_file_atoms(file), n_points = ddmd_frame_file_points(file);
    ddmd_frame frame = sample_frame_alloc(n_atoms, n_points);
    assert_int_equal(ddmd_frame_file_frames(file), n);
    for (uint64_t row = 0; row < n; row++) {
        ASSERT_OK(ddmd_frame_file_read(file, row, &frame, &err), &err);
        sample_frame_check(&frame, n_atoms, n_points, row);
    }
    assert_int_equal(ddmd_frame_file_read(file, n, &frame, &err), DDMD_INVALID);
    sample_frame_free(&frame);
}

static ddmd_frame_file *create(const char *path, int32_t n_atoms, size_t n_points)
{
    ddmd_error err = {0};
    ddmd_frame_file *file = NULL;
    ddmd_structure *structure = sample_structure(n_atoms);
    ASSERT_OK(ddmd_frame_file_create(path, structure, n_points, "a note", &file, &err), &err);
    ddmd_structure_destroy(&structure);
    return file;
}

static void frames_come_back_bit_for_bit(void **state)
{
    (void)state;
    static const struct {
        int32_t n_atoms;
        size_t n_points, n_frames, batch;
    } cases[] = {
        {1, 0, 3, 1},       {12, 1, 5, 2},     {12, 2, 9000, 700},   {264, 23, 500, 1},
        {264, 23, 500, 64}, {5000, 600, 7, 3}, {100000, 3375, 3, 2},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        ddmd_error err = {0};
        char name[64];
        snprintf(name, sizeof name, "case-%zu.h5", i);
        const char *path = test_scratch(name);
        ddmd_frame_file *file = create(path, cases[i].n_atoms, cases[i].n_points);
        assert_int_equal(ddmd_frame_file_atoms(file), cases[i].n_atoms);
        assert_int_equal(ddmd_frame_file_points(file), cases[i].n_points);
        assert_int_equal(ddmd_frame_file_frames(file), 0);
        append_rows(file, 0, cases[i].n_frames, cases[i].batch);
        check_rows(file, cases[i].n_frames); /* a writer reads what it has not synced yet */
        ASSERT_OK(ddmd_frame_file_sync(file, &err), &err);
        ddmd_frame_file_close(&file);
        assert_null(file);

        ASSERT_OK(ddmd_frame_file_open(path, &file, &err), &err);
        check_rows(file, cases[i].n_frames);
        ddmd_frame_file_close(&file);
        unlink(path);
    }
}

static void null_arrays_are_passed_over(void **state)
{
    (void)state;
    ddmd_error err = {0};
    ddmd_frame_file *file = create(test_scratch("null.h5"), 20, 5);
    append_rows(file, 0, 4, 4);
    ddmd_frame frame = {0};
    ASSERT_OK(ddmd_frame_file_read(file, 3, &frame, &err), &err);
    assert_int_equal(frame.simulation, 3);
    assert_int_equal(frame.step, 500);
    assert_null(frame.positions);
    ddmd_frame_file_close(&file);
}

static void columns_are_read_by_range(void **state)
{
    (void)state;
    enum { N = 5000, FIRST = 2040, COUNT = 2100, POINTS = 23 };
    ddmd_error err = {0};
    const size_t bytes = ddmd_contact_map_bytes(POINTS);
    ddmd_frame_file *file = create(test_scratch("columns.h5"), 12, POINTS);
    append_rows(file, 0, N, 999);
    uint32_t *simulation = calloc(COUNT, sizeof *simulation), *index = calloc(COUNT, sizeof *index);
    float *rmsd = calloc(COUNT, sizeof *rmsd);
    uint8_t *maps = calloc(COUNT, bytes);
    assert_true(simulation && index && rmsd && maps);
    ddmd_frame_columns columns = {simulation, index, rmsd, maps};
    ASSERT_OK(ddmd_frame_file_read_columns(file, FIRST, COUNT, &columns, &err), &err);
    ddmd_frame frame = sample_frame_alloc(12, POINTS);
    for (size_t i = 0; i < COUNT; i++) {
        sample_frame_fill(&frame, 12, POINTS, FIRST + i);
        assert_int_equal(simulation[i], frame.simulation);
        assert_int_equal(index[i], frame.index);
        assert_memory_equal(&rmsd[i], &frame.rmsd_nm, sizeof *rmsd);
        assert_memory_equal(maps + i * bytes, frame.contact_map, bytes);
    }
    sample_frame_free(&frame);

    ddmd_frame_columns none = {0};
    ASSERT_OK(ddmd_frame_file_read_columns(file, 0, N, &none, &err), &err);
    ASSERT_OK(ddmd_frame_file_read_columns(file, N, 0, &columns, &err), &err);
    assert_int_equal(ddmd_frame_file_read_columns(file, 1, N, &columns, &err), DDMD_INVALID);
    assert_int_equal(ddmd_frame_file_read_columns(file, UINT64_MAX, 2, &columns, &err),
                     DDMD_INVALID);
    free(simulation);
    free(index);
    free(rmsd);
    free(maps);
    ddmd_frame_file_close(&file);
}

static void the_structure_comes_back(void **state)
{
    (void)state;
    ddmd_error err = {0};
    const char *path = test_scratch("structure.h5");
    ddmd_structure *given = sample_structure(30), *read = NULL;
    given->has_box = true;
    given->box[0][0] = 3;
    given->box[1][0] = 0.5;
    given->box[1][1] = 4;
    given->box[2][2] = 5;
    ddmd_frame_file *file = NULL;
    ASSERT_OK(ddmd_frame_file_create(path, given, 4, "", &file, &err), &err);
    ASSERT_OK(ddmd_frame_file_structure(file, &read, &err), &err);
    assert_int_equal(read->n_models, 0);
    ddmd_structure_destroy(&read);
    append_rows(file, 0, 2, 1);
    ddmd_frame_file_close(&file);

    ASSERT_OK(ddmd_frame_file_open(path, &file, &err), &err);
    ASSERT_OK(ddmd_frame_file_structure(file, &read, &err), &err);
    assert_string_equal(read->source, given->source);
    assert_int_equal(read->n_atoms, given->n_atoms);
    assert_int_equal(read->n_residues, given->n_residues);
    assert_int_equal(read->n_chains, given->n_chains);
    assert_int_equal(read->n_bonds, given->n_bonds);
    assert_memory_equal(read->bonds, given->bonds, (size_t)given->n_bonds * sizeof *given->bonds);
    assert_memory_equal(read->box, given->box, sizeof given->box);
    assert_true(read->has_box);
    for (int32_t i = 0; i < given->n_atoms; i++) {
        const ddmd_atom *a = &given->atoms[i], *b = &read->atoms[i];
        assert_string_equal(a->name, b->name);
        assert_string_equal(a->element, b->element);
        assert_int_equal(a->residue, b->residue);
        assert_int_equal(a->line, b->line);
        assert_int_equal(a->hetero, b->hetero);
        assert_true(a->occupancy == b->occupancy && a->b_factor == b->b_factor);
    }
    for (int32_t i = 0; i < given->n_residues; i++) {
        const ddmd_residue *a = &given->residues[i], *b = &read->residues[i];
        assert_string_equal(a->name, b->name);
        assert_int_equal(a->number, b->number);
        assert_int_equal(a->insertion_code, b->insertion_code);
        assert_int_equal(a->chain, b->chain);
        assert_int_equal(a->first_atom, b->first_atom);
        assert_int_equal(a->n_atoms, b->n_atoms);
    }
    for (int32_t i = 0; i < given->n_chains; i++) {
        assert_string_equal(given->chains[i].id, read->chains[i].id);
        assert_int_equal(given->chains[i].first_residue, read->chains[i].first_residue);
        assert_int_equal(given->chains[i].n_residues, read->chains[i].n_residues);
    }
    assert_int_equal(read->n_models, 1);
    ddmd_frame frame = sample_frame_alloc(30, 4);
    sample_frame_fill(&frame, 30, 4, 0);
    for (size_t i = 0; i < 90; i++)
        assert_true(read->positions[i] == frame.positions[i]);
    sample_frame_free(&frame);
    ddmd_structure_destroy(&read);
    ddmd_structure_destroy(&given);
    ddmd_frame_file_close(&file);
}

static void a_reader_follows_a_writer(void **state)
{
    (void)state;
    ddmd_error err = {0};
    const char *path = test_scratch("growing.h5");
    ddmd_frame_file *writer = create(path, 264, 23), *reader = NULL;
    ASSERT_OK(ddmd_frame_file_open(path, &reader, &err), &err);
    assert_int_equal(ddmd_frame_file_frames(reader), 0);
    for (uint64_t n = 0; n < 3000; n += 300) {
        append_rows(writer, n, 300, 50);
        ASSERT_OK(ddmd_frame_file_refresh(reader, &err), &err);
        assert_int_equal(ddmd_frame_file_frames(reader), n);
        ASSERT_OK(ddmd_frame_file_sync(writer, &err), &err);
        ASSERT_OK(ddmd_frame_file_refresh(reader, &err), &err);
        check_rows(reader, n + 300);
    }
    ddmd_frame_file_close(&writer);
    ASSERT_OK(ddmd_frame_file_refresh(reader, &err), &err);
    check_rows(reader, 3000);
    assert_int_equal(ddmd_frame_file_append(reader, NULL, 0, &err), DDMD_INVALID);
    assert_int_equal(ddmd_frame_file_sync(reader, &err), DDMD_INVALID);
    ddmd_frame_file_close(&reader);
}

static void there_is_one_writer(void **state)
{
    (void)state;
    ddmd_error err = {0};
    const char *path = test_scratch("locked.h5");
    ddmd_frame_file *writer = create(path, 12, 4), *second = NULL;
    append_rows(writer, 0, 3, 1);
    ASSERT_OK(ddmd_frame_file_sync(writer, &err), &err);
    assert_int_equal(ddmd_frame_file_recover(path, 3, &second, &err), DDMD_TIMEOUT);
    assert_non_null(strstr(err.message, "another ddmd process (pid "));
    assert_null(second);
    append_rows(writer, 3, 1, 1);
    ddmd_frame_file_close(&writer);
    ASSERT_OK(ddmd_frame_file_recover(path, 3, &second, &err), &err);
    check_rows(second, 3);
    ddmd_frame_file_close(&second);
    char lock[4096];
    snprintf(lock, sizeof lock, "%s.lock", path);
    assert_false(ddmd_file_exists(lock));
}

static void creating_needs_a_free_name_and_sound_arguments(void **state)
{
    (void)state;
    ddmd_error err = {0};
    const char *path = test_scratch("taken.h5");
    ddmd_frame_file *file = create(path, 12, 4);
    ddmd_frame_file_close(&file);
    ddmd_structure *structure = sample_structure(12);
    assert_int_equal(ddmd_frame_file_create(path, structure, 4, "", &file, &err), DDMD_IO);
    assert_non_null(strstr(err.message, "exists already"));
    assert_int_equal(ddmd_frame_file_create("/nonexistent/x.h5", structure, 4, "", &file, &err),
                     DDMD_IO);
    assert_int_equal(
        ddmd_frame_file_create(test_scratch("p.h5"), structure, 1 << 20, "", &file, &err),
        DDMD_INVALID);
    structure->n_atoms = 0;
    assert_int_equal(ddmd_frame_file_create(test_scratch("a.h5"), structure, 4, "", &file, &err),
                     DDMD_INVALID);
    structure->n_atoms = 12;
    assert_null(file);
    ddmd_structure_destroy(&structure);

    file = create(test_scratch("lacking.h5"), 12, 4);
    ddmd_frame frame = sample_frame_alloc(12, 4);
    ddmd_frame lacking = frame;
    lacking.velocities = NULL;
    assert_int_equal(ddmd_frame_file_append(file, &lacking, 1, &err), DDMD_INVALID);
    assert_int_equal(ddmd_frame_file_frames(file), 0);
    append_rows(file, 0, 1, 1); /* it is none the worse for it */
    check_rows(file, 1);
    sample_frame_free(&frame);
    ddmd_frame_file_close(&file);
}

static void equal_frames_make_equal_files(void **state)
{
    (void)state;
    ddmd_error err = {0};
    /* HDF5 always dates the extension of the superblock, the first object of the file. */
    enum { EXTENSION = 48, EXTENSION_END = 112 };
    char *bytes[2] = {NULL, NULL};
    size_t length[2] = {0, 0};
    for (int i = 0; i < 2; i++) {
        const char *path = test_scratch(i ? "equal-b.h5" : "equal-a.h5");
        ddmd_frame_file *file = create(path, 264, 23);
        append_rows(file, 0, 300, 60);
        ddmd_frame_file_close(&file);
        ASSERT_OK(ddmd_file_read(path, 1 << 28, &bytes[i], &length[i], &err), &err);
        if (i == 0)
            sleep(1); /* time stamps of objects count whole seconds */
    }
    assert_int_equal(length[0], length[1]);
    assert_memory_equal(bytes[0], bytes[1], EXTENSION);
    assert_memory_equal(bytes[0] + EXTENSION_END, bytes[1] + EXTENSION_END,
                        length[0] - EXTENSION_END);
    free(bytes[0]);
    free(bytes[1]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(frames_come_back_bit_for_bit),
        cmocka_unit_test(null_arrays_are_passed_over),
        cmocka_unit_test(columns_are_read_by_range),
        cmocka_unit_test(the_structure_comes_back),
        cmocka_unit_test(a_reader_follows_a_writer),
        cmocka_unit_test(there_is_one_writer),
        cmocka_unit_test(creating_needs_a_free_name_and_sound_arguments),
        cmocka_unit_test(equal_frames_make_equal_files),
    };
    return cmocka_run_group_tests_name("frames", tests, NULL, NULL);
}
