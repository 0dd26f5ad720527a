#include "ddmd/geometry.h"

#include <math.h>
#include <string.h>

static void centroid(const double *x, size_t n, double center[3])
{
    double sum[3] = {0};
    for (size_t i = 0; i < n; i++)
        for (int k = 0; k < 3; k++)
            sum[k] += x[3 * i + (size_t)k];
    for (int k = 0; k < 3; k++)
        center[k] = sum[k] / (double)n;
}

/* Two point sets about their centroids: M = sum b a^T of Theobald's equations with a onto b, and
 * half the sum of the squared lengths of both, which bounds the largest eigenvalue of K from above.
 */
struct overlap {
    double a_center[3], b_center[3];
    double m[3][3];
    double bound;
};

static void find_overlap(const double *a, const double *b, size_t n, struct overlap *o)
{
    centroid(a, n, o->a_center);
    centroid(b, n, o->b_center);
    memset(o->m, 0, sizeof o->m);
    double squares = 0;
    for (size_t i = 0; i < n; i++) {
        double x[3], y[3];
        for (int k = 0; k < 3; k++) {
            x[k] = a[3 * i + (size_t)k] - o->a_center[k];
            y[k] = b[3 * i + (size_t)k] - o->b_center[k];
            squares += x[k] * x[k] + y[k] * y[k];
        }
        for (int k = 0; k < 3; k++)
            for (int l = 0; l < 3; l++)
                o->m[k][l] += x[k] * y[l];
    }
    o->bound = 0.5 * squares;
}

/* The symmetric matrix whose largest eigenvalue belongs to the best rotation's quaternion. */
static void key_matrix(const double m[3][3], double key[4][4])
{
    key[0][0] = m[0][0] + m[1][1] + m[2][2];
    key[1][1] = m[0][0] - m[1][1] - m[2][2];
    key[2][2] = -m[0][0] + m[1][1] - m[2][2];
    key[3][3] = -m[0][0] - m[1][1] + m[2][2];
    key[0][1] = key[1][0] = m[1][2] - m[2][1];
    key[0][2] = key[2][0] = m[2][0] - m[0][2];
    key[0][3] = key[3][0] = m[0][1] - m[1][0];
    key[1][2] = key[2][1] = m[0][1] + m[1][0];
    key[1][3] = key[3][1] = m[2][0] + m[0][2];
    key[2][3] = key[3][2] = m[1][2] + m[2][1];
}

/* Determinant of rows r0 < r1 and columns c0 < c1 of the 4 x 4 matrix. */
static double minor2(const double k[4][4], int r0, int r1, int c0, int c1)
{
    return k[r0][c0] * k[r1][c1] - k[r0][c1] * k[r1][c0];
}

static double determinant4(const double k[4][4])
{
    return minor2(k, 0, 1, 0, 1) * minor2(k, 2, 3, 2, 3) -
           minor2(k, 0, 1, 0, 2) * minor2(k, 2, 3, 1, 3) +
           minor2(k, 0, 1, 0, 3) * minor2(k, 2, 3, 1, 2) +
           minor2(k, 0, 1, 1, 2) * minor2(k, 2, 3, 0, 3) -
           minor2(k, 0, 1, 1, 3) * minor2(k, 2, 3, 0, 2) +
           minor2(k, 0, 1, 2, 3) * minor2(k, 2, 3, 0, 1);
}

static double determinant3(const double m[3][3])
{
    return m[0][0] * (m[1][1] * m[2][2] - m[1][2] * m[2][1]) -
           m[0][1] * (m[1][0] * m[2][2] - m[1][2] * m[2][0]) +
           m[0][2] * (m[1][0] * m[2][1] - m[1][1] * m[2][0]);
}

/*
 * The largest root of det(K - x) = x^4 + c2 x^2 + c1 x + c0, by Newton's method from above, where
 * the polynomial is convex. Returns a negative number where roots lie too close together for it
 * (points on a line, and the like).
 */
static double largest_root(const struct overlap *o, const double key[4][4])
{
    enum { STEPS = 50 };
    double squares = 0;
    for (int k = 0; k < 3; k++)
        for (int l = 0; l < 3; l++)
            squares += o->m[k][l] * o->m[k][l];
    double c2 = -2 * squares, c1 = -8 * determinant3(o->m), c0 = determinant4(key);
    double x = o->bound;
    for (int step = 0; step < STEPS; step++) {
        double x2 = x * x;
        double value = (x2 + c2) * x2 + c1 * x + c0;
        double slope = (4 * x2 + 2 * c2) * x + c1;
        if (!(slope > 1e-4 * x2 * x))
            return -1;
        double change = value / slope;
        x -= change;
        if (fabs(change) < 1e-14 * x)
            return x;
    }
    return -1;
}

/* Jacobi's method for a symmetric 4 x 4 matrix: the eigenvector of its largest eigenvalue. */
static void largest_eigenvector(double a[4][4], double vector[4])
{
    enum { SWEEPS = 32 };
    double v[4][4] = {{1, 0, 0, 0}, {0, 1, 0, 0}, {0, 0, 1, 0}, {0, 0, 0, 1}};
    for (int sweep = 0; sweep < SWEEPS; sweep++) {
        double off = 0, on = 0;
        for (int p = 0; p < 4; p++) {
            on += a[p][p] * a[p][p];
            for (int q = p + 1; q < 4; q++)
                off += a[p][q] * a[p][q];
        }
        if (!(off > 1e-34 * on))
            break;
        for (int p = 0; p < 4; p++)
            for (int q = p + 1; q < 4; q++) {
                if (a[p][q] == 0)
                    continue;
                double theta = (a[q][q] - a[p][p]) / (2 * a[p][q]);
                double t = copysign(1, theta) / (fabs(theta) + sqrt(theta * theta + 1));
                double c = 1 / sqrt(t * t + 1), s = t * c;
                for (int k = 0; k < 4; k++) {
                    double x = a[k][p], y = a[k][q];
                    a[k][p] = c * x - s * y;
                    a[k][q] = s * x + c * y;
                }
                for (int k = 0; k < 4; k++) {
                    double x = a[p][k], y = a[q][k];
                    a[p][k] = c * x - s * y;
                    a[q][k] = s * x + c * y;
                    x = v[k][p], y = v[k][q];
                    v[k][p] = c * x - s * y;
                    v[k][q] = s * x + c * y;
                }
            }
    }
    int best = 0;
    for (int k = 1; k < 4; k++)
        if (a[k][k] > a[best][best])
            best = k;
    for (int k = 0; k < 4; k++)
        vector[k] = v[k][best];
}

static void rotation_of(const double q[4], double r[3][3])
{
    double w = q[0], x = q[1], y = q[2], z = q[3];
    double square = w * w + x * x + y * y + z * z;
    double rows[3][3] = {
        {w * w + x * x - y * y - z * z, 2 * (x * y - w * z), 2 * (x * z + w * y)},
        {2 * (x * y + w * z), w * w - x * x + y * y - z * z, 2 * (y * z - w * x)},
        {2 * (x * z - w * y), 2 * (y * z + w * x), w * w - x * x - y * y + z * z},
    };
    for (int k = 0; k < 3; k++)
        for (int l = 0; l < 3; l++)
            r[k][l] = rows[k][l] / square;
}

double ddmd_superpose(const double *mobile, const double *target, size_t n, double rotation[3][3],
                      double translation[3])
{
    for (int k = 0; k < 3; k++) {
        translation[k] = 0;
        for (int l = 0; l < 3; l++)
            rotation[k][l] = k == l;
    }
    if (n == 0)
        return 0;
    struct overlap o;
    double key[4][4], quaternion[4];
    find_overlap(mobile, target, n, &o);
    key_matrix(o.m, key);
    largest_eigenvector(key, quaternion);
    rotation_of(quaternion, rotation);

    double squares = 0;
    for (size_t i = 0; i < n; i++)
        for (int k = 0; k < 3; k++) {
            double moved = 0;
            for (size_t l = 0; l < 3; l++)
                moved += rotation[k][l] * (mobile[3 * i + l] - o.a_center[l]);
            double off = moved - (target[3 * i + (size_t)k] - o.b_center[k]);
            squares += off * off;
        }
    for (int k = 0; k < 3; k++) {
        translation[k] = o.b_center[k];
        for (int l = 0; l < 3; l++)
            translation[k] -= rotation[k][l] * o.a_center[l];
    }
    return sqrt(squares / (double)n);
}

double ddmd_rmsd(const double *a, const double *b, size_t n)
{
    if (n == 0)
        return 0;
    struct overlap o;
    double key[4][4], rotation[3][3], translation[3];
    find_overlap(a, b, n, &o);
    key_matrix(o.m, key);
    double root = largest_root(&o, key);
    double left = o.bound - root;
    /* What is left is the difference of two large numbers: where it is small, digits are lost. */
    if (root < 0 || !(left > 1e-4 * o.bound))
        return ddmd_superpose(a, b, n, rotation, translation);
    return sqrt(2 * left / (double)n);
}

double ddmd_radius_of_gyration(const double *positions, size_t n)
{
    if (n == 0)
        return 0;
    double center[3], squares = 0;
    centroid(positions, n, center);
    for (size_t i = 0; i < n; i++)
        for (int k = 0; k < 3; k++) {
            double off = positions[3 * i + (size_t)k] - center[k];
            squares += off * off;
        }
    return sqrt(squares / (double)n);
}

void ddmd_gather_f32(const float *frame, const int32_t *indices, size_t n, double *out)
{
    for (size_t i = 0; i < n; i++)
        for (size_t k = 0; k < 3; k++)
            out[3 * i + k] = frame[3 * (size_t)indices[i] + k];
}

void ddmd_gather_f64(const double *frame, const int32_t *indices, size_t n, double *out)
{
    for (size_t i = 0; i < n; i++)
        for (size_t k = 0; k < 3; k++)
            out[3 * i + k] = frame[3 * (size_t)indices[i] + k];
}
