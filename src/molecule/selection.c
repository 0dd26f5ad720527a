#include "core/array.h"
#include "core/text.h"
#include "core/try.h"
#include "ddmd/structure.h"
#include "pdb_names.h"
#include "residue_bonds.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/*
 * expression = conjunction { "or" conjunction }
 * conjunction = term { "and" term }
 * term = "not" term | "(" expression ")" | "all" | "none" | "protein" | "backbone" | keyword value
 *        { value }
 */
enum { DEPTH_LIMIT = 64, WORD_SIZE = 32 };

static const char *const words[] = {
    "all",   "none",  "protein", "backbone", "name", "resname", "resid",
    "index", "chain", "element", "not",      "and",  "or",      "(",
};

struct parser {
    const ddmd_structure *s;
    const char *text;
    ddmd_error *err;
    const char *at;       /* behind the word */
    const char *from;     /* the word */
    char word[WORD_SIZE]; /* "" at the end */
    int depth;
};

/* Long expressions are cut, so that the rest of the message has room. */
#define FAIL_HERE(p, format, ...)                                                           \
    DDMD_FAIL((p)->err, DDMD_CONFIG, "selection '%.200s%s', column %d: " format, (p)->text, \
              strlen((p)->text) > 200 ? "..." : "", (int)((p)->from - (p)->text) + 1, __VA_ARGS__)

static enum ddmd_status next_word(struct parser *p)
{
    enum ddmd_status status = DDMD_OK;
    while (isspace((unsigned char)*p->at))
        p->at++;
    p->from = p->at;
    size_t n = *p->at == '(' || *p->at == ')' ? 1 : strcspn(p->at, "() \t\r\n\v\f");
    if (n >= WORD_SIZE)
        FAIL_HERE(p, "'%.*s...' is too long a word", WORD_SIZE, p->from);
    memcpy(p->word, p->at, n);
    p->word[n] = '\0';
    p->at += n;
out:
    return status;
}

static bool is(const struct parser *p, const char *word)
{
    return strcmp(p->word, word) == 0;
}

static bool ends_values(const struct parser *p)
{
    return !*p->word || is(p, "and") || is(p, "or") || is(p, "not") || is(p, "(") || is(p, ")");
}

/* A value that ends in * stands for all that begin like it. */
static bool matches(const char *value, const char *name)
{
    size_t n = strlen(value);
    if (n && value[n - 1] == '*')
        return strncmp(value, name, n - 1) == 0;
    return strcmp(value, name) == 0;
}

static enum ddmd_status read_range(struct parser *p, long range[2])
{
    enum ddmd_status status = DDMD_OK;
    char text[WORD_SIZE];
    snprintf(text, sizeof text, "%s", p->word);
    char *colon = strchr(text, ':'), *second = text;
    if (colon) {
        *colon = '\0';
        second = colon + 1;
    }
    if (!ddmd_text_to_long(text, &range[0]) || !ddmd_text_to_long(second, &range[1]))
        FAIL_HERE(p, "expected a number or a range like 3:5, found '%s'", p->word);
    if (range[0] > range[1])
        FAIL_HERE(p, "the range '%s' ends before it begins", p->word);
out:
    return status;
}

static enum ddmd_status select_range(struct parser *p, bool of_atoms, uint8_t *chosen)
{
    enum ddmd_status status = DDMD_OK;
    const ddmd_structure *s = p->s;
    long range[2];
    DDMD_TRY(read_range(p, range));
    for (int32_t i = 0; i < s->n_atoms; i++) {
        long number = of_atoms ? i : s->residues[s->atoms[i].residue].number;
        chosen[i] |= number >= range[0] && number <= range[1];
    }
out:
    return status;
}

static void select_names(const struct parser *p, const char *keyword, uint8_t *chosen)
{
    const ddmd_structure *s = p->s;
    const char *value = p->word;
    if (strcmp(keyword, "resname") == 0) /* as files spell it, too */
        value = ddmd_pdb_residue_name(value);
    for (int32_t i = 0; i < s->n_atoms; i++) {
        const ddmd_atom *atom = &s->atoms[i];
        const ddmd_residue *residue = &s->residues[atom->residue];
        const char *name = s->chains[residue->chain].id;
        if (strcmp(keyword, "name") == 0)
            name = atom->name;
        else if (strcmp(keyword, "resname") == 0)
            name = residue->name;
        else if (strcmp(keyword, "element") == 0)
            name = atom->element;
        chosen[i] |=
            strcmp(keyword, "element") == 0 ? strcasecmp(value, name) == 0 : matches(value, name);
    }
}

static void select_protein(const ddmd_structure *s, bool backbone, uint8_t *chosen)
{
    static const char *const atoms[] = {"N", "CA", "C", "O"};
    for (int32_t r = 0; r < s->n_residues; r++) {
        const ddmd_residue *residue = &s->residues[r];
        bool protein = ddmd_residue_is_protein(residue->name);
        for (int32_t i = residue->first_atom; i < residue->first_atom + residue->n_atoms; i++) {
            bool wanted = !backbone;
            for (size_t k = 0; k < sizeof atoms / sizeof *atoms; k++)
                wanted = wanted || strcmp(s->atoms[i].name, atoms[k]) == 0;
            chosen[i] = protein && wanted;
        }
    }
}

static enum ddmd_status select_values(struct parser *p, uint8_t *chosen)
{
    enum ddmd_status status = DDMD_OK;
    char keyword[WORD_SIZE];
    snprintf(keyword, sizeof keyword, "%s", p->word);
    DDMD_TRY(next_word(p));
    if (ends_values(p))
        FAIL_HERE(p, "expected what '%s' should be, found %s%s%s", keyword, *p->word ? "'" : "",
                  *p->word ? p->word : "the end", *p->word ? "'" : "");
    for (; !ends_values(p);) {
        if (strcmp(keyword, "index") == 0 || strcmp(keyword, "resid") == 0)
            DDMD_TRY(select_range(p, *keyword == 'i', chosen));
        else
            select_names(p, keyword, chosen);
        DDMD_TRY(next_word(p));
    }
out:
    return status;
}

static enum ddmd_status select_any(struct parser *p, uint8_t *chosen);

/* chosen is zero at the start here and in the functions below. */
static enum ddmd_status select_term(struct parser *p, uint8_t *chosen)
{
    enum ddmd_status status = DDMD_OK;
    const ddmd_structure *s = p->s;
    size_t n_words = sizeof words / sizeof *words;
    if (++p->depth > DEPTH_LIMIT)
        FAIL_HERE(p, "more than %d levels of 'not' and '('", DEPTH_LIMIT);
    if (is(p, "not")) {
        DDMD_TRY(next_word(p));
        DDMD_TRY(select_term(p, chosen));
        for (int32_t i = 0; i < s->n_atoms; i++)
            chosen[i] = !chosen[i];
    } else if (is(p, "(")) {
        int column = (int)(p->from - p->text) + 1;
        DDMD_TRY(next_word(p));
        DDMD_TRY(select_any(p, chosen));
        if (!is(p, ")"))
            FAIL_HERE(p, "expected ')' for the '(' in column %d", column);
        DDMD_TRY(next_word(p));
    } else if (is(p, "all") || is(p, "none")) {
        memset(chosen, is(p, "all"), (size_t)s->n_atoms);
        DDMD_TRY(next_word(p));
    } else if (is(p, "protein") || is(p, "backbone")) {
        select_protein(s, is(p, "backbone"), chosen);
        DDMD_TRY(next_word(p));
    } else if (is(p, "name") || is(p, "resname") || is(p, "resid") || is(p, "index") ||
               is(p, "chain") || is(p, "element")) {
        DDMD_TRY(select_values(p, chosen));
    } else if (!*p->word) {
        FAIL_HERE(p, "expected a selection, found %s", "the end");
    } else {
        const char *near = ddmd_text_nearest(p->word, words, n_words);
        FAIL_HERE(p, "'%s' is no selection%s%s%s", p->word, near ? ": did you mean '" : "",
                  near ? near
                       : " (they are: all, none, protein, backbone, name, resname, resid, "
                         "index, chain, element, not)",
                  near ? "'?" : "");
    }
    p->depth--;
out:
    return status;
}

/* Parts with `word` between them: atoms of all parts where it is "and", of any where it is "or". */
static enum ddmd_status select_joined(struct parser *p, const char *word,
                                      enum ddmd_status part(struct parser *p, uint8_t *chosen),
                                      uint8_t *chosen)
{
    enum ddmd_status status = DDMD_OK;
    size_t n = (size_t)p->s->n_atoms;
    bool both = strcmp(word, "and") == 0;
    uint8_t *other = NULL;
    DDMD_TRY(part(p, chosen));
    while (is(p, word)) {
        free(other);
        other = NULL;
        DDMD_TRY(ddmd_array_alloc(&other, n, 1, p->err));
        DDMD_TRY(next_word(p));
        DDMD_TRY(part(p, other));
        for (size_t i = 0; i < n; i++)
            chosen[i] = both ? chosen[i] & other[i] : chosen[i] | other[i];
    }
out:
    free(other);
    return status;
}

static enum ddmd_status select_both(struct parser *p, uint8_t *chosen)
{
    return select_joined(p, "and", select_term, chosen);
}

static enum ddmd_status select_any(struct parser *p, uint8_t *chosen)
{
    return select_joined(p, "or", select_both, chosen);
}

enum ddmd_status ddmd_structure_select(const ddmd_structure *structure, const char *expression,
                                       int32_t **indices, size_t *n, ddmd_error *err)
{
    enum ddmd_status status = DDMD_OK;
    const ddmd_structure *s = structure;
    struct parser p = {.s = s, .text = expression, .err = err, .at = expression};
    uint8_t *chosen = NULL;
    int32_t *list = NULL;
    size_t count = 0;
    DDMD_TRY(ddmd_array_alloc(&chosen, (size_t)s->n_atoms, 1, err));
    DDMD_TRY(next_word(&p));
    DDMD_TRY(select_any(&p, chosen));
    if (*p.word)
        FAIL_HERE(&p, "expected 'and', 'or' or the end, found '%s'", p.word);
    for (int32_t i = 0; i < s->n_atoms; i++)
        count += chosen[i];
    if (!count)
        DDMD_FAIL(err, DDMD_CONFIG, "selection '%.200s': none of the %d atoms of %s is selected",
                  expression, s->n_atoms, s->source ? s->source : "the structure");
    DDMD_TRY(ddmd_array_alloc(&list, count, sizeof *list, err));
    count = 0;
    for (int32_t i = 0; i < s->n_atoms; i++)
        if (chosen[i])
            list[count++] = i;
    *indices = list;
    *n = count;
out:
    free(chosen);
    return status;
}
