#include "residue_bonds.h"

#include <stddef.h>
#include <string.h>

/* Both ends of a chain in every protonation. */
#define BACKBONE "N-CA CA-C C-O C-OXT OXT-HXT N-H N-H2 N-H3 "
#define ALPHA BACKBONE "CA-HA CA-CB "
#define METHYLENE ALPHA "CB-HB2 CB-HB3 "

static const ddmd_residue_kind kinds[] = {
    {"ALA", true, true, ALPHA "CB-HB1 CB-HB2 CB-HB3"},
    {"ARG", true, true,
     METHYLENE "CB-CG CG-HG2 CG-HG3 CG-CD CD-HD2 CD-HD3 CD-NE NE-HE NE-CZ CZ-NH1 CZ-NH2 "
               "NH1-HH11 NH1-HH12 NH2-HH21 NH2-HH22"},
    {"ASN", true, true, METHYLENE "CB-CG CG-OD1 CG-ND2 ND2-HD21 ND2-HD22"},
    {"ASP", true, true, METHYLENE "CB-CG CG-OD1 CG-OD2 OD2-HD2"},
    {"CYS", true, true, METHYLENE "CB-SG SG-HG"},
    {"GLN", true, true, METHYLENE "CB-CG CG-HG2 CG-HG3 CG-CD CD-OE1 CD-NE2 NE2-HE21 NE2-HE22"},
    {"GLU", true, true, METHYLENE "CB-CG CG-HG2 CG-HG3 CG-CD CD-OE1 CD-OE2 OE2-HE2"},
    {"GLY", true, true, BACKBONE "CA-HA2 CA-HA3"},
    {"HIS", true, true,
     METHYLENE "CB-CG CG-ND1 CG-CD2 ND1-HD1 ND1-CE1 CE1-HE1 CE1-NE2 NE2-HE2 NE2-CD2 CD2-HD2"},
    {"ILE", true, true,
     ALPHA "CB-HB CB-CG1 CB-CG2 CG1-HG12 CG1-HG13 CG1-CD1 CG2-HG21 CG2-HG22 CG2-HG23 "
           "CD1-HD11 CD1-HD12 CD1-HD13"},
    {"LEU", true, true,
     METHYLENE "CB-CG CG-HG CG-CD1 CG-CD2 CD1-HD11 CD1-HD12 CD1-HD13 CD2-HD21 CD2-HD22 CD2-HD23"},
    {"LYS", true, true,
     METHYLENE "CB-CG CG-HG2 CG-HG3 CG-CD CD-HD2 CD-HD3 CD-CE CE-HE2 CE-HE3 CE-NZ "
               "NZ-HZ1 NZ-HZ2 NZ-HZ3"},
    {"MET", true, true, METHYLENE "CB-CG CG-HG2 CG-HG3 CG-SD SD-CE CE-HE1 CE-HE2 CE-HE3"},
    {"PHE", true, true,
     METHYLENE "CB-CG CG-CD1 CG-CD2 CD1-HD1 CD2-HD2 CD1-CE1 CD2-CE2 CE1-HE1 CE2-HE2 CE1-CZ CE2-CZ "
               "CZ-HZ"},
    {"PRO", true, true, METHYLENE "CB-CG CG-HG2 CG-HG3 CG-CD CD-HD2 CD-HD3 CD-N"},
    {"SER", true, true, METHYLENE "CB-OG OG-HG"},
    {"THR", true, true, ALPHA "CB-HB CB-OG1 CB-CG2 OG1-HG1 CG2-HG21 CG2-HG22 CG2-HG23"},
    {"TRP", true, true,
     METHYLENE "CB-CG CG-CD1 CG-CD2 CD1-HD1 CD1-NE1 NE1-HE1 NE1-CE2 CE2-CD2 CE2-CZ2 CZ2-HZ2 "
               "CZ2-CH2 CH2-HH2 CH2-CZ3 CZ3-HZ3 CZ3-CE3 CE3-HE3 CE3-CD2"},
    {"TYR", true, true,
     METHYLENE "CB-CG CG-CD1 CG-CD2 CD1-HD1 CD2-HD2 CD1-CE1 CD2-CE2 CE1-HE1 CE2-HE2 CE1-CZ CE2-CZ "
               "CZ-OH OH-HH"},
    {"VAL", true, true,
     ALPHA "CB-HB CB-CG1 CB-CG2 CG1-HG11 CG1-HG12 CG1-HG13 CG2-HG21 CG2-HG22 CG2-HG23"},
    {"ACE", false, false, "CH3-C C-O CH3-H1 CH3-H2 CH3-H3"},
    {"NME", false, true, "N-H N-C C-H1 C-H2 C-H3"},
    {"NH2", false, true, "N-HN1 N-HN2"},
    {"HOH", false, false, "O-H1 O-H2"},
};

const ddmd_residue_kind *ddmd_residue_kind_find(const char *name)
{
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
        if (strcmp(kinds[i].name, name) == 0)
            return &kinds[i];
    return NULL;
}

bool ddmd_residue_bond_next(const char **cursor, char first[8], char second[8])
{
    const char *at = *cursor;
    while (*at == ' ')
        at++;
    if (!*at)
        return false;
    size_t n = strcspn(at, "-"), m = strcspn(at + n + 1, " ");
    memcpy(first, at, n);
    first[n] = '\0';
    memcpy(second, at + n + 1, m);
    second[m] = '\0';
    *cursor = at + n + 1 + m;
    return true;
}

bool ddmd_residue_kind_has(const ddmd_residue_kind *kind, const char *atom)
{
    size_t length = strlen(atom);
    for (const char *at = kind->bonds; *at;) {
        size_t n = strcspn(at, "- ");
        if (n == length && memcmp(at, atom, n) == 0)
            return true;
        at += n + (at[n] != '\0');
    }
    return false;
}

bool ddmd_residue_is_protein(const char *name)
{
    /* Amino acids that are often found modified, by their names in the Chemical Component
     * Dictionary of the wwPDB. */
    static const char modified[][4] = {
        "ABA", "AIB", "ALY", "CME", "CSD", "CSO", "CSX", "FOR", "HYP", "KCX", "LLP", "M3L", "MLY",
        "MSE", "NLE", "OCS", "ORN", "PCA", "PTR", "PYL", "SEC", "SEP", "TPO", "TYS", "UNK",
    };
    const ddmd_residue_kind *kind = ddmd_residue_kind_find(name);
    if (kind)
        return strcmp(kind->name, "HOH") != 0;
    for (size_t i = 0; i < sizeof modified / sizeof *modified; i++)
        if (strcmp(modified[i], name) == 0)
            return true;
    return false;
}
