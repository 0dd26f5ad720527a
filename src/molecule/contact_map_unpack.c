/*
 * Packed contact maps to floats. What takes time is writing n * n floats, so that each row is
 * written once, from its first float to its last: 64 rows at a time are put together as bits, the
 * part left of the diagonal by transposing squares of 64 x 64 bits of the packed triangle.
 */
#include "molecule/contact_map_unpack.h"

#include "core/isa.h"
#include "ddmd/geometry.h"

#include <endian.h>
#include <string.h>

enum {
    SIDE = 64,
    TILE = 4096,                  /* columns that are put together at once */
    AROUND_CACHE_FLOATS = 1 << 20 /* more than that does not stay in a cache anyway */
};

typedef struct packed_map {
    const uint8_t *bytes;
    size_t n, end; /* points, bytes */
} packed_map;

/* SIDE rows of bits, with room for what kernels read behind the last. */
typedef struct rows {
    uint64_t words[SIDE][TILE / SIDE + 1];
} rows;

/* The pair (i, j); j > i. */
static size_t pair_of(const packed_map *map, size_t i, size_t j)
{
    return i * (2 * map->n - i - 1) / 2 + j - i - 1;
}

/* Bits of `count` pairs from number `at` on, 1 to 64. Without branches but at the map's end. */
static inline uint64_t get_bits(const packed_map *map, size_t at, size_t count)
{
    size_t byte = at / 8, shift = at % 8, left = map->end - byte;
    uint64_t word = 0, next = 0;
    if (left > sizeof word) {
        memcpy(&word, map->bytes + byte, sizeof word);
        next = map->bytes[byte + sizeof word];
    } else {
        memcpy(&word, map->bytes + byte, left);
    }
    word = le64toh(word) >> shift | next << 1 << (SIDE - 1 - shift);
    return word & UINT64_MAX >> (SIDE - count);
}

/* Rows i .. i + height - 1 and columns j .. j + width - 1 of the triangle; j >= i + height. */
static void get_rows(const packed_map *map, size_t i, size_t j, size_t height, size_t width,
                     uint64_t square[SIDE])
{
    size_t at = pair_of(map, i, j);
    for (size_t k = 0; k < height; k++) {
        square[k] = get_bits(map, at, width);
        at += map->n - (i + k) - 2;
    }
}

typedef uint64_t octet __attribute__((vector_size(64)));

/* One stage of transpose() among the words of one octet: of those whose numbers differ in bit w. */
#define EXCHANGE(x, w, mask, ...)                                                     \
    do {                                                                              \
        const octet number = {0, 1, 2, 3, 4, 5, 6, 7};                                \
        const octet high = (octet)((number & (w)) != 0), low = ~high;                 \
        octet other = __builtin_shufflevector((x), (x), __VA_ARGS__);                 \
        other = (other & (low & (mask))) << (w) | ((other >> (w)) & (high & (mask))); \
        (x) = ((x) & ((low & (mask)) | (high & ~(mask)))) | other;                    \
    } while (0)

/*
 * Bit k of word j and bit j of word k change places (Warren, Hacker's Delight, section 7-3): blocks
 * of 32 x 32 bits, then 16 x 16, and so on.
 */
FOR_EACH_ISA
static void transpose(uint64_t square[SIDE])
{
    octet x[8];
    memcpy(x, square, sizeof x);
    uint64_t mask = UINT64_C(0x00000000FFFFFFFF);
    for (unsigned width = 4; width > 0; width /= 2, mask ^= mask << 8 * width)
        for (unsigned k = 0; k < 8; k++) {
            if (k & width)
                continue;
            octet t = (x[k] >> 8 * width ^ x[k + width]) & mask;
            x[k] ^= t << 8 * width;
            x[k + width] ^= t;
        }
    for (unsigned k = 0; k < 8; k++) {
        EXCHANGE(x[k], 4, UINT64_C(0x0F0F0F0F0F0F0F0F), 4, 5, 6, 7, 0, 1, 2, 3);
        EXCHANGE(x[k], 2, UINT64_C(0x3333333333333333), 2, 3, 0, 1, 6, 7, 4, 5);
        EXCHANGE(x[k], 1, UINT64_C(0x5555555555555555), 1, 0, 3, 2, 5, 4, 7, 6);
    }
    memcpy(square, x, sizeof x);
}

static size_t least(size_t a, size_t b)
{
    return a < b ? a : b;
}

/* Bits of rows top .. top + 63 and columns left .. left + 63; both are multiples of 64. */
static void get_square(const packed_map *map, size_t top, size_t left, uint64_t square[SIDE])
{
    size_t height = least(SIDE, map->n - top), width = least(SIDE, map->n - left);
    if (height < SIDE || width < SIDE)
        memset(square, 0, SIDE * sizeof *square);
    if (left > top) {
        get_rows(map, top, left, height, width, square);
    } else if (left < top) {
        get_rows(map, left, top, width, height, square);
        transpose(square);
    } else {
        uint64_t mirrored[SIDE] = {0};
        size_t at = pair_of(map, top, top + 1);
        for (size_t k = 0; k + 1 < height; k++) {
            mirrored[k] = get_bits(map, at, height - k - 1) << (k + 1);
            at += map->n - (top + k) - 1;
        }
        memcpy(square, mirrored, sizeof mirrored);
        transpose(mirrored);
        for (size_t k = 0; k < height; k++)
            square[k] |= mirrored[k] | UINT64_C(1) << k;
    }
}

void ddmd_contact_map_unpack_by(ddmd_expand_fn *expand, const uint8_t *packed, size_t n, float *map)
{
    const packed_map from = {.bytes = packed, .n = n, .end = ddmd_contact_map_bytes(n)};
    bool around = n * n > AROUND_CACHE_FLOATS;
    uint64_t square[SIDE];
    rows r;
    for (size_t top = 0; top < n; top += SIDE)
        for (size_t start = 0; start < n; start += TILE) {
            size_t length = least(TILE, n - start);
            for (size_t left = start; left < start + length; left += SIDE) {
                get_square(&from, top, left, square);
                for (size_t k = 0; k < SIDE; k++)
                    r.words[k][(left - start) / SIDE] = htole64(square[k]);
            }
            for (size_t k = 0; k < SIDE && top + k < n; k++) {
                r.words[k][(length + SIDE - 1) / SIDE] = 0;
                expand((const uint8_t *)r.words[k], length, map + (top + k) * n + start, around);
            }
        }
    if (around)
        ddmd_expand_fence();
}

void ddmd_contact_map_unpack(const uint8_t *packed, size_t n, float *map)
{
    size_t n_variants;
    ddmd_contact_map_unpack_by(ddmd_expand_variants(&n_variants)[0], packed, n, map);
}
