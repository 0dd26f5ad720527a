/*
 * label_and_score POINTS N DIM EPS MIN_SAMPLES NEIGHBORS LABELS SCORES: DBSCAN and local outlier
 * factor of a file of float32 points, written as int32 and float64; for compare_sklearn.py.
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

int main(int argc, char **argv)
{
    if (argc != 9)
        return 2;
    size_t n = strtoul(argv[2], NULL, 10), dim = strtoul(argv[3], NULL, 10);
    float *points = calloc(n * dim, sizeof *points);
    int32_t *labels = calloc(n, sizeof *labels);
    double *scores = calloc(n, sizeof *scores);
    FILE *file = fopen(argv[1], "rb");
    int failed = !points || !labels || !scores || !file;
    size_t got = failed ? 0 : fread(points, sizeof *points, n * dim, file);
    if (file)
        fclose(file);

    ddmd_error err = {0};
    failed |= got != n * dim ||
              ddmd_dbscan(points, n, dim, strtod(argv[4], NULL), strtoul(argv[5], NULL, 10), 0,
                          labels, &err) != DDMD_OK ||
              ddmd_lof(points, n, dim, strtoul(argv[6], NULL, 10), 0, scores, &err) != DDMD_OK;
    if (failed)
        fprintf(stderr, "%s\n", err.message);
    failed |= save(argv[7], labels, sizeof *labels, n) | save(argv[8], scores, sizeof *scores, n);
    free(points);
    free(labels);
    free(scores);
    return failed;
}
