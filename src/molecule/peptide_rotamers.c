#include "molecule/peptide_chain.h"

#include "core/array.h"
#include "core/try.h"

#include <math.h>
#include <stdlib.h>

enum {
    MAX_SIDE = 20,       /* atoms of a side chain */
    MAX_SWEEPS = 100,    /* each but the last lowers the score; five or so are usual */
    LAST_IN_SEQUENCE = 3 /* bonds: nearer than that, the table decides the distance */
};

static const double RADIAN = 0.017453292519943295;
static const double REACH_NM = 0.5; /* pairs farther apart do not count */

enum kind { H, POLAR_H, C, N, O, S, N_KINDS };

/* Distances (nm) that two atoms without a bond like to keep; hydrogen bonds may be shorter. */
static const double contact_nm[N_KINDS][N_KINDS] = {
    [H] = {0.24, 0.22, 0.28, 0.27, 0.26, 0.29}, [POLAR_H] = {0.22, 0.21, 0.26, 0.20, 0.18, 0.25},
    [C] = {0.28, 0.26, 0.34, 0.33, 0.32, 0.36}, [N] = {0.27, 0.20, 0.33, 0.30, 0.29, 0.34},
    [O] = {0.26, 0.18, 0.32, 0.29, 0.30, 0.33}, [S] = {0.29, 0.25, 0.36, 0.34, 0.33, 0.37},
};

struct packing {
    ddmd_peptide_chain *chain;
    int32_t (*bonded)[4]; /* [n_atoms], ended by -1 */
    uint8_t *kind;        /* [n_atoms] */
    bool *placed;         /* [n_atoms]: takes part */
    int32_t *choice;      /* [n_residues], -1: none yet */
    int32_t *near;        /* scratch: atoms that a side chain may touch */
    bool *skip;           /* scratch: [MAX_SIDE][n_near], pairs that do not count */
    int32_t n_near;
    bool skip_side[MAX_SIDE][MAX_SIDE];
};

static const double *position(const struct packing *p, int32_t atom)
{
    return &p->chain->structure->positions[(size_t)atom * 3];
}

static double distance2(const double *a, const double *b)
{
    double x = a[0] - b[0], y = a[1] - b[1], z = a[2] - b[2];
    return x * x + y * y + z * z;
}

static bool within_bonds(const struct packing *p, int32_t i, int32_t j, int depth)
{
    if (i == j)
        return true;
    for (int k = 0; depth > 0 && k < 4 && p->bonded[i][k] >= 0; k++) {
        if (within_bonds(p, p->bonded[i][k], j, depth - 1))
            return true;
    }
    return false;
}

static enum ddmd_status create_packing(ddmd_peptide_chain *chain, struct packing *p,
                                       ddmd_error *err)
{
    enum ddmd_status status = DDMD_OK;
    const ddmd_structure *s = chain->structure;
    size_t n = (size_t)s->n_atoms;
    p->chain = chain;
    DDMD_TRY(ddmd_array_alloc(&p->bonded, n, sizeof *p->bonded, err));
    DDMD_TRY(ddmd_array_alloc(&p->kind, n, sizeof *p->kind, err));
    DDMD_TRY(ddmd_array_alloc(&p->placed, n, sizeof *p->placed, err));
    DDMD_TRY(ddmd_array_alloc(&p->choice, (size_t)s->n_residues, sizeof *p->choice, err));
    DDMD_TRY(ddmd_array_alloc(&p->near, n, sizeof *p->near, err));
    DDMD_TRY(ddmd_array_alloc(&p->skip, n * MAX_SIDE, sizeof *p->skip, err));

    for (size_t i = 0; i < n; i++) {
        for (int k = 0; k < 4; k++)
            p->bonded[i][k] = -1;
        char element = s->atoms[i].element[0];
        p->kind[i] = element == 'H'   ? H
                     : element == 'C' ? C
                     : element == 'N' ? N
                     : element == 'O' ? O
                                      : S;
    }
    for (int32_t i = 0; i < s->n_bonds; i++) {
        for (int end = 0; end < 2; end++) {
            int32_t *list = p->bonded[s->bonds[i][end]];
            int k = 0;
            while (list[k] >= 0)
                k++;
            list[k] = s->bonds[i][1 - end];
        }
    }
    for (size_t i = 0; i < n; i++) {
        if (p->kind[i] == H && p->kind[p->bonded[i][0]] != C)
            p->kind[i] = POLAR_H;
    }
out:
    return status;
}

static void destroy_packing(struct packing *p)
{
    free(p->bonded);
    free(p->kind);
    free(p->placed);
    free(p->choice);
    free(p->near);
    free(p->skip);
}

/* The atoms of a residue from the first that a side-chain torsion moves to the last of the side
 * chain; n is 0 where there is nothing to choose. */
static int32_t first_moving(const struct ddmd_peptide_unit *unit, int32_t *n)
{
    int row = 0;
    if (unit->kind && !unit->kind->linked && unit->kind->n_chi > 0) {
        while (unit->kind->rows[row].chi == 0)
            row++;
        *n = unit->n_side - row;
    } else {
        *n = 0;
    }
    return unit->first_side + row;
}

static int32_t n_choices(const struct ddmd_peptide_unit *unit)
{
    int32_t n = 1;
    for (int i = 0; i < unit->kind->n_chi; i++)
        n *= unit->kind->chi[i].n;
    return n;
}

/* Give residue r its choice-th rotamer. */
static void place_rotamer(struct packing *p, int32_t r, int32_t choice)
{
    struct ddmd_peptide_unit *unit = &p->chain->units[r];
    for (int i = unit->kind->n_chi - 1; i >= 0; i--) {
        const struct ddmd_peptide_rotor *rotor = &unit->kind->chi[i];
        unit->chi[i] = rotor->degree[choice % rotor->n] * RADIAN;
        choice /= rotor->n;
    }
    int32_t n, first = first_moving(unit, &n);
    for (int32_t atom = first; atom < first + n; atom++)
        ddmd_peptide_chain_place(p->chain, atom);
}

/* Fill `near` and `skip` for residue r, whatever its rotamer; the moving atoms of residue
 * `without` (or -1) are left out. */
static void find_near(struct packing *p, int32_t r, int32_t without)
{
    const ddmd_structure *s = p->chain->structure;
    const struct ddmd_peptide_unit *unit = &p->chain->units[r];
    int32_t n, first = first_moving(unit, &n), parent = p->chain->sites[first].parent;
    int32_t n_left_out = 0, left_out = 0;
    if (without >= 0)
        left_out = first_moving(&p->chain->units[without], &n_left_out);

    double reach = REACH_NM;
    for (int32_t i = first; i < first + n; i++)
        reach += s->atoms[i].element[0] == 'H' ? 0 : p->chain->sites[i].length_nm;

    p->n_near = 0;
    for (int32_t e = 0; e < s->n_atoms; e++) {
        if (!p->placed[e] || (e >= first && e < first + n) ||
            (e >= left_out && e < left_out + n_left_out) ||
            distance2(position(p, e), position(p, parent)) > reach * reach)
            continue;
        bool neighbour = abs(s->atoms[e].residue - r) <= 1;
        for (int32_t i = 0; i < n; i++)
            p->skip[(size_t)p->n_near * MAX_SIDE + (size_t)i] =
                neighbour && within_bonds(p, first + i, e, LAST_IN_SEQUENCE);
        p->near[p->n_near++] = e;
    }
    for (int32_t i = 0; i < n; i++) {
        for (int32_t j = 0; j < i; j++)
            p->skip_side[i][j] = within_bonds(p, first + i, first + j, LAST_IN_SEQUENCE);
    }
}

static double pair_score(const struct packing *p, int32_t i, int32_t j)
{
    double d2 = distance2(position(p, i), position(p, j));
    if (d2 > REACH_NM * REACH_NM)
        return 0;
    double contact = contact_nm[p->kind[i]][p->kind[j]];
    double q = contact * contact / (d2 + 1e-6);
    return q * q * q * q * q * q;
}

/* How crowded the side chain of r is: its atoms with those that find_near() found and with each
 * other. */
static double score(const struct packing *p, int32_t r)
{
    int32_t n, first = first_moving(&p->chain->units[r], &n);
    double sum = 0;
    for (int32_t k = 0; k < p->n_near; k++) {
        for (int32_t i = 0; i < n; i++) {
            if (!p->skip[(size_t)k * MAX_SIDE + (size_t)i])
                sum += pair_score(p, first + i, p->near[k]);
        }
    }
    for (int32_t i = 0; i < n; i++) {
        for (int32_t j = 0; j < i; j++) {
            if (!p->skip_side[i][j])
                sum += pair_score(p, first + i, first + j);
        }
    }
    return sum;
}

/* Give residue r the rotamer of the lowest score among what is placed. */
static bool improve(struct packing *p, int32_t r)
{
    int32_t n, first = first_moving(&p->chain->units[r], &n);
    if (n == 0)
        return false;
    int32_t before = p->choice[r], best = before < 0 ? 0 : before;
    find_near(p, r, -1);
    place_rotamer(p, r, best);
    double lowest = score(p, r);
    int32_t n_rotamers = n_choices(&p->chain->units[r]);
    for (int32_t k = 0; k < n_rotamers; k++) {
        place_rotamer(p, r, k);
        double value = score(p, r);
        if (value < lowest * (1 - 1e-9)) {
            lowest = value;
            best = k;
        }
    }
    place_rotamer(p, r, best);
    p->choice[r] = best;
    for (int32_t atom = first; atom < first + n; atom++)
        p->placed[atom] = true;
    return best != before;
}

enum ddmd_status ddmd_peptide_choose_rotamers(ddmd_peptide_chain *chain, ddmd_error *err)
{
    enum ddmd_status status = DDMD_OK;
    const ddmd_structure *s = chain->structure;
    struct packing p = {0};
    DDMD_TRY(create_packing(chain, &p, err));

    for (int32_t atom = 0; atom < s->n_atoms; atom++) {
        if (chain->sites[atom].backbone)
            ddmd_peptide_chain_place(chain, atom);
    }
    for (int32_t atom = 0; atom < s->n_atoms; atom++) {
        int32_t n, first = first_moving(&chain->units[s->atoms[atom].residue], &n);
        p.placed[atom] = atom < first || atom >= first + n;
        if (!chain->sites[atom].backbone && p.placed[atom])
            ddmd_peptide_chain_place(chain, atom);
    }
    for (int32_t r = 0; r < s->n_residues; r++)
        p.choice[r] = -1;
    bool changed = true;
    for (int sweep = 0; changed && sweep < MAX_SWEEPS; sweep++) {
        changed = false;
        for (int32_t r = 0; r < s->n_residues; r++)
            changed = improve(&p, r) || changed;
    }
out:
    destroy_packing(&p);
    return status;
}
