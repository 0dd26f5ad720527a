/*
 * The structure in a frame file: tables of atoms, residues and chains under /parameters/ddmd, which
 * h5py shows as structured arrays, and what H5MD has a place for: atomic numbers as `species`, and
 * bonds under /connectivity.
 */
#include "store/h5md.h"

#include "store/h5_error.h"

#include "core/array.h"
#include "core/text.h"
#include "core/try.h"

#include <stdlib.h>
#include <string.h>

#define TOPOLOGY "/parameters/ddmd"
#define PARTICLES "/particles/trajectory"

enum { BONDS_PER_ATOM_MAX = 16, SOURCE_MAX = 4096 };

struct atom_entry {
    char name[8], element[4];
    int32_t residue, line;
    float occupancy, b_factor;
    int8_t hetero;
};

struct residue_entry {
    char name[8];
    int32_t number;
    char insertion_code[1];
    int32_t chain;
};

struct chain_entry {
    char id[8];
};

/* A column of a table: text where `text` is its size. */
struct column {
    const char *name;
    size_t offset;
    size_t text;
    enum { COLUMN_I8, COLUMN_I32, COLUMN_F32 } number;
};

#define TEXT(entry, member)                                                                \
    {                                                                                      \
#member, offsetof(struct entry, member), .text = sizeof((struct entry *)0)->member \
    }
#define NUMBER(entry, member, kind)                               \
    {                                                             \
#member, offsetof(struct entry, member), .number = (kind) \
    }

static const struct column atom_columns[] = {
    TEXT(atom_entry, name),
    TEXT(atom_entry, element),
    NUMBER(atom_entry, residue, COLUMN_I32),
    NUMBER(atom_entry, line, COLUMN_I32),
    NUMBER(atom_entry, occupancy, COLUMN_F32),
    NUMBER(atom_entry, b_factor, COLUMN_F32),
    NUMBER(atom_entry, hetero, COLUMN_I8),
};
static const struct column residue_columns[] = {
    TEXT(residue_entry, name),
    NUMBER(residue_entry, number, COLUMN_I32),
    TEXT(residue_entry, insertion_code),
    NUMBER(residue_entry, chain, COLUMN_I32),
};
static const struct column chain_columns[] = {
    TEXT(chain_entry, id),
};

struct table {
    const char *path;
    const struct column *columns;
    size_t n_columns, entry_size;
};

static const struct table atom_table = {TOPOLOGY "/atoms", atom_columns,
                                        sizeof atom_columns / sizeof *atom_columns,
                                        sizeof(struct atom_entry)};
static const struct table residue_table = {TOPOLOGY "/residues", residue_columns,
                                           sizeof residue_columns / sizeof *residue_columns,
                                           sizeof(struct residue_entry)};
static const struct table chain_table = {TOPOLOGY "/chains", chain_columns,
                                         sizeof chain_columns / sizeof *chain_columns,
                                         sizeof(struct chain_entry)};

static hid_t column_type(const struct column *column, bool in_memory)
{
    if (column->text)
        return ddmd_h5md_text_type(column->text);
    switch (column->number) {
    case COLUMN_I8:
        return H5Tcopy(in_memory ? H5T_NATIVE_INT8 : H5T_STD_I8LE);
    case COLUMN_I32:
        return H5Tcopy(in_memory ? H5T_NATIVE_INT32 : H5T_STD_I32LE);
    case COLUMN_F32:
        break;
    }
    return H5Tcopy(in_memory ? H5T_NATIVE_FLOAT : H5T_IEEE_F32LE);
}

static hid_t table_type(const struct table *table, bool in_memory)
{
    hid_t type = H5Tcreate(H5T_COMPOUND, table->entry_size);
    bool good = type >= 0;
    for (size_t i = 0; good && i < table->n_columns; i++) {
        const struct column *column = &table->columns[i];
        hid_t member = column_type(column, in_memory);
        good = member >= 0 && H5Tinsert(type, column->name, column->offset, member) >= 0;
        if (member >= 0)
            H5Tclose(member);
    }
    if (good && !in_memory)
        good = H5Tpack(type) >= 0;
    if (!good && type >= 0)
        H5Tclose(type);
    return good ? type : -1;
}

/* ---- writing -------------------------------------------------------------------------------- */

static herr_t put_array(hid_t file, const char *path, hid_t in_file, hid_t in_memory, int rank,
                        const hsize_t *dimensions, const void *values)
{
    hid_t space = H5Screate_simple(rank, dimensions, NULL);
    hid_t dataset = space < 0 ? -1 : ddmd_h5md_make_dataset(file, path, in_file, space, rank, NULL);
    herr_t result = dataset < 0 ? -1 : 0;
    if (result >= 0 && dimensions[0] > 0)
        result = H5Dwrite(dataset, in_memory, H5S_ALL, H5S_ALL, H5P_DEFAULT, values);
    DDMD_H5_CLOSE(dataset, space);
    return result;
}

static herr_t put_table(hid_t file, const struct table *table, size_t n, const void *entries)
{
    hid_t in_file = table_type(table, false), in_memory = table_type(table, true);
    hsize_t dimensions = n;
    herr_t result = -1;
    if (in_file >= 0 && in_memory >= 0)
        result = put_array(file, table->path, in_file, in_memory, 1, &dimensions, entries);
    DDMD_H5_CLOSE(in_memory, in_file);
    return result;
}

/* Atomic number of an element symbol; 0: not known. */
static uint8_t atomic_number(const char *element)
{
    static const char symbols[][3] = {
        "H",  "He", "Li", "Be", "B",  "C",  "N",  "O",  "F",  "Ne", "Na", "Mg", "Al", "Si",
        "P",  "S",  "Cl", "Ar", "K",  "Ca", "Sc", "Ti", "V",  "Cr", "Mn", "Fe", "Co", "Ni",
        "Cu", "Zn", "Ga", "Ge", "As", "Se", "Br", "Kr", "Rb", "Sr", "Y",  "Zr", "Nb", "Mo",
        "Tc", "Ru", "Rh", "Pd", "Ag", "Cd", "In", "Sn", "Sb", "Te", "I",  "Xe", "Cs", "Ba"};
    for (size_t i = 0; i < sizeof symbols / sizeof *symbols; i++)
        if (strcmp(symbols[i], element) == 0)
            return (uint8_t)(i + 1);
    return 0;
}

static herr_t put_bonds(hid_t file, const ddmd_structure *structure)
{
    hsize_t dimensions[2] = {(hsize_t)structure->n_bonds, 2};
    if (put_array(file, "/connectivity/bonds", H5T_STD_I32LE, H5T_NATIVE_INT32, 2, dimensions,
                  structure->bonds) < 0)
        return -1;
    hobj_ref_t particles;
    hid_t bonds = H5Dopen2(file, "/connectivity/bonds", H5P_DEFAULT);
    hid_t space = H5Screate(H5S_SCALAR), attribute = -1;
    herr_t result = -1;
    if (bonds >= 0 && space >= 0 && H5Rcreate(&particles, file, PARTICLES, H5R_OBJECT, -1) >= 0 &&
        (attribute = H5Acreate2(bonds, "particles_group", H5T_STD_REF_OBJ, space, H5P_DEFAULT,
                                H5P_DEFAULT)) >= 0)
        result = H5Awrite(attribute, H5T_STD_REF_OBJ, &particles);
    DDMD_H5_CLOSE(attribute, space, bonds);
    return result;
}

static herr_t put_source(hid_t file, const ddmd_structure *structure)
{
    hid_t group = H5Gopen2(file, TOPOLOGY, H5P_DEFAULT);
    if (group < 0)
        return -1;
    herr_t result = 0;
    hid_t type = -1, space = -1, attribute = -1;
    size_t length = structure->source ? strlen(structure->source) : 0;
    if (length >= SOURCE_MAX)
        length = SOURCE_MAX - 1;
    char source[SOURCE_MAX] = "";
    memcpy(source, structure->source ? structure->source : "", length);
    if ((type = ddmd_h5md_text_type(length + 1)) < 0 || (space = H5Screate(H5S_SCALAR)) < 0 ||
        (attribute = H5Acreate2(group, "source", type, space, H5P_DEFAULT, H5P_DEFAULT)) < 0 ||
        H5Awrite(attribute, type, source) < 0)
        result = -1;
    DDMD_H5_CLOSE(attribute, space, type);
    H5Gclose(group);
    return result;
}

enum ddmd_status ddmd_h5md_write_topology(hid_t file, const char *path, const ddmd_h5_io *io,
                                          const ddmd_structure *structure, ddmd_error *err)
{
    enum ddmd_status status = DDMD_OK;
    struct atom_entry *atoms = NULL;
    struct residue_entry *residues = NULL;
    struct chain_entry *chains = NULL;
    uint8_t *species = NULL;
    size_t n_atoms = (size_t)structure->n_atoms, n_residues = (size_t)structure->n_residues;
    size_t n_chains = (size_t)structure->n_chains;
    DDMD_TRY(ddmd_array_alloc(&atoms, n_atoms, sizeof *atoms, err));
    DDMD_TRY(ddmd_array_alloc(&residues, n_residues, sizeof *residues, err));
    DDMD_TRY(ddmd_array_alloc(&chains, n_chains, sizeof *chains, err));
    DDMD_TRY(ddmd_array_alloc(&species, n_atoms, sizeof *species, err));
    for (size_t i = 0; i < n_atoms; i++) {
        const ddmd_atom *from = &structure->atoms[i];
        memcpy(atoms[i].name, from->name, sizeof atoms[i].name);
        memcpy(atoms[i].element, from->element, sizeof atoms[i].element);
        atoms[i].residue = from->residue;
        atoms[i].line = from->line;
        atoms[i].occupancy = from->occupancy;
        atoms[i].b_factor = from->b_factor;
        atoms[i].hetero = from->hetero;
        species[i] = atomic_number(from->element);
    }
    for (size_t i = 0; i < n_residues; i++) {
        const ddmd_residue *from = &structure->residues[i];
        memcpy(residues[i].name, from->name, sizeof residues[i].name);
        residues[i].number = from->number;
        residues[i].insertion_code[0] = from->insertion_code;
        residues[i].chain = from->chain;
    }
    for (size_t i = 0; i < n_chains; i++)
        memcpy(chains[i].id, structure->chains[i].id, sizeof chains[i].id);

    hsize_t count = n_atoms, box[2] = {3, 3};
    DDMD_H5_TRY(put_table(file, &atom_table, n_atoms, atoms), DDMD_EXTERNAL, path, io,
                "write the atoms");
    DDMD_H5_TRY(put_table(file, &residue_table, n_residues, residues), DDMD_EXTERNAL, path, io,
                "write the residues");
    DDMD_H5_TRY(put_table(file, &chain_table, n_chains, chains), DDMD_EXTERNAL, path, io,
                "write the chains");
    DDMD_H5_TRY(
        put_array(file, PARTICLES "/species", H5T_STD_U8LE, H5T_NATIVE_UINT8, 1, &count, species),
        DDMD_EXTERNAL, path, io, "write the species");
    DDMD_H5_TRY(put_bonds(file, structure), DDMD_EXTERNAL, path, io, "write the bonds");
    DDMD_H5_TRY(put_source(file, structure), DDMD_EXTERNAL, path, io, "write the source");
    if (structure->has_box)
        DDMD_H5_TRY(put_array(file, TOPOLOGY "/box", H5T_IEEE_F64LE, H5T_NATIVE_DOUBLE, 2, box,
                              structure->box),
                    DDMD_EXTERNAL, path, io, "write the box");
out:
    free(species);
    free(chains);
    free(residues);
    free(atoms);
    return status;
}

/* ---- reading -------------------------------------------------------------------------------- */

/*
 * *values (the caller frees): all of a dataset that must have the type in_file and `rank`
 * dimensions, the first at most `limit`, the second `width`. Data in other files is not followed.
 */
static enum ddmd_status get_array(const ddmd_h5md *h5md, const char *name, hid_t in_file,
                                  hid_t in_memory, int rank, hsize_t limit, hsize_t width,
                                  size_t *n, void *values, ddmd_error *err)
{
    enum ddmd_status status = DDMD_OK;
    const char *path = h5md->path;
    hid_t dataset = -1, type = -1, space = -1, creation = -1;
    hsize_t dimensions[H5S_MAX_RANK] = {0};
    char *bytes = NULL;
    DDMD_H5_TRY(dataset = H5Dopen2(h5md->file, name, H5P_DEFAULT), DDMD_FORMAT, path, h5md->io,
                name);
    DDMD_H5_TRY(type = H5Dget_type(dataset), DDMD_FORMAT, path, h5md->io, name);
    DDMD_H5_TRY(space = H5Dget_space(dataset), DDMD_FORMAT, path, h5md->io, name);
    DDMD_H5_TRY(creation = H5Dget_create_plist(dataset), DDMD_FORMAT, path, h5md->io, name);
    if (in_file < 0 || in_memory < 0)
        DDMD_FAIL(err, DDMD_EXTERNAL, "%s: cannot describe the type of %s to hdf5", path, name);
    if (H5Tequal(type, in_file) <= 0 || H5Sget_simple_extent_ndims(space) != rank)
        DDMD_FAIL(err, DDMD_FORMAT, "%s: %s does not have the type and rank that ddmd writes", path,
                  name);
    DDMD_H5_TRY(H5Sget_simple_extent_dims(space, dimensions, NULL), DDMD_FORMAT, path, h5md->io,
                name);
    if (dimensions[0] > limit || (rank > 1 && dimensions[1] != width))
        DDMD_FAIL(err, DDMD_FORMAT, "%s: %s has the wrong size", path, name);
    if (H5Pget_external_count(creation) > 0 || H5Pget_layout(creation) == H5D_VIRTUAL)
        DDMD_FAIL(err, DDMD_FORMAT, "%s: %s keeps its data in another file", path, name);
    size_t row = H5Tget_size(in_memory) * (size_t)(rank > 1 ? width : 1);
    DDMD_TRY(ddmd_array_alloc(&bytes, (size_t)dimensions[0], row, err));
    if (dimensions[0] > 0)
        DDMD_H5_TRY(H5Dread(dataset, in_memory, H5S_ALL, H5S_ALL, H5P_DEFAULT, bytes), DDMD_FORMAT,
                    path, h5md->io, name);
    *n = (size_t)dimensions[0];
    memcpy(values, &bytes, sizeof bytes);
    bytes = NULL;
out:
    free(bytes);
    DDMD_H5_CLOSE(creation, space, type, dataset);
    return status;
}

static enum ddmd_status get_table(const ddmd_h5md *h5md, const struct table *table, size_t *n,
                                  void *entries, ddmd_error *err)
{
    hid_t in_file = table_type(table, false), in_memory = table_type(table, true);
    enum ddmd_status status =
        get_array(h5md, table->path, in_file, in_memory, 1, h5md->n_atoms, 1, n, entries, err);
    DDMD_H5_CLOSE(in_memory, in_file);
    return status;
}

static enum ddmd_status get_source(const ddmd_h5md *h5md, char **source, ddmd_error *err)
{
    enum ddmd_status status = DDMD_OK;
    char bytes[SOURCE_MAX + 1] = "";
    hid_t attribute = -1, type = -1, space = -1;
    DDMD_H5_TRY(attribute =
                    H5Aopen_by_name(h5md->file, TOPOLOGY, "source", H5P_DEFAULT, H5P_DEFAULT),
                DDMD_FORMAT, h5md->path, h5md->io, "find the source of the structure");
    DDMD_H5_TRY(type = H5Aget_type(attribute), DDMD_FORMAT, h5md->path, h5md->io,
                "read the source of the structure");
    DDMD_H5_TRY(space = H5Aget_space(attribute), DDMD_FORMAT, h5md->path, h5md->io,
                "read the source of the structure");
    if (H5Tget_class(type) != H5T_STRING || H5Tis_variable_str(type) != 0 ||
        H5Tget_size(type) > SOURCE_MAX || H5Sget_simple_extent_npoints(space) != 1)
        DDMD_FAIL(err, DDMD_FORMAT, "%s: the source of the structure is not a text", h5md->path);
    DDMD_H5_TRY(H5Aread(attribute, type, bytes), DDMD_FORMAT, h5md->path, h5md->io,
                "read the source of the structure");
    DDMD_TRY(ddmd_text_format(source, err, "%s", bytes));
out:
    DDMD_H5_CLOSE(space, type, attribute);
    return status;
}

static void copy_text(char *to, const char *from, size_t size)
{
    memcpy(to, from, size);
    to[size - 1] = '\0';
}

/*
 * Members lie together and in order: each of n members says to which of n_owners it belongs.
 * Returns the first member that does not fit, or n.
 */
static size_t check_order(size_t n, size_t n_owners, const int32_t *owner, size_t stride)
{
    int32_t last = -1;
    for (size_t i = 0; i < n; i++) {
        int32_t now;
        memcpy(&now, (const char *)owner + i * stride, sizeof now);
        if ((now != last && now != last + 1) || now < 0 || (size_t)now >= n_owners)
            return i;
        last = now;
    }
    return n;
}

static enum ddmd_status fill_atoms(const ddmd_h5md *h5md, const struct atom_entry *entries,
                                   ddmd_structure *structure, ddmd_error *err)
{
    size_t n = (size_t)structure->n_atoms, n_residues = (size_t)structure->n_residues;
    size_t bad = check_order(n, n_residues, &entries->residue, sizeof *entries);
    /* NOLINTNEXTLINE(clang-analyzer-core.*): the table was read, so it is there */
    if (bad < n || (n_residues > 0 && (size_t)entries[n - 1].residue != n_residues - 1))
        return ddmd_error_set(err, DDMD_FORMAT,
                              "%s: the residue of atom %zu is not the one expected", h5md->path,
                              bad < n ? bad : n - 1);
    for (size_t i = 0; i < n; i++) {
        ddmd_atom *atom = &structure->atoms[i];
        ddmd_residue *residue = &structure->residues[entries[i].residue];
        copy_text(atom->name, entries[i].name, sizeof atom->name);
        copy_text(atom->element, entries[i].element, sizeof atom->element);
        atom->residue = entries[i].residue;
        atom->line = entries[i].line;
        atom->occupancy = entries[i].occupancy;
        atom->b_factor = entries[i].b_factor;
        atom->hetero = entries[i].hetero != 0;
        if (residue->n_atoms++ == 0)
            residue->first_atom = (int32_t)i;
    }
    return DDMD_OK;
}

static enum ddmd_status fill_residues(const ddmd_h5md *h5md, const struct residue_entry *entries,
                                      const struct chain_entry *chains, ddmd_structure *structure,
                                      ddmd_error *err)
{
    size_t n = (size_t)structure->n_residues, n_chains = (size_t)structure->n_chains;
    size_t bad = check_order(n, n_chains, &entries->chain, sizeof *entries);
    if (bad < n || (n > 0 && (size_t)entries[n - 1].chain != n_chains - 1))
        return ddmd_error_set(err, DDMD_FORMAT,
                              "%s: the chain of residue %zu is not the one expected", h5md->path,
                              bad < n ? bad : n - 1);
    for (size_t i = 0; i < n; i++) {
        ddmd_residue *residue = &structure->residues[i];
        ddmd_chain *chain = &structure->chains[entries[i].chain];
        copy_text(residue->name, entries[i].name, sizeof residue->name);
        residue->number = entries[i].number;
        residue->insertion_code = entries[i].insertion_code[0];
        residue->chain = entries[i].chain;
        if (chain->n_residues++ == 0)
            chain->first_residue = (int32_t)i;
    }
    for (size_t i = 0; i < n_chains; i++)
        copy_text(structure->chains[i].id, chains[i].id, sizeof structure->chains[i].id);
    return DDMD_OK;
}

static enum ddmd_status check_bonds(const ddmd_h5md *h5md, const ddmd_structure *structure,
                                    ddmd_error *err)
{
    for (int32_t b = 0; b < structure->n_bonds; b++) {
        int32_t i = structure->bonds[b][0], j = structure->bonds[b][1];
        if (i < 0 || j <= i || j >= structure->n_atoms)
            return ddmd_error_set(err, DDMD_FORMAT, "%s: bond %d joins atoms %d and %d of %d",
                                  h5md->path, b, i, j, structure->n_atoms);
    }
    return DDMD_OK;
}

static enum ddmd_status get_box(const ddmd_h5md *h5md, ddmd_structure *structure, ddmd_error *err)
{
    double *box = NULL;
    size_t n = 0;
    if (H5Lexists(h5md->file, TOPOLOGY "/box", H5P_DEFAULT) <= 0)
        return DDMD_OK;
    enum ddmd_status status =
        get_array(h5md, TOPOLOGY "/box", H5T_IEEE_F64LE, H5T_NATIVE_DOUBLE, 2, 3, 3, &n, &box, err);
    if (status == DDMD_OK && n != 3)
        status =
            ddmd_error_set(err, DDMD_FORMAT, "%s: the box does not have three vectors", h5md->path);
    if (status == DDMD_OK) {
        /* NOLINTNEXTLINE(clang-analyzer-core.*): the box was read, so it is there */
        memcpy(structure->box, box, sizeof structure->box);
        structure->has_box = true;
    }
    free(box);
    return status;
}

enum ddmd_status ddmd_h5md_read_topology(const ddmd_h5md *h5md, const double *positions,
                                         int32_t n_models, ddmd_structure **structure,
                                         ddmd_error *err)
{
    enum ddmd_status status = DDMD_OK;
    struct atom_entry *atoms = NULL;
    struct residue_entry *residues = NULL;
    struct chain_entry *chains = NULL;
    ddmd_structure *new = NULL;
    size_t n_atoms = 0, n_residues = 0, n_chains = 0, n_bonds = 0;
    DDMD_TRY(get_table(h5md, &atom_table, &n_atoms, &atoms, err));
    DDMD_TRY(get_table(h5md, &residue_table, &n_residues, &residues, err));
    DDMD_TRY(get_table(h5md, &chain_table, &n_chains, &chains, err));
    if (n_atoms != h5md->n_atoms)
        DDMD_FAIL(err, DDMD_FORMAT, "%s: %zu atoms in the topology, %zu in the frames", h5md->path,
                  n_atoms, h5md->n_atoms);

    DDMD_TRY(ddmd_array_alloc(&new, 1, sizeof *new, err));
    DDMD_TRY(get_source(h5md, &new->source, err));
    DDMD_TRY(ddmd_array_alloc(&new->atoms, n_atoms, sizeof *new->atoms, err));
    DDMD_TRY(ddmd_array_alloc(&new->residues, n_residues, sizeof *new->residues, err));
    DDMD_TRY(ddmd_array_alloc(&new->chains, n_chains, sizeof *new->chains, err));
    new->n_atoms = (int32_t)n_atoms;
    new->n_residues = (int32_t)n_residues;
    new->n_chains = (int32_t)n_chains;
    DDMD_TRY(fill_atoms(h5md, atoms, new, err));
    DDMD_TRY(fill_residues(h5md, residues, chains, new, err));
    DDMD_TRY(get_array(h5md, "/connectivity/bonds", H5T_STD_I32LE, H5T_NATIVE_INT32, 2,
                       BONDS_PER_ATOM_MAX * h5md->n_atoms, 2, &n_bonds, &new->bonds, err));
    new->n_bonds = (int32_t)n_bonds;
    DDMD_TRY(check_bonds(h5md, new, err));
    DDMD_TRY(get_box(h5md, new, err));
    DDMD_TRY(ddmd_array_copy(&new->positions, positions, (size_t)n_models * n_atoms,
                             3 * sizeof(double), err));
    new->n_models = n_models;
    *structure = new;
    new = NULL;
out:
    ddmd_structure_destroy(&new);
    free(chains);
    free(residues);
    free(atoms);
    return status;
}
