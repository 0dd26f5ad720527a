#include "ddmd/structure.h"
#include "support/cmocka.h"

#include <string.h>

/* Glycine and water, with the atoms in two orders. */
#define ATOM(serial, name, residue) \
    "ATOM      " serial " " name " " residue "       1.000   2.000   3.000\n"
static const char text[] = ATOM("1", " N  ", "GLY A   1") ATOM("2", " CA ", "GLY A   1")
    ATOM("3", " C  ", "GLY A   1") ATOM("4", " O  ", "HOH W   7") ATOM("5", " H1 ", "HOH W   7");
static const char other_order[] = ATOM("1", " C  ", "GLY B   4") ATOM("2", " N  ", "GLY B   4")
    ATOM("3", " CA ", "GLY B   4") ATOM("4", " H1 ", "HOH B   5") ATOM("5", " O  ", "HOH B   5");

static enum ddmd_status match(const char *wanted, const char *given, int32_t *order,
                              ddmd_error *err)
{
    ddmd_structure *a = NULL, *b = NULL;
    ASSERT_OK(ddmd_structure_parse_pdb(wanted, strlen(wanted), "a.pdb", &a, err), err);
    ASSERT_OK(ddmd_structure_parse_pdb(given, strlen(given), "b.pdb", &b, err), err);
    enum ddmd_status status = ddmd_structure_match(a, b, order, err);
    ddmd_structure_destroy(&a);
    ddmd_structure_destroy(&b);
    return status;
}

static void atoms_may_come_in_any_order_within_their_residue(void **state)
{
    (void)state;
    static const int32_t expected[] = {1, 2, 0, 4, 3};
    int32_t order[5];
    ddmd_error err = {0};
    ASSERT_OK(match(text, other_order, order, &err), &err);
    assert_memory_equal(order, expected, sizeof expected);
}

static void another_molecule_is_refused_by_name(void **state)
{
    (void)state;
    static const struct {
        const char *given, *message;
    } cases[] = {
        {ATOM("1", " C  ", "GLY A   1"), "b.pdb has 1 residues, a.pdb has 2"},
        {ATOM("1", " C  ", "ALA A   1") ATOM("4", " O  ", "HOH W   7"),
         "residue 1 is ALA 1 in b.pdb, but GLY 1 in a.pdb"},
        {ATOM("1", " C  ", "GLY A   1") ATOM("4", " O  ", "HOH W   7"),
         "GLY 1 of b.pdb has no atom N, as a.pdb has"},
        {ATOM("1", " N  ", "GLY A   1") ATOM("2", " CA ", "GLY A   1")
             ATOM("3", " C  ", "GLY A   1") ATOM("4", " O  ", "GLY A   1")
                 ATOM("5", " O  ", "HOH W   7"),
         "GLY 1 of b.pdb has an atom O, a.pdb does not"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        int32_t order[5];
        ddmd_error err = {0};
        assert_int_equal(match(text, cases[i].given, order, &err), DDMD_CONFIG);
        assert_string_equal(err.message, cases[i].message);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(atoms_may_come_in_any_order_within_their_residue),
        cmocka_unit_test(another_molecule_is_refused_by_name),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
