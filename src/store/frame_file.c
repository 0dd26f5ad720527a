/* Frame files: creating, opening and mending them. */
#include "store/frame_file.h"

#include "store/h5_error.h"
#include "store/h5_superblock.h"
#include "store/rename.h"

#include "core/array.h"
#include "core/file.h"
#include "core/text.h"
#include "core/try.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Of metadata beside a writer, with pauses of 1, 2, 4, ... ns between them: up to 67 ms. */
enum { READ_ATTEMPTS = 27 };

enum { PAGE_BYTES = 4096 };

enum ddmd_status ddmd_frame_file_new(const char *path, ddmd_frame_file **file, ddmd_error *err)
{
    enum ddmd_status status = DDMD_OK;
    ddmd_frame_file *new = NULL;
    DDMD_TRY(ddmd_array_alloc(&new, 1, sizeof *new, err));
    new->file = -1;
    new->io.fd = -1;
    DDMD_TRY(ddmd_text_format(&new->path, err, "%s", path));
    *file = new;
    new = NULL;
out:
    free(new);
    return status;
}

/* Access to files in the format that SWMR needs, through our driver. */
static enum ddmd_status access_list(ddmd_frame_file *file, hid_t *access, ddmd_error *err)
{
    enum ddmd_status status = DDMD_OK;
    hid_t list = -1;
    DDMD_H5_TRY(list = H5Pcreate(H5P_FILE_ACCESS), DDMD_EXTERNAL, file->path, &file->io, "open");
    DDMD_H5_TRY(H5Pset_libver_bounds(list, H5F_LIBVER_V110, H5F_LIBVER_V110), DDMD_EXTERNAL,
                file->path, &file->io, "choose the format");
    DDMD_H5_TRY(H5Pset_fclose_degree(list, H5F_CLOSE_STRONG), DDMD_EXTERNAL, file->path, &file->io,
                "open");
    /* HDF5 would try a hundred times, each time after twice as long a pause: for centuries. */
    DDMD_H5_TRY(H5Pset_metadata_read_attempts(list, file->lock ? 1 : READ_ATTEMPTS), DDMD_EXTERNAL,
                file->path, &file->io, "open");
    DDMD_TRY(ddmd_h5_driver_use(list, &file->io, err));
    *access = list;
    list = -1;
out:
    DDMD_H5_CLOSE(list);
    return status;
}

enum ddmd_status ddmd_frame_file_open_h5(ddmd_frame_file *file, unsigned flags, ddmd_error *err)
{
    enum ddmd_status status = DDMD_OK;
    hid_t access = -1;
    DDMD_TRY(access_list(file, &access, err));
    DDMD_H5_TRY(file->file = H5Fopen(file->path, flags, access), DDMD_FORMAT, file->path, &file->io,
                "open as an HDF5 file");
out:
    DDMD_H5_CLOSE(access);
    return status;
}

/* Close what HDF5 has open. What cannot be written is dropped before: HDF5 does not close then. */
static void close_h5(ddmd_frame_file *file)
{
    ddmd_h5md_close(&file->h5md);
    if (file->file >= 0) {
        if (H5Fflush(file->file, H5F_SCOPE_GLOBAL) < 0)
            file->io.discard = true;
        H5Fclose(file->file);
    }
    file->file = -1;
    ddmd_h5_driver_release(&file->io);
}

void ddmd_frame_file_close(ddmd_frame_file **file)
{
    ddmd_frame_file *f = *file;
    if (!f)
        return;
    ddmd_h5_quiet quiet = ddmd_h5_quiet_begin();
    if (f->writer && !f->broken && f->n_frames != f->n_synced)
        ddmd_frame_file_sync(f, NULL);
    close_h5(f);
    ddmd_h5_quiet_end(&quiet);
    ddmd_lock_release(&f->lock);
    free(f->staging);
    free(f->path);
    free(f);
    *file = NULL;
}

/* ---- creating ------------------------------------------------------------------------------- */

static enum ddmd_status check_new(const char *path, const ddmd_structure *structure,
                                  size_t n_points, ddmd_error *err)
{
    if (structure->n_atoms < 1 || structure->n_atoms > DDMD_H5MD_ATOMS_MAX)
        return ddmd_error_set(err, DDMD_INVALID, "%s: a frame file holds 1 to %d atoms, not %d",
                              path, DDMD_H5MD_ATOMS_MAX, structure->n_atoms);
    if (n_points > DDMD_H5MD_POINTS_MAX)
        return ddmd_error_set(err, DDMD_INVALID, "%s: a contact map has at most %d points, not %zu",
                              path, DDMD_H5MD_POINTS_MAX, n_points);
    return DDMD_OK;
}

/*
 * Without the times at which objects were made, so that equal contents are equal bytes. Metadata
 * does not cross pages, at whose bounds a write is cut when its process is killed inside it.
 */
static hid_t creation_list(void)
{
    hid_t list = H5Pcreate(H5P_FILE_CREATE);
    if (list >= 0 && (H5Pset_obj_track_times(list, 0) < 0 ||
                      H5Pset_file_space_strategy(list, H5F_FSPACE_STRATEGY_PAGE, 0, 1) < 0 ||
                      H5Pset_file_space_page_size(list, PAGE_BYTES) < 0)) {
        H5Pclose(list);
        return -1;
    }
    return list;
}

enum ddmd_status ddmd_frame_file_create(const char *path, const ddmd_structure *structure,
                                        size_t n_points, const char *creator_note,
                                        ddmd_frame_file **file, ddmd_error *err)
{
    enum ddmd_status status = DDMD_OK;
    ddmd_frame_file *new = NULL;
    char *beside = NULL;
    bool made = false;
    hid_t access = -1, creation = -1;
    ddmd_h5_quiet quiet = ddmd_h5_quiet_begin();
    DDMD_TRY(check_new(path, structure, n_points, err));
    DDMD_TRY(ddmd_frame_file_new(path, &new, err));
    DDMD_TRY(ddmd_text_format(&beside, err, "%s.new", path));
    DDMD_TRY(ddmd_lock_take(path, &new->lock, err));
    if (ddmd_file_exists(path))
        DDMD_FAIL(err, DDMD_IO, "%s: exists already", path);

    DDMD_TRY(access_list(new, &access, err));
    DDMD_H5_TRY(creation = creation_list(), DDMD_EXTERNAL, path, &new->io, "create");
    DDMD_H5_TRY(new->file = H5Fcreate(beside, H5F_ACC_TRUNC, creation, access), DDMD_EXTERNAL, path,
                &new->io, "create");
    made = true;
    DDMD_TRY(
        ddmd_h5md_build(new->file, new->path, &new->io, structure, n_points, creator_note, err));
    DDMD_H5_TRY(H5Fstart_swmr_write(new->file), DDMD_EXTERNAL, path, &new->io,
                "let readers in (SWMR)");
    DDMD_TRY(ddmd_h5md_open(new->file, new->path, &new->io, &new->h5md, err));
    DDMD_H5_TRY(H5Fflush(new->file, H5F_SCOPE_GLOBAL), DDMD_EXTERNAL, path, &new->io, "write");
    DDMD_TRY(ddmd_file_sync(beside, err));
    DDMD_TRY(ddmd_rename_durably(beside, path, err));
    made = false;
    new->writer = true;
    *file = new;
    new = NULL;
out:
    DDMD_H5_CLOSE(creation, access);
    if (new)
        new->io.discard = true;
    ddmd_frame_file_close(&new);
    if (made)
        unlink(beside);
    free(beside);
    ddmd_h5_quiet_end(&quiet);
    return status;
}

/* ---- mending -------------------------------------------------------------------------------- */

/* Every series gets exactly n rows; the numbers in DDMD_SERIES_STEP are those of the rows. */
static enum ddmd_status cut(ddmd_frame_file *file, uint64_t n, ddmd_error *err)
{
    enum ddmd_status status = DDMD_OK;
    uint64_t there = 0;
    DDMD_TRY(ddmd_frame_file_whole_rows(file, &there, err));
    if (there < n)
        DDMD_FAIL(err, DDMD_FORMAT, "%s: %llu frames are there, %llu should be", file->path,
                  (unsigned long long)there, (unsigned long long)n);
    for (int i = 0; i < DDMD_N_SERIES; i++) {
        uint64_t rows = 0;
        DDMD_TRY(ddmd_h5md_rows(&file->h5md, i, &rows, err));
        if (rows > n)
            DDMD_TRY(ddmd_h5md_set_rows(&file->h5md, i, n, err));
        else if (i == DDMD_SERIES_STEP)
            file->n_synced = rows;
    }
    if (file->n_synced > n)
        file->n_synced = n;
    file->n_frames = n;
out:
    return status;
}

enum ddmd_status ddmd_frame_file_recover(const char *path, uint64_t n_frames,
                                         ddmd_frame_file **file, ddmd_error *err)
{
    enum ddmd_status status = DDMD_OK;
    ddmd_frame_file *new = NULL;
    ddmd_h5_quiet quiet = ddmd_h5_quiet_begin();
    DDMD_TRY(ddmd_frame_file_new(path, &new, err));
    if (!ddmd_file_exists(path))
        DDMD_FAIL(err, DDMD_IO, "%s: no such file", path);
    DDMD_TRY(ddmd_lock_take(path, &new->lock, err));
    DDMD_TRY(ddmd_h5_superblock_mend(path, err));
    /* Writes keep the order that survives another SIGKILL. */
    DDMD_TRY(ddmd_frame_file_open_h5(new, H5F_ACC_RDWR | H5F_ACC_SWMR_WRITE, err));
    DDMD_TRY(ddmd_h5md_open(new->file, new->path, &new->io, &new->h5md, err));
    DDMD_TRY(cut(new, n_frames, err));
    new->writer = true;
    DDMD_TRY(ddmd_frame_file_sync(new, err));
    *file = new;
    new = NULL;
out:
    if (new)
        new->broken = true;
    ddmd_frame_file_close(&new);
    ddmd_h5_quiet_end(&quiet);
    return status;
}
