#include "ddmd/system.h"

#include "core/array.h"
#include "core/try.h"
#include "elements.h"
#include "system_terms.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

void ddmd_system_destroy(ddmd_system **system)
{
    ddmd_system *s = *system;
    if (!s)
        return;
    free(s->name);
    free(s->masses);
    free(s->bonds);
    free(s->angles);
    free(s->torsions);
    free(s->exceptions);
    free(s->constraints);
    free(s->charges);
    free(s->sigma_nm);
    free(s->epsilon);
    free(s->gb_charges);
    free(s->gb_radius_nm);
    free(s->gb_scale);
    free(s->openmm_xml);
    free(s);
    *system = NULL;
}

int32_t ddmd_system_degrees_of_freedom(const ddmd_system *system)
{
    int32_t n = -system->n_constraints;
    for (int32_t i = 0; i < system->n_atoms; i++)
        if (system->masses[i] > 0)
            n += 3;
    return n;
}

enum ddmd_status ddmd_system_alloc(const char *name, int32_t n_atoms, ddmd_system **system,
                                   ddmd_error *err)
{
    enum ddmd_status status = DDMD_OK;
    size_t n = (size_t)n_atoms;
    ddmd_system *s = NULL;
    DDMD_TRY(ddmd_array_alloc(&s, 1, sizeof *s, err));
    s->n_atoms = n_atoms;
    DDMD_TRY(ddmd_array_copy(&s->name, name, strlen(name) + 1, 1, err));
    DDMD_TRY(ddmd_array_alloc(&s->masses, n, sizeof(double), err));
    DDMD_TRY(ddmd_array_alloc(&s->charges, n, sizeof(double), err));
    DDMD_TRY(ddmd_array_alloc(&s->sigma_nm, n, sizeof(double), err));
    DDMD_TRY(ddmd_array_alloc(&s->epsilon, n, sizeof(double), err));
    DDMD_TRY(ddmd_array_alloc(&s->gb_charges, n, sizeof(double), err));
    DDMD_TRY(ddmd_array_alloc(&s->gb_radius_nm, n, sizeof(double), err));
    DDMD_TRY(ddmd_array_alloc(&s->gb_scale, n, sizeof(double), err));
    s->gb_alpha = 1.0;
    s->gb_beta = 0.8;
    s->gb_gamma = 4.85;
    s->solute_dielectric = 1.0;
    s->solvent_dielectric = DDMD_SOLVENT_DIELECTRIC;
    s->surface_area_energy = 2.25936;
    *system = s;
    s = NULL;
out:
    ddmd_system_destroy(&s);
    return status;
}

static enum ddmd_status check_options(const ddmd_system_options *options, ddmd_error *err)
{
    double mass = options->hydrogen_mass_amu, cutoff = options->cutoff_nm;
    if (mass != 0 && !(mass >= 1 && mass <= 4))
        return ddmd_error_set(err, DDMD_CONFIG,
                              "hydrogen mass of %g amu: expected 0 (as in the force field) or 1 "
                              "to 4",
                              mass);
    if (!(cutoff >= 0 && isfinite(cutoff)))
        return ddmd_error_set(err, DDMD_CONFIG, "cutoff of %g nm: expected 0 (none) or more",
                              cutoff);
    return DDMD_OK;
}

/* Give every hydrogen outside water the wanted mass, at the cost of the atom that it is bound to.
 */
static void repartition(const ddmd_typing *typing, double hydrogen_mass, double *masses)
{
    const ddmd_structure *s = typing->structure;
    for (int32_t b = 0; b < s->n_bonds; b++) {
        int32_t heavy = s->bonds[b][0], hydrogen = s->bonds[b][1];
        if (typing->elements[heavy] == DDMD_ELEMENT_HYDROGEN) {
            heavy = s->bonds[b][1];
            hydrogen = s->bonds[b][0];
        }
        if (typing->elements[hydrogen] != DDMD_ELEMENT_HYDROGEN ||
            typing->elements[heavy] == DDMD_ELEMENT_HYDROGEN ||
            typing->elements[heavy] == DDMD_ELEMENT_NONE ||
            strcmp(s->residues[s->atoms[hydrogen].residue].name, "HOH") == 0)
            continue;
        masses[heavy] -= hydrogen_mass - masses[hydrogen];
        masses[hydrogen] = hydrogen_mass;
    }
}

static enum ddmd_status add_masses(ddmd_system_builder *builder, ddmd_error *err)
{
    const ddmd_typing *typing = builder->typing;
    const ddmd_structure *s = typing->structure;
    double *masses = builder->system->masses;
    for (int32_t i = 0; i < s->n_atoms; i++)
        masses[i] = typing->force_field->types[typing->types[i]].mass;
    if (builder->options->hydrogen_mass_amu > 0)
        repartition(typing, builder->options->hydrogen_mass_amu, masses);
    for (int32_t i = 0; i < s->n_atoms; i++)
        if (!(masses[i] > 0)) {
            char label[DDMD_RESIDUE_LABEL_SIZE];
            return ddmd_error_set(err, DDMD_CONFIG, "%s: atom %s has a mass of %g amu%s",
                                  ddmd_residue_label(s, s->atoms[i].residue, label),
                                  s->atoms[i].name, masses[i],
                                  builder->options->hydrogen_mass_amu > 0
                                      ? "; the hydrogen mass asked for leaves nothing of it"
                                      : "");
        }
    return DDMD_OK;
}

enum ddmd_status ddmd_system_create(const ddmd_structure *structure,
                                    const ddmd_force_field *force_field,
                                    const ddmd_system_options *options, ddmd_system **system,
                                    ddmd_error *err)
{
    enum ddmd_status status = DDMD_OK;
    ddmd_typing typing = {0};
    ddmd_system *s = NULL;
    DDMD_TRY(check_options(options, err));
    DDMD_TRY(ddmd_typing_build(structure, force_field, &typing, err));
    DDMD_TRY(ddmd_system_alloc(structure->source ? structure->source : "structure",
                               structure->n_atoms, &s, err));
    s->cutoff_nm = options->cutoff_nm;
    ddmd_system_builder builder = {.typing = &typing, .options = options, .system = s};
    DDMD_TRY(add_masses(&builder, err));
    DDMD_TRY(ddmd_system_add_bonds(&builder, err));
    DDMD_TRY(ddmd_system_add_angles(&builder, err));
    DDMD_TRY(ddmd_system_add_propers(&builder, err));
    DDMD_TRY(ddmd_system_add_impropers(&builder, err));
    DDMD_TRY(ddmd_system_add_nonbonded(&builder, err));
    DDMD_TRY(ddmd_system_add_gbsa(&builder, err));
    *system = s;
    s = NULL;
out:
    ddmd_system_destroy(&s);
    ddmd_typing_clear(&typing);
    return status;
}
