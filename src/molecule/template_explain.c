/* Why a residue fits no template: said in the words of the template that is nearest to it. */
#include "template_match.h"

#include "core/array.h"
#include "core/text.h"
#include "core/try.h"
#include "elements.h"

#include <stdlib.h>
#include <string.h>

/* A residue whose atoms are paired with those of one template after the other. */
typedef struct comparison {
    const ddmd_typing *typing;
    int32_t residue, first, n; /* its first atom, its number of atoms */
    bool by_name;              /* pair atoms of one name; else atoms of one element */
    int32_t *names;            /* [n], numbers in the force field's names, -1: unknown there */
    int32_t *partner;          /* [n], template atom of each atom, -1: none */
    bool *taken;               /* [template's atoms] */
} comparison;

/* How a residue differs from a template. */
typedef struct difference {
    const ddmd_ff_template *template;
    int32_t missing;  /* atoms of the template without a partner */
    int32_t extra;    /* atoms of the residue without one */
    int32_t links;    /* pairs with another number of bonds to other residues */
    int32_t bonds;    /* pairs with another number of bonds inside, or another element */
    int32_t relation; /* 0: template and residue share their name; 1: nearly; 2: no */
} difference;

/* Names of templates that are variants of a residue: N- and C-terminal, protonation, disulfide. */
static int32_t find_relation(const char *residue, const char *template)
{
    static const char *const variants[][2] = {
        {"HIS", "HID"}, {"HIS", "HIE"}, {"HIS", "HIP"}, {"CYS", "CYX"}, {"CYS", "CYM"},
        {"ASP", "ASH"}, {"GLU", "GLH"}, {"LYS", "LYN"}, {"NH2", "NHE"},
    };
    size_t length = strlen(template);
    if (strcmp(residue, template) == 0)
        return 0;
    if (length == strlen(residue) + 1 && (template[0] == 'N' || template[0] == 'C'))
        template ++;
    if (strcmp(residue, template) == 0)
        return 1;
    for (size_t i = 0; i < sizeof variants / sizeof variants[0]; i++)
        if (strcmp(residue, variants[i][0]) == 0 && strcmp(template, variants[i][1]) == 0)
            return 1;
    return 2;
}

static int32_t element_in(const comparison *c, const ddmd_ff_template *t, int32_t atom)
{
    return c->typing->force_field->types[t->atoms[atom].type].element;
}

/* Bonds of an atom of the residue, inside it and to others. */
static void count_bonds(const comparison *c, int32_t i, int32_t *inside, int32_t *outside)
{
    const ddmd_neighbors *nb = &c->typing->neighbors;
    *inside = *outside = 0;
    for (int32_t b = nb->first[c->first + i]; b < nb->first[c->first + i + 1]; b++) {
        int32_t other = nb->atoms[b] - c->first;
        bool same = other >= 0 && other < c->n;
        *inside += same;
        *outside += !same;
    }
}

/* Whether an atom of the residue is bonded to one whose partner is bonded to template atom j. */
static bool shares_neighbor(const comparison *c, const ddmd_ff_template *t, int32_t i, int32_t j)
{
    const ddmd_neighbors *nb = &c->typing->neighbors;
    for (int32_t b = nb->first[c->first + i]; b < nb->first[c->first + i + 1]; b++) {
        int32_t other = nb->atoms[b] - c->first;
        if (other < 0 || other >= c->n || c->partner[other] < 0)
            continue;
        for (int32_t k = 0; k < t->atoms[j].n_bonded; k++)
            if (t->bonded[t->atoms[j].first_bonded + k] == c->partner[other])
                return true;
    }
    return false;
}

/* Find partners for the atoms that have none: of one name, or of one element at the same place. */
static void find_partners(comparison *c, const ddmd_ff_template *t, bool by_name)
{
    for (int32_t i = 0; i < c->n; i++)
        for (int32_t j = 0; j < t->n_atoms && c->partner[i] < 0; j++) {
            bool fits = by_name ? t->atoms[j].name == c->names[i]
                                : element_in(c, t, j) == c->typing->elements[c->first + i] &&
                                      (!c->by_name || shares_neighbor(c, t, i, j));
            if (!c->taken[j] && fits) {
                c->partner[i] = j;
                c->taken[j] = true;
            }
        }
}

static difference compare(comparison *c, const ddmd_ff_template *t)
{
    const ddmd_typing *typing = c->typing;
    const char *name = typing->structure->residues[c->residue].name;
    difference d = {.template = t,
                    .missing = t->n_atoms,
                    .relation = find_relation(name, ddmd_ff_name(typing->force_field, t->name))};
    memset(c->taken, 0, (size_t)t->n_atoms * sizeof *c->taken);
    for (int32_t i = 0; i < c->n; i++)
        c->partner[i] = -1;
    if (c->by_name)
        find_partners(c, t, true);
    find_partners(c, t, false);
    for (int32_t i = 0; i < c->n; i++) {
        if (c->partner[i] < 0) {
            d.extra++;
            continue;
        }
        const ddmd_ff_template_atom *partner = &t->atoms[c->partner[i]];
        int32_t inside, outside;
        count_bonds(c, i, &inside, &outside);
        d.missing--;
        d.links += c->by_name && outside != partner->n_external;
        d.bonds +=
            c->by_name && (inside != partner->n_bonded ||
                           typing->elements[c->first + i] != element_in(c, t, c->partner[i]));
    }
    return d;
}

/* A related name counts most, then the place in the chain, then how many atoms differ. */
static bool is_nearer(const difference *a, const difference *b)
{
    if ((a->relation == 2) != (b->relation == 2))
        return b->relation == 2;
    if (a->relation < 2 && a->links != b->links)
        return a->links < b->links;
    int32_t atoms_a = a->missing + a->extra, atoms_b = b->missing + b->extra;
    if (atoms_a != atoms_b)
        return atoms_a < atoms_b;
    if (a->bonds != b->bonds)
        return a->bonds < b->bonds;
    return a->relation < b->relation;
}

/* The comparison is left with the pairs of the nearest template. */
static difference find_nearest(comparison *c, bool by_name)
{
    const ddmd_force_field *ff = c->typing->force_field;
    difference nearest = {0};
    c->by_name = by_name;
    for (size_t k = 0; k < ff->n_templates; k++) {
        difference d = compare(c, &ff->templates[k]);
        if (!nearest.template || is_nearer(&d, &nearest))
            nearest = d;
    }
    if (nearest.template)
        compare(c, nearest.template);
    return nearest;
}

/* "2 hydrogens are missing", and where atoms go by their names: " (H, HA)" */
typedef struct list {
    const char *what; /* "missing" */
    ddmd_text names;
    int32_t n, n_hydrogens;
} list;

static void list_add(list *l, const char *name, int32_t element)
{
    enum { MOST = 12 };
    if (l->n < MOST)
        ddmd_text_add(&l->names, "%s%s", l->n ? ", " : "", name);
    else if (l->n == MOST)
        ddmd_text_add(&l->names, ", ...");
    l->n++;
    l->n_hydrogens += element == DDMD_ELEMENT_HYDROGEN;
}

static void list_write(list *l, bool with_names, ddmd_text *text)
{
    ddmd_text_add(text, "%d %s%s %s %s", l->n, l->n == l->n_hydrogens ? "hydrogen" : "atom",
                  l->n == 1 ? "" : "s", l->n == 1 ? "is" : "are", l->what);
    if (with_names)
        ddmd_text_add(text, " (%s)", l->names.bytes ? l->names.bytes : "");
}

static bool has_hydrogens(const ddmd_typing *typing)
{
    for (int32_t i = 0; i < typing->structure->n_atoms; i++)
        if (typing->elements[i] == DDMD_ELEMENT_HYDROGEN)
            return true;
    return false;
}

static void add_template(ddmd_text *text, const comparison *c, const difference *d)
{
    const char *residue = c->typing->structure->residues[c->residue].name;
    const char *name = ddmd_ff_name(c->typing->force_field, d->template->name);
    bool terminal = d->relation == 1 && strlen(name) == strlen(residue) + 1;
    ddmd_text_add(text, ", compared with %s%s of the force field", name,
                  !terminal        ? ""
                  : name[0] == 'N' ? " (the start of a chain)"
                                   : " (the end of a chain)");
}

static void add_atoms(ddmd_text *text, const comparison *c, const difference *d)
{
    const ddmd_typing *typing = c->typing;
    list missing = {.what = "missing"}, extra = {.what = "too many"};
    for (int32_t j = 0; j < d->template->n_atoms; j++)
        if (!c->taken[j])
            list_add(&missing, ddmd_ff_name(typing->force_field, d->template->atoms[j].name),
                     element_in(c, d->template, j));
    for (int32_t i = 0; i < c->n; i++)
        if (c->partner[i] < 0)
            list_add(&extra, typing->structure->atoms[c->first + i].name,
                     typing->elements[c->first + i]);
    if (missing.n)
        list_write(&missing, c->by_name, text);
    if (missing.n && extra.n)
        ddmd_text_add(text, " and ");
    if (extra.n)
        list_write(&extra, c->by_name, text);
    add_template(text, c, d);
    if (missing.n && missing.n == missing.n_hydrogens && !has_hydrogens(typing))
        ddmd_text_add(text, "; the file has no hydrogens: add them first, for example with "
                            "PDBFixer or OpenMM's Modeller.addHydrogens");
    ddmd_text_clear(&missing.names);
    ddmd_text_clear(&extra.names);
}

/* What is wrong with one atom that has a partner; false: nothing. */
static bool add_atom(ddmd_text *text, const comparison *c, const difference *d, int32_t i)
{
    const ddmd_atom *atom = &c->typing->structure->atoms[c->first + i];
    const ddmd_ff_template_atom *partner = &d->template->atoms[c->partner[i]];
    int32_t element = element_in(c, d->template, c->partner[i]), inside, outside;
    count_bonds(c, i, &inside, &outside);
    if (c->typing->elements[c->first + i] != element)
        ddmd_text_add(text, "atom %s has the element \"%s\", not \"%s\"", atom->name, atom->element,
                      ddmd_element_symbol(element));
    else if (outside != partner->n_external)
        ddmd_text_add(text,
                      "atom %s is bonded to %d atom%s of other residues, not %d; perhaps a residue "
                      "or a terminal group is missing beside it",
                      atom->name, outside, outside == 1 ? "" : "s", partner->n_external);
    else if (inside != partner->n_bonded)
        ddmd_text_add(text, "atom %s has %d bond%s inside the residue, not %d", atom->name, inside,
                      inside == 1 ? "" : "s", partner->n_bonded);
    else
        return false;
    return true;
}

/* The atoms are the right ones, so it is the bonds, or an element. */
static void add_bonds(ddmd_text *text, const comparison *c, const difference *d)
{
    bool said = false;
    for (int32_t i = 0; c->by_name && i < c->n && !said; i++)
        said = add_atom(text, c, d, i);
    if (!said)
        ddmd_text_add(text, "the atoms are the same, but they are bonded in another way");
    add_template(text, c, d);
}

static void add_unknown(ddmd_text *text, const comparison *c, const difference *d)
{
    enum { MOST = 4 };
    const ddmd_force_field *ff = c->typing->force_field;
    ddmd_text_add(text, "the force field (");
    for (size_t i = 0; i < ff->n_sources && i < MOST; i++) {
        const char *slash = strrchr(ff->sources[i], '/');
        ddmd_text_add(text, "%s%s", i ? ", " : "", slash ? slash + 1 : ff->sources[i]);
    }
    ddmd_text_add(text, "%s) has no residue %s, and none with such atoms and bonds",
                  ff->n_sources > MOST ? ", ..." : "",
                  c->typing->structure->residues[c->residue].name);
    if (d->template && c->by_name && (d->missing + d->extra) * 4 <= c->n)
        ddmd_text_add(text, " (the nearest is %s)", ddmd_ff_name(ff, d->template->name));
    ddmd_text_add(text, "; leave it out of the file or add a force-field file that has it");
}

static void explain(ddmd_text *text, comparison *c)
{
    difference d = find_nearest(c, true);
    if (d.template && d.extra * 2 > c->n)
        d = find_nearest(c, false); /* its names are others: only elements can be counted */
    if (!d.template || d.relation == 2)
        add_unknown(text, c, &d);
    else if (d.missing || d.extra)
        add_atoms(text, c, &d);
    else
        add_bonds(text, c, &d);
}

/* Whether the force field has no residue of that name or a variant of it. */
static bool is_unknown(const ddmd_typing *typing, int32_t residue)
{
    const ddmd_force_field *ff = typing->force_field;
    for (size_t k = 0; k < ff->n_templates; k++)
        if (find_relation(typing->structure->residues[residue].name,
                          ddmd_ff_name(ff, ff->templates[k].name)) < 2)
            return false;
    return true;
}

enum ddmd_status ddmd_template_explain(const ddmd_typing *typing, int32_t residue, int32_t more,
                                       ddmd_error *err)
{
    enum ddmd_status status = DDMD_OK;
    const ddmd_structure *s = typing->structure;
    const ddmd_residue *r = &s->residues[residue];
    /* Beside an unknown residue, which bonds to nothing, its neighbours are wrong as well. */
    if (more && residue + 1 < s->n_residues && r[1].chain == r->chain &&
        typing->templates[residue + 1] < 0 && !is_unknown(typing, residue) &&
        is_unknown(typing, residue + 1)) {
        residue++;
        r++;
    }
    comparison c = {.typing = typing, .residue = residue, .first = r->first_atom, .n = r->n_atoms};
    ddmd_text text = {0};
    char *message = NULL, label[DDMD_RESIDUE_LABEL_SIZE];
    DDMD_TRY(ddmd_array_alloc(&c.names, (size_t)c.n, sizeof *c.names, err));
    DDMD_TRY(ddmd_array_alloc(&c.partner, (size_t)c.n, sizeof *c.partner, err));
    DDMD_TRY(ddmd_array_alloc(&c.taken, DDMD_FF_MAX_TEMPLATE_ATOMS, sizeof *c.taken, err));
    for (int32_t i = 0; i < c.n; i++)
        c.names[i] = ddmd_names_find(&typing->force_field->names, s->atoms[c.first + i].name);

    ddmd_text_add(&text, "%s: ", ddmd_residue_label(s, residue, label));
    explain(&text, &c);
    if (more)
        ddmd_text_add(&text, "; %d more residue%s not fit either", more,
                      more == 1 ? " does" : "s do");
    DDMD_TRY(ddmd_text_take(&text, &message, err));
    DDMD_FAIL(err, DDMD_CONFIG, "%s", message);
out:
    ddmd_text_clear(&text);
    free(c.names);
    free(c.partner);
    free(c.taken);
    free(message);
    return status;
}
