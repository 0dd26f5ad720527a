/* Files and directories, with errors that name the path and the reason. */
#ifndef DDMD_CORE_FILE_H
#define DDMD_CORE_FILE_H

#include "ddmd/error.h"

#include <stdbool.h>
#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

/*
 * Read a regular file whole. *bytes (the caller frees) holds *length bytes and a terminating zero.
 * IO where it is missing, unreadable, a directory, or larger than `limit` bytes.
 */
enum ddmd_status ddmd_file_read(const char *path, size_t limit, char **bytes, size_t *length,
                                ddmd_error *err);

/*
 * Replace a file in one step: write beside it, fsync, rename, fsync the directory. After a crash
 * the file is either the old one or the new one.
 */
enum ddmd_status ddmd_file_replace(const char *path, const void *bytes, size_t length,
                                   ddmd_error *err);

bool ddmd_file_exists(const char *path);

/* fsync a path (file or directory). */
enum ddmd_status ddmd_file_sync(const char *path, ddmd_error *err);

/* Create one directory with mode 0777 & ~umask; IO where it exists already or cannot be made. */
enum ddmd_status ddmd_directory_create(const char *path, ddmd_error *err);

/* Remove a directory and everything in it, as far as that can be done; links are not followed. */
void ddmd_directory_remove(const char *path);

#ifdef __cplusplus
}
#endif
#endif
