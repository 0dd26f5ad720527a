/* Bonds, angles, torsions and the stars of constraints. */
#include "engine/ensemble/model.h"

#include "core/array.h"
#include "core/try.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static enum ddmd_status add_bonds_and_angles(ensemble_model *m, ddmd_error *err)
{
    enum ddmd_status status = DDMD_OK;
    const ddmd_system *s = m->system;
    DDMD_TRY(ddmd_array_alloc(&m->bonds, (size_t)s->n_bonds, sizeof *m->bonds, err));
    DDMD_TRY(ddmd_array_alloc(&m->angles, (size_t)s->n_angles, sizeof *m->angles, err));
    for (int32_t b = 0; b < s->n_bonds; b++) {
        const ddmd_bond *bond = &s->bonds[b];
        m->bonds[m->n_bonds++] =
            (ensemble_bond){bond->i, bond->j, (float)bond->length_nm, (float)bond->k};
    }
    for (int32_t a = 0; a < s->n_angles; a++) {
        const ddmd_angle *angle = &s->angles[a];
        m->angles[m->n_angles++] = (ensemble_angle){
            angle->i, angle->j, angle->k, (float)angle->theta_rad, (float)angle->force_constant};
    }
out:
    return status;
}

/* By atoms, so that torsions on the same four stand together. */
static int compare_torsions(const void *a, const void *b)
{
    const ddmd_torsion *const *s = a, *const *t = b;
    const int32_t left[] = {(*s)->i, (*s)->j, (*s)->k, (*s)->l};
    const int32_t right[] = {(*t)->i, (*t)->j, (*t)->k, (*t)->l};
    for (int x = 0; x < 4; x++)
        if (left[x] != right[x])
            return left[x] < right[x] ? -1 : 1;
    return *s < *t ? -1 : *s > *t;
}

static bool same_atoms(const ensemble_torsion *a, const ddmd_torsion *b)
{
    return a->i == b->i && a->j == b->j && a->k == b->k && a->l == b->l;
}

/* k (1 + cos(n phi - phase)) = k + k cos(phase) cos(n phi) + k sin(phase) sin(n phi) */
static void add_wave(ensemble_torsion *torsion, double (*waves)[2], const ddmd_torsion *from)
{
    int32_t n = abs(from->periodicity);
    double k = from->force_constant;
    double phase = from->periodicity < 0 ? -from->phase_rad : from->phase_rad;
    torsion->constant += (float)k;
    if (n == 0) {
        torsion->constant += (float)(k * cos(phase));
        return;
    }
    waves[n - 1][0] += k * cos(phase);
    waves[n - 1][1] += k * sin(phase);
    if (n > torsion->n_waves)
        torsion->n_waves = n;
}

static enum ddmd_status add_torsions(ensemble_model *m, ddmd_error *err)
{
    enum ddmd_status status = DDMD_OK;
    const ddmd_system *s = m->system;
    const ddmd_torsion **sorted = NULL;
    size_t n = (size_t)s->n_torsions;
    DDMD_TRY(ddmd_array_alloc(&sorted, n, sizeof(ddmd_torsion *), err));
    DDMD_TRY(ddmd_array_alloc(&m->torsions, n, sizeof *m->torsions, err));
    DDMD_TRY(ddmd_array_alloc(&m->waves, n * ENSEMBLE_MAX_PERIODICITY, sizeof *m->waves, err));
    for (size_t t = 0; t < n; t++) {
        int32_t periodicity = s->torsions[t].periodicity;
        if (periodicity > ENSEMBLE_MAX_PERIODICITY || periodicity < -ENSEMBLE_MAX_PERIODICITY)
            DDMD_FAIL(err, DDMD_UNSUPPORTED,
                      "a torsion of periodicity %d is not supported, only up to %d; use engine: "
                      "openmm",
                      (int)periodicity, ENSEMBLE_MAX_PERIODICITY);
        sorted[t] = &s->torsions[t];
    }
    qsort((void *)sorted, n, sizeof(ddmd_torsion *), compare_torsions);
    for (size_t t = 0; t < n;) {
        ensemble_torsion *torsion = &m->torsions[m->n_torsions++];
        double waves[ENSEMBLE_MAX_PERIODICITY][2] = {{0}};
        *torsion = (ensemble_torsion){.i = sorted[t]->i,
                                      .j = sorted[t]->j,
                                      .k = sorted[t]->k,
                                      .l = sorted[t]->l,
                                      .first = m->n_waves};
        for (; t < n && same_atoms(torsion, sorted[t]); t++)
            add_wave(torsion, waves, sorted[t]);
        for (int32_t w = 0; w < torsion->n_waves; w++)
            m->waves[m->n_waves++] = (ensemble_wave){(float)waves[w][0], (float)waves[w][1]};
    }
out:
    free((void *)sorted);
    return status;
}

enum ddmd_status ensemble_model_add_bonded(ensemble_model *m, ddmd_error *err)
{
    enum ddmd_status status = DDMD_OK;
    DDMD_TRY(add_bonds_and_angles(m, err));
    DDMD_TRY(add_torsions(m, err));
out:
    return status;
}

static float inverse(double mass)
{
    return mass > 0 ? (float)(1 / mass) : 0;
}

static enum ddmd_status add_leaf(ensemble_model *m, int32_t *star_of, const int32_t *degree,
                                 const ddmd_constraint *c, ddmd_error *err)
{
    const ddmd_system *s = m->system;
    int32_t center = degree[c->j] > degree[c->i] ||
                             (degree[c->j] == degree[c->i] && s->masses[c->j] > s->masses[c->i])
                         ? c->j
                         : c->i;
    int32_t leaf = center == c->i ? c->j : c->i;
    if (degree[leaf] != 1 || degree[center] > ENSEMBLE_LEAVES)
        return ddmd_error_set(err, DDMD_UNSUPPORTED,
                              "the constraint of atoms %d and %d belongs to a group other than one "
                              "heavy atom with up to %d hydrogens, which is not supported; use "
                              "engine: openmm",
                              (int)c->i + 1, (int)c->j + 1, ENSEMBLE_LEAVES);
    if (s->masses[center] <= 0 || s->masses[leaf] <= 0)
        return ddmd_error_set(err, DDMD_UNSUPPORTED,
                              "a constraint on an atom without mass (%d or %d) is not supported; "
                              "use engine: openmm",
                              (int)c->i + 1, (int)c->j + 1);
    if (star_of[center] < 0) {
        star_of[center] = m->n_stars;
        m->stars[m->n_stars++] =
            (ensemble_star){.center = center, .inverse_center = inverse(s->masses[center])};
    }
    ensemble_star *star = &m->stars[star_of[center]];
    star->leaves[star->n_leaves] = leaf;
    star->length2[star->n_leaves] = (float)(c->length_nm * c->length_nm);
    star->inverse_leaf[star->n_leaves] = inverse(s->masses[leaf]);
    star->n_leaves++;
    return DDMD_OK;
}

enum ddmd_status ensemble_model_add_stars(ensemble_model *m, ddmd_error *err)
{
    enum ddmd_status status = DDMD_OK;
    const ddmd_system *s = m->system;
    size_t n = (size_t)s->n_atoms;
    int32_t *star_of = NULL, *degree = NULL;
    DDMD_TRY(ddmd_array_alloc(&star_of, n, sizeof *star_of, err));
    DDMD_TRY(ddmd_array_alloc(&degree, n, sizeof *degree, err));
    DDMD_TRY(ddmd_array_alloc(&m->stars, (size_t)s->n_constraints, sizeof *m->stars, err));
    memset(star_of, -1, n * sizeof *star_of);
    for (int32_t c = 0; c < s->n_constraints; c++) {
        degree[s->constraints[c].i]++;
        degree[s->constraints[c].j]++;
    }
    for (int32_t c = 0; c < s->n_constraints; c++)
        DDMD_TRY(add_leaf(m, star_of, degree, &s->constraints[c], err));
out:
    free(star_of);
    free(degree);
    return status;
}
