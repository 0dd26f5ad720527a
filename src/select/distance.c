#include "select/distance.h"

#include <string.h>

#define KERNEL_NAME baseline
#define KERNEL_TARGET
#define KERNEL_BYTES 16
#include "select/distance_kernel.h"

#if defined(__x86_64__)
#define KERNEL_NAME avx2
#define KERNEL_TARGET __attribute__((target("avx2")))
#define KERNEL_BYTES 32
#include "select/distance_kernel.h"

#define KERNEL_NAME avx512
#define KERNEL_TARGET __attribute__((target("avx512f,avx512vl,avx512dq")))
#define KERNEL_BYTES 64
#include "select/distance_kernel.h"
#endif

/* KERNEL(name, whether this machine has it), the fastest last */
#if defined(__x86_64__)
#define KERNELS(KERNEL)                                                                       \
    KERNEL(baseline, true)                                                                    \
    KERNEL(avx2, __builtin_cpu_supports("avx2"))                                              \
    KERNEL(avx512, __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512vl") && \
                       __builtin_cpu_supports("avx512dq"))
#else
#define KERNELS(KERNEL) KERNEL(baseline, true)
#endif

#define USABLE(name, here)          \
    static bool usable_##name(void) \
    {                               \
        return here;                \
    }
KERNELS(USABLE)

static const ddmd_distance_kernel kernels[] = {
#define ENTRY(name, here) {#name, usable_##name, within_##name, to_boxes_##name},
    KERNELS(ENTRY)
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
