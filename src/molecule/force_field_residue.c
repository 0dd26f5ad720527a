/* Residue templates of a force-field file. */
#include "force_field_reader.h"

#include "core/array.h"
#include "core/try.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum ddmd_status ddmd_ff_begin_residue(ddmd_ff_reader *reader, const ddmd_xml_element *element,
                                       ddmd_error *err)
{
    enum ddmd_status status = DDMD_OK;
    ddmd_ff_template *t = &reader->residue;
    *t = (ddmd_ff_template){
        .atoms = t->atoms, .rigid_water = true, .place = {reader->source, element->line}};
    reader->n_residue_bonds = 0;
    DDMD_TRY(ddmd_ff_read_name(reader, element, "name", &t->name, err));
    if (ddmd_xml_has(element, "override"))
        DDMD_TRY(ddmd_xml_integer(element, "override", &t->override_level, err));
    if (ddmd_xml_has(element, "rigidWater")) {
        char text[DDMD_XML_TEXT_SIZE];
        DDMD_TRY(ddmd_xml_text(element, "rigidWater", text, err));
        t->rigid_water = strcasecmp(text, "true") == 0;
    }
    reader->in_residue = true;
out:
    return status;
}

static enum ddmd_status read_atom(ddmd_ff_reader *reader, const ddmd_xml_element *element,
                                  ddmd_error *err)
{
    enum ddmd_status status = DDMD_OK;
    ddmd_ff_template *t = &reader->residue;
    const ddmd_force_field *ff = reader->force_field;
    ddmd_ff_template_atom atom = {.line = element->line, .type = -1};
    DDMD_TRY(ddmd_ff_read_name(reader, element, "name", &atom.name, err));
    DDMD_TRY(ddmd_ff_read_name(reader, element, "type", &atom.type_name, err));
    DDMD_TRY(ddmd_ff_read_values(element, &atom.values, err));
    for (int32_t i = 0; i < t->n_atoms; i++)
        if (t->atoms[i].name == atom.name)
            DDMD_FAIL(err, DDMD_FORMAT, "%s:%d: residue %s has two atoms %s", element->source,
                      element->line, ddmd_ff_name(ff, t->name), ddmd_ff_name(ff, atom.name));
    if (t->n_atoms == DDMD_FF_MAX_TEMPLATE_ATOMS)
        DDMD_FAIL(err, DDMD_FORMAT, "%s:%d: residue %s has more than %d atoms", element->source,
                  element->line, ddmd_ff_name(ff, t->name), DDMD_FF_MAX_TEMPLATE_ATOMS);
    DDMD_TRY(ddmd_array_reserve(&t->atoms, &reader->residue_capacity, (size_t)t->n_atoms + 1,
                                sizeof atom, err));
    t->atoms[t->n_atoms++] = atom;
out:
    return status;
}

/* <Bond atomName1= atomName2=>, <Bond from= to=>, <ExternalBond atomName=>, <ExternalBond from=> */
static enum ddmd_status read_bond(ddmd_ff_reader *reader, const ddmd_xml_element *element,
                                  ddmd_error *err)
{
    enum ddmd_status status = DDMD_OK;
    bool external = strcmp(element->name, "ExternalBond") == 0;
    const char *first = external ? "atomName" : "atomName1";
    ddmd_ff_residue_bond bond = {.line = element->line, .b = -1};
    bond.by_name = ddmd_xml_has(element, first);
    if (bond.by_name) {
        DDMD_TRY(ddmd_ff_read_name(reader, element, first, &bond.a, err));
        if (!external)
            DDMD_TRY(ddmd_ff_read_name(reader, element, "atomName2", &bond.b, err));
    } else {
        DDMD_TRY(ddmd_xml_integer(element, "from", &bond.a, err));
        if (!external)
            DDMD_TRY(ddmd_xml_integer(element, "to", &bond.b, err));
        if (bond.a < 0 || (!external && bond.b < 0))
            DDMD_FAIL(err, DDMD_FORMAT, "%s:%d: a bond with an atom of negative number",
                      element->source, element->line);
    }
    DDMD_TRY(ddmd_array_reserve(&reader->residue_bonds, &reader->residue_bonds_capacity,
                                reader->n_residue_bonds + 1, sizeof bond, err));
    reader->residue_bonds[reader->n_residue_bonds++] = bond;
out:
    return status;
}

enum ddmd_status ddmd_ff_read_residue_part(ddmd_ff_reader *reader, const ddmd_xml_element *element,
                                           ddmd_error *err)
{
    if (!reader->in_residue)
        return DDMD_OK;
    if (strcmp(element->name, "Atom") == 0)
        return read_atom(reader, element, err);
    if (strcmp(element->name, "Bond") == 0 || strcmp(element->name, "ExternalBond") == 0)
        return read_bond(reader, element, err);
    ddmd_ff_refuse(reader, element->name, element->line);
    return DDMD_OK;
}

/* The atom of the residue that a bond means. */
static enum ddmd_status find_atom(const ddmd_ff_reader *reader, const ddmd_ff_residue_bond *bond,
                                  int32_t which, int32_t *atom, ddmd_error *err)
{
    const ddmd_ff_template *t = &reader->residue;
    const ddmd_force_field *ff = reader->force_field;
    if (bond->by_name) {
        for (int32_t i = 0; i < t->n_atoms; i++)
            if (t->atoms[i].name == which) {
                *atom = i;
                return DDMD_OK;
            }
        return ddmd_error_set(err, DDMD_FORMAT, "%s:%d: residue %s has no atom %s",
                              ff->sources[reader->source], bond->line, ddmd_ff_name(ff, t->name),
                              ddmd_ff_name(ff, which));
    }
    if (which >= t->n_atoms)
        return ddmd_error_set(err, DDMD_FORMAT, "%s:%d: residue %s has no atom number %d",
                              ff->sources[reader->source], bond->line, ddmd_ff_name(ff, t->name),
                              which);
    *atom = which;
    return DDMD_OK;
}

static enum ddmd_status count_bond(const ddmd_ff_reader *reader, int32_t atom, int32_t line,
                                   ddmd_error *err)
{
    const ddmd_ff_template *t = &reader->residue;
    const ddmd_force_field *ff = reader->force_field;
    if (t->atoms[atom].n_bonded + t->atoms[atom].n_external > DDMD_FF_MAX_VALENCE)
        return ddmd_error_set(
            err, DDMD_FORMAT, "%s:%d: atom %s of residue %s has more than %d bonds",
            ff->sources[reader->source], line, ddmd_ff_name(ff, t->atoms[atom].name),
            ddmd_ff_name(ff, t->name), DDMD_FF_MAX_VALENCE);
    return DDMD_OK;
}

/* Numbers of atoms in place of names, and how many bonds each atom has. */
static enum ddmd_status resolve_bonds(ddmd_ff_reader *reader, ddmd_error *err)
{
    enum ddmd_status status = DDMD_OK;
    ddmd_ff_template *t = &reader->residue;
    for (size_t i = 0; i < reader->n_residue_bonds; i++) {
        ddmd_ff_residue_bond *bond = &reader->residue_bonds[i];
        int32_t a = 0, b = -1;
        DDMD_TRY(find_atom(reader, bond, bond->a, &a, err));
        if (bond->b >= 0) {
            DDMD_TRY(find_atom(reader, bond, bond->b, &b, err));
            if (a == b)
                DDMD_FAIL(err, DDMD_FORMAT, "%s:%d: a bond of an atom with itself",
                          reader->force_field->sources[reader->source], bond->line);
            t->atoms[a].n_bonded++;
            t->atoms[b].n_bonded++;
            DDMD_TRY(count_bond(reader, b, bond->line, err));
        } else {
            t->atoms[a].n_external++;
        }
        DDMD_TRY(count_bond(reader, a, bond->line, err));
        bond->a = a;
        bond->b = b;
    }
out:
    return status;
}

enum ddmd_status ddmd_ff_end_residue(ddmd_ff_reader *reader, ddmd_error *err)
{
    enum ddmd_status status = DDMD_OK;
    ddmd_force_field *ff = reader->force_field;
    ddmd_ff_template t = reader->residue;
    t.atoms = NULL;
    if (!reader->in_residue)
        return DDMD_OK;
    reader->in_residue = false;
    if (t.n_atoms == 0)
        DDMD_FAIL(err, DDMD_FORMAT, "%s:%d: residue %s has no atoms", ff->sources[reader->source],
                  t.place.line, ddmd_ff_name(ff, t.name));
    DDMD_TRY(resolve_bonds(reader, err));

    DDMD_TRY(
        ddmd_array_copy(&t.atoms, reader->residue.atoms, (size_t)t.n_atoms, sizeof *t.atoms, err));
    DDMD_TRY(ddmd_array_alloc(&t.bonded, reader->n_residue_bonds * 2, sizeof *t.bonded, err));
    int32_t used = 0;
    for (int32_t i = 0; i < t.n_atoms; i++) {
        t.atoms[i].first_bonded = used;
        used += t.atoms[i].n_bonded;
        t.atoms[i].n_bonded = 0;
    }
    for (size_t i = 0; i < reader->n_residue_bonds; i++) {
        const ddmd_ff_residue_bond *bond = &reader->residue_bonds[i];
        if (bond->b < 0)
            continue;
        ddmd_ff_template_atom *a = &t.atoms[bond->a], *b = &t.atoms[bond->b];
        t.bonded[a->first_bonded + a->n_bonded++] = bond->b;
        t.bonded[b->first_bonded + b->n_bonded++] = bond->a;
    }

    DDMD_TRY(ddmd_array_reserve(&ff->templates, &ff->templates_capacity, ff->n_templates + 1,
                                sizeof t, err));
    ff->templates[ff->n_templates++] = t;
    t.atoms = NULL;
    t.bonded = NULL;
out:
    free(t.atoms);
    free(t.bonded);
    return status;
}

void ddmd_ff_reader_clear(ddmd_ff_reader *reader)
{
    free(reader->residue.atoms);
    free(reader->residue_bonds);
}
