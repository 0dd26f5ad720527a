#include "hdf5/h5.h"

#include "core/array.h"
#include "core/file.h"
#include "core/try.h"

#include <stdio.h>
#include <stdlib.h>

ddmd_h5_quiet ddmd_h5_quiet_begin(void)
{
    ddmd_h5_quiet quiet = {0};
    /*
     * We close what we open, so HDF5 has nothing to do at exit; where it met a damaged file, it
     * would complain there, loudly, about memory of its own that it lost.
     */
    H5dont_atexit();
    H5Eget_auto2(H5E_DEFAULT, &quiet.report, &quiet.data);
    H5Eset_auto2(H5E_DEFAULT, NULL, NULL);
    return quiet;
}

void ddmd_h5_quiet_end(const ddmd_h5_quiet *quiet)
{
    H5Eset_auto2(H5E_DEFAULT, quiet->report, quiet->data);
}

static void close_one(hid_t id)
{
    switch (H5Iget_type(id)) {
    case H5I_FILE:
        H5Fclose(id);
        break;
    case H5I_GROUP:
        H5Gclose(id);
        break;
    case H5I_DATATYPE:
        H5Tclose(id);
        break;
    case H5I_DATASPACE:
        H5Sclose(id);
        break;
    case H5I_DATASET:
        H5Dclose(id);
        break;
    case H5I_ATTR:
        H5Aclose(id);
        break;
    case H5I_GENPROP_LST:
        H5Pclose(id);
        break;
    default:
        break;
    }
}

void ddmd_h5_close(const hid_t *ids, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (ids[i] > 0)
            close_one(ids[i]);
}

bool ddmd_h5_look(hid_t object, ddmd_h5_content *content)
{
    bool is_set = object >= 0 && H5Iget_type(object) == H5I_DATASET;
    hid_t type = object < 0 ? object : is_set ? H5Dget_type(object) : H5Aget_type(object);
    hid_t space = object < 0 ? object : is_set ? H5Dget_space(object) : H5Aget_space(object);
    bool seen = false;
    if (type >= 0 && space >= 0) {
        hssize_t n = H5Sget_simple_extent_npoints(space);
        *content = (ddmd_h5_content){
            .class = H5Tget_class(type),
            .size = H5Tis_variable_str(type) > 0 ? 0 : H5Tget_size(type),
            .rank = H5Sget_simple_extent_ndims(space),
            .n = n < 0 ? 0 : (hsize_t)n,
        };
        seen = n >= 0 && content->rank >= 0 &&
               H5Sget_simple_extent_dims(space, content->extent, NULL) == content->rank;
    }
    DDMD_H5_CLOSE(space, type);
    return seen;
}

/*
 * HDF5 takes two open files of one name for the same file, and an image for a mistake where a file
 * of that name is on disk; so the name is made of an address. Growing by much at a time keeps large
 * contents from being copied over and over.
 */
hid_t ddmd_h5_open_in_memory(const void *owner, void *image, size_t size)
{
    hid_t access = H5Pcreate(H5P_FILE_ACCESS), file = H5I_INVALID_HID;
    char name[64];
    snprintf(name, sizeof name, "ddmd-%p", owner);
    if (access >= 0 && H5Pset_fapl_core(access, (size_t)4 << 20, false) >= 0) {
        if (!image)
            file = H5Fcreate(name, H5F_ACC_TRUNC, H5P_DEFAULT, access);
        else if (H5Pset_file_image(access, image, size) >= 0)
            file = H5Fopen(name, H5F_ACC_RDONLY, access);
    }
    DDMD_H5_CLOSE(access);
    return file;
}

enum ddmd_status ddmd_h5_write_image(hid_t file, const char *path, ddmd_error *err)
{
    enum ddmd_status status = DDMD_OK;
    char *image = NULL;
    ssize_t size = -1;
    if (H5Fflush(file, H5F_SCOPE_GLOBAL) >= 0)
        size = H5Fget_file_image(file, NULL, 0);
    if (size <= 0)
        DDMD_FAIL(err, DDMD_EXTERNAL, "%s: HDF5 gives no image of the file", path);
    DDMD_TRY(ddmd_array_alloc(&image, (size_t)size, 1, err));
    if (H5Fget_file_image(file, image, (size_t)size) != size)
        DDMD_FAIL(err, DDMD_EXTERNAL, "%s: HDF5 gives no image of the file", path);
    DDMD_TRY(ddmd_file_replace(path, image, (size_t)size, err));
out:
    free(image);
    return status;
}
