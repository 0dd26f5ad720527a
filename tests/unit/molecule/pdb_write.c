#include "ddmd/structure.h"
#include "support/cmocka.h"
#include "support/data.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char text[] =
    "CRYST1   30.000   40.000   50.000  90.00  80.00  70.00 P 1           1 \n"
    "ATOM      1  N   CYS A9999     -10.000   2.500  13.125  0.50 12.25           N  \n"
    "ATOM      2  CA  CYS A9999       0.458   2.500  13.125  1.00  0.00           C  \n"
    "ATOM      3  C   CYS A9999       1.458   2.500  13.125  1.00  0.00           C  \n"
    "ATOM      4  SG  CYS A9999       0.458   4.500  13.125  1.00  0.00           S  \n"
    "ATOM      5  N   CYS AA000       2.000   3.500  13.125  1.00  0.00           N  \n"
    "ATOM      6  SG  CYS AA000       0.458   6.500  13.125  1.00  0.00           S  \n"
    "TER       7      CYS AA000 \n"
    "HETATM    8 CL    CL B  -5C      9.000   9.000   9.000  1.00  0.00          CL  \n"
    "HETATM    9  C1  LIG B   1       5.000   9.000   9.000  1.00  0.00           C  \n"
    "HETATM   10 H1AB LIG B   1       5.000   8.000   9.000  1.00  0.00           H  \n"
    "TER      11      LIG B   1 \n"
    "CONECT    4    6\n"
    "CONECT    6    4\n"
    "CONECT    9   10\n"
    "CONECT   10    9\n"
    "END\n";

static ddmd_structure *parse(const char *bytes)
{
    ddmd_structure *structure = NULL;
    ddmd_error err = {0};
    ASSERT_OK(ddmd_structure_parse_pdb(bytes, strlen(bytes), "test.pdb", &structure, &err), &err);
    return structure;
}

static char *read_text(const char *path)
{
    FILE *file = fopen(path, "rb");
    assert_non_null(file);
    char *bytes = calloc(1, 1 << 20);
    assert_true(fread(bytes, 1, (1 << 20) - 1, file) > 0);
    fclose(file);
    return bytes;
}

static void what_was_read_is_written_again(void **state)
{
    (void)state;
    ddmd_structure *s = parse(text);
    ddmd_error err = {0};
    const char *path = test_scratch("same.pdb");
    ASSERT_OK(ddmd_structure_write_pdb(s, s->positions, 1, path, &err), &err);
    char *bytes = read_text(path);
    assert_string_equal(bytes, text);
    free(bytes);
    ddmd_structure_destroy(&s);
}

static void several_models(void **state)
{
    (void)state;
    ddmd_structure *s = parse(text), *again = NULL;
    ddmd_error err = {0};
    const char *path = test_scratch("models.pdb");
    double positions[2][27];
    for (int i = 0; i < 27; i++) {
        positions[0][i] = i;
        positions[1][i] = -0.01 * i;
    }
    ASSERT_OK(ddmd_structure_write_pdb(s, positions[0], 2, path, &err), &err);
    ASSERT_OK(ddmd_structure_read_pdb(path, &again, &err), &err);
    assert_int_equal(again->n_models, 2);
    assert_int_equal(again->n_atoms, 9);
    for (int i = 0; i < 27; i++) {
        assert_float_equal(again->positions[i], positions[0][i], 1e-12);
        assert_float_equal(again->positions[27 + i], positions[1][i], 1e-12);
    }
    ddmd_structure_destroy(&again);
    ddmd_structure_destroy(&s);
}

static void more_atoms_than_columns(void **state)
{
    (void)state;
    enum { N = 100010 };
    ddmd_structure *one = parse("ATOM      1  C1  LIG A   1       0.000   0.000   0.000\n");
    ddmd_structure s = *one, *again = NULL;
    ddmd_error err = {0};
    ddmd_residue residue = one->residues[0];
    int32_t bonds[1][2] = {{99998, 100004}};
    residue.n_atoms = N;
    s.atoms = calloc(N, sizeof *s.atoms);
    s.positions = calloc(N, 3 * sizeof *s.positions);
    s.n_atoms = N;
    s.residues = &residue;
    s.bonds = bonds;
    s.n_bonds = 1;
    for (int i = 0; i < N; i++)
        s.atoms[i] = one->atoms[0];
    const char *path = test_scratch("large.pdb");
    ASSERT_OK(ddmd_structure_write_pdb(&s, s.positions, 1, path, &err), &err);
    ASSERT_OK(ddmd_structure_read_pdb(path, &again, &err), &err);
    assert_int_equal(again->n_atoms, N);
    assert_int_equal(again->n_bonds, 1);
    assert_int_equal(again->bonds[0][0], 99998);
    assert_int_equal(again->bonds[0][1], 100004);
    ddmd_structure_destroy(&again);
    ddmd_structure_destroy(&one);
    free(s.atoms);
    free(s.positions);
}

static void what_does_not_fit_is_refused(void **state)
{
    (void)state;
    ddmd_structure *s = parse(text), *again = NULL;
    ddmd_error err = {0};
    const char *path = test_scratch("unfit.pdb");
    double positions[27] = {0};

    positions[4] = NAN;
    assert_int_equal(ddmd_structure_write_pdb(s, positions, 1, path, &err), DDMD_NUMERIC);
    assert_non_null(strstr(err.message, "unfit.pdb: atom CA of residue CYS 9999"));
    positions[4] = 1e7;
    assert_int_equal(ddmd_structure_write_pdb(s, positions, 1, path, &err), DDMD_UNSUPPORTED);
    assert_null(fopen(path, "r"));
    positions[4] = 12345.67; /* fewer decimals */
    ASSERT_OK(ddmd_structure_write_pdb(s, positions, 1, path, &err), &err);
    ASSERT_OK(ddmd_structure_read_pdb(path, &again, &err), &err);
    assert_float_equal(again->positions[4], 12345.67, 1e-9);
    ddmd_structure_destroy(&again);

    positions[4] = 0;
    strcpy(s->residues[0].name, "TOOLONG");
    assert_int_equal(ddmd_structure_write_pdb(s, positions, 1, path, &err), DDMD_UNSUPPORTED);
    assert_int_equal(ddmd_structure_write_pdb(s, positions, 0, path, &err), DDMD_INVALID);
    ddmd_structure_destroy(&s);
}

static void files_survive_writing(void **state)
{
    (void)state;
    static const char *const names[] = {
        "structures/bba/1FME-folded.pdb",
        "structures/plpro/6w9c.pdb",
        "structures/villin/1yrf.pdb",
        "structures/villin/villin_solvated.pdb",
        "amber/T4L99A_pxylene_implicit/complex.pdb",
    };
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        const char *data = test_data(names[i]), *path = test_scratch("again.pdb");
        ddmd_structure *s = NULL, *again = NULL;
        ddmd_error err = {0};
        if (!data)
            skip();
        ASSERT_OK(ddmd_structure_read_pdb(data, &s, &err), &err);
        ASSERT_OK(ddmd_structure_write_pdb(s, s->positions, s->n_models, path, &err), &err);
        ASSERT_OK(ddmd_structure_read_pdb(path, &again, &err), &err);
        assert_int_equal(again->n_atoms, s->n_atoms);
        assert_int_equal(again->n_residues, s->n_residues);
        assert_int_equal(again->n_chains, s->n_chains);
        assert_int_equal(again->n_models, s->n_models);
        assert_int_equal(again->n_bonds, s->n_bonds);
        assert_memory_equal(again->bonds, s->bonds, (size_t)s->n_bonds * sizeof *s->bonds);
        for (size_t k = 0; k < 3 * (size_t)s->n_atoms * (size_t)s->n_models; k++)
            assert_true(again->positions[k] == s->positions[k]);
        for (int32_t a = 0; a < s->n_atoms; a++) {
            assert_string_equal(again->atoms[a].name, s->atoms[a].name);
            assert_string_equal(again->atoms[a].element, s->atoms[a].element);
        }
        /* Lengths and angles have 3 and 2 decimals. */
        for (int k = 0; k < 9; k++)
            assert_float_equal(again->box[k / 3][k % 3], s->box[k / 3][k % 3], 2e-3);
        ddmd_structure_destroy(&s);
        ddmd_structure_destroy(&again);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_was_read_is_written_again),
        cmocka_unit_test(several_models),
        cmocka_unit_test(more_atoms_than_columns),
        cmocka_unit_test(what_does_not_fit_is_refused),
        cmocka_unit_test(files_survive_writing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
