/* Steps of ddmd_system_create(), each in a file of its own. */
#ifndef DDMD_MOLECULE_SYSTEM_TERMS_H
#define DDMD_MOLECULE_SYSTEM_TERMS_H

#include "ddmd/system.h"
#include "template_match.h"

/* A system of that many atoms without any terms, its constants OpenMM's (OBC2). */
enum ddmd_status ddmd_system_alloc(const char *name, int32_t n_atoms, ddmd_system **system,
                                   ddmd_error *err);

/* What ddmd_system_create() works on. */
typedef struct ddmd_system_builder {
    const ddmd_typing *typing;
    const ddmd_system_options *options;
    ddmd_system *system;
} ddmd_system_builder;

/* Whether an atom belongs to a water molecule that is kept rigid. */
bool ddmd_is_rigid_water(const ddmd_system_builder *builder, int32_t atom);

/* Bonds and angles, or constraints in their place. */
enum ddmd_status ddmd_system_add_bonds(ddmd_system_builder *builder, ddmd_error *err);
enum ddmd_status ddmd_system_add_angles(ddmd_system_builder *builder, ddmd_error *err);

/* Proper and improper torsions. */
enum ddmd_status ddmd_system_add_propers(ddmd_system_builder *builder, ddmd_error *err);
enum ddmd_status ddmd_system_add_impropers(ddmd_system_builder *builder, ddmd_error *err);

/* Charges, Lennard-Jones parameters, exceptions; GB parameters. */
enum ddmd_status ddmd_system_add_nonbonded(ddmd_system_builder *builder, ddmd_error *err);
enum ddmd_status ddmd_system_add_gbsa(ddmd_system_builder *builder, ddmd_error *err);

#endif
