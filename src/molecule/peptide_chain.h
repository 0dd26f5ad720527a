/*
 * A peptide while it is being built: a ddmd_structure whose atoms are known, where each atom
 * stands relative to three before it, and the torsions chosen so far.
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

/* The torsions of a residue that vary; chi k (from 1) is DDMD_PEPTIDE_CHI + k. */
enum {
    DDMD_PEPTIDE_PHI,
    DDMD_PEPTIDE_PSI,
    DDMD_PEPTIDE_CHI = 1,
    DDMD_PEPTIDE_N_TORSIONS = DDMD_PEPTIDE_CHI + DDMD_PEPTIDE_MAX_CHI + 1
};

/* Indices of atoms; -1, -2, -3 are three fixed points in front of the chain. Radians, nm. */
struct ddmd_peptide_site {
    int32_t parent, angle_atom, torsion_atom;
    double length_nm, angle, torsion;
    int32_t turned_by; /* -1, or the residue whose torsion is added: */
    int variable;
    bool backbone; /* others stand on it that come before it in the file */
};

/* A residue or cap. */
struct ddmd_peptide_unit {
    const struct ddmd_peptide_residue *kind; /* NULL: a cap */
    int32_t first_side, n_side;              /* the atoms of kind->rows */
    int32_t first_turned, n_turned;          /* those of them that side-chain torsions move */
    double torsion[DDMD_PEPTIDE_N_TORSIONS]; /* radians */
};

typedef struct ddmd_peptide_chain {
    ddmd_structure *structure;       /* one chain A, complete but for positions */
    struct ddmd_peptide_site *sites; /* [n_atoms] */
    struct ddmd_peptide_unit *units; /* [n_residues] */
} ddmd_peptide_chain;

/*
 * Atoms, bonds, sites, and the torsions of the fold. *chain must be zero; destroy it also after a
 * failure.
 */
enum ddmd_status ddmd_peptide_chain_create(const struct ddmd_peptide_sequence *sequence,
                                           enum ddmd_peptide_fold fold, ddmd_peptide_chain *chain,
                                           ddmd_error *err);
void ddmd_peptide_chain_destroy(ddmd_peptide_chain *chain);

/* Put one atom where its site says; the atoms that it refers to must have been put before. */
void ddmd_peptide_chain_place(ddmd_peptide_chain *chain, int32_t atom);

/* Put the atoms of residues [first, end) that no side-chain torsion moves. */
void ddmd_peptide_chain_place_residues(ddmd_peptide_chain *chain, int32_t first, int32_t end);

/*
 * Place the backbone, and what is fixed to it. In a helix the ring of a proline would stand where
 * the carbonyl four residues before it is: the residues before it are bent, or extended in a way
 * that leads the chain on along the axis of the helix and away from itself. Where the side chains
 * begin, no pair of atoms is left more crowded than branch_crowding (see peptide_contacts.h).
 */
enum ddmd_status ddmd_peptide_choose_backbone(ddmd_peptide_chain *chain,
                                              enum ddmd_peptide_fold fold, double branch_crowding,
                                              ddmd_error *err);

/*
 * Choose the side-chain torsions that leave the atoms most room, and place the side chains:
 * residue by residue with the backbone and the side chains before it, then over and over in the
 * presence of all others until nothing changes; what is too crowded then may leave its staggered
 * rotamer. *crowding is that of the most crowded pair.
 */
enum ddmd_status ddmd_peptide_choose_rotamers(ddmd_peptide_chain *chain, double *crowding,
                                              ddmd_error *err);

#endif
