/* HDF5's error stack, turned into messages. */
#ifndef DDMD_STORE_H5_ERROR_H
#define DDMD_STORE_H5_ERROR_H

#include "store/h5_driver.h"

#include "core/try.h"
#include "ddmd/error.h"
#include "hdf5/h5.h"

/*
 * The failure that HDF5 has just reported, as "path: cannot <doing>: <why>": IO with the reason of
 * the operating system where a read or write failed, else `otherwise` with HDF5's innermost
 * message.
 */
enum ddmd_status ddmd_h5_fail(ddmd_error *err, enum ddmd_status otherwise, const char *path,
                              const ddmd_h5_io *io, const char *doing);

#define DDMD_H5_TRY(call, otherwise, path, io, doing)                       \
    do {                                                                    \
        if ((call) < 0) {                                                   \
            status = ddmd_h5_fail((err), (otherwise), (path), (io), doing); \
            goto out;                                                       \
        }                                                                   \
    } while (0)

#endif
