/* Bonds and angles of a system, and the constraints that take their place. */
#include "system_terms.h"

#include "core/array.h"
#include "core/try.h"
#include "elements.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

bool ddmd_is_rigid_water(const ddmd_system_builder *builder, int32_t atom)
{
    const ddmd_typing *typing = builder->typing;
    int32_t residue = typing->structure->atoms[atom].residue;
    return strcmp(typing->structure->residues[residue].name, "HOH") == 0 &&
           typing->force_field->templates[typing->templates[residue]].rigid_water;
}

static const ddmd_ff_type *type_of(const ddmd_typing *typing, int32_t atom)
{
    return &typing->force_field->types[typing->types[atom]];
}

/* The first of the force field's bonds that two types match, either way round. */
static const ddmd_ff_bond *find_bond(const ddmd_typing *typing, int32_t i, int32_t j)
{
    const ddmd_force_field *ff = typing->force_field;
    const ddmd_ff_type *a = type_of(typing, i), *b = type_of(typing, j);
    for (size_t k = 0; k < ff->n_bonds; k++) {
        const ddmd_ff_slot *slot = ff->bonds[k].slot;
        if ((ddmd_ff_slot_takes(&slot[0], a) && ddmd_ff_slot_takes(&slot[1], b)) ||
            (ddmd_ff_slot_takes(&slot[1], a) && ddmd_ff_slot_takes(&slot[0], b)))
            return &ff->bonds[k];
    }
    return NULL;
}

static const ddmd_ff_angle *find_angle(const ddmd_typing *typing, int32_t i, int32_t j, int32_t k)
{
    const ddmd_force_field *ff = typing->force_field;
    const ddmd_ff_type *a = type_of(typing, i), *b = type_of(typing, j), *c = type_of(typing, k);
    for (size_t n = 0; n < ff->n_angles; n++) {
        const ddmd_ff_slot *slot = ff->angles[n].slot;
        if (!ddmd_ff_slot_takes(&slot[1], b))
            continue;
        if ((ddmd_ff_slot_takes(&slot[0], a) && ddmd_ff_slot_takes(&slot[2], c)) ||
            (ddmd_ff_slot_takes(&slot[2], a) && ddmd_ff_slot_takes(&slot[0], c)))
            return &ff->angles[n];
    }
    return NULL;
}

static bool is_constrained(const ddmd_system_builder *builder, int32_t i, int32_t j)
{
    const int32_t *elements = builder->typing->elements;
    return builder->options->constrain_hydrogen_bonds &&
           (elements[i] == DDMD_ELEMENT_HYDROGEN || elements[j] == DDMD_ELEMENT_HYDROGEN ||
            (ddmd_is_rigid_water(builder, i) && ddmd_is_rigid_water(builder, j)));
}

static enum ddmd_status no_bond(const ddmd_typing *typing, int32_t i, int32_t j, ddmd_error *err)
{
    const ddmd_structure *s = typing->structure;
    const ddmd_force_field *ff = typing->force_field;
    char label[DDMD_RESIDUE_LABEL_SIZE];
    return ddmd_error_set(err, DDMD_CONFIG,
                          "%s: the force field has no bond for atoms %s (type %s) and %s (type %s)",
                          ddmd_residue_label(s, s->atoms[i].residue, label), s->atoms[i].name,
                          ddmd_ff_name(ff, type_of(typing, i)->name), s->atoms[j].name,
                          ddmd_ff_name(ff, type_of(typing, j)->name));
}

enum ddmd_status ddmd_system_add_bonds(ddmd_system_builder *builder, ddmd_error *err)
{
    enum ddmd_status status = DDMD_OK;
    const ddmd_structure *s = builder->typing->structure;
    ddmd_system *system = builder->system;
    DDMD_TRY(ddmd_array_alloc(&system->bonds, (size_t)s->n_bonds, sizeof *system->bonds, err));
    DDMD_TRY(ddmd_array_alloc(&system->constraints, (size_t)s->n_bonds, sizeof *system->constraints,
                              err));
    for (int32_t b = 0; b < s->n_bonds; b++) {
        int32_t i = s->bonds[b][0], j = s->bonds[b][1];
        const ddmd_ff_bond *bond = find_bond(builder->typing, i, j);
        if (!bond)
            DDMD_TRY(no_bond(builder->typing, i, j, err));
        if (is_constrained(builder, i, j))
            system->constraints[system->n_constraints++] =
                (ddmd_constraint){.i = i, .j = j, .length_nm = bond->length};
        else if (bond->k != 0)
            system->bonds[system->n_bonds++] =
                (ddmd_bond){.i = i, .j = j, .length_nm = bond->length, .k = bond->k};
    }
out:
    return status;
}

static int compare_angles(const void *a, const void *b)
{
    const ddmd_angle *x = a, *y = b;
    if (x->i != y->i)
        return x->i < y->i ? -1 : 1;
    if (x->j != y->j)
        return x->j < y->j ? -1 : 1;
    return (x->k > y->k) - (x->k < y->k);
}

/* In place of an angle of a rigid water: the distance of its ends. */
static enum ddmd_status constrain_angle(ddmd_system_builder *builder, const ddmd_angle *angle,
                                        double theta, size_t *capacity, ddmd_error *err)
{
    enum ddmd_status status = DDMD_OK;
    ddmd_system *system = builder->system;
    const ddmd_ff_bond *a = find_bond(builder->typing, angle->i, angle->j);
    const ddmd_ff_bond *b = find_bond(builder->typing, angle->j, angle->k);
    double length = sqrt(a->length * a->length + b->length * b->length -
                         2 * a->length * b->length * cos(theta));
    DDMD_TRY(ddmd_array_reserve(&system->constraints, capacity, (size_t)system->n_constraints + 1,
                                sizeof *system->constraints, err));
    system->constraints[system->n_constraints++] =
        (ddmd_constraint){.i = angle->i, .j = angle->k, .length_nm = length};
out:
    return status;
}

/* Every pair of atoms bonded to one atom, in order of their numbers. */
static enum ddmd_status list_angles(const ddmd_typing *typing, ddmd_angle **angles, size_t *n,
                                    ddmd_error *err)
{
    enum ddmd_status status = DDMD_OK;
    const ddmd_neighbors *nb = &typing->neighbors;
    size_t count = 0;
    for (int32_t j = 0; j < typing->structure->n_atoms; j++) {
        size_t valence = (size_t)(nb->first[j + 1] - nb->first[j]);
        count += valence ? valence * (valence - 1) / 2 : 0;
    }
    if (count > INT32_MAX)
        DDMD_FAIL(err, DDMD_UNSUPPORTED, "%zu angles are more than a system can have", count);
    DDMD_TRY(ddmd_array_alloc(angles, count, sizeof **angles, err));
    *n = 0;
    for (int32_t j = 0; j < typing->structure->n_atoms; j++)
        for (int32_t a = nb->first[j]; a < nb->first[j + 1]; a++)
            for (int32_t b = a + 1; b < nb->first[j + 1]; b++)
                (*angles)[(*n)++] = (ddmd_angle){.i = nb->atoms[a], .j = j, .k = nb->atoms[b]};
    qsort(*angles, *n, sizeof **angles, compare_angles);
out:
    return status;
}

enum ddmd_status ddmd_system_add_angles(ddmd_system_builder *builder, ddmd_error *err)
{
    enum ddmd_status status = DDMD_OK;
    ddmd_system *system = builder->system;
    size_t n = 0, kept = 0, constraints_capacity = (size_t)system->n_constraints;
    DDMD_TRY(list_angles(builder->typing, &system->angles, &n, err));
    for (size_t a = 0; a < n; a++) {
        ddmd_angle angle = system->angles[a];
        const ddmd_ff_angle *definition = find_angle(builder->typing, angle.i, angle.j, angle.k);
        if (!definition)
            continue;
        if (builder->options->constrain_hydrogen_bonds && ddmd_is_rigid_water(builder, angle.i) &&
            ddmd_is_rigid_water(builder, angle.j) && ddmd_is_rigid_water(builder, angle.k)) {
            DDMD_TRY(
                constrain_angle(builder, &angle, definition->theta, &constraints_capacity, err));
            continue;
        }
        angle.theta_rad = definition->theta;
        angle.force_constant = definition->k;
        if (definition->k != 0)
            system->angles[kept++] = angle;
    }
    system->n_angles = (int32_t)kept;
out:
    return status;
}
