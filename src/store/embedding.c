#include "ddmd/embedding.h"

#include "core/array.h"
#include "core/file.h"
#include "core/try.h"
#include "store/h5_error.h"

#include <stdbool.h>
#include <stdlib.h>

static herr_t add_attribute(hid_t file, const char *name, uint32_t value)
{
    herr_t result = -1;
    hid_t space = H5Screate(H5S_SCALAR);
    hid_t attribute = H5Acreate2(file, name, H5T_STD_U32LE, space, H5P_DEFAULT, H5P_DEFAULT);
    if (attribute >= 0)
        result = H5Awrite(attribute, H5T_NATIVE_UINT32, &value);
    H5Aclose(attribute);
    H5Sclose(space);
    return result;
}

/* A dataset of n rows (columns 0: one-dimensional). */
static herr_t add_column(hid_t file, const char *name, size_t n, size_t columns, hid_t file_type,
                         hid_t memory_type, const void *values)
{
    herr_t result = -1;
    const hsize_t extent[2] = {n, columns};
    hid_t space = H5Screate_simple(columns ? 2 : 1, extent, NULL);
    hid_t set = H5Dcreate2(file, name, file_type, space, H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT);
    if (set >= 0)
        result = H5Dwrite(set, memory_type, H5S_ALL, H5S_ALL, H5P_DEFAULT, values);
    H5Dclose(set);
    H5Sclose(space);
    return result;
}

static bool fill(hid_t file, const ddmd_embedding *e)
{
    return add_attribute(file, "round", e->round) >= 0 &&
           add_attribute(file, "model_version", e->model_version) >= 0 &&
           add_column(file, "latent", e->n, e->latent_dim, H5T_IEEE_F32LE, H5T_NATIVE_FLOAT,
                      e->latent) >= 0 &&
           add_column(file, "simulation", e->n, 0, H5T_STD_U32LE, H5T_NATIVE_UINT32,
                      e->simulation) >= 0 &&
           add_column(file, "index", e->n, 0, H5T_STD_U32LE, H5T_NATIVE_UINT32, e->index) >= 0 &&
           add_column(file, "rmsd_nm", e->n, 0, H5T_IEEE_F32LE, H5T_NATIVE_FLOAT, e->rmsd_nm) >= 0;
}

enum ddmd_status ddmd_embedding_write(const char *path, const ddmd_embedding *embedding,
                                      ddmd_error *err)
{
    enum ddmd_status status = DDMD_OK;
    char *image = NULL;
    hid_t access = H5I_INVALID_HID, file = H5I_INVALID_HID;
    ddmd_h5_quiet quiet = ddmd_h5_quiet_begin();

    /* Built in memory, so that the file appears in one step. */
    access = H5Pcreate(H5P_FILE_ACCESS);
    if (access >= 0 && H5Pset_fapl_core(access, (size_t)1 << 20, false) >= 0)
        file = H5Fcreate("embedding", H5F_ACC_TRUNC, H5P_DEFAULT, access);
    if (file < 0 || !fill(file, embedding) || H5Fflush(file, H5F_SCOPE_GLOBAL) < 0)
        DDMD_FAIL(err, DDMD_EXTERNAL, "%s: HDF5 cannot build the file", path);
    ssize_t size = H5Fget_file_image(file, NULL, 0);
    if (size <= 0)
        DDMD_FAIL(err, DDMD_EXTERNAL, "%s: HDF5 gives no image of the file", path);
    DDMD_TRY(ddmd_array_alloc(&image, (size_t)size, 1, err));
    if (H5Fget_file_image(file, image, (size_t)size) != size)
        DDMD_FAIL(err, DDMD_EXTERNAL, "%s: HDF5 gives no image of the file", path);
    DDMD_TRY(ddmd_file_replace(path, image, (size_t)size, err));
out:
    free(image);
    if (file >= 0)
        H5Fclose(file);
    if (access >= 0)
        H5Pclose(access);
    ddmd_h5_quiet_end(&quiet);
    return status;
}
