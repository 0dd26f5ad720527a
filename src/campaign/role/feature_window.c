#include "campaign/role/feature_window.h"

#include "campaign/frame_files.h"
#include "core/array.h"
#include "core/try.h"
#include "ddmd/geometry.h"
#include "ddmd/store.h"
#include "stream/features.h"

#include <math.h>
#include <pthread.h>
#include <stdlib.h>
#include <time.h>

enum { ROWS_AT_ONCE = 1024 };

typedef struct entry {
    uint32_t simulation, index;
    float rmsd_nm;
    double created_s;
} entry;

/* A frame file. */
typedef struct source {
    uint64_t rows;         /* of it, that were seen */
    bool behind;           /* it has more */
    ddmd_frame_file *file; /* NULL until it is read from */
    uint64_t from, to;     /* rows that are being read */
} source;

struct ddmd_feature_window {
    pthread_mutex_t lock;
    pthread_cond_t changed;
    const char *run_dir;
    size_t capacity, map_bytes;
    entry *entries; /* [capacity], a ring: frame k is entry k % capacity */
    ddmd_map_window *maps;
    uint64_t n; /* frames that ever came: rows of all files that were seen */
    bool woken;
    size_t n_sources;
    source sources[DDMD_FRAME_FILES_MAX];
};

enum ddmd_status ddmd_feature_window_create(size_t capacity, size_t n_points, size_t n_files,
                                            const char *run_dir, ddmd_feature_window **window,
                                            ddmd_error *err)
{
    enum ddmd_status status = DDMD_OK;
    ddmd_feature_window *w = NULL;
    pthread_condattr_t attributes;
    DDMD_TRY(ddmd_array_alloc(&w, 1, sizeof *w, err));
    pthread_mutex_init(&w->lock, NULL);
    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    pthread_cond_init(&w->changed, &attributes);
    pthread_condattr_destroy(&attributes);
    w->run_dir = run_dir;
    w->capacity = capacity;
    w->map_bytes = ddmd_contact_map_bytes(n_points);
    w->n_sources = n_files;
    for (size_t s = 0; s < n_files; s++)
        w->sources[s].behind = true;
    DDMD_TRY(ddmd_array_alloc(&w->entries, capacity, sizeof *w->entries, err));
    DDMD_TRY(ddmd_map_window_create(capacity, w->map_bytes, &w->maps, err));
    *window = w;
    w = NULL;
out:
    ddmd_feature_window_destroy(&w);
    return status;
}

void ddmd_feature_window_destroy(ddmd_feature_window **window)
{
    ddmd_feature_window *w = *window;
    if (!w)
        return;
    for (size_t s = 0; s < w->n_sources; s++)
        ddmd_frame_file_close(&w->sources[s].file);
    ddmd_map_window_destroy(&w->maps);
    free(w->entries);
    pthread_cond_destroy(&w->changed);
    pthread_mutex_destroy(&w->lock);
    free(w);
    *window = NULL;
}

/* Locked. The next frame of a file. */
static enum ddmd_status add(ddmd_feature_window *w, source *s, const entry *e, const uint8_t *map,
                            ddmd_error *err)
{
    enum ddmd_status status = ddmd_map_window_add(w->maps, map, err);
    if (status != DDMD_OK)
        return status;
    w->entries[w->n++ % w->capacity] = *e;
    s->rows++;
    return DDMD_OK;
}

enum ddmd_status ddmd_feature_window_put(ddmd_feature_window *w, const ddmd_message *message,
                                         ddmd_error *err)
{
    ddmd_features features;
    enum ddmd_status status = ddmd_features_decode(message, &features, err);
    if (status != DDMD_OK)
        return status;
    if (ddmd_contact_map_bytes(features.n_points) != w->map_bytes)
        return ddmd_error_set(err, DDMD_FORMAT,
                              "contact maps of %zu points are not of this campaign",
                              features.n_points);
    if (features.file >= w->n_sources)
        return ddmd_error_set(err, DDMD_FORMAT, "features of frames-%u.h5, which there is not",
                              features.file);
    source *s = &w->sources[features.file];
    pthread_mutex_lock(&w->lock);
    s->behind = s->behind || features.first_row > s->rows;
    for (size_t i = 0; i < features.n && !s->behind && status == DDMD_OK; i++) {
        ddmd_feature feature;
        if (features.first_row + i < s->rows)
            continue; /* read from the file before */
        ddmd_features_at(message, i, &feature);
        const entry e = {feature.simulation, feature.index, feature.rmsd_nm, feature.created_s};
        status = add(w, s, &e, feature.map, err);
    }
    pthread_cond_signal(&w->changed);
    pthread_mutex_unlock(&w->lock);
    return status;
}

void ddmd_feature_window_wake(ddmd_feature_window *w)
{
    pthread_mutex_lock(&w->lock);
    w->woken = true;
    pthread_cond_signal(&w->changed);
    pthread_mutex_unlock(&w->lock);
}

/* Locked. The next n rows of a file. */
static enum ddmd_status read_rows(ddmd_feature_window *w, source *s, size_t n, ddmd_error *err)
{
    enum ddmd_status status = DDMD_OK;
    uint32_t *simulation = NULL, *index = NULL;
    float *rmsd_nm = NULL;
    uint8_t *maps = NULL;
    DDMD_TRY(ddmd_array_alloc(&simulation, n, sizeof *simulation, err));
    DDMD_TRY(ddmd_array_alloc(&index, n, sizeof *index, err));
    DDMD_TRY(ddmd_array_alloc(&rmsd_nm, n, sizeof *rmsd_nm, err));
    DDMD_TRY(ddmd_array_alloc(&maps, n, w->map_bytes, err));
    const ddmd_frame_columns columns = {simulation, index, rmsd_nm, maps};
    DDMD_TRY(ddmd_frame_file_read_columns(s->file, s->rows, n, &columns, err));
    for (size_t i = 0; i < n; i++) {
        const entry e = {simulation[i], index[i], rmsd_nm[i], (double)NAN};
        DDMD_TRY(add(w, s, &e, maps + i * w->map_bytes, err));
    }
out:
    free(simulation);
    free(index);
    free(rmsd_nm);
    free(maps);
    return status;
}

/* Locked. Open a file that was not read from before. */
static enum ddmd_status open_file(const ddmd_feature_window *w, source *s, ddmd_error *err)
{
    char *path = NULL;
    enum ddmd_status status =
        ddmd_frame_files_path(&path, w->run_dir, (size_t)(s - w->sources), err);
    if (status == DDMD_OK)
        status = ddmd_frame_file_open(path, &s->file, err);
    free(path);
    return status;
}

/* Locked. What the files that are behind have more; *n: frames of all. */
static enum ddmd_status look_at_files(ddmd_feature_window *w, uint64_t *n, ddmd_error *err)
{
    enum ddmd_status status = DDMD_OK;
    *n = 0;
    for (size_t i = 0; i < w->n_sources; i++) {
        source *s = &w->sources[i];
        s->from = s->to = s->rows;
        if (!s->behind)
            continue;
        if (!s->file)
            DDMD_TRY(open_file(w, s, err));
        DDMD_TRY(ddmd_frame_file_refresh(s->file, err));
        if (ddmd_frame_file_frames(s->file) > s->rows)
            s->to = ddmd_frame_file_frames(s->file);
        *n += s->to - s->from;
    }
out:
    return status;
}

/*
 * Locked. Of n frames to be read, pass over those that would have left again: of each file its
 * share, so that what is left of all of them fills the window.
 */
static void pass_over(ddmd_feature_window *w, uint64_t n)
{
    for (size_t i = 0; i < w->n_sources && n > w->capacity; i++) {
        source *s = &w->sources[i];
        uint64_t kept = ((s->to - s->from) * w->capacity + n - 1) / n;
        w->n += s->to - kept - s->from;
        s->from = s->rows = s->to - kept;
    }
}

/* Locked. All that the files have and the window could hold, in turns, so that it is mixed. */
static enum ddmd_status catch_up(ddmd_feature_window *w, ddmd_error *err)
{
    enum ddmd_status status = DDMD_OK;
    uint64_t n, turns = 0;
    DDMD_TRY(look_at_files(w, &n, err));
    pass_over(w, n);
    for (size_t i = 0; i < w->n_sources; i++) {
        const source *s = &w->sources[i];
        uint64_t wanted = (s->to - s->from + ROWS_AT_ONCE - 1) / ROWS_AT_ONCE;
        turns = wanted > turns ? wanted : turns;
    }
    for (uint64_t turn = 1; turn <= turns; turn++)
        for (size_t i = 0; i < w->n_sources; i++) {
            source *s = &w->sources[i];
            uint64_t until = s->from + (s->to - s->from) * turn / turns;
            if (until > s->rows)
                DDMD_TRY(read_rows(w, s, (size_t)(until - s->rows), err));
        }
    for (size_t i = 0; i < w->n_sources; i++)
        w->sources[i].behind = false;
out:
    return status;
}

/* Locked. Is there a file to read from? */
static bool is_behind(const ddmd_feature_window *w)
{
    for (size_t i = 0; i < w->n_sources; i++)
        if (w->sources[i].behind)
            return true;
    return false;
}

enum ddmd_status ddmd_feature_window_wait(ddmd_feature_window *w, uint64_t n_seen, double timeout_s,
                                          uint64_t *n, ddmd_error *err)
{
    enum ddmd_status status = DDMD_OK;
    struct timespec until;
    clock_gettime(CLOCK_MONOTONIC, &until);
    double whole, part = modf(timeout_s, &whole);
    until.tv_sec += (time_t)whole;
    until.tv_nsec += (long)(part * 1e9);
    if (until.tv_nsec >= 1000000000) {
        until.tv_nsec -= 1000000000;
        until.tv_sec++;
    }
    pthread_mutex_lock(&w->lock);
    while (w->n <= n_seen && !is_behind(w) && !w->woken)
        if (pthread_cond_timedwait(&w->changed, &w->lock, &until) != 0)
            break;
    w->woken = false;
    if (is_behind(w))
        status = catch_up(w, err);
    *n = w->n;
    pthread_mutex_unlock(&w->lock);
    return status;
}

void ddmd_feature_set_clear(ddmd_feature_set *set)
{
    free(set->simulation);
    free(set->index);
    free(set->rmsd_nm);
    free(set->created_s);
    ddmd_map_set_clear(&set->maps);
    *set = (ddmd_feature_set){0};
}

enum ddmd_status ddmd_feature_window_take(ddmd_feature_window *w, size_t n_frames,
                                          ddmd_feature_set *set, ddmd_error *err)
{
    enum ddmd_status status = DDMD_OK;
    pthread_mutex_lock(&w->lock);
    DDMD_TRY(ddmd_map_window_take(w->maps, n_frames, &set->maps, err));
    set->n = set->maps.n_frames;
    set->first = w->n - set->n;
    DDMD_TRY(ddmd_array_alloc(&set->simulation, set->n, sizeof *set->simulation, err));
    DDMD_TRY(ddmd_array_alloc(&set->index, set->n, sizeof *set->index, err));
    DDMD_TRY(ddmd_array_alloc(&set->rmsd_nm, set->n, sizeof *set->rmsd_nm, err));
    DDMD_TRY(ddmd_array_alloc(&set->created_s, set->n, sizeof *set->created_s, err));
    for (size_t i = 0; i < set->n; i++) {
        const entry *e = &w->entries[(set->first + i) % w->capacity];
        set->simulation[i] = e->simulation;
        set->index[i] = e->index;
        set->rmsd_nm[i] = e->rmsd_nm;
        set->created_s[i] = e->created_s;
    }
out:
    pthread_mutex_unlock(&w->lock);
    return status;
}
