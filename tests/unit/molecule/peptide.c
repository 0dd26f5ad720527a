/* What a peptide built from a sequence consists of, and which sequences are refused. */
#include "ddmd/peptide.h"
#include "ddmd/force_field.h"
#include "ddmd/system.h"
#include "support/cmocka.h"
#include "support/data.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char letters[] = "ARNDCQEGHILKMFPSTWYV";

static const enum ddmd_peptide_fold folds[] = {DDMD_PEPTIDE_EXTENDED, DDMD_PEPTIDE_HELIX};

static ddmd_structure *build(const char *sequence, enum ddmd_peptide_fold fold)
{
    ddmd_error err = {0};
    ddmd_structure *s = NULL;
    ASSERT_OK(ddmd_peptide_build(sequence, fold, &s, &err), &err);
    return s;
}

static void assert_atoms(const ddmd_structure *s, int32_t residue, const char *name,
                         const char *atoms)
{
    char text[512] = "";
    const ddmd_residue *r = &s->residues[residue];
    for (int32_t i = r->first_atom; i < r->first_atom + r->n_atoms; i++) {
        size_t used = strlen(text);
        snprintf(text + used, sizeof text - used, "%s%s", used ? " " : "", s->atoms[i].name);
        assert_int_equal(s->atoms[i].residue, residue);
        assert_int_equal(s->atoms[i].element[0], s->atoms[i].name[0]);
        assert_int_equal(s->atoms[i].element[1], 0);
    }
    assert_string_equal(r->name, name);
    assert_string_equal(text, atoms);
    assert_int_equal(r->number, residue + 1);
    assert_int_equal(r->insertion_code, ' ');
}

static void names_are_those_of_the_force_fields(void **state)
{
    (void)state;
    static const char *const middle[][2] = {
        {"ALA", "N H CA HA CB HB1 HB2 HB3 C O"},
        {"ARG", "N H CA HA CB HB2 HB3 CG HG2 HG3 CD HD2 HD3 NE HE CZ NH1 HH11 HH12 NH2 HH21 HH22 "
                "C O"},
        {"ASN", "N H CA HA CB HB2 HB3 CG OD1 ND2 HD21 HD22 C O"},
        {"ASP", "N H CA HA CB HB2 HB3 CG OD1 OD2 C O"},
        {"CYS", "N H CA HA CB HB2 HB3 SG HG C O"},
        {"GLN", "N H CA HA CB HB2 HB3 CG HG2 HG3 CD OE1 NE2 HE21 HE22 C O"},
        {"GLU", "N H CA HA CB HB2 HB3 CG HG2 HG3 CD OE1 OE2 C O"},
        {"GLY", "N H CA HA2 HA3 C O"},
        {"HIS", "N H CA HA CB HB2 HB3 CG ND1 CE1 HE1 NE2 HE2 CD2 HD2 C O"},
        {"ILE", "N H CA HA CB HB CG2 HG21 HG22 HG23 CG1 HG12 HG13 CD1 HD11 HD12 HD13 C O"},
        {"LEU", "N H CA HA CB HB2 HB3 CG HG CD1 HD11 HD12 HD13 CD2 HD21 HD22 HD23 C O"},
        {"LYS", "N H CA HA CB HB2 HB3 CG HG2 HG3 CD HD2 HD3 CE HE2 HE3 NZ HZ1 HZ2 HZ3 C O"},
        {"MET", "N H CA HA CB HB2 HB3 CG HG2 HG3 SD CE HE1 HE2 HE3 C O"},
        {"PHE", "N H CA HA CB HB2 HB3 CG CD1 HD1 CE1 HE1 CZ HZ CE2 HE2 CD2 HD2 C O"},
        {"PRO", "N CA HA CB HB2 HB3 CG HG2 HG3 CD HD2 HD3 C O"},
        {"SER", "N H CA HA CB HB2 HB3 OG HG C O"},
        {"THR", "N H CA HA CB HB CG2 HG21 HG22 HG23 OG1 HG1 C O"},
        {"TRP", "N H CA HA CB HB2 HB3 CG CD1 HD1 NE1 HE1 CE2 CZ2 HZ2 CH2 HH2 CZ3 HZ3 CE3 HE3 CD2 "
                "C O"},
        {"TYR", "N H CA HA CB HB2 HB3 CG CD1 HD1 CE1 HE1 CZ OH HH CE2 HE2 CD2 HD2 C O"},
        {"VAL", "N H CA HA CB HB CG1 HG11 HG12 HG13 CG2 HG21 HG22 HG23 C O"},
    };
    char sequence[64];
    snprintf(sequence, sizeof sequence, "ACE-%s-NME", letters);
    ddmd_structure *s = build(sequence, DDMD_PEPTIDE_EXTENDED);
    assert_int_equal(s->n_residues, 22);
    assert_atoms(s, 0, "ACE", "H1 CH3 H2 H3 C O");
    for (int32_t i = 0; i < 20; i++)
        assert_atoms(s, i + 1, middle[i][0], middle[i][1]);
    assert_atoms(s, 21, "NME", "N H C H1 H2 H3");
    assert_string_equal(s->source, sequence);
    assert_int_equal(s->n_models, 1);
    assert_int_equal(s->n_chains, 1);
    assert_string_equal(s->chains[0].id, "A");
    assert_int_equal(s->chains[0].first_residue, 0);
    assert_int_equal(s->chains[0].n_residues, 22);
    assert_false(s->has_box);
    ddmd_structure_destroy(&s);

    s = build("GAG", DDMD_PEPTIDE_HELIX);
    assert_atoms(s, 0, "GLY", "N H H2 H3 CA HA2 HA3 C O");
    assert_atoms(s, 2, "GLY", "N H CA HA2 HA3 C O OXT");
    ddmd_structure_destroy(&s);
    s = build("PP-NH2", DDMD_PEPTIDE_HELIX);
    assert_atoms(s, 0, "PRO", "N H2 H3 CA HA CB HB2 HB3 CG HG2 HG3 CD HD2 HD3 C O");
    assert_atoms(s, 2, "NH2", "N HN1 HN2");
    ddmd_structure_destroy(&s);
}

struct formula {
    int h, c, n, o, s;
};

static struct formula count(const ddmd_structure *s)
{
    struct formula f = {0};
    for (int32_t i = 0; i < s->n_atoms; i++) {
        switch (s->atoms[i].element[0]) {
        case 'H':
            f.h++;
            break;
        case 'C':
            f.c++;
            break;
        case 'N':
            f.n++;
            break;
        case 'O':
            f.o++;
            break;
        default:
            f.s++;
        }
    }
    return f;
}

/* Formulas of the neutral amino acids, and the protons that their side chains gain at pH 7. */
static const struct {
    struct formula acid;
    int side_protons;
} known[] = {
    {{7, 3, 1, 2, 0}, 0},   /* A */
    {{14, 6, 4, 2, 0}, 1},  /* R */
    {{8, 4, 2, 3, 0}, 0},   /* N */
    {{7, 4, 1, 4, 0}, -1},  /* D */
    {{7, 3, 1, 2, 1}, 0},   /* C */
    {{10, 5, 2, 3, 0}, 0},  /* Q */
    {{9, 5, 1, 4, 0}, -1},  /* E */
    {{5, 2, 1, 2, 0}, 0},   /* G */
    {{9, 6, 3, 2, 0}, 0},   /* H */
    {{13, 6, 1, 2, 0}, 0},  /* I */
    {{13, 6, 1, 2, 0}, 0},  /* L */
    {{14, 6, 2, 2, 0}, 1},  /* K */
    {{11, 5, 1, 2, 1}, 0},  /* M */
    {{11, 9, 1, 2, 0}, 0},  /* F */
    {{9, 5, 1, 2, 0}, 0},   /* P */
    {{7, 3, 1, 3, 0}, 0},   /* S */
    {{9, 4, 1, 3, 0}, 0},   /* T */
    {{12, 11, 2, 2, 0}, 0}, /* W */
    {{11, 9, 1, 3, 0}, 0},  /* Y */
    {{11, 5, 1, 2, 0}, 0},  /* V */
};

static void formulas_are_those_of_chemistry(void **state)
{
    (void)state;
    for (int i = 0; i < 20; i++) {
        char sequence[16] = {letters[i], 0};
        ddmd_structure *s = build(sequence, DDMD_PEPTIDE_EXTENDED);
        struct formula f = count(s), k = known[i].acid;
        assert_int_equal(f.h, k.h + known[i].side_protons);
        assert_int_equal(f.c, k.c);
        assert_int_equal(f.n, k.n);
        assert_int_equal(f.o, k.o);
        assert_int_equal(f.s, k.s);
        ddmd_structure_destroy(&s);

        /* CH3-CO- in place of H, -NH-CH3 in place of OH. */
        snprintf(sequence, sizeof sequence, "ACE-%c-NME", letters[i]);
        s = build(sequence, DDMD_PEPTIDE_EXTENDED);
        f = count(s);
        assert_int_equal(f.h, k.h + known[i].side_protons - 2 + 3 + 4);
        assert_int_equal(f.c, k.c + 2 + 1);
        assert_int_equal(f.n, k.n + 1);
        assert_int_equal(f.o, k.o + 1 - 1);
        assert_int_equal(f.s, k.s);
        ddmd_structure_destroy(&s);
    }
}

static void bonds_are_sorted_and_fill_valences(void **state)
{
    (void)state;
    char sequence[64];
    snprintf(sequence, sizeof sequence, "%sP-NH2", letters);
    ddmd_structure *s = build(sequence, DDMD_PEPTIDE_HELIX);
    /* A tree, and one bond more for each ring: H, F, P, P, Y one; W two. */
    assert_int_equal(s->n_bonds, s->n_atoms - 1 + 7);
    int *valence = calloc((size_t)s->n_atoms, sizeof *valence);
    assert_non_null(valence);
    for (int32_t i = 0; i < s->n_bonds; i++) {
        const int32_t *b = s->bonds[i];
        assert_true(b[0] >= 0 && b[0] < b[1] && b[1] < s->n_atoms);
        if (i > 0)
            assert_true(b[-2] < b[0] || (b[-2] == b[0] && b[-1] < b[1]));
        valence[b[0]]++;
        valence[b[1]]++;
    }
    for (int32_t i = 0; i < s->n_atoms; i++) {
        switch (s->atoms[i].element[0]) {
        case 'H':
            assert_int_equal(valence[i], 1);
            break;
        case 'C':
            assert_in_range(valence[i], 3, 4);
            break;
        case 'N':
            assert_in_range(valence[i], 2, 4);
            break;
        default:
            assert_in_range(valence[i], 1, 2);
        }
    }
    free(valence);
    ddmd_structure_destroy(&s);
}

static void a_pdb_file_of_it_reads_as_the_same(void **state)
{
    (void)state;
    static const char *const sequences[] = {"ACE-ARNDQEGHILKMFPSTWYVC-NME", "PARNDQEGHILKMFPSTWYVC",
                                            "ARNDQEGHILKMFPSTWYVC-NH2", "W"};
    for (size_t k = 0; k < sizeof sequences / sizeof sequences[0]; k++) {
        ddmd_error err = {0};
        ddmd_structure *s = build(sequences[k], DDMD_PEPTIDE_HELIX), *read = NULL;
        const char *path = test_scratch("peptide.pdb");
        ASSERT_OK(ddmd_structure_write_pdb(s, s->positions, 1, path, &err), &err);
        ASSERT_OK(ddmd_structure_read_pdb(path, &read, &err), &err);
        assert_int_equal(read->n_atoms, s->n_atoms);
        assert_int_equal(read->n_residues, s->n_residues);
        for (int32_t i = 0; i < s->n_residues; i++)
            assert_string_equal(read->residues[i].name, s->residues[i].name);
        for (int32_t i = 0; i < s->n_atoms; i++) {
            assert_string_equal(read->atoms[i].name, s->atoms[i].name);
            assert_string_equal(read->atoms[i].element, s->atoms[i].element);
        }
        for (int32_t i = 0; i < 3 * s->n_atoms; i++)
            assert_true(fabs(read->positions[i] - s->positions[i]) <= 0.5001e-4);
        assert_int_equal(read->n_bonds, s->n_bonds);
        assert_memory_equal(read->bonds, s->bonds, (size_t)s->n_bonds * sizeof *s->bonds);
        ddmd_structure_destroy(&read);
        ddmd_structure_destroy(&s);
    }
}

static void same_sequence_same_bits(void **state)
{
    (void)state;
    for (int k = 0; k < 2; k++) {
        ddmd_structure *a = build("ACE-KWRPEYLQPPMF-NME", folds[k]);
        ddmd_structure *b = build("ACE-KWRPEYLQPPMF-NME", folds[k]);
        assert_int_equal(a->n_atoms, b->n_atoms);
        assert_memory_equal(a->positions, b->positions,
                            (size_t)a->n_atoms * 3 * sizeof *a->positions);
        ddmd_structure_destroy(&a);
        ddmd_structure_destroy(&b);
    }
}

static void the_longest_fits_a_pdb_file(void **state)
{
    (void)state;
    char *sequence = malloc(1002);
    assert_non_null(sequence);
    memset(sequence, 'A', 1001);
    sequence[1000] = '\0';
    for (int k = 0; k < 2; k++) {
        ddmd_structure *s = build(sequence, folds[k]);
        assert_int_equal(s->n_residues, 1000);
        for (int32_t i = 0; i < 3 * s->n_atoms; i++)
            assert_true(s->positions[i] > -99.9 && s->positions[i] < 999.9);
        ddmd_structure_destroy(&s);
    }
    sequence[1000] = 'A';
    sequence[1001] = '\0';
    ddmd_error err = {0};
    ddmd_structure *s = NULL;
    assert_int_equal(ddmd_peptide_build(sequence, folds[0], &s, &err), DDMD_CONFIG);
    assert_non_null(strstr(err.message, "1001 residues"));
    assert_null(s);
    free(sequence);
}

static void mistakes_are_named_with_their_position(void **state)
{
    (void)state;
    static const struct {
        const char *sequence, *says, *hints;
    } mistakes[] = {
        {"", "no residues", "ACE-AAAAA-NME"},
        {"ACE-", "no residues", "ACE-AAAAA-NME"},
        {"-NME", "no residues", "ACE-AAAAA-NME"},
        {"ACE--NH2", "no residues", "ACE-AAAAA-NME"},
        {"ACE-NME", NULL, NULL}, /* acetylated Asn-Met-Glu */
        {"ACE", NULL, NULL},     /* Ala-Cys-Glu */
        {"AAXA", "position 3 (after \"AA\"): 'X'", "any residue"},
        {"ACE-AABA-NME", "position 7 (after \"ACE-AA\"): 'B'", "D or N"},
        {"AAZ", "position 3", "E or Q"},
        {"JAA", "position 1", "I or L"},
        {"OAA", "position 1", "pyrrolysine"},
        {"UAA", "position 1", "selenocysteine"},
        {"AAaA", "position 3 (after \"AA\"): 'a'", "upper case"},
        {"ace-AA", "position 1 (after \"\"): 'a'", "upper case"},
        {"FOR-AA", "position 2", "pyrrolysine"},
        {"MET-AA", "position 4", "caps are"},
        {"AA-NMA", "position 3", "caps are"},
        {"ACE-AA-NME-NME", "position 7", "caps are"},
        {"A A", "position 2 (after \"A\"): ' '", "letters are"},
        {"A1", "position 2", "letters are"},
        {"A\n", "position 2 (after \"A\"): \\x0a", "letters are"},
        {"\xc3\x84", "position 1 (after \"\"): \\xc3", "letters are"},
        {"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAX", "position 31 (after \"...AAAAAAAAAAAAAAAAAAAA\"): 'X'",
         "any residue"},
    };
    for (size_t k = 0; k < sizeof mistakes / sizeof mistakes[0]; k++) {
        ddmd_error err = {0};
        ddmd_structure *s = NULL;
        enum ddmd_status status = ddmd_peptide_build(mistakes[k].sequence, folds[k % 2], &s, &err);
        if (!mistakes[k].says) {
            assert_int_equal(status, DDMD_OK);
            ddmd_structure_destroy(&s);
            continue;
        }
        assert_int_equal(status, DDMD_CONFIG);
        assert_null(s);
        if (!strstr(err.message, mistakes[k].says) || !strstr(err.message, mistakes[k].hints))
            fail_msg("%s: %s", mistakes[k].sequence, err.message);
        assert_int_equal(ddmd_peptide_build(mistakes[k].sequence, folds[0], &s, NULL), DDMD_CONFIG);
    }
    ddmd_error err = {0};
    ddmd_structure *s = NULL;
    assert_int_equal(ddmd_peptide_build("AAA", (enum ddmd_peptide_fold)7, &s, &err), DDMD_INVALID);
    assert_null(s);
}

static int charge_of(char letter)
{
    return (letter == 'R' || letter == 'K') - (letter == 'D' || letter == 'E');
}

static void every_residue_finds_its_template(void **state)
{
    (void)state;
    ddmd_error err = {0};
    char *path = NULL;
    if (ddmd_force_field_find("amber99sbildn.xml", &path, &err) != DDMD_OK) {
        print_message("amber99sbildn.xml is not installed (see packages.txt)\n");
        skip();
    }
    free(path);
    static const char *const names[] = {"amber99sbildn.xml", "amber99_obc.xml"};
    ddmd_force_field *force_field = NULL;
    ASSERT_OK(ddmd_force_field_load(names, 2, &force_field, &err), &err);

    static const struct {
        const char *format;
        int charge; /* of the ends */
    } frames[] = {{"%cA", 0},        {"A%cA", 0},         {"A%c", 0},    {"ACE-%c", -1},
                  {"ACE-%c-NME", 0}, {"ACE-A%cA-NH2", 0}, {"%c-NME", 1}, {"%c-NH2", 1}};
    ddmd_system_options options = {0};
    for (int i = 0; i < 20; i++) {
        for (size_t k = 0; k < sizeof frames / sizeof frames[0]; k++) {
            char sequence[32];
            snprintf(sequence, sizeof sequence, frames[k].format, letters[i]);
            ddmd_structure *s = build(sequence, folds[k % 2]);
            ddmd_system *system = NULL;
            if (ddmd_system_create(s, force_field, &options, &system, &err) != DDMD_OK)
                fail_msg("%s: %s", sequence, err.message);
            double charge = 0;
            for (int32_t a = 0; a < system->n_atoms; a++)
                charge += system->charges[a];
            if (fabs(charge - frames[k].charge - charge_of(letters[i])) > 1e-4)
                fail_msg("%s: charge %g", sequence, charge);
            ddmd_system_destroy(&system);
            ddmd_structure_destroy(&s);
        }
    }
    ddmd_force_field_destroy(&force_field);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_are_those_of_the_force_fields),
        cmocka_unit_test(formulas_are_those_of_chemistry),
        cmocka_unit_test(bonds_are_sorted_and_fill_valences),
        cmocka_unit_test(a_pdb_file_of_it_reads_as_the_same),
        cmocka_unit_test(same_sequence_same_bits),
        cmocka_unit_test(the_longest_fits_a_pdb_file),
        cmocka_unit_test(mistakes_are_named_with_their_position),
        cmocka_unit_test(every_residue_finds_its_template),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
