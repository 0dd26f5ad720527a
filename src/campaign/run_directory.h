/*
 * The directory of one campaign: made complete or not at all, and sufficient to go on from.
 *
 *   config.yaml        complete configuration; its paths point into input/
 *   input/             copies of every file that the configuration named
 *   topology.pdb       the molecule, first start
 *   starts.h5          the start structures as they are used (minimised)
 *   catalogue.sqlite   simulations, models, selections, timeline
 *   frames-0.h5, ...   every frame (frame_files.h)
 *   models/            checkpoints and embeddings
 *   log/ddmd.log
 */
#ifndef DDMD_CAMPAIGN_RUN_DIRECTORY_H
#define DDMD_CAMPAIGN_RUN_DIRECTORY_H

#include "campaign/subject.h"

/* *path (the caller frees) = run_dir/name. */
enum ddmd_status ddmd_run_path(char **path, const char *run_dir, const char *name, ddmd_error *err);

/*
 * Make the directory of a new campaign; starts: [n_starts][n_atoms][3], nm. Everything is written
 * beside and renamed at the end; on failure nothing is left. IO: run_dir exists, cannot be
 * written, or the disk has not the room for one round (all rounds where their number is known).
 */
enum ddmd_status ddmd_run_directory_create(const ddmd_config *config, const ddmd_subject *subject,
                                           const double *starts, const char *run_dir,
                                           ddmd_error *err);

/* The configuration of a run directory. CONFIG: it is none. */
enum ddmd_status ddmd_run_directory_config(const char *run_dir, ddmd_config **config,
                                           ddmd_error *err);

/* The start structures of a run directory: *starts ([n][n_atoms][3], nm; the caller frees). */
enum ddmd_status ddmd_run_directory_starts(const char *run_dir, float **starts, size_t *n_starts,
                                           ddmd_error *err);

#endif
