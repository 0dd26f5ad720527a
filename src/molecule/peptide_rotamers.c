#include "molecule/peptide_chain.h"

#include "core/array.h"
#include "core/try.h"
#include "molecule/peptide_contacts.h"

#include <math.h>
#include <stdlib.h>

enum {
    MAX_TURNED = 20, /* atoms of a side chain */
    MAX_SWEEPS = 100 /* each but the last lowers the score; five or so are usual */
};

static const double RADIAN = 0.017453292519943295;
/* What a residue that finds no room in a staggered rotamer adds to its first torsions. */
static const double fine_degree[] = {0, -15, 15, -30, 30};
enum { N_FINE = sizeof fine_degree / sizeof fine_degree[0], FINE_CHI = 2 };
/* Of one pair of atoms: nearer than 0.78 of what they like to keep. */
static const double TOO_CROWDED = 20;

struct packing {
    ddmd_peptide_chain *chain;
    ddmd_peptide_contacts contacts;
    bool *placed;    /* [n_atoms]: takes part */
    int32_t *choice; /* [n_residues], -1: none yet */
    bool *fine;      /* [n_residues]: fine_degree is tried as well */
    int32_t *near;   /* scratch: atoms that a side chain may touch */
    bool *skip;      /* scratch: [n_near][MAX_TURNED], pairs that do not count */
    int32_t n_near;
    bool skip_side[MAX_TURNED][MAX_TURNED];
};

static enum ddmd_status create_packing(ddmd_peptide_chain *chain, struct packing *p,
                                       ddmd_error *err)
{
    enum ddmd_status status = DDMD_OK;
    const ddmd_structure *s = chain->structure;
    size_t n = (size_t)s->n_atoms;
    p->chain = chain;
    DDMD_TRY(ddmd_peptide_contacts_create(s, &p->contacts, err));
    DDMD_TRY(ddmd_array_alloc(&p->placed, n, sizeof *p->placed, err));
    DDMD_TRY(ddmd_array_alloc(&p->choice, (size_t)s->n_residues, sizeof *p->choice, err));
    DDMD_TRY(ddmd_array_alloc(&p->fine, (size_t)s->n_residues, sizeof *p->fine, err));
    DDMD_TRY(ddmd_array_alloc(&p->near, n, sizeof *p->near, err));
    DDMD_TRY(ddmd_array_alloc(&p->skip, n * MAX_TURNED, sizeof *p->skip, err));
    for (int32_t atom = 0; atom < s->n_atoms; atom++)
        p->placed[atom] = true;
    for (int32_t r = 0; r < s->n_residues; r++) {
        p->choice[r] = -1;
        const struct ddmd_peptide_unit *unit = &chain->units[r];
        for (int32_t i = 0; i < unit->n_turned; i++)
            p->placed[unit->first_turned + i] = false;
    }
out:
    return status;
}

static void destroy_packing(struct packing *p)
{
    ddmd_peptide_contacts_destroy(&p->contacts);
    free(p->placed);
    free(p->choice);
    free(p->fine);
    free(p->near);
    free(p->skip);
}

static int32_t n_rotamers(const struct ddmd_peptide_unit *unit, bool fine)
{
    int32_t n = 1;
    for (int i = 0; i < unit->kind->n_chi; i++)
        n *= unit->kind->chi[i].n * (fine && i < FINE_CHI ? N_FINE : 1);
    return n;
}

/* Give residue r its choice-th rotamer; the first n_rotamers(unit, false) are the staggered ones.
 */
static void place_rotamer(struct packing *p, int32_t r, int32_t choice)
{
    struct ddmd_peptide_unit *unit = &p->chain->units[r];
    int32_t staggered = n_rotamers(unit, false), fine = choice / staggered;
    choice %= staggered;
    for (int i = unit->kind->n_chi - 1; i >= 0; i--) {
        const struct ddmd_peptide_rotor *rotor = &unit->kind->chi[i];
        double degree = rotor->degree[choice % rotor->n];
        choice /= rotor->n;
        if (i < FINE_CHI) {
            degree += fine_degree[fine % N_FINE];
            fine /= N_FINE;
        }
        unit->torsion[DDMD_PEPTIDE_CHI + 1 + i] = degree * RADIAN;
    }
    for (int32_t i = 0; i < unit->n_turned; i++)
        ddmd_peptide_chain_place(p->chain, unit->first_turned + i);
}

static bool near(const ddmd_structure *s, int32_t i, int32_t j, double reach)
{
    const double *a = &s->positions[(size_t)i * 3], *b = &s->positions[(size_t)j * 3];
    double x = a[0] - b[0], y = a[1] - b[1], z = a[2] - b[2];
    return x * x + y * y + z * z < reach * reach;
}

/* Fill `near` and `skip` for residue r, whatever its rotamer. */
static void find_near(struct packing *p, int32_t r)
{
    const ddmd_structure *s = p->chain->structure;
    const struct ddmd_peptide_unit *unit = &p->chain->units[r];
    int32_t first = unit->first_turned, n = unit->n_turned;
    int32_t root = p->chain->sites[first].parent;
    double reach = DDMD_PEPTIDE_CONTACT_REACH_NM;
    for (int32_t i = first; i < first + n; i++) {
        if (s->atoms[i].element[0] != 'H')
            reach += p->chain->sites[i].length_nm;
    }
    p->n_near = 0;
    for (int32_t e = 0; e < s->n_atoms; e++) {
        if (!p->placed[e] || (e >= first && e < first + n) || !near(s, e, root, reach))
            continue;
        bool *skip = &p->skip[(size_t)p->n_near * MAX_TURNED];
        for (int32_t i = 0; i < n; i++)
            skip[i] = ddmd_peptide_contacts_bonded(&p->contacts, first + i, e);
        p->near[p->n_near++] = e;
    }
    for (int32_t i = 0; i < n; i++) {
        for (int32_t j = 0; j < i; j++)
            p->skip_side[i][j] = ddmd_peptide_contacts_bonded(&p->contacts, first + i, first + j);
    }
}

struct crowding {
    double sum, worst;
};

static void add_pair(const struct packing *p, int32_t i, int32_t j, struct crowding *crowding)
{
    double value = ddmd_peptide_contacts_crowding(&p->contacts, i, j);
    crowding->sum += value;
    if (value > crowding->worst)
        crowding->worst = value;
}

/* How crowded the side chain of r is: its atoms with those that find_near() found and with each
 * other. Counting ends where the sum is above limit. */
static struct crowding crowding(const struct packing *p, int32_t r, double limit)
{
    int32_t first = p->chain->units[r].first_turned, n = p->chain->units[r].n_turned;
    struct crowding result = {0};
    for (int32_t k = 0; k < p->n_near && result.sum <= limit; k++) {
        for (int32_t i = 0; i < n; i++) {
            if (!p->skip[(size_t)k * MAX_TURNED + (size_t)i])
                add_pair(p, first + i, p->near[k], &result);
        }
    }
    for (int32_t i = 0; i < n; i++) {
        for (int32_t j = 0; j < i; j++) {
            if (!p->skip_side[i][j])
                add_pair(p, first + i, first + j, &result);
        }
    }
    return result;
}

/* Give residue r the rotamer that is least crowded by what is placed. */
static bool improve(struct packing *p, int32_t r)
{
    const struct ddmd_peptide_unit *unit = &p->chain->units[r];
    if (unit->n_turned == 0)
        return false;
    int32_t before = p->choice[r], best = before < 0 ? 0 : before;
    find_near(p, r);
    place_rotamer(p, r, best);
    double lowest = crowding(p, r, INFINITY).sum;
    int32_t n = n_rotamers(unit, p->fine[r]);
    for (int32_t k = 0; k < n; k++) {
        place_rotamer(p, r, k);
        double value = crowding(p, r, lowest).sum;
        if (value < lowest * (1 - 1e-9)) {
            lowest = value;
            best = k;
        }
    }
    place_rotamer(p, r, best);
    p->choice[r] = best;
    for (int32_t i = 0; i < unit->n_turned; i++)
        p->placed[unit->first_turned + i] = true;
    return best != before;
}

/* Sweep over the residues until nothing changes. */
static void sweep(struct packing *p)
{
    bool changed = true;
    for (int i = 0; changed && i < MAX_SWEEPS; i++) {
        changed = false;
        for (int32_t r = 0; r < p->chain->structure->n_residues; r++)
            changed = improve(p, r) || changed;
    }
}

/* Let the residues that still touch another try finer torsions. */
static bool refine(struct packing *p, double *worst)
{
    const ddmd_structure *s = p->chain->structure;
    bool changed = false;
    *worst = 0;
    for (int32_t r = 0; r < s->n_residues; r++) {
        if (p->chain->units[r].n_turned == 0)
            continue;
        find_near(p, r);
        struct crowding result = crowding(p, r, INFINITY);
        if (result.worst > TOO_CROWDED && !p->fine[r])
            p->fine[r] = changed = true;
        if (result.worst > *worst)
            *worst = result.worst;
    }
    return changed;
}

enum ddmd_status ddmd_peptide_choose_rotamers(ddmd_peptide_chain *chain, double *crowding,
                                              ddmd_error *err)
{
    enum ddmd_status status = DDMD_OK;
    struct packing p = {0};
    DDMD_TRY(create_packing(chain, &p, err));
    do
        sweep(&p);
    while (refine(&p, crowding));
out:
    destroy_packing(&p);
    return status;
}
