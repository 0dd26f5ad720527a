/*
 * The instruction sets that kernels of this folder are compiled for, and which of them this machine
 * has. A file that includes this defines its kernels for each of them, by including its *_kernel.h,
 * and gets functions usable_NAME().
 */
#ifndef DDMD_SELECT_KERNELS_H
#define DDMD_SELECT_KERNELS_H

#include <stdbool.h>

/* DDMD_KERNELS(X): X(name, whether this machine has it), the fastest last */
#if defined(__x86_64__)
#define DDMD_KERNELS(X)                                                                  \
    X(baseline, true)                                                                    \
    X(avx2, __builtin_cpu_supports("avx2"))                                              \
    X(avx512, __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512vl") && \
                  __builtin_cpu_supports("avx512dq"))
#else
#define DDMD_KERNELS(X) X(baseline, true)
#endif

#define DDMD_KERNEL_USABLE(name, here)     \
    static inline bool usable_##name(void) \
    {                                      \
        return here;                       \
    }
DDMD_KERNELS(DDMD_KERNEL_USABLE)

#endif
