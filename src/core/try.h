/*
 * One exit per function: DDMD_TRY and DDMD_FAIL jump to the label `out`, where what the function
 * holds is released. The function declares `enum ddmd_status status = DDMD_OK;` first.
 */
#ifndef DDMD_CORE_TRY_H
#define DDMD_CORE_TRY_H

#include "ddmd/error.h"

#define DDMD_TRY(call)         \
    do {                       \
        status = (call);       \
        if (status != DDMD_OK) \
            goto out;          \
    } while (0)

/* DDMD_FAIL(err, DDMD_IO, "%s: %s", path, strerror(errno)); */
#define DDMD_FAIL(err, code, ...)                            \
    do {                                                     \
        status = ddmd_error_set((err), (code), __VA_ARGS__); \
        goto out;                                            \
    } while (0)

#endif
