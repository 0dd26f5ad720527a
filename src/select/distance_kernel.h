/*
 * The bodies of one distance kernel, included by distance.c once for each instruction set with
 *
 *   KERNEL_NAME    baseline, avx2, ...
 *   KERNEL_TARGET  the function attribute that turns the instructions on
 *   KERNEL_BYTES   the width of its vectors
 *   KERNEL_BITS(m) one bit for each lane of the result m of a comparison
 *
 * GNU vectors of just that width: wider ones are kept in memory by GCC.
 */
#define KERNEL_PASTE(a, b) a##_##b
#define KERNEL_JOIN(a, b) KERNEL_PASTE(a, b)
#define KERNEL(part) KERNEL_JOIN(part, KERNEL_NAME)
#define WIDTH (KERNEL_BYTES / (int)sizeof(float))
#define VECTORS (DDMD_BLOCK / WIDTH) /* of a block */

typedef float KERNEL(lanes) __attribute__((vector_size(KERNEL_BYTES), may_alias));
typedef uint32_t KERNEL(flags) __attribute__((vector_size(KERNEL_BYTES), may_alias));

/* One bit for each lane of a block whose sum is within its limit. */
KERNEL_TARGET static inline uint32_t KERNEL(mask)(const KERNEL(lanes) sum[VECTORS],
                                                  const KERNEL(lanes) limit[VECTORS])
{
    uint32_t mask = 0;
    for (int v = 0; v < VECTORS; v++)
        mask |= (uint32_t)KERNEL_BITS(sum[v] <= limit[v]) << (v * WIDTH);
    return mask;
}

/* The square of how far values are outside an interval, added to a sum. */
KERNEL_TARGET static inline KERNEL(lanes)
    KERNEL(add_gap)(KERNEL(lanes) sum, KERNEL(lanes) below, KERNEL(lanes) above)
{
    KERNEL(flags)
    gap = ((KERNEL(flags))below & (KERNEL(flags))(below > 0)) |
          ((KERNEL(flags))above & (KERNEL(flags))(above > 0));
    return sum + (KERNEL(lanes))gap * (KERNEL(lanes))gap;
}

KERNEL_TARGET static uint32_t KERNEL(within)(const float *block, const float *query, size_t dim,
                                             float limit)
{
    const KERNEL(lanes) *row = (const KERNEL(lanes) *)block;
    KERNEL(lanes) sum[VECTORS], limits[VECTORS];
    for (int v = 0; v < VECTORS; v++) {
        sum[v] = (KERNEL(lanes)){0};
        limits[v] = (KERNEL(lanes)){0} + limit;
    }
    for (size_t d = 0; d < dim; d++, row += VECTORS) {
        for (int v = 0; v < VECTORS; v++) {
            KERNEL(lanes) difference = row[v] - query[d];
            sum[v] += difference * difference;
        }
    }
    return KERNEL(mask)(sum, limits);
}

/* Two queries at a time, so that each row that is loaded serves twice. */
KERNEL_TARGET static inline void KERNEL(measure_two)(const float *block, const float *a,
                                                     const float *b, size_t dim,
                                                     KERNEL(lanes) to_a[VECTORS],
                                                     KERNEL(lanes) to_b[VECTORS])
{
    const KERNEL(lanes) *row = (const KERNEL(lanes) *)block;
    for (int v = 0; v < VECTORS; v++)
        to_a[v] = to_b[v] = (KERNEL(lanes)){0};
    for (size_t d = 0; d < dim; d++, row += VECTORS) {
        for (int v = 0; v < VECTORS; v++) {
            KERNEL(lanes) from_a = row[v] - a[d], from_b = row[v] - b[d];
            to_a[v] += from_a * from_a;
            to_b[v] += from_b * from_b;
        }
    }
}

KERNEL_TARGET static uint32_t KERNEL(measure)(const float *block, const float *points,
                                              uint32_t queries, size_t dim, const float *limits,
                                              uint32_t *hits, float *squared)
{
    uint32_t hit = 0;
    while (queries) {
        uint32_t q[2];
        KERNEL(lanes) sum[2][VECTORS], limit[VECTORS];
        q[0] = q[1] = (uint32_t)__builtin_ctz(queries);
        queries &= queries - 1;
        if (queries) {
            q[1] = (uint32_t)__builtin_ctz(queries);
            queries &= queries - 1;
        }
        KERNEL(measure_two)(block, points + q[0] * dim, points + q[1] * dim, dim, sum[0], sum[1]);
        for (int i = 0; i < 2; i++) {
            for (int v = 0; v < VECTORS; v++)
                limit[v] = (KERNEL(lanes)){0} + limits[q[i]];
            hits[q[i]] = KERNEL(mask)(sum[i], limit);
            hit |= (uint32_t)(hits[q[i]] != 0) << q[i];
            memcpy(squared + q[i] * DDMD_BLOCK, sum[i], sizeof sum[i]);
        }
    }
    return hit;
}

KERNEL_TARGET static uint32_t KERNEL(near_box)(const float *block, const float *box, size_t dim,
                                               const float limits[DDMD_BLOCK])
{
    const KERNEL(lanes) *row = (const KERNEL(lanes) *)block;
    KERNEL(lanes) sum[VECTORS];
    for (int v = 0; v < VECTORS; v++)
        sum[v] = (KERNEL(lanes)){0};
    for (size_t d = 0; d < dim; d++, row += VECTORS) {
        for (int v = 0; v < VECTORS; v++)
            sum[v] = KERNEL(add_gap)(sum[v], box[d] - row[v], row[v] - box[dim + d]);
    }
    return KERNEL(mask)(sum, (const KERNEL(lanes) *)limits);
}

KERNEL_TARGET static void KERNEL(to_boxes)(const float *boxes, const float *low, const float *high,
                                           size_t dim, float squared[DDMD_LANES])
{
    enum { PARTS = DDMD_LANES / WIDTH };
    const KERNEL(lanes) *row = (const KERNEL(lanes) *)boxes;
    KERNEL(lanes) sum[PARTS];
    for (int v = 0; v < PARTS; v++)
        sum[v] = (KERNEL(lanes)){0};
    for (size_t d = 0; d < dim; d++, row += 2 * PARTS) {
        for (int v = 0; v < PARTS; v++)
            sum[v] = KERNEL(add_gap)(sum[v], row[v] - high[d], low[d] - row[PARTS + v]);
    }
    memcpy(squared, sum, sizeof sum);
}

KERNEL_TARGET static uint32_t KERNEL(copies_within)(const float *values, const uint32_t *copies,
                                                    size_t n, float limit)
{
    KERNEL(flags) sums = {0}, lane;
    for (uint32_t i = 0; i < WIDTH; i++)
        lane[i] = i;
    for (size_t i = 0; i < n; i += WIDTH) {
        KERNEL(lanes) value;
        KERNEL(flags) copy;
        memcpy(&value, values + i, sizeof value);
        memcpy(&copy, copies + i, sizeof copy);
        sums += (KERNEL(flags))(value <= limit) & (KERNEL(flags))(lane < (uint32_t)(n - i)) & copy;
    }
    uint32_t sum = 0;
    for (int i = 0; i < WIDTH; i++)
        sum += sums[i];
    return sum;
}

#undef WIDTH
#undef VECTORS
#undef KERNEL
#undef KERNEL_JOIN
#undef KERNEL_PASTE
#undef KERNEL_NAME
#undef KERNEL_TARGET
#undef KERNEL_BYTES
#undef KERNEL_BITS
