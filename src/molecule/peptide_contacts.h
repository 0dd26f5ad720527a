/* Which atoms of a peptide crowd each other while it is being built. */
#ifndef DDMD_MOLECULE_PEPTIDE_CONTACTS_H
#define DDMD_MOLECULE_PEPTIDE_CONTACTS_H

#include "ddmd/structure.h"

typedef struct ddmd_peptide_contacts {
    const ddmd_structure *structure; /* a loan */
    int32_t (*bonded)[4];            /* [n_atoms], ended by -1 */
    uint8_t *kind;                   /* [n_atoms] */
} ddmd_peptide_contacts;

/* Pairs farther apart than this do not count. */
#define DDMD_PEPTIDE_CONTACT_REACH_NM 0.5

/* *contacts must be zero; destroy it also after a failure. */
enum ddmd_status ddmd_peptide_contacts_create(const ddmd_structure *structure,
                                              ddmd_peptide_contacts *contacts, ddmd_error *err);
void ddmd_peptide_contacts_destroy(ddmd_peptide_contacts *contacts);

/* Whether three bonds or fewer lie between two atoms: their distance is a matter of geometry. */
bool ddmd_peptide_contacts_bonded(const ddmd_peptide_contacts *contacts, int32_t i, int32_t j);

/* (contact / distance)^12, where contact is what the two elements like to keep; 0 beyond reach. */
double ddmd_peptide_contacts_crowding(const ddmd_peptide_contacts *contacts, int32_t i, int32_t j);

#endif
