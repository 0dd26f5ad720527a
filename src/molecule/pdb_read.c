#include "ddmd/structure.h"

#include "bonds.h"
#include "core/array.h"
#include "core/file.h"
#include "core/try.h"
#include "elements.h"
#include "pdb_names.h"
#include "pdb_records.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

enum {
    FILE_LIMIT = INT32_MAX,  /* bytes */
    KNOWN_RESIDUE_LIMIT = 64 /* atoms; a larger one is not what its name says */
};

struct builder {
    const ddmd_pdb_records *records;
    const char *source;
    ddmd_error *err;
    ddmd_structure *structure;
    int32_t *kept; /* [records->n_atoms], index in the structure; -1: left out */
};

struct name_order {
    char name[5];
    int32_t atom;
};

static int by_name_then_atom(const void *a, const void *b)
{
    const struct name_order *x = a, *y = b;
    int order = strcmp(x->name, y->name);
    return order ? order : (x->atom > y->atom) - (x->atom < y->atom);
}

/*
 * Of atoms with one name, leave out all but the first where they differ in altLoc. The same altLoc
 * twice is a mistake in a known residue; others (ligands whose atoms are all called "H") have
 * atoms that share names.
 */
static enum ddmd_status drop_alternates(struct builder *b, const ddmd_residue *residue,
                                        struct name_order *order)
{
    enum ddmd_status status = DDMD_OK;
    const ddmd_pdb_atom *atoms = b->records->atoms;
    const ddmd_residue_kind *kind = ddmd_residue_kind_find(residue->name);
    for (int32_t i = 0; i < residue->n_atoms; i++) {
        order[i].atom = residue->first_atom + i;
        memcpy(order[i].name, atoms[order[i].atom].name, sizeof order[i].name);
    }
    qsort(order, (size_t)residue->n_atoms, sizeof *order, by_name_then_atom);
    const ddmd_pdb_atom *first = NULL;
    for (int32_t i = 0; i < residue->n_atoms; i++) {
        const ddmd_pdb_atom *atom = &atoms[order[i].atom];
        if (atom->other_residue) {
            b->kept[order[i].atom] = -1;
            continue;
        }
        if (!first || strcmp(first->name, atom->name) != 0) {
            first = atom;
            continue;
        }
        if (atom->alternate != first->alternate)
            b->kept[order[i].atom] = -1;
        else if (kind)
            DDMD_FAIL(
                b->err, DDMD_FORMAT,
                "%s:%d: expected one atom %s in residue %s %d, found another (the first is on "
                "line %d)",
                b->source, atom->line.number, atom->name, residue->name, residue->number,
                first->line.number);
    }
out:
    return status;
}

static enum ddmd_status drop_all_alternates(struct builder *b)
{
    enum ddmd_status status = DDMD_OK;
    const ddmd_pdb_records *r = b->records;
    struct name_order *order = NULL;
    int32_t largest = 0;
    for (size_t i = 0; i < r->n_residues; i++)
        if (r->residues[i].n_atoms > largest)
            largest = r->residues[i].n_atoms;
    DDMD_TRY(ddmd_array_alloc(&order, (size_t)largest, sizeof *order, b->err));
    for (size_t i = 0; i < r->n_residues; i++)
        DDMD_TRY(drop_alternates(b, &r->residues[i], order));
    int32_t n = 0;
    for (size_t i = 0; i < r->n_atoms; i++)
        if (b->kept[i] >= 0)
            b->kept[i] = n++;
    b->structure->n_atoms = n;
out:
    free(order);
    return status;
}

static void read_element(const ddmd_pdb_line *line, bool known, bool alone, char element[4])
{
    char field[DDMD_PDB_FIELD_SIZE];
    ddmd_pdb_field(line, 77, 78, field);
    element[0] = '\0';
    if (strcmp(field, "EP") == 0) /* a virtual site, as OpenMM marks it */
        return;
    if (*field) {
        field[0] = (char)toupper((unsigned char)field[0]);
        field[1] = (char)tolower((unsigned char)field[1]);
        if (ddmd_element_find(field) > 0) {
            memcpy(element, field, 3);
            return;
        }
    }
    const char *guess = ddmd_pdb_guess_element(line->text + 12, known, alone);
    memcpy(element, guess, strlen(guess) + 1);
}

/* Standard names for the atoms of a residue, but never the same name for two of them. */
static void rename_atoms(ddmd_structure *s, const ddmd_residue *residue,
                         const ddmd_residue_kind *kind)
{
    char names[KNOWN_RESIDUE_LIMIT][8];
    ddmd_atom *atoms = s->atoms + residue->first_atom;
    int32_t n = residue->n_atoms;
    if (n > KNOWN_RESIDUE_LIMIT)
        return;
    for (int32_t i = 0; i < n; i++)
        ddmd_pdb_atom_name(kind, atoms[i].name, names[i]);
    for (int32_t i = 0; i < n; i++) {
        bool clash = false;
        for (int32_t k = 0; k < n; k++)
            clash = clash || (k != i && strcmp(names[k], names[i]) == 0);
        if (!clash)
            memcpy(atoms[i].name, names[i], sizeof names[i]);
    }
}

static void fill_atom(const ddmd_pdb_atom *from, ddmd_atom *atom)
{
    double value;
    atom->occupancy = ddmd_pdb_number(&from->line, 55, 60, &value) ? (float)value : 1.0F;
    atom->b_factor = ddmd_pdb_number(&from->line, 61, 66, &value) ? (float)value : 0.0F;
    atom->hetero = *from->line.text == 'H';
    atom->line = from->line.number;
    memcpy(atom->name, from->name, sizeof from->name);
}

static enum ddmd_status fill_atoms(struct builder *b)
{
    enum ddmd_status status = DDMD_OK;
    const ddmd_pdb_records *r = b->records;
    ddmd_structure *s = b->structure;
    DDMD_TRY(ddmd_array_alloc(&s->atoms, (size_t)s->n_atoms, sizeof *s->atoms, b->err));
    int32_t n = 0;
    for (int32_t i = 0; i < s->n_residues; i++) {
        ddmd_residue *residue = &s->residues[i];
        const ddmd_residue *from = &r->residues[i];
        const ddmd_residue_kind *kind = ddmd_residue_kind_find(from->name);
        residue->first_atom = n;
        for (int32_t k = from->first_atom; k < from->first_atom + from->n_atoms; k++) {
            if (b->kept[k] < 0)
                continue;
            s->atoms[n].residue = i;
            read_element(&r->atoms[k].line, kind != NULL, from->n_atoms == 1, s->atoms[n].element);
            fill_atom(&r->atoms[k], &s->atoms[n++]);
        }
        residue->n_atoms = n - residue->first_atom;
        if (kind)
            rename_atoms(s, residue, kind);
    }
out:
    return status;
}

static enum ddmd_status fill_positions(struct builder *b)
{
    const ddmd_pdb_records *r = b->records;
    ddmd_structure *s = b->structure;
    enum ddmd_status status = ddmd_array_alloc(&s->positions, r->n_models * (size_t)s->n_atoms,
                                               3 * sizeof *s->positions, b->err);
    if (status != DDMD_OK)
        return status;
    double *to = s->positions;
    const double *from = r->positions;
    for (size_t m = 0; m < r->n_models; m++)
        for (size_t i = 0; i < r->n_atoms; i++, from += 3)
            if (b->kept[i] >= 0) {
                memcpy(to, from, 3 * sizeof *to);
                to += 3;
            }
    return DDMD_OK;
}

struct serial {
    int32_t serial, atom;
};

static int by_serial_then_atom(const void *a, const void *b)
{
    const struct serial *x = a, *y = b;
    if (x->serial != y->serial)
        return x->serial < y->serial ? -1 : 1;
    return (x->atom > y->atom) - (x->atom < y->atom);
}

/* The first atom with a serial number; -1 where there is none. */
static int32_t atom_of_serial(const struct serial *serials, size_t n, int32_t wanted)
{
    size_t low = 0, high = n;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (serials[middle].serial < wanted)
            low = middle + 1;
        else
            high = middle;
    }
    return low < n && serials[low].serial == wanted ? serials[low].atom : -1;
}

static bool is_metal(const char *element)
{
    static const char metals[][4] = {
        "Li", "Na", "K",  "Rb", "Cs", "Mg", "Ca", "Sr", "Ba", "Al", "Ga", "In", "Tl", "Pb",
        "Mn", "Fe", "Co", "Ni", "Cu", "Zn", "Mo", "Pd", "Ag", "Cd", "W",  "Ir", "Pt", "Au",
        "Hg", "V",  "Ru", "Rh", "Os", "Re", "As", "Te", "Sm", "Eu", "Gd", "Tb", "Dy", "Ho",
        "Er", "Tm", "Yb", "Lu", "Y",  "La", "Ce", "Pr", "Nd", "Cr", "Ti", "Sc", "Be", "Bi",
    };
    for (size_t i = 0; i < sizeof metals / sizeof *metals; i++)
        if (strcmp(element, metals[i]) == 0)
            return true;
    return false;
}

/* CONECT also lists the ligands of metal ions; those of amino acids and water are not covalent. */
static bool is_coordination(const ddmd_structure *s, int32_t i, int32_t j)
{
    const ddmd_atom *a = &s->atoms[i], *b = &s->atoms[j];
    return (is_metal(a->element) && ddmd_residue_kind_find(s->residues[b->residue].name)) ||
           (is_metal(b->element) && ddmd_residue_kind_find(s->residues[a->residue].name));
}

static enum ddmd_status add_connections(struct builder *b, ddmd_bond_list *bonds)
{
    enum ddmd_status status = DDMD_OK;
    const ddmd_pdb_records *r = b->records;
    struct serial *serials = NULL;
    size_t n = 0;
    if (!r->n_connections)
        return DDMD_OK;
    DDMD_TRY(ddmd_array_alloc(&serials, r->n_atoms, sizeof *serials, b->err));
    for (size_t i = 0; i < r->n_atoms; i++)
        if (b->kept[i] >= 0)
            serials[n++] = (struct serial){r->atoms[i].serial, b->kept[i]};
    qsort(serials, n, sizeof *serials, by_serial_then_atom);
    for (size_t k = 0; k < r->n_connections; k++) {
        int32_t i = atom_of_serial(serials, n, r->connections[k].serials[0]);
        int32_t j = atom_of_serial(serials, n, r->connections[k].serials[1]);
        if (i >= 0 && j >= 0 && i != j && !is_coordination(b->structure, i, j))
            DDMD_TRY(ddmd_bonds_add(bonds, i, j, b->err));
    }
out:
    free(serials);
    return status;
}

static enum ddmd_status fill_bonds(struct builder *b)
{
    enum ddmd_status status = DDMD_OK;
    ddmd_bond_list bonds = {0};
    ddmd_structure *s = b->structure;
    DDMD_TRY(ddmd_bonds_add_standard(s, &bonds, b->err));
    DDMD_TRY(ddmd_bonds_add_disulfides(s, &bonds, b->err));
    DDMD_TRY(add_connections(b, &bonds));
    ddmd_bonds_sort(&bonds);
    DDMD_TRY(ddmd_array_copy(&s->bonds, bonds.items, bonds.n, sizeof *s->bonds, b->err));
    s->n_bonds = (int32_t)bonds.n;
out:
    free(bonds.items);
    return status;
}

static enum ddmd_status build(const ddmd_pdb_records *records, const char *source,
                              ddmd_structure **structure, ddmd_error *err)
{
    enum ddmd_status status = DDMD_OK;
    ddmd_structure *s = NULL;
    struct builder b = {.records = records, .source = source, .err = err};
    DDMD_TRY(ddmd_array_alloc(&s, 1, sizeof *s, err));
    b.structure = s;
    s->n_residues = (int32_t)records->n_residues;
    s->n_chains = (int32_t)records->n_chains;
    s->n_models = (int32_t)records->n_models;
    s->has_box = records->has_box;
    memcpy(s->box, records->box, sizeof s->box);
    DDMD_TRY(ddmd_array_copy(&s->source, source, strlen(source) + 1, 1, err));
    DDMD_TRY(ddmd_array_copy(&s->residues, records->residues, records->n_residues,
                             sizeof *s->residues, err));
    DDMD_TRY(
        ddmd_array_copy(&s->chains, records->chains, records->n_chains, sizeof *s->chains, err));
    DDMD_TRY(ddmd_array_alloc(&b.kept, records->n_atoms, sizeof *b.kept, err));
    DDMD_TRY(drop_all_alternates(&b));
    DDMD_TRY(fill_atoms(&b));
    DDMD_TRY(fill_positions(&b));
    DDMD_TRY(fill_bonds(&b));
    *structure = s;
    s = NULL;
out:
    free(b.kept);
    ddmd_structure_destroy(&s);
    return status;
}

enum ddmd_status ddmd_structure_parse_pdb(const char *bytes, size_t length, const char *source,
                                          ddmd_structure **structure, ddmd_error *err)
{
    enum ddmd_status status = DDMD_OK;
    ddmd_pdb_records records = {0};
    DDMD_TRY(ddmd_pdb_records_parse(bytes, length, source, &records, err));
    DDMD_TRY(build(&records, source, structure, err));
out:
    ddmd_pdb_records_clear(&records);
    return status;
}

enum ddmd_status ddmd_structure_read_pdb(const char *path, ddmd_structure **structure,
                                         ddmd_error *err)
{
    enum ddmd_status status = DDMD_OK;
    char *bytes = NULL;
    size_t length = 0;
    DDMD_TRY(ddmd_file_read(path, FILE_LIMIT, &bytes, &length, err));
    DDMD_TRY(ddmd_structure_parse_pdb(bytes, length, path, structure, err));
out:
    free(bytes);
    return status;
}
