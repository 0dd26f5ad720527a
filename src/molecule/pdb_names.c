#include "pdb_names.h"

#include <ctype.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

/* The residue's own name, then its variants: AMBER, CHARMM and GROMACS name protonation states and
 * disulfides, which show in the atoms anyway. */
static const char residue_variants[][13][5] = {
    {"ARG", "ARN"},
    {"ASP", "ASH", "ASPH", "ASPP"},
    {"CYS", "CYX", "CYM", "CYN", "CYS2", "CYSH"},
    {"GLU", "GLH", "GLUH", "GLUP"},
    {"HIS", "HID", "HIE", "HIP", "HSD", "HSE", "HSP", "HSH", "HIH", "HISD", "HISE", "HISH", "HISB"},
    {"LYS", "LYN", "LYP", "LSN", "LYSH"},
    {"NME", "NMA"},
    {"NH2", "NHE"},
    {"HOH", "WAT", "H2O", "H20", "SOL", "TIP", "TIP3", "TP3", "T3P", "SPC"},
};

struct atom_variant {
    char residue[4]; /* "": every amino acid */
    char spelling[5];
    char name[5];
};

/* Those that no rule of ddmd_pdb_atom_name covers; those of a residue before those of all. */
static const struct atom_variant atom_variants[] = {
    {"ILE", "CD", "CD1"},    {"ILE", "HD1", "HD11"},  {"ILE", "HD2", "HD12"},
    {"ILE", "HD3", "HD13"},  {"SER", "OG1", "OG"},    {"SER", "HG1", "HG"},
    {"SER", "HOG", "HG"},    {"THR", "OG", "OG1"},    {"THR", "CG", "CG2"},
    {"THR", "HOG", "HG1"},   {"THR", "HOG1", "HG1"},  {"CYS", "SG1", "SG"},
    {"CYS", "HG1", "HG"},    {"CYS", "HSG", "HG"},    {"PRO", "HT1", "H2"},
    {"PRO", "HT2", "H3"},    {"TYR", "HOH", "HH"},    {"TRP", "HNE", "HE1"},
    {"HIS", "HND", "HD1"},   {"HIS", "HND1", "HD1"},  {"HIS", "HD", "HD2"},
    {"HIS", "HE", "HE1"},    {"HIS", "HNE", "HE2"},   {"HIS", "HNE2", "HE2"},
    {"ASN", "OD", "OD1"},    {"ASN", "ND", "ND2"},    {"ASN", "HND1", "HD21"},
    {"ASN", "HND2", "HD22"}, {"GLN", "OE", "OE1"},    {"GLN", "NE", "NE2"},
    {"GLN", "HNE1", "HE21"}, {"GLN", "HNE2", "HE22"}, {"LYS", "HNZ1", "HZ1"},
    {"LYS", "HNZ2", "HZ2"},  {"LYS", "HNZ3", "HZ3"},  {"ARG", "HN11", "HH11"},
    {"ARG", "HN12", "HH12"}, {"ARG", "HN21", "HH21"}, {"ARG", "HN22", "HH22"},
    {"ACE", "CY", "C"},      {"ACE", "OY", "O"},      {"ACE", "CAY", "CH3"},
    {"ACE", "CA", "CH3"},    {"ACE", "HY1", "H1"},    {"ACE", "HY2", "H2"},
    {"ACE", "HY3", "H3"},    {"ACE", "HH31", "H1"},   {"ACE", "HH32", "H2"},
    {"ACE", "HH33", "H3"},   {"NME", "NT", "N"},      {"NME", "CH3", "C"},
    {"NME", "CT", "C"},      {"NME", "CAT", "C"},     {"NME", "CA", "C"},
    {"NME", "HN", "H"},      {"NME", "HNT", "H"},     {"NME", "HN2", "H"},
    {"NME", "HT1", "H1"},    {"NME", "HT2", "H2"},    {"NME", "HT3", "H3"},
    {"NME", "HA1", "H1"},    {"NME", "HA2", "H2"},    {"NME", "HA3", "H3"},
    {"NME", "HH31", "H1"},   {"NME", "HH32", "H2"},   {"NME", "HH33", "H3"},
    {"NH2", "NT", "N"},      {"NH2", "HT1", "HN1"},   {"NH2", "HT2", "HN2"},
    {"NH2", "H1", "HN1"},    {"NH2", "H2", "HN2"},    {"HOH", "OW", "O"},
    {"HOH", "OH2", "O"},     {"HOH", "HW1", "H1"},    {"HOH", "HW2", "H2"},
    {"", "HN", "H"},         {"", "H1", "H"},         {"", "HN1", "H"},
    {"", "HT1", "H"},        {"", "HN2", "H2"},       {"", "HT2", "H2"},
    {"", "HN3", "H3"},       {"", "HT3", "H3"},       {"", "O1", "O"},
    {"", "OT1", "O"},        {"", "OCT1", "O"},       {"", "OC1", "O"},
    {"", "O2", "OXT"},       {"", "OT2", "OXT"},      {"", "OCT2", "OXT"},
    {"", "OC2", "OXT"},      {"", "OT", "OXT"},
};

const char *ddmd_pdb_residue_name(const char *name)
{
    for (size_t i = 0; i < sizeof residue_variants / sizeof *residue_variants; i++)
        for (size_t k = 0; k < 13 && *residue_variants[i][k]; k++)
            if (strcmp(residue_variants[i][k], name) == 0)
                return residue_variants[i][0];
    /* Terminal residues of AMBER: NALA, CALA. */
    if (strlen(name) == 4 && (*name == 'N' || *name == 'C')) {
        const char *inner = ddmd_pdb_residue_name(name + 1);
        const ddmd_residue_kind *kind = ddmd_residue_kind_find(inner);
        if (kind && kind->amino_acid)
            return inner;
    }
    return name;
}

/* A methylene group has hydrogens 2 and 3; old files and CHARMM count 1 and 2. */
static bool is_first_of_methylene(const ddmd_residue_kind *kind, const char *name)
{
    char sibling[8];
    size_t n = strlen(name);
    if (n < 2 || name[0] != 'H' || name[n - 1] != '1')
        return false;
    memcpy(sibling, name, n + 1);
    sibling[n - 1] = '3';
    if (!ddmd_residue_kind_has(kind, sibling))
        return false;
    sibling[n - 1] = '2';
    return ddmd_residue_kind_has(kind, sibling);
}

void ddmd_pdb_atom_name(const ddmd_residue_kind *kind, const char *spelling, char name[8])
{
    snprintf(name, 8, "%s", spelling);
    if (!kind || ddmd_residue_kind_has(kind, name))
        return;
    size_t n = strlen(name);
    if (isdigit((unsigned char)name[0]) && n > 1) { /* 1HB is HB1 */
        memmove(name, name + 1, n - 1);
        name[n - 1] = *spelling;
        if (ddmd_residue_kind_has(kind, name))
            return;
    }
    for (size_t i = 0; i < sizeof atom_variants / sizeof *atom_variants; i++) {
        const struct atom_variant *variant = &atom_variants[i];
        if (strcmp(variant->spelling, name) == 0 &&
            (*variant->residue ? strcmp(variant->residue, kind->name) == 0 : kind->amino_acid)) {
            snprintf(name, 8, "%s", variant->name);
            return;
        }
    }
    if (is_first_of_methylene(kind, name))
        name[strlen(name) - 1] = '3';
    else
        snprintf(name, 8, "%s", spelling);
}
