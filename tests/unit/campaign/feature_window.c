/* The window that train and infer look at: every frame of every file once, whatever was missed. */
#include "campaign/role/feature_window.h"
#include "support/cmocka.h"
#include "support/data.h"

#include "campaign/frame_files.h"
#include "ddmd/peptide.h"
#include "stream/features.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

enum { N_BEADS = 6, MAP_BYTES = 2, MOST_ROWS = 4000, MOST_MESSAGE = 64 };

static char run_dir[4096];
static ddmd_frame_file *writers[DDMD_FRAME_FILES_MAX];
static size_t n_writers;

/* Row `row` of file f: two simulations, whose frames take turns. */
static uint32_t simulation_of(size_t f, uint64_t row)
{
    return (uint32_t)(2 * f + row % 2);
}

static uint32_t index_of(uint64_t row)
{
    return (uint32_t)(row / 2);
}

static char *file_path(size_t f)
{
    char *path = NULL;
    ddmd_error err = {0};
    ASSERT_OK(ddmd_frame_files_path(&path, run_dir, f, &err), &err);
    return path;
}

static void make_file(size_t f)
{
    ddmd_error err = {0};
    ddmd_structure *structure = NULL;
    char *path = file_path(f);
    ASSERT_OK(ddmd_bead_chain_build(N_BEADS, DDMD_PEPTIDE_HELIX, &structure, &err), &err);
    ASSERT_OK(ddmd_frame_file_create(path, structure, N_BEADS, "window", &writers[f], &err), &err);
    ASSERT_OK(ddmd_frame_file_sync(writers[f], &err), &err);
    ddmd_structure_destroy(&structure);
    free(path);
}

static void begin(const char *name, size_t n_files)
{
    snprintf(run_dir, sizeof run_dir, "%s", test_scratch(name));
    assert_int_equal(mkdir(run_dir, 0700), 0);
    n_writers = n_files;
    for (size_t f = 0; f < n_files; f++)
        make_file(f);
}

static void end(void)
{
    for (size_t f = 0; f < n_writers; f++)
        ddmd_frame_file_close(&writers[f]);
}

static void grow(size_t f, size_t n)
{
    ddmd_error err = {0};
    float xyz[N_BEADS * 3] = {0};
    for (size_t i = 0; i < n; i++) {
        uint64_t row = ddmd_frame_file_frames(writers[f]);
        uint8_t map[MAP_BYTES] = {(uint8_t)row, (uint8_t)f};
        const ddmd_frame frame = {.simulation = simulation_of(f, row),
                                  .index = index_of(row),
                                  .positions = xyz,
                                  .velocities = xyz,
                                  .contact_map = map};
        ASSERT_OK(ddmd_frame_file_append(writers[f], &frame, 1, &err), &err);
    }
    ASSERT_OK(ddmd_frame_file_sync(writers[f], &err), &err);
}

/* FEATURES of some rows of a file. */
static enum ddmd_status send_rows(ddmd_feature_window *window, size_t f, uint64_t first, size_t n,
                                  size_t n_points)
{
    ddmd_error err = {0};
    ddmd_feature list[MOST_MESSAGE];
    uint8_t maps[MOST_MESSAGE][MAP_BYTES];
    ddmd_message *message = NULL;
    for (size_t i = 0; i < n; i++) {
        maps[i][0] = (uint8_t)(first + i);
        maps[i][1] = (uint8_t)f;
        list[i] = (ddmd_feature){.simulation = simulation_of(f, first + i),
                                 .index = index_of(first + i),
                                 .created_s = 1,
                                 .map = maps[i]};
    }
    const ddmd_features features = {
        .file = (uint32_t)f, .first_row = first, .n = n, .n_points = n_points, .features = list};
    ASSERT_OK(ddmd_features_encode(&features, &message, &err), &err);
    enum ddmd_status status = ddmd_feature_window_put(window, message, &err);
    ddmd_message_destroy(&message);
    return status;
}

static void put(ddmd_feature_window *window, size_t f, uint64_t first, size_t n)
{
    assert_int_equal(send_rows(window, f, first, n, N_BEADS), DDMD_OK);
}

static ddmd_feature_window *make_window(size_t capacity, size_t n_files)
{
    ddmd_error err = {0};
    ddmd_feature_window *window = NULL;
    ASSERT_OK(ddmd_feature_window_create(capacity, N_BEADS, n_files, run_dir, &window, &err), &err);
    return window;
}

/* Frames that ever came, after reading what was missed. */
static uint64_t look(ddmd_feature_window *window)
{
    ddmd_error err = {0};
    uint64_t n = 0;
    ASSERT_OK(ddmd_feature_window_wait(window, UINT64_MAX, 0, &n, &err), &err);
    return n;
}

/* The window has the rows from[f] .. of each file up to its end, each once and in their order. */
static void expect(ddmd_feature_window *window, const uint64_t *from)
{
    ddmd_error err = {0};
    ddmd_feature_set set = {0};
    uint64_t next[DDMD_FRAME_FILES_MAX], total = 0;
    for (size_t f = 0; f < n_writers; f++) {
        next[f] = from[f];
        total += ddmd_frame_file_frames(writers[f]) - from[f];
    }
    ASSERT_OK(ddmd_feature_window_take(window, MOST_ROWS, &set, &err), &err);
    assert_int_equal(set.n, total);
    for (size_t i = 0; i < set.n; i++) {
        size_t f = set.simulation[i] / 2;
        const uint8_t *map = set.maps.maps + (size_t)set.maps.point_of[i] * MAP_BYTES;
        assert_true(f < n_writers);
        assert_int_equal(set.simulation[i], simulation_of(f, next[f]));
        assert_int_equal(set.index[i], index_of(next[f]));
        assert_int_equal(map[0], (uint8_t)next[f]);
        assert_int_equal(map[1], f);
        next[f]++;
    }
    for (size_t f = 0; f < n_writers; f++)
        assert_int_equal(next[f], ddmd_frame_file_frames(writers[f]));
    ddmd_feature_set_clear(&set);
}

static void every_frame_is_seen_once(void **state)
{
    (void)state;
    static const uint64_t all[DDMD_FRAME_FILES_MAX] = {0};
    begin("once", 2);
    grow(0, 10);
    grow(1, 3000); /* more than are read at once */
    ddmd_feature_window *window = make_window(MOST_ROWS, 2);
    assert_int_equal(look(window), 3010);
    expect(window, all);

    grow(0, 7);
    put(window, 0, 10, 5);
    assert_int_equal(look(window), 3015);
    put(window, 0, 10, 5); /* once more */
    assert_int_equal(look(window), 3015);
    put(window, 0, 12, 5); /* some of them are new */
    assert_int_equal(look(window), 3017);
    expect(window, all);

    grow(1, 20);
    grow(0, 2);
    put(window, 1, 3010, 10); /* ten before them are missing, */
    put(window, 0, 17, 2);    /* of the other file none */
    assert_int_equal(look(window), 3039);
    put(window, 1, 3000, 10);
    assert_int_equal(look(window), 3039);
    expect(window, all);
    ddmd_feature_window_destroy(&window);
    end();
}

/* What was read counts as seen when its message comes late, and the other way round. */
static void messages_and_files_do_not_overlap(void **state)
{
    (void)state;
    static const uint64_t all[DDMD_FRAME_FILES_MAX] = {0};
    begin("overlap", 3);
    for (size_t f = 0; f < 3; f++)
        grow(f, 20);
    ddmd_feature_window *window = make_window(MOST_ROWS, 3);
    put(window, 2, 0, 20); /* before anything was read: not taken, the file is read first */
    assert_int_equal(look(window), 60);
    for (size_t f = 0; f < 3; f++)
        put(window, f, 10, 10);
    assert_int_equal(look(window), 60);
    expect(window, all);
    ddmd_feature_window_destroy(&window);
    end();
}

static void the_newest_of_each_file_are_kept_in_proportion(void **state)
{
    (void)state;
    static const uint64_t from[DDMD_FRAME_FILES_MAX] = {225, 75, 0};
    ddmd_error err = {0};
    ddmd_feature_set set = {0};
    begin("share", 3);
    grow(0, 300);
    grow(1, 100);
    ddmd_feature_window *window = make_window(100, 3);
    assert_int_equal(look(window), 400);
    expect(window, from);
    ASSERT_OK(ddmd_feature_window_take(window, 10, &set, &err), &err);
    assert_int_equal(set.first, 390);
    ddmd_feature_set_clear(&set);
    ddmd_feature_window_destroy(&window);
    end();
}

static void features_of_another_campaign_are_refused(void **state)
{
    (void)state;
    begin("foreign", 2);
    ddmd_feature_window *window = make_window(100, 2);
    assert_int_equal(send_rows(window, 2, 0, 1, N_BEADS), DDMD_FORMAT);
    assert_int_equal(send_rows(window, 0, 0, 1, 3), DDMD_FORMAT);
    assert_int_equal(look(window), 0);
    ddmd_feature_window_destroy(&window);
    end();
}

static void a_file_that_cannot_be_read_is_named(void **state)
{
    (void)state;
    ddmd_error err = {0};
    uint64_t n = 0;
    begin("missing", 1);
    grow(0, 5);
    ddmd_feature_window *window = make_window(100, 2);
    assert_int_equal(ddmd_feature_window_wait(window, 0, 0, &n, &err), DDMD_IO);
    assert_non_null(strstr(err.message, "frames-1.h5"));
    ddmd_feature_window_destroy(&window);
    end();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_frame_is_seen_once),
        cmocka_unit_test(messages_and_files_do_not_overlap),
        cmocka_unit_test(the_newest_of_each_file_are_kept_in_proportion),
        cmocka_unit_test(features_of_another_campaign_are_refused),
        cmocka_unit_test(a_file_that_cannot_be_read_is_named),
    };
    return cmocka_run_group_tests_name("feature window", tests, NULL, NULL);
}
