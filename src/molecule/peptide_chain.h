/*
 * A peptide while it is being built: a ddmd_structure whose atoms are known, where each atom
 * stands relative to three before it, and the side-chain torsions chosen so far.
 */
#ifndef DDMD_MOLECULE_PEPTIDE_CHAIN_H
#define DDMD_MOLECULE_PEPTIDE_CHAIN_H

#include "ddmd/peptide.h"
#include "molecule/peptide_residues.h"

enum ddmd_peptide_end { DDMD_PEPTIDE_END_CHARGED, DDMD_PEPTIDE_END_NME, DDMD_PEPTIDE_END_NH2 };

/* What a sequence says, e.g. "ACE-AAR-NME": letters "AAR", n 3. */
struct ddmd_peptide_sequence {
    const char *letters; /* not terminated */
    int32_t n;
    bool ace;
    enum ddmd_peptide_end end;
};

/* Indices of atoms; -1, -2, -3 are three fixed points in front of the chain. Radians, nm. */
struct ddmd_peptide_site {
    int32_t parent, angle_atom, torsion_atom;
    double length_nm, angle, torsion;
    int chi; /* 0 or the number of the side-chain torsion that is added */
    bool backbone;
};

/* A residue or cap. */
struct ddmd_peptide_unit {
    const struct ddmd_peptide_residue *kind; /* NULL: a cap */
    int32_t first_side, n_side;              /* the atoms of kind->rows */
    double chi[DDMD_PEPTIDE_MAX_CHI];        /* radians */
};

typedef struct ddmd_peptide_chain {
    ddmd_structure *structure;       /* one chain A, complete but for positions */
    struct ddmd_peptide_site *sites; /* [n_atoms] */
    struct ddmd_peptide_unit *units; /* [n_residues] */
} ddmd_peptide_chain;

/* Atoms, bonds and sites of a sequence. *chain must be zero; destroy it also after a failure. */
enum ddmd_status ddmd_peptide_chain_create(const struct ddmd_peptide_sequence *sequence,
                                           enum ddmd_peptide_fold fold, ddmd_peptide_chain *chain,
                                           ddmd_error *err);
void ddmd_peptide_chain_destroy(ddmd_peptide_chain *chain);

/* Put one atom where its site says; the atoms that it refers to must have been put before. */
void ddmd_peptide_chain_place(ddmd_peptide_chain *chain, int32_t atom);

/*
 * Choose the side-chain torsions that leave the atoms most room, and place all atoms: residue by
 * residue with the backbone and the side chains before it, then over and over in the presence of
 * all others until nothing changes, then pairs of residues that still touch, jointly.
 */
enum ddmd_status ddmd_peptide_choose_rotamers(ddmd_peptide_chain *chain, ddmd_error *err);

#endif
