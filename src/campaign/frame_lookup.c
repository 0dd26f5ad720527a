#include "campaign/frame_lookup.h"

#include "campaign/frame_files.h"
#include "core/array.h"
#include "core/try.h"

#include <stdlib.h>

enum { CHUNK = 65536 };

/* Some of a file's rows. */
typedef struct rows {
    uint32_t *simulation, *index; /* [CHUNK] */
    uint64_t first;
    size_t n;
} rows;

/* How many of the wanted are in these rows and were not found before. */
static size_t look(const rows *r, size_t file, ddmd_frame_wanted *wanted, size_t n)
{
    size_t found = 0;
    for (size_t i = 0; i < n; i++)
        for (size_t k = r->n; !wanted[i].found && k-- > 0;)
            if (r->simulation[k] == wanted[i].simulation && r->index[k] == wanted[i].index) {
                wanted[i].found = true;
                wanted[i].file = file;
                wanted[i].row = r->first + k;
                found++;
            }
    return found;
}

enum ddmd_status ddmd_frame_lookup(ddmd_frame_file *const *files, size_t n_files,
                                   ddmd_frame_wanted *wanted, size_t n, ddmd_error *err)
{
    enum ddmd_status status = DDMD_OK;
    rows r = {0};
    size_t missing = n;
    uint64_t ends[DDMD_FRAME_FILES_MAX], left = 0; /* rows that were not looked at */
    DDMD_TRY(ddmd_array_alloc(&r.simulation, CHUNK, sizeof *r.simulation, err));
    DDMD_TRY(ddmd_array_alloc(&r.index, CHUNK, sizeof *r.index, err));
    for (size_t i = 0; i < n; i++)
        wanted[i].found = false;
    for (size_t f = 0; f < n_files; f++) {
        ends[f] = ddmd_frame_file_frames(files[f]);
        left += ends[f];
    }
    for (size_t f = 0; left > 0 && missing > 0; f = (f + 1) % n_files) {
        if (ends[f] == 0)
            continue;
        r.n = ends[f] < CHUNK ? (size_t)ends[f] : CHUNK;
        r.first = ends[f] - r.n;
        const ddmd_frame_columns columns = {.simulation = r.simulation, .index = r.index};
        DDMD_TRY(ddmd_frame_file_read_columns(files[f], r.first, r.n, &columns, err));
        missing -= look(&r, f, wanted, n);
        ends[f] = r.first;
        left -= r.n;
    }
    for (size_t i = 0; i < n; i++)
        if (!wanted[i].found)
            DDMD_FAIL(err, DDMD_FORMAT, "frame %u of simulation %u is in no frame file",
                      wanted[i].index, wanted[i].simulation);
out:
    free(r.simulation);
    free(r.index);
    return status;
}
