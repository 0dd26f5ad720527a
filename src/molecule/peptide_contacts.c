#include "molecule/peptide_contacts.h"

#include "core/array.h"
#include "core/try.h"

#include <stdlib.h>

enum kind { H, POLAR_H, C, N, O, S, N_KINDS };

/* nm; a hydrogen bond may be shorter than other contacts. */
static const double contact_nm[N_KINDS][N_KINDS] = {
    [H] = {0.24, 0.22, 0.28, 0.27, 0.26, 0.29}, [POLAR_H] = {0.22, 0.21, 0.26, 0.20, 0.18, 0.25},
    [C] = {0.28, 0.26, 0.34, 0.33, 0.32, 0.36}, [N] = {0.27, 0.20, 0.33, 0.30, 0.29, 0.34},
    [O] = {0.26, 0.18, 0.32, 0.29, 0.30, 0.33}, [S] = {0.29, 0.25, 0.36, 0.34, 0.33, 0.37},
};

static enum kind kind_of(char element)
{
    switch (element) {
    case 'H':
        return H;
    case 'C':
        return C;
    case 'N':
        return N;
    case 'O':
        return O;
    default:
        return S;
    }
}

enum ddmd_status ddmd_peptide_contacts_create(const ddmd_structure *structure,
                                              ddmd_peptide_contacts *contacts, ddmd_error *err)
{
    enum ddmd_status status = DDMD_OK;
    const ddmd_structure *s = structure;
    size_t n = (size_t)s->n_atoms;
    contacts->structure = s;
    DDMD_TRY(ddmd_array_alloc(&contacts->bonded, n, sizeof *contacts->bonded, err));
    DDMD_TRY(ddmd_array_alloc(&contacts->kind, n, sizeof *contacts->kind, err));
    for (size_t i = 0; i < n; i++) {
        for (int k = 0; k < 4; k++)
            contacts->bonded[i][k] = -1;
        contacts->kind[i] = (uint8_t)kind_of(s->atoms[i].element[0]);
    }
    for (int32_t i = 0; i < s->n_bonds; i++) {
        for (int end = 0; end < 2; end++) {
            int32_t *list = contacts->bonded[s->bonds[i][end]];
            int k = 0;
            while (list[k] >= 0)
                k++;
            list[k] = s->bonds[i][1 - end];
        }
    }
    for (size_t i = 0; i < n; i++) {
        if (contacts->kind[i] == H && contacts->kind[contacts->bonded[i][0]] != C)
            contacts->kind[i] = POLAR_H;
    }
out:
    return status;
}

void ddmd_peptide_contacts_destroy(ddmd_peptide_contacts *contacts)
{
    free(contacts->bonded);
    free(contacts->kind);
    *contacts = (ddmd_peptide_contacts){0};
}

static bool within_bonds(const ddmd_peptide_contacts *contacts, int32_t i, int32_t j, int depth)
{
    if (i == j)
        return true;
    const int32_t *bonded = contacts->bonded[i];
    for (int k = 0; depth > 0 && k < 4 && bonded[k] >= 0; k++) {
        if (within_bonds(contacts, bonded[k], j, depth - 1))
            return true;
    }
    return false;
}

bool ddmd_peptide_contacts_bonded(const ddmd_peptide_contacts *contacts, int32_t i, int32_t j)
{
    /* Every bond that is three away lies in the residue itself or in one beside it. */
    const ddmd_atom *atoms = contacts->structure->atoms;
    return abs(atoms[i].residue - atoms[j].residue) <= 1 && within_bonds(contacts, i, j, 3);
}

double ddmd_peptide_contacts_crowding(const ddmd_peptide_contacts *contacts, int32_t i, int32_t j)
{
    const double *a = &contacts->structure->positions[(size_t)i * 3];
    const double *b = &contacts->structure->positions[(size_t)j * 3];
    double x = a[0] - b[0], y = a[1] - b[1], z = a[2] - b[2];
    double d2 = x * x + y * y + z * z;
    if (d2 > DDMD_PEPTIDE_CONTACT_REACH_NM * DDMD_PEPTIDE_CONTACT_REACH_NM)
        return 0;
    double contact = contact_nm[contacts->kind[i]][contacts->kind[j]];
    double q = contact * contact / (d2 + 1e-6); /* finite also where two atoms coincide */
    return q * q * q * q * q * q;
}
