#include "store/h5_driver.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* One open file. `base` comes first: HDF5 knows no more of it. */
struct h5_file {
    H5FD_t base;
    ddmd_h5_io *io;
    int fd;
    pid_t owner; /* a forked child must not write what it inherited, at its exit for instance */
    bool writable;
    haddr_t eoa, eof; /* end of allocated addresses, end of the file */
    dev_t device;
    ino_t inode;
};

/* Travels inside the file access list, where HDF5 copies it byte by byte. */
struct access_info {
    ddmd_h5_io *io;
};

#define ADDRESS_MAX ((haddr_t)INT64_MAX)

static H5FD_t *file_open(const char *name, unsigned flags, hid_t access, haddr_t max_address)
{
    const struct access_info *info = H5Pget_driver_info(access);
    if (!info || !name || max_address == 0)
        return NULL;
    int mode = O_CLOEXEC | ((flags & H5F_ACC_RDWR) ? O_RDWR : O_RDONLY);
    if (flags & H5F_ACC_TRUNC)
        mode |= O_TRUNC;
    if (flags & H5F_ACC_CREAT)
        mode |= O_CREAT;
    if (flags & H5F_ACC_EXCL)
        mode |= O_EXCL;

    struct stat entry;
    int fd = open(name, mode, 0666);
    if (fd < 0 || fstat(fd, &entry) != 0) {
        info->io->error = errno;
        if (fd >= 0)
            close(fd);
        return NULL;
    }
    struct h5_file *file = S_ISREG(entry.st_mode) ? calloc(1, sizeof *file) : NULL;
    if (!file) {
        info->io->error = S_ISDIR(entry.st_mode)   ? EISDIR
                          : S_ISREG(entry.st_mode) ? ENOMEM
                                                   : EINVAL;
        close(fd);
        return NULL;
    }
    file->io = info->io;
    file->fd = fd;
    file->owner = getpid();
    file->writable = (flags & H5F_ACC_RDWR) != 0;
    file->eof = (haddr_t)entry.st_size;
    file->device = entry.st_dev;
    file->inode = entry.st_ino;
    info->io->fd = fd;
    info->io->error = 0;
    return &file->base;
}

static herr_t file_close(H5FD_t *base)
{
    struct h5_file *file = (struct h5_file *)base;
    if (file->io->fd == file->fd)
        file->io->fd = -1;
    if (close(file->fd) != 0)
        file->io->error = errno;
    free(file);
    return 0;
}

static int file_compare(const H5FD_t *base_a, const H5FD_t *base_b)
{
    const struct h5_file *a = (const struct h5_file *)base_a;
    const struct h5_file *b = (const struct h5_file *)base_b;
    if (a->device != b->device)
        return a->device < b->device ? -1 : 1;
    if (a->inode != b->inode)
        return a->inode < b->inode ? -1 : 1;
    return 0;
}

static herr_t file_query(const H5FD_t *base, unsigned long *flags)
{
    (void)base;
    *flags = H5FD_FEAT_AGGREGATE_METADATA | H5FD_FEAT_ACCUMULATE_METADATA | H5FD_FEAT_DATA_SIEVE |
             H5FD_FEAT_AGGREGATE_SMALLDATA | H5FD_FEAT_POSIX_COMPAT_HANDLE |
             H5FD_FEAT_SUPPORTS_SWMR_IO | H5FD_FEAT_DEFAULT_VFD_COMPATIBLE;
    return 0;
}

static haddr_t file_get_eoa(const H5FD_t *base, H5FD_mem_t type)
{
    (void)type;
    return ((const struct h5_file *)base)->eoa;
}

static herr_t file_set_eoa(H5FD_t *base, H5FD_mem_t type, haddr_t address)
{
    (void)type;
    ((struct h5_file *)base)->eoa = address;
    return 0;
}

static haddr_t file_get_eof(const H5FD_t *base, H5FD_mem_t type)
{
    (void)type;
    return ((const struct h5_file *)base)->eof;
}

static herr_t file_get_handle(H5FD_t *base, hid_t access, void **handle)
{
    (void)access;
    *handle = &((struct h5_file *)base)->fd;
    return 0;
}

static bool is_in_range(haddr_t address, size_t size)
{
    return address <= ADDRESS_MAX && size <= ADDRESS_MAX - address;
}

static herr_t file_read(H5FD_t *base, H5FD_mem_t type, hid_t transfer, haddr_t address, size_t size,
                        void *buffer)
{
    (void)type, (void)transfer;
    struct h5_file *file = (struct h5_file *)base;
    if (!is_in_range(address, size))
        return -1;
    char *to = buffer;
    while (size > 0) {
        ssize_t got = pread(file->fd, to, size, (off_t)address);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0) {
            file->io->error = errno;
            return -1;
        }
        if (got == 0) { /* allocated, but never written: reads as zeros */
            memset(to, 0, size);
            break;
        }
        to += got;
        address += (haddr_t)got;
        size -= (size_t)got;
    }
    return 0;
}

static bool drops_writes(const struct h5_file *file)
{
    return file->io->discard || file->owner != getpid();
}

static herr_t file_write(H5FD_t *base, H5FD_mem_t type, hid_t transfer, haddr_t address,
                         size_t size, const void *buffer)
{
    (void)type, (void)transfer;
    struct h5_file *file = (struct h5_file *)base;
    if (drops_writes(file))
        return 0;
    if (!is_in_range(address, size))
        return -1;
    const char *from = buffer;
    while (size > 0) {
        ssize_t put = pwrite(file->fd, from, size, (off_t)address);
        if (put < 0 && errno == EINTR)
            continue;
        if (put < 0) {
            file->io->error = errno;
            file->io->discard = true;
            return -1;
        }
        from += put;
        address += (haddr_t)put;
        size -= (size_t)put;
    }
    if (address > file->eof)
        file->eof = address;
    return 0;
}

static herr_t file_truncate(H5FD_t *base, hid_t transfer, hbool_t closing)
{
    (void)transfer, (void)closing;
    struct h5_file *file = (struct h5_file *)base;
    if (!file->writable || drops_writes(file) || file->eoa == file->eof)
        return 0;
    if (ftruncate(file->fd, (off_t)file->eoa) != 0) {
        file->io->error = errno;
        file->io->discard = true;
        return -1;
    }
    file->eof = file->eoa;
    return 0;
}

/* HDF5 marks a file as open for writing (SWMR readers go by it) where a driver has locks. */
static herr_t file_lock(H5FD_t *base, hbool_t exclusive)
{
    (void)base, (void)exclusive;
    return 0;
}

static herr_t file_unlock(H5FD_t *base)
{
    (void)base;
    return 0;
}

static const H5FD_class_t driver = {
#ifdef H5FD_CLASS_VERSION
    .version = H5FD_CLASS_VERSION,
    .value = H5_VFD_RESERVED + 77, /* of the range left to unregistered drivers */
#endif
    .name = "ddmd",
    .maxaddr = ADDRESS_MAX,
    .fc_degree = H5F_CLOSE_STRONG,
    .fapl_size = sizeof(struct access_info),
    .open = file_open,
    .close = file_close,
    .cmp = file_compare,
    .query = file_query,
    .get_eoa = file_get_eoa,
    .set_eoa = file_set_eoa,
    .get_eof = file_get_eof,
    .get_handle = file_get_handle,
    .read = file_read,
    .write = file_write,
    .truncate = file_truncate,
    .lock = file_lock,
    .unlock = file_unlock,
    .fl_map = H5FD_FLMAP_DICHOTOMY,
};

enum ddmd_status ddmd_h5_driver_use(hid_t access, ddmd_h5_io *io, ddmd_error *err)
{
    struct access_info info = {.io = io};
    if (io->driver <= 0)
        io->driver = H5FDregister(&driver);
    if (io->driver < 0 || H5Pset_driver(access, io->driver, &info) < 0)
        return ddmd_error_set(err, DDMD_EXTERNAL, "hdf5 does not take the file driver");
    return DDMD_OK;
}

void ddmd_h5_driver_release(ddmd_h5_io *io)
{
    if (io->driver > 0)
        H5FDunregister(io->driver);
    io->driver = 0;
}
