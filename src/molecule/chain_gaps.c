#include "ddmd/structure.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

enum { MOST_LINES = 10 };

static const double LIMIT_NM = 0.25;

/* C of a residue and N of the next one in its chain? */
static bool is_peptide_bond(const ddmd_structure *s, const int32_t bond[2])
{
    const ddmd_atom *c = &s->atoms[bond[0]], *n = &s->atoms[bond[1]];
    return n->residue == c->residue + 1 &&
           s->residues[c->residue].chain == s->residues[n->residue].chain &&
           strcmp(c->name, "C") == 0 && strcmp(n->name, "N") == 0;
}

/* The longest that a bond is in any of the models. */
static double length_of(const ddmd_structure *s, const int32_t bond[2], const double *positions,
                        size_t n_models)
{
    double longest = 0;
    for (size_t model = 0; model < n_models; model++) {
        const double *x = positions + model * (size_t)s->n_atoms * 3;
        const double *a = x + 3 * (size_t)bond[0], *b = x + 3 * (size_t)bond[1];
        double d2 = 0;
        for (int k = 0; k < 3; k++)
            d2 += (a[k] - b[k]) * (a[k] - b[k]);
        longest = fmax(longest, sqrt(d2));
    }
    return longest;
}

/* "ALA 12", "ALA 12B" */
static void name_residue(const ddmd_residue *residue, char *name, size_t size)
{
    char code[] = {residue->insertion_code, '\0'};
    snprintf(name, size, "%s %d%s", residue->name, (int)residue->number, *code == ' ' ? "" : code);
}

static void tell(const ddmd_structure *s, const int32_t bond[2], double length, bool several,
                 const ddmd_log *log)
{
    char before[32], after[32];
    const ddmd_residue *residue = &s->residues[s->atoms[bond[0]].residue];
    const char *chain = s->chains[residue->chain].id;
    bool named = *chain && strcmp(chain, " ") != 0;
    name_residue(residue, before, sizeof before);
    name_residue(residue + 1, after, sizeof after);
    ddmd_log_line(log, DDMD_LOG_WARNING,
                  "%s: the peptide bond between %s and %s%s%s is %s%.1f angstrom long: residues "
                  "are missing (cap the ends or model the gap)",
                  s->source, before, after, named ? " of chain " : "", named ? chain : "",
                  several ? "up to " : "", length * 10);
}

void ddmd_structure_log_gaps(const ddmd_structure *structure, const double *positions,
                             size_t n_models, const ddmd_log *log)
{
    int32_t found = 0;
    for (int32_t b = 0; b < structure->n_bonds; b++) {
        if (!is_peptide_bond(structure, structure->bonds[b]))
            continue;
        double length = length_of(structure, structure->bonds[b], positions, n_models);
        if (length > LIMIT_NM && found++ < MOST_LINES)
            tell(structure, structure->bonds[b], length, n_models > 1, log);
    }
    if (found > MOST_LINES)
        ddmd_log_line(log, DDMD_LOG_WARNING,
                      "%s: %d more peptide bonds are longer than %g angstrom", structure->source,
                      (int)found - MOST_LINES, LIMIT_NM * 10);
}
