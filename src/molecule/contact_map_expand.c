#include "molecule/contact_map_unpack.h"

#include <string.h>

static void expand_plain(const uint8_t *bits, size_t n, float *row, bool around)
{
    (void)around;
    for (size_t k = 0; k < n; k++)
        row[k] = (float)(bits[k / 8] >> k % 8 & 1);
}

#if defined(__x86_64__)
#include <immintrin.h>

/* Bits [at, at + 16). */
static inline unsigned word_at(const uint8_t *bits, size_t at)
{
    uint32_t word;
    memcpy(&word, bits + at / 8, sizeof word);
    return word >> at % 8 & 0xFFFF;
}

/* Floats up to the next multiple of `bytes`, at most n. */
static inline size_t head_of(const float *row, size_t bytes, size_t n)
{
    size_t head = -(uintptr_t)row % bytes / sizeof *row;
    return head < n ? head : n;
}

__attribute__((target("avx512f"))) static void expand_avx512(const uint8_t *bits, size_t n,
                                                             float *row, bool around)
{
    const __m512 one = _mm512_set1_ps(1);
    size_t k = head_of(row, sizeof one, n);
    _mm512_mask_storeu_ps(row, (__mmask16)((1u << k) - 1),
                          _mm512_maskz_mov_ps((__mmask16)word_at(bits, 0), one));
    if (around)
        for (; k + 16 <= n; k += 16)
            _mm512_stream_ps(row + k, _mm512_maskz_mov_ps((__mmask16)word_at(bits, k), one));
    else
        for (; k + 16 <= n; k += 16)
            _mm512_store_ps(row + k, _mm512_maskz_mov_ps((__mmask16)word_at(bits, k), one));
    if (k < n)
        _mm512_mask_storeu_ps(row + k, (__mmask16)((1u << (n - k)) - 1),
                              _mm512_maskz_mov_ps((__mmask16)word_at(bits, k), one));
}

__attribute__((target("avx2"))) static inline __m256 eight(unsigned byte)
{
    const __m256i each = _mm256_setr_epi32(1, 2, 4, 8, 16, 32, 64, 128);
    __m256i set = _mm256_and_si256(_mm256_set1_epi32((int)byte), each);
    return _mm256_and_ps(_mm256_castsi256_ps(_mm256_cmpeq_epi32(set, each)), _mm256_set1_ps(1));
}

__attribute__((target("avx2"))) static void expand_avx2(const uint8_t *bits, size_t n, float *row,
                                                        bool around)
{
    size_t k = head_of(row, sizeof(__m256), n);
    expand_plain(bits, k, row, false);
    if (around)
        for (; k + 8 <= n; k += 8)
            _mm256_stream_ps(row + k, eight(word_at(bits, k)));
    else
        for (; k + 8 <= n; k += 8)
            _mm256_store_ps(row + k, eight(word_at(bits, k)));
    for (; k < n; k++)
        row[k] = (float)(bits[k / 8] >> k % 8 & 1);
}

ddmd_expand_fn *const *ddmd_expand_variants(size_t *n)
{
    static ddmd_expand_fn *const all[] = {expand_avx512, expand_avx2, expand_plain};
    size_t first = __builtin_cpu_supports("avx512f") ? 0 : __builtin_cpu_supports("avx2") ? 1 : 2;
    *n = 3 - first;
    return all + first;
}

void ddmd_expand_fence(void)
{
    _mm_sfence();
}

#else

ddmd_expand_fn *const *ddmd_expand_variants(size_t *n)
{
    static ddmd_expand_fn *const all[] = {expand_plain};
    *n = 1;
    return all;
}

void ddmd_expand_fence(void)
{
}

#endif
