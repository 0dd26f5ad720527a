#include "ddmd/structure.h"

#include <string.h>

/* The atom of that name in a residue; -1 where there is none. Residues are small. */
static int32_t atom_of_name(const ddmd_structure *s, const ddmd_residue *residue, const char *name)
{
    for (int32_t i = residue->first_atom; i < residue->first_atom + residue->n_atoms; i++)
        if (strcmp(s->atoms[i].name, name) == 0)
            return i;
    return -1;
}

/* The usual case; names may then even occur twice. */
static bool same_order(const ddmd_structure *structure, const ddmd_residue *a,
                       const ddmd_structure *other, const ddmd_residue *b, int32_t *order)
{
    if (a->n_atoms != b->n_atoms)
        return false;
    for (int32_t k = 0; k < a->n_atoms; k++) {
        order[a->first_atom + k] = b->first_atom + k;
        if (strcmp(structure->atoms[a->first_atom + k].name,
                   other->atoms[b->first_atom + k].name) != 0)
            return false;
    }
    return true;
}

static enum ddmd_status match_residue(const ddmd_structure *structure, const ddmd_structure *other,
                                      int32_t index, int32_t *order, ddmd_error *err)
{
    const ddmd_residue *a = &structure->residues[index], *b = &other->residues[index];
    if (strcmp(a->name, b->name) != 0)
        return ddmd_error_set(err, DDMD_CONFIG, "residue %d is %s %d in %s, but %s %d in %s",
                              index + 1, b->name, b->number, other->source, a->name, a->number,
                              structure->source);
    if (same_order(structure, a, other, b, order))
        return DDMD_OK;
    for (int32_t i = a->first_atom; i < a->first_atom + a->n_atoms; i++) {
        const char *name = structure->atoms[i].name;
        order[i] = atom_of_name(other, b, name);
        if (order[i] < 0)
            return ddmd_error_set(err, DDMD_CONFIG, "%s %d of %s has no atom %s, as %s has",
                                  b->name, b->number, other->source, name, structure->source);
    }
    for (int32_t i = b->first_atom; i < b->first_atom + b->n_atoms; i++) {
        const char *name = other->atoms[i].name;
        if (atom_of_name(structure, a, name) < 0)
            return ddmd_error_set(err, DDMD_CONFIG, "%s %d of %s has an atom %s, %s does not",
                                  b->name, b->number, other->source, name, structure->source);
        if (atom_of_name(other, b, name) != i)
            return ddmd_error_set(err, DDMD_CONFIG, "%s %d of %s has two atoms %s", b->name,
                                  b->number, other->source, name);
    }
    return DDMD_OK;
}

enum ddmd_status ddmd_structure_match(const ddmd_structure *structure, const ddmd_structure *other,
                                      int32_t *order, ddmd_error *err)
{
    if (structure->n_residues != other->n_residues)
        return ddmd_error_set(err, DDMD_CONFIG, "%s has %d residues, %s has %d", other->source,
                              other->n_residues, structure->source, structure->n_residues);
    for (int32_t r = 0; r < structure->n_residues; r++) {
        enum ddmd_status status = match_residue(structure, other, r, order, err);
        if (status != DDMD_OK)
            return status;
    }
    return DDMD_OK;
}
