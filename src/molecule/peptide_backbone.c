#include "molecule/peptide_chain.h"
#include "molecule/peptide_contacts.h"

#include "core/array.h"
#include "core/try.h"

#include <math.h>
#include <stdlib.h>

enum {
    WINDOW = 4, /* residues before a proline that give way to its ring */
    N_EXTENDED = 24,
    N_PAIRED = 6, /* of the extended torsions, those that are also tried two in a row */
    AS_HELIX = 0,
    KINK = 1,
    FIRST_EXTENDED = 2,
    FIRST_PAIR = FIRST_EXTENDED + N_EXTENDED,
    N_OPTIONS = FIRST_PAIR + N_PAIRED * N_PAIRED,
    MAX_TRIALS_A_PROLINE = 100,
    FAR_IN_SEQUENCE = 5
};

static const double RADIAN = 0.017453292519943295;
/* Of one pair of atoms: nearer than 0.73 of what they like to keep, 0.78 where both are heavy. */
static const double TOO_CROWDED = 45, TOO_CROWDED_HEAVY = 20;
/* C-alpha atoms farther apart than this have no atoms of backbone or ring that touch. */
static const double RESIDUE_REACH_NM = 1.4;
/* What C-alpha atoms far in sequence, and all C-beta atoms, keep for their side chains. */
static const double ALPHA_GAP_NM = 0.6, BETA_GAP_NM = 0.42;

/* phi and psi, degrees. */
struct turn {
    double phi, psi;
};

/* The residues before the proline: what minimises the crowding of Ala7-Pro-Ala5, the change of a
 * regular helix, and the bend beyond 26 degrees. */
static const struct turn kink[WINDOW] = {{-61, -39}, {-71, -13}, {-95, -13}, {-54, -44}};

/* The extended region of the Ramachandran map, as it is left to residues before a proline. */
static const struct turn extended[N_EXTENDED] = {
    {-70, 145},  {-120, 135}, {-70, 165},  {-70, 125},  {-140, 155}, {-95, 120},
    {-95, 145},  {-60, 135},  {-85, 135},  {-85, 160},  {-100, 165}, {-110, 110},
    {-120, 115}, {-120, 150}, {-130, 165}, {-140, 110}, {-140, 130}, {-150, 140},
    {-150, 165}, {-80, 115},  {-90, 105},  {-60, 155},  {-105, 130}, {-130, 125},
};

/* What one proline decides: residues [first, end), up to where the next one decides. */
struct stretch {
    int32_t proline, lowest, first, end;
    uint64_t tried; /* options, a bit each */
};

struct search {
    ddmd_peptide_chain *chain;
    ddmd_peptide_contacts contacts;
    struct stretch *stretches;
    int32_t n;
    struct turn helix;
    double axis[3];
    double branch_crowding; /* what is too crowded for an atom on C-beta */
};

static const double *atom_position(const ddmd_structure *s, int32_t atom)
{
    return &s->positions[(size_t)atom * 3];
}

static double distance(const ddmd_structure *s, int32_t i, int32_t j)
{
    const double *a = atom_position(s, i), *b = atom_position(s, j);
    double x = a[0] - b[0], y = a[1] - b[1], z = a[2] - b[2];
    return sqrt(x * x + y * y + z * z);
}

/* CA stands before the rows of its residue, CB is the second of them. */
static int32_t alpha_carbon(const ddmd_peptide_chain *chain, int32_t r)
{
    const struct ddmd_peptide_unit *unit = &chain->units[r];
    return unit->kind ? unit->first_side - 1 : chain->structure->residues[r].first_atom;
}

static int32_t beta_carbon(const ddmd_peptide_chain *chain, int32_t r)
{
    const struct ddmd_peptide_unit *unit = &chain->units[r];
    return unit->kind && unit->kind->letter != 'G' ? unit->first_side + 1 : -1;
}

/* Whether an atom of residue r has its place before side-chain torsions are chosen. */
static bool is_fixed(const ddmd_peptide_chain *chain, int32_t r, int32_t atom)
{
    const struct ddmd_peptide_unit *unit = &chain->units[r];
    return atom < unit->first_turned || atom >= unit->first_turned + unit->n_turned;
}

static bool is_crowded(const struct search *search, int32_t i, int32_t j, double limit)
{
    return ddmd_peptide_contacts_crowding(&search->contacts, i, j) > limit &&
           !ddmd_peptide_contacts_bonded(&search->contacts, i, j);
}

static bool atoms_touch(const struct search *search, int32_t i, int32_t j)
{
    const ddmd_atom *atoms = search->chain->structure->atoms;
    bool heavy = atoms[i].element[0] != 'H' && atoms[j].element[0] != 'H';
    return is_crowded(search, i, j, heavy ? TOO_CROWDED_HEAVY : TOO_CROWDED);
}

static bool residues_touch(const struct search *search, int32_t r, int32_t q)
{
    const ddmd_peptide_chain *chain = search->chain;
    const ddmd_structure *s = chain->structure;
    double apart = distance(s, alpha_carbon(chain, r), alpha_carbon(chain, q));
    if (apart > RESIDUE_REACH_NM)
        return false;
    if (abs(r - q) >= FAR_IN_SEQUENCE && apart < ALPHA_GAP_NM)
        return true;
    int32_t beta_r = beta_carbon(chain, r), beta_q = beta_carbon(chain, q);
    if (abs(r - q) > 1 && beta_r >= 0 && beta_q >= 0 && distance(s, beta_r, beta_q) < BETA_GAP_NM)
        return true;

    const ddmd_residue *a = &s->residues[r], *b = &s->residues[q];
    for (int32_t i = a->first_atom; i < a->first_atom + a->n_atoms; i++) {
        for (int32_t j = b->first_atom; j < b->first_atom + b->n_atoms; j++) {
            if (is_fixed(chain, r, i) && is_fixed(chain, q, j) && atoms_touch(search, i, j))
                return true;
        }
    }
    return false;
}

/* Whether fixed atoms of residues [0, end) stand in the way of an atom. */
static bool is_blocked(const struct search *search, int32_t atom, int32_t end)
{
    const ddmd_peptide_chain *chain = search->chain;
    const ddmd_structure *s = chain->structure;
    for (int32_t q = 0; q < end; q++) {
        if (distance(s, atom, alpha_carbon(chain, q)) > RESIDUE_REACH_NM)
            continue;
        const ddmd_residue *b = &s->residues[q];
        for (int32_t j = b->first_atom; j < b->first_atom + b->n_atoms; j++) {
            if (j != atom && is_fixed(chain, q, j) &&
                is_crowded(search, atom, j, search->branch_crowding))
                return true;
        }
    }
    return false;
}

/* Whether the side chain of residue r can begin: of the three staggered places on its C-beta, one
 * must be free for each heavy atom there. */
static bool has_room(struct search *search, int32_t r, int32_t end)
{
    struct ddmd_peptide_unit *unit = &search->chain->units[r];
    int32_t gamma = -1, needed = 0, n_free = 0;
    for (int32_t i = 0; i < unit->n_turned; i++) {
        int32_t atom = unit->first_turned + i;
        if (search->chain->structure->atoms[atom].element[0] != 'H' &&
            search->chain->sites[atom].variable == DDMD_PEPTIDE_CHI + 1) {
            gamma = atom;
            needed++;
        }
    }
    for (int place = 0; gamma >= 0 && place < 3; place++) {
        unit->torsion[DDMD_PEPTIDE_CHI + 1] =
            (place * 120 - 60) * RADIAN - search->chain->sites[gamma].torsion;
        ddmd_peptide_chain_place(search->chain, gamma);
        n_free += !is_blocked(search, gamma, end);
    }
    return n_free >= needed;
}

static void set_turn(const struct search *search, int32_t residue, struct turn turn)
{
    struct ddmd_peptide_unit *unit = &search->chain->units[residue];
    if (!unit->kind->linked) /* the ring of proline holds phi */
        unit->torsion[DDMD_PEPTIDE_PHI] = turn.phi * RADIAN;
    unit->torsion[DDMD_PEPTIDE_PSI] = turn.psi * RADIAN;
}

/* Turn the residues before a proline as an option says; false where it does not apply. */
static bool set_option(const struct search *search, const struct stretch *stretch, int option)
{
    int32_t proline = stretch->proline;
    for (int32_t r = stretch->first; r < proline; r++)
        set_turn(search, r, search->helix);
    if (option == KINK) {
        if (search->chain->units[proline - 1].kind->linked ||
            (proline - 2 >= stretch->lowest && search->chain->units[proline - 2].kind->linked))
            return false;
        for (int32_t r = stretch->first; r < proline; r++)
            set_turn(search, r, kink[r - (proline - WINDOW)]);
    } else if (option >= FIRST_PAIR) {
        if (proline - 2 < stretch->first)
            return false;
        set_turn(search, proline - 2, extended[(option - FIRST_PAIR) / N_PAIRED]);
        set_turn(search, proline - 1, extended[(option - FIRST_PAIR) % N_PAIRED]);
    } else if (option >= FIRST_EXTENDED) {
        set_turn(search, proline - 1, extended[option - FIRST_EXTENDED]);
    }
    return true;
}

/* Place a stretch with one of the options; where it fits, how far it leads along the axis. */
static bool try_option(struct search *search, const struct stretch *stretch, int option,
                       double *progress)
{
    ddmd_peptide_chain *chain = search->chain;
    const ddmd_structure *s = chain->structure;
    if (!set_option(search, stretch, option))
        return false;
    /* A proline that turns with the next stretch stands already, but for its oxygen. */
    int32_t end = stretch->end + (stretch->end == stretch->proline);
    ddmd_peptide_chain_place_residues(chain, stretch->first, end);
    for (int32_t r = stretch->first; r < end; r++) {
        for (int32_t q = 0; q < r; q++) {
            if (residues_touch(search, r, q))
                return false;
        }
    }
    for (int32_t r = 0; r < end; r++) {
        bool near = r >= stretch->first - FAR_IN_SEQUENCE;
        for (int32_t q = stretch->first; !near && q < end; q++)
            near = distance(s, alpha_carbon(chain, r), alpha_carbon(chain, q)) < RESIDUE_REACH_NM;
        if (near && !has_room(search, r, end))
            return false;
    }
    const ddmd_residue *last = &s->residues[end - 1];
    const double *head = atom_position(s, alpha_carbon(chain, stretch->first));
    const double *tail = atom_position(s, last->first_atom + last->n_atoms - 1);
    *progress = 0;
    for (int k = 0; k < 3; k++)
        *progress += (tail[k] - head[k]) * search->axis[k];
    return true;
}

/* The option of a stretch that is to be tried next, or -1. */
static int choose_option(struct search *search, const struct stretch *stretch)
{
    int best = -1;
    double farthest = 0;
    for (int option = 0; option < N_OPTIONS; option++) {
        double progress;
        if (stretch->tried >> option & 1 || !try_option(search, stretch, option, &progress))
            continue;
        if (option == AS_HELIX || option == KINK)
            return option;
        if (best < 0 || progress > farthest + 1e-9) {
            best = option;
            farthest = progress;
        }
    }
    return best;
}

/* Depth first: where no option of a stretch fits, the stretch before it is changed. */
static void search_options(struct search *search)
{
    int64_t trials = 0, limit = (int64_t)search->n * MAX_TRIALS_A_PROLINE;
    int32_t at = 0;
    while (at < search->n) {
        struct stretch *stretch = &search->stretches[at];
        int option = choose_option(search, stretch);
        if (option < 0 && at > 0 && ++trials < limit) {
            stretch->tried = 0;
            at--;
            continue;
        }
        if (option < 0)
            option = set_option(search, stretch, KINK) ? KINK : FIRST_EXTENDED; /* nothing fits */
        double progress;
        stretch->tried |= (uint64_t)1 << option;
        try_option(search, stretch, option, &progress);
        at++;
    }
}

enum ddmd_status ddmd_peptide_choose_backbone(ddmd_peptide_chain *chain,
                                              enum ddmd_peptide_fold fold, double branch_crowding,
                                              ddmd_error *err)
{
    enum ddmd_status status = DDMD_OK;
    const ddmd_structure *s = chain->structure;
    struct search search = {.chain = chain, .branch_crowding = branch_crowding};
    ddmd_peptide_chain_place_residues(chain, 0, s->n_residues);
    if (fold != DDMD_PEPTIDE_HELIX)
        goto out;

    DDMD_TRY(
        ddmd_array_alloc(&search.stretches, (size_t)s->n_residues, sizeof *search.stretches, err));
    int32_t lowest = chain->units[0].kind ? 0 : 1; /* a cap does not turn */
    const double *torsion = chain->units[lowest].torsion;
    search.helix =
        (struct turn){torsion[DDMD_PEPTIDE_PHI] / RADIAN, torsion[DDMD_PEPTIDE_PSI] / RADIAN};
    for (int32_t r = lowest + 1; r < s->n_residues; r++) {
        if (!chain->units[r].kind || !chain->units[r].kind->linked)
            continue;
        int32_t first = r - WINDOW > lowest ? r - WINDOW : lowest;
        if (search.n > 0)
            search.stretches[search.n - 1].end = first;
        search.stretches[search.n++] =
            (struct stretch){.proline = r, .lowest = lowest, .first = first, .end = s->n_residues};
        lowest = r;
    }
    if (search.n == 0)
        goto out;
    const double *head = atom_position(s, 0), *tail = atom_position(s, s->n_atoms - 1);
    for (int k = 0; k < 3; k++)
        search.axis[k] = tail[k] - head[k];
    DDMD_TRY(ddmd_peptide_contacts_create(s, &search.contacts, err));
    search_options(&search);
out:
    ddmd_peptide_contacts_destroy(&search.contacts);
    free(search.stretches);
    return status;
}
