/*
 * DCD: Fortran unformatted records, each between two int32 byte counts, in the byte order of the
 * machine (readers tell from the first count). Header record "CORD" with 20 int32, a title record,
 * the atom count; then for each frame one record of x, one of y, one of z.
 */
#include "ddmd/trajectory.h"

#include "store/rename.h"

#include "core/array.h"
#include "core/text.h"
#include "core/try.h"

#include <errno.h>
#include <limits.h>
#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define AKMA_PS 0.04888821
#define ANGSTROM_PER_NM 10.0F

enum { TITLE_LINES = 2, TITLE_WIDTH = 80, CHARMM_VERSION = 24 };

/* The numbers of the header record after "CORD", by their place in it. */
enum {
    CONTROL_N_FRAMES = 0,
    CONTROL_FIRST_STEP = 1,
    CONTROL_STEPS_BETWEEN = 2,
    CONTROL_N_STEPS = 3,
    CONTROL_TIMESTEP = 9, /* float32, AKMA */
    CONTROL_VERSION = 19,
    N_CONTROL = 20
};

struct ddmd_dcd_writer {
    char *path, *beside;
    FILE *file;
    size_t n_atoms;
    int32_t control[N_CONTROL];
    float *record; /* [n_atoms] of one coordinate */
    bool broken;
};

static enum ddmd_status fail(const ddmd_dcd_writer *writer, ddmd_error *err)
{
    return ddmd_error_set(err, DDMD_IO, "%s: %s", writer->beside, strerror(errno));
}

static bool put_record(FILE *file, const void *bytes, size_t length)
{
    int32_t count = (int32_t)length;
    return fwrite(&count, sizeof count, 1, file) == 1 && fwrite(bytes, 1, length, file) == length &&
           fwrite(&count, sizeof count, 1, file) == 1;
}

static bool put_control(const ddmd_dcd_writer *writer)
{
    char record[4 + sizeof writer->control] = {'C', 'O', 'R', 'D'};
    memcpy(record + 4, writer->control, sizeof writer->control);
    return put_record(writer->file, record, sizeof record);
}

static bool put_header(const ddmd_dcd_writer *writer, const char *title)
{
    struct {
        int32_t n_lines;
        char lines[TITLE_LINES][TITLE_WIDTH];
    } titles = {.n_lines = TITLE_LINES};
    memset(titles.lines, ' ', sizeof titles.lines);
    const char *lines[TITLE_LINES] = {title ? title : "", "written by ddmd, angstrom"};
    for (int i = 0; i < TITLE_LINES; i++) {
        size_t length = strcspn(lines[i], "\r\n");
        memcpy(titles.lines[i], lines[i], length < TITLE_WIDTH ? length : TITLE_WIDTH - 1);
    }
    int32_t n_atoms = (int32_t)writer->n_atoms;
    return put_control(writer) && put_record(writer->file, &titles, sizeof titles) &&
           put_record(writer->file, &n_atoms, sizeof n_atoms);
}

enum ddmd_status ddmd_dcd_writer_create(const char *path, const ddmd_dcd_options *options,
                                        ddmd_dcd_writer **writer, ddmd_error *err)
{
    enum ddmd_status status = DDMD_OK;
    ddmd_dcd_writer *new = NULL;
    float timestep = (float)(options->interval_ps / AKMA_PS);
    if (options->n_atoms < 1 || options->n_atoms > INT32_MAX / sizeof(float))
        DDMD_FAIL(err, DDMD_INVALID, "%s: a DCD file holds 1 to %zu atoms, not %zu", path,
                  INT32_MAX / sizeof(float), options->n_atoms);
    if (!isfinite(timestep) || timestep <= 0)
        DDMD_FAIL(err, DDMD_INVALID, "%s: interval_ps is %g: expected a positive number", path,
                  options->interval_ps);
    if (options->first_frame > INT32_MAX)
        DDMD_FAIL(err, DDMD_INVALID, "%s: first_frame %u is beyond what a DCD file can hold", path,
                  options->first_frame);

    DDMD_TRY(ddmd_array_alloc(&new, 1, sizeof *new, err));
    new->n_atoms = options->n_atoms;
    new->control[CONTROL_FIRST_STEP] = (int32_t)options->first_frame;
    new->control[CONTROL_STEPS_BETWEEN] = 1;
    memcpy(&new->control[CONTROL_TIMESTEP], &timestep, sizeof timestep);
    new->control[CONTROL_VERSION] = CHARMM_VERSION;
    DDMD_TRY(ddmd_text_format(&new->path, err, "%s", path));
    DDMD_TRY(ddmd_array_alloc(&new->record, options->n_atoms, sizeof(float), err));
    DDMD_TRY(ddmd_text_format(&new->beside, err, "%s.new", path));
    new->file = fopen(new->beside, "wbe");
    if (!new->file || !put_header(new, options->title)) {
        status = fail(new, err);
        goto out;
    }
    *writer = new;
    new = NULL;
out:
    ddmd_dcd_writer_destroy(&new);
    return status;
}

enum ddmd_status ddmd_dcd_writer_append(ddmd_dcd_writer *writer, const float *positions,
                                        ddmd_error *err)
{
    if (writer->broken)
        return ddmd_error_set(err, DDMD_IO, "%s: an earlier write failed", writer->beside);
    if (writer->control[CONTROL_N_FRAMES] >= INT32_MAX - writer->control[CONTROL_FIRST_STEP])
        return ddmd_error_set(err, DDMD_UNSUPPORTED, "%s: more frames than a DCD file can count",
                              writer->path);
    for (int axis = 0; axis < 3; axis++) {
        for (size_t atom = 0; atom < writer->n_atoms; atom++)
            writer->record[atom] = positions[3 * atom + (size_t)axis] * ANGSTROM_PER_NM;
        if (!put_record(writer->file, writer->record, writer->n_atoms * sizeof(float))) {
            writer->broken = true;
            return fail(writer, err);
        }
    }
    writer->control[CONTROL_N_FRAMES]++;
    return DDMD_OK;
}

enum ddmd_status ddmd_dcd_writer_close(ddmd_dcd_writer **writer, ddmd_error *err)
{
    ddmd_dcd_writer *w = *writer;
    if (w->broken)
        return ddmd_error_set(err, DDMD_IO, "%s: an earlier write failed", w->beside);
    if (w->control[CONTROL_N_FRAMES] > 0)
        w->control[CONTROL_N_STEPS] =
            w->control[CONTROL_FIRST_STEP] + w->control[CONTROL_N_FRAMES] - 1;
    if (fseek(w->file, 0, SEEK_SET) != 0 || !put_control(w) || fflush(w->file) != 0 ||
        fsync(fileno(w->file)) != 0) {
        w->broken = true;
        return fail(w, err);
    }
    enum ddmd_status status = ddmd_rename_durably(w->beside, w->path, err);
    if (status == DDMD_OK) {
        free(w->beside); /* there is nothing left to remove */
        w->beside = NULL;
        ddmd_dcd_writer_destroy(writer);
    }
    return status;
}

void ddmd_dcd_writer_destroy(ddmd_dcd_writer **writer)
{
    ddmd_dcd_writer *w = *writer;
    if (!w)
        return;
    if (w->file)
        fclose(w->file);
    if (w->file && w->beside)
        unlink(w->beside);
    free(w->path);
    free(w->beside);
    free(w->record);
    free(w);
    *writer = NULL;
}
