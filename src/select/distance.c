#include "select/distance.h"

#include "select/kernels.h"

#include <string.h>

#if defined(__x86_64__)
#include <immintrin.h>
#define KERNEL_BITS(m) _mm_movemask_ps((__m128)(m))
#else
#define KERNEL_BITS(m) (((m)[0] & 1) | ((m)[1] & 2) | ((m)[2] & 4) | ((m)[3] & 8))
#endif
#define KERNEL_NAME baseline
#define KERNEL_TARGET
#define KERNEL_BYTES 16
#include "select/distance_kernel.h"

#if defined(__x86_64__)
#define KERNEL_NAME avx2
#define KERNEL_TARGET __attribute__((target("avx2")))
#define KERNEL_BYTES 32
#define KERNEL_BITS(m) _mm256_movemask_ps((__m256)(m))
#include "select/distance_kernel.h"

#define KERNEL_NAME avx512
#define KERNEL_TARGET __attribute__((target("avx512f,avx512vl,avx512dq")))
#define KERNEL_BYTES 64
#define KERNEL_BITS(m) _mm512_movepi32_mask((__m512i)(m))
#include "select/distance_kernel.h"
#endif

static const ddmd_distance_kernel kernels[] = {
#define ENTRY(name, here)                                                   \
    {#name,           usable_##name,   within_##name,       measure_##name, \
     near_box_##name, to_boxes_##name, copies_within_##name},
    DDMD_KERNELS(ENTRY)
#undef ENTRY
};

const ddmd_distance_kernel *ddmd_distance_kernels(size_t *n)
{
    *n = sizeof kernels / sizeof *kernels;
    return kernels;
}

const ddmd_distance_kernel *ddmd_distance_kernel_best(void)
{
    const ddmd_distance_kernel *best = &kernels[sizeof kernels / sizeof *kernels - 1];
    while (!best->usable())
        best--;
    return best;
}
