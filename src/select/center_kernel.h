/*
 * The body of the search for the nearest centre, included by nearest_center.c once for each
 * instruction set with
 *
 *   KERNEL_NAME    baseline, avx2, ...
 *   KERNEL_TARGET  the function attribute that turns the instructions on
 *   KERNEL_BYTES   the width of its vectors
 */
#define KERNEL_PASTE(a, b) a##_##b
#define KERNEL_JOIN(a, b) KERNEL_PASTE(a, b)
#define KERNEL(part) KERNEL_JOIN(part, KERNEL_NAME)
#define WIDTH (KERNEL_BYTES / (int)sizeof(double))

typedef double KERNEL(lanes) __attribute__((vector_size(KERNEL_BYTES), may_alias));
typedef int64_t KERNEL(flags) __attribute__((vector_size(KERNEL_BYTES)));

KERNEL_TARGET static uint32_t KERNEL(find)(const double *blocks, size_t n_blocks, size_t dim,
                                           const float *point, double *squared)
{
    enum { VECTORS = DDMD_CENTER_LANES / WIDTH };
    const KERNEL(lanes) *row = (const KERNEL(lanes) *)blocks;
    KERNEL(lanes) best[VECTORS];
    KERNEL(flags) at[VECTORS]; /* the block of the best */
    for (int v = 0; v < VECTORS; v++) {
        best[v] = (KERNEL(lanes)){0} + INFINITY;
        at[v] = (KERNEL(flags)){0};
    }
    for (size_t b = 0; b < n_blocks; b++) {
        KERNEL(lanes) sum[VECTORS];
        for (int v = 0; v < VECTORS; v++)
            sum[v] = (KERNEL(lanes)){0};
        for (size_t d = 0; d < dim; d++, row += VECTORS) {
            for (int v = 0; v < VECTORS; v++) {
                KERNEL(lanes) difference = (double)point[d] - row[v];
                sum[v] += difference * difference;
            }
        }
        for (int v = 0; v < VECTORS; v++) {
            KERNEL(flags) nearer = sum[v] < best[v];
            best[v] = (KERNEL(lanes))(((KERNEL(flags))sum[v] & nearer) |
                                      ((KERNEL(flags))best[v] & ~nearer));
            at[v] = ((int64_t)b & nearer) | (at[v] & ~nearer);
        }
    }
    double least = INFINITY;
    int64_t number = 0;
    for (int lane = 0; lane < DDMD_CENTER_LANES; lane++) {
        double here = best[lane / WIDTH][lane % WIDTH];
        int64_t center = at[lane / WIDTH][lane % WIDTH] * DDMD_CENTER_LANES + lane;
        if (here < least || (here == least && center < number)) {
            least = here;
            number = center;
        }
    }
    *squared = least;
    return (uint32_t)number;
}

#undef WIDTH
#undef KERNEL
#undef KERNEL_JOIN
#undef KERNEL_PASTE
#undef KERNEL_NAME
#undef KERNEL_TARGET
#undef KERNEL_BYTES
