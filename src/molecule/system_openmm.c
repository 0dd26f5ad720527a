/*
 * Systems that OpenMM's XmlSerializer wrote. Only what other parts of ddmd must know is read of
 * them (masses and constraints); the rest is OpenMM's.
 */
#include "ddmd/system.h"

#include "core/array.h"
#include "core/file.h"
#include "core/try.h"
#include "system_terms.h"
#include "xml_elements.h"

#include <stdlib.h>
#include <string.h>

enum { MAX_BYTES = 1 << 30 };

typedef struct reader {
    enum { IN_OTHER, IN_PARTICLES, IN_CONSTRAINTS } section;
    double *masses;
    size_t n_masses, masses_capacity;
    ddmd_constraint *constraints;
    size_t n_constraints, constraints_capacity;
    bool has_forces;
} reader;

static enum ddmd_status read_particle(reader *r, const ddmd_xml_element *element, ddmd_error *err)
{
    enum ddmd_status status = DDMD_OK;
    double mass;
    DDMD_TRY(ddmd_xml_number(element, "mass", &mass, err));
    if (mass < 0)
        DDMD_FAIL(err, DDMD_FORMAT, "%s:%d: a negative mass", element->source, element->line);
    if (r->n_masses == INT32_MAX / 3)
        DDMD_FAIL(err, DDMD_FORMAT, "%s:%d: too many particles", element->source, element->line);
    DDMD_TRY(ddmd_array_reserve(&r->masses, &r->masses_capacity, r->n_masses + 1, sizeof *r->masses,
                                err));
    r->masses[r->n_masses++] = mass;
out:
    return status;
}

static enum ddmd_status read_constraint(reader *r, const ddmd_xml_element *element, ddmd_error *err)
{
    enum ddmd_status status = DDMD_OK;
    ddmd_constraint constraint = {0};
    DDMD_TRY(ddmd_xml_integer(element, "p1", &constraint.i, err));
    DDMD_TRY(ddmd_xml_integer(element, "p2", &constraint.j, err));
    DDMD_TRY(ddmd_xml_number(element, "d", &constraint.length_nm, err));
    if (constraint.i < 0 || constraint.j < 0 || constraint.i == constraint.j ||
        !(constraint.length_nm > 0))
        DDMD_FAIL(err, DDMD_FORMAT, "%s:%d: a constraint of %g nm between particles %d and %d",
                  element->source, element->line, constraint.length_nm, constraint.i, constraint.j);
    if (r->n_constraints == INT32_MAX)
        DDMD_FAIL(err, DDMD_FORMAT, "%s:%d: too many constraints", element->source, element->line);
    DDMD_TRY(ddmd_array_reserve(&r->constraints, &r->constraints_capacity, r->n_constraints + 1,
                                sizeof *r->constraints, err));
    r->constraints[r->n_constraints++] = constraint;
out:
    return status;
}

static enum ddmd_status on_start(void *user, const ddmd_xml_element *element, ddmd_error *err)
{
    reader *r = user;
    if (element->depth == 0 && strcmp(element->name, "System") != 0)
        return ddmd_error_set(
            err, DDMD_FORMAT, "%s:%d: expected <System> of OpenMM's XmlSerializer, found <%.40s>%s",
            element->source, element->line, element->name,
            strcmp(element->name, "ForceField") == 0 ? "; a force field goes into force_field"
                                                     : "");
    if (element->depth == 1) {
        r->section = strcmp(element->name, "Particles") == 0     ? IN_PARTICLES
                     : strcmp(element->name, "Constraints") == 0 ? IN_CONSTRAINTS
                                                                 : IN_OTHER;
        r->has_forces |= strcmp(element->name, "Forces") == 0;
    }
    if (element->depth == 2 && r->section == IN_PARTICLES)
        return read_particle(r, element, err);
    if (element->depth == 2 && r->section == IN_CONSTRAINTS)
        return read_constraint(r, element, err);
    return DDMD_OK;
}

static enum ddmd_status check(const reader *r, const char *path, const ddmd_structure *structure,
                              ddmd_error *err)
{
    if (!r->has_forces)
        return ddmd_error_set(err, DDMD_FORMAT, "%s: a System without <Forces>", path);
    if (r->n_masses != (size_t)structure->n_atoms)
        return ddmd_error_set(err, DDMD_CONFIG,
                              "%s: the System has %zu particles, but %s has %d atoms; they must be "
                              "the same atoms in the same order",
                              path, r->n_masses,
                              structure->source ? structure->source : "the structure",
                              structure->n_atoms);
    for (size_t c = 0; c < r->n_constraints; c++)
        if ((size_t)r->constraints[c].i >= r->n_masses ||
            (size_t)r->constraints[c].j >= r->n_masses)
            return ddmd_error_set(err, DDMD_FORMAT,
                                  "%s: a constraint between particles %d and %d of %zu", path,
                                  r->constraints[c].i, r->constraints[c].j, r->n_masses);
    return DDMD_OK;
}

enum ddmd_status ddmd_system_read_openmm(const char *path, const ddmd_structure *structure,
                                         ddmd_system **system, ddmd_error *err)
{
    enum ddmd_status status = DDMD_OK;
    reader r = {0};
    char *bytes = NULL;
    size_t length = 0;
    ddmd_system *s = NULL;
    DDMD_TRY(ddmd_file_read(path, MAX_BYTES, &bytes, &length, err));
    ddmd_xml_handler handler = {.user = &r, .start = on_start};
    DDMD_TRY(ddmd_xml_parse(bytes, length, path, &handler, err));
    DDMD_TRY(check(&r, path, structure, err));

    DDMD_TRY(ddmd_system_alloc(path, structure->n_atoms, &s, err));
    memcpy(s->masses, r.masses, r.n_masses * sizeof *s->masses);
    s->constraints = r.constraints;
    s->n_constraints = (int32_t)r.n_constraints;
    s->openmm_xml = bytes;
    r.constraints = NULL;
    bytes = NULL;
    *system = s;
    s = NULL;
out:
    ddmd_system_destroy(&s);
    free(r.masses);
    free(r.constraints);
    free(bytes);
    return status;
}
