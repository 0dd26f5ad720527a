#ifndef DDMD_STORE_RENAME_H
#define DDMD_STORE_RENAME_H

#include "ddmd/error.h"

/*
 * Give a finished file its name, for good: rename, then fsync the directory. IO leaves it under
 * `from` where the rename failed.
 */
enum ddmd_status ddmd_rename_durably(const char *from, const char *to, ddmd_error *err);

#endif
