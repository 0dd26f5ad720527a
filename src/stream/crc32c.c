#include "stream/crc32c.h"

#include <endian.h>
#include <stdbool.h>
#include <string.h>

#define POLYNOMIAL UINT32_C(0x82F63B78)

uint32_t ddmd_crc32c_plain(uint32_t crc, const void *bytes, size_t n)
{
    /* entry k: the remainder of k shifted out of the register by four bits */
    static const uint32_t table[16] = {
        0x00000000, 0x105EC76F, 0x20BD8EDE, 0x30E349B1, 0x417B1DBC, 0x5125DAD3,
        0x61C69362, 0x7198540D, 0x82F63B78, 0x92A8FC17, 0xA24BB5A6, 0xB21572C9,
        0xC38D26C4, 0xD3D3E1AB, 0xE330A81A, 0xF36E6F75,
    };
    const uint8_t *at = bytes;
    crc = ~crc;
    for (size_t i = 0; i < n; i++) {
        crc ^= at[i];
        crc = crc >> 4 ^ table[crc & 15];
        crc = crc >> 4 ^ table[crc & 15];
    }
    return ~crc;
}

#if defined(__x86_64__)

/*
 * The instruction takes three cycles and can begin every cycle, so three pieces are done at a time.
 * Their registers are joined as polynomials over GF(2), the highest bit being x^0: n bytes that
 * follow multiply a register by x^8n modulo the CRC's polynomial.
 */
enum { PIECE = 4096 };
static const uint32_t past_a_piece = 0x35D73A62;    /* x^(8 PIECE) */
static const uint32_t past_two_pieces = 0x28461564; /* x^(16 PIECE) */

/* a b modulo the polynomial. */
static uint32_t multiply(uint32_t a, uint32_t b)
{
    uint32_t product = 0;
    for (uint32_t bit = UINT32_C(1) << 31; bit; bit >>= 1) {
        product ^= a & bit ? b : 0;
        b = b >> 1 ^ (b & 1 ? POLYNOMIAL : 0);
    }
    return product;
}

static bool have_instruction(void)
{
    return __builtin_cpu_supports("sse4.2");
}

__attribute__((target("sse4.2"))) static uint32_t with_instruction(uint32_t crc, const uint8_t *at,
                                                                   size_t n)
{
    uint64_t word, sum = (uint32_t)~crc;
    for (; n >= 3 * PIECE; n -= 3 * PIECE, at += 3 * PIECE) {
        uint64_t second = 0, third = 0;
        for (size_t i = 0; i < PIECE; i += sizeof word) {
            memcpy(&word, at + i, sizeof word);
            sum = __builtin_ia32_crc32di(sum, word);
            memcpy(&word, at + PIECE + i, sizeof word);
            second = __builtin_ia32_crc32di(second, word);
            memcpy(&word, at + 2 * PIECE + i, sizeof word);
            third = __builtin_ia32_crc32di(third, word);
        }
        sum = multiply((uint32_t)sum, past_two_pieces) ^ multiply((uint32_t)second, past_a_piece) ^
              third;
    }
    for (; n >= sizeof word; n -= sizeof word, at += sizeof word) {
        memcpy(&word, at, sizeof word);
        sum = __builtin_ia32_crc32di(sum, word);
    }
    crc = (uint32_t)sum;
    for (size_t i = 0; i < n; i++)
        crc = __builtin_ia32_crc32qi(crc, at[i]);
    return ~crc;
}

#elif defined(__ARM_FEATURE_CRC32)
#include <arm_acle.h>

static bool have_instruction(void)
{
    return true;
}

static uint32_t with_instruction(uint32_t crc, const uint8_t *at, size_t n)
{
    uint64_t word;
    crc = ~crc;
    for (; n >= sizeof word; n -= sizeof word, at += sizeof word) {
        memcpy(&word, at, sizeof word);
        crc = __crc32cd(crc, le64toh(word));
    }
    for (size_t i = 0; i < n; i++)
        crc = __crc32cb(crc, at[i]);
    return ~crc;
}

#else

static bool have_instruction(void)
{
    return false;
}

static uint32_t with_instruction(uint32_t crc, const uint8_t *at, size_t n)
{
    return ddmd_crc32c_plain(crc, at, n);
}

#endif

uint32_t ddmd_crc32c(uint32_t crc, const void *bytes, size_t n)
{
    return have_instruction() ? with_instruction(crc, bytes, n) : ddmd_crc32c_plain(crc, bytes, n);
}
