#include "store/h5_error.h"

#include <stdio.h>
#include <string.h>

enum { REASON_SIZE = 256 };

static herr_t keep_innermost(unsigned n, const H5E_error2_t *entry, void *reason)
{
    if (n == 0 && entry->desc)
        snprintf(reason, REASON_SIZE, "%s", entry->desc);
    return 0;
}

enum ddmd_status ddmd_h5_fail(ddmd_error *err, enum ddmd_status otherwise, const char *path,
                              const ddmd_h5_io *io, const char *doing)
{
    if (io && io->error)
        return ddmd_error_set(err, DDMD_IO, "%s: cannot %s: %s", path, doing, strerror(io->error));
    char reason[REASON_SIZE] = "hdf5 gives no reason";
    H5Ewalk2(H5E_DEFAULT, H5E_WALK_UPWARD, keep_innermost, reason);
    return ddmd_error_set(err, otherwise, "%s: cannot %s: %s", path, doing, reason);
}
