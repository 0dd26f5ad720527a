#include "pdb_text.h"

#include "bonds.h"
#include "core/file.h"
#include "core/try.h"
#include "pdb_fields.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const double angstrom_per_nm = 10.0;

enum { SERIAL_WIDTH = 5, NUMBER_WIDTH = 4 };

struct writer {
    const ddmd_structure *s;
    ddmd_text *text;
    ddmd_error *err;
};

/* Where the residue of an atom stands, for messages. */
static const ddmd_residue *residue_of(const ddmd_structure *s, int32_t atom)
{
    return &s->residues[s->atoms[atom].residue];
}

/* Eight columns; fewer decimals where the number is too large for three. */
static bool format_coordinate(double angstrom, char field[32])
{
    for (int decimals = 3; decimals >= 1; decimals--)
        if (snprintf(field, 32, "%8.*f", decimals, angstrom) == 8)
            return true;
    return false;
}

/* Four columns; a symbol of one letter stands in the second. */
static bool format_name(const ddmd_atom *atom, char field[5])
{
    size_t n = strlen(atom->name), indent = n < 4 && strlen(atom->element) < 2;
    if (n == 0 || n > 4)
        return false;
    memset(field, ' ', 4);
    memcpy(field + indent, atom->name, n);
    field[4] = '\0';
    return true;
}

static enum ddmd_status write_atom(struct writer *w, int32_t i, int32_t serial,
                                   const double *position)
{
    enum ddmd_status status = DDMD_OK;
    const ddmd_atom *atom = &w->s->atoms[i];
    const ddmd_residue *residue = residue_of(w->s, i);
    const char *chain = w->s->chains[residue->chain].id;
    char name[5], coordinates[3][32], serial_field[DDMD_PDB_FIELD_SIZE],
        number[DDMD_PDB_FIELD_SIZE], element[4];
    for (int k = 0; k < 3; k++) {
        if (!isfinite(position[k]))
            DDMD_FAIL(w->err, DDMD_NUMERIC, "atom %s of residue %s %d: the position is not finite",
                      atom->name, residue->name, residue->number);
        if (!format_coordinate(position[k] * angstrom_per_nm, coordinates[k]))
            DDMD_FAIL(w->err, DDMD_UNSUPPORTED,
                      "atom %s of residue %s %d: the coordinate %g nm does not fit a PDB file",
                      atom->name, residue->name, residue->number, position[k]);
    }
    if (!format_name(atom, name) || strlen(residue->name) > 4 || strlen(chain) > 1 ||
        !ddmd_pdb_format_count(serial, SERIAL_WIDTH, serial_field) ||
        !ddmd_pdb_format_count(residue->number, NUMBER_WIDTH, number))
        DDMD_FAIL(w->err, DDMD_UNSUPPORTED,
                  "atom %s of residue %s %d in chain '%s': names or numbers do not fit a PDB file",
                  atom->name, residue->name, residue->number, chain);
    for (int k = 0; k < 3; k++)
        element[k] =
            (char)(atom->element[k] >= 'a' && atom->element[k] <= 'z' ? atom->element[k] - 'a' + 'A'
                                                                      : atom->element[k]);
    element[3] = '\0';
    if (!*element)
        memcpy(element, "EP", 3); /* no element: OpenMM's mark of a virtual site */
    double occupancy = atom->line ? atom->occupancy : 1, b_factor = atom->b_factor;
    ddmd_text_add(w->text, "%-6s%s %s %3s%*s%c%s%c   %s%s%s%6.2f%6.2f          %2s  \n",
                  atom->hetero ? "HETATM" : "ATOM", serial_field, name, residue->name,
                  strlen(residue->name) > 3 ? 0 : 1, "", *chain ? *chain : ' ', number,
                  residue->insertion_code ? residue->insertion_code : ' ', coordinates[0],
                  coordinates[1], coordinates[2], fmin(fmax(occupancy, -99), 999),
                  fmin(fmax(b_factor, -99), 999), element);
out:
    return status;
}

/* serials[i]: of atom i, where TER records are counted too. */
static enum ddmd_status write_model(struct writer *w, const double *positions, int32_t *serials)
{
    enum ddmd_status status = DDMD_OK;
    const ddmd_structure *s = w->s;
    int32_t serial = 0;
    for (int32_t i = 0; i < s->n_atoms; i++) {
        serials[i] = ++serial;
        DDMD_TRY(write_atom(w, i, serial, positions + 3 * (size_t)i));
        const ddmd_residue *residue = residue_of(s, i);
        bool last = i + 1 == s->n_atoms || residue_of(s, i + 1)->chain != residue->chain;
        char serial_field[DDMD_PDB_FIELD_SIZE], number[DDMD_PDB_FIELD_SIZE];
        if (!last)
            continue;
        const char *chain = s->chains[residue->chain].id;
        if (ddmd_pdb_format_count(++serial, SERIAL_WIDTH, serial_field) &&
            ddmd_pdb_format_count(residue->number, NUMBER_WIDTH, number))
            ddmd_text_add(w->text, "TER   %s      %3s%*s%c%s%c\n", serial_field, residue->name,
                          strlen(residue->name) > 3 ? 0 : 1, "", *chain ? *chain : ' ', number,
                          residue->insertion_code ? residue->insertion_code : ' ');
    }
out:
    return status;
}

static double length_of(const double v[3])
{
    return sqrt(v[0] * v[0] + v[1] * v[1] + v[2] * v[2]);
}

static double angle_between(const double v[3], const double w[3])
{
    double cosine = (v[0] * w[0] + v[1] * w[1] + v[2] * w[2]) / (length_of(v) * length_of(w));
    return acos(fmin(fmax(cosine, -1), 1)) * 180 / M_PI;
}

static enum ddmd_status write_box(struct writer *w)
{
    enum ddmd_status status = DDMD_OK;
    const double(*box)[3] = w->s->box;
    double length[3], angle[3];
    bool fits = true;
    for (int k = 0; k < 3; k++) {
        length[k] = length_of(box[k]) * angstrom_per_nm;
        angle[k] = angle_between(box[(k + 1) % 3], box[(k + 2) % 3]);
        fits = fits && length[k] >= 0.01 && length[k] < 99999 && angle[k] >= 1 && angle[k] <= 179;
    }
    if (!fits)
        DDMD_FAIL(w->err, DDMD_UNSUPPORTED,
                  "box of %g x %g x %g nm: lengths or angles do not fit a PDB file",
                  length[0] / angstrom_per_nm, length[1] / angstrom_per_nm,
                  length[2] / angstrom_per_nm);
    ddmd_text_add(w->text, "CRYST1%9.3f%9.3f%9.3f%7.2f%7.2f%7.2f P 1           1 \n", length[0],
                  length[1], length[2], angle[0], angle[1], angle[2]);
out:
    return status;
}

/* The bonds that a reader cannot tell from names, from each of their atoms. */
static enum ddmd_status write_connections(struct writer *w, const int32_t *serials)
{
    enum ddmd_status status = DDMD_OK;
    const ddmd_structure *s = w->s;
    ddmd_bond_list standard = {0}, other = {0};
    DDMD_TRY(ddmd_bonds_add_standard(s, &standard, w->err));
    ddmd_bonds_sort(&standard);
    for (int32_t b = 0; b < s->n_bonds; b++)
        if (!ddmd_bonds_have(&standard, s->bonds[b][0], s->bonds[b][1]))
            DDMD_TRY(ddmd_bonds_add(&other, s->bonds[b][0], s->bonds[b][1], w->err));
    for (size_t b = 0; b < other.n; b++)
        for (int end = 0; end < 2; end++) {
            char fields[2][DDMD_PDB_FIELD_SIZE];
            for (int k = 0; k < 2; k++)
                ddmd_pdb_format_count(serials[other.items[b][k ? 1 - end : end]], SERIAL_WIDTH,
                                      fields[k]);
            ddmd_text_add(w->text, "CONECT%s%s\n", fields[0], fields[1]);
        }
out:
    free(standard.items);
    free(other.items);
    return status;
}

enum ddmd_status ddmd_pdb_format(const ddmd_structure *structure, const double *positions,
                                 int32_t n_models, ddmd_text *text, ddmd_error *err)
{
    enum ddmd_status status = DDMD_OK;
    const ddmd_structure *s = structure;
    struct writer w = {.s = s, .text = text, .err = err};
    int32_t *serials = calloc((size_t)s->n_atoms + 1, sizeof *serials);
    if (!serials)
        DDMD_FAIL(err, DDMD_NOMEM, "out of memory for %d atoms", s->n_atoms);
    if (s->has_box)
        DDMD_TRY(write_box(&w));
    for (int32_t m = 0; m < n_models; m++) {
        if (n_models > 1)
            ddmd_text_add(text, "MODEL     %4d\n", (m + 1) % 10000);
        DDMD_TRY(write_model(&w, positions + 3 * (size_t)m * (size_t)s->n_atoms, serials));
        if (n_models > 1)
            ddmd_text_add(text, "ENDMDL\n");
    }
    DDMD_TRY(write_connections(&w, serials));
    ddmd_text_add(text, "END\n");
out:
    free(serials);
    return status;
}

enum ddmd_status ddmd_structure_write_pdb(const ddmd_structure *structure, const double *positions,
                                          int32_t n_models, const char *path, ddmd_error *err)
{
    enum ddmd_status status = DDMD_OK;
    ddmd_text text = {0};
    char *bytes = NULL;
    if (n_models < 1)
        DDMD_FAIL(err, DDMD_INVALID, "%s: %d models to write", path, n_models);
    status = ddmd_pdb_format(structure, positions, n_models, &text, err);
    if (status != DDMD_OK) {
        ddmd_error_prefix(err, "%s: ", path);
        goto out;
    }
    size_t length = text.length;
    DDMD_TRY(ddmd_text_take(&text, &bytes, err));
    DDMD_TRY(ddmd_file_replace(path, bytes, length, err));
out:
    ddmd_text_clear(&text);
    free(bytes);
    return status;
}
