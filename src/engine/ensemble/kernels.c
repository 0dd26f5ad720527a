#include "engine/ensemble/kernels.h"

#include <stdlib.h>
#include <string.h>

extern const ensemble_kernels ensemble_kernels_plain;

static bool always(void)
{
    return true;
}

#ifdef DDMD_ENSEMBLE_X86
extern const ensemble_kernels ensemble_kernels_avx512;
extern const ensemble_kernels ensemble_kernels_avx2;

static bool has_avx512(void)
{
    return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512dq") &&
           __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512vl") &&
           __builtin_cpu_supports("fma");
}

static bool has_avx2(void)
{
    return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
}
#endif

#ifdef DDMD_ENSEMBLE_NEON
extern const ensemble_kernels ensemble_kernels_neon;
#endif

/* The widest first. */
static const struct {
    const ensemble_kernels *kernels;
    bool (*runs)(void);
} choices[] = {
#ifdef DDMD_ENSEMBLE_X86
    {&ensemble_kernels_avx512, has_avx512},
    {&ensemble_kernels_avx2, has_avx2},
#endif
#ifdef DDMD_ENSEMBLE_NEON
    {&ensemble_kernels_neon, always},
#endif
    {&ensemble_kernels_plain, always},
};

enum { N_CHOICES = sizeof choices / sizeof *choices };

const ensemble_kernels *ensemble_kernels_find(const char *name)
{
    for (size_t c = 0; c < N_CHOICES; c++)
        if (strcmp(choices[c].kernels->name, name) == 0 && choices[c].runs())
            return choices[c].kernels;
    return NULL;
}

enum ddmd_status ensemble_kernels_choose(const ensemble_kernels **kernels, ddmd_error *err)
{
    const char *wish = getenv("DDMD_ISA");
    if (wish && *wish) {
        const ensemble_kernels *found = ensemble_kernels_find(wish);
        if (!found)
            return ddmd_error_set(err, DDMD_UNSUPPORTED,
                                  "DDMD_ISA is '%.40s', which this processor or build does not "
                                  "have; there are avx512, avx2, neon and plain",
                                  wish);
        *kernels = found;
        return DDMD_OK;
    }
    for (size_t c = 0; c < N_CHOICES; c++)
        if (choices[c].runs()) {
            *kernels = choices[c].kernels;
            break;
        }
    return DDMD_OK;
}
