#include "ddmd/embedding.h"

#include "core/array.h"
#include "core/try.h"
#include "hdf5/h5.h"

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
    DDMD_H5_CLOSE(attribute, space);
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
    DDMD_H5_CLOSE(set, space);
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
    ddmd_h5_quiet quiet = ddmd_h5_quiet_begin();

    /* Built in memory, so that the file appears in one step. */
    hid_t file = ddmd_h5_open_in_memory(embedding, NULL, 0);
    if (file < 0 || !fill(file, embedding))
        DDMD_FAIL(err, DDMD_EXTERNAL, "%s: HDF5 cannot build the file", path);
    DDMD_TRY(ddmd_h5_write_image(file, path, err));
out:
    DDMD_H5_CLOSE(file);
    ddmd_h5_quiet_end(&quiet);
    return status;
}

/* ---- reading -------------------------------------------------------------------------------- */

static enum ddmd_status read_attribute(hid_t file, const char *path, const char *name,
                                       uint32_t *value, ddmd_error *err)
{
    enum ddmd_status status = DDMD_OK;
    ddmd_h5_content content;
    hid_t attribute = H5Aopen(file, name, H5P_DEFAULT);
    if (!ddmd_h5_look(attribute, &content) || content.n != 1 ||
        H5Aread(attribute, H5T_NATIVE_UINT32, value) < 0)
        DDMD_FAIL(err, DDMD_FORMAT, "%s: no attribute %s: not an embedding", path, name);
out:
    DDMD_H5_CLOSE(attribute);
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
    ddmd_h5_content content;
    void *read = NULL;
    hid_t set = H5Dopen2(file, name, H5P_DEFAULT);
    if (!ddmd_h5_look(set, &content) || content.class != class || content.size != 4 ||
        content.rank != rank)
        DDMD_FAIL(err, DDMD_FORMAT, "%s: no dataset %s of the right shape: not an embedding", path,
                  name);
    extent[0] = content.extent[0];
    extent[1] = rank > 1 ? content.extent[1] : 1;
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
    DDMD_H5_CLOSE(set);
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
    DDMD_H5_CLOSE(file);
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
