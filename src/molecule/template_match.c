#include "template_match.h"

#include "core/array.h"
#include "core/try.h"
#include "elements.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int compare_int32(const void *a, const void *b)
{
    int32_t x = *(const int32_t *)a, y = *(const int32_t *)b;
    return (x > y) - (x < y);
}

enum ddmd_status ddmd_neighbors_build(const ddmd_structure *structure, ddmd_neighbors *neighbors,
                                      ddmd_error *err)
{
    enum ddmd_status status = DDMD_OK;
    const ddmd_structure *s = structure;
    ddmd_neighbors nb = {0};
    DDMD_TRY(ddmd_array_alloc(&nb.first, (size_t)s->n_atoms + 1, sizeof *nb.first, err));
    DDMD_TRY(ddmd_array_alloc(&nb.atoms, (size_t)s->n_bonds * 2, sizeof *nb.atoms, err));
    for (int32_t b = 0; b < s->n_bonds; b++) {
        nb.first[s->bonds[b][0] + 1]++;
        nb.first[s->bonds[b][1] + 1]++;
    }
    for (int32_t i = 0; i < s->n_atoms; i++)
        nb.first[i + 1] += nb.first[i];
    for (int32_t b = 0; b < s->n_bonds; b++)
        for (int end = 0; end < 2; end++) {
            int32_t i = s->bonds[b][end];
            nb.atoms[nb.first[i]++] = s->bonds[b][1 - end];
        }
    for (int32_t i = s->n_atoms; i > 0; i--)
        nb.first[i] = nb.first[i - 1];
    nb.first[0] = 0;
    for (int32_t i = 0; i < s->n_atoms; i++)
        qsort(nb.atoms + nb.first[i], (size_t)(nb.first[i + 1] - nb.first[i]), sizeof *nb.atoms,
              compare_int32);
    *neighbors = nb;
    nb = (ddmd_neighbors){0};
out:
    ddmd_neighbors_clear(&nb);
    return status;
}

void ddmd_neighbors_clear(ddmd_neighbors *neighbors)
{
    free(neighbors->first);
    free(neighbors->atoms);
    *neighbors = (ddmd_neighbors){0};
}

const char *ddmd_residue_label(const ddmd_structure *structure, int32_t residue,
                               char label[DDMD_RESIDUE_LABEL_SIZE])
{
    const ddmd_residue *r = &structure->residues[residue];
    const char *chain = structure->chains[r->chain].id;
    const char *source = structure->source ? structure->source : "structure";
    int32_t line = structure->atoms[r->first_atom].line;
    char insertion[2] = {r->insertion_code == ' ' ? '\0' : r->insertion_code, '\0'};
    char of_chain[24] = "", where[128];
    if (chain[strspn(chain, " ")])
        snprintf(of_chain, sizeof of_chain, " of chain %s", chain);
    if (line > 0)
        snprintf(where, sizeof where, "%.100s:%d", source, line);
    else
        snprintf(where, sizeof where, "%.100s", source);
    snprintf(label, DDMD_RESIDUE_LABEL_SIZE, "residue %d%s %s%s (%s)", r->number, insertion,
             r->name, of_chain, where);
    return label;
}

/* A residue as a graph, and the space that matching it needs; arrays of capacity atoms. */
typedef struct match_work {
    int32_t n, capacity;
    int32_t *key;          /* of each atom: what the atom that it is matched to must share */
    int32_t *sorted_key;   /* the same in order */
    int32_t *first_bonded; /* [capacity + 1], into bonded */
    int32_t *bonded;       /* inside the residue, ascending */
    int32_t *name;         /* number that the template's atom must have; -1: any */

    int32_t *template_key, *template_sorted;
    int32_t *n_candidates;
    int32_t *order;    /* order[p]: the atom that is matched as the p-th */
    int32_t *position; /* of each atom in order */
    int32_t *cursor;   /* [p]: how many candidates of the p-th atom were tried */
    int32_t *match;    /* [atom]: its template atom */
    bool *taken;       /* [template atom] */
    bool *queued;      /* [atom]: bonded to one that is in order */
    long steps;
} match_work;

enum { MAX_STEPS = 5000000 };

static void work_clear(match_work *w)
{
    int32_t **arrays[] = {&w->key,   &w->sorted_key,   &w->first_bonded,    &w->bonded,
                          &w->name,  &w->template_key, &w->template_sorted, &w->n_candidates,
                          &w->order, &w->position,     &w->cursor,          &w->match};
    for (size_t i = 0; i < sizeof arrays / sizeof arrays[0]; i++)
        free(*arrays[i]);
    free(w->taken);
    free(w->queued);
    *w = (match_work){0};
}

static enum ddmd_status work_alloc(match_work *w, int32_t capacity, int32_t n_bonded,
                                   ddmd_error *err)
{
    enum ddmd_status status = DDMD_OK;
    int32_t **arrays[] = {
        &w->key,      &w->sorted_key,      &w->first_bonded, &w->name,         &w->template_key,
        &w->position, &w->template_sorted, &w->cursor,       &w->n_candidates, &w->order,
        &w->match};
    for (size_t i = 0; i < sizeof arrays / sizeof arrays[0]; i++)
        DDMD_TRY(ddmd_array_alloc(arrays[i], (size_t)capacity + 1, sizeof(int32_t), err));
    DDMD_TRY(ddmd_array_alloc(&w->bonded, (size_t)n_bonded, sizeof *w->bonded, err));
    DDMD_TRY(ddmd_array_alloc(&w->taken, (size_t)capacity, sizeof *w->taken, err));
    DDMD_TRY(ddmd_array_alloc(&w->queued, (size_t)capacity, sizeof *w->queued, err));
    w->capacity = capacity;
out:
    return status;
}

/* Numbers of bonds are capped by what a template may have, so that keys cannot collide. */
static int32_t make_key(int32_t element, int32_t n_bonded, int32_t n_external)
{
    enum { BASE = DDMD_FF_MAX_VALENCE + 2 };
    n_bonded = n_bonded < BASE ? n_bonded : BASE - 1;
    n_external = n_external < BASE ? n_external : BASE - 1;
    return (element * BASE + n_bonded) * BASE + n_external;
}

static void sort_keys(int32_t *sorted, const int32_t *keys, int32_t n)
{
    memcpy(sorted, keys, (size_t)n * sizeof *sorted);
    qsort(sorted, (size_t)n, sizeof *sorted, compare_int32);
}

static void load_residue(match_work *w, const ddmd_typing *typing, int32_t residue)
{
    const ddmd_residue *r = &typing->structure->residues[residue];
    const ddmd_neighbors *nb = &typing->neighbors;
    int32_t used = 0;
    w->n = r->n_atoms;
    for (int32_t i = 0; i < r->n_atoms; i++) {
        int32_t atom = r->first_atom + i, n_external = 0;
        w->first_bonded[i] = used;
        for (int32_t b = nb->first[atom]; b < nb->first[atom + 1]; b++) {
            int32_t other = nb->atoms[b] - r->first_atom;
            if (other >= 0 && other < r->n_atoms)
                w->bonded[used++] = other;
            else
                n_external++;
        }
        w->key[i] = make_key(typing->elements[atom], used - w->first_bonded[i], n_external);
    }
    w->first_bonded[r->n_atoms] = used;
    sort_keys(w->sorted_key, w->key, w->n);
}

static void load_template(match_work *w, const ddmd_force_field *ff, const ddmd_ff_template *t)
{
    for (int32_t j = 0; j < t->n_atoms; j++) {
        const ddmd_ff_template_atom *a = &t->atoms[j];
        w->template_key[j] = make_key(ff->types[a->type].element, a->n_bonded, a->n_external);
    }
    sort_keys(w->template_sorted, w->template_key, t->n_atoms);
}

/* Atoms without an element go by their name, where the template knows it. */
static void load_names(match_work *w, const ddmd_typing *typing, int32_t residue,
                       const ddmd_ff_template *t)
{
    const ddmd_force_field *ff = typing->force_field;
    int32_t first = typing->structure->residues[residue].first_atom;
    for (int32_t i = 0; i < w->n; i++) {
        w->name[i] = -1;
        if (typing->elements[first + i] != DDMD_ELEMENT_NONE)
            continue;
        int32_t name = ddmd_names_find(&ff->names, typing->structure->atoms[first + i].name);
        for (int32_t j = 0; j < t->n_atoms; j++)
            if (t->atoms[j].name == name && ff->types[t->atoms[j].type].element == 0)
                w->name[i] = name;
    }
}

static bool is_candidate(const match_work *w, const ddmd_ff_template *t, int32_t i, int32_t j)
{
    return w->key[i] == w->template_key[j] && (w->name[i] < 0 || w->name[i] == t->atoms[j].name);
}

/*
 * First the atom with the fewest candidates, then always one that is bonded to those before it
 * (again the one with the fewest candidates; the lowest number among equals).
 */
static void find_order(match_work *w, const ddmd_ff_template *t)
{
    int32_t n_queued = 0;
    for (int32_t i = 0; i < w->n; i++) {
        w->position[i] = -1;
        w->queued[i] = false;
        w->n_candidates[i] = 0;
        for (int32_t j = 0; j < w->n; j++)
            w->n_candidates[i] += is_candidate(w, t, i, j);
    }
    for (int32_t p = 0; p < w->n; p++) {
        int32_t next = -1;
        for (int32_t i = 0; i < w->n; i++)
            if (w->position[i] < 0 && (n_queued == 0 || w->queued[i]) &&
                (next < 0 || w->n_candidates[i] < w->n_candidates[next]))
                next = i;
        w->order[p] = next;
        w->position[next] = p;
        if (w->queued[next])
            n_queued--;
        w->queued[next] = false;
        for (int32_t b = w->first_bonded[next]; b < w->first_bonded[next + 1]; b++) {
            int32_t other = w->bonded[b];
            if (w->position[other] < 0 && !w->queued[other]) {
                w->queued[other] = true;
                n_queued++;
            }
        }
    }
}

static bool is_bonded(const ddmd_ff_template *t, int32_t a, int32_t b)
{
    const ddmd_ff_template_atom *atom = &t->atoms[a];
    for (int32_t k = 0; k < atom->n_bonded; k++)
        if (t->bonded[atom->first_bonded + k] == b)
            return true;
    return false;
}

/* The next template atom to try for the p-th atom, -1 where none is left. */
static int32_t next_candidate(match_work *w, const ddmd_ff_template *t, int32_t p)
{
    int32_t i = w->order[p];
    const int32_t *list = NULL; /* those bonded to the match of a bonded atom; NULL: all */
    int32_t n = w->n;
    for (int32_t b = w->first_bonded[i]; b < w->first_bonded[i + 1] && !list; b++)
        if (w->position[w->bonded[b]] < p) {
            const ddmd_ff_template_atom *anchor = &t->atoms[w->match[w->bonded[b]]];
            list = t->bonded + anchor->first_bonded;
            n = anchor->n_bonded;
        }
    while (w->cursor[p] < n) {
        int32_t c = w->cursor[p]++;
        int32_t j = list ? list[c] : c;
        w->steps++;
        if (w->taken[j] || !is_candidate(w, t, i, j))
            continue;
        bool fits = true;
        for (int32_t b = w->first_bonded[i]; b < w->first_bonded[i + 1] && fits; b++)
            fits = w->position[w->bonded[b]] > p || is_bonded(t, w->match[w->bonded[b]], j);
        if (fits)
            return j;
    }
    return -1;
}

/* Backtracking search; false also where it takes too long (steps says so). */
static bool search(match_work *w, const ddmd_ff_template *t)
{
    memset(w->taken, 0, (size_t)w->n * sizeof *w->taken);
    w->steps = 0;
    int32_t p = 0;
    w->cursor[0] = 0;
    while (p < w->n) {
        int32_t j = next_candidate(w, t, p);
        if (w->steps > MAX_STEPS)
            return false;
        if (j >= 0) {
            w->match[w->order[p]] = j;
            w->taken[j] = true;
            if (++p < w->n)
                w->cursor[p] = 0;
        } else if (p == 0) {
            return false;
        } else {
            w->taken[w->match[w->order[--p]]] = false;
        }
    }
    return true;
}

static enum ddmd_status try_template(match_work *w, const ddmd_typing *typing, int32_t residue,
                                     const ddmd_ff_template *t, bool *fits, ddmd_error *err)
{
    const ddmd_force_field *ff = typing->force_field;
    *fits = false;
    if (t->n_atoms != w->n)
        return DDMD_OK;
    load_template(w, ff, t);
    if (memcmp(w->sorted_key, w->template_sorted, (size_t)w->n * sizeof *w->sorted_key) != 0)
        return DDMD_OK;
    load_names(w, typing, residue, t);
    find_order(w, t);
    *fits = search(w, t);
    if (*fits || w->steps <= MAX_STEPS)
        return DDMD_OK;
    char label[DDMD_RESIDUE_LABEL_SIZE];
    return ddmd_error_set(
        err, DDMD_UNSUPPORTED, "%s: too many ways to match it with residue %s of the force field",
        ddmd_residue_label(typing->structure, residue, label), ddmd_ff_name(ff, t->name));
}

/* Whether two templates give the residue's atoms the same types and parameters. */
static bool are_alike(const ddmd_ff_template *a, const int32_t *match_a, const ddmd_ff_template *b,
                      const int32_t *match_b)
{
    for (int32_t i = 0; i < a->n_atoms; i++) {
        const ddmd_ff_template_atom *x = &a->atoms[match_a[i]], *y = &b->atoms[match_b[i]];
        if (x->type != y->type || x->values.given != y->values.given)
            return false;
        for (int v = 0; v < DDMD_FF_N_ATTRIBUTES; v++)
            if (x->values.value[v] != y->values.value[v])
                return false;
    }
    return true;
}

/* typing->templates[residue]: the first template that fits, -1 where none does. */
static enum ddmd_status match_residue(ddmd_typing *typing, match_work *w, int32_t residue,
                                      ddmd_error *err)
{
    enum ddmd_status status = DDMD_OK;
    const ddmd_force_field *ff = typing->force_field;
    const ddmd_residue *r = &typing->structure->residues[residue];
    int32_t *matches = typing->template_atom + r->first_atom;
    typing->templates[residue] = -1;
    if (r->n_atoms > w->capacity)
        goto out;
    load_residue(w, typing, residue);
    for (size_t k = 0; k < ff->n_templates; k++) {
        const ddmd_ff_template *t = &ff->templates[k];
        bool fits;
        DDMD_TRY(try_template(w, typing, residue, t, &fits, err));
        if (!fits)
            continue;
        int32_t before = typing->templates[residue];
        if (before < 0) {
            typing->templates[residue] = (int32_t)k;
            memcpy(matches, w->match, (size_t)w->n * sizeof *matches);
        } else if (!are_alike(&ff->templates[before], matches, t, w->match)) {
            char label[DDMD_RESIDUE_LABEL_SIZE];
            DDMD_FAIL(err, DDMD_CONFIG,
                      "%s: both %s and %s of the force field fit, and they differ",
                      ddmd_residue_label(typing->structure, residue, label),
                      ddmd_ff_name(ff, ff->templates[before].name), ddmd_ff_name(ff, t->name));
        }
    }
    for (int32_t i = 0; typing->templates[residue] >= 0 && i < r->n_atoms; i++)
        typing->types[r->first_atom + i] =
            ff->templates[typing->templates[residue]].atoms[matches[i]].type;
out:
    return status;
}

static enum ddmd_status match_all(ddmd_typing *typing, ddmd_error *err)
{
    enum ddmd_status status = DDMD_OK;
    const ddmd_structure *s = typing->structure;
    match_work work = {0};
    int32_t largest = 0, n_wrong = 0, first_wrong = -1;
    for (int32_t r = 0; r < s->n_residues; r++)
        if (s->residues[r].n_atoms > largest &&
            s->residues[r].n_atoms <= DDMD_FF_MAX_TEMPLATE_ATOMS)
            largest = s->residues[r].n_atoms;
    DDMD_TRY(work_alloc(&work, largest, typing->neighbors.first[s->n_atoms], err));
    for (int32_t r = 0; r < s->n_residues; r++) {
        DDMD_TRY(match_residue(typing, &work, r, err));
        if (typing->templates[r] >= 0)
            continue;
        if (n_wrong++ == 0)
            first_wrong = r;
    }
    if (n_wrong)
        status = ddmd_template_explain(typing, first_wrong, n_wrong - 1, err);
out:
    work_clear(&work);
    return status;
}

enum ddmd_status ddmd_typing_build(const ddmd_structure *structure,
                                   const ddmd_force_field *force_field, ddmd_typing *typing,
                                   ddmd_error *err)
{
    enum ddmd_status status = DDMD_OK;
    size_t n_atoms = (size_t)structure->n_atoms, n_residues = (size_t)structure->n_residues;
    ddmd_typing t = {.structure = structure, .force_field = force_field};
    DDMD_TRY(ddmd_neighbors_build(structure, &t.neighbors, err));
    DDMD_TRY(ddmd_array_alloc(&t.elements, n_atoms, sizeof *t.elements, err));
    DDMD_TRY(ddmd_array_alloc(&t.templates, n_residues, sizeof *t.templates, err));
    DDMD_TRY(ddmd_array_alloc(&t.template_atom, n_atoms, sizeof *t.template_atom, err));
    DDMD_TRY(ddmd_array_alloc(&t.types, n_atoms, sizeof *t.types, err));
    for (size_t i = 0; i < n_atoms; i++) {
        int32_t element = ddmd_element_find(structure->atoms[i].element);
        t.elements[i] = element < 0 ? DDMD_ELEMENT_NONE : element;
    }
    DDMD_TRY(match_all(&t, err));
    *typing = t;
    t = (ddmd_typing){0};
out:
    ddmd_typing_clear(&t);
    return status;
}

void ddmd_typing_clear(ddmd_typing *typing)
{
    ddmd_neighbors_clear(&typing->neighbors);
    free(typing->elements);
    free(typing->templates);
    free(typing->template_atom);
    free(typing->types);
    *typing = (ddmd_typing){0};
}

const ddmd_ff_template_atom *ddmd_typing_atom(const ddmd_typing *typing, int32_t atom)
{
    int32_t residue = typing->structure->atoms[atom].residue;
    return &typing->force_field->templates[typing->templates[residue]]
                .atoms[typing->template_atom[atom]];
}
