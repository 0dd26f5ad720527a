/*
 * Peptides from their sequence.
 *
 * Sequence: one-letter codes of the 20 amino acids, with optional caps ACE- in front and -NME or
 * -NH2 at the end ("ACE-AAAAAAAARAAAARAAAARA-NME"). Without caps the termini are charged (NH3+,
 * COO-). HIS is neutral, proton on NE2 (HIE); ASP, GLU, LYS, ARG are charged; CYS is reduced. The
 * result has all hydrogens, with the names of the force-field files.
 *
 * Geometry: Engh and Huber (Acta Cryst. A47, 392, 1991) bond lengths and angles, L-amino acids,
 * trans peptide bonds (proline too). Side chains are staggered, in the rotamers that leave most
 * room; where none has any, their first two torsions give way by up to 30 degrees. The first
 * C-alpha is at the origin, the last on the x axis.
 *
 * Proline: its ring allows phi -70 in a strand, and in a helix it would stand where the carbonyl
 * four residues before it is. There the helix is bent by 26 degrees, as in proteins (the four
 * residues before have phi, psi of -61, -39; -71, -13; -95, -13; -54, -44), or, where prolines are
 * too near to each other for that, broken by one or two extended residues.
 */
#ifndef DDMD_PEPTIDE_H
#define DDMD_PEPTIDE_H

#include "ddmd/structure.h"

#ifdef __cplusplus
extern "C" {
#endif

enum ddmd_peptide_fold {
    DDMD_PEPTIDE_EXTENDED, /* phi -135, psi 135 degrees */
    DDMD_PEPTIDE_HELIX     /* alpha helix: phi -57, psi -47 (Arnott and Dover 1967), omega 178 */
};

/*
 * Residues are numbered from 1, caps (residues ACE, NME, NH2) included. CONFIG: an unknown letter
 * or cap, with its position; not 1 to 1000 amino acids.
 */
enum ddmd_status ddmd_peptide_build(const char *sequence, enum ddmd_peptide_fold fold,
                                    ddmd_structure **structure, ddmd_error *err);

/*
 * A chain of n (4 to 10000) beads, 0.38 nm apart, each a residue BEA with one atom CA; for
 * ddmd_system_create_bead_chain(). Helix: the C-alpha trace of an alpha helix (0.15 nm and 100
 * degrees a bead); extended: a plane zigzag with angles of 131 degrees. CONFIG: n out of range.
 */
enum ddmd_status ddmd_bead_chain_build(int32_t n, enum ddmd_peptide_fold fold,
                                       ddmd_structure **structure, ddmd_error *err);

#ifdef __cplusplus
}
#endif
#endif
