#include "store/h5md.h"

#include "store/h5_error.h"

#include "core/try.h"
#include "ddmd/geometry.h"

#include <stdio.h>
#include <string.h>

/* Chunks are near this size, but hold at least one frame and at most this many. */
enum { CHUNK_BYTES = 256 * 1024, CHUNK_ROWS_MAX = 2048 };

enum value_type { TYPE_F32, TYPE_F64, TYPE_U8, TYPE_U32, TYPE_U64 };
enum row_shape { ONE_NUMBER, ATOMS_BY_3, MAP_BYTES };

struct series_layout {
    const char *group; /* holds value, step and time; NULL: `value` is the full path */
    const char *value;
    const char *unit; /* NULL: none */
    enum value_type type;
    enum row_shape shape;
    size_t offset; /* in ddmd_frame */
    bool pointer;  /* the member points to the values */
};

#define TRAJECTORY "/particles/trajectory"
#define MEMBER(name) offsetof(ddmd_frame, name)
#define OBSERVABLE(series_name, member, type_, unit_)                                        \
    {                                                                                        \
        .group = "/observables/" series_name, .value = "/observables/" series_name "/value", \
        .unit = (unit_), .type = (type_), .offset = MEMBER(member)                           \
    }

static const struct series_layout layouts[DDMD_N_SERIES] = {
    [DDMD_SERIES_POSITION] = {.group = TRAJECTORY "/position",
                              .value = TRAJECTORY "/position/value",
                              .unit = "nm",
                              .type = TYPE_F32,
                              .shape = ATOMS_BY_3,
                              .offset = MEMBER(positions),
                              .pointer = true},
    [DDMD_SERIES_VELOCITY] = {.group = TRAJECTORY "/velocity",
                              .value = TRAJECTORY "/velocity/value",
                              .unit = "nm ps-1",
                              .type = TYPE_F32,
                              .shape = ATOMS_BY_3,
                              .offset = MEMBER(velocities),
                              .pointer = true},
    [DDMD_SERIES_TIME] = {.value = TRAJECTORY "/position/time",
                          .unit = "ps",
                          .type = TYPE_F64,
                          .offset = MEMBER(time_ps)},
    [DDMD_SERIES_POTENTIAL_ENERGY] =
        OBSERVABLE("potential_energy", potential_energy, TYPE_F64, "kJ mol-1"),
    [DDMD_SERIES_KINETIC_ENERGY] =
        OBSERVABLE("kinetic_energy", kinetic_energy, TYPE_F64, "kJ mol-1"),
    [DDMD_SERIES_RMSD] = OBSERVABLE("rmsd", rmsd_nm, TYPE_F32, "nm"),
    [DDMD_SERIES_RADIUS_OF_GYRATION] =
        OBSERVABLE("radius_of_gyration", radius_of_gyration_nm, TYPE_F32, "nm"),
    [DDMD_SERIES_CONTACT_MAP] = {.group = "/observables/contact_map",
                                 .value = "/observables/contact_map/value",
                                 .type = TYPE_U8,
                                 .shape = MAP_BYTES,
                                 .offset = MEMBER(contact_map),
                                 .pointer = true},
    [DDMD_SERIES_SIMULATION] = OBSERVABLE("simulation", simulation, TYPE_U32, NULL),
    [DDMD_SERIES_INDEX] = OBSERVABLE("index", index, TYPE_U32, NULL),
    [DDMD_SERIES_SYSTEM] = OBSERVABLE("system", system, TYPE_U32, NULL),
    [DDMD_SERIES_SIMULATION_STEP] = OBSERVABLE("simulation_step", step, TYPE_U64, NULL),
    [DDMD_SERIES_STEP] = {.value = TRAJECTORY "/position/step", .type = TYPE_U64},
};

const char *ddmd_h5md_path(enum ddmd_h5md_series series)
{
    return layouts[series].value;
}

static hid_t type_in_file(enum value_type type)
{
    switch (type) {
    case TYPE_F32:
        return H5T_IEEE_F32LE;
    case TYPE_F64:
        return H5T_IEEE_F64LE;
    case TYPE_U8:
        return H5T_STD_U8LE;
    case TYPE_U32:
        return H5T_STD_U32LE;
    case TYPE_U64:
        break;
    }
    return H5T_STD_U64LE;
}

static hid_t type_in_memory(enum value_type type)
{
    switch (type) {
    case TYPE_F32:
        return H5T_NATIVE_FLOAT;
    case TYPE_F64:
        return H5T_NATIVE_DOUBLE;
    case TYPE_U8:
        return H5T_NATIVE_UINT8;
    case TYPE_U32:
        return H5T_NATIVE_UINT32;
    case TYPE_U64:
        break;
    }
    return H5T_NATIVE_UINT64;
}

static size_t type_size(enum value_type type)
{
    static const size_t sizes[] = {
        [TYPE_F32] = 4, [TYPE_F64] = 8, [TYPE_U8] = 1, [TYPE_U32] = 4, [TYPE_U64] = 8};
    return sizes[type];
}

static const char *type_name(enum value_type type)
{
    static const char *const names[] = {[TYPE_F32] = "float32",
                                        [TYPE_F64] = "float64",
                                        [TYPE_U8] = "uint8",
                                        [TYPE_U32] = "uint32",
                                        [TYPE_U64] = "uint64"};
    return names[type];
}

/* Dimensions of a series, the frames first; returns their number. */
static int row_dimensions(const ddmd_h5md *h5md, enum ddmd_h5md_series series, hsize_t rows,
                          hsize_t dimensions[3])
{
    dimensions[0] = rows;
    switch (layouts[series].shape) {
    case ATOMS_BY_3:
        dimensions[1] = h5md->n_atoms;
        dimensions[2] = 3;
        return 3;
    case MAP_BYTES:
        dimensions[1] = h5md->map_bytes;
        return 2;
    case ONE_NUMBER:
        break;
    }
    return 1;
}

size_t ddmd_h5md_row_bytes(const ddmd_h5md *h5md, enum ddmd_h5md_series series)
{
    size_t bytes = type_size(layouts[series].type);
    hsize_t dimensions[3];
    int rank = row_dimensions(h5md, series, 1, dimensions);
    for (int i = 1; i < rank; i++)
        bytes *= (size_t)dimensions[i];
    return bytes;
}

void *ddmd_h5md_in_frame(enum ddmd_h5md_series series, const ddmd_frame *frame)
{
    if (series == DDMD_SERIES_STEP)
        return NULL;
    char *member = (char *)frame + layouts[series].offset;
    if (!layouts[series].pointer)
        return member;
    void *values;
    memcpy(&values, member, sizeof values);
    return values;
}

/* ---- building ------------------------------------------------------------------------------- */

static herr_t make_series(hid_t file, const ddmd_h5md *h5md, enum ddmd_h5md_series series)
{
    const struct series_layout *layout = &layouts[series];
    hsize_t now[3], most[3], chunk[3];
    int rank = row_dimensions(h5md, series, 0, now);
    row_dimensions(h5md, series, H5S_UNLIMITED, most);
    hsize_t rows = CHUNK_BYTES / ddmd_h5md_row_bytes(h5md, series);
    rows = rows < 1 ? 1 : rows > CHUNK_ROWS_MAX ? CHUNK_ROWS_MAX : rows;
    row_dimensions(h5md, series, rows, chunk);

    hid_t space = H5Screate_simple(rank, now, most);
    hid_t dataset = space < 0
                        ? -1
                        : ddmd_h5md_make_dataset(file, layout->value, type_in_file(layout->type),
                                                 space, rank, chunk);
    herr_t result = dataset < 0 ? -1 : 0;
    if (result >= 0 && layout->unit)
        result = ddmd_h5md_put_text(dataset, "unit", layout->unit);
    if (result >= 0 && series == DDMD_SERIES_CONTACT_MAP)
        result = ddmd_h5md_put_text(
            dataset, "packing",
            "pairs i < j in the order (0,1), (0,2), ..., (1,2), ...; least significant bit first");
    DDMD_H5_CLOSE(dataset, space);
    return result;
}

/* Every element names the one step and the one time dataset of the file. */
static herr_t link_steps(hid_t file, enum ddmd_h5md_series series)
{
    static const char *const names[] = {"step", "time"};
    const char *group = layouts[series].group;
    if (!group || series == DDMD_SERIES_POSITION)
        return 0;
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        char from[96], to[96];
        snprintf(from, sizeof from, TRAJECTORY "/position/%s", names[i]);
        snprintf(to, sizeof to, "%s/%s", group, names[i]);
        if (H5Lcreate_hard(file, from, file, to, H5P_DEFAULT, H5P_DEFAULT) < 0)
            return -1;
    }
    return 0;
}

enum ddmd_status ddmd_h5md_build(hid_t file, const char *path, const ddmd_h5_io *io,
                                 const ddmd_structure *structure, size_t n_points, const char *note,
                                 ddmd_error *err)
{
    enum ddmd_status status = DDMD_OK;
    ddmd_h5md h5md = {.n_atoms = (size_t)structure->n_atoms,
                      .n_points = n_points,
                      .map_bytes = ddmd_contact_map_bytes(n_points)};
    DDMD_H5_TRY(ddmd_h5md_make_heading(file, note), DDMD_EXTERNAL, path, io, "write /h5md");
    DDMD_H5_TRY(ddmd_h5md_make_box(file, TRAJECTORY "/box"), DDMD_EXTERNAL, path, io,
                "write the box");
    DDMD_H5_TRY(ddmd_h5md_make_parameters(file, n_points), DDMD_EXTERNAL, path, io,
                "write /parameters");
    for (int i = 0; i < DDMD_N_SERIES; i++)
        if (ddmd_h5md_row_bytes(&h5md, i) > 0)
            DDMD_H5_TRY(make_series(file, &h5md, i), DDMD_EXTERNAL, path, io, layouts[i].value);
    for (int i = 0; i < DDMD_N_SERIES; i++)
        if (ddmd_h5md_row_bytes(&h5md, i) > 0)
            DDMD_H5_TRY(link_steps(file, i), DDMD_EXTERNAL, path, io, "link the times");
    DDMD_TRY(ddmd_h5md_write_topology(file, path, io, structure, err));
out:
    return status;
}

/* ---- opening -------------------------------------------------------------------------------- */

static enum ddmd_status read_int(hid_t object, const char *path, const ddmd_h5_io *io,
                                 const char *name, int *value, ddmd_error *err)
{
    enum ddmd_status status = DDMD_OK;
    hid_t attribute = -1, type = -1, space = -1;
    DDMD_H5_TRY(attribute = H5Aopen(object, name, H5P_DEFAULT), DDMD_FORMAT, path, io, name);
    DDMD_H5_TRY(type = H5Aget_type(attribute), DDMD_FORMAT, path, io, name);
    DDMD_H5_TRY(space = H5Aget_space(attribute), DDMD_FORMAT, path, io, name);
    if (H5Tequal(type, H5T_STD_I32LE) <= 0 || H5Sget_simple_extent_npoints(space) != 1)
        DDMD_FAIL(err, DDMD_FORMAT, "%s: attribute %s is not one int32", path, name);
    DDMD_H5_TRY(H5Aread(attribute, H5T_NATIVE_INT, value), DDMD_FORMAT, path, io, name);
out:
    DDMD_H5_CLOSE(space, type, attribute);
    return status;
}

static enum ddmd_status read_parameters(ddmd_h5md *h5md, ddmd_error *err)
{
    enum ddmd_status status = DDMD_OK;
    const char *path = h5md->path;
    int version = 0, n_points = 0;
    hid_t group = H5Gopen2(h5md->file, "/parameters/ddmd", H5P_DEFAULT);
    if (group < 0) {
        ddmd_h5_fail(err, DDMD_FORMAT, path, h5md->io, "find the group /parameters/ddmd");
        status = h5md->io->error ? DDMD_IO : DDMD_FORMAT;
        goto out;
    }
    DDMD_TRY(read_int(group, path, h5md->io, "layout_version", &version, err));
    if (version != DDMD_H5MD_LAYOUT_VERSION)
        DDMD_FAIL(err, DDMD_FORMAT,
                  "%s: frame file layout %d, and this ddmd knows layout %d: open it with the "
                  "version of ddmd that wrote it",
                  path, version, DDMD_H5MD_LAYOUT_VERSION);
    DDMD_TRY(read_int(group, path, h5md->io, "n_points", &n_points, err));
    if (n_points < 0 || n_points > DDMD_H5MD_POINTS_MAX)
        DDMD_FAIL(err, DDMD_FORMAT, "%s: n_points is %d: expected 0 to %d", path, n_points,
                  DDMD_H5MD_POINTS_MAX);
    h5md->n_points = (size_t)n_points;
    h5md->map_bytes = ddmd_contact_map_bytes(h5md->n_points);
out:
    DDMD_H5_CLOSE(group);
    return status;
}

/* Chunked, growing along its frames, of the expected type and row shape. */
static enum ddmd_status check_series(ddmd_h5md *h5md, enum ddmd_h5md_series series, ddmd_error *err)
{
    enum ddmd_status status = DDMD_OK;
    const struct series_layout *layout = &layouts[series];
    const char *path = h5md->path;
    hid_t dataset = h5md->series[series], space = -1, type = -1, creation = -1;
    DDMD_H5_TRY(space = H5Dget_space(dataset), DDMD_FORMAT, path, h5md->io, layout->value);
    DDMD_H5_TRY(type = H5Dget_type(dataset), DDMD_FORMAT, path, h5md->io, layout->value);
    DDMD_H5_TRY(creation = H5Dget_create_plist(dataset), DDMD_FORMAT, path, h5md->io,
                layout->value);

    hsize_t expected[3] = {0}, now[H5S_MAX_RANK] = {0}, most[H5S_MAX_RANK] = {0};
    int rank = row_dimensions(h5md, series, 0, expected);
    if (H5Sget_simple_extent_ndims(space) != rank ||
        H5Sget_simple_extent_dims(space, now, most) != rank || most[0] != H5S_UNLIMITED)
        DDMD_FAIL(err, DDMD_FORMAT, "%s: %s does not have %d dimensions, the first one unlimited",
                  path, layout->value, rank);
    if (series == DDMD_SERIES_POSITION) {
        if (now[1] < 1 || now[1] > DDMD_H5MD_ATOMS_MAX)
            DDMD_FAIL(err, DDMD_FORMAT, "%s: %llu atoms: expected 1 to %d", path,
                      (unsigned long long)now[1], DDMD_H5MD_ATOMS_MAX);
        h5md->n_atoms = (size_t)now[1];
        row_dimensions(h5md, series, 0, expected);
    }
    for (int i = 1; i < rank; i++)
        if (now[i] != expected[i])
            DDMD_FAIL(err, DDMD_FORMAT, "%s: dimension %d of %s is %llu: expected %llu", path, i,
                      layout->value, (unsigned long long)now[i], (unsigned long long)expected[i]);
    if (H5Tequal(type, type_in_file(layout->type)) <= 0)
        DDMD_FAIL(err, DDMD_FORMAT, "%s: %s is not little-endian %s", path, layout->value,
                  type_name(layout->type));
    if (H5Pget_layout(creation) != H5D_CHUNKED)
        DDMD_FAIL(err, DDMD_FORMAT, "%s: %s is not chunked", path, layout->value);
out:
    DDMD_H5_CLOSE(creation, type, space);
    return status;
}

enum ddmd_status ddmd_h5md_open(hid_t file, const char *path, const ddmd_h5_io *io, ddmd_h5md *h5md,
                                ddmd_error *err)
{
    enum ddmd_status status = DDMD_OK;
    ddmd_h5md new = {.path = path, .io = io, .file = file};
    DDMD_TRY(read_parameters(&new, err));
    for (int i = 0; i < DDMD_N_SERIES; i++) {
        if (i == DDMD_SERIES_CONTACT_MAP && new.map_bytes == 0)
            continue;
        hid_t dataset = H5Dopen2(file, layouts[i].value, H5P_DEFAULT);
        if (dataset < 0) {
            char doing[128];
            snprintf(doing, sizeof doing, "open the dataset %s", layouts[i].value);
            status = ddmd_h5_fail(err, DDMD_FORMAT, path, io, doing);
            goto out;
        }
        new.series[i] = dataset;
        DDMD_TRY(check_series(&new, i, err));
    }
    *h5md = new;
out:
    if (status != DDMD_OK)
        ddmd_h5md_close(&new);
    return status;
}

void ddmd_h5md_close(ddmd_h5md *h5md)
{
    ddmd_h5_close(h5md->series, DDMD_N_SERIES);
    memset(h5md->series, 0, sizeof h5md->series);
}

/* ---- rows ----------------------------------------------------------------------------------- */

enum ddmd_status ddmd_h5md_rows(const ddmd_h5md *h5md, enum ddmd_h5md_series series, uint64_t *rows,
                                ddmd_error *err)
{
    enum ddmd_status status = DDMD_OK;
    hsize_t now[H5S_MAX_RANK] = {0};
    hid_t space = -1;
    if (h5md->series[series] > 0) {
        DDMD_H5_TRY(space = H5Dget_space(h5md->series[series]), DDMD_FORMAT, h5md->path, h5md->io,
                    layouts[series].value);
        DDMD_H5_TRY(H5Sget_simple_extent_dims(space, now, NULL), DDMD_FORMAT, h5md->path, h5md->io,
                    layouts[series].value);
    }
    *rows = now[0];
out:
    DDMD_H5_CLOSE(space);
    return status;
}

enum ddmd_status ddmd_h5md_set_rows(const ddmd_h5md *h5md, enum ddmd_h5md_series series,
                                    uint64_t rows, ddmd_error *err)
{
    enum ddmd_status status = DDMD_OK;
    hsize_t dimensions[3];
    row_dimensions(h5md, series, rows, dimensions);
    if (h5md->series[series] > 0)
        DDMD_H5_TRY(H5Dset_extent(h5md->series[series], dimensions), DDMD_EXTERNAL, h5md->path,
                    h5md->io, "change the number of frames");
out:
    return status;
}

static enum ddmd_status transfer(const ddmd_h5md *h5md, enum ddmd_h5md_series series,
                                 uint64_t first, size_t n, void *values, bool writing,
                                 ddmd_error *err)
{
    enum ddmd_status status = DDMD_OK;
    const char *what = layouts[series].value;
    hid_t dataset = h5md->series[series], in_file = -1, in_memory = -1;
    hid_t type = type_in_memory(layouts[series].type);
    hsize_t start[3] = {first, 0, 0}, count[3];
    int rank = row_dimensions(h5md, series, n, count);
    DDMD_H5_TRY(in_file = H5Dget_space(dataset), DDMD_EXTERNAL, h5md->path, h5md->io, what);
    DDMD_H5_TRY(in_memory = H5Screate_simple(rank, count, NULL), DDMD_EXTERNAL, h5md->path,
                h5md->io, what);
    DDMD_H5_TRY(H5Sselect_hyperslab(in_file, H5S_SELECT_SET, start, NULL, count, NULL),
                DDMD_EXTERNAL, h5md->path, h5md->io, what);
    if (writing)
        DDMD_H5_TRY(H5Dwrite(dataset, type, in_memory, in_file, H5P_DEFAULT, values), DDMD_EXTERNAL,
                    h5md->path, h5md->io, "write frames");
    else
        DDMD_H5_TRY(H5Dread(dataset, type, in_memory, in_file, H5P_DEFAULT, values), DDMD_FORMAT,
                    h5md->path, h5md->io, "read frames");
out:
    DDMD_H5_CLOSE(in_memory, in_file);
    return status;
}

enum ddmd_status ddmd_h5md_write(const ddmd_h5md *h5md, enum ddmd_h5md_series series,
                                 uint64_t first, size_t n, const void *values, ddmd_error *err)
{
    return transfer(h5md, series, first, n, (void *)values, true, err);
}

enum ddmd_status ddmd_h5md_read(const ddmd_h5md *h5md, enum ddmd_h5md_series series, uint64_t first,
                                size_t n, void *values, ddmd_error *err)
{
    return transfer(h5md, series, first, n, values, false, err);
}
