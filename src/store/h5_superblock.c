#include "store/h5_superblock.h"

#include "core/try.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Where things are; addresses and lengths have eight bytes in files of ours, lowest first. */
enum {
    VERSION_AT = 8,
    ADDRESS_BYTES_AT = 9,
    LENGTH_BYTES_AT = 10,
    FLAGS_AT = 11,
    END_OF_FILE_AT = 28,
    CHECKSUM_AT = 44,
    SUPERBLOCK_BYTES = 48,
};

static const unsigned char SIGNATURE[8] = {0x89, 'H', 'D', 'F', '\r', '\n', 0x1a, '\n'};

static uint64_t get(const unsigned char *at, int n)
{
    uint64_t value = 0;
    for (int i = n - 1; i >= 0; i--)
        value = value << 8 | at[i];
    return value;
}

static void put(unsigned char *at, int n, uint64_t value)
{
    for (int i = 0; i < n; i++, value >>= 8)
        at[i] = (unsigned char)(value & 0xff);
}

static uint32_t rotated(uint32_t x, int by)
{
    return x << by | x >> (32 - by);
}

/* Jenkins' lookup3 of the bytes before the checksum: three times twelve, and eight. */
static uint32_t checksum(const unsigned char *superblock)
{
    uint32_t a = 0xdeadbeef + CHECKSUM_AT, b = a, c = a;
    const unsigned char *at = superblock;
    for (; at < superblock + 36; at += 12) {
        a += (uint32_t)get(at, 4);
        b += (uint32_t)get(at + 4, 4);
        c += (uint32_t)get(at + 8, 4);
        a = (a - c) ^ rotated(c, 4), c += b;
        b = (b - a) ^ rotated(a, 6), a += c;
        c = (c - b) ^ rotated(b, 8), b += a;
        a = (a - c) ^ rotated(c, 16), c += b;
        b = (b - a) ^ rotated(a, 19), a += c;
        c = (c - b) ^ rotated(b, 4), b += a;
    }
    a += (uint32_t)get(at, 4);
    b += (uint32_t)get(at + 4, 4);
    c = (c ^ b) - rotated(b, 14);
    a = (a ^ c) - rotated(c, 11);
    b = (b ^ a) - rotated(a, 25);
    c = (c ^ b) - rotated(b, 16);
    a = (a ^ c) - rotated(c, 4);
    b = (b ^ a) - rotated(a, 14);
    c = (c ^ b) - rotated(b, 24);
    return c;
}

static bool is_ours(const unsigned char *superblock)
{
    return memcmp(superblock, SIGNATURE, sizeof SIGNATURE) == 0 && superblock[VERSION_AT] == 3 &&
           superblock[ADDRESS_BYTES_AT] == 8 && superblock[LENGTH_BYTES_AT] == 8 &&
           get(superblock + CHECKSUM_AT, 4) == checksum(superblock);
}

enum ddmd_status ddmd_h5_superblock_mend(const char *path, ddmd_error *err)
{
    enum ddmd_status status = DDMD_OK;
    unsigned char superblock[SUPERBLOCK_BYTES];
    struct stat about;
    int fd = open(path, O_RDWR | O_CLOEXEC);
    if (fd < 0 || fstat(fd, &about) != 0)
        DDMD_FAIL(err, DDMD_IO, "%s: cannot open: %s", path, strerror(errno));
    ssize_t n = pread(fd, superblock, sizeof superblock, 0);
    if (n < 0)
        DDMD_FAIL(err, DDMD_IO, "%s: cannot read: %s", path, strerror(errno));
    if (n != sizeof superblock || !is_ours(superblock))
        DDMD_FAIL(err, DDMD_FORMAT, "%s: does not begin as a frame file does: damaged, or none",
                  path);
    uint64_t end = get(superblock + END_OF_FILE_AT, 8), size = (uint64_t)about.st_size;
    if (superblock[FLAGS_AT] == 0 && end >= size)
        goto out;
    superblock[FLAGS_AT] = 0;
    put(superblock + END_OF_FILE_AT, 8, end > size ? end : size);
    put(superblock + CHECKSUM_AT, 4, checksum(superblock));
    if (pwrite(fd, superblock, sizeof superblock, 0) != sizeof superblock)
        DDMD_FAIL(err, DDMD_IO, "%s: cannot write: %s", path, strerror(errno));
out:
    if (fd >= 0)
        close(fd);
    return status;
}

enum ddmd_status ddmd_h5_superblock_check(const char *path, ddmd_error *err)
{
    enum ddmd_status status = DDMD_OK;
    unsigned char superblock[SUPERBLOCK_BYTES];
    struct stat about;
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0 || pread(fd, superblock, sizeof superblock, 0) != sizeof superblock ||
        !is_ours(superblock) || superblock[FLAGS_AT] != 0 || fstat(fd, &about) != 0)
        goto out;
    uint64_t end = get(superblock + END_OF_FILE_AT, 8), size = (uint64_t)about.st_size;
    if (size < end)
        DDMD_FAIL(err, DDMD_FORMAT,
                  "%s: the file was cut off: %llu bytes are there, %llu should be", path,
                  (unsigned long long)size, (unsigned long long)end);
out:
    if (fd >= 0)
        close(fd);
    return status;
}
