/*
 * label_and_score POINTS COUNTS N DIM EPS MIN_SAMPLES NEIGHBORS LABELS SCORES: DBSCAN and local
 * outlier factor of a file of float32 points, of which a file of uint32 says how often each occurs,
 * written as int32 and float64; for compare_sklearn.py.
 */
#include "ddmd/select.h"

#include <stdio.h>
#include <stdlib.h>

static int save(const char *path, const void *items, size_t size, size_t n)
{
    FILE *file = fopen(path, "wb");
    if (!file)
        return 1;
    int failed = fwrite(items, size, n, file) != n;
    return fclose(file) != 0 || failed;
}

static int load(const char *path, void *items, size_t size, size_t n)
{
    FILE *file = fopen(path, "rb");
    if (!file)
        return 1;
    int failed = fread(items, size, n, file) != n;
    return fclose(file) != 0 || failed;
}

int main(int argc, char **argv)
{
    if (argc != 10)
        return 2;
    size_t n = strtoul(argv[3], NULL, 10), dim = strtoul(argv[4], NULL, 10);
    float *points = calloc(n * dim, sizeof *points);
    uint32_t *counts = calloc(n, sizeof *counts);
    int32_t *labels = calloc(n, sizeof *labels);
    double *scores = calloc(n, sizeof *scores);

    ddmd_error err = {0};
    int failed =
        !points || !counts || !labels || !scores ||
        load(argv[1], points, sizeof *points, n * dim) ||
        load(argv[2], counts, sizeof *counts, n) ||
        ddmd_dbscan(points, n, dim, counts, strtod(argv[5], NULL), strtoul(argv[6], NULL, 10), 0,
                    labels, &err) != DDMD_OK ||
        ddmd_lof(points, n, dim, counts, strtoul(argv[7], NULL, 10), 0, scores, &err) != DDMD_OK;
    if (failed)
        fprintf(stderr, "%s\n", err.message);
    failed |= save(argv[8], labels, sizeof *labels, n) | save(argv[9], scores, sizeof *scores, n);
    free(points);
    free(counts);
    free(labels);
    free(scores);
    return failed;
}
