#include "ddmd/geometry.h"
#include "ddmd/random.h"
#include "ddmd/structure.h"
#include "support/cmocka.h"
#include "support/data.h"

#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Half of the last of six printed decimals, and what 1e-15 leaves of it. */
static const double printed = 0.5e-6 + 1e-12;

static void random_points(double *x, size_t n, uint32_t stream)
{
    ddmd_random random;
    ddmd_random_init(&random, 1, DDMD_RANDOM_TEST, stream, 0);
    for (size_t i = 0; i < 3 * n; i++)
        x[i] = ddmd_random_normal(&random);
}

/* By any angle (size 1), or by one of about `size`. */
static void random_rotation(double r[3][3], uint32_t stream, double size)
{
    double q[6];
    random_points(q, 2, stream);
    if (size < 1)
        q[0] = 1;
    for (int k = 1; k < 4; k++)
        q[k] *= size;
    double norm = sqrt(q[0] * q[0] + q[1] * q[1] + q[2] * q[2] + q[3] * q[3]);
    double w = q[0] / norm, x = q[1] / norm, y = q[2] / norm, z = q[3] / norm;
    double rows[3][3] = {
        {1 - 2 * (y * y + z * z), 2 * (x * y - w * z), 2 * (x * z + w * y)},
        {2 * (x * y + w * z), 1 - 2 * (x * x + z * z), 2 * (y * z - w * x)},
        {2 * (x * z - w * y), 2 * (y * z + w * x), 1 - 2 * (x * x + y * y)},
    };
    memcpy(r, rows, sizeof rows);
}

static void move(double r[3][3], const double t[3], const double *x, size_t n, double *out)
{
    for (size_t i = 0; i < n; i++)
        for (int k = 0; k < 3; k++)
            out[3 * i + (size_t)k] =
                r[k][0] * x[3 * i] + r[k][1] * x[3 * i + 1] + r[k][2] * x[3 * i + 2] + t[k];
}

static double distance(const double *a, const double *b, size_t n)
{
    double squares = 0;
    for (size_t i = 0; i < 3 * n; i++)
        squares += (a[i] - b[i]) * (a[i] - b[i]);
    return sqrt(squares / (double)n);
}

static void motions_are_taken_back(void **state)
{
    (void)state;
    enum { N = 40 };
    for (uint32_t stream = 0; stream < 50; stream++) {
        double a[3 * N], b[3 * N], back[3 * N], r[3][3], found[3][3], t[3];
        const double shift[3] = {10, -20, 30};
        random_points(a, N, stream);
        random_rotation(r, stream + 1000, 1);
        move(r, shift, a, N, b);
        /* Coordinates of some 40 nm have 15 digits. */
        assert_true(ddmd_rmsd(a, b, N) < 1e-13);
        assert_true(ddmd_superpose(a, b, N, found, t) < 1e-13);
        move(found, t, a, N, back);
        assert_true(distance(back, b, N) < 1e-13);
        for (int k = 0; k < 3; k++)
            for (int l = 0; l < 3; l++)
                assert_float_equal(found[k][l], r[k][l], 1e-13);
    }
}

static void no_other_motion_is_better(void **state)
{
    (void)state;
    enum { N = 12 };
    for (uint32_t stream = 0; stream < 30; stream++) {
        double a[3 * N], b[3 * N], moved[3 * N], r[3][3], t[3];
        random_points(a, N, stream);
        random_points(b, N, stream + 500);
        double best = ddmd_superpose(a, b, N, r, t);
        assert_float_equal(ddmd_rmsd(a, b, N), best, 1e-12);
        assert_float_equal(ddmd_rmsd(b, a, N), best, 1e-12);
        move(r, t, a, N, moved);
        assert_float_equal(distance(moved, b, N), best, 1e-12);
        double determinant = r[0][0] * (r[1][1] * r[2][2] - r[1][2] * r[2][1]) -
                             r[0][1] * (r[1][0] * r[2][2] - r[1][2] * r[2][0]) +
                             r[0][2] * (r[1][0] * r[2][1] - r[1][1] * r[2][0]);
        assert_float_equal(determinant, 1, 1e-12);
        for (uint32_t k = 0; k < 20; k++) { /* small turns about the best one, and large ones */
            double turn[3][3], turned[3 * N];
            const double none[3] = {0};
            random_rotation(turn, 100 * stream + k, k < 10 ? 1e-3 : 1);
            move(turn, none, a, N, turned);
            assert_float_equal(ddmd_rmsd(turned, b, N), best, 1e-12);
            for (size_t i = 0; i < N; i++) { /* both about the centre of b */
                double x[3], center[3] = {0};
                for (size_t l = 0; l < N; l++)
                    for (int m = 0; m < 3; m++)
                        center[m] += b[3 * l + (size_t)m] / N;
                for (int m = 0; m < 3; m++)
                    x[m] = moved[3 * i + (size_t)m] - center[m];
                for (int m = 0; m < 3; m++)
                    turned[3 * i + (size_t)m] =
                        turn[m][0] * x[0] + turn[m][1] * x[1] + turn[m][2] * x[2] + center[m];
            }
            assert_true(distance(turned, b, N) > best - 1e-12);
        }
    }
}

static void awkward_points(void **state)
{
    (void)state;
    double r[3][3], t[3];
    double line[9] = {0, 0, 0, 1, 0, 0, 2, 0, 0}, up[9] = {0, 0, 5, 0, 0, 6, 0, 0, 7};
    double longer[9] = {0, 0, 0, 0, 2, 0, 0, 4, 0};
    assert_true(ddmd_rmsd(line, up, 3) < 1e-14);
    assert_true(ddmd_rmsd(line, up, 0) == 0);
    assert_true(ddmd_rmsd(line, up, 1) == 0);
    assert_true(ddmd_superpose(line, up, 1, r, t) == 0);
    assert_float_equal(t[2], 5, 1e-15);
    /* Stretched by 2 about the centre: the ends are off by 1. */
    assert_float_equal(ddmd_rmsd(line, longer, 3), sqrt(2.0 / 3), 1e-14);

    for (uint32_t stream = 0; stream < 50; stream++) { /* lines, and what is nearly one */
        enum { N = 9 };
        double x[3 * N], y[3 * N], noise[3 * N], turn[3][3];
        const double none[3] = {0};
        random_points(noise, N, stream);
        random_rotation(turn, stream, 1);
        for (int i = 0; i < 3 * N; i++)
            x[i] =
                i % 3 == 0 ? noise[i] : (stream % 5 ? pow(10, -3.0 * (stream % 5)) : 0) * noise[i];
        move(turn, none, x, N, y);
        for (int i = 0; i < 3 * N; i++)
            y[i] *= 1.5;
        assert_float_equal(ddmd_rmsd(x, y, N), ddmd_radius_of_gyration(x, N) / 2, 1e-13);
    }

    /* Two roots close together, where Newton's method alone ends 1e-6 off. */
    const double plane[9] = {0.0596865, 0, 0, 0.01599267, 6, 0, 0.1723143, 0, 0};
    const double fold[9] = {0, 7, 0, 0, 1, 0, 0, 7, 0};
    assert_float_equal(ddmd_rmsd(plane, fold, 3), ddmd_superpose(plane, fold, 3, r, t), 1e-10);

    double same[12] = {1, 2, 3, 1, 2, 3, 1, 2, 3, 1, 2, 3};
    assert_true(ddmd_rmsd(same, same, 4) == 0);

    /* A mirror image cannot be turned into its original: two points of a tetrahedron change places.
     */
    double corner[12] = {1, 0, 0, 0, 2, 0, 0, 0, 3, 0, 0, 0}, mirrored[12];
    for (int i = 0; i < 12; i++)
        mirrored[i] = i % 3 == 2 ? -corner[i] : corner[i];
    assert_true(ddmd_rmsd(corner, mirrored, 4) > 0.3);
    assert_float_equal(ddmd_rmsd(corner, mirrored, 4), ddmd_superpose(corner, mirrored, 4, r, t),
                       1e-12);

    /* Nearly alike: digits of the difference are kept. */
    double a[90], b[90];
    random_points(a, 30, 7);
    memcpy(b, a, sizeof a);
    b[0] += 1e-9;
    assert_true(ddmd_rmsd(a, b, 30) > 1e-10 && ddmd_rmsd(a, b, 30) < 1e-9 / sqrt(30) + 1e-14);
}

static void gyration_and_gathering(void **state)
{
    (void)state;
    const double x[12] = {9, 9, 9, 1, 5, 5, 3, 5, 5, 9, 9, 9};
    const float f[6] = {0.5F, 1, 2, 3, 4, 5};
    const int32_t middle[2] = {1, 2}, last[1] = {1};
    double out[6];
    ddmd_gather_f64(x, middle, 2, out);
    assert_memory_equal(out, x + 3, sizeof out);
    assert_float_equal(ddmd_radius_of_gyration(out, 2), 1, 1e-15);
    assert_true(ddmd_radius_of_gyration(out, 0) == 0);
    ddmd_gather_f32(f, last, 1, out);
    assert_true(out[0] == 3 && out[2] == 5);
}

/* The C-alphas of every model of a file: [*models][*n][3]. */
static double *read_alphas(const char *name, size_t *n, int32_t *models)
{
    const char *path = test_data(name);
    ddmd_structure *s = NULL;
    ddmd_error err = {0};
    int32_t *indices = NULL;
    assert_non_null(path);
    ASSERT_OK(ddmd_structure_read_pdb(path, &s, &err), &err);
    ASSERT_OK(ddmd_structure_select(s, "protein and name CA", &indices, n, &err), &err);
    *models = s->n_models;
    double *out = calloc((size_t)s->n_models * *n, 3 * sizeof *out);
    for (int32_t m = 0; m < s->n_models; m++)
        ddmd_gather_f64(s->positions + (size_t)m * (size_t)s->n_atoms * 3, indices, *n,
                        out + (size_t)m * *n * 3);
    free(indices);
    ddmd_structure_destroy(&s);
    return out;
}

static json_t *read_reference(void)
{
    const char *path = test_data("geometry.json");
    if (!path)
        skip();
    json_error_t error;
    json_t *root = json_load_file(path, 0, &error);
    if (!root)
        fail_msg("%s:%d: %s", path, error.line, error.text);
    return root;
}

static double number(const json_t *object, const char *key)
{
    const json_t *value = json_object_get(object, key);
    if (!json_is_number(value))
        fail_msg("no number %s", key);
    return json_number_value(value);
}

static void pairs_agree_with_mdtraj(void **state)
{
    (void)state;
    json_t *root = read_reference();
    static const char *const names[] = {"pair_bba", "pair_cln025", "pair_ntl9"};
    for (size_t k = 0; k < 3; k++) {
        const json_t *pair = json_object_get(json_object_get(root, "values"), names[k]);
        static const char *const keys[2] = {"reference", "other"};
        static const char *const radii[2] = {"ca_rg_nm_reference_unweighted",
                                             "ca_rg_nm_other_unweighted"};
        double *x[2];
        size_t n[2];
        for (int e = 0; e < 2; e++) {
            int32_t models;
            x[e] = read_alphas(json_string_value(json_object_get(pair, keys[e])), &n[e], &models);
            assert_int_equal(n[e], number(pair, "n_ca"));
            assert_float_equal(ddmd_radius_of_gyration(x[e], n[e]), number(pair, radii[e]),
                               printed);
            uint8_t *packed = malloc(ddmd_contact_map_bytes(n[e]));
            ddmd_contact_map_pack(x[e], n[e], 0.8, packed);
            const json_t *counts = json_object_get(pair, "ca_contacts_lt_0p8nm_seqsep_ge3");
            assert_int_equal(ddmd_contact_map_count(packed, n[e], 3),
                             json_integer_value(json_array_get(counts, (size_t)e)));
            free(packed);
        }
        assert_float_equal(ddmd_rmsd(x[0], x[1], n[0]), number(pair, "ca_rmsd_nm"), printed);
        free(x[0]);
        free(x[1]);
    }
    json_decref(root);
}

static void models_agree_with_mdtraj(void **state)
{
    (void)state;
    json_t *root = read_reference();
    const json_t *entry = json_object_get(json_object_get(root, "values"), "bba_ensemble");
    const json_t *values = json_object_get(entry, "ca_rmsd_to_frame0_nm");
    size_t n;
    int32_t models;
    double *x = read_alphas(json_string_value(json_object_get(entry, "file")), &n, &models);
    assert_int_equal(models, json_array_size(values));
    for (int32_t m = 0; m < models; m++)
        assert_float_equal(ddmd_rmsd(x + (size_t)m * n * 3, x, n),
                           json_number_value(json_array_get(values, (size_t)m)), printed);
    free(x);
    json_decref(root);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(motions_are_taken_back),  cmocka_unit_test(no_other_motion_is_better),
        cmocka_unit_test(awkward_points),          cmocka_unit_test(gyration_and_gathering),
        cmocka_unit_test(pairs_agree_with_mdtraj), cmocka_unit_test(models_agree_with_mdtraj),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
