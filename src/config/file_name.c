#include "config/file_name.h"

#include "core/file.h"
#include "core/text.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum ddmd_status ddmd_file_name_resolve(const char *directory, const char *name, char **resolved,
                                        ddmd_error *err)
{
    if (!*name || *name == '/')
        return ddmd_text_format(resolved, err, "%s", name);
    while (strncmp(name, "./", 2) == 0)
        name += 2;
    const char *slash = directory[strlen(directory) - 1] == '/' ? "" : "/";
    return ddmd_text_format(resolved, err, "%s%s%s", directory, slash, name);
}

bool ddmd_file_name_is_beside(const char *directory, const char *name)
{
    char *path = NULL;
    if (ddmd_file_name_resolve(directory, name, &path, NULL) != DDMD_OK)
        return false;
    bool exists = *name && ddmd_file_exists(path);
    free(path);
    return exists;
}

enum ddmd_status ddmd_file_name_directory(const char *directory, char **absolute, ddmd_error *err)
{
    char *path = realpath(directory, NULL);
    if (!path)
        return ddmd_error_set(err, DDMD_IO, "%s: %s", directory, strerror(errno));
    *absolute = path;
    return DDMD_OK;
}

enum ddmd_status ddmd_file_name_parent(const char *path, char **absolute, ddmd_error *err)
{
    const char *slash = strrchr(path, '/');
    char *parent = NULL;
    enum ddmd_status status =
        slash ? ddmd_text_format(&parent, err, "%.*s/", (int)(slash - path), path)
              : ddmd_text_format(&parent, err, ".");
    if (status == DDMD_OK)
        status = ddmd_file_name_directory(parent, absolute, err);
    free(parent);
    return status;
}
