#include "store/frame_file.h"

#include "store/h5_error.h"

#include "core/array.h"
#include "core/try.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

/* Frames are gathered for one HDF5 write up to this many bytes of one series. */
enum { STAGING_BYTES = 4 * 1024 * 1024, STEPS_AT_ONCE = 512 };

static enum ddmd_status check_writable(const ddmd_frame_file *file, ddmd_error *err)
{
    if (!file->writer)
        return ddmd_error_set(err, DDMD_INVALID, "%s: opened only for reading", file->path);
    if (file->broken)
        return ddmd_error_set(err, DDMD_IO,
                              "%s: an earlier write failed; what was synced before is safe",
                              file->path);
    return DDMD_OK;
}

static enum ddmd_status check_frames(const ddmd_frame_file *file, const ddmd_frame *frames,
                                     size_t n, ddmd_error *err)
{
    for (size_t i = 0; i < n; i++)
        if (!frames[i].positions || !frames[i].velocities ||
            (file->h5md.map_bytes > 0 && !frames[i].contact_map))
            return ddmd_error_set(err, DDMD_INVALID,
                                  "%s: frame %u of simulation %u lacks positions, velocities or "
                                  "contact map",
                                  file->path, frames[i].index, frames[i].simulation);
    return DDMD_OK;
}

/* From now on HDF5 may do what it likes: the file on disk stays as it is. */
static void give_up(ddmd_frame_file *file)
{
    file->broken = true;
    file->io.discard = true;
}

/* The values of one series of n frames: the caller's own where n is 1. */
static const void *gather(ddmd_frame_file *file, enum ddmd_h5md_series series,
                          const ddmd_frame *frames, size_t n)
{
    if (n == 1)
        return ddmd_h5md_in_frame(series, frames);
    size_t row = ddmd_h5md_row_bytes(&file->h5md, series);
    for (size_t i = 0; i < n; i++)
        memcpy(file->staging + i * row, ddmd_h5md_in_frame(series, &frames[i]), row);
    return file->staging;
}

static size_t largest_row(const ddmd_h5md *h5md)
{
    size_t largest = 0;
    for (int i = 0; i < DDMD_N_SERIES; i++)
        if (ddmd_h5md_row_bytes(h5md, i) > largest)
            largest = ddmd_h5md_row_bytes(h5md, i);
    return largest;
}

static enum ddmd_status append_batch(ddmd_frame_file *file, uint64_t first,
                                     const ddmd_frame *frames, size_t n, ddmd_error *err)
{
    enum ddmd_status status = DDMD_OK;
    for (int i = 0; i < DDMD_N_SERIES; i++) {
        if (i == DDMD_SERIES_STEP || file->h5md.series[i] <= 0)
            continue;
        DDMD_TRY(ddmd_h5md_set_rows(&file->h5md, i, first + n, err));
        DDMD_TRY(ddmd_h5md_write(&file->h5md, i, first, n, gather(file, i, frames, n), err));
    }
out:
    return status;
}

enum ddmd_status ddmd_frame_file_append(ddmd_frame_file *file, const ddmd_frame *frames, size_t n,
                                        ddmd_error *err)
{
    enum ddmd_status status = DDMD_OK;
    uint64_t done = 0;
    ddmd_h5_quiet quiet = ddmd_h5_quiet_begin();
    DDMD_TRY(check_writable(file, err));
    DDMD_TRY(check_frames(file, frames, n, err));
    size_t row = largest_row(&file->h5md);
    size_t batch = STAGING_BYTES / row;
    batch = batch < 1 ? 1 : batch > n ? n : batch;
    if (batch > 1)
        DDMD_TRY(ddmd_array_reserve(&file->staging, &file->staging_size, batch * row, 1, err));
    while (done < n) {
        if (batch > n - done)
            batch = n - done;
        status = append_batch(file, file->n_frames + done, frames + done, batch, err);
        if (status != DDMD_OK) {
            give_up(file);
            goto out;
        }
        done += batch;
    }
    file->n_frames += n;
out:
    ddmd_h5_quiet_end(&quiet);
    return status;
}

/* The numbers of the rows that are flushed: what lets readers see them. */
static enum ddmd_status publish_rows(ddmd_frame_file *file, ddmd_error *err)
{
    enum ddmd_status status = DDMD_OK;
    uint64_t steps[STEPS_AT_ONCE], n = file->n_frames;
    uint64_t first = file->n_synced;
    if (first == n)
        goto out;
    DDMD_TRY(ddmd_h5md_set_rows(&file->h5md, DDMD_SERIES_STEP, n, err));
    while (first < n) {
        size_t count = n - first < STEPS_AT_ONCE ? (size_t)(n - first) : STEPS_AT_ONCE;
        for (size_t i = 0; i < count; i++)
            steps[i] = first + i;
        DDMD_TRY(ddmd_h5md_write(&file->h5md, DDMD_SERIES_STEP, first, count, steps, err));
        first += count;
    }
    DDMD_H5_TRY(H5Dflush(file->h5md.series[DDMD_SERIES_STEP]), DDMD_EXTERNAL, file->path, &file->io,
                "write frames");
out:
    return status;
}

enum ddmd_status ddmd_frame_file_sync(ddmd_frame_file *file, ddmd_error *err)
{
    enum ddmd_status status = DDMD_OK;
    ddmd_h5_quiet quiet = ddmd_h5_quiet_begin();
    status = check_writable(file, err);
    if (status != DDMD_OK)
        goto quiet_out;
    DDMD_H5_TRY(H5Fflush(file->file, H5F_SCOPE_GLOBAL), DDMD_EXTERNAL, file->path, &file->io,
                "write frames");
    DDMD_TRY(publish_rows(file, err));
    if (fsync(file->io.fd) != 0)
        DDMD_FAIL(err, DDMD_IO, "%s: %s", file->path, strerror(errno));
    file->n_synced = file->n_frames;
out:
    if (status != DDMD_OK)
        give_up(file);
quiet_out:
    ddmd_h5_quiet_end(&quiet);
    return status;
}
