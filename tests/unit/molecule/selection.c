#include "ddmd/structure.h"
#include "support/cmocka.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Atoms 0-4 of ALA -1, 5-8 of GLY 2 and 9-11 of HIS 5 in chain A, 12-14 of water 1 in chain W, 15
 * of an ion. */
static const char text[] = "ATOM      1  N   ALA A  -1       0.000   0.000   0.000\n"
                           "ATOM      2  CA  ALA A  -1       0.000   0.000   0.000\n"
                           "ATOM      3  CB  ALA A  -1       0.000   0.000   0.000\n"
                           "ATOM      4  HB1 ALA A  -1       0.000   0.000   0.000\n"
                           "ATOM      5  HB2 ALA A  -1       0.000   0.000   0.000\n"
                           "ATOM      6  N   GLY A   2       0.000   0.000   0.000\n"
                           "ATOM      7  CA  GLY A   2       0.000   0.000   0.000\n"
                           "ATOM      8  C   GLY A   2       0.000   0.000   0.000\n"
                           "ATOM      9  O   GLY A   2       0.000   0.000   0.000\n"
                           "ATOM     10  CA  HSD A   5       0.000   0.000   0.000\n"
                           "ATOM     11  ND1 HSD A   5       0.000   0.000   0.000\n"
                           "ATOM     12  CB  HSD A   5       0.000   0.000   0.000\n"
                           "ATOM     13  OW  SOL W   1       0.000   0.000   0.000\n"
                           "ATOM     14  HW1 SOL W   1       0.000   0.000   0.000\n"
                           "ATOM     15  HW2 SOL W   1       0.000   0.000   0.000\n"
                           "HETATM   16 CL    CL X   9       0.000   0.000   0.000\n";

static int make(void **state)
{
    ddmd_structure *s = NULL;
    if (ddmd_structure_parse_pdb(text, strlen(text), "test.pdb", &s, NULL) != DDMD_OK)
        return -1;
    *state = s;
    return 0;
}

static int unmake(void **state)
{
    ddmd_structure *s = *state;
    ddmd_structure_destroy(&s);
    return 0;
}

static void assert_selects(const ddmd_structure *s, const char *expression, const char *expected)
{
    int32_t *indices = NULL;
    size_t n = 0;
    ddmd_error err = {0};
    ASSERT_OK(ddmd_structure_select(s, expression, &indices, &n, &err), &err);
    char list[256] = "";
    for (size_t i = 0; i < n; i++)
        snprintf(list + strlen(list), sizeof list - strlen(list), "%s%d", i ? " " : "", indices[i]);
    free(indices);
    if (strcmp(list, expected) != 0)
        fail_msg("'%s' selects %s, not %s", expression, list, expected);
}

static void words(void **state)
{
    assert_selects(*state, "all", "0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15");
    assert_selects(*state, "protein", "0 1 2 3 4 5 6 7 8 9 10 11");
    assert_selects(*state, "backbone", "0 1 5 6 7 8 9");
    assert_selects(*state, "name CA", "1 6 9");
    assert_selects(*state, "name CA CB", "1 2 6 9 11");
    assert_selects(*state, "name HB*", "3 4");
    assert_selects(*state, "name C*", "1 2 6 7 9 11 15");
    assert_selects(*state, "resname ALA CL", "0 1 2 3 4 15");
    assert_selects(*state, "resname HIS", "9 10 11");
    assert_selects(*state, "resname HSE", "9 10 11");
    assert_selects(*state, "resname WAT", "12 13 14");
    assert_selects(*state, "resid 2", "5 6 7 8");
    assert_selects(*state, "resid -1:2", "0 1 2 3 4 5 6 7 8 12 13 14");
    assert_selects(*state, "resid 9 5:7", "9 10 11 15");
    assert_selects(*state, "index 0 14:1000000000000", "0 14 15");
    assert_selects(*state, "chain W X", "12 13 14 15");
    assert_selects(*state, "element Cl O", "8 12 15");
    assert_selects(*state, "element CL", "15");
}

static void combinations(void **state)
{
    assert_selects(*state, "not protein", "12 13 14 15");
    assert_selects(*state, "name CA and resid 2", "6");
    assert_selects(*state, "name CA or resid 2", "1 5 6 7 8 9");
    /* `not` binds before `and`, which binds before `or`. */
    assert_selects(*state, "name CA or name CB and resid 5", "1 6 9 11");
    assert_selects(*state, "(name CA or name CB) and resid 5", "9 11");
    assert_selects(*state, "not name CA and resid 2", "5 7 8");
    assert_selects(*state, "not (name CA and resid 2) and chain A", "0 1 2 3 4 5 7 8 9 10 11");
    assert_selects(*state, "not not index 3", "3");
    assert_selects(*state, "none or(index 1)or index 2\t", "1 2");
    char long_one[2048] = "index 0";
    for (int i = 0; i < 100; i++)
        strcat(long_one, " or index 3 5");
    assert_selects(*state, long_one, "0 3 5");
    assert_selects(*state, "index 1 or index 2 or index 3 and index 3 and all", "1 2 3");
}

static void assert_refused(const ddmd_structure *s, const char *expression, const char *message)
{
    int32_t *indices = NULL;
    size_t n = 0;
    ddmd_error err = {0};
    assert_int_equal(ddmd_structure_select(s, expression, &indices, &n, &err), DDMD_CONFIG);
    assert_null(indices);
    assert_int_equal(n, 0);
    if (!strstr(err.message, message))
        fail_msg("'%s' does not have '%s'", err.message, message);
}

static void mistakes_are_named_with_their_column(void **state)
{
    assert_refused(*state, "", "column 1: expected a selection, found the end");
    assert_refused(*state, "name", "column 5: expected what 'name' should be, found the end");
    assert_refused(*state, "name and resid 2", "column 6: expected what 'name' should be");
    assert_refused(*state, "nmae CA", "column 1: 'nmae' is no selection: did you mean 'name'?");
    assert_refused(*state, "CA", "column 1: 'CA' is no selection (they are: all");
    assert_refused(*state, "(name CA", "column 9: expected ')' for the '(' in column 1");
    assert_refused(*state, "name CA)", "column 8: expected 'and', 'or' or the end, found ')'");
    assert_refused(*state, "all protein", "column 5: expected 'and', 'or' or the end");
    assert_refused(*state, "resid 2-5", "column 7: expected a number or a range like 3:5");
    assert_refused(*state, "resid 5:2", "column 7: the range '5:2' ends before it begins");
    assert_refused(*state, "resid :", "column 7: expected a number");
    assert_refused(*state, "name CA and", "column 12: expected a selection, found the end");
    assert_refused(*state, "name ABCDEFGHIJKLMNOPQRSTUVWXYZABCDEFGHIJ", "is too long a word");
    assert_refused(*state, "name XX", "none of the 16 atoms of test.pdb is selected");
    assert_refused(*state, "none", "none of the 16 atoms");

    char deep[1001];
    memset(deep, '(', 1000);
    deep[1000] = '\0';
    assert_refused(*state, deep, "more than 64 levels");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(words, make, unmake),
        cmocka_unit_test_setup_teardown(combinations, make, unmake),
        cmocka_unit_test_setup_teardown(mistakes_are_named_with_their_column, make, unmake),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
