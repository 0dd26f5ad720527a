/* Which terms a system gets, from which of several definitions, in which order of atoms. */
#include "support/cmocka.h"
#include "toy_molecule.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

/*
 *   O1        H4
 *     \      /
 *      X - C2        X is bonded to three, so is C2
 *     /      \
 *   H3        H5
 */
static const toy_atom atoms[] = {{"X", "C", 0},  {"O1", "O", 0}, {"C2", "C", 0},
                                 {"H3", "H", 0}, {"H4", "H", 0}, {"H5", "H", 0}};
static const int bonds[][2] = {{0, 1}, {0, 2}, {0, 3}, {2, 4}, {2, 5}};
static const char *const names[] = {"MOL"};

#define TYPES                                                             \
    "<AtomTypes><Type name=\"x\" class=\"X\" element=\"C\" mass=\"12\"/>" \
    "<Type name=\"o\" class=\"O\" element=\"O\" mass=\"16\"/>"            \
    "<Type name=\"c\" class=\"C\" element=\"C\" mass=\"12\"/>"            \
    "<Type name=\"h\" class=\"H\" element=\"H\" mass=\"1\"/></AtomTypes>"
#define RESIDUE                                                                                   \
    "<Residues><Residue name=\"MOL\"><Atom name=\"X\" type=\"x\" charge=\"0.5\"/>"                \
    "<Atom name=\"O1\" type=\"o\" charge=\"-0.5\"/><Atom name=\"C2\" type=\"c\" charge=\"0.2\"/>" \
    "<Atom name=\"H3\" type=\"h\" charge=\"0.1\"/><Atom name=\"H4\" type=\"h\" charge=\"-0.1\"/>" \
    "<Atom name=\"H5\" type=\"h\" charge=\"-0.1\"/>"                                              \
    "<Bond from=\"0\" to=\"1\"/><Bond from=\"0\" to=\"2\"/><Bond from=\"0\" to=\"3\"/>"           \
    "<Bond from=\"2\" to=\"4\"/><Bond from=\"2\" to=\"5\"/></Residue></Residues>"
#define BONDS                                                                      \
    "<HarmonicBondForce><Bond class1=\"O\" class2=\"X\" length=\"0.12\" k=\"1\"/>" \
    "<Bond class1=\"\" class2=\"H\" length=\"0.1\" k=\"2\"/>"                      \
    "<Bond class1=\"X\" class2=\"H\" length=\"0.11\" k=\"3\"/>"                    \
    "<Bond type1=\"x\" type2=\"c\" length=\"0.15\" k=\"0\"/></HarmonicBondForce>"
#define FORCE_FIELD(text) "<ForceField>" TYPES RESIDUE BONDS text "</ForceField>"

static ddmd_system *create(const char *xml, ddmd_system_options options)
{
    ddmd_structure *structure = toy_structure(atoms, 6, names, 1, bonds, 5);
    ddmd_force_field *ff = toy_force_field(xml);
    ddmd_system *system = toy_system(structure, ff, options);
    ddmd_force_field_destroy(&ff);
    ddmd_structure_destroy(&structure);
    return system;
}

/* The first bond that fits counts, also where it is the vaguer; one of k = 0 is left out. */
static void test_bonds(void **state)
{
    (void)state;
    ddmd_system *s = create(FORCE_FIELD(""), (ddmd_system_options){0});
    static const ddmd_bond expected[] = {
        {0, 1, 0.12, 1}, {0, 3, 0.1, 2}, {2, 4, 0.1, 2}, {2, 5, 0.1, 2}};
    assert_int_equal(s->n_bonds, 4);
    assert_memory_equal(s->bonds, expected, sizeof expected);
    assert_int_equal(s->n_constraints, 0);
    assert_false(s->has_nonbonded || s->has_gbsa);
    assert_string_equal(s->name, "toy.pdb");
    assert_int_equal(ddmd_system_degrees_of_freedom(s), 18);
    ddmd_system_destroy(&s);
    assert_null(s);
    ddmd_system_destroy(&s);
}

static void test_constraints(void **state)
{
    (void)state;
    ddmd_system *s = create(FORCE_FIELD("<HarmonicAngleForce><Angle class1=\"H\" class2=\"C\" "
                                        "class3=\"H\" angle=\"2\" k=\"1\"/></HarmonicAngleForce>"),
                            (ddmd_system_options){.constrain_hydrogen_bonds = true});
    assert_int_equal(s->n_bonds, 1);
    assert_int_equal(s->n_constraints, 3);
    assert_int_equal(s->constraints[0].i, 0);
    assert_int_equal(s->constraints[0].j, 3);
    assert_true(s->constraints[0].length_nm == 0.1);
    assert_int_equal(s->n_angles, 1); /* angles stay */
    assert_int_equal(ddmd_system_degrees_of_freedom(s), 15);
    ddmd_system_destroy(&s);
}

static void test_hydrogen_mass(void **state)
{
    (void)state;
    ddmd_system *s = create(FORCE_FIELD(""), (ddmd_system_options){.hydrogen_mass_amu = 3});
    static const double expected[] = {10, 16, 8, 3, 3, 3};
    assert_memory_equal(s->masses, expected, sizeof expected);
    ddmd_system_destroy(&s);
}

static void test_options(void **state)
{
    (void)state;
    static const ddmd_system_options wrong[] = {
        {.hydrogen_mass_amu = 0.5}, {.hydrogen_mass_amu = 4.5}, {.hydrogen_mass_amu = NAN},
        {.cutoff_nm = -1},          {.cutoff_nm = INFINITY},    {.cutoff_nm = NAN}};
    ddmd_error err = {0};
    ddmd_structure *structure = toy_structure(atoms, 6, names, 1, bonds, 5);
    ddmd_force_field *ff = toy_force_field(FORCE_FIELD(""));
    ddmd_system *system = NULL;
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        assert_int_equal(ddmd_system_create(structure, ff, &wrong[i], &system, &err), DDMD_CONFIG);
        assert_null(system);
    }
    ddmd_force_field_destroy(&ff);
    ddmd_structure_destroy(&structure);
}

static void test_missing_bond(void **state)
{
    (void)state;
    ddmd_error err = {0};
    ddmd_structure *structure = toy_structure(atoms, 6, names, 1, bonds, 5);
    ddmd_force_field *ff = toy_force_field(
        "<ForceField>" TYPES RESIDUE "<HarmonicBondForce><Bond class1=\"X\" class2=\"C\" "
        "length=\"0.1\" k=\"1\"/></HarmonicBondForce></ForceField>");
    ddmd_system *system = NULL;
    assert_int_equal(ddmd_system_create(structure, ff, &(ddmd_system_options){0}, &system, &err),
                     DDMD_CONFIG);
    assert_string_equal(err.message, "residue 1 MOL of chain A (toy.pdb:1): the force field has no "
                                     "bond for atoms X (type x) and O1 (type o)");
    ddmd_force_field_destroy(&ff);
    ddmd_structure_destroy(&structure);
}

static void test_angles(void **state)
{
    (void)state;
    ddmd_system *s =
        create(FORCE_FIELD("<HarmonicAngleForce>"
                           "<Angle class1=\"H\" class2=\"X\" class3=\"\" angle=\"2\" k=\"1\"/>"
                           "<Angle class1=\"O\" class2=\"X\" class3=\"H\" angle=\"2.1\" k=\"2\"/>"
                           "<Angle class1=\"H\" class2=\"C\" class3=\"H\" angle=\"2.2\" k=\"0\"/>"
                           "<Angle type1=\"h\" class2=\"C\" class3=\"X\" angle=\"2.3\" k=\"4\"/>"
                           "</HarmonicAngleForce>"),
               (ddmd_system_options){0});
    static const ddmd_angle expected[] = {
        {0, 2, 4, 2.3, 4}, {0, 2, 5, 2.3, 4}, {1, 0, 3, 2, 1}, {2, 0, 3, 2, 1}};
    assert_int_equal(s->n_angles, 4);
    for (int a = 0; a < 4; a++)
        assert_memory_equal(&s->angles[a], &expected[a], sizeof expected[a]);
    ddmd_system_destroy(&s);
}

#define TORSIONS(ordering, text) \
    FORCE_FIELD("<PeriodicTorsionForce" ordering ">" text "</PeriodicTorsionForce>")
#define PROPER(a, b, c, d, k)                                                \
    "<Proper class1=\"" a "\" class2=\"" b "\" class3=\"" c "\" class4=\"" d \
    "\" periodicity1=\"2\" phase1=\"0\" k1=\"" k "\"/>"
#define IMPROPER(a, b, c, d, k)                                                \
    "<Improper class1=\"" a "\" class2=\"" b "\" class3=\"" c "\" class4=\"" d \
    "\" periodicity1=\"2\" phase1=\"3\" k1=\"" k "\"/>"

/* The first without wildcards, wherever it stands; else the first with. */
static void test_propers(void **state)
{
    (void)state;
    ddmd_system *s =
        create(TORSIONS("", PROPER("", "X", "C", "", "1") PROPER("", "C", "X", "", "2")
                                PROPER("H", "C", "X", "O", "3") PROPER("O", "X", "C", "H", "4")),
               (ddmd_system_options){0});
    static const int expected[][5] = {
        {1, 0, 2, 4, 3}, {1, 0, 2, 5, 3}, {3, 0, 2, 4, 1}, {3, 0, 2, 5, 1}};
    assert_int_equal(s->n_torsions, 4);
    for (int t = 0; t < 4; t++) {
        assert_int_equal(s->torsions[t].i, expected[t][0]);
        assert_int_equal(s->torsions[t].j, expected[t][1]);
        assert_int_equal(s->torsions[t].k, expected[t][2]);
        assert_int_equal(s->torsions[t].l, expected[t][3]);
        assert_true(s->torsions[t].force_constant == expected[t][4]);
        assert_int_equal(s->torsions[t].periodicity, 2);
    }
    ddmd_system_destroy(&s);
}

static void test_terms_of_a_torsion(void **state)
{
    (void)state;
    ddmd_system *s = create(
        TORSIONS("",
                 "<Proper class1=\"O\" class2=\"X\" class3=\"C\" class4=\"H\" periodicity1=\"1\" "
                 "phase1=\"0.1\" k1=\"1\" periodicity2=\"2\" phase2=\"0.2\" k2=\"0\" "
                 "periodicity3=\"3\" phase3=\"0.3\" k3=\"-3\"/>"),
        (ddmd_system_options){0});
    assert_int_equal(s->n_torsions, 4);
    assert_int_equal(s->torsions[1].periodicity, 3);
    assert_true(s->torsions[1].phase_rad == 0.3 && s->torsions[1].force_constant == -3);
    ddmd_system_destroy(&s);
}

static void assert_improper(const char *xml, int i, int j, int k, int l, double constant)
{
    ddmd_system *s = create(xml, (ddmd_system_options){0});
    assert_int_equal(s->n_torsions, 1);
    const ddmd_torsion *t = &s->torsions[0];
    if (t->i != i || t->j != j || t->k != k || t->l != l || t->force_constant != constant)
        fail_msg("%d %d %d %d (k %g) in place of %d %d %d %d (k %g)", t->i, t->j, t->k, t->l,
                 t->force_constant, i, j, k, l, constant);
    ddmd_system_destroy(&s);
}

static void test_impropers(void **state)
{
    (void)state;
    /* Of the first two, carbon stands first; LEaP's order follows the template. */
    assert_improper(TORSIONS("", IMPROPER("X", "", "", "H", "1")), 2, 1, 0, 3, 1);
    assert_improper(TORSIONS(" ordering=\"amber\"", IMPROPER("X", "", "", "H", "1")), 1, 2, 0, 3,
                    1);
    assert_improper(TORSIONS(" ordering=\"default\"", IMPROPER("X", "", "", "C", "1")), 1, 3, 0, 2,
                    1);
    /* Without wildcards, LEaP's order is that of the definition. */
    assert_improper(TORSIONS(" ordering=\"amber\"", IMPROPER("X", "C", "O", "H", "1")), 2, 1, 0, 3,
                    1);
    /* Two hydrogens of one type: sorted. */
    assert_improper(TORSIONS(" ordering=\"amber\"", IMPROPER("C", "H", "X", "H", "1")), 4, 0, 2, 5,
                    1);
    /* The last without wildcards counts, else the first with. */
    assert_improper(TORSIONS("", IMPROPER("X", "O", "C", "H", "1") IMPROPER("X", "H", "O", "C", "2")
                                     IMPROPER("X", "", "", "H", "3")),
                    1, 3, 0, 2, 2);
    assert_improper(TORSIONS("", IMPROPER("X", "", "", "H", "1") IMPROPER("X", "", "O", "H", "2")),
                    2, 1, 0, 3, 1);
}

#define NONBONDED(text)                                                      \
    FORCE_FIELD("<NonbondedForce coulomb14scale=\"0.5\" lj14scale=\"0.25\">" \
                "<UseAttributeFromResidue name=\"charge\"/>" text "</NonbondedForce>")

static void test_exceptions(void **state)
{
    (void)state;
    ddmd_system *s = create(NONBONDED("<Atom class=\"\" sigma=\"0.3\" epsilon=\"1\"/>"
                                      "<Atom class=\"H\" sigma=\"0.1\" epsilon=\"4\"/>"),
                            (ddmd_system_options){.cutoff_nm = 1});
    assert_true(s->has_nonbonded);
    assert_true(s->cutoff_nm == 1);
    assert_true(s->charges[1] == -0.5 && s->charges[4] == -0.1);
    assert_int_equal(s->n_exceptions, 15);
    int n_scaled = 0;
    for (int e = 0; e < 15; e++) {
        const ddmd_exception *x = &s->exceptions[e];
        assert_true(x->i < x->j);
        if (e)
            assert_true(x->i > x[-1].i || (x->i == x[-1].i && x->j > x[-1].j));
        bool scaled = (x->i == 1 || x->i == 3) && x->j >= 4;
        n_scaled += scaled;
        assert_near(x->charge_product, scaled ? 0.5 * s->charges[x->i] * s->charges[x->j] : 0,
                    1e-16);
        assert_near(x->sigma_nm, scaled ? (s->sigma_nm[x->i] + 0.1) / 2 : 0, 1e-16);
        assert_near(x->epsilon, scaled ? 0.25 * sqrt(s->epsilon[x->i] * 4) : 0, 1e-16);
    }
    assert_int_equal(n_scaled, 4);
    ddmd_system_destroy(&s);
}

static void test_missing_parameters(void **state)
{
    (void)state;
    ddmd_error err = {0};
    ddmd_structure *structure = toy_structure(atoms, 6, names, 1, bonds, 5);
    ddmd_force_field *ff =
        toy_force_field(NONBONDED("<Atom class=\"X\" sigma=\"1\" epsilon=\"1\"/>"));
    ddmd_system *system = NULL;
    assert_int_equal(ddmd_system_create(structure, ff, &(ddmd_system_options){0}, &system, &err),
                     DDMD_CONFIG);
    assert_string_equal(err.message,
                        "residue 1 MOL of chain A (toy.pdb:1): atom O1 has the type o, "
                        "for which NonbondedForce has no parameters");
    ddmd_force_field_destroy(&ff);

    ff = toy_force_field(FORCE_FIELD("<GBSAOBCForce><UseAttributeFromResidue name=\"scale\"/>"
                                     "<Atom class=\"\" charge=\"1\" radius=\"0.1\"/>"
                                     "</GBSAOBCForce>"));
    assert_int_equal(ddmd_system_create(structure, ff, &(ddmd_system_options){0}, &system, &err),
                     DDMD_CONFIG);
    assert_string_equal(err.message, "residue 1 MOL of chain A (toy.pdb:1): atom X has no scale in "
                                     "the force field");
    ddmd_force_field_destroy(&ff);

    ff = toy_force_field(FORCE_FIELD("<GBSAOBCForce><Atom class=\"\" charge=\"1\" "
                                     "radius=\"0.009\" scale=\"1\"/></GBSAOBCForce>"));
    assert_int_equal(ddmd_system_create(structure, ff, &(ddmd_system_options){0}, &system, &err),
                     DDMD_CONFIG);
    assert_says(err.message, "a GB radius of 0.009 nm");
    assert_null(system);
    ddmd_force_field_destroy(&ff);
    ddmd_structure_destroy(&structure);
}

static void test_gbsa(void **state)
{
    (void)state;
    ddmd_system *s = create(FORCE_FIELD("<GBSAOBCForce solventDielectric=\"80\">"
                                        "<UseAttributeFromResidue name=\"charge\"/>"
                                        "<Atom class=\"\" radius=\"0.15\" scale=\"0.8\"/>"
                                        "</GBSAOBCForce>"),
                            (ddmd_system_options){0});
    assert_true(s->has_gbsa && !s->has_nonbonded);
    assert_true(s->gb_charges[0] == 0.5 && s->gb_radius_nm[0] == 0.15 && s->gb_scale[0] == 0.8);
    assert_true(s->gb_alpha == 1 && s->gb_beta == 0.8 && s->gb_gamma == 4.85);
    assert_true(s->solute_dielectric == 1 && s->solvent_dielectric == 80);
    ddmd_system_destroy(&s);
}

/* Water is rigid where bonds of hydrogens are, and keeps its masses. */
static void test_water(void **state)
{
    (void)state;
    static const toy_atom water[] = {{"O", "O", 0}, {"H1", "H", 0}, {"H2", "H", 0}};
    static const int inside[][2] = {{0, 1}, {0, 2}};
    static const char *const name[] = {"HOH"};
#define WATER(rigid)                                                                              \
    "<ForceField>" TYPES "<Residues><Residue name=\"HOH\"" rigid "><Atom name=\"O\" type=\"o\"/>" \
    "<Atom name=\"H1\" type=\"h\"/><Atom name=\"H2\" type=\"h\"/><Bond from=\"0\" to=\"1\"/>"     \
    "<Bond from=\"0\" to=\"2\"/></Residue></Residues><HarmonicBondForce><Bond class1=\"O\" "      \
    "class2=\"H\" length=\"0.1\" k=\"9\"/></HarmonicBondForce><HarmonicAngleForce>"               \
    "<Angle class1=\"H\" class2=\"O\" class3=\"H\" angle=\"1.5707963267948966\" k=\"5\"/>"        \
    "</HarmonicAngleForce></ForceField>"
    ddmd_system_options options = {.constrain_hydrogen_bonds = true, .hydrogen_mass_amu = 4};
    ddmd_structure *structure = toy_structure(water, 3, name, 1, inside, 2);
    ddmd_force_field *ff = toy_force_field(WATER(""));
    ddmd_system *s = toy_system(structure, ff, options);
    assert_int_equal(s->n_constraints, 3);
    assert_int_equal(s->n_angles, 0);
    assert_int_equal(s->constraints[2].i, 1);
    assert_int_equal(s->constraints[2].j, 2);
    assert_near(s->constraints[2].length_nm, 0.1 * sqrt(2), 1e-15);
    assert_true(s->masses[1] == 1);
    ddmd_system_destroy(&s);
    s = toy_system(structure, ff, (ddmd_system_options){0});
    assert_int_equal(s->n_constraints, 0);
    assert_int_equal(s->n_angles, 1);
    assert_int_equal(s->n_bonds, 2);
    ddmd_system_destroy(&s);
    ddmd_force_field_destroy(&ff);

    ff = toy_force_field(WATER(" rigidWater=\"false\""));
    s = toy_system(structure, ff, options);
    assert_int_equal(s->n_constraints, 2);
    assert_int_equal(s->n_angles, 1);
    ddmd_system_destroy(&s);
    ddmd_force_field_destroy(&ff);
    ddmd_structure_destroy(&structure);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_bonds),
        cmocka_unit_test(test_constraints),
        cmocka_unit_test(test_hydrogen_mass),
        cmocka_unit_test(test_options),
        cmocka_unit_test(test_missing_bond),
        cmocka_unit_test(test_angles),
        cmocka_unit_test(test_propers),
        cmocka_unit_test(test_terms_of_a_torsion),
        cmocka_unit_test(test_impropers),
        cmocka_unit_test(test_exceptions),
        cmocka_unit_test(test_missing_parameters),
        cmocka_unit_test(test_gbsa),
        cmocka_unit_test(test_water),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
