/*
 * Vectors that hold one float of each replica of a group, one replica a lane. Compiled once for
 * each instruction set; what is written with these gives a lane the same bits whatever the other
 * lanes hold, since nothing is contracted or reordered but what is asked for by name (vf_fma).
 */
#ifndef DDMD_ENSEMBLE_LANES_H
#define DDMD_ENSEMBLE_LANES_H

#include <math.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#if defined(DDMD_LANES_AVX512)
#include <immintrin.h>
#define LANES 16
#define LANES_NAME(name) name##_avx512
#elif defined(DDMD_LANES_AVX2)
#include <immintrin.h>
#define LANES 8
#define LANES_NAME(name) name##_avx2
#elif defined(DDMD_LANES_NEON)
#include <arm_neon.h>
#define LANES 4
#define LANES_NAME(name) name##_neon
#else
#define LANES 4
#define LANES_NAME(name) name##_plain
#endif

#define LANES_INLINE static inline __attribute__((always_inline, unused))

typedef float vf __attribute__((vector_size(4 * LANES), may_alias));
typedef int32_t vi __attribute__((vector_size(4 * LANES), may_alias));
typedef uint32_t vu __attribute__((vector_size(4 * LANES), may_alias));

#if defined(DDMD_LANES_AVX512)
typedef __mmask16 vmask;
#else
typedef vi vmask; /* all bits of a lane, or none */
#endif

LANES_INLINE vf vf_set(float value)
{
    return value - (vf){0};
}

LANES_INLINE vf vf_load(const float *from)
{
    return *(const vf *)from;
}

LANES_INLINE void vf_store(float *to, vf value)
{
    *(vf *)to = value;
}

#if defined(DDMD_LANES_AVX512)

LANES_INLINE vf vf_fma(vf a, vf b, vf c)
{
    return (vf)_mm512_fmadd_ps((__m512)a, (__m512)b, (__m512)c);
}

LANES_INLINE vf vf_fnma(vf a, vf b, vf c) /* c - a b */
{
    return (vf)_mm512_fnmadd_ps((__m512)a, (__m512)b, (__m512)c);
}

LANES_INLINE vf vf_fms(vf a, vf b, vf c) /* a b - c */
{
    return (vf)_mm512_fmsub_ps((__m512)a, (__m512)b, (__m512)c);
}

LANES_INLINE vf vf_min(vf a, vf b)
{
    return (vf)_mm512_min_ps((__m512)a, (__m512)b);
}

LANES_INLINE vf vf_max(vf a, vf b)
{
    return (vf)_mm512_max_ps((__m512)a, (__m512)b);
}

LANES_INLINE vf vf_sqrt(vf a)
{
    return (vf)_mm512_sqrt_ps((__m512)a);
}

LANES_INLINE vf vf_rsqrt_estimate(vf a)
{
    return (vf)_mm512_rsqrt14_ps((__m512)a);
}

LANES_INLINE vf vf_reciprocal_estimate(vf a)
{
    return (vf)_mm512_rcp14_ps((__m512)a);
}

LANES_INLINE vmask vf_less(vf a, vf b)
{
    return _mm512_cmp_ps_mask((__m512)a, (__m512)b, _CMP_LT_OQ);
}

LANES_INLINE bool vmask_any(vmask mask)
{
    return mask != 0;
}

LANES_INLINE vf vf_select(vmask mask, vf yes, vf no)
{
    return (vf)_mm512_mask_blend_ps(mask, (__m512)no, (__m512)yes);
}

#elif defined(DDMD_LANES_AVX2)

LANES_INLINE vf vf_fma(vf a, vf b, vf c)
{
    return (vf)_mm256_fmadd_ps((__m256)a, (__m256)b, (__m256)c);
}

LANES_INLINE vf vf_fnma(vf a, vf b, vf c)
{
    return (vf)_mm256_fnmadd_ps((__m256)a, (__m256)b, (__m256)c);
}

LANES_INLINE vf vf_fms(vf a, vf b, vf c)
{
    return (vf)_mm256_fmsub_ps((__m256)a, (__m256)b, (__m256)c);
}

LANES_INLINE vf vf_min(vf a, vf b)
{
    return (vf)_mm256_min_ps((__m256)a, (__m256)b);
}

LANES_INLINE vf vf_max(vf a, vf b)
{
    return (vf)_mm256_max_ps((__m256)a, (__m256)b);
}

LANES_INLINE vf vf_sqrt(vf a)
{
    return (vf)_mm256_sqrt_ps((__m256)a);
}

LANES_INLINE vf vf_rsqrt_estimate(vf a)
{
    return (vf)_mm256_rsqrt_ps((__m256)a);
}

LANES_INLINE vf vf_reciprocal_estimate(vf a)
{
    return (vf)_mm256_rcp_ps((__m256)a);
}

LANES_INLINE vmask vf_less(vf a, vf b)
{
    return (vmask)_mm256_cmp_ps((__m256)a, (__m256)b, _CMP_LT_OQ);
}

LANES_INLINE bool vmask_any(vmask mask)
{
    return _mm256_movemask_ps((__m256)mask) != 0;
}

LANES_INLINE vf vf_select(vmask mask, vf yes, vf no)
{
    return (vf)_mm256_blendv_ps((__m256)no, (__m256)yes, (__m256)mask);
}

#elif defined(DDMD_LANES_NEON)

LANES_INLINE vf vf_fma(vf a, vf b, vf c)
{
    return (vf)vfmaq_f32((float32x4_t)c, (float32x4_t)a, (float32x4_t)b);
}

LANES_INLINE vf vf_fnma(vf a, vf b, vf c)
{
    return (vf)vfmsq_f32((float32x4_t)c, (float32x4_t)a, (float32x4_t)b);
}

LANES_INLINE vf vf_fms(vf a, vf b, vf c)
{
    return (vf)vfmaq_f32(vnegq_f32((float32x4_t)c), (float32x4_t)a, (float32x4_t)b);
}

LANES_INLINE vf vf_min(vf a, vf b)
{
    return (vf)vminq_f32((float32x4_t)a, (float32x4_t)b);
}

LANES_INLINE vf vf_max(vf a, vf b)
{
    return (vf)vmaxq_f32((float32x4_t)a, (float32x4_t)b);
}

LANES_INLINE vf vf_sqrt(vf a)
{
    return (vf)vsqrtq_f32((float32x4_t)a);
}

/* The instructions' 8 bits, and a step of Newton's. */
LANES_INLINE vf vf_rsqrt_estimate(vf a)
{
    float32x4_t y = vrsqrteq_f32((float32x4_t)a);
    return (vf)vmulq_f32(y, vrsqrtsq_f32(vmulq_f32((float32x4_t)a, y), y));
}

LANES_INLINE vf vf_reciprocal_estimate(vf a)
{
    float32x4_t y = vrecpeq_f32((float32x4_t)a);
    return (vf)vmulq_f32(y, vrecpsq_f32((float32x4_t)a, y));
}

LANES_INLINE vmask vf_less(vf a, vf b)
{
    return (vmask)vcltq_f32((float32x4_t)a, (float32x4_t)b);
}

LANES_INLINE bool vmask_any(vmask mask)
{
    return vmaxvq_u32((uint32x4_t)mask) != 0;
}

LANES_INLINE vf vf_select(vmask mask, vf yes, vf no)
{
    return (vf)vbslq_f32((uint32x4_t)mask, (float32x4_t)yes, (float32x4_t)no);
}

#else

LANES_INLINE vf vf_fma(vf a, vf b, vf c)
{
    return a * b + c;
}

LANES_INLINE vf vf_fnma(vf a, vf b, vf c)
{
    return c - a * b;
}

LANES_INLINE vf vf_fms(vf a, vf b, vf c)
{
    return a * b - c;
}

LANES_INLINE vmask vf_less(vf a, vf b)
{
    return a < b;
}

LANES_INLINE bool vmask_any(vmask mask)
{
    int32_t any = 0;
    for (int l = 0; l < LANES; l++)
        any |= mask[l];
    return any != 0;
}

LANES_INLINE vf vf_select(vmask mask, vf yes, vf no)
{
    return (vf)((mask & (vi)yes) | (~mask & (vi)no));
}

LANES_INLINE vf vf_min(vf a, vf b)
{
    return vf_select(a < b, a, b);
}

LANES_INLINE vf vf_max(vf a, vf b)
{
    return vf_select(b < a, a, b);
}

LANES_INLINE vf vf_sqrt(vf a)
{
    vf root;
    for (int l = 0; l < LANES; l++)
        root[l] = sqrtf(a[l]);
    return root;
}

LANES_INLINE vf vf_rsqrt_estimate(vf a)
{
    return 1.0f / vf_sqrt(a);
}

LANES_INLINE vf vf_reciprocal_estimate(vf a)
{
    return 1.0f / a;
}

#endif

/*
 * 1/sqrt(a) = y (1 - error)^(-1/2), where *error = 1 - a y^2 is small: powers of it are corrected
 * by what vf_undo gives for the power.
 */
LANES_INLINE vf vf_rsqrt_and_error(vf a, vf *error)
{
    vf y = vf_rsqrt_estimate(a);
    *error = vf_fnma(a * y, y, vf_set(1.0f));
    return y;
}

/* scale (1 - error)^(-power) to the order that the estimates of this instruction set need. */
LANES_INLINE vf vf_undo(vf scale, vf error, float power)
{
#if defined(DDMD_LANES_AVX512)
    return vf_fma(scale * power, error, scale);
#else
    vf terms = vf_fma(vf_set(0.5f * power * (power + 1)), error, vf_set(power));
    return vf_fma(scale * terms, error, scale);
#endif
}

LANES_INLINE vf vf_rsqrt(vf a)
{
    vf error, y = vf_rsqrt_and_error(a, &error);
    return vf_undo(y, error, 0.5f);
}

LANES_INLINE vf vf_reciprocal(vf a)
{
    vf y = vf_reciprocal_estimate(a);
    vf error = vf_fnma(a, y, vf_set(1.0f));
    return vf_undo(y, error, 1.0f);
}

#endif
