/*
 * cluster_file POINTS N DIM INITIAL K LABELS CENTERS: Lloyd's algorithm over a file of float32
 * points from float64 centres, written as int32 and float64; prints the inertia. For
 * compare_kmeans.py.
 */
#include "ddmd/select.h"

#include <stdio.h>
#include <stdlib.h>

static int transfer(const char *path, const char *mode, void *items, size_t size, size_t n)
{
    FILE *file = fopen(path, mode);
    if (!file)
        return 1;
    size_t done = mode[0] == 'r' ? fread(items, size, n, file) : fwrite(items, size, n, file);
    return fclose(file) != 0 || done != n;
}

int main(int argc, char **argv)
{
    if (argc != 8)
        return 2;
    size_t n = strtoul(argv[2], NULL, 10), dim = strtoul(argv[3], NULL, 10),
           k = strtoul(argv[5], NULL, 10);
    float *points = calloc(n * dim, sizeof *points);
    double *centers = calloc(k * dim, sizeof *centers);
    int32_t *labels = calloc(n, sizeof *labels);
    int failed = !points || !centers || !labels;
    failed = failed || transfer(argv[1], "rb", points, sizeof *points, n * dim) ||
             transfer(argv[4], "rb", centers, sizeof *centers, k * dim);

    ddmd_error err = {0};
    ddmd_kmeans_result result = {0};
    const ddmd_kmeans_options options = {
        .n_clusters = k, .max_iterations = 1000, .initial = centers};
    failed = failed || ddmd_kmeans(points, n, dim, NULL, &options, centers, labels, &result, &err);
    if (failed)
        fprintf(stderr, "%s\n", err.message);
    failed = failed || transfer(argv[6], "wb", labels, sizeof *labels, n) ||
             transfer(argv[7], "wb", centers, sizeof *centers, k * dim);
    printf("%.17g %zu\n", result.inertia, result.iterations);
    free(points);
    free(centers);
    free(labels);
    return failed;
}
