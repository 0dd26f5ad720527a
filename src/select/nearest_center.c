/* Which centre each point is nearest to: what k-means spends its time with. */
#include "select/kmeans.h"

#include "select/kernels.h"

#include "core/parallel.h"

#include <math.h>
#include <stdatomic.h>
#include <stdlib.h>

#define KERNEL_NAME baseline
#define KERNEL_TARGET
#define KERNEL_BYTES 16
#include "select/center_kernel.h"

#if defined(__x86_64__)
#define KERNEL_NAME avx2
#define KERNEL_TARGET __attribute__((target("avx2")))
#define KERNEL_BYTES 32
#include "select/center_kernel.h"

#define KERNEL_NAME avx512
#define KERNEL_TARGET __attribute__((target("avx512f,avx512vl,avx512dq")))
#define KERNEL_BYTES 64
#include "select/center_kernel.h"
#endif

static const ddmd_center_kernel kernels[] = {
#define ENTRY(name, here) {#name, usable_##name, find_##name},
    DDMD_KERNELS(ENTRY)
#undef ENTRY
};

const ddmd_center_kernel *ddmd_center_kernels(size_t *n)
{
    *n = sizeof kernels / sizeof *kernels;
    return kernels;
}

static const ddmd_center_kernel *best_kernel(void)
{
    const ddmd_center_kernel *best = &kernels[sizeof kernels / sizeof *kernels - 1];
    while (!best->usable())
        best--;
    return best;
}

enum ddmd_status ddmd_nearest_center_create(size_t n, size_t dim, ddmd_nearest_center *finder,
                                            ddmd_error *err)
{
    size_t n_blocks = (n + DDMD_CENTER_LANES - 1) / DDMD_CENTER_LANES, bytes;
    double *blocks = NULL;
    if (!__builtin_mul_overflow(n_blocks, dim, &bytes) &&
        !__builtin_mul_overflow(bytes, DDMD_CENTER_LANES * sizeof *blocks, &bytes) &&
        bytes <= PTRDIFF_MAX)
        blocks = aligned_alloc(64, bytes);
    if (!blocks)
        return ddmd_error_set(err, DDMD_NOMEM, "out of memory for %zu centres", n);
    *finder = (ddmd_nearest_center){
        .n = n, .dim = dim, .n_blocks = n_blocks, .blocks = blocks, .kernel = best_kernel()};
    return DDMD_OK;
}

void ddmd_nearest_center_clear(ddmd_nearest_center *finder)
{
    free(finder->blocks);
    *finder = (ddmd_nearest_center){0};
}

void ddmd_nearest_center_put(ddmd_nearest_center *finder, const double *centers)
{
    double *to = finder->blocks;
    for (size_t b = 0; b < finder->n_blocks; b++) {
        for (size_t d = 0; d < finder->dim; d++) {
            for (size_t lane = 0; lane < DDMD_CENTER_LANES; lane++) {
                size_t center = b * DDMD_CENTER_LANES + lane;
                *to++ = center < finder->n ? centers[center * finder->dim + d] : INFINITY;
            }
        }
    }
}

struct labelling {
    const ddmd_nearest_center *finder;
    const ddmd_kmeans_data *data;
    const uint32_t *which;
    int32_t *labels;
    double *squared;
    atomic_bool changed;
};

static void label_some(void *user, size_t begin, size_t end, int worker)
{
    (void)worker;
    struct labelling *l = user;
    const ddmd_nearest_center *finder = l->finder;
    bool changed = false;
    for (size_t i = begin; i < end; i++) {
        size_t point = l->which ? l->which[i] : i;
        int32_t label =
            (int32_t)finder->kernel->find(finder->blocks, finder->n_blocks, finder->dim,
                                          l->data->points + point * finder->dim, &l->squared[i]);
        changed |= label != l->labels[i];
        l->labels[i] = label;
    }
    if (changed)
        atomic_store(&l->changed, true);
}

bool ddmd_nearest_center_label(const ddmd_nearest_center *finder, const ddmd_kmeans_data *data,
                               const uint32_t *which, size_t n, int32_t *labels, double *squared)
{
    enum { GRAIN = 512 };
    struct labelling labelling = {
        .finder = finder, .data = data, .which = which, .labels = labels, .squared = squared};
    ddmd_parallel_for(n, GRAIN, data->threads, label_some, &labelling);
    return atomic_load(&labelling.changed);
}
