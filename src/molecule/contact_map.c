#include "core/isa.h"
#include "ddmd/geometry.h"

#include <endian.h>
#include <math.h>
#include <string.h>

enum {
    WORD = 64,  /* pairs that are decided at once ... */
    STEP = 16,  /* ... and at the end of a row */
    TILE = 1024 /* points whose coordinates are kept apart, by axis, on the stack */
};

#define BIT(k) (UINT64_C(1) << (k))
#define BITS_8(k)                                                                               \
    BIT(k), BIT((k) + 1), BIT((k) + 2), BIT((k) + 3), BIT((k) + 4), BIT((k) + 5), BIT((k) + 6), \
        BIT((k) + 7)

static const uint64_t bits[WORD] = {BITS_8(0),  BITS_8(8),  BITS_8(16), BITS_8(24),
                                    BITS_8(32), BITS_8(40), BITS_8(48), BITS_8(56)};

size_t ddmd_contact_map_bytes(size_t n)
{
    size_t pairs = n < 2 ? 0 : n % 2 ? (n - 1) / 2 * n : n / 2 * (n - 1);
    return pairs / 8 + (pairs % 8 != 0);
}

/* The pair (i, i + 1). */
static size_t first_pair(size_t n, size_t i)
{
    return i * (2 * n - i - 1) / 2;
}

/* Up to 64 bits at any place; those of the word beyond `count` must be 0. */
static void put_bits(uint8_t *packed, size_t at, uint64_t word, size_t count)
{
    uint8_t *byte = packed + at / 8;
    unsigned shift = at % 8;
    if (count == WORD) {
        uint64_t held;
        memcpy(&held, byte, sizeof held);
        held |= htole64(word << shift);
        memcpy(byte, &held, sizeof held);
        if (shift)
            byte[8] |= (uint8_t)(word >> (WORD - shift));
        return;
    }
    uint64_t low = word << shift;
    size_t bytes = (shift + count + 7) / 8;
    for (size_t k = 0; k < bytes && k < 8; k++)
        byte[k] |= (uint8_t)(low >> (8 * k));
    if (bytes > 8)
        byte[8] |= (uint8_t)(word >> (WORD - shift));
}

struct tile {
    double x[TILE + WORD], y[TILE + WORD], z[TILE + WORD];
};

/* Bit k is set where point k of the tile, from `from`, is near; the compiler knows n. */
static inline __attribute__((always_inline)) uint64_t
decide(const struct tile *tile, size_t from, const double point[3], double limit, size_t n)
{
    const double *x = tile->x + from, *y = tile->y + from, *z = tile->z + from;
    double px = point[0], py = point[1], pz = point[2];
    uint64_t word = 0;
    for (size_t k = 0; k < n; k++) {
        double dx = x[k] - px, dy = y[k] - py, dz = z[k] - pz;
        double d2 = dx * dx + dy * dy + dz * dz;
        word |= d2 < limit ? bits[k] : 0;
    }
    return word;
}

/*
 * Contacts of one point with the points [from, to) of a tile, into packed at bit `at`. Behind the
 * last point the tile holds NaN, which is in contact with nothing.
 */
FOR_EACH_ISA
static void pack_row(const struct tile *tile, const double point[3], size_t from, size_t to,
                     double limit, uint8_t *packed, size_t at)
{
    for (; from + WORD <= to; from += WORD, at += WORD)
        put_bits(packed, at, decide(tile, from, point, limit, WORD), WORD);
    uint64_t word = 0;
    size_t count = to - from;
    for (size_t k = 0; k < count; k += STEP)
        word |= decide(tile, from + k, point, limit, STEP) << k;
    put_bits(packed, at, word, count);
}

void ddmd_contact_map_pack(const double *points, size_t n, double cutoff_nm, uint8_t *packed)
{
    static const double nowhere[3] = {NAN, NAN, NAN};
    struct tile tile;
    double limit = cutoff_nm > 0 ? cutoff_nm * cutoff_nm : 0;
    memset(packed, 0, ddmd_contact_map_bytes(n));
    for (size_t start = 0; start < n; start += TILE) {
        size_t length = n - start < TILE ? n - start : TILE;
        for (size_t k = 0; k < length + WORD; k++) {
            const double *point = k < length ? points + 3 * (start + k) : nowhere;
            tile.x[k] = point[0];
            tile.y[k] = point[1];
            tile.z[k] = point[2];
        }
        for (size_t i = 0; i + 1 < start + length; i++) {
            size_t from = i + 1 > start ? i + 1 : start;
            pack_row(&tile, points + 3 * i, from - start, length, limit, packed,
                     first_pair(n, i) + from - i - 1);
        }
    }
}

/* Bits [at, at + count) of packed, at most 32 of them, which reach no further than `end` bytes. */
static uint32_t get_bits(const uint8_t *packed, size_t end, size_t at)
{
    uint64_t word = 0;
    size_t byte = at / 8, left = end - byte;
    if (left >= sizeof word)
        memcpy(&word, packed + byte, sizeof word);
    else
        memcpy(&word, packed + byte, left);
    return (uint32_t)(le64toh(word) >> (at % 8));
}

size_t ddmd_contact_map_count(const uint8_t *packed, size_t n, size_t separation)
{
    size_t count = 0, skip = separation ? separation : 1, end = ddmd_contact_map_bytes(n);
    for (size_t i = 0; i < n && n - i > skip; i++) {
        size_t at = first_pair(n, i) + skip - 1, left = n - i - skip;
        for (; left >= 32; left -= 32, at += 32)
            count += (size_t)__builtin_popcount(get_bits(packed, end, at));
        if (left)
            count +=
                (size_t)__builtin_popcount(get_bits(packed, end, at) & ((UINT32_C(1) << left) - 1));
    }
    return count;
}
