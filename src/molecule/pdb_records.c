#include "pdb_records.h"

#include "core/array.h"
#include "core/try.h"
#include "pdb_names.h"

#include <ctype.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    COORDINATES_END = 54, /* the last column that an atom must have */
    LOOK_BACK = 64        /* atoms of a residue that are searched for a name met before */
};

static const double nm_per_angstrom = 0.1;

struct parser {
    const char *source;
    ddmd_pdb_records *out;
    ddmd_error *err;
    ddmd_pdb_line line;
    bool in_model;      /* between MODEL and ENDMDL, or atoms were met since the last END */
    size_t model_atoms; /* met in the model so far */
    bool after_ter;
    bool serials_hexadecimal, numbers_hexadecimal;
};

/* "file:12: expected ..." */
#define FAIL_LINE(p, format, ...) \
    DDMD_FAIL((p)->err, DDMD_FORMAT, "%s:%d: " format, (p)->source, (p)->line.number, __VA_ARGS__)

static bool printable(const char *field)
{
    for (; *field; field++)
        if (!isgraph((unsigned char)*field))
            return false;
    return true;
}

static enum ddmd_status read_position(struct parser *p, double position[3])
{
    enum ddmd_status status = DDMD_OK;
    if (p->line.length < COORDINATES_END)
        FAIL_LINE(p,
                  "expected coordinates in columns 31 to 54, but the line ends at column %zu "
                  "(was the file cut short?)",
                  p->line.length);
    double value[3];
    for (int k = 0; k < 3; k++) {
        size_t first = 31 + 8 * (size_t)k;
        char field[DDMD_PDB_FIELD_SIZE];
        if (!ddmd_pdb_number(&p->line, first, first + 7, &value[k])) {
            ddmd_pdb_field(&p->line, first, first + 7, field);
            FAIL_LINE(p,
                      "expected the %c coordinate in columns %zu to %zu, found '%s' "
                      "(PDB columns are fixed; is the line shifted?)",
                      "xyz"[k], first, first + 7, printable(field) ? field : "?");
        }
    }
    for (int k = 0; k < 3; k++)
        position[k] = value[k] * nm_per_angstrom;
out:
    return status;
}

static enum ddmd_status add_position(struct parser *p, const double position[3])
{
    ddmd_pdb_records *r = p->out;
    size_t used = 3 * ((r->n_models - 1) * r->n_atoms + p->model_atoms);
    enum ddmd_status status = ddmd_array_reserve(&r->positions, &r->position_capacity, used + 3,
                                                 sizeof *r->positions, p->err);
    if (status == DDMD_OK)
        memcpy(r->positions + used, position, 3 * sizeof *position);
    return status;
}

static enum ddmd_status add_chain(struct parser *p, char id)
{
    ddmd_pdb_records *r = p->out;
    enum ddmd_status status = ddmd_array_reserve(&r->chains, &r->chain_capacity, r->n_chains + 1,
                                                 sizeof *r->chains, p->err);
    if (status == DDMD_OK) {
        ddmd_chain *chain = &r->chains[r->n_chains++];
        *chain = (ddmd_chain){.first_residue = (int32_t)r->n_residues};
        chain->id[0] = id == ' ' ? '\0' : id;
    }
    return status;
}

static enum ddmd_status add_residue(struct parser *p, const char *name, int32_t number, char code)
{
    ddmd_pdb_records *r = p->out;
    enum ddmd_status status = ddmd_array_reserve(&r->residues, &r->residue_capacity,
                                                 r->n_residues + 1, sizeof *r->residues, p->err);
    if (status == DDMD_OK) {
        ddmd_residue *residue = &r->residues[r->n_residues++];
        *residue = (ddmd_residue){
            .number = number,
            .insertion_code = code,
            .chain = (int32_t)r->n_chains - 1,
            .first_atom = (int32_t)r->n_atoms,
        };
        memcpy(residue->name, name, strlen(name));
        r->chains[r->n_chains - 1].n_residues++;
    }
    return status;
}

/* Whether the residue being read has an atom of that name already. */
static bool met_before(const ddmd_pdb_records *r, const ddmd_residue *residue, const char *name)
{
    int32_t first = residue->n_atoms > LOOK_BACK ? residue->n_atoms - LOOK_BACK : 0;
    for (int32_t i = first; i < residue->n_atoms; i++)
        if (strcmp(r->atoms[residue->first_atom + i].name, name) == 0)
            return true;
    return false;
}

/* The chain and the residue of an atom: those of the atom before it, or new ones. */
static enum ddmd_status place_atom(struct parser *p, ddmd_pdb_atom *atom)
{
    ddmd_pdb_records *r = p->out;
    enum ddmd_status status = DDMD_OK;
    char field[DDMD_PDB_FIELD_SIZE], name[8];
    ddmd_pdb_field(&p->line, 18, 21, field);
    if (!*field || !printable(field))
        FAIL_LINE(p, "expected the name of a residue in columns 18 to 20, found %s",
                  *field ? "characters that cannot be printed" : "none");
    snprintf(name, sizeof name, "%s", ddmd_pdb_residue_name(field));

    char id = ddmd_pdb_column(&p->line, 22), code = ddmd_pdb_column(&p->line, 27);
    if ((id != ' ' && !isgraph((unsigned char)id)) ||
        (code != ' ' && !isgraph((unsigned char)code)))
        FAIL_LINE(p,
                  "expected the chain in column 22 and the insertion code in column 27, found %s",
                  "characters that cannot be printed");
    bool new_chain =
        !r->n_chains || p->after_ter || r->chains[r->n_chains - 1].id[0] != (id == ' ' ? '\0' : id);
    if (new_chain)
        DDMD_TRY(add_chain(p, id));
    p->after_ter = false;

    const ddmd_residue *before = r->n_residues ? &r->residues[r->n_residues - 1] : NULL;
    bool new_residue = new_chain || !before;
    bool same_name = before && strcmp(before->name, name) == 0;
    int32_t number;
    ddmd_pdb_field(&p->line, 23, 26, field);
    if (strcmp(field, "****") == 0) { /* more residues than numbers */
        new_residue = new_residue || !same_name || met_before(r, before, atom->name);
        number = before ? before->number + new_residue : 1;
    } else {
        if (!ddmd_pdb_count(field, 4, &p->numbers_hexadecimal, &number))
            FAIL_LINE(p, "expected the number of a residue in columns 23 to 26, found '%s'",
                      printable(field) ? field : "?");
        new_residue = new_residue || number != before->number || code != before->insertion_code ||
                      (!same_name && atom->alternate == ' ');
        if (!new_residue && atom->alternate == ' ' && met_before(r, before, atom->name))
            new_residue = strcmp(name, "HOH") == 0;
    }
    if (new_residue)
        DDMD_TRY(add_residue(p, name, number, code));
    else
        atom->other_residue = !same_name;
    atom->residue = (int32_t)r->n_residues - 1;
out:
    return status;
}

static enum ddmd_status add_first_model_atom(struct parser *p)
{
    ddmd_pdb_records *r = p->out;
    enum ddmd_status status = DDMD_OK;
    char field[DDMD_PDB_FIELD_SIZE];
    double position[3];
    ddmd_pdb_atom atom = {.line = p->line, .alternate = ddmd_pdb_column(&p->line, 17)};

    DDMD_TRY(read_position(p, position));
    ddmd_pdb_field(&p->line, 13, 16, field);
    if (!*field || !printable(field))
        FAIL_LINE(p, "expected the name of an atom in columns 13 to 16, found %s",
                  *field ? "characters that cannot be printed" : "none");
    memcpy(atom.name, field, strlen(field));

    /* Programs that run out of the five columns go on into the sixth, which should be blank. */
    int width = isdigit((unsigned char)ddmd_pdb_column(&p->line, 12)) ? 6 : 5;
    ddmd_pdb_field(&p->line, 7, 6 + (size_t)width, field);
    if (!ddmd_pdb_count(field, width, &p->serials_hexadecimal, &atom.serial))
        atom.serial = -1;

    if (r->n_atoms >= INT32_MAX / 4)
        FAIL_LINE(p, "too many atoms (%zu)", r->n_atoms);
    DDMD_TRY(place_atom(p, &atom));
    DDMD_TRY(
        ddmd_array_reserve(&r->atoms, &r->atom_capacity, r->n_atoms + 1, sizeof *r->atoms, p->err));
    DDMD_TRY(add_position(p, position));
    r->atoms[r->n_atoms++] = atom;
    r->residues[atom.residue].n_atoms++;
    p->model_atoms++;
out:
    return status;
}

/* Name, altLoc, residue, chain, number and insertion code must be those of the first model. */
static enum ddmd_status add_later_model_atom(struct parser *p)
{
    enum { FIRST = 13, LAST = 27 };
    ddmd_pdb_records *r = p->out;
    enum ddmd_status status = DDMD_OK;
    double position[3];
    if (p->model_atoms >= r->n_atoms)
        FAIL_LINE(p,
                  "expected no more atoms in model %zu: model 1 has %zu "
                  "(is an ENDMDL or MODEL record missing?)",
                  r->n_models, r->n_atoms);
    DDMD_TRY(read_position(p, position));
    const ddmd_pdb_line *first = &r->atoms[p->model_atoms].line;
    if (memcmp(first->text + FIRST - 1, p->line.text + FIRST - 1, LAST - FIRST + 1) != 0) {
        char text[2][LAST - FIRST + 2] = {""};
        memcpy(text[0], first->text + FIRST - 1, LAST - FIRST + 1);
        memcpy(text[1], p->line.text + FIRST - 1, LAST - FIRST + 1);
        for (char *c = text[1]; *c; c++)
            if (!isprint((unsigned char)*c))
                *c = '?';
        FAIL_LINE(p,
                  "expected the atom '%s' of model 1 (line %d) also in model %zu, found '%s' "
                  "(every model must have the same atoms in the same order)",
                  text[0], first->number, r->n_models, text[1]);
    }
    DDMD_TRY(add_position(p, position));
    p->model_atoms++;
out:
    return status;
}

static enum ddmd_status close_model(struct parser *p)
{
    enum ddmd_status status = DDMD_OK;
    if (p->in_model && p->model_atoms < p->out->n_atoms)
        FAIL_LINE(p,
                  "expected the %zu atoms of model 1 in model %zu, found %zu "
                  "(was the file cut short?)",
                  p->out->n_atoms, p->out->n_models, p->model_atoms);
    if (p->in_model && p->model_atoms == 0)
        FAIL_LINE(p, "expected atoms in model %zu, found none", p->out->n_models);
    p->in_model = false;
out:
    return status;
}

static void open_model(struct parser *p)
{
    p->in_model = true;
    p->model_atoms = 0;
    p->after_ter = false;
    p->out->n_models++;
}

static enum ddmd_status read_atom(struct parser *p)
{
    if (!p->in_model)
        open_model(p);
    return p->out->n_models == 1 ? add_first_model_atom(p) : add_later_model_atom(p);
}

static enum ddmd_status read_connections(struct parser *p)
{
    ddmd_pdb_records *r = p->out;
    enum ddmd_status status = DDMD_OK;
    int32_t serials[5];
    for (size_t k = 0; k < 5; k++) {
        char field[DDMD_PDB_FIELD_SIZE];
        size_t first = 7 + 5 * k;
        bool hexadecimal = false;
        ddmd_pdb_field(&p->line, first, first + 4, field);
        serials[k] = -1;
        if (*field && field[0] != '*' && !ddmd_pdb_count(field, 5, &hexadecimal, &serials[k]))
            FAIL_LINE(p, "expected the serial number of an atom in columns %zu to %zu, found '%s'",
                      first, first + 4, printable(field) ? field : "?");
        if (k == 0 || serials[k] < 0 || serials[0] < 0)
            continue;
        DDMD_TRY(ddmd_array_reserve(&r->connections, &r->connection_capacity, r->n_connections + 1,
                                    sizeof *r->connections, p->err));
        r->connections[r->n_connections++] = (ddmd_pdb_connection){{serials[0], serials[k]}};
    }
out:
    return status;
}

/* Lengths and angles to the lower triangular, reduced vectors that OpenMM wants. */
static bool make_box(const double length[3], const double angle[3], double box[3][3])
{
    double ca = cos(angle[0] * M_PI / 180), cb = cos(angle[1] * M_PI / 180),
           cg = cos(angle[2] * M_PI / 180), sg = sin(angle[2] * M_PI / 180);
    double a[3] = {length[0], 0, 0}, b[3] = {length[1] * cg, length[1] * sg, 0};
    double c[3] = {length[2] * cb, length[2] * (ca - cb * cg) / sg, 0};
    c[2] = sqrt(length[2] * length[2] - c[0] * c[0] - c[1] * c[1]);
    if (!(c[2] > 1e-6) || !(b[1] > 1e-6) || !(a[0] > 1e-6) || !isfinite(c[1]))
        return false;
    /* Cosines of 90 degrees are zero. */
    double *vectors[3] = {a, b, c};
    for (int i = 0; i < 3; i++)
        for (int k = 0; k < 3; k++)
            if (fabs(vectors[i][k]) < 1e-6)
                vectors[i][k] = 0;
    double over = rint(c[1] / b[1]);
    for (int k = 0; k < 3; k++)
        c[k] -= b[k] * over;
    over = rint(c[0] / a[0]);
    for (int k = 0; k < 3; k++)
        c[k] -= a[k] * over;
    over = rint(b[0] / a[0]);
    for (int k = 0; k < 3; k++)
        b[k] -= a[k] * over;
    for (int i = 0; i < 3; i++)
        for (int k = 0; k < 3; k++)
            box[i][k] = vectors[i][k];
    return true;
}

static enum ddmd_status read_box(struct parser *p)
{
    enum ddmd_status status = DDMD_OK;
    double length[3], angle[3], box[3][3];
    for (size_t k = 0; k < 3; k++)
        if (!ddmd_pdb_number(&p->line, 7 + 9 * k, 15 + 9 * k, &length[k]) ||
            !ddmd_pdb_number(&p->line, 34 + 7 * k, 40 + 7 * k, &angle[k]))
            FAIL_LINE(p,
                      "expected three lengths and three angles of the unit cell in columns %d "
                      "to %d",
                      7, 54);
    bool absent = true; /* 1 x 1 x 1 or 0 x 0 x 0 says that there is no crystal */
    for (int k = 0; k < 3; k++) {
        absent = absent && (length[k] == 0 || length[k] == 1);
        length[k] *= nm_per_angstrom;
    }
    if (absent)
        goto out;
    bool sound = true;
    for (int k = 0; k < 3; k++)
        sound = sound && length[k] > 0 && angle[k] > 0 && angle[k] < 180;
    if (!sound || !make_box(length, angle, box))
        FAIL_LINE(p,
                  "expected a unit cell with a volume, found lengths %g %g %g nm and angles "
                  "%g %g %g degrees",
                  length[0], length[1], length[2], angle[0], angle[1], angle[2]);
    memcpy(p->out->box, box, sizeof box);
    p->out->has_box = true;
out:
    return status;
}

static enum ddmd_status read_line(struct parser *p)
{
    char record[DDMD_PDB_FIELD_SIZE];
    enum ddmd_status status = DDMD_OK;
    ddmd_pdb_field(&p->line, 1, 6, record);
    if (strncmp(record, "ATOM", 4) == 0 || strcmp(record, "HETATM") == 0)
        return read_atom(p);
    if (strcmp(record, "TER") == 0)
        p->after_ter = true;
    else if (strcmp(record, "CONECT") == 0)
        return read_connections(p);
    else if (strcmp(record, "CRYST1") == 0)
        return read_box(p);
    else if (strcmp(record, "ENDMDL") == 0 || strcmp(record, "END") == 0)
        return close_model(p);
    else if (strcmp(record, "MODEL") == 0) {
        DDMD_TRY(close_model(p));
        open_model(p);
    }
out:
    return status;
}

enum ddmd_status ddmd_pdb_records_parse(const char *bytes, size_t length, const char *source,
                                        ddmd_pdb_records *records, ddmd_error *err)
{
    enum ddmd_status status = DDMD_OK;
    struct parser p = {.source = source, .out = records, .err = err};
    if (length > INT32_MAX)
        DDMD_FAIL(err, DDMD_FORMAT, "%s: expected at most %d bytes, found %zu", source, INT32_MAX,
                  length);
    for (size_t at = 0; at < length;) {
        const char *end = memchr(bytes + at, '\n', length - at);
        size_t n = end ? (size_t)(end - bytes) - at : length - at;
        p.line.text = bytes + at;
        p.line.length = n && bytes[at + n - 1] == '\r' ? n - 1 : n;
        p.line.number++;
        DDMD_TRY(read_line(&p));
        at += n + 1;
    }
    DDMD_TRY(close_model(&p));
    if (!records->n_atoms)
        DDMD_FAIL(err, DDMD_FORMAT, "%s:%d: expected ATOM or HETATM records, found none%s", source,
                  p.line.number ? p.line.number : 1,
                  length > 5 && memcmp(bytes, "data_", 5) == 0
                      ? " (this is mmCIF; convert it to PDB first)"
                      : " (is this a PDB file?)");
out:
    return status;
}

void ddmd_pdb_records_clear(ddmd_pdb_records *records)
{
    free(records->atoms);
    free(records->residues);
    free(records->chains);
    free(records->connections);
    free(records->positions);
    *records = (ddmd_pdb_records){0};
}
