/* Finding, for each residue of a structure, the template of the force field that it is. */
#ifndef DDMD_MOLECULE_TEMPLATE_MATCH_H
#define DDMD_MOLECULE_TEMPLATE_MATCH_H

#include "ddmd/structure.h"
#include "force_field_data.h"

/* Atoms bonded to each atom, ascending: atoms[first[i]] .. atoms[first[i + 1] - 1]. */
typedef struct ddmd_neighbors {
    int32_t *first; /* [n_atoms + 1] */
    int32_t *atoms;
} ddmd_neighbors;

enum ddmd_status ddmd_neighbors_build(const ddmd_structure *structure, ddmd_neighbors *neighbors,
                                      ddmd_error *err);
void ddmd_neighbors_clear(ddmd_neighbors *neighbors);

/* A structure whose atoms have types. */
typedef struct ddmd_typing {
    const ddmd_structure *structure;
    const ddmd_force_field *force_field;
    ddmd_neighbors neighbors;
    int32_t *elements;      /* [n_atoms], of elements.h */
    int32_t *templates;     /* [n_residues], index into the force field's templates */
    int32_t *template_atom; /* [n_atoms], index into the template's atoms */
    int32_t *types;         /* [n_atoms], index into the force field's types */
} ddmd_typing;

/*
 * Residues are matched as graphs: atoms by element, bonds, and number of bonds to other residues.
 * CONFIG: no template fits, or several that differ in types or parameters.
 */
enum ddmd_status ddmd_typing_build(const ddmd_structure *structure,
                                   const ddmd_force_field *force_field, ddmd_typing *typing,
                                   ddmd_error *err);
void ddmd_typing_clear(ddmd_typing *typing);

/* The template and the parameters of an atom. */
const ddmd_ff_template_atom *ddmd_typing_atom(const ddmd_typing *typing, int32_t atom);

/* "residue 5 ALA of chain A (x.pdb:33)", for messages. */
enum { DDMD_RESIDUE_LABEL_SIZE = 192 };
const char *ddmd_residue_label(const ddmd_structure *structure, int32_t residue,
                               char label[DDMD_RESIDUE_LABEL_SIZE]);

/*
 * Set a CONFIG error that says why no template fits a residue; `more` residues that do not fit
 * either are only counted. Always fails.
 */
enum ddmd_status ddmd_template_explain(const ddmd_typing *typing, int32_t residue, int32_t more,
                                       ddmd_error *err);

#endif
