#include "unit/select/reference.h"

#include "ddmd/random.h"

#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

double reference_distance2(const float *points, size_t dim, size_t a, size_t b)
{
    double sum = 0;
    for (size_t d = 0; d < dim; d++) {
        double difference = (double)points[a * dim + d] - (double)points[b * dim + d];
        sum += difference * difference;
    }
    return sum;
}

void reference_dbscan(const float *points, size_t n, size_t dim, double eps, size_t min_samples,
                      int32_t *labels)
{
    bool *core = calloc(n, sizeof *core);
    size_t *stack = calloc(n, sizeof *stack);
    for (size_t i = 0; i < n; i++) {
        size_t near = 0;
        for (size_t j = 0; j < n; j++)
            near += reference_distance2(points, dim, i, j) <= eps * eps;
        core[i] = near >= min_samples;
        labels[i] = -1;
    }
    int32_t cluster = 0;
    for (size_t first = 0; first < n; first++) {
        if (labels[first] != -1 || !core[first])
            continue;
        size_t depth = 0;
        labels[first] = cluster;
        stack[depth++] = first;
        while (depth > 0) {
            size_t i = stack[--depth];
            for (size_t j = 0; j < n; j++) {
                if (labels[j] != -1 || reference_distance2(points, dim, i, j) > eps * eps)
                    continue;
                labels[j] = cluster;
                if (core[j])
                    stack[depth++] = j;
            }
        }
        cluster++;
    }
    free(core);
    free(stack);
}

struct pair {
    double squared;
    size_t index;
};

static int by_distance(const void *a, const void *b)
{
    const struct pair *x = a, *y = b;
    if (x->squared != y->squared)
        return x->squared < y->squared ? -1 : 1;
    return (x->index > y->index) - (x->index < y->index);
}

void reference_lof(const float *points, size_t n, size_t dim, size_t n_neighbors, double *scores)
{
    size_t k = n_neighbors < n - 1 ? n_neighbors : n - 1;
    struct pair *pairs = calloc(n, sizeof *pairs), *nearest = calloc(n * n, sizeof *nearest);
    double *density = calloc(n, sizeof *density);
    for (size_t i = 0; i < n; i++) {
        size_t others = 0;
        for (size_t j = 0; j < n; j++) {
            if (j != i)
                pairs[others++] = (struct pair){reference_distance2(points, dim, i, j), j};
        }
        qsort(pairs, others, sizeof *pairs, by_distance);
        memcpy(nearest + i * n, pairs, k * sizeof *pairs);
    }
    for (size_t i = 0; i < n; i++) {
        double sum = 0;
        for (size_t m = 0; m < k; m++) {
            struct pair near = nearest[i * n + m];
            sum += fmax(sqrt(near.squared), sqrt(nearest[near.index * n + k - 1].squared));
        }
        density[i] = 1 / (sum / (double)k + 1e-10);
    }
    for (size_t i = 0; i < n; i++) {
        double sum = 0;
        for (size_t m = 0; m < k; m++)
            sum += density[nearest[i * n + m].index];
        scores[i] = k > 0 ? sum / density[i] / (double)k : 1;
    }
    free(pairs);
    free(nearest);
    free(density);
}

float *reference_points(enum reference_kind kind, size_t n, size_t dim, uint32_t seed)
{
    ddmd_random random;
    ddmd_random_init(&random, 1, DDMD_RANDOM_TEST, seed, (uint64_t)kind);
    float *points = calloc(n * dim + 1, sizeof *points);
    float sites[5 * 64];
    for (size_t i = 0; i < 5 * 64; i++)
        sites[i] = (float)(4 * ddmd_random_normal(&random));
    for (size_t i = 0; i < n; i++) {
        float *point = points + i * dim;
        const float *site = sites + (size_t)64 * ddmd_random_below(&random, 5);
        bool stray = ddmd_random_below(&random, 10) == 0;
        for (size_t d = 0; d < dim; d++) {
            double normal = ddmd_random_normal(&random), uniform = ddmd_random_uniform(&random);
            double blob = stray ? 20 * uniform - 10 : site[d % 64] + 0.3 * normal;
            switch (kind) {
            case REFERENCE_UNIFORM:
                point[d] = (float)uniform;
                break;
            case REFERENCE_LATTICE:
                point[d] = (float)(int)(uniform * 5);
                break;
            case REFERENCE_SITES:
                point[d] = site[d % 64];
                break;
            case REFERENCE_EQUAL:
                point[d] = -0.5F;
                break;
            case REFERENCE_WALK:
                point[d] = (float)(0.1 * normal) + (i > 0 ? point[d - dim] : 0);
                break;
            case REFERENCE_OFFSET:
                point[d] = (float)(1e5 + 0.1 * blob);
                break;
            case REFERENCE_HUGE:
                point[d] = (float)(1e37 * blob);
                break;
            case REFERENCE_TINY:
                point[d] = (float)((seed % 2 ? 1e-22 : 1e-40) * blob);
                break;
            default:
                point[d] = (float)blob;
            }
        }
    }
    return points;
}

double reference_some_distance(const float *points, size_t n, size_t dim, uint32_t seed)
{
    ddmd_random random;
    ddmd_random_init(&random, 2, DDMD_RANDOM_TEST, seed, 0);
    size_t a = ddmd_random_below(&random, (uint32_t)n), b = ddmd_random_below(&random, (uint32_t)n);
    double share = ddmd_random_below(&random, 2) ? 1 : ddmd_random_uniform(&random);
    return share * sqrt(reference_distance2(points, dim, a, b));
}
