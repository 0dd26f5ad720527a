/* The sections of a force-field file; what a <Residue> holds is in force_field_residue.c. */
#include "force_field_reader.h"

#include "core/array.h"
#include "core/text.h"
#include "core/try.h"
#include "elements.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *const attribute_names[] = {
    [DDMD_FF_CHARGE] = "charge", [DDMD_FF_SIGMA] = "sigma", [DDMD_FF_EPSILON] = "epsilon",
    [DDMD_FF_RADIUS] = "radius", [DDMD_FF_SCALE] = "scale",
};

const char *ddmd_ff_attribute_name(enum ddmd_ff_attribute attribute)
{
    return attribute_names[attribute];
}

unsigned ddmd_ff_force_attributes(enum ddmd_ff_force force)
{
    if (force == DDMD_FF_NONBONDED)
        return 1U << DDMD_FF_CHARGE | 1U << DDMD_FF_SIGMA | 1U << DDMD_FF_EPSILON;
    return 1U << DDMD_FF_CHARGE | 1U << DDMD_FF_RADIUS | 1U << DDMD_FF_SCALE;
}

enum ddmd_status ddmd_ff_read_name(ddmd_ff_reader *reader, const ddmd_xml_element *element,
                                   const char *attribute, int32_t *name, ddmd_error *err)
{
    char text[DDMD_XML_TEXT_SIZE];
    enum ddmd_status status = ddmd_xml_text(element, attribute, text, err);
    if (status == DDMD_OK)
        status = ddmd_names_intern(&reader->force_field->names, text, name, err);
    return status;
}

enum ddmd_status ddmd_ff_read_values(const ddmd_xml_element *element, ddmd_ff_values *values,
                                     ddmd_error *err)
{
    enum ddmd_status status = DDMD_OK;
    for (int a = 0; a < DDMD_FF_N_ATTRIBUTES; a++) {
        if (!ddmd_xml_has(element, attribute_names[a]))
            continue;
        DDMD_TRY(ddmd_xml_number(element, attribute_names[a], &values->value[a], err));
        values->given |= 1U << a;
    }
out:
    return status;
}

static enum ddmd_status read_type(ddmd_ff_reader *reader, const ddmd_xml_element *element,
                                  ddmd_error *err)
{
    enum ddmd_status status = DDMD_OK;
    ddmd_force_field *ff = reader->force_field;
    ddmd_ff_type type = {.place = {reader->source, element->line}};
    DDMD_TRY(ddmd_ff_read_name(reader, element, "name", &type.name, err));
    DDMD_TRY(ddmd_ff_read_name(reader, element, "class", &type.class_name, err));
    DDMD_TRY(ddmd_xml_number(element, "mass", &type.mass, err));
    if (ddmd_xml_has(element, "element")) {
        char symbol[DDMD_XML_TEXT_SIZE];
        DDMD_TRY(ddmd_xml_text(element, "element", symbol, err));
        type.element = ddmd_element_find(symbol);
        if (type.element < 0)
            DDMD_FAIL(err, DDMD_FORMAT, "%s:%d: expected a chemical element, found \"%.40s\"",
                      element->source, element->line, symbol);
    }
    DDMD_TRY(
        ddmd_array_reserve(&ff->types, &ff->types_capacity, ff->n_types + 1, sizeof type, err));
    ff->types[ff->n_types++] = type;
out:
    return status;
}

/* The slot that class1 or type1 names; suffix "" where there is one atom. */
static enum ddmd_status read_slot(ddmd_ff_reader *reader, const ddmd_xml_element *element,
                                  const char *suffix, ddmd_ff_slot *slot, ddmd_error *err)
{
    enum ddmd_status status = DDMD_OK;
    char by_class[16], by_type[16];
    snprintf(by_class, sizeof by_class, "class%s", suffix);
    snprintf(by_type, sizeof by_type, "type%s", suffix);
    bool has_class = ddmd_xml_has(element, by_class), has_type = ddmd_xml_has(element, by_type);
    if (has_class == has_type)
        DDMD_FAIL(err, DDMD_FORMAT, "%s:%d: <%s> needs one of the attributes \"%s\" and \"%s\"",
                  element->source, element->line, element->name, by_class, by_type);
    slot->kind = has_class ? DDMD_FF_CLASS : DDMD_FF_TYPE;
    DDMD_TRY(ddmd_ff_read_name(reader, element, has_class ? by_class : by_type, &slot->name, err));
    if (!*ddmd_ff_name(reader->force_field, slot->name))
        slot->kind = DDMD_FF_ANY;
out:
    return status;
}

static enum ddmd_status read_slots(ddmd_ff_reader *reader, const ddmd_xml_element *element,
                                   ddmd_ff_slot *slots, int n, ddmd_error *err)
{
    static const char *const suffixes[] = {"1", "2", "3", "4"};
    enum ddmd_status status = DDMD_OK;
    for (int i = 0; i < n; i++)
        DDMD_TRY(read_slot(reader, element, suffixes[i], &slots[i], err));
out:
    return status;
}

static enum ddmd_status read_bond(ddmd_ff_reader *reader, const ddmd_xml_element *element,
                                  ddmd_error *err)
{
    enum ddmd_status status = DDMD_OK;
    ddmd_force_field *ff = reader->force_field;
    ddmd_ff_bond bond = {0};
    DDMD_TRY(read_slots(reader, element, bond.slot, 2, err));
    DDMD_TRY(ddmd_xml_number(element, "length", &bond.length, err));
    DDMD_TRY(ddmd_xml_number(element, "k", &bond.k, err));
    DDMD_TRY(
        ddmd_array_reserve(&ff->bonds, &ff->bonds_capacity, ff->n_bonds + 1, sizeof bond, err));
    ff->bonds[ff->n_bonds++] = bond;
out:
    return status;
}

static enum ddmd_status read_angle(ddmd_ff_reader *reader, const ddmd_xml_element *element,
                                   ddmd_error *err)
{
    enum ddmd_status status = DDMD_OK;
    ddmd_force_field *ff = reader->force_field;
    ddmd_ff_angle angle = {0};
    DDMD_TRY(read_slots(reader, element, angle.slot, 3, err));
    DDMD_TRY(ddmd_xml_number(element, "angle", &angle.theta, err));
    DDMD_TRY(ddmd_xml_number(element, "k", &angle.k, err));
    DDMD_TRY(
        ddmd_array_reserve(&ff->angles, &ff->angles_capacity, ff->n_angles + 1, sizeof angle, err));
    ff->angles[ff->n_angles++] = angle;
out:
    return status;
}

/* periodicity1, phase1, k1, periodicity2, ... */
static enum ddmd_status read_terms(ddmd_ff_reader *reader, const ddmd_xml_element *element,
                                   ddmd_ff_torsion *torsion, ddmd_error *err)
{
    enum ddmd_status status = DDMD_OK;
    ddmd_force_field *ff = reader->force_field;
    torsion->first_term = ff->n_terms;
    for (int i = 1;; i++) {
        char periodicity[24], phase[24], k[24];
        snprintf(periodicity, sizeof periodicity, "periodicity%d", i);
        snprintf(phase, sizeof phase, "phase%d", i);
        snprintf(k, sizeof k, "k%d", i);
        if (!ddmd_xml_has(element, phase))
            break;
        if (i > DDMD_FF_MAX_TORSION_TERMS)
            DDMD_FAIL(err, DDMD_FORMAT, "%s:%d: a torsion with more than %d terms", element->source,
                      element->line, DDMD_FF_MAX_TORSION_TERMS);
        ddmd_ff_term term = {0};
        DDMD_TRY(ddmd_xml_integer(element, periodicity, &term.periodicity, err));
        DDMD_TRY(ddmd_xml_number(element, phase, &term.phase, err));
        DDMD_TRY(ddmd_xml_number(element, k, &term.k, err));
        if (term.periodicity < 1 && term.k != 0)
            DDMD_FAIL(err, DDMD_FORMAT, "%s:%d: %s is %d, expected 1 or more", element->source,
                      element->line, periodicity, term.periodicity);
        DDMD_TRY(
            ddmd_array_reserve(&ff->terms, &ff->terms_capacity, ff->n_terms + 1, sizeof term, err));
        ff->terms[ff->n_terms++] = term;
        torsion->n_terms++;
    }
    if (torsion->n_terms == 0)
        DDMD_FAIL(err, DDMD_FORMAT, "%s:%d: <%s> has no attribute \"phase1\"", element->source,
                  element->line, element->name);
out:
    return status;
}

static enum ddmd_status read_torsion(ddmd_ff_reader *reader, const ddmd_xml_element *element,
                                     ddmd_error *err)
{
    enum ddmd_status status = DDMD_OK;
    ddmd_force_field *ff = reader->force_field;
    ddmd_ff_torsion torsion = {.amber_ordering = reader->amber_ordering};
    DDMD_TRY(read_slots(reader, element, torsion.slot, 4, err));
    DDMD_TRY(read_terms(reader, element, &torsion, err));
    if (strcmp(element->name, "Proper") == 0) {
        DDMD_TRY(ddmd_array_reserve(&ff->propers, &ff->propers_capacity, ff->n_propers + 1,
                                    sizeof torsion, err));
        ff->propers[ff->n_propers++] = torsion;
    } else {
        DDMD_TRY(ddmd_array_reserve(&ff->impropers, &ff->impropers_capacity, ff->n_impropers + 1,
                                    sizeof torsion, err));
        ff->impropers[ff->n_impropers++] = torsion;
    }
out:
    return status;
}

static enum ddmd_status read_particle(ddmd_ff_reader *reader, const ddmd_xml_element *element,
                                      ddmd_error *err)
{
    enum ddmd_status status = DDMD_OK;
    ddmd_force_field *ff = reader->force_field;
    ddmd_ff_particle particle = {
        .line = element->line,
        .force = reader->section == DDMD_FF_IN_NONBONDED ? DDMD_FF_NONBONDED : DDMD_FF_GBSA};
    DDMD_TRY(read_slot(reader, element, "", &particle.slot, err));
    DDMD_TRY(ddmd_ff_read_values(element, &particle.values, err));
    DDMD_TRY(ddmd_array_reserve(&ff->particles, &ff->particles_capacity, ff->n_particles + 1,
                                sizeof particle, err));
    ff->particles[ff->n_particles++] = particle;
out:
    return status;
}

static enum ddmd_status read_use_attribute(ddmd_ff_reader *reader, const ddmd_xml_element *element,
                                           ddmd_error *err)
{
    enum ddmd_status status = DDMD_OK;
    unsigned wanted = ddmd_ff_force_attributes(
        reader->section == DDMD_FF_IN_NONBONDED ? DDMD_FF_NONBONDED : DDMD_FF_GBSA);
    char name[DDMD_XML_TEXT_SIZE];
    DDMD_TRY(ddmd_xml_text(element, "name", name, err));
    for (int a = 0; a < DDMD_FF_N_ATTRIBUTES; a++)
        if ((wanted >> a & 1) && strcmp(attribute_names[a], name) == 0) {
            reader->from_residue |= 1U << a;
            goto out;
        }
    DDMD_FAIL(err, DDMD_FORMAT, "%s:%d: the force has no attribute \"%.40s\"", element->source,
              element->line, name);
out:
    return status;
}

/* <UseAttributeFromResidue> may stand behind the atoms, so they are looked at when a force ends. */
static enum ddmd_status check_particles(ddmd_ff_reader *reader, ddmd_error *err)
{
    ddmd_force_field *ff = reader->force_field;
    for (size_t i = reader->first_particle; i < ff->n_particles; i++) {
        ddmd_ff_particle *p = &ff->particles[i];
        unsigned wanted = ddmd_ff_force_attributes(p->force);
        p->from_residue = reader->from_residue;
        for (int a = 0; a < DDMD_FF_N_ATTRIBUTES; a++) {
            bool given = p->values.given >> a & 1, from_residue = p->from_residue >> a & 1;
            if ((wanted >> a & 1) && given == from_residue)
                return ddmd_error_set(err, DDMD_FORMAT,
                                      given ? "%s:%d: attribute \"%s\" is given here and by "
                                              "<UseAttributeFromResidue>"
                                            : "%s:%d: <Atom> has no attribute \"%s\"",
                                      ff->sources[reader->source], p->line, attribute_names[a]);
        }
    }
    return DDMD_OK;
}

/* A number that several files may give, if they agree. */
static enum ddmd_status read_agreed(const ddmd_xml_element *element, const char *attribute,
                                    bool known, double *value, ddmd_error *err)
{
    enum ddmd_status status = DDMD_OK;
    double number;
    DDMD_TRY(ddmd_xml_number(element, attribute, &number, err));
    if (!known)
        *value = number;
    else if (fabs(*value - number) > 1e-5) /* as OpenMM compares them: 0.833333 is 5/6 */
        DDMD_FAIL(err, DDMD_FORMAT, "%s:%d: %s is %g, but %g in a file before", element->source,
                  element->line, attribute, number, *value);
out:
    return status;
}

static enum ddmd_status begin_particles(ddmd_ff_reader *reader, const ddmd_xml_element *element,
                                        ddmd_error *err)
{
    enum ddmd_status status = DDMD_OK;
    ddmd_force_field *ff = reader->force_field;
    reader->first_particle = ff->n_particles;
    reader->from_residue = 0;
    if (reader->section == DDMD_FF_IN_NONBONDED) {
        bool known = ff->has_force[DDMD_FF_NONBONDED];
        DDMD_TRY(read_agreed(element, "coulomb14scale", known, &ff->coulomb14_scale, err));
        DDMD_TRY(read_agreed(element, "lj14scale", known, &ff->lj14_scale, err));
        ff->has_force[DDMD_FF_NONBONDED] = true;
        goto out;
    }
    if (ddmd_xml_has(element, "soluteDielectric")) {
        DDMD_TRY(read_agreed(element, "soluteDielectric", ff->has_solute_dielectric,
                             &ff->solute_dielectric, err));
        ff->has_solute_dielectric = true;
    }
    if (ddmd_xml_has(element, "solventDielectric")) {
        DDMD_TRY(read_agreed(element, "solventDielectric", ff->has_solvent_dielectric,
                             &ff->solvent_dielectric, err));
        ff->has_solvent_dielectric = true;
    }
    if ((ff->has_solute_dielectric && ff->solute_dielectric <= 0) ||
        (ff->has_solvent_dielectric && ff->solvent_dielectric <= 0))
        DDMD_FAIL(err, DDMD_FORMAT, "%s:%d: a dielectric constant must be positive",
                  element->source, element->line);
    ff->has_force[DDMD_FF_GBSA] = true;
out:
    return status;
}

static enum ddmd_status begin_torsions(ddmd_ff_reader *reader, const ddmd_xml_element *element,
                                       ddmd_error *err)
{
    enum ddmd_status status = DDMD_OK;
    reader->amber_ordering = false;
    if (!ddmd_xml_has(element, "ordering"))
        goto out;
    char ordering[DDMD_XML_TEXT_SIZE];
    DDMD_TRY(ddmd_xml_text(element, "ordering", ordering, err));
    reader->amber_ordering = strcmp(ordering, "amber") == 0;
    if (!reader->amber_ordering && strcmp(ordering, "default") != 0)
        DDMD_FAIL(err, DDMD_UNSUPPORTED,
                  "%s:%d: impropers of ordering \"%.40s\" are not supported (\"default\" and "
                  "\"amber\" are)",
                  element->source, element->line, ordering);
out:
    return status;
}

static enum ddmd_status read_include(ddmd_ff_reader *reader, const ddmd_xml_element *element,
                                     ddmd_error *err)
{
    enum ddmd_status status = DDMD_OK;
    ddmd_ff_includes *list = reader->includes;
    char name[DDMD_XML_TEXT_SIZE];
    DDMD_TRY(ddmd_xml_text(element, "file", name, err));
    if (!list)
        DDMD_FAIL(err, DDMD_UNSUPPORTED, "%s:%d: <Include> works in files only", element->source,
                  element->line);
    DDMD_TRY(
        ddmd_array_reserve(&list->names, &list->capacity, list->n + 1, sizeof *list->names, err));
    DDMD_TRY(ddmd_array_copy(&list->names[list->n], name, strlen(name) + 1, 1, err));
    list->n++;
out:
    return status;
}

void ddmd_ff_includes_clear(ddmd_ff_includes *includes)
{
    for (size_t i = 0; i < includes->n; i++)
        free(includes->names[i]);
    free(includes->names);
    *includes = (ddmd_ff_includes){0};
}

static enum ddmd_status begin_section(ddmd_ff_reader *reader, const ddmd_xml_element *element,
                                      ddmd_error *err)
{
    static const struct {
        const char *name;
        enum ddmd_ff_section section;
        enum ddmd_status (*begin)(ddmd_ff_reader *, const ddmd_xml_element *, ddmd_error *);
    } sections[] = {
        {"AtomTypes", DDMD_FF_IN_TYPES, NULL},
        {"Residues", DDMD_FF_IN_RESIDUES, NULL},
        {"HarmonicBondForce", DDMD_FF_IN_BONDS, NULL},
        {"HarmonicAngleForce", DDMD_FF_IN_ANGLES, NULL},
        {"PeriodicTorsionForce", DDMD_FF_IN_TORSIONS, begin_torsions},
        {"NonbondedForce", DDMD_FF_IN_NONBONDED, begin_particles},
        {"GBSAOBCForce", DDMD_FF_IN_GBSA, begin_particles},
        {"Include", DDMD_FF_IN_NOTHING, read_include},
        {"Info", DDMD_FF_IN_NOTHING, NULL},
    };
    for (size_t i = 0; i < sizeof sections / sizeof sections[0]; i++)
        if (strcmp(element->name, sections[i].name) == 0) {
            reader->section = sections[i].section;
            reader->has_sections |= reader->section != DDMD_FF_IN_NOTHING;
            return sections[i].begin ? sections[i].begin(reader, element, err) : DDMD_OK;
        }
    reader->section = DDMD_FF_IN_NOTHING;
    ddmd_ff_refuse(reader, element->name, element->line);
    return DDMD_OK;
}

/* Refusals are gathered, so that one message names all that a file has too much. */
void ddmd_ff_refuse(ddmd_ff_reader *reader, const char *what, int32_t line)
{
    for (int i = 0; i < reader->n_refused; i++)
        if (strncmp(reader->refused[i].what, what, sizeof reader->refused[i].what - 1) == 0)
            return;
    if (reader->n_refused == DDMD_FF_MAX_REFUSED)
        return;
    struct ddmd_ff_refused *refused = &reader->refused[reader->n_refused++];
    snprintf(refused->what, sizeof refused->what, "%s", what);
    refused->line = line;
}

static enum ddmd_status refusal(ddmd_ff_reader *reader, const char *source, ddmd_error *err)
{
    enum ddmd_status status = DDMD_OK;
    ddmd_text text = {0};
    char *what = NULL;
    if (reader->n_refused == 0)
        goto out;
    for (int i = 0; i < reader->n_refused; i++)
        ddmd_text_add(&text, "%s%s (line %d)", i ? ", " : "", reader->refused[i].what,
                      reader->refused[i].line);
    DDMD_TRY(ddmd_text_take(&text, &what, err));
    bool only_script = !reader->has_sections && reader->n_refused == 1 &&
                       strcmp(reader->refused[0].what, "Script") == 0;
    DDMD_FAIL(err, DDMD_UNSUPPORTED, "%s: not supported: %s; %s", source, what,
              only_script
                  ? "for implicit solvent use a file with GBSAOBCForce, such as amber99_obc.xml "
                    "with amber99sb.xml or amber99sbildn.xml"
                  : "choose another force field, or make the System with OpenMM in Python and "
                    "give its XML as openmm_system");
out:
    free(what);
    return status;
}

static enum ddmd_status read_item(ddmd_ff_reader *reader, const ddmd_xml_element *element,
                                  ddmd_error *err)
{
    static const struct {
        enum ddmd_ff_section section;
        const char *name;
        enum ddmd_status (*read)(ddmd_ff_reader *, const ddmd_xml_element *, ddmd_error *);
    } items[] = {
        {DDMD_FF_IN_TYPES, "Type", read_type},
        {DDMD_FF_IN_RESIDUES, "Residue", ddmd_ff_begin_residue},
        {DDMD_FF_IN_BONDS, "Bond", read_bond},
        {DDMD_FF_IN_ANGLES, "Angle", read_angle},
        {DDMD_FF_IN_TORSIONS, "Proper", read_torsion},
        {DDMD_FF_IN_TORSIONS, "Improper", read_torsion},
        {DDMD_FF_IN_NONBONDED, "Atom", read_particle},
        {DDMD_FF_IN_NONBONDED, "UseAttributeFromResidue", read_use_attribute},
        {DDMD_FF_IN_GBSA, "Atom", read_particle},
        {DDMD_FF_IN_GBSA, "UseAttributeFromResidue", read_use_attribute},
    };
    for (size_t i = 0; i < sizeof items / sizeof items[0]; i++)
        if (reader->section == items[i].section && strcmp(element->name, items[i].name) == 0)
            return items[i].read(reader, element, err);
    ddmd_ff_refuse(reader, element->name, element->line);
    return DDMD_OK;
}

static enum ddmd_status on_start(void *user, const ddmd_xml_element *element, ddmd_error *err)
{
    ddmd_ff_reader *reader = user;
    switch (element->depth) {
    case 0:
        if (strcmp(element->name, "ForceField") != 0)
            return ddmd_error_set(err, DDMD_FORMAT, "%s:%d: expected <ForceField>, found <%.40s>",
                                  element->source, element->line, element->name);
        return DDMD_OK;
    case 1:
        return begin_section(reader, element, err);
    case 2:
        return reader->section == DDMD_FF_IN_NOTHING ? DDMD_OK : read_item(reader, element, err);
    case 3:
        return reader->section == DDMD_FF_IN_RESIDUES
                   ? ddmd_ff_read_residue_part(reader, element, err)
                   : DDMD_OK;
    default:
        return DDMD_OK;
    }
}

static enum ddmd_status on_end(void *user, int32_t depth, ddmd_error *err)
{
    ddmd_ff_reader *reader = user;
    if (depth == 2 && reader->section == DDMD_FF_IN_RESIDUES)
        return ddmd_ff_end_residue(reader, err);
    if (depth == 1 &&
        (reader->section == DDMD_FF_IN_NONBONDED || reader->section == DDMD_FF_IN_GBSA))
        return check_particles(reader, err);
    return DDMD_OK;
}

enum ddmd_status ddmd_ff_read_xml(ddmd_force_field *force_field, const char *bytes, size_t length,
                                  const char *source, ddmd_ff_includes *includes, ddmd_error *err)
{
    enum ddmd_status status = DDMD_OK;
    ddmd_force_field *ff = force_field;
    ddmd_ff_reader reader = {.force_field = ff, .includes = includes};
    DDMD_TRY(ddmd_array_reserve(&ff->sources, &ff->sources_capacity, ff->n_sources + 1,
                                sizeof *ff->sources, err));
    DDMD_TRY(ddmd_array_copy(&ff->sources[ff->n_sources], source, strlen(source) + 1, 1, err));
    reader.source = (int32_t)ff->n_sources++;

    ddmd_xml_handler handler = {.user = &reader, .start = on_start, .end = on_end};
    DDMD_TRY(ddmd_xml_parse(bytes, length, source, &handler, err));
    DDMD_TRY(refusal(&reader, source, err));
out:
    ddmd_ff_reader_clear(&reader);
    return status;
}
