#include "ddmd/peptide.h"

#include "core/text.h"
#include "core/try.h"
#include "molecule/peptide_chain.h"

#include <ctype.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

enum { MAX_RESIDUES = 1000, MAX_SHOWN = 20 };

/* Of the most crowded pair of atoms: nearer than 0.73 of what they like to keep. */
static const double CROWDED = 45;

/* What to write instead of a letter that is none of the 20. */
static const char *hint(char letter)
{
    switch (letter) {
    case 'B':
        return "B is D or N: write one of them";
    case 'J':
        return "J is I or L: write one of them";
    case 'O':
        return "pyrrolysine is not known: K is its nearest relative";
    case 'U':
        return "selenocysteine is not known: C is its nearest relative";
    case 'X':
        return "X is any residue: write which one";
    case 'Z':
        return "Z is E or Q: write one of them";
    default:
        break;
    }
    if (islower((unsigned char)letter))
        return "one-letter codes are written in upper case";
    if (letter == '-')
        return "caps are ACE- in front and -NME or -NH2 at the end";
    return "the letters are ACDEFGHIKLMNPQRSTVWY; caps are ACE- in front and -NME or -NH2 at the "
           "end";
}

static enum ddmd_status parse(const char *text, struct ddmd_peptide_sequence *sequence,
                              ddmd_error *err)
{
    const char *start = text, *end = text + strlen(text);
    *sequence = (struct ddmd_peptide_sequence){0};
    if (strncmp(start, "ACE-", 4) == 0) {
        sequence->ace = true;
        start += 4;
    }
    if (end - start >= 4 && strcmp(end - 4, "-NME") == 0)
        sequence->end = DDMD_PEPTIDE_END_NME;
    else if (end - start >= 4 && strcmp(end - 4, "-NH2") == 0)
        sequence->end = DDMD_PEPTIDE_END_NH2;
    if (sequence->end != DDMD_PEPTIDE_END_CHARGED)
        end -= 4;

    if (start == end)
        return ddmd_error_set(err, DDMD_CONFIG,
                              "sequence \"%s\" has no residues; write one-letter codes such as "
                              "ACE-AAAAA-NME",
                              text);
    for (const char *c = start; c < end; c++) {
        if (ddmd_peptide_residue_find(*c))
            continue;
        char shown[8];
        if (isprint((unsigned char)*c))
            snprintf(shown, sizeof shown, "'%c'", *c);
        else
            snprintf(shown, sizeof shown, "\\x%02x", (unsigned char)*c);
        int before = c - text < MAX_SHOWN ? (int)(c - text) : MAX_SHOWN;
        return ddmd_error_set(
            err, DDMD_CONFIG, "sequence, position %td (after \"%s%.*s\"): %s is no amino acid; %s",
            c - text + 1, before < c - text ? "..." : "", before, c - before, shown, hint(*c));
    }
    if (end - start > MAX_RESIDUES)
        return ddmd_error_set(err, DDMD_CONFIG,
                              "sequence \"%.*s...\" has %td residues; at most %d can be built",
                              MAX_SHOWN, text, end - start, MAX_RESIDUES);
    sequence->letters = start;
    sequence->n = (int32_t)(end - start);
    return DDMD_OK;
}

/* Lay the chain along x: the first point at the origin, the last on the axis. */
static void lay_along_x(double *positions, int32_t n_atoms, const double *first, const double *last)
{
    double origin[3], axis[3], length2 = 0;
    for (int k = 0; k < 3; k++) {
        origin[k] = first[k];
        axis[k] = last[k] - first[k];
        length2 += axis[k] * axis[k];
    }
    /* A half turn about the bisector of the axis and x; none where the axis has no length. */
    double length = sqrt(length2), bisector[3] = {axis[0] + length, axis[1], axis[2]};
    double norm2 =
        bisector[0] * bisector[0] + bisector[1] * bisector[1] + bisector[2] * bisector[2];
    if (norm2 < 1e-12) {
        bisector[1] = 1; /* the axis is -x (or nothing): the half turn is about y */
        norm2 = 1;
    }
    for (int32_t i = 0; i < n_atoms; i++) {
        double v[3], along = 0, *x = &positions[(size_t)i * 3];
        for (int k = 0; k < 3; k++) {
            v[k] = x[k] - origin[k];
            along += v[k] * bisector[k];
        }
        for (int k = 0; k < 3; k++)
            x[k] = 2 * along / norm2 * bisector[k] - v[k];
    }
}

static const double *alpha_carbon(const ddmd_structure *s, int32_t residue)
{
    const ddmd_residue *r = &s->residues[residue];
    for (int32_t i = r->first_atom; i < r->first_atom + r->n_atoms; i++) {
        if (strcmp(s->atoms[i].name, "CA") == 0)
            return &s->positions[(size_t)i * 3];
    }
    return &s->positions[(size_t)r->first_atom * 3];
}

/*
 * Backbones that leave the side chains more or less room are tried in turn, where prolines in a
 * helix give the choice, until no pair of atoms is crowded; the best is kept.
 */
static enum ddmd_status build_chain(const struct ddmd_peptide_sequence *sequence,
                                    enum ddmd_peptide_fold fold, ddmd_peptide_chain *best,
                                    ddmd_error *err)
{
    static const double branch_crowding[] = {9, 4, 20};
    enum { N_TRIALS = sizeof branch_crowding / sizeof branch_crowding[0] };
    enum ddmd_status status = DDMD_OK;
    ddmd_peptide_chain chain = {0};
    double lowest = INFINITY;
    bool choice = fold == DDMD_PEPTIDE_HELIX && memchr(sequence->letters, 'P', (size_t)sequence->n);
    int trial = 0;
    do {
        double crowding;
        DDMD_TRY(ddmd_peptide_chain_create(sequence, fold, &chain, err));
        DDMD_TRY(ddmd_peptide_choose_backbone(&chain, fold, branch_crowding[trial], err));
        DDMD_TRY(ddmd_peptide_choose_rotamers(&chain, &crowding, err));
        if (trial == 0 || crowding < lowest) {
            ddmd_peptide_chain_destroy(best);
            *best = chain;
            chain = (ddmd_peptide_chain){0};
            lowest = crowding;
        }
        ddmd_peptide_chain_destroy(&chain);
    } while (choice && ++trial < N_TRIALS && lowest > CROWDED);
out:
    ddmd_peptide_chain_destroy(&chain);
    return status;
}

enum ddmd_status ddmd_peptide_build(const char *sequence, enum ddmd_peptide_fold fold,
                                    ddmd_structure **structure, ddmd_error *err)
{
    enum ddmd_status status = DDMD_OK;
    ddmd_peptide_chain chain = {0};
    struct ddmd_peptide_sequence parsed;
    if (fold != DDMD_PEPTIDE_EXTENDED && fold != DDMD_PEPTIDE_HELIX)
        DDMD_FAIL(err, DDMD_INVALID, "unknown fold %d of a peptide", (int)fold);
    DDMD_TRY(parse(sequence, &parsed, err));
    DDMD_TRY(build_chain(&parsed, fold, &chain, err));
    ddmd_structure *s = chain.structure;
    DDMD_TRY(ddmd_text_format(&s->source, err, "%s", sequence));
    int32_t first = parsed.ace ? 1 : 0;
    lay_along_x(s->positions, s->n_atoms, alpha_carbon(s, first),
                alpha_carbon(s, first + parsed.n - 1));
    *structure = s;
    chain.structure = NULL;
out:
    ddmd_peptide_chain_destroy(&chain);
    return status;
}
