#include "physics/sampling.h"

#include "ddmd/random.h"
#include "support/cmocka.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_DIM = 16 };

molecule molecule_create(const char *sequence, double hydrogen_mass_amu)
{
    static const char *const files[] = {"amber99sbildn.xml", "amber99_obc.xml"};
    const ddmd_system_options options = {.constrain_hydrogen_bonds = true,
                                         .hydrogen_mass_amu = hydrogen_mass_amu};
    ddmd_error err = {0};
    ddmd_force_field *force_field = NULL;
    molecule m = {0};
    if (ddmd_force_field_load(files, 2, &force_field, &err) != DDMD_OK) {
        print_message("%s\n", err.message);
        skip();
    }
    ASSERT_OK(ddmd_peptide_build(sequence, DDMD_PEPTIDE_EXTENDED, &m.structure, &err), &err);
    ASSERT_OK(ddmd_system_create(m.structure, force_field, &options, &m.system, &err), &err);
    ddmd_force_field_destroy(&force_field);
    m.n = (size_t)m.system->n_atoms * 3;
    return m;
}

void molecule_destroy(molecule *m)
{
    ddmd_system_destroy(&m->system);
    ddmd_structure_destroy(&m->structure);
}

void need_openmm(const char *platform)
{
    for (size_t e = 0; e < ddmd_engine_count(); e++) {
        ddmd_engine_info info;
        ddmd_engine_describe(e, &info);
        if (strcmp(info.name, "openmm") == 0 && info.available && strstr(info.detail, platform))
            return;
    }
    print_message("OpenMM's platform %s is not available here\n", platform);
    skip();
}

ddmd_engine *engine_create(const char *name, const molecule *m, const ddmd_engine_options *options,
                           int n_replicas)
{
    ddmd_error err = {0};
    ddmd_engine *engine = NULL;
    ASSERT_OK(ddmd_engine_create(name, m->system, options, n_replicas, &engine, &err), &err);
    return engine;
}

void start_from_fold(ddmd_engine *engine, const molecule *m, const char *sequence,
                     enum ddmd_peptide_fold fold, int first, int n, double temperature_kelvin)
{
    ddmd_error err = {0};
    ddmd_structure *built = NULL;
    float *positions = calloc(m->n, sizeof *positions);
    assert_non_null(positions);
    ASSERT_OK(ddmd_peptide_build(sequence, fold, &built, &err), &err);
    ASSERT_OK(ddmd_engine_minimize(engine, built->positions, 20, 300, &err), &err);
    for (size_t i = 0; i < m->n; i++)
        positions[i] = (float)built->positions[i];
    for (int r = first; r < first + n; r++) {
        const ddmd_engine_start start = {.simulation_id = (uint32_t)r,
                                         .temperature_kelvin = temperature_kelvin,
                                         .positions = positions};
        ASSERT_OK(ddmd_engine_start_replica(engine, r, &start, &err), &err);
    }
    ddmd_structure_destroy(&built);
    free(positions);
}

void start_from_replica(ddmd_engine *to, int replica, const molecule *m, ddmd_engine *from,
                        int source)
{
    ddmd_error err = {0};
    float *positions = calloc(2 * m->n, sizeof *positions), *velocities = positions + m->n;
    assert_non_null(positions);
    ddmd_engine_frame frame = {.positions = positions, .velocities = velocities};
    ASSERT_OK(ddmd_engine_read(from, source, &frame, &err), &err);
    const ddmd_engine_start start = {
        .simulation_id = (uint32_t)replica, .positions = positions, .velocities = velocities};
    ASSERT_OK(ddmd_engine_start_replica(to, replica, &start, &err), &err);
    free(positions);
}

void sample(ddmd_engine *engine, const molecule *m, int n_replicas, int n_samples,
            int steps_between, bool positions, observe_fn *observe, void *user)
{
    ddmd_error err = {0};
    float *room = calloc(m->n, sizeof *room);
    assert_non_null(room);
    for (int s = 0; s < n_samples; s++) {
        ASSERT_OK(ddmd_engine_advance(engine, steps_between, &err), &err);
        for (int r = 0; r < n_replicas; r++) {
            ddmd_engine_frame frame = {.positions = positions ? room : NULL};
            ASSERT_OK(ddmd_engine_read(engine, r, &frame, &err), &err);
            observe(user, r, &frame);
        }
    }
    free(room);
}

backbone backbone_create(const molecule *m)
{
    ddmd_error err = {0};
    backbone b = {0};
    size_t n_n, n_c;
    ASSERT_OK(ddmd_structure_select(m->structure, "name N", &b.n, &n_n, &err), &err);
    ASSERT_OK(ddmd_structure_select(m->structure, "name CA", &b.ca, &b.n_residues, &err), &err);
    ASSERT_OK(ddmd_structure_select(m->structure, "name C", &b.c, &n_c, &err), &err);
    assert_true(n_n == b.n_residues + 1 && n_c > b.n_residues);
    return b;
}

void backbone_destroy(backbone *b)
{
    free(b->n);
    free(b->ca);
    free(b->c);
    *b = (backbone){0};
}

static void cross(const double a[3], const double b[3], double out[3])
{
    for (int k = 0; k < 3; k++)
        out[k] = a[(k + 1) % 3] * b[(k + 2) % 3] - a[(k + 2) % 3] * b[(k + 1) % 3];
}

static double dot(const double a[3], const double b[3])
{
    return a[0] * b[0] + a[1] * b[1] + a[2] * b[2];
}

/* IUPAC: 0 is cis, positive is clockwise along the middle bond. */
static double dihedral(const float *positions, const int32_t atoms[4])
{
    double bonds[3][3], before[3], after[3];
    for (int b = 0; b < 3; b++)
        for (int k = 0; k < 3; k++)
            bonds[b][k] =
                (double)positions[atoms[b + 1] * 3 + k] - (double)positions[atoms[b] * 3 + k];
    cross(bonds[0], bonds[1], before);
    cross(bonds[1], bonds[2], after);
    double sine = sqrt(dot(bonds[1], bonds[1])) * dot(bonds[0], after);
    return atan2(sine, dot(before, after)) * 180 / M_PI;
}

void backbone_angles(const backbone *b, const float *positions, size_t residue, double *phi,
                     double *psi)
{
    int32_t n = b->n[residue], ca = b->ca[residue], c = b->c[residue + 1];
    *phi = dihedral(positions, (const int32_t[]){b->c[residue], n, ca, c});
    *psi = dihedral(positions, (const int32_t[]){n, ca, c, b->n[residue + 1]});
}

estimate estimate_mean(const double *values, size_t n, size_t stride)
{
    double mean = 0, squares = 0;
    for (size_t i = 0; i < n; i++)
        mean += values[i * stride] / (double)n;
    for (size_t i = 0; i < n; i++)
        squares += (values[i * stride] - mean) * (values[i * stride] - mean);
    return (estimate){mean, sqrt(squares / (double)(n - 1) / (double)n)};
}

double estimate_z(estimate a, estimate b)
{
    return (a.mean - b.mean) / hypot(a.error, b.error);
}

/* Rows of [n][dim], in place: centred, and with the identity for their covariance (Cholesky). */
static void whiten(double *rows, size_t n, size_t dim)
{
    double factor[MAX_DIM][MAX_DIM] = {{0}};
    for (size_t i = 0; i < dim; i++) {
        double mean = estimate_mean(rows + i, n, dim).mean;
        for (size_t r = 0; r < n; r++)
            rows[r * dim + i] -= mean;
    }
    for (size_t i = 0; i < dim; i++)
        for (size_t j = 0; j <= i; j++) {
            double sum = 0;
            for (size_t r = 0; r < n; r++)
                sum += rows[r * dim + i] * rows[r * dim + j] / (double)(n - 1);
            for (size_t k = 0; k < j; k++)
                sum -= factor[i][k] * factor[j][k];
            assert_true(i != j || sum > 0); /* else the columns are not independent */
            factor[i][j] = i == j ? sqrt(sum) : sum / factor[j][j];
        }
    for (size_t r = 0; r < n; r++)
        for (size_t i = 0; i < dim; i++) {
            double *row = rows + r * dim;
            for (size_t k = 0; k < i; k++)
                row[i] -= factor[i][k] * row[k];
            row[i] /= factor[i][i];
        }
}

/* Of white rows, those in `order` of which the first n_a are one side. */
static double statistic(const double *rows, const uint32_t *order, size_t n_a, size_t n, size_t dim)
{
    double sum[MAX_DIM] = {0}, square = 0;
    for (size_t r = 0; r < n_a; r++)
        for (size_t i = 0; i < dim; i++)
            sum[i] += rows[order[r] * dim + i];
    for (size_t i = 0; i < dim; i++)
        square += sum[i] * sum[i];
    return square * (double)n / ((double)n_a * (double)(n - n_a)); /* all rows sum to zero */
}

double hotelling(const double *a, size_t n_a, const double *b, size_t n_b, size_t dim,
                 size_t n_deals, double *p)
{
    size_t n = n_a + n_b, as_far = 1;
    assert_true(dim <= MAX_DIM && n > dim);
    double *rows = calloc(n * dim, sizeof *rows);
    uint32_t *order = calloc(n, sizeof *order);
    assert_true(rows && order);
    memcpy(rows, a, n_a * dim * sizeof *rows);
    memcpy(rows + n_a * dim, b, n_b * dim * sizeof *rows);
    for (size_t r = 0; r < n; r++)
        order[r] = (uint32_t)r;
    whiten(rows, n, dim);
    double found = statistic(rows, order, n_a, n, dim);
    ddmd_random random;
    ddmd_random_init(&random, 1, DDMD_RANDOM_TEST, 0, 0);
    for (size_t deal = 0; deal < n_deals; deal++) {
        ddmd_random_shuffle(&random, order, n);
        as_far += statistic(rows, order, n_a, n, dim) >= found;
    }
    *p = (double)as_far / (double)(n_deals + 1);
    free(order);
    free(rows);
    return found;
}
