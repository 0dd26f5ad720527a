/*
 * Lengths and angles between heavy atoms: Engh and Huber, Acta Cryst. A47, 392 (1991). Torsion
 * offsets between two branches of one atom follow from its three angles. Aromatic rings are their
 * values closed by least squares (no bond moved by more than 0.002 angstrom, no angle by more than
 * 0.2 degrees); so is the ring of proline, for the phi of each pucker. Hydrogens: lengths of the
 * AMBER force fields, angles that share out what the heavy atoms leave. Names of prochiral
 * hydrogens: IUPAC (Markley et al., Pure Appl. Chem. 70, 117, 1998).
 */
#include "molecule/peptide_residues.h"

#include <stddef.h>

/* Groups of hydrogens on the atom X x (x: "B" for HB2 on CB), which is bound to a, a to b. */
#define METHYLENE(x, a, b, chi)                           \
    {"H" x "2", "C" x, a, b, 1.090, 109.0, 120.5, chi},   \
    {                                                     \
        "H" x "3", "C" x, a, b, 1.090, 109.0, -120.5, chi \
    }
#define METHYL(x, a, b)                                 \
    {"H" x "1", "C" x, a, b, 1.090, 109.5, 180, 0},     \
        {"H" x "2", "C" x, a, b, 1.090, 109.5, -60, 0}, \
    {                                                   \
        "H" x "3", "C" x, a, b, 1.090, 109.5, 60, 0     \
    }
#define ALPHA_HYDROGEN                               \
    {                                                \
        "HA", "CA", "N", "C", 1.090, 108.0, 118.3, 0 \
    }
#define BETA_CARBON                                   \
    {                                                 \
        "CB", "CA", "N", "C", 1.530, 110.5, -122.6, 0 \
    }
#define BETA_CARBON_BRANCHED                          \
    {                                                 \
        "CB", "CA", "N", "C", 1.540, 111.5, -122.0, 0 \
    }

static const struct ddmd_peptide_row ala[] = {
    ALPHA_HYDROGEN,
    {"CB", "CA", "N", "C", 1.521, 110.4, -123.0, 0},
    METHYL("B", "CA", "N"),
};

static const struct ddmd_peptide_row arg[] = {
    ALPHA_HYDROGEN,
    BETA_CARBON,
    METHYLENE("B", "CA", "N", 1),
    {"CG", "CB", "CA", "N", 1.520, 114.1, 0, 1},
    METHYLENE("G", "CB", "CA", 2),
    {"CD", "CG", "CB", "CA", 1.520, 111.3, 0, 2},
    METHYLENE("D", "CG", "CB", 3),
    {"NE", "CD", "CG", "CB", 1.460, 112.0, 0, 3},
    {"HE", "NE", "CD", "CG", 1.010, 117.9, 180, 4},
    {"CZ", "NE", "CD", "CG", 1.329, 124.2, 0, 4},
    {"NH1", "CZ", "NE", "CD", 1.326, 120.0, 0, 0},
    {"HH11", "NH1", "CZ", "NE", 1.010, 120.0, 0, 0},
    {"HH12", "NH1", "CZ", "NE", 1.010, 120.0, 180, 0},
    {"NH2", "CZ", "NE", "CD", 1.326, 120.0, 180, 0},
    {"HH21", "NH2", "CZ", "NE", 1.010, 120.0, 0, 0},
    {"HH22", "NH2", "CZ", "NE", 1.010, 120.0, 180, 0},
};

static const struct ddmd_peptide_row asn[] = {
    ALPHA_HYDROGEN,
    BETA_CARBON,
    METHYLENE("B", "CA", "N", 1),
    {"CG", "CB", "CA", "N", 1.516, 112.6, 0, 1},
    {"OD1", "CG", "CB", "CA", 1.231, 120.8, 0, 2},
    {"ND2", "CG", "CB", "CA", 1.328, 116.4, 180, 2},
    {"HD21", "ND2", "CG", "CB", 1.010, 120.0, 0, 0},
    {"HD22", "ND2", "CG", "CB", 1.010, 120.0, 180, 0},
};

static const struct ddmd_peptide_row asp[] = {
    ALPHA_HYDROGEN,
    BETA_CARBON,
    METHYLENE("B", "CA", "N", 1),
    {"CG", "CB", "CA", "N", 1.516, 112.6, 0, 1},
    {"OD1", "CG", "CB", "CA", 1.249, 118.4, 0, 2},
    {"OD2", "CG", "CB", "CA", 1.249, 118.4, 180, 2},
};

static const struct ddmd_peptide_row cys[] = {
    ALPHA_HYDROGEN,
    BETA_CARBON,
    METHYLENE("B", "CA", "N", 1),
    {"SG", "CB", "CA", "N", 1.808, 114.4, 0, 1},
    {"HG", "SG", "CB", "CA", 1.336, 96.0, 0, 2},
};

static const struct ddmd_peptide_row gln[] = {
    ALPHA_HYDROGEN,
    BETA_CARBON,
    METHYLENE("B", "CA", "N", 1),
    {"CG", "CB", "CA", "N", 1.520, 114.1, 0, 1},
    METHYLENE("G", "CB", "CA", 2),
    {"CD", "CG", "CB", "CA", 1.516, 112.6, 0, 2},
    {"OE1", "CD", "CG", "CB", 1.231, 120.8, 0, 3},
    {"NE2", "CD", "CG", "CB", 1.328, 116.4, 180, 3},
    {"HE21", "NE2", "CD", "CG", 1.010, 120.0, 0, 0},
    {"HE22", "NE2", "CD", "CG", 1.010, 120.0, 180, 0},
};

static const struct ddmd_peptide_row glu[] = {
    ALPHA_HYDROGEN,
    BETA_CARBON,
    METHYLENE("B", "CA", "N", 1),
    {"CG", "CB", "CA", "N", 1.520, 114.1, 0, 1},
    METHYLENE("G", "CB", "CA", 2),
    {"CD", "CG", "CB", "CA", 1.516, 112.6, 0, 2},
    {"OE1", "CD", "CG", "CB", 1.249, 118.4, 0, 3},
    {"OE2", "CD", "CG", "CB", 1.249, 118.4, 180, 3},
};

static const struct ddmd_peptide_row gly[] = {
    {"HA2", "CA", "N", "C", 1.090, 109.0, 119.5, 0},
    {"HA3", "CA", "N", "C", 1.090, 109.0, -119.5, 0},
};

static const struct ddmd_peptide_row his[] = {
    ALPHA_HYDROGEN,
    BETA_CARBON,
    METHYLENE("B", "CA", "N", 1),
    {"CG", "CB", "CA", "N", 1.497, 113.8, 0, 1},
    {"ND1", "CG", "CB", "CA", 1.373, 121.5, 0, 2},
    {"CE1", "ND1", "CG", "CB", 1.319, 105.7, 180, 0},
    {"HE1", "CE1", "ND1", "CG", 1.080, 124.2, 180, 0},
    {"NE2", "CE1", "ND1", "CG", 1.344, 111.6, 0, 0},
    {"HE2", "NE2", "CE1", "ND1", 1.010, 126.6, 180, 0},
    {"CD2", "CG", "CB", "CA", 1.357, 129.0, 180, 2},
    {"HD2", "CD2", "CG", "CB", 1.080, 126.7, 0, 0},
};
static const char *const his_rings[][2] = {{"NE2", "CD2"}};

static const struct ddmd_peptide_row ile[] = {
    ALPHA_HYDROGEN,
    BETA_CARBON_BRANCHED,
    {"HB", "CB", "CA", "N", 1.090, 108.0, 118.5, 1},
    {"CG2", "CB", "CA", "N", 1.521, 110.5, -122.8, 1},
    METHYL("G2", "CB", "CA"),
    {"CG1", "CB", "CA", "N", 1.530, 110.4, 0, 1},
    METHYLENE("G1", "CB", "CA", 2),
    {"CD1", "CG1", "CB", "CA", 1.513, 113.8, 0, 2},
    METHYL("D1", "CG1", "CB"),
};

static const struct ddmd_peptide_row leu[] = {
    ALPHA_HYDROGEN,
    BETA_CARBON,
    METHYLENE("B", "CA", "N", 1),
    {"CG", "CB", "CA", "N", 1.530, 116.3, 0, 1},
    {"HG", "CG", "CB", "CA", 1.090, 108.0, -118.4, 2},
    {"CD1", "CG", "CB", "CA", 1.521, 110.7, 0, 2},
    METHYL("D1", "CG", "CB"),
    {"CD2", "CG", "CB", "CA", 1.521, 110.7, 123.3, 2},
    METHYL("D2", "CG", "CB"),
};

static const struct ddmd_peptide_row lys[] = {
    ALPHA_HYDROGEN,
    BETA_CARBON,
    METHYLENE("B", "CA", "N", 1),
    {"CG", "CB", "CA", "N", 1.520, 114.1, 0, 1},
    METHYLENE("G", "CB", "CA", 2),
    {"CD", "CG", "CB", "CA", 1.520, 111.3, 0, 2},
    METHYLENE("D", "CG", "CB", 3),
    {"CE", "CD", "CG", "CB", 1.520, 111.3, 0, 3},
    METHYLENE("E", "CD", "CG", 4),
    {"NZ", "CE", "CD", "CG", 1.489, 111.9, 0, 4},
    {"HZ1", "NZ", "CE", "CD", 1.010, 109.5, 180, 0},
    {"HZ2", "NZ", "CE", "CD", 1.010, 109.5, -60, 0},
    {"HZ3", "NZ", "CE", "CD", 1.010, 109.5, 60, 0},
};

static const struct ddmd_peptide_row met[] = {
    ALPHA_HYDROGEN,
    BETA_CARBON,
    METHYLENE("B", "CA", "N", 1),
    {"CG", "CB", "CA", "N", 1.520, 114.1, 0, 1},
    METHYLENE("G", "CB", "CA", 2),
    {"SD", "CG", "CB", "CA", 1.803, 112.7, 0, 2},
    {"CE", "SD", "CG", "CB", 1.791, 100.9, 0, 3},
    METHYL("E", "SD", "CG"),
};

static const struct ddmd_peptide_row phe[] = {
    ALPHA_HYDROGEN,
    BETA_CARBON,
    METHYLENE("B", "CA", "N", 1),
    {"CG", "CB", "CA", "N", 1.502, 113.8, 0, 1},
    {"CD1", "CG", "CB", "CA", 1.385, 120.6, 0, 2},
    {"HD1", "CD1", "CG", "CB", 1.080, 119.6, 0, 0},
    {"CE1", "CD1", "CG", "CB", 1.382, 120.8, 180, 0},
    {"HE1", "CE1", "CD1", "CG", 1.080, 120.0, 180, 0},
    {"CZ", "CE1", "CD1", "CG", 1.381, 119.9, 0, 0},
    {"HZ", "CZ", "CE1", "CD1", 1.080, 120.0, 180, 0},
    {"CE2", "CZ", "CE1", "CD1", 1.381, 119.9, 0, 0},
    {"HE2", "CE2", "CZ", "CE1", 1.080, 120.0, 180, 0},
    {"CD2", "CG", "CB", "CA", 1.385, 120.6, 180, 2},
    {"HD2", "CD2", "CG", "CB", 1.080, 119.6, 0, 0},
};
static const char *const six_rings[][2] = {{"CE2", "CD2"}};

/* N stands where phi puts CD opposite to the peptide carbon; the torsions of the ring give it. */
static const struct ddmd_peptide_row pro[] = {
    {"HA", "CA", "N", "C", 1.090, 110.5, 121.0, 0},
    {"CB", "CA", "N", "C", 1.530, 103.2, -118.2, 0},
    {"HB2", "CB", "CA", "N", 1.090, 110.5, 119.5, 1},
    {"HB3", "CB", "CA", "N", 1.090, 110.5, -119.5, 1},
    {"CG", "CB", "CA", "N", 1.492, 104.8, 0, 1},
    {"HG2", "CG", "CB", "CA", 1.090, 110.5, 119.5, 2},
    {"HG3", "CG", "CB", "CA", 1.090, 110.5, -119.5, 2},
    {"CD", "CG", "CB", "CA", 1.502, 105.3, 0, 2},
    {"HD2", "CD", "CG", "CB", 1.090, 111.0, 119.5, 3},
    {"HD3", "CD", "CG", "CB", 1.090, 111.0, -119.5, 3},
};
static const char *const pro_rings[][2] = {{"N", "CD"}};

static const struct ddmd_peptide_row ser[] = {
    ALPHA_HYDROGEN,
    BETA_CARBON,
    METHYLENE("B", "CA", "N", 1),
    {"OG", "CB", "CA", "N", 1.417, 111.1, 0, 1},
    {"HG", "OG", "CB", "CA", 0.960, 108.5, 0, 2},
};

static const struct ddmd_peptide_row thr[] = {
    ALPHA_HYDROGEN,
    BETA_CARBON_BRANCHED,
    {"HB", "CB", "CA", "N", 1.090, 108.0, 118.5, 1},
    {"CG2", "CB", "CA", "N", 1.521, 110.5, -120.5, 1},
    METHYL("G2", "CB", "CA"),
    {"OG1", "CB", "CA", "N", 1.433, 109.6, 0, 1},
    {"HG1", "OG1", "CB", "CA", 0.960, 108.5, 0, 2},
};

static const struct ddmd_peptide_row trp[] = {
    ALPHA_HYDROGEN,
    BETA_CARBON,
    METHYLENE("B", "CA", "N", 1),
    {"CG", "CB", "CA", "N", 1.498, 113.6, 0, 1},
    {"CD1", "CG", "CB", "CA", 1.365, 126.9, 0, 2},
    {"HD1", "CD1", "CG", "CB", 1.080, 124.9, 0, 0},
    {"NE1", "CD1", "CG", "CB", 1.374, 110.2, 180, 0},
    {"HE1", "NE1", "CD1", "CG", 1.010, 125.5, 180, 0},
    {"CE2", "NE1", "CD1", "CG", 1.370, 108.9, 0, 0},
    {"CZ2", "CE2", "NE1", "CD1", 1.393, 130.1, 180, 0},
    {"HZ2", "CZ2", "CE2", "NE1", 1.080, 121.3, 0, 0},
    {"CH2", "CZ2", "CE2", "NE1", 1.368, 117.4, 180, 0},
    {"HH2", "CH2", "CZ2", "CE2", 1.080, 119.2, 180, 0},
    {"CZ3", "CH2", "CZ2", "CE2", 1.400, 121.5, 0, 0},
    {"HZ3", "CZ3", "CH2", "CZ2", 1.080, 119.4, 180, 0},
    {"CE3", "CZ3", "CH2", "CZ2", 1.383, 121.2, 0, 0},
    {"HE3", "CE3", "CZ3", "CH2", 1.080, 120.7, 180, 0},
    {"CD2", "CG", "CB", "CA", 1.433, 126.8, 180, 2},
};
static const char *const trp_rings[][2] = {{"CD2", "CE2"}, {"CD2", "CE3"}};

static const struct ddmd_peptide_row tyr[] = {
    ALPHA_HYDROGEN,
    BETA_CARBON,
    METHYLENE("B", "CA", "N", 1),
    {"CG", "CB", "CA", "N", 1.512, 113.9, 0, 1},
    {"CD1", "CG", "CB", "CA", 1.388, 120.9, 0, 2},
    {"HD1", "CD1", "CG", "CB", 1.080, 119.5, 0, 0},
    {"CE1", "CD1", "CG", "CB", 1.382, 121.1, 180, 0},
    {"HE1", "CE1", "CD1", "CG", 1.080, 120.2, 180, 0},
    {"CZ", "CE1", "CD1", "CG", 1.379, 119.6, 0, 0},
    {"OH", "CZ", "CE1", "CD1", 1.376, 119.8, 180, 0},
    {"HH", "OH", "CZ", "CE1", 0.960, 113.0, 0, 3},
    {"CE2", "CZ", "CE1", "CD1", 1.379, 120.4, 0, 0},
    {"HE2", "CE2", "CZ", "CE1", 1.080, 120.2, 180, 0},
    {"CD2", "CG", "CB", "CA", 1.388, 120.9, 180, 2},
    {"HD2", "CD2", "CG", "CB", 1.080, 119.5, 0, 0},
};

static const struct ddmd_peptide_row val[] = {
    ALPHA_HYDROGEN,
    BETA_CARBON_BRANCHED,
    {"HB", "CB", "CA", "N", 1.090, 108.0, -118.5, 1},
    {"CG1", "CB", "CA", "N", 1.521, 110.5, 0, 1},
    METHYL("G1", "CB", "CA"),
    {"CG2", "CB", "CA", "N", 1.521, 110.5, 123.0, 1},
    METHYL("G2", "CB", "CA"),
};

/* Staggered about a bond of two tetrahedral atoms, the commonest value first. */
static const double gauche_first[] = {-60, 180, 60};
static const double trans_first[] = {180, -60, 60};
static const double to_thioether[] = {180, 70, -70};
static const double to_guanidinium[] = {180, 85, -85};
static const double to_carboxylate[] = {0, -60, 60, -30, 30, 90};
static const double to_amide[] = {0, -60, 60, -120, 120, 180};
static const double to_phenyl[] = {90, 60, 120};
static const double to_imidazole[] = {-90, 90, -60, 60, -120, 120};
static const double to_indole[] = {90, -90, 60, -60, 120, -120};
static const double hydroxyl_of_phenol[] = {0, 180};
/* The ring of proline, C-gamma endo and exo; chosen with phi, see peptide.c. */
static const double pro_chi1[] = {26.1, -24.0};
static const double pro_chi2[] = {-34.6, 34.5};
static const double pro_chi3[] = {28.9, -30.6};

#define ROTOR(values)                              \
    {                                              \
        sizeof(values) / sizeof(values)[0], values \
    }
#define ROWS(rows) sizeof(rows) / sizeof(rows)[0], rows
/* Backbone of glycine, proline and the others: N-CA, CA-C, C-N-CA, N-CA-C. */
#define BACKBONE_GLY 1.451, 1.516, 120.6, 112.5
#define BACKBONE_PRO 1.466, 1.525, 122.6, 111.8
#define BACKBONE 1.458, 1.525, 121.7, 111.2
#define NO_RING 0, NULL

static const struct ddmd_peptide_residue residues[] = {
    {'A', "ALA", BACKBONE, ROWS(ala), NO_RING, 0, {{0}}, false},
    {'R',
     "ARG",
     BACKBONE,
     ROWS(arg),
     NO_RING,
     4,
     {ROTOR(gauche_first), ROTOR(trans_first), ROTOR(trans_first), ROTOR(to_guanidinium)},
     false},
    {'N', "ASN", BACKBONE, ROWS(asn), NO_RING, 2, {ROTOR(gauche_first), ROTOR(to_amide)}, false},
    {'D',
     "ASP",
     BACKBONE,
     ROWS(asp),
     NO_RING,
     2,
     {ROTOR(gauche_first), ROTOR(to_carboxylate)},
     false},
    {'C', "CYS", BACKBONE, ROWS(cys), NO_RING, 2, {ROTOR(gauche_first), ROTOR(trans_first)}, false},
    {'Q',
     "GLN",
     BACKBONE,
     ROWS(gln),
     NO_RING,
     3,
     {ROTOR(gauche_first), ROTOR(trans_first), ROTOR(to_amide)},
     false},
    {'E',
     "GLU",
     BACKBONE,
     ROWS(glu),
     NO_RING,
     3,
     {ROTOR(gauche_first), ROTOR(trans_first), ROTOR(to_carboxylate)},
     false},
    {'G', "GLY", BACKBONE_GLY, ROWS(gly), NO_RING, 0, {{0}}, false},
    {'H',
     "HIS",
     BACKBONE,
     ROWS(his),
     ROWS(his_rings),
     2,
     {ROTOR(gauche_first), ROTOR(to_imidazole)},
     false},
    {'I', "ILE", BACKBONE, ROWS(ile), NO_RING, 2, {ROTOR(gauche_first), ROTOR(trans_first)}, false},
    {'L', "LEU", BACKBONE, ROWS(leu), NO_RING, 2, {ROTOR(gauche_first), ROTOR(trans_first)}, false},
    {'K',
     "LYS",
     BACKBONE,
     ROWS(lys),
     NO_RING,
     4,
     {ROTOR(gauche_first), ROTOR(trans_first), ROTOR(trans_first), ROTOR(trans_first)},
     false},
    {'M',
     "MET",
     BACKBONE,
     ROWS(met),
     NO_RING,
     3,
     {ROTOR(gauche_first), ROTOR(trans_first), ROTOR(to_thioether)},
     false},
    {'F',
     "PHE",
     BACKBONE,
     ROWS(phe),
     ROWS(six_rings),
     2,
     {ROTOR(gauche_first), ROTOR(to_phenyl)},
     false},
    {'P',
     "PRO",
     BACKBONE_PRO,
     ROWS(pro),
     ROWS(pro_rings),
     3,
     {ROTOR(pro_chi1), ROTOR(pro_chi2), ROTOR(pro_chi3)},
     true},
    {'S', "SER", BACKBONE, ROWS(ser), NO_RING, 2, {ROTOR(gauche_first), ROTOR(trans_first)}, false},
    {'T', "THR", BACKBONE, ROWS(thr), NO_RING, 2, {ROTOR(gauche_first), ROTOR(trans_first)}, false},
    {'W',
     "TRP",
     BACKBONE,
     ROWS(trp),
     ROWS(trp_rings),
     2,
     {ROTOR(gauche_first), ROTOR(to_indole)},
     false},
    {'Y',
     "TYR",
     BACKBONE,
     ROWS(tyr),
     ROWS(six_rings),
     3,
     {ROTOR(gauche_first), ROTOR(to_phenyl), ROTOR(hydroxyl_of_phenol)},
     false},
    {'V', "VAL", BACKBONE, ROWS(val), NO_RING, 1, {ROTOR(trans_first)}, false},
};

const struct ddmd_peptide_residue *ddmd_peptide_residue_find(char letter)
{
    for (size_t i = 0; i < sizeof residues / sizeof residues[0]; i++) {
        if (residues[i].letter == letter)
            return &residues[i];
    }
    return NULL;
}
