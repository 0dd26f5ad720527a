/* Lennard-Jones, Coulomb and generalized Born constants, in columns. */
#include "engine/ensemble/model.h"

#include "core/array.h"
#include "core/try.h"
#include "engine/ensemble/hct_fit.h"

#include <math.h>

/* Acting values of a pair, whether it is an exception or not. */
typedef struct pair_values {
    double c12, c6, charge;
} pair_values;

static pair_values combine(double sigma, double epsilon, double charge_product)
{
    double s6 = pow(sigma, 6);
    return (pair_values){48 * epsilon * s6 * s6, 24 * epsilon * s6,
                         DDMD_COULOMB_CONSTANT * charge_product};
}

static double scaled_radius(const ddmd_system *s, int32_t i)
{
    return s->gb_scale[i] * (s->gb_radius_nm[i] - DDMD_GB_OFFSET_NM);
}

/* Within this distance atom i needs the whole formula for what j descreens of it. */
static double near_distance(const ddmd_system *s, int32_t i, int32_t j)
{
    double scaled = scaled_radius(s, j);
    return fmax(s->gb_radius_nm[i] - DDMD_GB_OFFSET_NM + scaled, scaled / sqrt(DDMD_HCT_FAR_T));
}

static double born_factor(const ddmd_system *s)
{
    return -DDMD_COULOMB_CONSTANT * (1 / s->solute_dielectric - 1 / s->solvent_dielectric);
}

/* The first exception of atom i; exceptions are sorted. */
static int32_t find_exceptions(const ddmd_system *s, int32_t i)
{
    int32_t low = 0, high = s->n_exceptions;
    while (low < high) {
        int32_t middle = low + (high - low) / 2;
        if (s->exceptions[middle].i < i)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static void fill_slot(const ddmd_system *s, int32_t i, int32_t j, const ddmd_exception *exception,
                      ensemble_column *column, int slot)
{
    pair_values values = {0};
    if (exception)
        values = combine(exception->sigma_nm, exception->epsilon, exception->charge_product);
    else if (s->has_nonbonded)
        values = combine(0.5 * (s->sigma_nm[i] + s->sigma_nm[j]),
                         sqrt(s->epsilon[i] * s->epsilon[j]), s->charges[i] * s->charges[j]);
    column->c12[slot] = (float)values.c12;
    column->c6[slot] = (float)values.c6;
    column->charge[slot] = (float)values.charge;
    if (s->has_gbsa) {
        double near = fmax(near_distance(s, i, j), near_distance(s, j, i));
        column->near2[slot] = (float)(near * near) * 1.000001f;
        column->nearest2 = fmaxf(column->nearest2, column->near2[slot]);
        column->gb[slot] = (float)(born_factor(s) * s->gb_charges[i] * s->gb_charges[j]);
    }
}

static enum ddmd_status add_columns(ensemble_model *m, ddmd_error *err)
{
    enum ddmd_status status = DDMD_OK;
    const ddmd_system *s = m->system;
    size_t n_columns = 0;
    for (int32_t block = 0; block < m->n_atoms; block += ENSEMBLE_BLOCK)
        n_columns += (size_t)(m->n_atoms - block - 1);
    DDMD_TRY(ddmd_array_alloc(&m->columns, n_columns, sizeof *m->columns, err));
    ensemble_column *column = m->columns;
    for (int32_t block = 0; block < m->n_atoms; block += ENSEMBLE_BLOCK) {
        int32_t next[ENSEMBLE_BLOCK]; /* exception of each atom of the block */
        for (int k = 0; k < ENSEMBLE_BLOCK; k++)
            next[k] = find_exceptions(s, block + k);
        for (int32_t j = block + 1; j < m->n_atoms; j++, column++)
            for (int k = 0; k < ENSEMBLE_BLOCK && block + k < j; k++) {
                const ddmd_exception *found = NULL;
                if (next[k] < s->n_exceptions && s->exceptions[next[k]].i == block + k &&
                    s->exceptions[next[k]].j == j)
                    found = &s->exceptions[next[k]++];
                fill_slot(s, block + k, j, found, column, k);
            }
    }
out:
    return status;
}

static enum ddmd_status add_born(ensemble_model *m, ddmd_error *err)
{
    enum ddmd_status status = DDMD_OK;
    const ddmd_system *s = m->system;
    double value[ENSEMBLE_HCT_TERMS], slope[ENSEMBLE_HCT_TERMS];
    ensemble_hct_fit(false, ENSEMBLE_HCT_TERMS, value);
    ensemble_hct_fit(true, ENSEMBLE_HCT_TERMS, slope);
    m->has_gbsa = true;
    m->gb_alpha = (float)s->gb_alpha;
    m->gb_beta = (float)s->gb_beta;
    m->gb_gamma = (float)s->gb_gamma;
    DDMD_TRY(ddmd_array_alloc(&m->hct, (size_t)m->n_padded, sizeof *m->hct, err));
    DDMD_TRY(ddmd_array_alloc(&m->gb, (size_t)m->n_padded, sizeof *m->gb, err));
    for (int32_t i = 0; i < m->n_atoms; i++) {
        double radius = s->gb_radius_nm[i], rho = radius - DDMD_GB_OFFSET_NM;
        double scaled = scaled_radius(s, i), reach = radius + DDMD_GB_PROBE_NM;
        if (!(rho > 0))
            DDMD_FAIL(err, DDMD_UNSUPPORTED,
                      "%s: the Born radius of atom %d is %g nm; it must be above %g", s->name,
                      (int)i + 1, radius, DDMD_GB_OFFSET_NM);
        ensemble_hct *hct = &m->hct[i];
        hct->rho = (float)rho;
        hct->inverse_rho = (float)(1 / rho);
        hct->scaled = (float)scaled;
        for (int k = 0; k < ENSEMBLE_HCT_TERMS; k++) {
            hct->value[k] = (float)(value[k] * pow(scaled, 2 * k + 3));
            hct->slope[k] = (float)(-2 * slope[k] * pow(scaled, 2 * k + 3));
        }
        m->gb[i] = (ensemble_gb_atom){
            .half_rho = (float)(0.5 * rho),
            .base = (float)(1 / rho - 1 / radius),
            .height = (float)(1 / radius),
            .chain = (float)(rho / radius),
            .self = (float)(0.5 * born_factor(s) * s->gb_charges[i] * s->gb_charges[i]),
            .surface = (float)(4 * M_PI * s->surface_area_energy * reach * reach * pow(radius, 6)),
        };
    }
out:
    return status;
}

/* Where only exceptions act, as in bead chains. */
static enum ddmd_status add_pairs(ensemble_model *m, ddmd_error *err)
{
    enum ddmd_status status = DDMD_OK;
    const ddmd_system *s = m->system;
    DDMD_TRY(ddmd_array_alloc(&m->pairs, (size_t)s->n_exceptions, sizeof *m->pairs, err));
    for (int32_t e = 0; e < s->n_exceptions; e++) {
        const ddmd_exception *x = &s->exceptions[e];
        if (x->charge_product == 0 && x->epsilon == 0)
            continue;
        pair_values values = combine(x->sigma_nm, x->epsilon, x->charge_product);
        m->pairs[m->n_pairs++] =
            (ensemble_pair){x->i, x->j, (float)values.c12, (float)values.c6, (float)values.charge};
    }
out:
    return status;
}

enum ddmd_status ensemble_model_add_pairs(ensemble_model *m, ddmd_error *err)
{
    enum ddmd_status status = DDMD_OK;
    m->has_columns = m->system->has_nonbonded || m->system->has_gbsa;
    if (!m->has_columns)
        return add_pairs(m, err);
    DDMD_TRY(add_columns(m, err));
    if (m->system->has_gbsa)
        DDMD_TRY(add_born(m, err));
out:
    return status;
}
