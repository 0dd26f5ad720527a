/*
 * PDB files, selections, and files written and read again. An input that starts with "select:" is
 * an expression up to its first line end; the structure is what follows.
 */
#include "ddmd/structure.h"
#include "molecule/pdb_text.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(bool holds, const char *what)
{
    if (!holds) {
        fprintf(stderr, "broken: %s\n", what);
        abort();
    }
}

static void check_structure(const ddmd_structure *s)
{
    check(s->n_atoms > 0 && s->n_residues > 0 && s->n_chains > 0 && s->n_models > 0, "counts");
    int32_t atom = 0, residue = 0;
    for (int32_t c = 0; c < s->n_chains; c++) {
        check(s->chains[c].first_residue == residue && s->chains[c].n_residues > 0, "chains");
        residue += s->chains[c].n_residues;
    }
    check(residue == s->n_residues, "residues of chains");
    for (int32_t r = 0; r < s->n_residues; r++) {
        check(s->residues[r].first_atom == atom && s->residues[r].n_atoms > 0, "residues");
        check(s->residues[r].chain >= 0 && s->residues[r].chain < s->n_chains, "chain of residue");
        for (int32_t i = 0; i < s->residues[r].n_atoms; i++)
            check(s->atoms[atom + i].residue == r, "residue of atom");
        atom += s->residues[r].n_atoms;
    }
    check(atom == s->n_atoms, "atoms of residues");
    for (int32_t b = 0; b < s->n_bonds; b++) {
        const int32_t *bond = s->bonds[b], *before = b ? s->bonds[b - 1] : NULL;
        check(bond[0] >= 0 && bond[0] < bond[1] && bond[1] < s->n_atoms, "bonds");
        check(!before || before[0] < bond[0] || (before[0] == bond[0] && before[1] < bond[1]),
              "order of bonds");
    }
    for (int64_t i = 0; i < (int64_t)s->n_models * s->n_atoms * 3; i++)
        check(s->positions[i] - s->positions[i] == 0, "finite positions");
}

static void check_selection(const ddmd_structure *s, const char *expression)
{
    int32_t *indices = NULL;
    size_t n = 0;
    ddmd_error err = {0};
    if (ddmd_structure_select(s, expression, &indices, &n, &err) != DDMD_OK) {
        check(!indices && !n && *err.message, "outputs of a failed selection");
        return;
    }
    check(n > 0, "something is selected");
    for (size_t i = 0; i < n; i++)
        check(indices[i] >= 0 && indices[i] < s->n_atoms && (!i || indices[i] > indices[i - 1]),
              "order of selected atoms");
    free(indices);
}

static bool has_bond(const ddmd_structure *s, const int32_t bond[2])
{
    for (int32_t b = 0; b < s->n_bonds; b++)
        if (s->bonds[b][0] == bond[0] && s->bonds[b][1] == bond[1])
            return true;
    return false;
}

/* What is written must be read again as the same structure, but for the digits of a PDB file. */
static void check_written(const ddmd_structure *s)
{
    ddmd_text text = {0};
    ddmd_error err = {0};
    ddmd_structure *again = NULL;
    if (ddmd_pdb_format(s, s->positions, s->n_models, &text, &err) != DDMD_OK) {
        check(err.status == DDMD_UNSUPPORTED, "what was read can be written");
        ddmd_text_clear(&text);
        return;
    }
    check(!text.failed, "memory for text");
    if (ddmd_structure_parse_pdb(text.bytes, text.length, "again", &again, &err) != DDMD_OK) {
        fprintf(stderr, "%s\n%s", err.message, text.bytes);
        check(false, "what was written can be read");
    }
    ddmd_text_clear(&text);
    check(again->n_atoms == s->n_atoms && again->n_residues == s->n_residues &&
              again->n_chains == s->n_chains && again->n_models == s->n_models,
          "counts of what was written");
    for (int32_t i = 0; i < s->n_atoms; i++)
        check(strcmp(s->atoms[i].name, again->atoms[i].name) == 0 &&
                  strcmp(s->atoms[i].element, again->atoms[i].element) == 0 &&
                  s->atoms[i].hetero == again->atoms[i].hetero,
              "atoms of what was written");
    for (int32_t r = 0; r < s->n_residues; r++)
        check(strcmp(s->residues[r].name, again->residues[r].name) == 0 &&
                  s->residues[r].number == again->residues[r].number &&
                  s->residues[r].n_atoms == again->residues[r].n_atoms &&
                  s->residues[r].insertion_code == again->residues[r].insertion_code,
              "residues of what was written");
    for (int32_t b = 0; b < s->n_bonds; b++)
        check(has_bond(again, s->bonds[b]), "bonds of what was written");
    for (int64_t i = 0; i < (int64_t)s->n_models * s->n_atoms * 3; i++)
        check(fabs(s->positions[i]) > 99 || fabs(s->positions[i] - again->positions[i]) < 5.1e-5,
              "positions of what was written");
    ddmd_structure_destroy(&again);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char word[] = "select:";
    char expression[512] = "all";
    const char *text = (const char *)data;
    if (size >= sizeof word - 1 && memcmp(text, word, sizeof word - 1) == 0) {
        const char *start = text + sizeof word - 1;
        const char *end = memchr(start, '\n', size - (sizeof word - 1));
        size_t length = end ? (size_t)(end - start) : size - (sizeof word - 1);
        snprintf(expression, sizeof expression, "%.*s", (int)length, start);
        size -= end ? (size_t)(end + 1 - text) : size;
        text = end ? end + 1 : text;
    }

    ddmd_structure *structure = NULL;
    ddmd_error err = {0};
    if (ddmd_structure_parse_pdb(text, size, "fuzz", &structure, &err) != DDMD_OK) {
        check(!structure, "outputs of a failed read");
        check(strncmp(err.message, "fuzz:", 5) == 0, "message names the source");
        return 0;
    }
    check_structure(structure);
    check_selection(structure, expression);
    check_written(structure);
    ddmd_structure_destroy(&structure);
    return 0;
}
