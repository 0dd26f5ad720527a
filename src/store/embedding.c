#include "ddmd/embedding.h"

#include "core/array.h"
#include "core/file.h"
#include "core/try.h"
#include "store/h5_error.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

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

/* ---- reading -------------------------------------------------------------------------------- */

static enum ddmd_status read_attribute(hid_t file, const char *path, const char *name,
                                       uint32_t *value, ddmd_error *err)
{
    enum ddmd_status status = DDMD_OK;
    hid_t space = H5I_INVALID_HID;
    hid_t attribute = H5Aopen(file, name, H5P_DEFAULT);
    if (attribute >= 0)
        space = H5Aget_space(attribute);
    if (space < 0 || H5Sget_simple_extent_npoints(space) != 1 ||
        H5Aread(attribute, H5T_NATIVE_UINT32, value) < 0)
        DDMD_FAIL(err, DDMD_FORMAT, "%s: no attribute %s: not an embedding", path, name);
out:
    if (space >= 0)
        H5Sclose(space);
    if (attribute >= 0)
        H5Aclose(attribute);
    return status;
}

/*
 * *values (the caller frees) = a dataset of 4-byte numbers with `rank` dimensions. Nothing is
 * believed that does not stand in the file: its size bounds what is allocated.
 */
static enum ddmd_status read_column(hid_t file, const char *path, const char *name, int rank,
                                    H5T_class_t class, hid_t memory_type, void *values,
                                    hsize_t extent[2], ddmd_error *err)
{
    enum ddmd_status status = DDMD_OK;
    hid_t space = H5I_INVALID_HID, type = H5I_INVALID_HID;
    void *read = NULL;
    hid_t set = H5Dopen2(file, name, H5P_DEFAULT);
    if (set >= 0)
        space = H5Dget_space(set);
    if (space >= 0)
        type = H5Dget_type(set);
    extent[1] = 1;
    if (type < 0 || H5Tget_class(type) != class || H5Tget_size(type) != 4 ||
        H5Sget_simple_extent_ndims(space) != rank ||
        H5Sget_simple_extent_dims(space, extent, NULL) != rank)
        DDMD_FAIL(err, DDMD_FORMAT, "%s: no dataset %s of the right shape: not an embedding", path,
                  name);
    hsize_t stored = H5Dget_storage_size(set) / 4;
    if (extent[1] == 0 || extent[0] != stored / extent[1] || stored % extent[1] != 0)
        DDMD_FAIL(err, DDMD_FORMAT, "%s: dataset %s is not complete", path, name);
    DDMD_TRY(ddmd_array_alloc(&read, (size_t)stored, 4, err));
    if (stored > 0 && H5Dread(set, memory_type, H5S_ALL, H5S_ALL, H5P_DEFAULT, read) < 0)
        DDMD_FAIL(err, DDMD_FORMAT, "%s: dataset %s cannot be read", path, name);
    memcpy(values, &read, sizeof read);
    read = NULL;
out:
    free(read);
    if (type >= 0)
        H5Tclose(type);
    if (space >= 0)
        H5Sclose(space);
    if (set >= 0)
        H5Dclose(set);
    return status;
}

static enum ddmd_status read_all(hid_t file, const char *path, ddmd_embedding *e, ddmd_error *err)
{
    enum ddmd_status status = DDMD_OK;
    hsize_t extent[2], simulations[2], indices[2], rmsds[2];
    DDMD_TRY(read_attribute(file, path, "round", &e->round, err));
    DDMD_TRY(read_attribute(file, path, "model_version", &e->model_version, err));
    DDMD_TRY(
        read_column(file, path, "latent", 2, H5T_FLOAT, H5T_NATIVE_FLOAT, &e->latent, extent, err));
    DDMD_TRY(read_column(file, path, "simulation", 1, H5T_INTEGER, H5T_NATIVE_UINT32,
                         &e->simulation, simulations, err));
    DDMD_TRY(read_column(file, path, "index", 1, H5T_INTEGER, H5T_NATIVE_UINT32, &e->index, indices,
                         err));
    DDMD_TRY(read_column(file, path, "rmsd_nm", 1, H5T_FLOAT, H5T_NATIVE_FLOAT, &e->rmsd_nm, rmsds,
                         err));
    e->n = (size_t)extent[0];
    e->latent_dim = (size_t)extent[1];
    if (simulations[0] != e->n || indices[0] != e->n || rmsds[0] != e->n)
        DDMD_FAIL(err, DDMD_FORMAT, "%s: datasets of different lengths: not an embedding", path);
out:
    return status;
}

enum ddmd_status ddmd_embedding_read(const char *path, ddmd_embedding *embedding, ddmd_error *err)
{
    enum ddmd_status status = DDMD_OK;
    ddmd_embedding e = {0};
    ddmd_h5_quiet quiet = ddmd_h5_quiet_begin();
    hid_t file = H5Fopen(path, H5F_ACC_RDONLY, H5P_DEFAULT);
    if (file < 0)
        DDMD_FAIL(err, DDMD_FORMAT, "%s: cannot be opened as an embedding", path);
    DDMD_TRY(read_all(file, path, &e, err));
    *embedding = e;
    e = (ddmd_embedding){0};
out:
    ddmd_embedding_clear(&e);
    if (file >= 0)
        H5Fclose(file);
    ddmd_h5_quiet_end(&quiet);
    return status;
}

void ddmd_embedding_clear(ddmd_embedding *embedding)
{
    free(embedding->latent);
    free(embedding->simulation);
    free(embedding->index);
    free(embedding->rmsd_nm);
    *embedding = (ddmd_embedding){0};
}
