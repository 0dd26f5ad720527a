/* Reading force-field XML: what is refused, with which words. */
#include "molecule/force_field_data.h"
#include "support/cmocka.h"
#include "toy_molecule.h"

#include "core/text.h"

#include <stdlib.h>
#include <string.h>

#define TYPES                                                    \
    "<AtomTypes>\n"                                              \
    "<Type name=\"c\" class=\"C\" element=\"C\" mass=\"12\"/>\n" \
    "<Type name=\"h\" class=\"H\" element=\"H\" mass=\"1\"/>\n"  \
    "</AtomTypes>\n"

static void test_whole_file(void **state)
{
    (void)state;
    ddmd_force_field *ff = toy_force_field(
        "<?xml version=\"1.0\"?>\n<ForceField>\n<Info><Source>a "
        "<b>paper</b></Source></Info>\n" TYPES
        "<Residues><Residue name=\"A\"><Atom name=\"C1\" type=\"c\"/><Atom name=\"H1\" type=\"h\"/>"
        "<Atom name=\"H2\" type=\"h\"/><Bond from=\"0\" to=\"1\"/>"
        "<Bond atomName1=\"C1\" atomName2=\"H2\"/><ExternalBond from=\"0\"/>"
        "<ExternalBond atomName=\"H2\"/></Residue></Residues>"
        "<HarmonicBondForce><Bond class1=\"C\" type2=\"h\" length=\"0.1\" k=\"1e3\"/>"
        "<Bond class1=\"C\" class2=\"unknown\" length=\"0.1\" k=\"1\"/></HarmonicBondForce>"
        "<HarmonicAngleForce><Angle class1=\"H\" class2=\"C\" class3=\"\" angle=\"2\" k=\"3\"/>"
        "</HarmonicAngleForce>"
        "<PeriodicTorsionForce ordering=\"amber\">"
        "<Proper class1=\"\" class2=\"C\" class3=\"C\" type4=\"\" periodicity1=\"2\" phase1=\"0\""
        " k1=\"1\" periodicity2=\"3\" phase2=\"0.5\" k2=\"-1\"/>"
        "<Improper class1=\"C\" class2=\"C\" class3=\"C\" class4=\"H\" periodicity1=\"2\""
        " phase1=\"3.14\" k1=\"1\"/></PeriodicTorsionForce>"
        "<NonbondedForce coulomb14scale=\"0.5\" lj14scale=\"0.25\">"
        "<Atom class=\"C\" sigma=\"0.3\" epsilon=\"0.4\"/>"
        "<Atom type=\"h\" sigma=\"0.1\" epsilon=\"0\"/>"
        "<UseAttributeFromResidue name=\"charge\"/></NonbondedForce>"
        "<GBSAOBCForce><Atom type=\"c\" charge=\"0\" radius=\"0.2\" scale=\"0.8\"/></GBSAOBCForce>"
        "</ForceField>");
    assert_int_equal(ff->n_types, 2);
    assert_int_equal(ff->n_templates, 1);
    const ddmd_ff_template *t = &ff->templates[0];
    assert_int_equal(t->n_atoms, 3);
    assert_int_equal(t->atoms[0].n_bonded, 2);
    assert_int_equal(t->bonded[t->atoms[0].first_bonded], 1);
    assert_int_equal(t->bonded[t->atoms[0].first_bonded + 1], 2);
    assert_int_equal(t->atoms[0].n_external, 1);
    assert_int_equal(t->atoms[2].n_external, 1);
    assert_int_equal(ff->n_bonds, 1); /* the unknown class is left out */
    assert_true(ff->bonds[0].k == 1000);
    assert_int_equal(ff->angles[0].slot[2].kind, DDMD_FF_ANY);
    assert_int_equal(ff->n_propers, 1);
    assert_true(ff->propers[0].has_wildcard);
    assert_int_equal(ff->propers[0].n_terms, 2);
    assert_true(ff->impropers[0].amber_ordering && !ff->impropers[0].has_wildcard);
    assert_true(ff->particle_of_type[DDMD_FF_NONBONDED][0]->values.value[DDMD_FF_SIGMA] == 0.3);
    assert_true(ff->particle_of_type[DDMD_FF_NONBONDED][1]->from_residue == 1U << DDMD_FF_CHARGE);
    assert_null(ff->particle_of_type[DDMD_FF_GBSA][1]);
    assert_true(ff->coulomb14_scale == 0.5 && ff->lj14_scale == 0.25);
    ddmd_force_field_destroy(&ff);
    assert_null(ff);
    ddmd_force_field_destroy(&ff);
}

static void test_later_parameters_win(void **state)
{
    (void)state;
    ddmd_force_field *ff = toy_force_field(
        "<ForceField>" TYPES "<NonbondedForce coulomb14scale=\"1\" lj14scale=\"1\">"
        "<Atom type=\"c\" charge=\"1\" sigma=\"1\" epsilon=\"1\"/>"
        "<Atom class=\"\" charge=\"2\" sigma=\"1\" epsilon=\"1\"/>"
        "<Atom class=\"H\" charge=\"3\" sigma=\"1\" epsilon=\"1\"/></NonbondedForce></ForceField>");
    assert_true(ff->particle_of_type[DDMD_FF_NONBONDED][0]->values.value[DDMD_FF_CHARGE] == 2);
    assert_true(ff->particle_of_type[DDMD_FF_NONBONDED][1]->values.value[DDMD_FF_CHARGE] == 3);
    ddmd_force_field_destroy(&ff);
}

static void test_override(void **state)
{
    (void)state;
#define RESIDUE(level, atom) \
    "<Residue name=\"A\" override=\"" level "\"><Atom name=\"" atom "\" type=\"c\"/></Residue>"
    ddmd_force_field *ff = toy_force_field("<ForceField>" TYPES "<Residues>" RESIDUE(
        "0", "X") RESIDUE("2", "Y") RESIDUE("1", "Z") "</Residues></ForceField>");
    assert_int_equal(ff->n_templates, 1);
    assert_string_equal(ddmd_ff_name(ff, ff->templates[0].atoms[0].name), "Y");
    ddmd_force_field_destroy(&ff);
    assert_refused("<ForceField>" TYPES "<Residues>\n" RESIDUE("1", "X") "\n" RESIDUE(
                       "1", "Y") "</Residues></ForceField>",
                   DDMD_FORMAT, "toy.xml:7: residue A was defined before (toy.xml:6)");
#undef RESIDUE
}

static void test_not_xml(void **state)
{
    (void)state;
    assert_refused("", DDMD_FORMAT, "toy.xml:1: the XML is not well formed");
    assert_refused("<ForceField>\n<AtomTypes>\n</ForceField>", DDMD_FORMAT,
                   "toy.xml:3: the XML is not well formed");
    assert_refused("<ForceField>", DDMD_FORMAT, "toy.xml:1: the XML is not well formed");
    assert_refused("ATOM      1  N   ALA", DDMD_FORMAT, "toy.xml:1: the XML is not well formed");
    assert_refused("<ForceField>&unknown;</ForceField>", DDMD_FORMAT, "toy.xml:1: the XML");
    assert_refused("\n<Residues/>", DDMD_FORMAT,
                   "toy.xml:2: expected <ForceField>, found <Residues>");
}

/* Neither entities nor other files: a document type ends the parse. */
static void test_document_type(void **state)
{
    (void)state;
    assert_refused("<?xml version=\"1.0\"?>\n<!DOCTYPE a [<!ENTITY b \"bb\">"
                   "<!ENTITY c \"&b;&b;&b;\">]>\n<ForceField a=\"&c;\"/>",
                   DDMD_FORMAT, "toy.xml:2: a <!DOCTYPE> is not accepted here");
    assert_refused("<!DOCTYPE a SYSTEM \"file:///etc/passwd\">\n<ForceField/>", DDMD_FORMAT,
                   "toy.xml:1: a <!DOCTYPE> is not accepted here");
}

static void test_depth_is_bounded(void **state)
{
    (void)state;
    ddmd_error err = {0};
    ddmd_text text = {0};
    ddmd_force_field *ff = NULL;
    ddmd_text_add(&text, "<ForceField><Info>");
    for (int i = 0; i < 100000; i++)
        ddmd_text_add(&text, "<a>");
    assert_int_equal(ddmd_force_field_parse(text.bytes, text.length, "deep.xml", &ff, &err),
                     DDMD_FORMAT);
    assert_says(err.message, "deep.xml:1: the XML is not well formed");
    ddmd_text_clear(&text);
}

static void test_unsupported(void **state)
{
    (void)state;
    assert_refused("<ForceField>" TYPES
                   "<Residues><Residue name=\"A\"><Atom name=\"X\" type=\"c\"/>"
                   "<AllowPatch name=\"N\"/><AllowPatch name=\"C\"/></Residue></Residues>\n"
                   "<Patches/>\n"
                   "<CMAPTorsionForce/></ForceField>",
                   DDMD_UNSUPPORTED,
                   "toy.xml: not supported: AllowPatch (line 5), Patches (line 6), "
                   "CMAPTorsionForce (line 7); choose another force field");
    assert_refused("<ForceField>\n<Script>\nimport openmm\n</Script></ForceField>",
                   DDMD_UNSUPPORTED,
                   "toy.xml: not supported: Script (line 2); for implicit solvent use a file with "
                   "GBSAOBCForce, such as amber99_obc.xml");
    assert_refused("<ForceField><PeriodicTorsionForce ordering=\"charmm\"/></ForceField>",
                   DDMD_UNSUPPORTED, "toy.xml:1: impropers of ordering \"charmm\"");
    assert_refused("<ForceField><NonbondedForce coulomb14scale=\"1\" lj14scale=\"1\">"
                   "<NBFixPair/></NonbondedForce></ForceField>",
                   DDMD_UNSUPPORTED, "toy.xml: not supported: NBFixPair (line 1)");
    assert_refused("<ForceField><Include file=\"other.xml\"/></ForceField>", DDMD_UNSUPPORTED,
                   "toy.xml:1: <Include> works in files only");
}

#define FORCE_FIELD(text) "<ForceField>" TYPES text "</ForceField>"
#define IN_RESIDUE(text)                                                             \
    FORCE_FIELD("<Residues><Residue name=\"A\"><Atom name=\"X\" type=\"c\"/>\n" text \
                "</Residue></Residues>")
#define TORSION(text)                                                                   \
    FORCE_FIELD("<PeriodicTorsionForce><Proper class1=\"C\" class2=\"C\" class3=\"C\" " \
                "class4=\"C\" " text "/></PeriodicTorsionForce>")
#define NONBONDED(text)                                                          \
    FORCE_FIELD("<NonbondedForce coulomb14scale=\"0.5\" lj14scale=\"0.5\">" text \
                "</NonbondedForce>")

static void test_mistakes(void **state)
{
    (void)state;
    static const struct {
        const char *xml, *message;
    } cases[] = {
        {"<ForceField><AtomTypes><Type name=\"c\" class=\"C\"/></AtomTypes></ForceField>",
         "toy.xml:1: <Type> has no attribute \"mass\""},
        {"<ForceField><AtomTypes>\n<Type name=\"c\" class=\"C\" mass=\"12u\"/></AtomTypes>"
         "</ForceField>",
         "toy.xml:2: attribute \"mass\" of <Type>: expected a number, found \"12u\""},
        {"<ForceField><AtomTypes><Type name=\"c\" class=\"C\" mass=\"nan\"/></AtomTypes>"
         "</ForceField>",
         "toy.xml:1: attribute \"mass\" of <Type>: expected a number"},
        {"<ForceField><AtomTypes><Type name=\"c\" class=\"C\" mass=\"1\" element=\"Xx\"/>"
         "</AtomTypes></ForceField>",
         "toy.xml:1: expected a chemical element, found \"Xx\""},
        {FORCE_FIELD(TYPES), "toy.xml:6: atom type c was defined before (toy.xml:2)"},
        {IN_RESIDUE("<Atom name=\"X\" type=\"c\"/>"), "toy.xml:6: residue A has two atoms X"},
        {IN_RESIDUE("<Atom name=\"Y\" type=\"n\"/>"),
         "toy.xml:6: atom Y of residue A has the type n, which no file defines"},
        {IN_RESIDUE("<Bond atomName1=\"X\" atomName2=\"Y\"/>"),
         "toy.xml:6: residue A has no atom Y"},
        {IN_RESIDUE("<Bond from=\"0\" to=\"1\"/>"), "toy.xml:6: residue A has no atom number 1"},
        {IN_RESIDUE("<Bond from=\"0\" to=\"0\"/>"), "toy.xml:6: a bond of an atom with itself"},
        {IN_RESIDUE("<Bond from=\"-1\" to=\"0\"/>"),
         "toy.xml:6: a bond with an atom of negative number"},
        {IN_RESIDUE("<ExternalBond from=\"4294967296\"/>"),
         "toy.xml:6: attribute \"from\" of <ExternalBond>: expected an integer"},
        {IN_RESIDUE("<ExternalBond/>"), "toy.xml:6: <ExternalBond> has no attribute \"from\""},
        {FORCE_FIELD("<Residues><Residue name=\"A\"/></Residues>"),
         "toy.xml:5: residue A has no atoms"},
        {FORCE_FIELD("<HarmonicBondForce><Bond class1=\"C\" length=\"1\" k=\"1\"/>"
                     "</HarmonicBondForce>"),
         "toy.xml:5: <Bond> needs one of the attributes \"class2\" and \"type2\""},
        {FORCE_FIELD("<HarmonicBondForce><Bond class1=\"C\" type1=\"c\" class2=\"C\" length=\"1\" "
                     "k=\"1\"/></HarmonicBondForce>"),
         "toy.xml:5: <Bond> needs one of the attributes \"class1\" and \"type1\""},
        {TORSION(""), "toy.xml:5: <Proper> has no attribute \"phase1\""},
        {TORSION("phase1=\"0\" k1=\"1\""), "toy.xml:5: <Proper> has no attribute \"periodicity1\""},
        {TORSION("phase1=\"0\" k1=\"1\" periodicity1=\"0\""),
         "toy.xml:5: periodicity1 is 0, expected 1 or more"},
        {TORSION("phase1=\"0\" k1=\"1\" periodicity1=\"1.5\""),
         "toy.xml:5: attribute \"periodicity1\" of <Proper>: expected an integer, found \"1.5\""},
        {FORCE_FIELD("<NonbondedForce lj14scale=\"1\"/>"),
         "toy.xml:5: <NonbondedForce> has no attribute \"coulomb14scale\""},
        {NONBONDED("</NonbondedForce><NonbondedForce coulomb14scale=\"0.5\" lj14scale=\"0.6\">"),
         "toy.xml:5: lj14scale is 0.6, but 0.5 in a file before"},
        {NONBONDED("<Atom type=\"c\" charge=\"0\" sigma=\"1\"/>"),
         "toy.xml:5: <Atom> has no attribute \"epsilon\""},
        {NONBONDED("<Atom type=\"c\" charge=\"0\" sigma=\"1\" epsilon=\"1\"/>"
                   "<UseAttributeFromResidue name=\"charge\"/>"),
         "toy.xml:5: attribute \"charge\" is given here and by <UseAttributeFromResidue>"},
        {NONBONDED("<UseAttributeFromResidue name=\"radius\"/>"),
         "toy.xml:5: the force has no attribute \"radius\""},
        {FORCE_FIELD("<GBSAOBCForce solventDielectric=\"0\"/>"),
         "toy.xml:5: a dielectric constant must be positive"},
    };
    for (size_t c = 0; c < sizeof cases / sizeof cases[0]; c++)
        assert_refused(cases[c].xml, DDMD_FORMAT, cases[c].message);
}

static void test_too_many_bonds(void **state)
{
    (void)state;
    ddmd_error err = {0};
    ddmd_text text = {0};
    ddmd_force_field *ff = NULL;
    ddmd_text_add(&text, "<ForceField>" TYPES "<Residues><Residue name=\"A\">");
    ddmd_text_add(&text, "<Atom name=\"X\" type=\"c\"/>");
    for (int i = 0; i <= DDMD_FF_MAX_VALENCE; i++)
        ddmd_text_add(&text, "<ExternalBond from=\"0\"/>");
    ddmd_text_add(&text, "</Residue></Residues></ForceField>");
    assert_int_equal(ddmd_force_field_parse(text.bytes, text.length, "toy.xml", &ff, &err),
                     DDMD_FORMAT);
    assert_string_equal(err.message, "toy.xml:5: atom X of residue A has more than 16 bonds");
    ddmd_text_clear(&text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_whole_file),     cmocka_unit_test(test_later_parameters_win),
        cmocka_unit_test(test_override),       cmocka_unit_test(test_not_xml),
        cmocka_unit_test(test_document_type),  cmocka_unit_test(test_depth_is_bounded),
        cmocka_unit_test(test_unsupported),    cmocka_unit_test(test_mistakes),
        cmocka_unit_test(test_too_many_bonds),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
