#include "store/frame_file.h"

#include "store/h5_error.h"
#include "store/h5_superblock.h"

#include "core/array.h"
#include "core/try.h"

#include <stdlib.h>

uint64_t ddmd_frame_file_frames(const ddmd_frame_file *file)
{
    return file->n_frames;
}

size_t ddmd_frame_file_atoms(const ddmd_frame_file *file)
{
    return file->h5md.n_atoms;
}

size_t ddmd_frame_file_points(const ddmd_frame_file *file)
{
    return file->h5md.n_points;
}

enum ddmd_status ddmd_frame_file_whole_rows(const ddmd_frame_file *file, uint64_t *rows,
                                            ddmd_error *err)
{
    enum ddmd_status status = DDMD_OK;
    uint64_t least = UINT64_MAX;
    for (int i = 0; i < DDMD_N_SERIES; i++) {
        uint64_t now = 0;
        if (i == DDMD_SERIES_STEP || file->h5md.series[i] <= 0)
            continue;
        DDMD_TRY(ddmd_h5md_rows(&file->h5md, i, &now, err));
        if (now < least)
            least = now;
    }
    *rows = least;
out:
    return status;
}

/* Rows that the writer published and every series has. */
static enum ddmd_status count_published(ddmd_frame_file *file, ddmd_error *err)
{
    enum ddmd_status status = DDMD_OK;
    uint64_t published = 0, whole = 0;
    DDMD_TRY(ddmd_h5md_rows(&file->h5md, DDMD_SERIES_STEP, &published, err));
    DDMD_TRY(ddmd_frame_file_whole_rows(file, &whole, err));
    file->n_frames = published < whole ? published : whole;
out:
    return status;
}

enum ddmd_status ddmd_frame_file_open(const char *path, ddmd_frame_file **file, ddmd_error *err)
{
    enum ddmd_status status = DDMD_OK;
    ddmd_frame_file *new = NULL;
    ddmd_h5_quiet quiet = ddmd_h5_quiet_begin();
    DDMD_TRY(ddmd_frame_file_new(path, &new, err));
    DDMD_TRY(ddmd_h5_superblock_check(path, err));
    DDMD_TRY(ddmd_frame_file_open_h5(new, H5F_ACC_RDONLY | H5F_ACC_SWMR_READ, err));
    DDMD_TRY(ddmd_h5md_open(new->file, new->path, &new->io, &new->h5md, err));
    DDMD_TRY(ddmd_frame_file_refresh(new, err));
    *file = new;
    new = NULL;
out:
    ddmd_frame_file_close(&new);
    ddmd_h5_quiet_end(&quiet);
    return status;
}

enum ddmd_status ddmd_frame_file_refresh(ddmd_frame_file *file, ddmd_error *err)
{
    enum ddmd_status status = DDMD_OK;
    ddmd_h5_quiet quiet = ddmd_h5_quiet_begin();
    if (file->writer)
        goto out;
    /* DDMD_SERIES_STEP first: what it counts was flushed before it grew. */
    for (int i = DDMD_N_SERIES - 1; i >= 0; i--)
        if (file->h5md.series[i] > 0)
            DDMD_H5_TRY(H5Drefresh(file->h5md.series[i]), DDMD_FORMAT, file->path, &file->io,
                        "look for new frames");
    DDMD_TRY(count_published(file, err));
out:
    ddmd_h5_quiet_end(&quiet);
    return status;
}

static enum ddmd_status check_rows(const ddmd_frame_file *file, uint64_t first, size_t n,
                                   ddmd_error *err)
{
    if (first > file->n_frames || n > file->n_frames - first)
        return ddmd_error_set(err, DDMD_INVALID, "%s: rows %llu to %llu asked for, %llu are there",
                              file->path, (unsigned long long)first,
                              (unsigned long long)(first + n - 1),
                              (unsigned long long)file->n_frames);
    return DDMD_OK;
}

enum ddmd_status ddmd_frame_file_read(ddmd_frame_file *file, uint64_t row, ddmd_frame *frame,
                                      ddmd_error *err)
{
    enum ddmd_status status = DDMD_OK;
    ddmd_frame read = *frame;
    ddmd_h5_quiet quiet = ddmd_h5_quiet_begin();
    DDMD_TRY(check_rows(file, row, 1, err));
    for (int i = 0; i < DDMD_N_SERIES; i++) {
        void *values = ddmd_h5md_in_frame(i, &read);
        if (values && file->h5md.series[i] > 0)
            DDMD_TRY(ddmd_h5md_read(&file->h5md, i, row, 1, values, err));
    }
    *frame = read;
out:
    ddmd_h5_quiet_end(&quiet);
    return status;
}

enum ddmd_status ddmd_frame_file_read_columns(ddmd_frame_file *file, uint64_t first, size_t n,
                                              const ddmd_frame_columns *columns, ddmd_error *err)
{
    enum ddmd_status status = DDMD_OK;
    ddmd_h5_quiet quiet = ddmd_h5_quiet_begin();
    const struct {
        enum ddmd_h5md_series series;
        void *values;
    } wanted[] = {
        {DDMD_SERIES_SIMULATION, columns->simulation},
        {DDMD_SERIES_INDEX, columns->index},
        {DDMD_SERIES_RMSD, columns->rmsd_nm},
        {DDMD_SERIES_CONTACT_MAP, columns->contact_maps},
    };
    DDMD_TRY(check_rows(file, first, n, err));
    for (size_t i = 0; i < sizeof wanted / sizeof *wanted; i++)
        if (n > 0 && wanted[i].values && file->h5md.series[wanted[i].series] > 0)
            DDMD_TRY(
                ddmd_h5md_read(&file->h5md, wanted[i].series, first, n, wanted[i].values, err));
out:
    ddmd_h5_quiet_end(&quiet);
    return status;
}

enum ddmd_status ddmd_frame_file_structure(ddmd_frame_file *file, ddmd_structure **structure,
                                           ddmd_error *err)
{
    enum ddmd_status status = DDMD_OK;
    float *single = NULL;
    double *positions = NULL;
    size_t n = 3 * file->h5md.n_atoms;
    int32_t n_models = file->n_frames > 0 ? 1 : 0;
    ddmd_h5_quiet quiet = ddmd_h5_quiet_begin();
    DDMD_TRY(ddmd_array_alloc(&single, n, sizeof *single, err));
    DDMD_TRY(ddmd_array_alloc(&positions, n, sizeof *positions, err));
    if (n_models > 0)
        DDMD_TRY(ddmd_h5md_read(&file->h5md, DDMD_SERIES_POSITION, 0, 1, single, err));
    for (size_t i = 0; i < n; i++)
        positions[i] = single[i];
    DDMD_TRY(ddmd_h5md_read_topology(&file->h5md, positions, n_models, structure, err));
out:
    free(positions);
    free(single);
    ddmd_h5_quiet_end(&quiet);
    return status;
}
