/*
 * Checkpoints of models: small HDF5 files, built and read in memory, so that a file appears in one
 * step. Reading takes nothing for granted: type, rank and extent of everything are compared with
 * what is expected, and FORMAT says where they differ.
 */
#ifndef DDMD_MODEL_CHECKPOINT_H
#define DDMD_MODEL_CHECKPOINT_H

#include "ddmd/error.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct ddmd_checkpoint ddmd_checkpoint;

/* An empty one to write to. */
enum ddmd_status ddmd_checkpoint_create(ddmd_checkpoint **checkpoint, ddmd_error *err);
/* One to read from. IO: the file cannot be read; FORMAT: it is no HDF5 file. */
enum ddmd_status ddmd_checkpoint_open(const char *path, ddmd_checkpoint **checkpoint,
                                      ddmd_error *err);
/* Put what was written into a file, whole or not at all. */
enum ddmd_status ddmd_checkpoint_write(ddmd_checkpoint *checkpoint, const char *path,
                                       ddmd_error *err);
void ddmd_checkpoint_close(ddmd_checkpoint **checkpoint);

enum ddmd_status ddmd_checkpoint_add_group(ddmd_checkpoint *checkpoint, const char *group,
                                           ddmd_error *err);

/* Attributes of a group ("/" is the root). Integers are stored as int64, reals as float64. */
enum ddmd_status ddmd_checkpoint_add_text(ddmd_checkpoint *checkpoint, const char *group,
                                          const char *name, const char *text, ddmd_error *err);
enum ddmd_status ddmd_checkpoint_add_integers(ddmd_checkpoint *checkpoint, const char *group,
                                              const char *name, const int64_t *values, size_t n,
                                              ddmd_error *err);
enum ddmd_status ddmd_checkpoint_add_real(ddmd_checkpoint *checkpoint, const char *group,
                                          const char *name, double value, ddmd_error *err);

/* Is there such an attribute? */
bool ddmd_checkpoint_has(const ddmd_checkpoint *checkpoint, const char *group, const char *name);

/* text has room for size bytes, its end included. */
enum ddmd_status ddmd_checkpoint_get_text(const ddmd_checkpoint *checkpoint, const char *group,
                                          const char *name, char *text, size_t size,
                                          ddmd_error *err);
/* Exactly n integers, each from low to high. */
enum ddmd_status ddmd_checkpoint_get_integers(const ddmd_checkpoint *checkpoint, const char *group,
                                              const char *name, int64_t low, int64_t high,
                                              int64_t *values, size_t n, ddmd_error *err);
/* A finite number. */
enum ddmd_status ddmd_checkpoint_get_real(const ddmd_checkpoint *checkpoint, const char *group,
                                          const char *name, double *value, ddmd_error *err);

enum { DDMD_CHECKPOINT_MAX_RANK = 4 };

/* float32 arrays of finite numbers, C order, by path ("/weights/z_mean.bias"). */
enum ddmd_status ddmd_checkpoint_add_array(ddmd_checkpoint *checkpoint, const char *path,
                                           const size_t *shape, int rank, const float *values,
                                           ddmd_error *err);
enum ddmd_status ddmd_checkpoint_get_array(const ddmd_checkpoint *checkpoint, const char *path,
                                           const size_t *shape, int rank, float *values,
                                           ddmd_error *err);

#endif
