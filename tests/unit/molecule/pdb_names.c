#include "molecule/pdb_names.h"
#include "support/cmocka.h"

#include <string.h>

static void residues_have_one_name(void **state)
{
    (void)state;
    static const char *const pairs[][2] = {
        {"ALA", "ALA"}, {"HSD", "HIS"},  {"HSE", "HIS"},  {"HSP", "HIS"},  {"HID", "HIS"},
        {"HIE", "HIS"}, {"HIP", "HIS"},  {"CYX", "CYS"},  {"CYM", "CYS"},  {"ASH", "ASP"},
        {"GLH", "GLU"}, {"LYN", "LYS"},  {"LYP", "LYS"},  {"NMA", "NME"},  {"WAT", "HOH"},
        {"SOL", "HOH"}, {"TIP3", "HOH"}, {"NALA", "ALA"}, {"CHIE", "HIS"}, {"NXYZ", "NXYZ"},
        {"LIG", "LIG"}, {"CL", "CL"},    {"MSE", "MSE"},  {"HISE", "HIS"}, {"CYS2", "CYS"},
    };
    for (size_t i = 0; i < sizeof pairs / sizeof *pairs; i++)
        assert_string_equal(ddmd_pdb_residue_name(pairs[i][0]), pairs[i][1]);
}

static void atoms_have_one_name(void **state)
{
    (void)state;
    static const char *const triples[][3] = {
        {"ALA", "HN", "H"},      {"ALA", "H1", "H"},      {"ALA", "HT1", "H"},
        {"ALA", "HT2", "H2"},    {"ALA", "3H", "H3"},     {"ALA", "1H", "H"},
        {"ALA", "OT1", "O"},     {"ALA", "OT2", "OXT"},   {"ALA", "OC2", "OXT"},
        {"ALA", "1HB", "HB1"},   {"ALA", "3HB", "HB3"},   {"ALA", "HB1", "HB1"},
        {"LEU", "1HB", "HB3"},   {"LEU", "2HB", "HB2"},   {"LEU", "HB1", "HB3"},
        {"LEU", "2HD1", "HD12"}, {"GLY", "HA1", "HA3"},   {"GLY", "1HA", "HA3"},
        {"GLY", "2HA", "HA2"},   {"ILE", "CD", "CD1"},    {"ILE", "HD1", "HD11"},
        {"ILE", "HG11", "HG13"}, {"ILE", "1HG1", "HG13"}, {"ILE", "3HG2", "HG23"},
        {"LYS", "HE1", "HE3"},   {"MET", "1HE", "HE1"},   {"SER", "HG1", "HG"},
        {"CYS", "HG1", "HG"},    {"THR", "1HG", "HG1"},   {"THR", "HG1", "HG1"},
        {"TRP", "HE1", "HE1"},   {"PHE", "HD1", "HD1"},   {"PRO", "HT1", "H2"},
        {"PRO", "HD1", "HD3"},   {"ARG", "1HH2", "HH21"}, {"ARG", "CD", "CD"},
        {"ACE", "HH31", "H1"},   {"ACE", "1HH3", "H1"},   {"ACE", "CAY", "CH3"},
        {"ACE", "H1", "H1"},     {"NME", "CH3", "C"},     {"NME", "HH33", "H3"},
        {"NME", "HN", "H"},      {"NH2", "HT1", "HN1"},   {"HOH", "OW", "O"},
        {"HOH", "OH2", "O"},     {"HOH", "HW1", "H1"},    {"ALA", "FOO", "FOO"},
        {"ALA", "1FOO", "1FOO"}, {"HOH", "HN", "HN"},     {"HIS", "HD1", "HD1"},
    };
    for (size_t i = 0; i < sizeof triples / sizeof *triples; i++) {
        char name[8];
        ddmd_pdb_atom_name(ddmd_residue_kind_find(triples[i][0]), triples[i][1], name);
        if (strcmp(name, triples[i][2]) != 0)
            fail_msg("%s of %s: '%s', not '%s'", triples[i][1], triples[i][0], name, triples[i][2]);
    }
    char name[8];
    ddmd_pdb_atom_name(NULL, "1HB", name);
    assert_string_equal(name, "1HB");
}

static void bonds_make_each_residue_one_piece(void **state)
{
    (void)state;
    static const char *const names[] = {
        "ALA", "ARG", "ASN", "ASP", "CYS", "GLN", "GLU", "GLY", "HIS", "ILE", "LEU", "LYS",
        "MET", "PHE", "PRO", "SER", "THR", "TRP", "TYR", "VAL", "ACE", "NME", "NH2", "HOH",
    };
    /* Atoms in every protonation and at both ends; bonds are one fewer, and one more a ring. */
    static const int atoms[] = {14, 28, 18, 17, 15, 21, 20, 11, 22, 23, 23, 26,
                                21, 24, 19, 15, 18, 28, 25, 20, 6,  6,  3,  3};
    static const int rings[] = {0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0,
                                0, 1, 1, 0, 0, 2, 1, 0, 0, 0, 0, 0};
    for (size_t r = 0; r < sizeof names / sizeof *names; r++) {
        const ddmd_residue_kind *kind = ddmd_residue_kind_find(names[r]);
        char found[64][8], ends[2][8];
        int n = 0, bonds = 0, piece[64];
        for (const char *at = kind->bonds; ddmd_residue_bond_next(&at, ends[0], ends[1]); bonds++) {
            int index[2];
            for (int e = 0; e < 2; e++) {
                for (index[e] = 0; index[e] < n && strcmp(found[index[e]], ends[e]) != 0;)
                    index[e]++;
                if (index[e] == n) {
                    strcpy(found[n], ends[e]);
                    piece[n] = n;
                    n++;
                }
                assert_true(ddmd_residue_kind_has(kind, ends[e]));
            }
            int old = piece[index[0]];
            for (int i = 0; i < n; i++)
                if (piece[i] == old)
                    piece[i] = piece[index[1]];
        }
        if (n != atoms[r] || bonds != n - 1 + rings[r])
            fail_msg("%s: %d atoms, %d bonds", names[r], n, bonds);
        for (int i = 0; i < n; i++)
            assert_int_equal(piece[i], piece[0]);
    }
    assert_null(ddmd_residue_kind_find("LIG"));
    assert_true(ddmd_residue_is_protein("MSE") && !ddmd_residue_is_protein("HOH"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(residues_have_one_name),
        cmocka_unit_test(atoms_have_one_name),
        cmocka_unit_test(bonds_make_each_residue_one_piece),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
