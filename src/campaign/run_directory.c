#include "campaign/run_directory.h"

#include "campaign/frame_files.h"
#include "core/array.h"
#include "core/file.h"
#include "core/parallel.h"
#include "core/text.h"
#include "core/try.h"
#include "ddmd/geometry.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

/* The largest input file that is copied. */
static const size_t INPUT_LIMIT = (size_t)1 << 30;

enum ddmd_status ddmd_run_path(char **path, const char *run_dir, const char *name, ddmd_error *err)
{
    return ddmd_text_format(path, err, "%s/%s", run_dir, name);
}

static enum ddmd_status make_subdirectory(const char *directory, const char *name, ddmd_error *err)
{
    char *path = NULL;
    enum ddmd_status status = ddmd_run_path(&path, directory, name, err);
    if (status == DDMD_OK)
        status = ddmd_directory_create(path, err);
    free(path);
    return status;
}

/* Make the directories above path that are missing; what exists is fine. */
static enum ddmd_status make_parents(const char *path, ddmd_error *err)
{
    enum ddmd_status status = DDMD_OK;
    char *part = NULL;
    DDMD_TRY(ddmd_text_format(&part, err, "%s", path));
    for (char *slash = strchr(part + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
        *slash = '\0';
        if (mkdir(part, 0777) != 0 && errno != EEXIST)
            DDMD_FAIL(err, DDMD_IO, "%s: %s", part, strerror(errno));
        *slash = '/';
    }
out:
    free(part);
    return status;
}

/* Copy the file that *member names into directory/input and let *member point there. */
static enum ddmd_status take_input(const char *directory, char **member, ddmd_error *err)
{
    enum ddmd_status status = DDMD_OK;
    char *bytes = NULL, *relative = NULL, *target = NULL;
    size_t length = 0;
    const char *slash = strrchr(*member, '/');
    const char *base = slash ? slash + 1 : *member;

    DDMD_TRY(ddmd_file_read(*member, INPUT_LIMIT, &bytes, &length, err));
    for (int copy = 1;; copy++) {
        free(relative);
        free(target);
        relative = target = NULL;
        if (copy == 1)
            DDMD_TRY(ddmd_text_format(&relative, err, "input/%s", base));
        else
            DDMD_TRY(ddmd_text_format(&relative, err, "input/%d-%s", copy, base));
        DDMD_TRY(ddmd_run_path(&target, directory, relative, err));
        if (!ddmd_file_exists(target))
            break;
    }
    DDMD_TRY(ddmd_file_replace(target, bytes, length, err));
    free(*member);
    *member = relative;
    relative = NULL;
out:
    free(bytes);
    free(relative);
    free(target);
    return status;
}

static bool is_fold(const char *word)
{
    return strcmp(word, "helix") == 0 || strcmp(word, "extended") == 0;
}

static enum ddmd_status take_inputs(ddmd_config *config, const char *directory, ddmd_error *err)
{
    enum ddmd_status status = DDMD_OK;
    if (*config->system.pdb)
        DDMD_TRY(take_input(directory, &config->system.pdb, err));
    if (*config->system.openmm_system)
        DDMD_TRY(take_input(directory, &config->system.openmm_system, err));
    if (*config->system.reference && !is_fold(config->system.reference))
        DDMD_TRY(take_input(directory, &config->system.reference, err));
    for (size_t i = 0; i < config->system.start.n; i++)
        if (!is_fold(config->system.start.items[i]))
            DDMD_TRY(take_input(directory, &config->system.start.items[i], err));
    if (!config->system.bead_chain && !*config->system.openmm_system)
        for (size_t i = 0; i < config->system.force_field.n; i++) {
            char **name = &config->system.force_field.items[i], *path = NULL;
            DDMD_TRY(ddmd_force_field_find(*name, &path, err));
            free(*name);
            *name = path;
            DDMD_TRY(take_input(directory, name, err));
        }
out:
    return status;
}

/* config.yaml and input/. Numbers that depend on the machine are fixed here, for resuming. */
static enum ddmd_status write_config(const ddmd_config *config, const char *directory,
                                     ddmd_error *err)
{
    enum ddmd_status status = DDMD_OK;
    char *path = NULL;
    ddmd_config *own = NULL;
    ddmd_mistakes mistakes = {0};
    DDMD_TRY(ddmd_run_path(&path, directory, "config.yaml", err));
    DDMD_TRY(ddmd_config_write(config, path, err));
    DDMD_TRY(ddmd_config_load(path, NULL, 0, &own, &mistakes, err));
    own->simulation.workers = ddmd_parallel_threads(own->simulation.workers);
    if (own->simulation.workers > own->simulation.replicas)
        own->simulation.workers = own->simulation.replicas;
    own->streaming.aggregators = (int)ddmd_frame_files_count(own);
    own->model.threads = ddmd_parallel_threads(own->model.threads);
    DDMD_TRY(make_subdirectory(directory, "input", err));
    DDMD_TRY(take_inputs(own, directory, err));
    DDMD_TRY(ddmd_config_write(own, path, err));
out:
    ddmd_config_destroy(&own);
    ddmd_mistakes_clear(&mistakes);
    free(path);
    return status;
}

static enum ddmd_status write_starts(const ddmd_subject *subject, const double *starts,
                                     const char *directory, ddmd_error *err)
{
    enum ddmd_status status = DDMD_OK;
    char *pdb = NULL, *h5 = NULL;
    float *positions = NULL, *velocities = NULL;
    uint8_t *map = NULL;
    double *scratch = NULL;
    ddmd_frame_file *file = NULL;
    size_t size = (size_t)subject->structure->n_atoms * 3;

    DDMD_TRY(ddmd_run_path(&pdb, directory, "topology.pdb", err));
    DDMD_TRY(ddmd_structure_write_pdb(subject->structure, starts, 1, pdb, err));
    DDMD_TRY(ddmd_run_path(&h5, directory, "starts.h5", err));
    DDMD_TRY(ddmd_frame_file_create(h5, subject->structure, subject->n_points, "start structures",
                                    &file, err));
    DDMD_TRY(ddmd_array_alloc(&positions, size, sizeof *positions, err));
    DDMD_TRY(ddmd_array_alloc(&velocities, size, sizeof *velocities, err));
    DDMD_TRY(ddmd_array_alloc(&map, ddmd_contact_map_bytes(subject->n_points), 1, err));
    DDMD_TRY(ddmd_array_alloc(&scratch, ddmd_subject_scratch(subject), sizeof *scratch, err));
    for (size_t i = 0; i < subject->n_starts; i++) {
        for (size_t j = 0; j < size; j++)
            positions[j] = (float)starts[i * size + j];
        ddmd_frame frame = {
            .index = (uint32_t)i,
            .positions = positions,
            .velocities = velocities,
            .contact_map = map,
            .potential_energy = NAN,
            .kinetic_energy = NAN,
        };
        ddmd_subject_measure(subject, &frame, scratch);
        DDMD_TRY(ddmd_frame_file_append(file, &frame, 1, err));
    }
    DDMD_TRY(ddmd_frame_file_sync(file, err));
out:
    ddmd_frame_file_close(&file);
    free(positions);
    free(velocities);
    free(map);
    free(scratch);
    free(pdb);
    free(h5);
    return status;
}

static enum ddmd_status write_stores(const ddmd_config *config, const ddmd_subject *subject,
                                     const char *directory, ddmd_error *err)
{
    enum ddmd_status status = DDMD_OK;
    char *path = NULL;
    ddmd_frame_file *frames = NULL;
    ddmd_catalogue *catalogue = NULL;
    const char *mode = config->mode == DDMD_MODE_sequential ? "sequential" : "streaming";
    const ddmd_progress_row first = {
        .state = DDMD_STATE_running,
        .round = 1,
        .phase = DDMD_PHASE_simulate,
        .best_rmsd_nm = NAN,
        .best_simulation = -1,
        .best_frame = -1,
    };
    for (size_t f = 0; f < ddmd_frame_files_count(config); f++) {
        DDMD_TRY(ddmd_frame_files_path(&path, directory, f, err));
        DDMD_TRY(ddmd_frame_file_create(path, subject->structure, subject->n_points,
                                        config->campaign, &frames, err));
        DDMD_TRY(ddmd_frame_file_sync(frames, err));
        ddmd_frame_file_close(&frames);
        free(path);
        path = NULL;
    }
    DDMD_TRY(ddmd_run_path(&path, directory, "catalogue.sqlite", err));
    DDMD_TRY(ddmd_catalogue_create(path, config->campaign, mode, config->seed, &catalogue, err));
    DDMD_TRY(ddmd_catalogue_begin(catalogue, err));
    DDMD_TRY(ddmd_catalogue_set_progress(catalogue, &first, err));
    DDMD_TRY(ddmd_catalogue_commit(catalogue, err));
out:
    ddmd_frame_file_close(&frames);
    ddmd_catalogue_close(&catalogue);
    free(path);
    return status;
}

/* Is there room for the frames of one round, or of all where their number is known? */
static enum ddmd_status check_room(const ddmd_config *config, const ddmd_subject *subject,
                                   const char *directory, ddmd_error *err)
{
    struct statvfs disk;
    if (statvfs(directory, &disk) != 0)
        return ddmd_error_set(err, DDMD_IO, "%s: %s", directory, strerror(errno));
    double frame =
        24.0 * subject->structure->n_atoms + (double)ddmd_contact_map_bytes(subject->n_points) + 64;
    double rounds = config->stop.rounds > 0 ? config->stop.rounds : 1;
    double needed = frame * config->simulation.replicas *
                        (double)ddmd_subject_segment_reports(config) * rounds +
                    4e6; /* catalogue, model, embeddings */
    double there = (double)disk.f_bavail * (double)disk.f_frsize;
    if (there < needed)
        return ddmd_error_set(err, DDMD_IO,
                              "%s: %.3g MB are free on that disk, but %s will take about %.3g MB",
                              directory, there / 1e6,
                              config->stop.rounds > 0 ? "the campaign" : "one round", needed / 1e6);
    return DDMD_OK;
}

enum ddmd_status ddmd_run_directory_create(const ddmd_config *config, const ddmd_subject *subject,
                                           const double *starts, const char *run_dir,
                                           ddmd_error *err)
{
    enum ddmd_status status = DDMD_OK;
    char *beside = NULL;
    bool made = false;
    if (ddmd_file_exists(run_dir))
        DDMD_FAIL(err, DDMD_IO,
                  "%s exists already (go on with `ddmd resume %s`, or choose another directory "
                  "with --run-dir)",
                  run_dir, run_dir);
    DDMD_TRY(make_parents(run_dir, err));
    DDMD_TRY(ddmd_text_format(&beside, err, "%s.new-%ld", run_dir, (long)getpid()));
    DDMD_TRY(ddmd_directory_create(beside, err));
    made = true;
    DDMD_TRY(check_room(config, subject, beside, err));
    DDMD_TRY(make_subdirectory(beside, "models", err));
    DDMD_TRY(make_subdirectory(beside, "log", err));
    DDMD_TRY(write_config(config, beside, err));
    DDMD_TRY(write_starts(subject, starts, beside, err));
    DDMD_TRY(write_stores(config, subject, beside, err));
    DDMD_TRY(ddmd_file_sync(beside, err));
    if (rename(beside, run_dir) != 0)
        DDMD_FAIL(err, DDMD_IO, "%s: %s", run_dir, strerror(errno));
    made = false;
out:
    if (made)
        ddmd_directory_remove(beside);
    free(beside);
    return status;
}

enum ddmd_status ddmd_run_directory_config(const char *run_dir, ddmd_config **config,
                                           ddmd_error *err)
{
    enum ddmd_status status = DDMD_OK;
    char *path = NULL;
    ddmd_mistakes mistakes = {0};
    DDMD_TRY(ddmd_run_path(&path, run_dir, "config.yaml", err));
    if (!ddmd_file_exists(path))
        DDMD_FAIL(err, DDMD_CONFIG, "%s: not the directory of a campaign (no config.yaml in it)",
                  run_dir);
    DDMD_TRY(ddmd_config_load(path, NULL, 0, config, &mistakes, err));
out:
    ddmd_mistakes_clear(&mistakes);
    free(path);
    return status;
}

enum ddmd_status ddmd_run_directory_starts(const char *run_dir, float **starts, size_t *n_starts,
                                           ddmd_error *err)
{
    enum ddmd_status status = DDMD_OK;
    char *path = NULL;
    ddmd_frame_file *file = NULL;
    float *positions = NULL;
    DDMD_TRY(ddmd_run_path(&path, run_dir, "starts.h5", err));
    DDMD_TRY(ddmd_frame_file_open(path, &file, err));
    size_t n = (size_t)ddmd_frame_file_frames(file);
    size_t size = ddmd_frame_file_atoms(file) * 3;
    if (n == 0)
        DDMD_FAIL(err, DDMD_FORMAT, "%s: no start structure in it", path);
    DDMD_TRY(ddmd_array_alloc(&positions, n, size * sizeof *positions, err));
    for (size_t i = 0; i < n; i++) {
        ddmd_frame frame = {.positions = positions + i * size};
        DDMD_TRY(ddmd_frame_file_read(file, i, &frame, err));
    }
    *starts = positions;
    *n_starts = n;
    positions = NULL;
out:
    free(positions);
    ddmd_frame_file_close(&file);
    free(path);
    return status;
}
