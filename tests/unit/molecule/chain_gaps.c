/* Peptide bonds that are too long for one are told, others are not. */
#include "ddmd/peptide.h"
#include "ddmd/structure.h"
#include "support/cmocka.h"
#include "support/data.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct heard {
    int n;
    char first[256], last[256];
} heard;

static void hear(void *user, enum ddmd_log_level level, const char *line)
{
    heard *h = user;
    assert_int_equal(level, DDMD_LOG_WARNING);
    if (h->n++ == 0)
        snprintf(h->first, sizeof h->first, "%s", line);
    snprintf(h->last, sizeof h->last, "%s", line);
}

static heard log_gaps(const ddmd_structure *s, const double *positions, size_t n_models)
{
    heard h = {0};
    const ddmd_log log = {.write = hear, .user = &h};
    ddmd_structure_log_gaps(s, positions, n_models, &log);
    ddmd_structure_log_gaps(s, positions, n_models, NULL);
    return h;
}

static ddmd_structure *build(const char *sequence)
{
    ddmd_error err = {0};
    ddmd_structure *structure = NULL;
    ASSERT_OK(ddmd_peptide_build(sequence, DDMD_PEPTIDE_EXTENDED, &structure, &err), &err);
    return structure;
}

/* Every atom of the residues from `residue` on, moved along the line from C to N by `nm`. */
static void pull(const ddmd_structure *s, double *positions, int32_t residue, double nm)
{
    int32_t c = -1, n = -1, first = s->residues[residue].first_atom;
    for (int32_t i = 0; i < s->n_atoms; i++) {
        if (s->atoms[i].residue == residue - 1 && strcmp(s->atoms[i].name, "C") == 0)
            c = i;
        if (s->atoms[i].residue == residue && strcmp(s->atoms[i].name, "N") == 0)
            n = i;
    }
    assert_true(c >= 0 && n >= 0);
    double along[3], square = 0;
    for (int k = 0; k < 3; k++) {
        along[k] = positions[3 * n + k] - positions[3 * c + k];
        square += along[k] * along[k];
    }
    for (int32_t i = first; i < s->n_atoms; i++)
        for (int k = 0; k < 3; k++)
            positions[3 * i + k] += along[k] * nm / sqrt(square);
}

static void whole_chains_are_passed_over(void **state)
{
    (void)state;
    ddmd_structure *s = build("ACE-AGPWK-NME");
    assert_int_equal(log_gaps(s, s->positions, 1).n, 0);
    pull(s, s->positions, 3, 0.11); /* 0.1335 nm as it is built, and 0.25 is the limit */
    assert_int_equal(log_gaps(s, s->positions, 1).n, 0);
    ddmd_structure_destroy(&s);
}

static void a_gap_is_named(void **state)
{
    (void)state;
    ddmd_structure *s = build("ACE-AGPWK-NME");
    pull(s, s->positions, 3, 0.6965);
    heard h = log_gaps(s, s->positions, 1);
    assert_int_equal(h.n, 1);
    assert_string_equal(h.first, "ACE-AGPWK-NME: the peptide bond between GLY 3 and PRO 4 of chain "
                                 "A is 8.3 angstrom long: residues are missing (cap the ends or "
                                 "model the gap)");
    s->residues[2].insertion_code = 'B';
    memcpy(s->chains[0].id, " ", 2);
    h = log_gaps(s, s->positions, 1);
    assert_non_null(strstr(h.first, "between GLY 3B and PRO 4 is 8.3 angstrom long"));
    ddmd_structure_destroy(&s);
}

/* Each gap once, as long as it is where it is longest. */
static void of_several_models_the_longest_is_told(void **state)
{
    (void)state;
    ddmd_structure *s = build("AAAA");
    size_t size = (size_t)s->n_atoms * 3;
    double *models = calloc(3 * size, sizeof *models);
    for (size_t m = 0; m < 3; m++)
        memcpy(models + m * size, s->positions, size * sizeof *models);
    pull(s, models + size, 2, 0.8665);
    pull(s, models + 2 * size, 2, 0.2);
    heard h = log_gaps(s, models, 3);
    assert_int_equal(h.n, 1);
    assert_non_null(strstr(h.first, "between ALA 2 and ALA 3 of chain A is up to 10.0 angstrom"));
    assert_int_equal(log_gaps(s, models, 1).n, 0);
    free(models);
    ddmd_structure_destroy(&s);
}

static void many_gaps_are_cut_short(void **state)
{
    (void)state;
    ddmd_structure *s = build("AAAAAAAAAAAAAAA");
    for (int32_t r = 1; r < s->n_residues; r++)
        pull(s, s->positions, r, 0.5);
    heard h = log_gaps(s, s->positions, 1);
    assert_int_equal(h.n, 11);
    assert_string_equal(h.last,
                        "AAAAAAAAAAAAAAA: 4 more peptide bonds are longer than 2.5 angstrom");
    ddmd_structure_destroy(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(whole_chains_are_passed_over),
        cmocka_unit_test(a_gap_is_named),
        cmocka_unit_test(of_several_models_the_longest_is_told),
        cmocka_unit_test(many_gaps_are_cut_short),
    };
    return cmocka_run_group_tests_name("chain_gaps", tests, NULL, NULL);
}
