#include "store/rename.h"

#include "core/file.h"
#include "core/text.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum ddmd_status ddmd_rename_durably(const char *from, const char *to, ddmd_error *err)
{
    char *parent = NULL;
    const char *slash = strrchr(to, '/');
    int length = slash == to ? 1 : slash ? (int)(slash - to) : 1;
    enum ddmd_status status = ddmd_text_format(&parent, err, "%.*s", length, slash ? to : ".");
    if (status == DDMD_OK && rename(from, to) != 0)
        status = ddmd_error_set(err, DDMD_IO, "%s: %s", to, strerror(errno));
    if (status == DDMD_OK)
        status = ddmd_file_sync(parent, err);
    free(parent);
    return status;
}
