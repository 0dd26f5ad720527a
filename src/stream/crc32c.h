/* CRC-32C (Castagnoli; RFC 3720, B.4): reflected polynomial 0x82F63B78, start and end inverted. */
#ifndef DDMD_STREAM_CRC32C_H
#define DDMD_STREAM_CRC32C_H

#include <stddef.h>
#include <stdint.h>

/*
 * The CRC of what `crc` is the CRC of (0: nothing), followed by n bytes. Uses the processor's
 * instruction where it has one.
 */
uint32_t ddmd_crc32c(uint32_t crc, const void *bytes, size_t n);

/* The same without it, four bits at a time. */
uint32_t ddmd_crc32c_plain(uint32_t crc, const void *bytes, size_t n);

#endif
