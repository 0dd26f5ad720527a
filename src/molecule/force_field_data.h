/* What a force field holds once its files were merged; see ddmd/force_field.h. */
#ifndef DDMD_MOLECULE_FORCE_FIELD_DATA_H
#define DDMD_MOLECULE_FORCE_FIELD_DATA_H

#include "ddmd/force_field.h"
#include "name_table.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    DDMD_FF_MAX_TEMPLATE_ATOMS = 4096,
    DDMD_FF_MAX_VALENCE = 16, /* bonds of one atom, those to other residues included */
    DDMD_FF_MAX_TORSION_TERMS = 64
};

/* Where something was said, for messages. */
typedef struct ddmd_ff_place {
    int32_t source; /* index into sources */
    int32_t line;
} ddmd_ff_place;

typedef struct ddmd_ff_type {
    int32_t name, class_name; /* numbers in names */
    int32_t element;          /* of elements.h */
    double mass;
    ddmd_ff_place place;
} ddmd_ff_type;

/* Parameters of single atoms, given by type or by the residue's atom. */
enum ddmd_ff_attribute {
    DDMD_FF_CHARGE,
    DDMD_FF_SIGMA,
    DDMD_FF_EPSILON,
    DDMD_FF_RADIUS,
    DDMD_FF_SCALE,
    DDMD_FF_N_ATTRIBUTES
};

typedef struct ddmd_ff_values {
    unsigned given; /* bit 1 << attribute */
    double value[DDMD_FF_N_ATTRIBUTES];
} ddmd_ff_values;

typedef struct ddmd_ff_template_atom {
    int32_t name;
    int32_t type_name;
    int32_t type; /* index into types, once all files are merged */
    int32_t n_external;
    int32_t first_bonded, n_bonded; /* in bonded */
    ddmd_ff_values values;
    int32_t line;
} ddmd_ff_template_atom;

typedef struct ddmd_ff_template {
    int32_t name;
    int32_t override_level;
    bool rigid_water;
    int32_t n_atoms;
    ddmd_ff_template_atom *atoms;
    int32_t *bonded; /* for each atom those bonded to it, in the order of the file */
    ddmd_ff_place place;
} ddmd_ff_template;

/* Which atoms a parameter is for. */
typedef struct ddmd_ff_slot {
    enum { DDMD_FF_ANY, DDMD_FF_TYPE, DDMD_FF_CLASS } kind;
    int32_t name; /* of the type or class */
} ddmd_ff_slot;

typedef struct ddmd_ff_bond {
    ddmd_ff_slot slot[2];
    double length, k;
} ddmd_ff_bond;

typedef struct ddmd_ff_angle {
    ddmd_ff_slot slot[3];
    double theta, k;
} ddmd_ff_angle;

typedef struct ddmd_ff_term {
    int32_t periodicity;
    double phase, k;
} ddmd_ff_term;

typedef struct ddmd_ff_torsion {
    ddmd_ff_slot slot[4]; /* impropers: the central atom first */
    bool has_wildcard;
    bool amber_ordering; /* of impropers */
    int32_t n_terms;
    size_t first_term; /* in terms */
} ddmd_ff_torsion;

enum ddmd_ff_force { DDMD_FF_NONBONDED, DDMD_FF_GBSA, DDMD_FF_N_FORCES };

/* One <Atom> of a <NonbondedForce> or <GBSAOBCForce>. */
typedef struct ddmd_ff_particle {
    enum ddmd_ff_force force;
    ddmd_ff_slot slot;
    ddmd_ff_values values;
    unsigned from_residue; /* attributes that the residue's atom gives */
    int32_t line;
} ddmd_ff_particle;

struct ddmd_force_field {
    ddmd_names names;
    char **sources; /* file names */
    size_t n_sources, sources_capacity;

    ddmd_ff_type *types;
    size_t n_types, types_capacity;
    ddmd_ff_template *templates;
    size_t n_templates, templates_capacity;

    ddmd_ff_bond *bonds;
    size_t n_bonds, bonds_capacity;
    ddmd_ff_angle *angles;
    size_t n_angles, angles_capacity;
    ddmd_ff_torsion *propers;
    size_t n_propers, propers_capacity;
    ddmd_ff_torsion *impropers;
    size_t n_impropers, impropers_capacity;
    ddmd_ff_term *terms;
    size_t n_terms, terms_capacity;

    ddmd_ff_particle *particles;
    size_t n_particles, particles_capacity;
    bool has_force[DDMD_FF_N_FORCES];
    const ddmd_ff_particle **particle_of_type[DDMD_FF_N_FORCES]; /* [n_types], NULL: none */
    double coulomb14_scale, lj14_scale;
    bool has_solute_dielectric, has_solvent_dielectric;
    double solute_dielectric, solvent_dielectric;
};

/* Whether a parameter's slot takes atoms of a type. */
static inline bool ddmd_ff_slot_takes(const ddmd_ff_slot *slot, const ddmd_ff_type *type)
{
    switch (slot->kind) {
    case DDMD_FF_ANY:
        return true;
    case DDMD_FF_TYPE:
        return slot->name == type->name;
    case DDMD_FF_CLASS:
        return slot->name == type->class_name;
    }
    return false;
}

static inline const char *ddmd_ff_name(const ddmd_force_field *force_field, int32_t name)
{
    return force_field->names.strings[name];
}

/* The attributes that a force wants of every atom, as bits. */
unsigned ddmd_ff_force_attributes(enum ddmd_ff_force force);

/* "charge" */
const char *ddmd_ff_attribute_name(enum ddmd_ff_attribute attribute);

/* Names of <Include>d files, in order. Released with ddmd_ff_includes_clear(). */
typedef struct ddmd_ff_includes {
    char **names;
    size_t n, capacity;
} ddmd_ff_includes;

void ddmd_ff_includes_clear(ddmd_ff_includes *includes);

/*
 * Read one file's XML into a force field that is not merged yet. Where includes is NULL, <Include>
 * is refused. What was added stays after a failure.
 */
enum ddmd_status ddmd_ff_read_xml(ddmd_force_field *force_field, const char *bytes, size_t length,
                                  const char *source, ddmd_ff_includes *includes, ddmd_error *err);

/* Resolve what the files say of each other: types of atoms, templates that override others. */
enum ddmd_status ddmd_ff_merge(ddmd_force_field *force_field, ddmd_error *err);

#endif
