/* Parameters of single atoms, and the exceptions for those that are few bonds apart. */
#include "system_terms.h"

#include "core/array.h"
#include "core/try.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static const char *gbsa_hint(const ddmd_typing *typing, int32_t atom)
{
    const ddmd_structure *s = typing->structure;
    return strcmp(s->residues[s->atoms[atom].residue].name, "HOH") == 0
               ? "; an implicit solvent stands in for water: leave the water out"
               : "; do the force-field files belong together?";
}

/* The values of an atom for a force: from its type or, where that says so, from its residue. */
static enum ddmd_status find_values(const ddmd_typing *typing, enum ddmd_ff_force force,
                                    int32_t atom, double values[DDMD_FF_N_ATTRIBUTES],
                                    ddmd_error *err)
{
    static const char *const force_names[] = {"NonbondedForce", "GBSAOBCForce"};
    const ddmd_structure *s = typing->structure;
    const ddmd_force_field *ff = typing->force_field;
    const ddmd_ff_particle *particle = ff->particle_of_type[force][typing->types[atom]];
    const ddmd_ff_template_atom *template_atom = ddmd_typing_atom(typing, atom);
    char label[DDMD_RESIDUE_LABEL_SIZE];
    ddmd_residue_label(s, s->atoms[atom].residue, label);
    if (!particle)
        return ddmd_error_set(
            err, DDMD_CONFIG, "%s: atom %s has the type %s, for which %s has no parameters%s",
            label, s->atoms[atom].name, ddmd_ff_name(ff, ff->types[typing->types[atom]].name),
            force_names[force], force == DDMD_FF_NONBONDED ? "" : gbsa_hint(typing, atom));
    for (int a = 0; a < DDMD_FF_N_ATTRIBUTES; a++) {
        if (!(ddmd_ff_force_attributes(force) >> a & 1))
            continue;
        const ddmd_ff_values *from =
            particle->from_residue >> a & 1 ? &template_atom->values : &particle->values;
        if (!(from->given >> a & 1))
            return ddmd_error_set(err, DDMD_CONFIG, "%s: atom %s has no %s in the force field",
                                  label, s->atoms[atom].name,
                                  ddmd_ff_attribute_name((enum ddmd_ff_attribute)a));
        values[a] = from->value[a];
    }
    return DDMD_OK;
}

static int compare_exceptions(const void *a, const void *b)
{
    const ddmd_exception *x = a, *y = b;
    return x->j < y->j ? -1 : x->j > y->j;
}

/* Walks along bonds from one atom; reached and distance are of the last atoms found. */
typedef struct walk {
    int32_t *distance; /* [n_atoms], -1: not reached */
    int32_t *reached;  /* in order of distance */
    int32_t n;
} walk;

/* Atoms at most three bonds from start, the nearest first. */
static void walk_from(walk *w, const ddmd_neighbors *nb, int32_t start)
{
    for (int32_t k = 0; k < w->n; k++)
        w->distance[w->reached[k]] = -1;
    w->reached[0] = start;
    w->distance[start] = 0;
    w->n = 1;
    for (int32_t k = 0; k < w->n && w->distance[w->reached[k]] < 3; k++) {
        int32_t at = w->reached[k];
        for (int32_t b = nb->first[at]; b < nb->first[at + 1]; b++) {
            int32_t other = nb->atoms[b];
            if (w->distance[other] >= 0)
                continue;
            w->distance[other] = w->distance[at] + 1;
            w->reached[w->n++] = other;
        }
    }
}

static ddmd_exception make_exception(const ddmd_system *system, const ddmd_force_field *ff,
                                     int32_t i, int32_t j, int32_t distance)
{
    ddmd_exception exception = {.i = i, .j = j};
    if (distance == 3) {
        exception.charge_product = ff->coulomb14_scale * system->charges[i] * system->charges[j];
        exception.sigma_nm = 0.5 * (system->sigma_nm[i] + system->sigma_nm[j]);
        exception.epsilon = ff->lj14_scale * sqrt(system->epsilon[i] * system->epsilon[j]);
    }
    return exception;
}

/* Pairs one or two bonds apart do not interact; those three bonds apart do in part. */
static enum ddmd_status add_exceptions(ddmd_system_builder *builder, ddmd_error *err)
{
    enum ddmd_status status = DDMD_OK;
    const ddmd_typing *typing = builder->typing;
    ddmd_system *system = builder->system;
    size_t n_atoms = (size_t)system->n_atoms, n = 0, capacity = 0;
    walk w = {0};
    DDMD_TRY(ddmd_array_alloc(&w.distance, n_atoms, sizeof *w.distance, err));
    DDMD_TRY(ddmd_array_alloc(&w.reached, n_atoms, sizeof *w.reached, err));
    for (size_t i = 0; i < n_atoms; i++)
        w.distance[i] = -1;
    for (int32_t i = 0; i < system->n_atoms; i++) {
        size_t first = n;
        walk_from(&w, &typing->neighbors, i);
        for (int32_t k = 1; k < w.n; k++) {
            int32_t j = w.reached[k];
            if (j < i)
                continue;
            DDMD_TRY(ddmd_array_reserve(&system->exceptions, &capacity, n + 1,
                                        sizeof *system->exceptions, err));
            system->exceptions[n++] =
                make_exception(system, typing->force_field, i, j, w.distance[j]);
        }
        if (n > first)
            qsort(system->exceptions + first, n - first, sizeof *system->exceptions,
                  compare_exceptions);
    }
    if (n > INT32_MAX)
        DDMD_FAIL(err, DDMD_UNSUPPORTED, "%zu exceptions are more than a system can have", n);
    system->n_exceptions = (int32_t)n;
out:
    free(w.distance);
    free(w.reached);
    return status;
}

enum ddmd_status ddmd_system_add_nonbonded(ddmd_system_builder *builder, ddmd_error *err)
{
    enum ddmd_status status = DDMD_OK;
    ddmd_system *system = builder->system;
    if (!builder->typing->force_field->has_force[DDMD_FF_NONBONDED])
        goto out;
    for (int32_t i = 0; i < system->n_atoms; i++) {
        double values[DDMD_FF_N_ATTRIBUTES] = {0};
        DDMD_TRY(find_values(builder->typing, DDMD_FF_NONBONDED, i, values, err));
        system->charges[i] = values[DDMD_FF_CHARGE];
        system->sigma_nm[i] = values[DDMD_FF_SIGMA];
        system->epsilon[i] = values[DDMD_FF_EPSILON];
        if (system->epsilon[i] < 0 || system->sigma_nm[i] < 0)
            DDMD_FAIL(err, DDMD_CONFIG, "atom %s: sigma and epsilon must not be negative",
                      builder->typing->structure->atoms[i].name);
    }
    system->has_nonbonded = true;
    DDMD_TRY(add_exceptions(builder, err));
out:
    return status;
}

enum ddmd_status ddmd_system_add_gbsa(ddmd_system_builder *builder, ddmd_error *err)
{
    enum ddmd_status status = DDMD_OK;
    ddmd_system *system = builder->system;
    const ddmd_force_field *ff = builder->typing->force_field;
    if (!ff->has_force[DDMD_FF_GBSA])
        goto out;
    for (int32_t i = 0; i < system->n_atoms; i++) {
        double values[DDMD_FF_N_ATTRIBUTES] = {0};
        DDMD_TRY(find_values(builder->typing, DDMD_FF_GBSA, i, values, err));
        system->gb_charges[i] = values[DDMD_FF_CHARGE];
        system->gb_radius_nm[i] = values[DDMD_FF_RADIUS];
        system->gb_scale[i] = values[DDMD_FF_SCALE];
        if (system->gb_radius_nm[i] <= DDMD_GB_OFFSET_NM || system->gb_scale[i] < 0)
            DDMD_FAIL(err, DDMD_CONFIG,
                      "atom %s: a GB radius of %g nm and a scale of %g; radii must be above %g nm "
                      "and scales not negative",
                      builder->typing->structure->atoms[i].name, system->gb_radius_nm[i],
                      system->gb_scale[i], DDMD_GB_OFFSET_NM);
    }
    system->has_gbsa = true;
    if (ff->has_solute_dielectric)
        system->solute_dielectric = ff->solute_dielectric;
    if (ff->has_solvent_dielectric)
        system->solvent_dielectric = ff->solvent_dielectric;
out:
    return status;
}
