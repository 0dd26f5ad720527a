/* Where force-field files are looked for. */
#include "ddmd/force_field.h"

#include "core/array.h"
#include "core/file.h"
#include "core/text.h"
#include "core/try.h"

#include <glob.h>
#include <stdlib.h>
#include <string.h>

typedef struct search {
    const char *name;
    char *found;
    char *nearest;    /* a name much like it */
    ddmd_text places; /* looked at in vain */
} search;

/* A force field in a directory whose name is much like the one looked for. */
static enum ddmd_status look_for_nearest(search *s, const char *directory, ddmd_error *err)
{
    enum ddmd_status status = DDMD_OK;
    char *pattern = NULL;
    const char **names = NULL;
    glob_t matches = {0};
    if (s->nearest)
        goto out;
    DDMD_TRY(ddmd_text_format(&pattern, err, "%s/*.xml", directory));
    if (glob(pattern, GLOB_NOESCAPE, NULL, &matches) != 0)
        goto out;
    DDMD_TRY(ddmd_array_alloc(&names, matches.gl_pathc, sizeof *names, err));
    for (size_t i = 0; i < matches.gl_pathc; i++)
        names[i] = strrchr(matches.gl_pathv[i], '/') + 1;
    const char *nearest = ddmd_text_nearest(s->name, names, matches.gl_pathc);
    if (nearest)
        DDMD_TRY(ddmd_text_format(&s->nearest, err, "; did you mean %s?", nearest));
out:
    globfree(&matches);
    free(names);
    free(pattern);
    return status;
}

/* Take directory/name where it is a file; else note the directory. */
static enum ddmd_status look_in(search *s, const char *directory, ddmd_error *err)
{
    enum ddmd_status status = DDMD_OK;
    char *path = NULL;
    DDMD_TRY(ddmd_text_format(&path, err, "%s/%s", directory, s->name));
    if (ddmd_file_exists(path)) {
        s->found = path;
        path = NULL;
    } else {
        ddmd_text_add(&s->places, ", %s", directory);
        DDMD_TRY(look_for_nearest(s, directory, err));
    }
out:
    free(path);
    return status;
}

static enum ddmd_status look_in_path(search *s, const char *directories, ddmd_error *err)
{
    enum ddmd_status status = DDMD_OK;
    char *directory = NULL;
    while (*directories && !s->found) {
        size_t length = strcspn(directories, ":");
        if (length) {
            DDMD_TRY(ddmd_text_format(&directory, err, "%.*s", (int)length, directories));
            DDMD_TRY(look_in(s, directory, err));
            free(directory);
            directory = NULL;
        }
        directories += length + (directories[length] == ':');
    }
out:
    free(directory);
    return status;
}

/* OpenMM's data directories under the Python directories that match a pattern. */
static enum ddmd_status look_in_python(search *s, const char *root, const char *pattern,
                                       ddmd_error *err)
{
    static const char *const packages[] = {"openmm/app/data", "simtk/openmm/app/data"};
    enum ddmd_status status = DDMD_OK;
    glob_t matches = {0};
    char *wanted = NULL;
    if (!root || s->found)
        goto out;
    for (size_t p = 0; p < sizeof packages / sizeof packages[0] && !s->found; p++) {
        free(wanted);
        wanted = NULL;
        DDMD_TRY(ddmd_text_format(&wanted, err, "%s%s/%s", root, pattern, packages[p]));
        if (glob(wanted, GLOB_NOESCAPE, NULL, &matches) != 0) {
            ddmd_text_add(&s->places, ", %s", wanted);
            continue;
        }
        for (size_t i = 0; i < matches.gl_pathc && !s->found; i++)
            DDMD_TRY(look_in(s, matches.gl_pathv[i], err));
        globfree(&matches);
        matches = (glob_t){0};
    }
out:
    globfree(&matches);
    free(wanted);
    return status;
}

enum ddmd_status ddmd_force_field_find(const char *name, char **path, ddmd_error *err)
{
    enum ddmd_status status = DDMD_OK;
    search s = {.name = name};
    char *places = NULL;
    if (!*name)
        DDMD_FAIL(err, DDMD_CONFIG, "a force-field file without a name");
    if (ddmd_file_exists(name))
        DDMD_TRY(ddmd_text_format(&s.found, err, "%s", name));
    if (!s.found && name[0] != '/') {
        const char *directories = getenv("DDMD_FORCE_FIELD_PATH");
        if (directories)
            DDMD_TRY(look_in_path(&s, directories, err));
        DDMD_TRY(look_in_python(&s, getenv("CONDA_PREFIX"), "/lib/python3*/site-packages", err));
        DDMD_TRY(look_in_python(&s, getenv("VIRTUAL_ENV"), "/lib/python3*/site-packages", err));
        DDMD_TRY(look_in_python(&s, "/usr", "/lib/python3/dist-packages", err));
        DDMD_TRY(look_in_python(&s, "/usr/local", "/lib/python3*/dist-packages", err));
    }
    if (!s.found) {
        DDMD_TRY(ddmd_text_take(&s.places, &places, err));
        DDMD_FAIL(err, DDMD_CONFIG,
                  "force field %.200s was not found%s; OpenMM's files come with the package "
                  "python3-openmm (Debian 12: python3-simtk) or \"conda install openmm\"; other "
                  "directories go into DDMD_FORCE_FIELD_PATH; looked at: the path itself%s",
                  name, s.nearest ? s.nearest : "", places);
    }
    *path = s.found;
    s.found = NULL;
out:
    free(s.found);
    free(s.nearest);
    free(places);
    ddmd_text_clear(&s.places);
    return status;
}
