/*
 * Force fields in OpenMM's XML format (OpenMM user guide, "Creating force fields"), several files
 * merged: AtomTypes, Residues (with terminal variants and external bonds), HarmonicBondForce,
 * HarmonicAngleForce, PeriodicTorsionForce (default and amber ordering of impropers),
 * NonbondedForce (with 1-4 scaling), GBSAOBCForce, Include. A file with anything else that acts on
 * the physics (other forces, Patches, VirtualSite, Script) is refused by name, since leaving a term
 * out would be another physics.
 */
#ifndef DDMD_FORCE_FIELD_H
#define DDMD_FORCE_FIELD_H

#include "ddmd/error.h"

#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct ddmd_force_field ddmd_force_field;

/*
 * Where a force-field file is looked for, in order: the name as a path; each directory of
 * $DDMD_FORCE_FIELD_PATH (colon-separated); openmm/app/data (and simtk/openmm/app/data) under
 * $CONDA_PREFIX/lib/python3.*\/site-packages, $VIRTUAL_ENV/lib/python3.*\/site-packages,
 * /usr/lib/python3/dist-packages, /usr/local/lib/python3.*\/dist-packages.
 *
 * *path (the caller frees) is the file found. CONFIG: not found; the message lists where it looked
 * and which package brings the files.
 */
enum ddmd_status ddmd_force_field_find(const char *name, char **path, ddmd_error *err);

/*
 * Load and merge n files and those that they include. CONFIG: not found; FORMAT: "file:line: what
 * was expected"; UNSUPPORTED: the message names what is refused, with lines.
 */
enum ddmd_status ddmd_force_field_load(const char *const *names, size_t n,
                                       ddmd_force_field **force_field, ddmd_error *err);

/* The same from memory (one file, without Include); `source` stands in messages. */
enum ddmd_status ddmd_force_field_parse(const char *bytes, size_t length, const char *source,
                                        ddmd_force_field **force_field, ddmd_error *err);

void ddmd_force_field_destroy(ddmd_force_field **force_field);

#ifdef __cplusplus
}
#endif
#endif
