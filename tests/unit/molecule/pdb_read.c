#include "ddmd/structure.h"
#include "support/cmocka.h"
#include "support/data.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

static ddmd_structure *parse(const char *text)
{
    ddmd_structure *structure = NULL;
    ddmd_error err = {0};
    ASSERT_OK(ddmd_structure_parse_pdb(text, strlen(text), "test.pdb", &structure, &err), &err);
    return structure;
}

static void assert_refused(const char *text, const char *message)
{
    ddmd_structure *structure = NULL;
    ddmd_error err = {0};
    assert_int_equal(ddmd_structure_parse_pdb(text, strlen(text), "test.pdb", &structure, &err),
                     DDMD_FORMAT);
    assert_null(structure);
    if (strncmp(err.message, message, strlen(message)) != 0)
        fail_msg("'%s' does not begin with '%s'", err.message, message);
}

static bool bonded(const ddmd_structure *s, int32_t i, int32_t j)
{
    for (int32_t b = 0; b < s->n_bonds; b++)
        if (s->bonds[b][0] == i && s->bonds[b][1] == j)
            return true;
    return false;
}

#define N1 "ATOM      1  N   ALA A   1      -1.000   2.500  13.125  0.50 12.25           N  \n"
#define CA1 "ATOM      2  CA  ALA A   1       0.458   2.500  13.125  1.00  0.00           C  \n"
#define C1 "ATOM      3  C   ALA A   1       1.000   3.900  13.125  1.00  0.00           C  \n"
#define N2 "ATOM      4  N   GLY A   2       2.300   4.000  13.125  1.00  0.00           N  \n"
#define CA2 "ATOM      5  CA  GLY A   2       3.000   5.200  13.125  1.00  0.00           C  \n"

static void atoms_residues_and_chains(void **state)
{
    (void)state;
    ddmd_structure *s = parse("HEADER    TEST\n" N1 CA1 C1 N2 CA2 "TER\n"
                              "HETATM    7 ZN    ZN A  -3B     10.000  10.000  10.000\r\n"
                              "ATOM      8  O   HOH     1      20.000  10.000  10.000\n");
    assert_int_equal(s->n_atoms, 7);
    assert_int_equal(s->n_residues, 4);
    assert_int_equal(s->n_chains, 3);
    assert_int_equal(s->n_models, 1);
    assert_false(s->has_box);
    assert_string_equal(s->source, "test.pdb");
    assert_string_equal(s->atoms[1].name, "CA");
    assert_string_equal(s->atoms[1].element, "C");
    assert_string_equal(s->atoms[5].element, "Zn");
    assert_string_equal(s->atoms[6].element, "O");
    assert_true(s->atoms[5].hetero && !s->atoms[6].hetero);
    assert_int_equal(s->atoms[0].line, 2);
    assert_true(s->atoms[0].occupancy == 0.5F && s->atoms[0].b_factor == 12.25F);
    assert_true(s->atoms[5].occupancy == 1.0F && s->atoms[5].b_factor == 0.0F);
    assert_true(s->positions[0] == -1.0 * 0.1 && s->positions[2] == 13.125 * 0.1);
    assert_int_equal(s->residues[1].first_atom, 3);
    assert_int_equal(s->residues[1].n_atoms, 2);
    assert_int_equal(s->residues[2].number, -3);
    assert_int_equal(s->residues[2].insertion_code, 'B');
    assert_int_equal(s->residues[0].insertion_code, ' ');
    assert_string_equal(s->chains[0].id, "A");
    assert_string_equal(s->chains[1].id, "A");
    assert_string_equal(s->chains[2].id, "");
    assert_int_equal(s->chains[1].first_residue, 2);
    assert_int_equal(s->n_bonds, 4);
    assert_true(bonded(s, 0, 1) && bonded(s, 1, 2) && bonded(s, 2, 3) && bonded(s, 3, 4));
    ddmd_structure_destroy(&s);
    assert_null(s);
    ddmd_structure_destroy(&s);
}

static void first_alternate_location_is_kept(void **state)
{
    (void)state;
    ddmd_structure *s =
        parse("ATOM      1  CA ASER A   1       1.000   0.000   0.000\n"
              "ATOM      2  CA BSER A   1       2.000   0.000   0.000\n"
              "ATOM      3  OG BSER A   1       3.000   0.000   0.000\n"
              "ATOM      4  OG ASER A   1       4.000   0.000   0.000\n"
              "ATOM      5  CB CTHR A   1       5.000   0.000   0.000\n" /* a point mutation */
              "ATOM      6  CA  SER A   1A      6.000   0.000   0.000\n"
              "CONECT    2    3\nCONECT    1    3\n");
    assert_int_equal(s->n_atoms, 3);
    assert_int_equal(s->n_residues, 2);
    assert_true(s->positions[0] == 1.0 * 0.1 && s->positions[3] == 3.0 * 0.1);
    assert_int_equal(s->atoms[2].residue, 1);
    assert_int_equal(s->n_bonds, 1); /* atom 2 was left out */
    assert_true(bonded(s, 0, 1));
    ddmd_structure_destroy(&s);
}

static void models_share_their_atoms(void **state)
{
    (void)state;
    ddmd_structure *s = parse("MODEL        1\n" N1 CA1 "ENDMDL\nMODEL        2\n" N1
                              "ATOM      2  CA  ALA A   1       7.000   8.000   9.000\n"
                              "TER\nENDMDL\nEND\n");
    assert_int_equal(s->n_models, 2);
    assert_int_equal(s->n_atoms, 2);
    assert_int_equal(s->n_chains, 1);
    assert_true(s->positions[9] == 7.0 * 0.1 && s->positions[11] == 9.0 * 0.1);

    double other[6] = {1, 2, 3, 4, 5, 6};
    ddmd_structure *copy = NULL;
    ddmd_error err = {0};
    ASSERT_OK(ddmd_structure_copy(s, other, &copy, &err), &err);
    ddmd_structure_destroy(&s);
    assert_int_equal(copy->n_models, 1);
    assert_int_equal(copy->n_bonds, 1);
    assert_true(copy->positions[5] == 6);
    assert_string_equal(copy->source, "test.pdb");
    assert_string_equal(copy->atoms[1].name, "CA");
    assert_string_equal(copy->residues[0].name, "ALA");
    ddmd_structure_destroy(&copy);

    s = parse(N1 CA1 "END\n" N1 CA1 "END\n" N1 CA1); /* frames as VMD writes them */
    assert_int_equal(s->n_models, 3);
    ddmd_structure_destroy(&s);
}

#define SG(serial, name, number, x)                    \
    "ATOM  " serial "  SG  " name " A" number "    " x \
    "   0.000   0.000  1.00  0.00           S  \n"

static void disulfides_come_from_distance(void **state)
{
    (void)state;
    ddmd_structure *s =
        parse(SG("    1", "CYS", "   1", "   0.000") SG("    2", "CYX", "   2", "   2.050")
                  SG("    3", "CYS", "   3", "   4.000") SG("    4", "CYS", "   4", "   7.050"));
    assert_int_equal(s->n_bonds, 1); /* the nearest; each has one; 3.05 angstrom are too far */
    assert_true(bonded(s, 0, 1));
    assert_string_equal(s->residues[1].name, "CYS");
    ddmd_structure_destroy(&s);

    s = parse(
        SG("    1", "CYS", "   1",
           "   0.000") "ATOM      2  HG  CYS A   1       0.000   1.300   0.000\n" SG("    3", "CYS",
                                                                                     "   2",
                                                                                     "   2.050"));
    assert_int_equal(s->n_bonds, 1);
    assert_true(bonded(s, 0, 1)); /* SG-HG */
    ddmd_structure_destroy(&s);
}

static void conect_bonds_the_rest(void **state)
{
    (void)state;
    ddmd_structure *s =
        parse("HETATM99999  C1  LIG A   1       0.000   0.000   0.000\n"
              "HETATMA0000  H   LIG A   1       1.000   0.000   0.000\n"
              "HETATMA0001  H   LIG A   1      -1.000   0.000   0.000\n"
              "HETATM  200 ZN    ZN A   2       5.000   0.000   0.000\n"
              "ATOM    201  NE2 HIS A   3       7.000   0.000   0.000\n"
              "CONECT99999A0000A0001\nCONECTA000099999\nCONECT  200  201\nCONECT  200  999\n");
    assert_int_equal(s->n_atoms, 5); /* a ligand's atoms may share names */
    assert_int_equal(s->n_bonds, 2); /* no bond between zinc and histidine */
    assert_true(bonded(s, 0, 1) && bonded(s, 0, 2));
    assert_string_equal(s->atoms[3].element, "Zn");
    ddmd_structure_destroy(&s);

    s = parse("HETATM    1  C   LIG A   1       0.000   0.000   0.000\n"
              "HETATM    2  N   LIG A   2       1.300   0.000   0.000\n"
              "ATOM      3  N   ALA A   3       2.300   0.000   0.000\n");
    assert_int_equal(s->n_bonds, 0); /* nothing is known of LIG */
    ddmd_structure_destroy(&s);
}

static void names_stay_apart(void **state)
{
    (void)state;
    ddmd_structure *s = parse("ATOM      1  H   ALA A   1       0.000   0.000   0.000\n"
                              "ATOM      2  H1  ALA A   1       1.300   0.000   0.000\n"
                              "ATOM      3  HT2 ALA A   1       2.300   0.000   0.000\n");
    assert_string_equal(s->atoms[0].name, "H");
    assert_string_equal(s->atoms[1].name, "H1"); /* would be H, which is taken */
    assert_string_equal(s->atoms[2].name, "H2");
    ddmd_structure_destroy(&s);

    /* Waters that share their number. */
    s = parse("ATOM      1  OW  SOL W   1       0.000   0.000   0.000\n"
              "ATOM      2  HW1 SOL W   1       1.000   0.000   0.000\n"
              "ATOM      3  OW  SOL W   1       0.000   3.000   0.000\n"
              "ATOM      4  HW1 SOL W   1       1.000   3.000   0.000\n");
    assert_int_equal(s->n_residues, 2);
    assert_int_equal(s->n_bonds, 2);
    ddmd_structure_destroy(&s);
}

static void numbers_may_run_out_of_columns(void **state)
{
    (void)state;
    ddmd_structure *s =
        parse("ATOM  *****  OW  SOL W9999       0.000   0.000   0.000\n"
              "ATOM  *****  HW1 SOL W9999       1.000   0.000   0.000\n"
              "ATOM  *****  HW2 SOL W9999      -1.000   0.000   0.000\n"
              "ATOM  *****  OW  SOL WA000       0.000   3.000   0.000\n" /* hybrid-36 */
              "ATOM  *****  OW  SOL Wa000       0.000   6.000   0.000\n"
              "ATOM  *****  OW  SOL W****       0.000   9.000   0.000\n"
              "ATOM  *****  HW1 SOL W****       1.000   9.000   0.000\n"
              "ATOM  *****  OW  SOL W****       0.000  12.000   0.000\n"
              "ATOM  *****  OW  SOL W   0       0.000  15.000   0.000\n"
              "ATOM  100000 OW  SOL W   1       0.000  18.000   0.000\n");
    const int32_t numbers[] = {9999, 10000, 10000 + 26 * 36 * 36 * 36, 0, 0, 0, 1};
    assert_int_equal(s->n_residues, 7);
    for (int r = 0; r < 7; r++)
        if (numbers[r])
            assert_int_equal(s->residues[r].number, numbers[r]);
    assert_int_equal(s->residues[3].n_atoms, 2);
    assert_int_equal(s->residues[3].number, s->residues[2].number + 1);
    assert_int_equal(s->n_bonds, 3);
    ddmd_structure_destroy(&s);

    s = parse("ATOM      1  CA  ALA A9999       0.000   0.000   0.000\n" /* VMD: hexadecimal */
              "ATOM      2  CA  ALA A271a       0.000   3.000   0.000\n"
              "ATOM      3  CA  ALA A2720       0.000   6.000   0.000\n");
    assert_int_equal(s->residues[0].number, 9999);
    assert_int_equal(s->residues[1].number, 10010);
    assert_int_equal(s->residues[2].number, 10016);
    ddmd_structure_destroy(&s);
}

static void elements_are_guessed(void **state)
{
    (void)state;
    static const struct {
        const char *line, *element;
    } cases[] = {
        {"ATOM      1  CA  ALA A   1       0.000   0.000   0.000", "C"},
        {"HETATM    1 CA    CA A   1       0.000   0.000   0.000", "Ca"},
        {"ATOM      1 HG11 VAL A   1       0.000   0.000   0.000", "H"},
        {"ATOM      1 1HB  ALA A   1       0.000   0.000   0.000", "H"},
        {"HETATM    1 CL   LIG A   1       0.000   0.000   0.000\n"
         "HETATM    2  C1  LIG A   1       0.000   0.000   0.000",
         "Cl"},
        {"HETATM    1 FE   HEM A   1       0.000   0.000   0.000\n"
         "HETATM    2  NA  HEM A   1       0.000   0.000   0.000",
         "Fe"},
        {"HETATM    1  NA  HEM A   1       0.000   0.000   0.000\n"
         "HETATM    2 FE   HEM A   1       0.000   0.000   0.000",
         "N"},
        {"ATOM      1  SOD SOD A   1       0.000   0.000   0.000", "Na"},
        {"ATOM      1  CLA CLA A   1       0.000   0.000   0.000", "Cl"},
        {"ATOM      1  K   K   A   1       0.000   0.000   0.000", "K"},
        {"ATOM      1  X1  LIG A   1       0.000   0.000   0.000", ""},
        {"ATOM      1  CA  ALA A   1       0.000   0.000   0.000  1.00  0.00          ZN", "Zn"},
        {"ATOM      1  CA  ALA A   1       0.000   0.000   0.000  1.00  0.00          ??", "C"},
        {"ATOM      1  M   HOH A   1       0.000   0.000   0.000  1.00  0.00          EP", ""},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        ddmd_structure *s = parse(cases[i].line);
        if (strcmp(s->atoms[0].element, cases[i].element) != 0)
            fail_msg("%s: '%s', not '%s'", cases[i].line, s->atoms[0].element, cases[i].element);
        ddmd_structure_destroy(&s);
    }
}

static void unit_cells_are_reduced(void **state)
{
    (void)state;
    ddmd_structure *s =
        parse("CRYST1   30.000   40.000   50.000  90.00  90.00  90.00 P 1           1\n" N1);
    assert_true(s->has_box);
    for (int i = 0; i < 3; i++)
        for (int k = 0; k < 3; k++)
            assert_float_equal(s->box[i][k], i == k ? 3 + i : 0, 1e-12);
    ddmd_structure_destroy(&s);

    /* Components are at most half of the diagonal above them; the volume stays. */
    static const struct {
        const char *text;
        double volume;
    } skewed[] = {
        {"CRYST1   30.000   30.000   30.000  70.53 109.47  70.53\n" N1, 27 * 0.7698351463889},
        {"CRYST1   10.000   30.000   40.000  60.00  60.00  20.00\n" N1, 12 * 0.2946592758314},
        {"CRYST1   20.000   15.000   40.000  20.00  80.00  80.00\n" N1, 12 * 0.3366612517841},
    };
    for (size_t c = 0; c < sizeof skewed / sizeof *skewed; c++) {
        s = parse(skewed[c].text);
        for (int i = 0; i < 3; i++)
            for (int k = 0; k < i; k++)
                assert_true(2 * fabs(s->box[i][k]) <= s->box[k][k] * (1 + 1e-12));
        assert_float_equal(s->box[0][0] * s->box[1][1] * s->box[2][2], skewed[c].volume, 1e-12);
        ddmd_structure_destroy(&s);
    }

    /* What NMR entries and programs without a box write. */
    s = parse("CRYST1    1.000    1.000    1.000  90.00  90.00  90.00 P 1           1\n" N1);
    assert_false(s->has_box);
    ddmd_structure_destroy(&s);
    s = parse("CRYST1    0.000    0.000    0.000  90.00  90.00  90.00 P 1           1\n" N1);
    assert_false(s->has_box);
    ddmd_structure_destroy(&s);
}

static void mistakes_are_named_with_their_line(void **state)
{
    (void)state;
    assert_refused("", "test.pdb:1: expected ATOM or HETATM records");
    assert_refused("data_1ABC\nloop_\n", "test.pdb:2: expected ATOM or HETATM records, found none "
                                         "(this is mmCIF");
    assert_refused(N1 "ATOM      2  CA  ALA A   1       0.458   2.5",
                   "test.pdb:2: expected coordinates in columns 31 to 54, but the line ends at "
                   "column 44");
    assert_refused(N1 "ATOM      2  CA  ALA A   1       0.458   2.x00  13.125\n",
                   "test.pdb:2: expected the y coordinate in columns 39 to 46, found '2.x00'");
    assert_refused(N1 "ATOM      2  CA  ALA A   1       0.458     nan  13.125\n",
                   "test.pdb:2: expected the y coordinate");
    assert_refused(N1 "ATOM      2  CA  ALA A   1                2.500  13.125\n",
                   "test.pdb:2: expected the x coordinate in columns 31 to 38, found ''");
    assert_refused("ATOM      2  CA  ALA A  x1       0.458   2.500  13.125\n",
                   "test.pdb:1: expected the number of a residue in columns 23 to 26, found 'x1'");
    assert_refused("ATOM      2      ALA A   1       0.458   2.500  13.125\n",
                   "test.pdb:1: expected the name of an atom in columns 13 to 16, found none");
    assert_refused("ATOM      2  CA      A   1       0.458   2.500  13.125\n",
                   "test.pdb:1: expected the name of a residue");
    assert_refused(
        "ATOM      2  C\t  ALA A   1       0.458   2.500  13.125\n",
        "test.pdb:1: expected the name of an atom in columns 13 to 16, found characters");
    assert_refused(N1 CA1 N1, "test.pdb:3: expected one atom N in residue ALA 1, found another "
                              "(the first is on line 1)");
    assert_refused("MODEL        1\nENDMDL\n", "test.pdb:2: expected atoms in model 1");
    assert_refused("MODEL        1\n" N1 CA1 "ENDMDL\nMODEL        2\n" N1 "ENDMDL\n",
                   "test.pdb:7: expected the 2 atoms of model 1 in model 2, found 1");
    assert_refused("MODEL        1\n" N1 "ENDMDL\nMODEL        2\n" N1 CA1 "ENDMDL\n",
                   "test.pdb:6: expected no more atoms in model 2: model 1 has 1");
    assert_refused("MODEL        1\n" N1 CA1 "ENDMDL\nMODEL        2\n" N1 C1 "ENDMDL\n",
                   "test.pdb:7: expected the atom ' CA  ALA A   1 ' of model 1 (line 3)");
    assert_refused("CRYST1   30.000   40.000   50.000  90.00  90.00\n" N1,
                   "test.pdb:1: expected three lengths and three angles");
    assert_refused("CRYST1   30.000   40.000   50.000  10.00  90.00 170.00\n" N1,
                   "test.pdb:1: expected a unit cell with a volume");
    assert_refused(N1 "CONECT    1  x2\n",
                   "test.pdb:2: expected the serial number of an atom in columns 12 to 16");

    ddmd_structure *structure = NULL;
    ddmd_error err = {0};
    assert_int_equal(ddmd_structure_read_pdb("/no/such/file.pdb", &structure, &err), DDMD_IO);
    assert_non_null(strstr(err.message, "/no/such/file.pdb"));
    assert_null(structure);
}

/* What OpenMM 7.7 finds in these files. */
static void files_are_read_as_openmm_reads_them(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        int32_t atoms, residues, chains, bonds, models;
    } files[] = {
        {"structures/bba/1FME-folded.pdb", 504, 28, 1, 508, 34},
        {"structures/bba/1FME-unfolded.pdb", 504, 28, 1, 508, 1},
        {"structures/cln025/ref.pdb", 166, 10, 1, 171, 1},
        {"structures/fs_peptide/fs-peptide.pdb", 264, 23, 1, 263, 1},
        {"structures/plpro/6w9c.pdb", 7392, 931, 3, 7570, 1},
        {"structures/villin/1yrf.pdb", 654, 97, 2, 599, 1},
        {"structures/villin/villin_solvated.pdb", 8867, 2798, 1, 6111, 1},
        {"structures/trpcage/1l2y-model1.pdb", 304, 20, 1, 310, 1},
        {"structures/ntl9/unfolded.pdb", 627, 39, 1, 630, 1},
        {"prepared/plpro_6w9c_A.pdb", 4920, 313, 1, 4980, 1},
        {"prepared/villin_1yrf.pdb", 582, 35, 1, 589, 1},
        {"amber/T4L99A_pxylene_implicit/complex.pdb", 2621, 163, 1, 2641, 1},
        {"amber/ala2_explicit/alanine-dipeptide.pdb", 2269, 752, 1, 1519, 1},
        {"trajectories/ala2/ala2.pdb", 22, 3, 1, 21, 1},
    };
    for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
        const char *path = test_data(files[i].name);
        ddmd_structure *s = NULL;
        ddmd_error err = {0};
        if (!path)
            skip();
        ASSERT_OK(ddmd_structure_read_pdb(path, &s, &err), &err);
        if (s->n_atoms != files[i].atoms || s->n_residues != files[i].residues ||
            s->n_chains != files[i].chains || s->n_bonds != files[i].bonds ||
            s->n_models != files[i].models)
            fail_msg("%s: %d atoms, %d residues, %d chains, %d bonds, %d models", path, s->n_atoms,
                     s->n_residues, s->n_chains, s->n_bonds, s->n_models);
        for (int32_t a = 0; a < s->n_atoms; a++)
            assert_true(*s->atoms[a].element);
        ddmd_structure_destroy(&s);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(atoms_residues_and_chains),
        cmocka_unit_test(first_alternate_location_is_kept),
        cmocka_unit_test(models_share_their_atoms),
        cmocka_unit_test(disulfides_come_from_distance),
        cmocka_unit_test(conect_bonds_the_rest),
        cmocka_unit_test(names_stay_apart),
        cmocka_unit_test(numbers_may_run_out_of_columns),
        cmocka_unit_test(elements_are_guessed),
        cmocka_unit_test(unit_cells_are_reduced),
        cmocka_unit_test(mistakes_are_named_with_their_line),
        cmocka_unit_test(files_are_read_as_openmm_reads_them),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
