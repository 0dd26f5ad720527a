#include "bonds.h"

#include "core/array.h"
#include "core/try.h"
#include "residue_bonds.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static const double disulfide_limit_nm = 0.3;

enum ddmd_status ddmd_bonds_add(ddmd_bond_list *bonds, int32_t i, int32_t j, ddmd_error *err)
{
    enum ddmd_status status = ddmd_array_reserve(&bonds->items, &bonds->capacity, bonds->n + 1,
                                                 sizeof *bonds->items, err);
    if (status != DDMD_OK)
        return status;
    int32_t *bond = bonds->items[bonds->n++];
    bond[0] = i < j ? i : j;
    bond[1] = i < j ? j : i;
    return DDMD_OK;
}

static int32_t find_atom(const ddmd_structure *s, const ddmd_residue *residue, const char *name)
{
    for (int32_t i = 0; i < residue->n_atoms; i++)
        if (strcmp(s->atoms[residue->first_atom + i].name, name) == 0)
            return residue->first_atom + i;
    return -1;
}

enum ddmd_status ddmd_bonds_add_standard(const ddmd_structure *structure, ddmd_bond_list *bonds,
                                         ddmd_error *err)
{
    const ddmd_structure *s = structure;
    enum ddmd_status status = DDMD_OK;
    for (int32_t r = 0; r < s->n_residues; r++) {
        const ddmd_residue *residue = &s->residues[r];
        const ddmd_residue_kind *kind = ddmd_residue_kind_find(residue->name);
        if (!kind)
            continue;
        char first[8], second[8];
        for (const char *at = kind->bonds; ddmd_residue_bond_next(&at, first, second);) {
            int32_t i = find_atom(s, residue, first), j = find_atom(s, residue, second);
            if (i >= 0 && j >= 0)
                DDMD_TRY(ddmd_bonds_add(bonds, i, j, err));
        }
        if (kind->linked && r > s->chains[residue->chain].first_residue) {
            int32_t i = find_atom(s, &s->residues[r - 1], "C"), j = find_atom(s, residue, "N");
            if (i >= 0 && j >= 0)
                DDMD_TRY(ddmd_bonds_add(bonds, i, j, err));
        }
    }
out:
    return status;
}

typedef struct sulfur {
    int32_t atom;
    bool bonded;
} sulfur;

enum ddmd_status ddmd_bonds_add_disulfides(const ddmd_structure *structure, ddmd_bond_list *bonds,
                                           ddmd_error *err)
{
    const ddmd_structure *s = structure;
    enum ddmd_status status = DDMD_OK;
    sulfur *sulfurs = NULL;
    size_t n = 0, capacity = 0;
    for (int32_t r = 0; r < s->n_residues; r++) {
        const ddmd_residue *residue = &s->residues[r];
        if (strcmp(residue->name, "CYS") != 0 || find_atom(s, residue, "HG") >= 0)
            continue;
        int32_t atom = find_atom(s, residue, "SG");
        if (atom < 0)
            continue;
        DDMD_TRY(ddmd_array_reserve(&sulfurs, &capacity, n + 1, sizeof *sulfurs, err));
        sulfurs[n++].atom = atom;
    }
    /* Each takes the nearest of those before it that has none yet. */
    for (size_t i = 0; i < n; i++) {
        const double *a = s->positions + 3 * (size_t)sulfurs[i].atom;
        double nearest = disulfide_limit_nm * disulfide_limit_nm;
        sulfur *partner = NULL;
        for (size_t j = 0; j < i; j++) {
            const double *b = s->positions + 3 * (size_t)sulfurs[j].atom;
            double x = a[0] - b[0], y = a[1] - b[1], z = a[2] - b[2];
            double d2 = x * x + y * y + z * z;
            if (d2 < nearest && !sulfurs[j].bonded) {
                nearest = d2;
                partner = &sulfurs[j];
            }
        }
        if (partner) {
            partner->bonded = sulfurs[i].bonded = true;
            DDMD_TRY(ddmd_bonds_add(bonds, partner->atom, sulfurs[i].atom, err));
        }
    }
out:
    free(sulfurs);
    return status;
}

static int compare_bonds(const void *a, const void *b)
{
    const int32_t *x = a, *y = b;
    if (x[0] != y[0])
        return x[0] < y[0] ? -1 : 1;
    return (x[1] > y[1]) - (x[1] < y[1]);
}

void ddmd_bonds_sort(ddmd_bond_list *bonds)
{
    if (!bonds->n)
        return;
    qsort(bonds->items, bonds->n, sizeof *bonds->items, compare_bonds);
    size_t kept = 1;
    for (size_t i = 1; i < bonds->n; i++)
        if (compare_bonds(bonds->items[i], bonds->items[kept - 1]) != 0) {
            memcpy(bonds->items[kept], bonds->items[i], sizeof *bonds->items);
            kept++;
        }
    bonds->n = kept;
}

bool ddmd_bonds_have(const ddmd_bond_list *bonds, int32_t i, int32_t j)
{
    int32_t bond[2] = {i < j ? i : j, i < j ? j : i};
    return bonds->n && bsearch(bond, bonds->items, bonds->n, sizeof bond, compare_bonds);
}
