/*
 * The bodies of one distance kernel, included by distance.c once for each instruction set with
 *
 *   KERNEL_NAME    baseline, avx2, ...
 *   KERNEL_TARGET  the function attribute that turns the instructions on
 *   KERNEL_BYTES   the width of its vectors
 *
 * GNU vectors of just that width: wider ones are kept in memory by GCC.
 */
#define KERNEL_PASTE(a, b) a##_##b
#define KERNEL_JOIN(a, b) KERNEL_PASTE(a, b)
#define KERNEL(part) KERNEL_JOIN(part, KERNEL_NAME)
#define WIDTH (KERNEL_BYTES / (int)sizeof(float))

typedef float KERNEL(lanes) __attribute__((vector_size(KERNEL_BYTES), may_alias));
typedef uint32_t KERNEL(flags) __attribute__((vector_size(KERNEL_BYTES)));

KERNEL_TARGET static uint32_t KERNEL(within)(const float *block, const float *query, size_t dim,
                                             float limit)
{
    enum { VECTORS = DDMD_BLOCK / WIDTH };
    const KERNEL(lanes) *row = (const KERNEL(lanes) *)block;
    KERNEL(lanes) sum[VECTORS];
    for (int v = 0; v < VECTORS; v++)
        sum[v] = (KERNEL(lanes)){0};
    for (size_t d = 0; d < dim; d++, row += VECTORS) {
        for (int v = 0; v < VECTORS; v++) {
            KERNEL(lanes) difference = row[v] - query[d];
            sum[v] += difference * difference;
        }
    }
    KERNEL(flags) bits, hits = {0};
    for (int i = 0; i < WIDTH; i++)
        bits[i] = 1u << i;
    for (int v = 0; v < VECTORS; v++)
        hits |= (KERNEL(flags))(sum[v] <= limit) & (bits << (uint32_t)(v * WIDTH));
    uint32_t mask = 0;
    for (int i = 0; i < WIDTH; i++)
        mask |= hits[i];
    return mask;
}

KERNEL_TARGET static void KERNEL(to_boxes)(const float *boxes, const float *query, size_t dim,
                                           float squared[DDMD_LANES])
{
    enum { VECTORS = DDMD_LANES / WIDTH };
    const KERNEL(lanes) *low = (const KERNEL(lanes) *)boxes;
    KERNEL(lanes) sum[VECTORS];
    for (int v = 0; v < VECTORS; v++)
        sum[v] = (KERNEL(lanes)){0};
    for (size_t d = 0; d < dim; d++, low += 2 * VECTORS) {
        const KERNEL(lanes) *high = low + VECTORS;
        for (int v = 0; v < VECTORS; v++) {
            KERNEL(lanes) below = low[v] - query[d], above = query[d] - high[v];
            KERNEL(flags)
            gap = ((KERNEL(flags))below & (KERNEL(flags))(below > 0)) |
                  ((KERNEL(flags))above & (KERNEL(flags))(above > 0));
            sum[v] += (KERNEL(lanes))gap * (KERNEL(lanes))gap;
        }
    }
    memcpy(squared, sum, sizeof sum);
}

#undef WIDTH
#undef KERNEL
#undef KERNEL_JOIN
#undef KERNEL_PASTE
#undef KERNEL_NAME
#undef KERNEL_TARGET
#undef KERNEL_BYTES
