/*
 * Packed contact maps to floats. What takes time is writing n * n floats, so that each row is
 * written once, from its first float to its last: 64 rows at a time are put together as bits, the
 * part left of the diagonal by transposing squares of 64 x 64 bits of the packed triangle.
 */
#include "molecule/contact_map_unpack.h"

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

/* Bits of the pairs (i, j), (i, j + 1), ..., `count` of them, at most 64; j > i. */
static uint64_t get_pairs(const packed_map *map, size_t i, size_t j, size_t count)
{
    size_t at = i * (2 * map->n - i - 1) / 2 + j - i - 1, byte = at / 8, shift = at % 8;
    size_t left = map->end - byte;
    uint64_t word = 0, next = 0;
    if (left > sizeof word) {
        memcpy(&word, map->bytes + byte, sizeof word);
        next = map->bytes[byte + sizeof word];
    } else {
        memcpy(&word, map->bytes + byte, left);
    }
    word = le64toh(word) >> shift;
    if (shift)
        word |= next << (SIDE - shift);
    return count < SIDE ? word & ((UINT64_C(1) << count) - 1) : word;
}

/* Bit k of word j and bit j of word k change places (Warren, Hacker's Delight, section 7-3). */
static void transpose(uint64_t square[SIDE])
{
    uint64_t mask = UINT64_C(0x00000000FFFFFFFF);
    for (unsigned width = SIDE / 2; width > 0; width /= 2, mask ^= mask << width)
        for (unsigned base = 0; base < SIDE; base += 2 * width)
            for (unsigned k = base; k < base + width; k++) {
                uint64_t t = (square[k] >> width ^ square[k + width]) & mask;
                square[k] ^= t << width;
                square[k + width] ^= t;
            }
}

static size_t least(size_t a, size_t b)
{
    return a < b ? a : b;
}

/* Bits of rows top .. top + 63 and columns left .. left + 63; both are multiples of 64. */
static void get_square(const packed_map *map, size_t top, size_t left, uint64_t square[SIDE])
{
    size_t height = least(SIDE, map->n - top), width = least(SIDE, map->n - left);
    memset(square, 0, SIDE * sizeof *square);
    if (left > top) {
        for (size_t k = 0; k < height; k++)
            square[k] = get_pairs(map, top + k, left, width);
    } else if (left < top) {
        for (size_t k = 0; k < width; k++)
            square[k] = get_pairs(map, left + k, top, height);
        transpose(square);
    } else {
        uint64_t mirrored[SIDE] = {0};
        for (size_t k = 0; k + 1 < height; k++)
            mirrored[k] = get_pairs(map, top + k, top + k + 1, height - k - 1) << (k + 1);
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
