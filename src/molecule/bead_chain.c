#include "ddmd/peptide.h"

#include "core/array.h"
#include "core/text.h"
#include "core/try.h"

#include <math.h>

enum { MIN_BEADS = 4, MAX_BEADS = 10000 };

/* Distance of neighbouring C-alpha atoms, and what an alpha helix rises and turns a residue. */
static const double BOND_NM = 0.38, RISE_NM = 0.15, TURN = 100 * 0.017453292519943295;
/* Of three C-alpha atoms in a row of an extended chain (phi -135, psi 135). */
static const double EXTENDED_ANGLE = 131 * 0.017453292519943295;

static void place_bead(enum ddmd_peptide_fold fold, int32_t i, double *x)
{
    if (fold == DDMD_PEPTIDE_HELIX) {
        double chord2 = BOND_NM * BOND_NM - RISE_NM * RISE_NM;
        double radius = sqrt(chord2) / (2 * sin(TURN / 2));
        x[0] = RISE_NM * i;
        x[1] = radius * cos(TURN * i);
        x[2] = radius * sin(TURN * i);
    } else {
        x[0] = BOND_NM * sin(EXTENDED_ANGLE / 2) * i;
        x[1] = i % 2 == 0 ? 0 : BOND_NM * cos(EXTENDED_ANGLE / 2);
        x[2] = 0;
    }
}

enum ddmd_status ddmd_bead_chain_build(int32_t n, enum ddmd_peptide_fold fold,
                                       ddmd_structure **structure, ddmd_error *err)
{
    enum ddmd_status status = DDMD_OK;
    ddmd_structure *s = NULL;
    if (fold != DDMD_PEPTIDE_EXTENDED && fold != DDMD_PEPTIDE_HELIX)
        DDMD_FAIL(err, DDMD_INVALID, "unknown fold %d of a bead chain", (int)fold);
    if (n < MIN_BEADS || n > MAX_BEADS)
        DDMD_FAIL(err, DDMD_CONFIG, "a chain of %d beads cannot be built; write %d to %d", (int)n,
                  MIN_BEADS, MAX_BEADS);
    size_t count = (size_t)n;
    DDMD_TRY(ddmd_array_alloc(&s, 1, sizeof *s, err));
    DDMD_TRY(ddmd_array_alloc(&s->atoms, count, sizeof *s->atoms, err));
    DDMD_TRY(ddmd_array_alloc(&s->residues, count, sizeof *s->residues, err));
    DDMD_TRY(ddmd_array_alloc(&s->chains, 1, sizeof *s->chains, err));
    DDMD_TRY(ddmd_array_alloc(&s->bonds, count, sizeof *s->bonds, err));
    DDMD_TRY(ddmd_array_alloc(&s->positions, count * 3, sizeof *s->positions, err));
    DDMD_TRY(ddmd_text_format(&s->source, err, "chain of %d beads", (int)n));
    s->n_atoms = s->n_residues = n;
    s->n_bonds = n - 1;
    s->n_chains = s->n_models = 1;
    s->chains[0] = (ddmd_chain){.id = "A", .n_residues = n};
    for (int32_t i = 0; i < n; i++) {
        s->atoms[i] = (ddmd_atom){.name = "CA", .element = "C", .residue = i, .occupancy = 1};
        s->residues[i] = (ddmd_residue){
            .name = "BEA", .number = i + 1, .insertion_code = ' ', .first_atom = i, .n_atoms = 1};
        place_bead(fold, i, &s->positions[(size_t)i * 3]);
        if (i > 0) {
            s->bonds[i - 1][0] = i - 1;
            s->bonds[i - 1][1] = i;
        }
    }
    *structure = s;
    s = NULL;
out:
    ddmd_structure_destroy(&s);
    return status;
}
