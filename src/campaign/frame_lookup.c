#include "campaign/frame_lookup.h"

#include "core/array.h"
#include "core/try.h"

#include <stdlib.h>

enum ddmd_status ddmd_frame_lookup(ddmd_frame_file *file, ddmd_frame_wanted *wanted, size_t n,
                                   ddmd_error *err)
{
    enum { CHUNK = 65536 };
    enum ddmd_status status = DDMD_OK;
    uint32_t *simulation = NULL, *index = NULL;
    DDMD_TRY(ddmd_array_alloc(&simulation, CHUNK, sizeof *simulation, err));
    DDMD_TRY(ddmd_array_alloc(&index, CHUNK, sizeof *index, err));
    size_t missing = n;
    for (size_t i = 0; i < n; i++)
        wanted[i].row = -1;
    for (uint64_t end = ddmd_frame_file_frames(file); end > 0 && missing > 0;) {
        size_t length = end < CHUNK ? (size_t)end : CHUNK;
        uint64_t first = end - length;
        const ddmd_frame_columns columns = {.simulation = simulation, .index = index};
        DDMD_TRY(ddmd_frame_file_read_columns(file, first, length, &columns, err));
        for (size_t i = 0; i < n; i++)
            for (size_t k = length; wanted[i].row < 0 && k-- > 0;)
                if (simulation[k] == wanted[i].simulation && index[k] == wanted[i].index) {
                    wanted[i].row = (int64_t)(first + k);
                    missing--;
                }
        end = first;
    }
    for (size_t i = 0; i < n; i++)
        if (wanted[i].row < 0)
            DDMD_FAIL(err, DDMD_FORMAT, "frame %u of simulation %u is not in the frame file",
                      wanted[i].index, wanted[i].simulation);
out:
    free(simulation);
    free(index);
    return status;
}
