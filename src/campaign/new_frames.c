#include "campaign/new_frames.h"

#include <math.h>
#include <stdlib.h>

void ddmd_new_frames_rmsd(const float *rmsd_nm, size_t n, double *best, double *mean)
{
    double sum = 0, least = INFINITY;
    size_t counted = 0;
    for (size_t i = 0; i < n; i++) {
        if (isnan(rmsd_nm[i]))
            continue;
        sum += (double)rmsd_nm[i];
        least = fmin(least, (double)rmsd_nm[i]);
        counted++;
    }
    *best = counted ? least : (double)NAN;
    *mean = counted ? sum / (double)counted : (double)NAN;
}

static int newest_first(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x < y) - (x > y);
}

void ddmd_new_frames_waited(double *created_s, size_t n, double now_s, double *median, double *p95)
{
    size_t known = 0;
    for (size_t i = 0; i < n; i++)
        if (!isnan(created_s[i]))
            created_s[known++] = created_s[i];
    *median = *p95 = (double)NAN;
    if (known == 0)
        return;
    qsort(created_s, known, sizeof *created_s, newest_first);
    *median = now_s - created_s[known / 2];
    *p95 = now_s - created_s[known - 1 - known / 20];
}
