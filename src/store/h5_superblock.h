/*
 * The marks that a writer leaves in the superblock of an HDF5 file, the 48 bytes that it begins
 * with (HDF5 File Format Specification 3.0, section II.A, version 3, the one that SWMR needs):
 * while somebody writes, flags say so, and the end of the file that is recorded there lags behind.
 */
#ifndef DDMD_STORE_H5_SUPERBLOCK_H
#define DDMD_STORE_H5_SUPERBLOCK_H

#include "ddmd/error.h"

/*
 * Make a file that its writer left without closing it one that can be opened for writing: no marks,
 * and the recorded end of the file not before the real one. That is what h5clear --status
 * --increment=0 does; but that one opens the file through HDF5, with a mark that keeps readers out
 * from then until it closes it, and a process that is killed in between leaves it so. Here it is
 * one write, with which readers always find a file that they can open.
 *
 * A file that needs no mending is not written to. FORMAT where the file does not begin with such a
 * superblock, or one that is damaged; IO where it cannot be read or written.
 */
enum ddmd_status ddmd_h5_superblock_mend(const char *path, ddmd_error *err);

/*
 * FORMAT where a file that its writer closed has lost its end. To be asked before reading: what is
 * missing reads as zeros, and HDF5 1.14.5 (not 1.10) lets readers with SWMR open such a file, since
 * a writer may have closed it between their looks at its size and at its superblock. Here the size
 * is looked at last. A file that cannot be read, or that begins otherwise, is left to HDF5, which
 * says what is wrong with it.
 */
enum ddmd_status ddmd_h5_superblock_check(const char *path, ddmd_error *err);

#endif
