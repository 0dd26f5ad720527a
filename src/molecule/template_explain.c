/* Why a residue fits no template: said in the words of the template that is nearest to it. */
#include "template_match.h"

#include "core/array.h"
#include "core/text.h"
#include "core/try.h"
#include "elements.h"

#include <stdlib.h>
#include <string.h>

/* How a residue differs from a template, by the names of their atoms. */
typedef struct difference {
    int32_t missing;  /* atoms of the template that the residue lacks */
    int32_t extra;    /* atoms of the residue that the template lacks */
    int32_t bonds;    /* common atoms with another number of bonds */
    int32_t relation; /* 0: template and residue share their name; 1: nearly; 2: no */
    int32_t n_common;
} difference;

typedef struct names_of_residue {
    int32_t *name; /* [n_atoms], number in the force field's names, -1: unknown there */
    int32_t n;
} names_of_residue;

/* Names of templates that are variants of a residue: N- and C-terminal, protonation, disulfide. */
static int32_t relation(const char *residue, const char *template)
{
    static const char *const variants[][2] = {
        {"HIS", "HID"}, {"HIS", "HIE"}, {"HIS", "HIP"}, {"CYS", "CYX"}, {"CYS", "CYM"},
        {"ASP", "ASH"}, {"GLU", "GLH"}, {"LYS", "LYN"}, {"NH2", "NHE"}, {"LYS", "LYP"},
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

static int32_t find_in_residue(const names_of_residue *names, int32_t name)
{
    for (int32_t i = 0; i < names->n; i++)
        if (names->name[i] == name)
            return i;
    return -1;
}

static int32_t find_in_template(const ddmd_ff_template *t, int32_t name)
{
    for (int32_t j = 0; j < t->n_atoms; j++)
        if (t->atoms[j].name == name)
            return j;
    return -1;
}

/* Bonds of an atom of the structure, inside its residue and to others. */
static void count_bonds(const ddmd_typing *typing, int32_t atom, int32_t *inside, int32_t *outside)
{
    const ddmd_structure *s = typing->structure;
    *inside = *outside = 0;
    for (int32_t b = typing->neighbors.first[atom]; b < typing->neighbors.first[atom + 1]; b++) {
        bool same = s->atoms[typing->neighbors.atoms[b]].residue == s->atoms[atom].residue;
        *inside += same;
        *outside += !same;
    }
}

static difference compare(const ddmd_typing *typing, int32_t residue, const names_of_residue *names,
                          const ddmd_ff_template *t)
{
    const ddmd_residue *r = &typing->structure->residues[residue];
    difference d = {.relation = relation(r->name, ddmd_ff_name(typing->force_field, t->name))};
    for (int32_t i = 0; i < r->n_atoms; i++) {
        int32_t j = names->name[i] < 0 ? -1 : find_in_template(t, names->name[i]);
        if (j < 0) {
            d.extra++;
            continue;
        }
        int32_t inside, outside;
        count_bonds(typing, r->first_atom + i, &inside, &outside);
        d.n_common++;
        d.bonds += inside != t->atoms[j].n_bonded || outside != t->atoms[j].n_external;
    }
    d.missing = t->n_atoms - d.n_common;
    return d;
}

/* Names count most, then how many atoms differ, then bonds. */
static bool is_nearer(const difference *a, const difference *b)
{
    if ((a->relation == 2) != (b->relation == 2))
        return b->relation == 2;
    int32_t atoms_a = a->missing + a->extra, atoms_b = b->missing + b->extra;
    if (atoms_a != atoms_b)
        return atoms_a < atoms_b;
    if (a->bonds != b->bonds)
        return a->bonds < b->bonds;
    return a->relation < b->relation;
}

enum { MOST_NAMES = 12 };

/* "2 hydrogens are missing (H, HA)" */
static void add_count(ddmd_text *text, int32_t n, int32_t n_hydrogens, const char *what)
{
    bool all_hydrogens = n == n_hydrogens;
    ddmd_text_add(text, "%d %s%s %s%s", n, all_hydrogens ? "hydrogen" : "atom", n == 1 ? "" : "s",
                  n == 1 ? "is" : "are", what);
}

static void add_name(ddmd_text *text, int32_t nth, const char *name)
{
    if (nth < MOST_NAMES)
        ddmd_text_add(text, "%s%s", nth ? ", " : " (", name);
    else if (nth == MOST_NAMES)
        ddmd_text_add(text, ", ...");
}

static void add_missing(ddmd_text *text, const ddmd_typing *typing, const names_of_residue *names,
                        const ddmd_ff_template *t, const difference *d, bool *hydrogens_only)
{
    const ddmd_force_field *ff = typing->force_field;
    int32_t n_hydrogens = 0, nth = 0;
    for (int32_t j = 0; j < t->n_atoms; j++)
        n_hydrogens += find_in_residue(names, t->atoms[j].name) < 0 &&
                       ff->types[t->atoms[j].type].element == DDMD_ELEMENT_HYDROGEN;
    *hydrogens_only = n_hydrogens == d->missing;
    add_count(text, d->missing, n_hydrogens, "missing");
    for (int32_t j = 0; j < t->n_atoms; j++)
        if (find_in_residue(names, t->atoms[j].name) < 0)
            add_name(text, nth++, ddmd_ff_name(ff, t->atoms[j].name));
    ddmd_text_add(text, ")");
}

static void add_extra(ddmd_text *text, const ddmd_typing *typing, int32_t residue,
                      const names_of_residue *names, const ddmd_ff_template *t, const difference *d)
{
    const ddmd_structure *s = typing->structure;
    int32_t first = s->residues[residue].first_atom, n_hydrogens = 0, nth = 0;
    for (int pass = 0; pass < 2; pass++) {
        for (int32_t i = 0; i < names->n; i++) {
            if (names->name[i] >= 0 && find_in_template(t, names->name[i]) >= 0)
                continue;
            if (pass == 0)
                n_hydrogens += typing->elements[first + i] == DDMD_ELEMENT_HYDROGEN;
            else
                add_name(text, nth++, s->atoms[first + i].name);
        }
        if (pass == 0)
            add_count(text, d->extra, n_hydrogens, "too many");
    }
    ddmd_text_add(text, ")");
}

/* Atoms agree in name, so the first one whose bonds or element do not is named. */
static void add_bonds(ddmd_text *text, const ddmd_typing *typing, int32_t residue,
                      const names_of_residue *names, const ddmd_ff_template *t)
{
    const ddmd_structure *s = typing->structure;
    const ddmd_force_field *ff = typing->force_field;
    int32_t first = s->residues[residue].first_atom;
    for (int32_t i = 0; i < names->n; i++) {
        int32_t j = find_in_template(t, names->name[i]), inside, outside;
        const char *name = s->atoms[first + i].name;
        if (j < 0)
            continue;
        int32_t element = ff->types[t->atoms[j].type].element;
        count_bonds(typing, first + i, &inside, &outside);
        if (typing->elements[first + i] != element) {
            ddmd_text_add(text, "atom %s has the element \"%s\", not \"%s\"", name,
                          s->atoms[first + i].element, ddmd_element_symbol(element));
            return;
        }
        if (outside != t->atoms[j].n_external) {
            ddmd_text_add(text,
                          "atom %s is bonded to %d atom%s of other residues, not %d; perhaps a "
                          "residue or a terminal group is missing beside it",
                          name, outside, outside == 1 ? "" : "s", t->atoms[j].n_external);
            return;
        }
        if (inside != t->atoms[j].n_bonded) {
            ddmd_text_add(text, "atom %s has %d bond%s inside the residue, not %d", name, inside,
                          inside == 1 ? "" : "s", t->atoms[j].n_bonded);
            return;
        }
    }
    ddmd_text_add(text, "the atoms are the same, but they are bonded in another way");
}

/* The template nearest to a residue, NULL where none has anything to do with it. */
static const ddmd_ff_template *find_nearest(const ddmd_typing *typing, int32_t residue,
                                            const names_of_residue *names, difference *nearest)
{
    const ddmd_force_field *ff = typing->force_field;
    const ddmd_ff_template *best = NULL;
    for (size_t k = 0; k < ff->n_templates; k++) {
        difference d = compare(typing, residue, names, &ff->templates[k]);
        if (best && !is_nearer(&d, nearest))
            continue;
        best = &ff->templates[k];
        *nearest = d;
    }
    bool unlike = best && nearest->relation == 2 &&
                  nearest->n_common * 4 < 3 * (names->n > best->n_atoms ? names->n : best->n_atoms);
    return unlike ? NULL : best;
}

static bool has_hydrogens(const ddmd_typing *typing)
{
    for (int32_t i = 0; i < typing->structure->n_atoms; i++)
        if (typing->elements[i] == DDMD_ELEMENT_HYDROGEN)
            return true;
    return false;
}

static void add_unknown(ddmd_text *text, const ddmd_typing *typing, int32_t residue)
{
    const ddmd_force_field *ff = typing->force_field;
    ddmd_text_add(text, "the force field (");
    for (size_t i = 0; i < ff->n_sources && i < 4; i++) {
        const char *slash = strrchr(ff->sources[i], '/');
        ddmd_text_add(text, "%s%s", i ? ", " : "", slash ? slash + 1 : ff->sources[i]);
    }
    ddmd_text_add(text,
                  "%s) has no residue %s, and none with such atoms and bonds; leave it out "
                  "of the file or add a force-field file that has it",
                  ff->n_sources > 4 ? ", ..." : "", typing->structure->residues[residue].name);
}

enum ddmd_status ddmd_template_explain(const ddmd_typing *typing, int32_t residue, int32_t more,
                                       ddmd_error *err)
{
    enum ddmd_status status = DDMD_OK;
    const ddmd_structure *s = typing->structure;
    const ddmd_force_field *ff = typing->force_field;
    const ddmd_residue *r = &s->residues[residue];
    names_of_residue names = {.n = r->n_atoms};
    ddmd_text text = {0};
    char *message = NULL, label[DDMD_RESIDUE_LABEL_SIZE];
    difference d = {0};

    DDMD_TRY(ddmd_array_alloc(&names.name, (size_t)r->n_atoms, sizeof *names.name, err));
    for (int32_t i = 0; i < r->n_atoms; i++)
        names.name[i] = ddmd_names_find(&ff->names, s->atoms[r->first_atom + i].name);

    ddmd_text_add(&text, "%s: ", ddmd_residue_label(s, residue, label));
    const ddmd_ff_template *t = find_nearest(typing, residue, &names, &d);
    if (!t) {
        add_unknown(&text, typing, residue);
    } else {
        bool hydrogens_only = false;
        if (d.missing)
            add_missing(&text, typing, &names, t, &d, &hydrogens_only);
        if (d.missing && d.extra)
            ddmd_text_add(&text, " and ");
        if (d.extra)
            add_extra(&text, typing, residue, &names, t, &d);
        if (!d.missing && !d.extra)
            add_bonds(&text, typing, residue, &names, t);
        ddmd_text_add(&text, ", compared with %s of the force field", ddmd_ff_name(ff, t->name));
        if (hydrogens_only && !has_hydrogens(typing))
            ddmd_text_add(&text, "; the file has no hydrogens: add them first, for example with "
                                 "PDBFixer or OpenMM's Modeller.addHydrogens");
    }
    if (more)
        ddmd_text_add(&text, "; %d more residue%s %s not fit either", more, more == 1 ? "" : "s",
                      more == 1 ? "does" : "do");
    DDMD_TRY(ddmd_text_take(&text, &message, err));
    DDMD_FAIL(err, DDMD_CONFIG, "%s", message);
out:
    ddmd_text_clear(&text);
    free(names.name);
    free(message);
    return status;
}
