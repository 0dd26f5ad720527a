#include "molecule/peptide_chain.h"

#include "core/array.h"
#include "core/try.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    MAX_ATOMS_A_RESIDUE = 27, /* arginine and tryptophan with both ends charged */
    MAX_RINGS_A_RESIDUE = 2
};

static const double RADIAN = 0.017453292519943295; /* a degree */
static const double NM = 0.1;                      /* an angstrom */

/* Backbone torsions of one residue, degrees; omega is the bond to the residue before it. */
struct torsions {
    double phi, psi, omega;
};

/* omega of the helix: with it, phi and psi give 1.51 angstrom and 100 degrees a residue. */
static const struct torsions helix = {-57, -47, 178};
static const struct torsions extended = {-135, 135, 180};
static const double extended_proline_phi = -70; /* what its ring allows */

static struct torsions torsions_of(const struct ddmd_peptide_residue *kind,
                                   enum ddmd_peptide_fold fold)
{
    struct torsions t = fold == DDMD_PEPTIDE_HELIX ? helix : extended;
    if (fold == DDMD_PEPTIDE_EXTENDED && kind && kind->linked)
        t.phi = extended_proline_phi;
    return t;
}

/* The angle CA-C-N; glycine_like: CA bears two hydrogens or more. */
static double nitrogen_angle(bool glycine_like, bool proline)
{
    if (proline)
        return glycine_like ? 118.2 : 116.9;
    return glycine_like ? 116.4 : 116.2;
}

/* The angle CA-C-O: what N-C-O leaves of a plane. */
static double oxygen_angle(bool glycine_like, bool proline)
{
    return 360 - nitrogen_angle(glycine_like, proline) - (proline ? 122.0 : 123.0);
}

/* What the next residue is attached to. */
struct link {
    int32_t n, ca, c; /* ACE: a fixed point, the methyl carbon, the carbon */
    bool glycine_like;
    int32_t residue;
};

struct builder {
    ddmd_peptide_chain *chain;
    enum ddmd_peptide_fold fold;
    int32_t n_atoms, n_bonds, n_residues;
};

static void add_bond(struct builder *b, int32_t i, int32_t j)
{
    int32_t *bond = b->chain->structure->bonds[b->n_bonds++];
    bond[0] = i < j ? i : j;
    bond[1] = i < j ? j : i;
}

static int32_t add_atom(struct builder *b, const char *name, int32_t parent, int32_t angle_atom,
                        int32_t torsion_atom, double length_angstrom, double angle_degree,
                        double torsion_degree)
{
    ddmd_structure *s = b->chain->structure;
    int32_t index = b->n_atoms++;
    ddmd_atom *atom = &s->atoms[index];
    snprintf(atom->name, sizeof atom->name, "%s", name);
    atom->element[0] = name[0];
    atom->residue = b->n_residues - 1;
    atom->occupancy = 1;
    s->residues[atom->residue].n_atoms++;
    b->chain->sites[index] = (struct ddmd_peptide_site){.parent = parent,
                                                        .angle_atom = angle_atom,
                                                        .torsion_atom = torsion_atom,
                                                        .length_nm = length_angstrom * NM,
                                                        .angle = angle_degree * RADIAN,
                                                        .torsion = torsion_degree * RADIAN,
                                                        .turned_by = -1};
    if (parent >= 0)
        add_bond(b, parent, index);
    return index;
}

/* An atom on which others stand that come before it in the file. */
static int32_t add_backbone_atom(struct builder *b, const char *name, int32_t parent,
                                 int32_t angle_atom, int32_t torsion_atom, double length_angstrom,
                                 double angle_degree, double torsion_degree)
{
    int32_t index = add_atom(b, name, parent, angle_atom, torsion_atom, length_angstrom,
                             angle_degree, torsion_degree);
    b->chain->sites[index].backbone = true;
    return index;
}

/* Add a torsion of residue turned_by to that of an atom. */
static void turn(struct builder *b, int32_t atom, int32_t turned_by, int variable)
{
    b->chain->sites[atom].turned_by = turned_by;
    b->chain->sites[atom].variable = variable;
}

static int32_t add_residue(struct builder *b, const char *name)
{
    ddmd_residue *residue = &b->chain->structure->residues[b->n_residues];
    snprintf(residue->name, sizeof residue->name, "%s", name);
    residue->number = b->n_residues + 1;
    residue->insertion_code = ' ';
    residue->first_atom = b->n_atoms;
    return b->n_residues++;
}

static void add_ace(struct builder *b, bool before_proline, struct link *link)
{
    int32_t residue = add_residue(b, "ACE");
    int32_t ch3 = b->n_atoms + 1, c = ch3 + 3, o = c + 1;
    *link = (struct link){.n = -1, .ca = ch3, .c = c, .glycine_like = true, .residue = residue};
    add_atom(b, "H1", ch3, c, o, 1.090, 109.5, 0);
    add_backbone_atom(b, "CH3", -1, -2, -3, 1, 90, 0);
    add_atom(b, "H2", ch3, c, o, 1.090, 109.5, 120);
    add_atom(b, "H3", ch3, c, o, 1.090, 109.5, -120);
    add_backbone_atom(b, "C", ch3, -1, -2, 1.516, 90, 0);
    add_backbone_atom(b, "O", c, ch3, -1, 1.231, oxygen_angle(true, before_proline), 180);
}

/* The nitrogen of a residue on the carbon before it. */
static int32_t add_nitrogen(struct builder *b, const struct link *link, bool proline, double length)
{
    int32_t n = add_backbone_atom(b, "N", link->c, link->ca, link->n, length,
                                  nitrogen_angle(link->glycine_like, proline), 0);
    turn(b, n, link->residue, DDMD_PEPTIDE_PSI);
    return n;
}

static void add_nme(struct builder *b, const struct link *link)
{
    double omega = torsions_of(NULL, b->fold).omega;
    add_residue(b, "NME");
    int32_t n = add_nitrogen(b, link, false, 1.329);
    add_atom(b, "H", n, link->c, link->ca, 1.010, 119.7, omega + 180);
    int32_t methyl = add_atom(b, "C", n, link->c, link->ca, 1.451, 120.6, omega);
    add_atom(b, "H1", methyl, n, link->c, 1.090, 109.5, 180);
    add_atom(b, "H2", methyl, n, link->c, 1.090, 109.5, -60);
    add_atom(b, "H3", methyl, n, link->c, 1.090, 109.5, 60);
}

static void add_nh2(struct builder *b, const struct link *link)
{
    add_residue(b, "NH2");
    int32_t n = add_nitrogen(b, link, false, 1.328);
    add_atom(b, "HN1", n, link->c, link->ca, 1.010, 120.0, 180);
    add_atom(b, "HN2", n, link->c, link->ca, 1.010, 120.0, 0);
}

/* The hydrogens of a charged first nitrogen; proline has CD where the others have H. */
static void add_ammonium(struct builder *b, const struct ddmd_peptide_residue *kind, int32_t n,
                         int32_t ca, int32_t c)
{
    static const struct {
        const char *name;
        double torsion_degree;
    } hydrogens[] = {{"H", 180}, {"H2", -60}, {"H3", 60}};
    for (int i = kind->linked; i < 3; i++) {
        int32_t h =
            add_atom(b, hydrogens[i].name, n, ca, c, 1.010, 109.5, hydrogens[i].torsion_degree);
        if (kind->linked)
            turn(b, h, b->n_residues - 1, DDMD_PEPTIDE_PHI);
    }
}

/*
 * The atom of the newest residue that bears a name. Rows refer to atoms before them and to C,
 * which comes after the side chain.
 */
static int32_t find_atom(const struct builder *b, const char *name, int32_t c)
{
    const ddmd_structure *s = b->chain->structure;
    int32_t i = s->residues[b->n_residues - 1].first_atom;
    while (i < b->n_atoms && strcmp(s->atoms[i].name, name) != 0)
        i++;
    return i < b->n_atoms ? i : c;
}

static void add_side_chain(struct builder *b, const struct ddmd_peptide_residue *kind, int32_t c)
{
    int32_t residue = b->n_residues - 1;
    struct ddmd_peptide_unit *unit = &b->chain->units[residue];
    unit->kind = kind;
    unit->first_side = unit->first_turned = b->n_atoms;
    unit->n_side = kind->n_rows;
    for (int i = 0; i < kind->n_rows; i++) {
        const struct ddmd_peptide_row *row = &kind->rows[i];
        int32_t atom =
            add_atom(b, row->name, find_atom(b, row->parent, c), find_atom(b, row->angle_atom, c),
                     find_atom(b, row->torsion_atom, c), row->length_angstrom, row->angle_degree,
                     row->torsion_degree);
        if (row->chi > 0)
            turn(b, atom, residue, DDMD_PEPTIDE_CHI + row->chi);
        if (row->chi == 0 && unit->first_turned == atom)
            unit->first_turned++;
    }
    for (int i = 0; i < kind->n_rings; i++)
        add_bond(b, find_atom(b, kind->rings[i][0], c), find_atom(b, kind->rings[i][1], c));

    if (!kind->linked)
        unit->n_turned = unit->first_side + unit->n_side - unit->first_turned;
    for (int i = 0; i < kind->n_chi; i++)
        unit->torsion[DDMD_PEPTIDE_CHI + 1 + i] =
            kind->chi[i].degree[kind->linked && b->fold == DDMD_PEPTIDE_HELIX ? 1 : 0] * RADIAN;
}

/* link: what it is attached to, and then what comes next is attached to. */
static void add_amino_acid(struct builder *b, const struct ddmd_peptide_residue *kind, bool first,
                           bool last, bool before_proline, struct link *link)
{
    struct torsions t = torsions_of(kind, b->fold);
    int32_t residue = add_residue(b, kind->name);
    b->chain->units[residue].torsion[DDMD_PEPTIDE_PHI] = t.phi * RADIAN;
    b->chain->units[residue].torsion[DDMD_PEPTIDE_PSI] = t.psi * RADIAN;

    int32_t n_hydrogens = (first ? 3 : 1) - kind->linked;
    int32_t n = b->n_atoms, ca = n + n_hydrogens + 1, c = ca + kind->n_rows + 1, o = c + 1;
    if (first) {
        add_backbone_atom(b, "N", -1, -2, -3, 1, 90, 0);
        add_ammonium(b, kind, n, ca, c);
        add_backbone_atom(b, "CA", n, -1, -2, kind->linked ? kind->n_ca_angstrom : 1.491, 90, 0);
    } else {
        add_nitrogen(b, link, kind->linked, kind->linked ? 1.341 : 1.329);
        if (!kind->linked)
            add_atom(b, "H", n, link->c, link->ca, 1.010, 180 - kind->c_n_ca_degree / 2,
                     t.omega + 180);
        add_backbone_atom(b, "CA", n, link->c, link->ca, kind->n_ca_angstrom, kind->c_n_ca_degree,
                          t.omega);
    }
    add_side_chain(b, kind, c);
    add_backbone_atom(b, "C", ca, n, first ? -1 : link->c, kind->ca_c_angstrom, kind->n_ca_c_degree,
                      0);
    turn(b, c, residue, DDMD_PEPTIDE_PHI);
    *link = (struct link){
        .n = n, .ca = ca, .c = c, .glycine_like = kind->letter == 'G', .residue = residue};
    if (last) {
        add_atom(b, "O", c, ca, n, 1.249, 118.4, 180);
        turn(b, add_atom(b, "OXT", c, ca, n, 1.249, 118.4, 0), residue, DDMD_PEPTIDE_PSI);
    } else {
        add_atom(b, "O", c, ca, n, 1.231, oxygen_angle(link->glycine_like, before_proline), 180);
    }
    turn(b, o, residue, DDMD_PEPTIDE_PSI);
}

static int by_atoms(const void *a, const void *b)
{
    const int32_t *x = a, *y = b;
    return x[0] != y[0] ? (x[0] > y[0]) - (x[0] < y[0]) : (x[1] > y[1]) - (x[1] < y[1]);
}

enum ddmd_status ddmd_peptide_chain_create(const struct ddmd_peptide_sequence *sequence,
                                           enum ddmd_peptide_fold fold, ddmd_peptide_chain *chain,
                                           ddmd_error *err)
{
    enum ddmd_status status = DDMD_OK;
    struct builder b = {.chain = chain, .fold = fold};
    size_t n_residues = (size_t)sequence->n + 2;
    size_t n_atoms = n_residues * MAX_ATOMS_A_RESIDUE;
    DDMD_TRY(ddmd_array_alloc(&chain->structure, 1, sizeof *chain->structure, err));
    ddmd_structure *s = chain->structure;
    DDMD_TRY(ddmd_array_alloc(&s->atoms, n_atoms, sizeof *s->atoms, err));
    DDMD_TRY(ddmd_array_alloc(&s->bonds, n_atoms + n_residues * MAX_RINGS_A_RESIDUE,
                              sizeof *s->bonds, err));
    DDMD_TRY(ddmd_array_alloc(&s->residues, n_residues, sizeof *s->residues, err));
    DDMD_TRY(ddmd_array_alloc(&s->chains, 1, sizeof *s->chains, err));
    DDMD_TRY(ddmd_array_alloc(&s->positions, n_atoms * 3, sizeof *s->positions, err));
    DDMD_TRY(ddmd_array_alloc(&chain->sites, n_atoms, sizeof *chain->sites, err));
    DDMD_TRY(ddmd_array_alloc(&chain->units, n_residues, sizeof *chain->units, err));

    struct link link = {0};
    if (sequence->ace)
        add_ace(&b, sequence->letters[0] == 'P', &link);
    for (int32_t i = 0; i < sequence->n; i++) {
        bool end = i + 1 == sequence->n;
        add_amino_acid(&b, ddmd_peptide_residue_find(sequence->letters[i]),
                       i == 0 && !sequence->ace, end && sequence->end == DDMD_PEPTIDE_END_CHARGED,
                       !end && sequence->letters[i + 1] == 'P', &link);
    }
    if (sequence->end == DDMD_PEPTIDE_END_NME)
        add_nme(&b, &link);
    else if (sequence->end == DDMD_PEPTIDE_END_NH2)
        add_nh2(&b, &link);

    qsort(s->bonds, (size_t)b.n_bonds, sizeof *s->bonds, by_atoms);
    memcpy(s->chains[0].id, "A", 2);
    s->chains[0].n_residues = b.n_residues;
    s->n_atoms = b.n_atoms;
    s->n_bonds = b.n_bonds;
    s->n_residues = b.n_residues;
    s->n_chains = s->n_models = 1;
out:
    return status;
}

void ddmd_peptide_chain_destroy(ddmd_peptide_chain *chain)
{
    ddmd_structure_destroy(&chain->structure);
    free(chain->sites);
    free(chain->units);
    *chain = (ddmd_peptide_chain){0};
}

static const double *point(const ddmd_peptide_chain *chain, int32_t atom)
{
    static const double fixed[3][3] = {{0.1, 0.1, 0}, {0.1, 0, 0}, {0, 0, 0}};
    return atom < 0 ? fixed[atom + 3] : &chain->structure->positions[(size_t)atom * 3];
}

static void unit_vector(const double *from, const double *to, double *u)
{
    for (int k = 0; k < 3; k++)
        u[k] = to[k] - from[k];
    double length = sqrt(u[0] * u[0] + u[1] * u[1] + u[2] * u[2]);
    for (int k = 0; k < 3; k++)
        u[k] /= length;
}

static void cross(const double *a, const double *b, double *c)
{
    c[0] = a[1] * b[2] - a[2] * b[1];
    c[1] = a[2] * b[0] - a[0] * b[2];
    c[2] = a[0] * b[1] - a[1] * b[0];
}

void ddmd_peptide_chain_place(ddmd_peptide_chain *chain, int32_t atom)
{
    const struct ddmd_peptide_site *site = &chain->sites[atom];
    const double *a = point(chain, site->torsion_atom), *b = point(chain, site->angle_atom);
    const double *c = point(chain, site->parent);
    double torsion = site->torsion;
    if (site->turned_by >= 0)
        torsion += chain->units[site->turned_by].torsion[site->variable];

    /* Natural extension reference frame: along the bond b-c, in the plane of a, b, c, and normal
     * to it. */
    double ab[3], along[3], normal[3], inside[3], origin[3] = {0};
    unit_vector(a, b, ab);
    unit_vector(b, c, along);
    cross(ab, along, inside);
    unit_vector(origin, inside, normal);
    cross(normal, along, inside);
    double x = -site->length_nm * cos(site->angle);
    double y = site->length_nm * sin(site->angle) * cos(torsion);
    double z = site->length_nm * sin(site->angle) * sin(torsion);
    double *d = &chain->structure->positions[(size_t)atom * 3];
    for (int k = 0; k < 3; k++)
        d[k] = c[k] + x * along[k] + y * inside[k] + z * normal[k];
}

void ddmd_peptide_chain_place_residues(ddmd_peptide_chain *chain, int32_t first, int32_t end)
{
    const ddmd_residue *residues = chain->structure->residues;
    int32_t first_atom = residues[first].first_atom;
    int32_t end_atom = residues[end - 1].first_atom + residues[end - 1].n_atoms;
    for (int backbone = 1; backbone >= 0; backbone--) {
        for (int32_t atom = first_atom; atom < end_atom; atom++) {
            const struct ddmd_peptide_unit *unit =
                &chain->units[chain->structure->atoms[atom].residue];
            bool turned = atom >= unit->first_turned && atom < unit->first_turned + unit->n_turned;
            if (chain->sites[atom].backbone == backbone && !turned)
                ddmd_peptide_chain_place(chain, atom);
        }
    }
}
