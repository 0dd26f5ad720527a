/*
 * Internal coordinates of the 20 amino acids, one row an atom: where it stands relative to three
 * atoms of the same residue that come before it (or are N, CA, C).
 */
#ifndef DDMD_MOLECULE_PEPTIDE_RESIDUES_H
#define DDMD_MOLECULE_PEPTIDE_RESIDUES_H

#include <stdbool.h>

enum { DDMD_PEPTIDE_MAX_CHI = 5 };

/*
 * length: parent-atom; angle: angle_atom-parent-atom; torsion: torsion_atom-angle_atom-parent-atom.
 * chi 0: the torsion is as written; chi k: it is added to the k-th side-chain torsion.
 */
struct ddmd_peptide_row {
    const char *name, *parent, *angle_atom, *torsion_atom;
    double length_angstrom, angle_degree, torsion_degree;
    int chi;
};

/* The values that a side-chain torsion may take. */
struct ddmd_peptide_rotor {
    int n;
    const double *degree;
};

struct ddmd_peptide_residue {
    char letter;
    char name[4];
    double n_ca_angstrom, ca_c_angstrom; /* bonds of the backbone */
    double c_n_ca_degree, n_ca_c_degree; /* C of the residue before, N, CA; N, CA, C */
    int n_rows;                          /* HA, CB and what follows */
    const struct ddmd_peptide_row *rows;
    int n_rings;
    const char *const (*rings)[2]; /* bonds that close rings */
    int n_chi;
    struct ddmd_peptide_rotor chi[DDMD_PEPTIDE_MAX_CHI];
    bool linked; /* proline: value k of every torsion belongs to pucker k (endo, exo) */
};

/* The residue of a one-letter code, or NULL. */
const struct ddmd_peptide_residue *ddmd_peptide_residue_find(char letter);

#endif
