#include "store/h5md.h"

#include "hdf5/h5.h"

#include <pwd.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { PATH_SIZE = 128 };

hid_t ddmd_h5md_text_type(size_t size)
{
    hid_t type = H5Tcopy(H5T_C_S1);
    if (type >= 0 && (H5Tset_size(type, size) < 0 || H5Tset_cset(type, H5T_CSET_UTF8) < 0 ||
                      H5Tset_strpad(type, H5T_STR_NULLPAD) < 0)) {
        H5Tclose(type);
        return -1;
    }
    return type;
}

static herr_t put_attribute(hid_t object, const char *name, hid_t type, hid_t space,
                            const void *value)
{
    hid_t attribute = H5Acreate2(object, name, type, space, H5P_DEFAULT, H5P_DEFAULT);
    if (attribute < 0)
        return -1;
    herr_t result = H5Awrite(attribute, type, value);
    H5Aclose(attribute);
    return result;
}

/* n strings; of variable length, since that is what h5py and MDAnalysis read as str. */
static herr_t put_texts(hid_t object, const char *name, const char *const *texts, hsize_t n)
{
    hid_t type = H5Tcopy(H5T_C_S1);
    hid_t space = n == 1 ? H5Screate(H5S_SCALAR) : H5Screate_simple(1, &n, NULL);
    herr_t result = -1;
    if (type >= 0 && space >= 0 && H5Tset_size(type, H5T_VARIABLE) >= 0 &&
        H5Tset_cset(type, H5T_CSET_UTF8) >= 0)
        result = put_attribute(object, name, type, space, texts);
    DDMD_H5_CLOSE(space, type);
    return result;
}

herr_t ddmd_h5md_put_text(hid_t object, const char *name, const char *text)
{
    return put_texts(object, name, &text, 1);
}

static herr_t put_ints(hid_t object, const char *name, const int *values, hsize_t n)
{
    hid_t space = n == 1 ? H5Screate(H5S_SCALAR) : H5Screate_simple(1, &n, NULL);
    hid_t attribute = H5Acreate2(object, name, H5T_STD_I32LE, space, H5P_DEFAULT, H5P_DEFAULT);
    herr_t result = attribute < 0 ? -1 : H5Awrite(attribute, H5T_NATIVE_INT, values);
    DDMD_H5_CLOSE(attribute, space);
    return result;
}

herr_t ddmd_h5md_put_int(hid_t object, const char *name, int value)
{
    return put_ints(object, name, &value, 1);
}

/* Objects without the times at which they were made: equal contents are then equal bytes. */
static hid_t timeless(hid_t class)
{
    hid_t properties = H5Pcreate(class);
    if (properties >= 0 && H5Pset_obj_track_times(properties, 0) < 0) {
        H5Pclose(properties);
        return -1;
    }
    return properties;
}

/* The groups along path that are missing: up to its last slash, or all of it. */
static herr_t make_groups(hid_t file, const char *path, bool all)
{
    char prefix[PATH_SIZE];
    herr_t result = 0;
    hid_t properties = timeless(H5P_GROUP_CREATE);
    if (properties < 0 || strlen(path) >= sizeof prefix)
        result = -1;
    const char *end = path + 1;
    while (result >= 0 && (end = strchr(end, '/')) != NULL) {
        snprintf(prefix, sizeof prefix, "%.*s", (int)(end - path), path);
        end++;
        if (H5Lexists(file, prefix, H5P_DEFAULT) > 0)
            continue;
        hid_t group = H5Gcreate2(file, prefix, H5P_DEFAULT, properties, H5P_DEFAULT);
        result = group < 0 ? -1 : H5Gclose(group);
    }
    if (result >= 0 && all && H5Lexists(file, path, H5P_DEFAULT) <= 0) {
        hid_t group = H5Gcreate2(file, path, H5P_DEFAULT, properties, H5P_DEFAULT);
        result = group < 0 ? -1 : H5Gclose(group);
    }
    DDMD_H5_CLOSE(properties);
    return result;
}

hid_t ddmd_h5md_make_group(hid_t file, const char *path)
{
    return make_groups(file, path, true) < 0 ? -1 : H5Gopen2(file, path, H5P_DEFAULT);
}

hid_t ddmd_h5md_make_dataset(hid_t file, const char *path, hid_t type, hid_t space, int rank,
                             const hsize_t *chunk)
{
    hid_t properties = timeless(H5P_DATASET_CREATE);
    hid_t dataset = -1;
    if (properties >= 0 && (!chunk || H5Pset_chunk(properties, rank, chunk) >= 0) &&
        make_groups(file, path, false) >= 0)
        dataset = H5Dcreate2(file, path, type, space, H5P_DEFAULT, properties, H5P_DEFAULT);
    DDMD_H5_CLOSE(properties);
    return dataset;
}

/* The login name of who runs this; H5MD wants an author. */
static void author_name(char *name, size_t size)
{
    char bytes[4096];
    struct passwd entry, *found = NULL;
    if (getpwuid_r(geteuid(), &entry, bytes, sizeof bytes, &found) == 0 && found)
        snprintf(name, size, "%s", found->pw_name);
    else
        snprintf(name, size, "unknown");
}

herr_t ddmd_h5md_make_heading(hid_t file, const char *note)
{
    static const int h5md_version[2] = {1, 1}, units_version[2] = {1, 0};
    char author[256];
    author_name(author, sizeof author);
    hid_t h5md = ddmd_h5md_make_group(file, "/h5md");
    hid_t by = ddmd_h5md_make_group(file, "/h5md/author");
    hid_t with = ddmd_h5md_make_group(file, "/h5md/creator");
    hid_t units = ddmd_h5md_make_group(file, "/h5md/modules/units");
    herr_t result = -1;
    if (h5md >= 0 && by >= 0 && with >= 0 && units >= 0 &&
        put_ints(h5md, "version", h5md_version, 2) >= 0 &&
        ddmd_h5md_put_text(by, "name", author) >= 0 &&
        ddmd_h5md_put_text(with, "name", "ddmd") >= 0 &&
        ddmd_h5md_put_text(with, "version", DDMD_VERSION) >= 0 &&
        (!note || !*note || ddmd_h5md_put_text(with, "note", note) >= 0) &&
        put_ints(units, "version", units_version, 2) >= 0 &&
        ddmd_h5md_put_text(units, "system", "SI") >= 0)
        result = 0;
    DDMD_H5_CLOSE(units, with, by, h5md);
    return result;
}

herr_t ddmd_h5md_make_box(hid_t file, const char *path)
{
    static const char *const open_boundary[3] = {"none", "none", "none"};
    hid_t box = ddmd_h5md_make_group(file, path);
    herr_t result = -1;
    if (box >= 0 && ddmd_h5md_put_int(box, "dimension", 3) >= 0 &&
        put_texts(box, "boundary", open_boundary, 3) >= 0)
        result = 0;
    DDMD_H5_CLOSE(box);
    return result;
}

herr_t ddmd_h5md_make_parameters(hid_t file, size_t n_points)
{
    hid_t group = ddmd_h5md_make_group(file, "/parameters/ddmd");
    herr_t result = -1;
    if (group >= 0 && ddmd_h5md_put_int(group, "layout_version", DDMD_H5MD_LAYOUT_VERSION) >= 0 &&
        ddmd_h5md_put_int(group, "n_points", (int)n_points) >= 0)
        result = 0;
    DDMD_H5_CLOSE(group);
    return result;
}
