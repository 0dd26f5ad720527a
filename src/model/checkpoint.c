#include "model/checkpoint.h"

#include "core/array.h"
#include "core/file.h"
#include "core/text.h"
#include "core/try.h"
#include "hdf5/h5.h"

#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct ddmd_checkpoint {
    hid_t file;
    char *path; /* of one that is read; for messages */
};

/* A whole file in memory is read up to this size. */
static const size_t max_bytes = (size_t)64 << 30;

enum ddmd_status ddmd_checkpoint_create(ddmd_checkpoint **checkpoint, ddmd_error *err)
{
    enum ddmd_status status = DDMD_OK;
    ddmd_h5_quiet quiet = ddmd_h5_quiet_begin();
    ddmd_checkpoint *made = NULL;
    DDMD_TRY(ddmd_array_alloc(&made, 1, sizeof *made, err));
    made->file = ddmd_h5_open_in_memory(made, NULL, 0);
    if (made->file < 0)
        DDMD_FAIL(err, DDMD_EXTERNAL, "HDF5: a file in memory cannot be made");
    *checkpoint = made;
    made = NULL;
out:
    free(made);
    ddmd_h5_quiet_end(&quiet);
    return status;
}

enum ddmd_status ddmd_checkpoint_open(const char *path, ddmd_checkpoint **checkpoint,
                                      ddmd_error *err)
{
    enum ddmd_status status = DDMD_OK;
    ddmd_h5_quiet quiet = ddmd_h5_quiet_begin();
    ddmd_checkpoint *made = NULL;
    char *bytes = NULL;
    size_t length = 0;
    DDMD_TRY(ddmd_array_alloc(&made, 1, sizeof *made, err));
    made->file = H5I_INVALID_HID;
    DDMD_TRY(ddmd_text_format(&made->path, err, "%s", path));
    DDMD_TRY(ddmd_file_read(path, max_bytes, &bytes, &length, err));
    if (length)
        made->file = ddmd_h5_open_in_memory(made, bytes, length);
    if (made->file < 0)
        DDMD_FAIL(err, DDMD_FORMAT, "%s: not an HDF5 file, or a damaged one", path);
    *checkpoint = made;
    made = NULL;
out:
    if (made)
        free(made->path);
    free(made);
    free(bytes);
    ddmd_h5_quiet_end(&quiet);
    return status;
}

enum ddmd_status ddmd_checkpoint_write(ddmd_checkpoint *checkpoint, const char *path,
                                       ddmd_error *err)
{
    ddmd_h5_quiet quiet = ddmd_h5_quiet_begin();
    enum ddmd_status status = ddmd_h5_write_image(checkpoint->file, path, err);
    ddmd_h5_quiet_end(&quiet);
    return status;
}

void ddmd_checkpoint_close(ddmd_checkpoint **checkpoint)
{
    if (!*checkpoint)
        return;
    H5Fclose((*checkpoint)->file);
    free((*checkpoint)->path);
    free(*checkpoint);
    *checkpoint = NULL;
}

/* --- writing --- */

static enum ddmd_status not_written(const char *what, ddmd_error *err)
{
    return ddmd_error_set(err, DDMD_EXTERNAL, "HDF5: %s cannot be added to the checkpoint", what);
}

enum ddmd_status ddmd_checkpoint_add_group(ddmd_checkpoint *checkpoint, const char *group,
                                           ddmd_error *err)
{
    ddmd_h5_quiet quiet = ddmd_h5_quiet_begin();
    hid_t made = H5Gcreate2(checkpoint->file, group, H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT);
    DDMD_H5_CLOSE(made);
    ddmd_h5_quiet_end(&quiet);
    return made >= 0 ? DDMD_OK : not_written(group, err);
}

/* Consumes space; type is that of memory and file. */
static enum ddmd_status add_attribute(ddmd_checkpoint *checkpoint, const char *group,
                                      const char *name, hid_t type, hid_t space, const void *values,
                                      ddmd_error *err)
{
    ddmd_h5_quiet quiet = ddmd_h5_quiet_begin();
    hid_t attribute = H5Acreate_by_name(checkpoint->file, group, name, type, space, H5P_DEFAULT,
                                        H5P_DEFAULT, H5P_DEFAULT);
    bool written = attribute >= 0 && H5Awrite(attribute, type, values) >= 0;
    DDMD_H5_CLOSE(attribute, space);
    ddmd_h5_quiet_end(&quiet);
    return written ? DDMD_OK : not_written(name, err);
}

enum ddmd_status ddmd_checkpoint_add_text(ddmd_checkpoint *checkpoint, const char *group,
                                          const char *name, const char *text, ddmd_error *err)
{
    hid_t type = H5Tcopy(H5T_C_S1);
    H5Tset_size(type, strlen(text) + 1);
    enum ddmd_status status =
        add_attribute(checkpoint, group, name, type, H5Screate(H5S_SCALAR), text, err);
    H5Tclose(type);
    return status;
}

enum ddmd_status ddmd_checkpoint_add_integers(ddmd_checkpoint *checkpoint, const char *group,
                                              const char *name, const int64_t *values, size_t n,
                                              ddmd_error *err)
{
    hsize_t extent = n;
    hid_t space = n == 1 ? H5Screate(H5S_SCALAR) : H5Screate_simple(1, &extent, NULL);
    return add_attribute(checkpoint, group, name, H5T_NATIVE_INT64, space, values, err);
}

enum ddmd_status ddmd_checkpoint_add_real(ddmd_checkpoint *checkpoint, const char *group,
                                          const char *name, double value, ddmd_error *err)
{
    return add_attribute(checkpoint, group, name, H5T_NATIVE_DOUBLE, H5Screate(H5S_SCALAR), &value,
                         err);
}

enum ddmd_status ddmd_checkpoint_add_array(ddmd_checkpoint *checkpoint, const char *path,
                                           const size_t *shape, int rank, const float *values,
                                           ddmd_error *err)
{
    ddmd_h5_quiet quiet = ddmd_h5_quiet_begin();
    hsize_t extent[DDMD_CHECKPOINT_MAX_RANK] = {0};
    for (int d = 0; d < rank; d++)
        extent[d] = shape[d];
    hid_t space = H5Screate_simple(rank, extent, NULL);
    /* without the time, so that the same model gives the same bytes */
    hid_t creation = H5Pcreate(H5P_DATASET_CREATE);
    hid_t set = H5I_INVALID_HID;
    if (H5Pset_obj_track_times(creation, false) >= 0)
        set = H5Dcreate2(checkpoint->file, path, H5T_IEEE_F32LE, space, H5P_DEFAULT, creation,
                         H5P_DEFAULT);
    bool written =
        set >= 0 && H5Dwrite(set, H5T_NATIVE_FLOAT, H5S_ALL, H5S_ALL, H5P_DEFAULT, values) >= 0;
    DDMD_H5_CLOSE(set, creation, space);
    ddmd_h5_quiet_end(&quiet);
    return written ? DDMD_OK : not_written(path, err);
}

/* --- reading --- */

bool ddmd_checkpoint_has(const ddmd_checkpoint *checkpoint, const char *group, const char *name)
{
    ddmd_h5_quiet quiet = ddmd_h5_quiet_begin();
    bool there = H5Aexists_by_name(checkpoint->file, group, name, H5P_DEFAULT) > 0;
    ddmd_h5_quiet_end(&quiet);
    return there;
}

/* Open an attribute of n items (n = 1: scalar or one item) of a class. */
static enum ddmd_status open_attribute(const ddmd_checkpoint *checkpoint, const char *group,
                                       const char *name, H5T_class_t class, size_t n, hid_t *opened,
                                       ddmd_h5_content *content, ddmd_error *err)
{
    enum ddmd_status status = DDMD_OK;
    const char *file = checkpoint->path, *slash = strcmp(group, "/") == 0 ? "" : "/";
    hid_t attribute = H5Aopen_by_name(checkpoint->file, group, name, H5P_DEFAULT, H5P_DEFAULT);
    if (attribute < 0)
        DDMD_FAIL(err, DDMD_FORMAT, "%s: no attribute %s%s%s: not a model's checkpoint", file,
                  group, slash, name);
    if (!ddmd_h5_look(attribute, content) || content->class != class)
        DDMD_FAIL(err, DDMD_FORMAT, "%s: attribute %s%s%s has another type than expected", file,
                  group, slash, name);
    if (content->n != n)
        DDMD_FAIL(err, DDMD_FORMAT, "%s: attribute %s%s%s has %llu values, expected %zu", file,
                  group, slash, name, (unsigned long long)content->n, n);
    *opened = attribute;
    attribute = H5I_INVALID_HID;
out:
    DDMD_H5_CLOSE(attribute);
    return status;
}

enum ddmd_status ddmd_checkpoint_get_text(const ddmd_checkpoint *checkpoint, const char *group,
                                          const char *name, char *text, size_t size,
                                          ddmd_error *err)
{
    enum ddmd_status status = DDMD_OK;
    ddmd_h5_quiet quiet = ddmd_h5_quiet_begin();
    hid_t attribute = H5I_INVALID_HID, type = H5I_INVALID_HID, memory = H5I_INVALID_HID;
    ddmd_h5_content content;
    char *read = NULL;
    DDMD_TRY(open_attribute(checkpoint, group, name, H5T_STRING, 1, &attribute, &content, err));
    type = H5Aget_type(attribute);
    memory = H5Tcopy(H5T_C_S1);
    if (content.size == 0 || content.size > size || H5Tset_size(memory, size) < 0 ||
        H5Tset_cset(memory, H5Tget_cset(type)) < 0)
        DDMD_FAIL(err, DDMD_FORMAT, "%s: attribute %s is not a text of at most %zu characters",
                  checkpoint->path, name, size - 1);
    DDMD_TRY(ddmd_array_alloc(&read, size + 1, 1, err));
    if (H5Aread(attribute, memory, read) < 0)
        DDMD_FAIL(err, DDMD_FORMAT, "%s: attribute %s cannot be read", checkpoint->path, name);
    memcpy(text, read, size);
    text[size - 1] = '\0';
out:
    free(read);
    DDMD_H5_CLOSE(memory, type, attribute);
    ddmd_h5_quiet_end(&quiet);
    return status;
}

enum ddmd_status ddmd_checkpoint_get_integers(const ddmd_checkpoint *checkpoint, const char *group,
                                              const char *name, int64_t low, int64_t high,
                                              int64_t *values, size_t n, ddmd_error *err)
{
    enum ddmd_status status = DDMD_OK;
    ddmd_h5_quiet quiet = ddmd_h5_quiet_begin();
    hid_t attribute = H5I_INVALID_HID;
    ddmd_h5_content content;
    int64_t *read = NULL;
    DDMD_TRY(open_attribute(checkpoint, group, name, H5T_INTEGER, n, &attribute, &content, err));
    DDMD_TRY(ddmd_array_alloc(&read, n, sizeof *read, err));
    if (H5Aread(attribute, H5T_NATIVE_INT64, read) < 0)
        DDMD_FAIL(err, DDMD_FORMAT, "%s: attribute %s cannot be read", checkpoint->path, name);
    for (size_t i = 0; i < n; i++)
        if (read[i] < low || read[i] > high)
            DDMD_FAIL(err, DDMD_FORMAT, "%s: attribute %s holds %lld, expected %lld to %lld",
                      checkpoint->path, name, (long long)read[i], (long long)low, (long long)high);
    memcpy(values, read, n * sizeof *values);
out:
    free(read);
    DDMD_H5_CLOSE(attribute);
    ddmd_h5_quiet_end(&quiet);
    return status;
}

enum ddmd_status ddmd_checkpoint_get_real(const ddmd_checkpoint *checkpoint, const char *group,
                                          const char *name, double *value, ddmd_error *err)
{
    enum ddmd_status status = DDMD_OK;
    ddmd_h5_quiet quiet = ddmd_h5_quiet_begin();
    hid_t attribute = H5I_INVALID_HID;
    ddmd_h5_content content;
    double read = 0;
    DDMD_TRY(open_attribute(checkpoint, group, name, H5T_FLOAT, 1, &attribute, &content, err));
    if (H5Aread(attribute, H5T_NATIVE_DOUBLE, &read) < 0 || !isfinite(read))
        DDMD_FAIL(err, DDMD_FORMAT, "%s: attribute %s is not a finite number", checkpoint->path,
                  name);
    *value = read;
out:
    DDMD_H5_CLOSE(attribute);
    ddmd_h5_quiet_end(&quiet);
    return status;
}

enum ddmd_status ddmd_checkpoint_get_array(const ddmd_checkpoint *checkpoint, const char *path,
                                           const size_t *shape, int rank, float *values,
                                           ddmd_error *err)
{
    enum ddmd_status status = DDMD_OK;
    ddmd_h5_quiet quiet = ddmd_h5_quiet_begin();
    const char *file = checkpoint->path;
    ddmd_h5_content content;
    hid_t set = H5Dopen2(checkpoint->file, path, H5P_DEFAULT);
    if (set < 0)
        DDMD_FAIL(err, DDMD_FORMAT, "%s: no data set %s", file, path);
    if (!ddmd_h5_look(set, &content) || content.class != H5T_FLOAT || content.size != sizeof(float))
        DDMD_FAIL(err, DDMD_FORMAT, "%s: %s does not hold float32", file, path);
    if (content.rank != rank)
        DDMD_FAIL(err, DDMD_FORMAT, "%s: %s does not have %d dimensions", file, path, rank);
    for (int d = 0; d < rank; d++)
        if (content.extent[d] != shape[d])
            DDMD_FAIL(err, DDMD_FORMAT, "%s: %s has extent %llu in dimension %d, expected %zu",
                      file, path, (unsigned long long)content.extent[d], d, shape[d]);
    if (H5Dread(set, H5T_NATIVE_FLOAT, H5S_ALL, H5S_ALL, H5P_DEFAULT, values) < 0)
        DDMD_FAIL(err, DDMD_FORMAT, "%s: %s cannot be read", file, path);
    for (hsize_t i = 0; i < content.n; i++)
        if (!isfinite(values[i]))
            DDMD_FAIL(err, DDMD_FORMAT, "%s: %s holds a number that is not finite", file, path);
out:
    DDMD_H5_CLOSE(set);
    ddmd_h5_quiet_end(&quiet);
    return status;
}
