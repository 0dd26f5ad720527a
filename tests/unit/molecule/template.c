/* Matching residues to templates, and what is said where none fits. */
#include "molecule/template_match.h"
#include "support/cmocka.h"
#include "toy_molecule.h"

#include <stdio.h>

/* A chain of CH2 groups, closed by a hydrogen in front and an OH behind. */
static const char *const chain_xml =
    "<ForceField><AtomTypes><Type name=\"c\" class=\"C\" element=\"C\" mass=\"12\"/><Type "
    "name=\"cn\" class=\"C\" element=\"C\" mass=\"12\"/><Type name=\"h\" class=\"H\" element=\"H\" "
    "mass=\"1\"/><Type name=\"o\" class=\"O\" element=\"O\" mass=\"16\"/><Type name=\"ho\" "
    "class=\"H\" element=\"H\" mass=\"1\"/></AtomTypes><Residues><Residue name=\"MID\"><Atom "
    "name=\"C1\" type=\"c\"/><Atom name=\"H1\" type=\"h\"/><Atom name=\"H2\" type=\"h\"/><Bond "
    "from=\"0\" to=\"1\"/><Bond from=\"0\" to=\"2\"/><ExternalBond from=\"0\"/><ExternalBond "
    "from=\"0\"/></Residue><Residue name=\"NMID\"><Atom name=\"C1\" type=\"cn\"/><Atom name=\"H1\" "
    "type=\"h\"/><Atom name=\"H2\" type=\"h\"/><Atom name=\"H3\" type=\"h\"/><Bond from=\"0\" "
    "to=\"1\"/><Bond from=\"0\" to=\"2\"/><Bond from=\"0\" to=\"3\"/><ExternalBond "
    "from=\"0\"/></Residue><Residue name=\"CMID\"><Atom name=\"HO\" type=\"ho\"/><Atom name=\"O1\" "
    "type=\"o\"/><Atom name=\"C1\" type=\"c\"/><Atom name=\"H1\" type=\"h\"/><Atom name=\"H2\" "
    "type=\"h\"/><Bond from=\"0\" to=\"1\"/><Bond from=\"1\" to=\"2\"/><Bond from=\"2\" "
    "to=\"3\"/><Bond from=\"2\" to=\"4\"/><ExternalBond "
    "from=\"2\"/></Residue></Residues></ForceField>";

static const char *const names[] = {"MID", "MID", "MID"};

/* CH3 - CH2 - CH2OH; names of the last residue are not those of the template. */
static const toy_atom atoms[] = {
    {"C1", "C", 0}, {"H1", "H", 0}, {"H2", "H", 0}, {"H3", "H", 0}, {"C1", "C", 1}, {"H1", "H", 1},
    {"H2", "H", 1}, {"CZ", "C", 2}, {"HA", "H", 2}, {"HB", "H", 2}, {"OZ", "O", 2}, {"HC", "H", 2},
};
static const int bonds[][2] = {{0, 1}, {0, 2}, {0, 3}, {0, 4},  {4, 5},  {4, 6},
                               {4, 7}, {7, 8}, {7, 9}, {7, 10}, {10, 11}};
enum { N_ATOMS = sizeof atoms / sizeof atoms[0], N_BONDS = sizeof bonds / sizeof bonds[0] };

/* The chain without the atom `gone` and its bonds, and with an atom `more` bonded to atom `at`. */
static ddmd_structure *changed_chain(int gone, const toy_atom *more, int at)
{
    toy_atom a[N_ATOMS + 1];
    int b[N_BONDS + 1][2], n_atoms = 0, n_bonds = 0, number[N_ATOMS];
    for (int i = 0; i < N_ATOMS; i++) {
        number[i] = n_atoms;
        if (i != gone)
            a[n_atoms++] = atoms[i];
    }
    for (int k = 0; k < N_BONDS; k++)
        if (bonds[k][0] != gone && bonds[k][1] != gone) {
            b[n_bonds][0] = number[bonds[k][0]];
            b[n_bonds++][1] = number[bonds[k][1]];
        }
    if (more) {
        b[n_bonds][0] = number[at];
        b[n_bonds++][1] = n_atoms;
        a[n_atoms++] = *more;
    }
    return toy_structure(a, n_atoms, names, 3, b, n_bonds);
}

static void assert_not_matched(ddmd_structure *structure, const char *message)
{
    ddmd_error err = {0};
    ddmd_force_field *ff = toy_force_field(chain_xml);
    ddmd_typing typing = {0};
    assert_int_equal(ddmd_typing_build(structure, ff, &typing, &err), DDMD_CONFIG);
    assert_string_equal(err.message, message);
    assert_null(typing.types);
    ddmd_force_field_destroy(&ff);
    ddmd_structure_destroy(&structure);
}

static void test_variants_by_graph(void **state)
{
    (void)state;
    ddmd_error err = {0};
    ddmd_force_field *ff = toy_force_field(chain_xml);
    ddmd_structure *s = changed_chain(-1, NULL, 0);
    ddmd_typing typing = {0};
    ASSERT_OK(ddmd_typing_build(s, ff, &typing, &err), &err);
    static const char *const templates[] = {"NMID", "MID", "CMID"};
    for (int r = 0; r < 3; r++)
        assert_string_equal(ddmd_ff_name(ff, ff->templates[typing.templates[r]].name),
                            templates[r]);
    static const char *const types[] = {"cn", "h", "h", "h", "c", "h",
                                        "h",  "c", "h", "h", "o", "ho"};
    for (int i = 0; i < N_ATOMS; i++)
        assert_string_equal(ddmd_ff_name(ff, ff->types[typing.types[i]].name), types[i]);
    ddmd_typing_clear(&typing);
    ddmd_structure_destroy(&s);
    ddmd_force_field_destroy(&ff);
}

static void test_missing_atom(void **state)
{
    (void)state;
    assert_not_matched(changed_chain(6, NULL, 0),
                       "residue 2 MID of chain A (toy.pdb:5): 1 hydrogen is missing (H2), compared "
                       "with MID of the force field");
    /* Without its neighbour, residue 2 is wrong as well. */
    assert_not_matched(
        changed_chain(0, NULL, 0),
        "residue 1 MID of chain A (toy.pdb:1): 1 atom is missing (C1), compared with NMID (the "
        "start of a chain) of the force field; 1 more residue does not fit either");
}

static void test_extra_atom(void **state)
{
    (void)state;
    static const char *const standard[] = {"C1", "H1", "H2", "O1", "HO"};
    static const toy_atom hydrogen = {"HX", "H", 2};
    ddmd_structure *s = changed_chain(-1, &hydrogen, 10);
    for (int i = 0; i < 5; i++)
        snprintf(s->atoms[7 + i].name, sizeof s->atoms->name, "%s", standard[i]);
    assert_not_matched(s, "residue 3 MID of chain A (toy.pdb:8): 1 hydrogen is too many (HX), "
                          "compared with CMID (the end of a chain) of the force field");
}

/* Names that the template does not have: only elements can be compared. */
static void test_other_names(void **state)
{
    (void)state;
    static const toy_atom hydrogen = {"HX", "H", 2};
    assert_not_matched(changed_chain(-1, &hydrogen, 10),
                       "residue 3 MID of chain A (toy.pdb:8): 1 hydrogen is too many, compared "
                       "with CMID (the end of a chain) of the force field");
}

static void test_other_bonds(void **state)
{
    (void)state;
    static const toy_atom two[] = {{"C1", "C", 0}, {"H1", "H", 0}, {"H2", "H", 0}};
    static const int inside[][2] = {{0, 1}, {0, 2}};
    assert_not_matched(toy_structure(two, 3, names, 1, inside, 2),
                       "residue 1 MID of chain A (toy.pdb:1): atom C1 is bonded to 0 atoms of "
                       "other residues, not 2; perhaps a residue or a terminal group is missing "
                       "beside it, compared with MID of the force field");
}

static void test_unknown_residue(void **state)
{
    (void)state;
    static const toy_atom ligand[] = {{"P1", "P", 0}, {"O1", "O", 0}, {"F1", "F", 0}};
    static const char *const name[] = {"LIG"};
    static const int inside[][2] = {{0, 1}, {0, 2}};
    assert_not_matched(toy_structure(ligand, 3, name, 1, inside, 2),
                       "residue 1 LIG of chain A (toy.pdb:1): the force field (toy.xml) has no "
                       "residue LIG, and none with such atoms and bonds; leave it out of the file "
                       "or add a force-field file that has it");
}

static void test_no_hydrogens(void **state)
{
    (void)state;
    static const toy_atom bare[] = {{"C1", "C", 0}, {"C1", "C", 1}, {"C1", "C", 2}};
    static const int between[][2] = {{0, 1}, {1, 2}};
    assert_not_matched(toy_structure(bare, 3, names, 3, between, 2),
                       "residue 1 MID of chain A (toy.pdb:1): 3 hydrogens are missing (H1, H2, "
                       "H3), compared with NMID (the start of a chain) of the force field; the "
                       "file has no hydrogens: add them first, for example with PDBFixer or "
                       "OpenMM's Modeller.addHydrogens; 2 more residues do not fit either");
}

/* The unknown residue is named, not the one beside it that lacks the bond to it. */
static void test_neighbor_of_unknown(void **state)
{
    (void)state;
    static const char *const with_unknown[] = {"MID", "UNK", "MID"};
    static const int apart[][2] = {{0, 1}, {0, 2}, {0, 3},  {4, 5},  {4, 6},
                                   {7, 8}, {7, 9}, {7, 10}, {10, 11}};
    assert_not_matched(
        toy_structure(atoms, N_ATOMS, with_unknown, 3, apart, 9),
        "residue 2 UNK of chain A (toy.pdb:5): the force field (toy.xml) has no "
        "residue UNK, and none with such atoms and bonds (the nearest is MID); leave "
        "it out of the file or add a force-field file that has it; 2 more residues "
        "do not fit either");
}

/* Hydrogens of other names at the right place are not the trouble. */
static void test_misnamed_hydrogens(void **state)
{
    (void)state;
    ddmd_structure *s = changed_chain(3, NULL, 0);
    snprintf(s->atoms[1].name, sizeof s->atoms->name, "HX");
    assert_not_matched(s, "residue 1 MID of chain A (toy.pdb:1): 1 hydrogen is missing (H3), "
                          "compared with NMID (the start of a chain) of the force field");
}

#define CH2(name, type)                                                                       \
    "<Residue name=\"" name "\"><Atom name=\"C\" type=\"" type "\"/>"                         \
    "<Atom name=\"H1\" type=\"h\"/><Atom name=\"H2\" type=\"h\"/><Bond from=\"0\" to=\"1\"/>" \
    "<Bond from=\"0\" to=\"2\"/></Residue>"
#define TYPES                                                             \
    "<AtomTypes><Type name=\"a\" class=\"C\" element=\"C\" mass=\"12\"/>" \
    "<Type name=\"b\" class=\"C\" element=\"C\" mass=\"12\"/>"            \
    "<Type name=\"h\" class=\"H\" element=\"H\" mass=\"1\"/></AtomTypes>"

/* Several templates may fit if they say the same. */
static void test_ambiguous(void **state)
{
    (void)state;
    static const toy_atom methylene[] = {{"C", "C", 0}, {"H1", "H", 0}, {"H2", "H", 0}};
    static const int inside[][2] = {{0, 1}, {0, 2}};
    ddmd_error err = {0};
    ddmd_typing typing = {0};
    ddmd_structure *s = toy_structure(methylene, 3, names, 1, inside, 2);
    ddmd_force_field *ff = toy_force_field("<ForceField>" TYPES "<Residues>" CH2("R1", "a")
                                               CH2("R2", "a") "</Residues></ForceField>");
    ASSERT_OK(ddmd_typing_build(s, ff, &typing, &err), &err);
    assert_int_equal(typing.templates[0], 0);
    ddmd_typing_clear(&typing);
    ddmd_force_field_destroy(&ff);

    ff = toy_force_field("<ForceField>" TYPES "<Residues>" CH2("R1", "a")
                             CH2("R2", "b") "</Residues></ForceField>");
    assert_int_equal(ddmd_typing_build(s, ff, &typing, &err), DDMD_CONFIG);
    assert_string_equal(err.message, "residue 1 MID of chain A (toy.pdb:1): both R1 and R2 of the "
                                     "force field fit, and they differ");
    ddmd_force_field_destroy(&ff);
    ddmd_structure_destroy(&s);
}

/* Two rings of three differ from one of six, though every atom has two bonds. */
static void test_same_valences_other_graph(void **state)
{
    (void)state;
    static const toy_atom six[] = {{"A", "C", 0}, {"B", "C", 0}, {"C", "C", 0},
                                   {"D", "C", 0}, {"E", "C", 0}, {"F", "C", 0}};
    static const int ring[][2] = {{0, 1}, {0, 5}, {1, 2}, {2, 3}, {3, 4}, {4, 5}};
    static const int pair[][2] = {{0, 1}, {0, 2}, {1, 2}, {3, 4}, {3, 5}, {4, 5}};
    static const char *const name[] = {"HEX"};
    ddmd_error err = {0};
    ddmd_typing typing = {0};
    ddmd_force_field *ff = toy_force_field(
        "<ForceField>" TYPES
        "<Residues><Residue name=\"HEX\"><Atom name=\"A\" type=\"a\"/><Atom name=\"B\" "
        "type=\"a\"/><Atom name=\"C\" type=\"a\"/><Atom name=\"D\" type=\"a\"/><Atom name=\"E\" "
        "type=\"a\"/><Atom name=\"F\" type=\"a\"/><Bond from=\"0\" to=\"1\"/><Bond from=\"1\" "
        "to=\"2\"/><Bond from=\"2\" to=\"3\"/><Bond from=\"3\" to=\"4\"/><Bond from=\"4\" "
        "to=\"5\"/><Bond from=\"5\" to=\"0\"/></Residue></Residues></ForceField>");
    ddmd_structure *s = toy_structure(six, 6, name, 1, ring, 6);
    ASSERT_OK(ddmd_typing_build(s, ff, &typing, &err), &err);
    ddmd_typing_clear(&typing);
    ddmd_structure_destroy(&s);
    s = toy_structure(six, 6, name, 1, pair, 6);
    assert_int_equal(ddmd_typing_build(s, ff, &typing, &err), DDMD_CONFIG);
    assert_string_equal(err.message,
                        "residue 1 HEX of chain A (toy.pdb:1): the atoms are the same, but they "
                        "are bonded in another way, compared with HEX of the force field");
    ddmd_structure_destroy(&s);
    ddmd_force_field_destroy(&ff);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_variants_by_graph),
        cmocka_unit_test(test_missing_atom),
        cmocka_unit_test(test_extra_atom),
        cmocka_unit_test(test_other_names),
        cmocka_unit_test(test_other_bonds),
        cmocka_unit_test(test_unknown_residue),
        cmocka_unit_test(test_neighbor_of_unknown),
        cmocka_unit_test(test_misnamed_hydrogens),
        cmocka_unit_test(test_no_hydrogens),
        cmocka_unit_test(test_ambiguous),
        cmocka_unit_test(test_same_valences_other_graph),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
