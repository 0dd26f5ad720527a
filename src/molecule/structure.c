#include "ddmd/structure.h"

#include "core/array.h"
#include "core/try.h"

#include <stdlib.h>
#include <string.h>

void ddmd_structure_destroy(ddmd_structure **structure)
{
    ddmd_structure *s = *structure;
    if (!s)
        return;
    free(s->source);
    free(s->atoms);
    free(s->residues);
    free(s->chains);
    free(s->bonds);
    free(s->positions);
    free(s);
    *structure = NULL;
}

enum ddmd_status ddmd_structure_copy(const ddmd_structure *structure, const double *positions,
                                     ddmd_structure **copy, ddmd_error *err)
{
    enum ddmd_status status = DDMD_OK;
    const ddmd_structure *from = structure;
    ddmd_structure *s = NULL;
    DDMD_TRY(ddmd_array_alloc(&s, 1, sizeof *s, err));
    s->n_atoms = from->n_atoms;
    s->n_residues = from->n_residues;
    s->n_chains = from->n_chains;
    s->n_bonds = from->n_bonds;
    s->n_models = 1;
    s->has_box = from->has_box;
    memcpy(s->box, from->box, sizeof s->box);
    if (from->source)
        DDMD_TRY(ddmd_array_copy(&s->source, from->source, strlen(from->source) + 1, 1, err));
    DDMD_TRY(ddmd_array_copy(&s->atoms, from->atoms, (size_t)from->n_atoms, sizeof *s->atoms, err));
    DDMD_TRY(ddmd_array_copy(&s->residues, from->residues, (size_t)from->n_residues,
                             sizeof *s->residues, err));
    DDMD_TRY(
        ddmd_array_copy(&s->chains, from->chains, (size_t)from->n_chains, sizeof *s->chains, err));
    DDMD_TRY(ddmd_array_copy(&s->bonds, from->bonds, (size_t)from->n_bonds, sizeof *s->bonds, err));
    DDMD_TRY(ddmd_array_copy(&s->positions, positions, (size_t)from->n_atoms * 3,
                             sizeof *s->positions, err));
    *copy = s;
    s = NULL;
out:
    ddmd_structure_destroy(&s);
    return status;
}
