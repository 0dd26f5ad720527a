/*
 * What a campaign keeps: frames in H5MD files (HDF5), everything else in a catalogue (SQLite).
 *
 * Identity: a simulation is one continuous trajectory of one replica from one start; a frame is
 * (simulation id, frame index), indices counting from 0 = the first report after the start.
 *
 * Threads: HDF5 keeps state of its own for the whole process, so frame files are used by one thread
 * at a time, whichever file it is. A catalogue is used by one thread at a time. A forked child must
 * not use what its parent opened.
 *
 * FORMAT answers files that are damaged or somebody else's; IO, with the reason, a disk that is
 * full.
 */
#ifndef DDMD_STORE_H
#define DDMD_STORE_H

#include "ddmd/error.h"
#include "ddmd/structure.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* ---- frames -------------------------------------------------------------------------------- */

typedef struct ddmd_frame_file ddmd_frame_file;

/* One frame with its features. Arrays are the caller's. */
typedef struct ddmd_frame {
    uint32_t simulation;
    uint32_t index;              /* in its simulation */
    uint32_t system;             /* 0 where a campaign has one system */
    uint64_t step;               /* in its simulation */
    double time_ps;              /* in its simulation */
    float *positions;            /* [n_atoms][3], nm */
    float *velocities;           /* [n_atoms][3], nm/ps */
    double potential_energy;     /* kJ/mol */
    double kinetic_energy;       /* kJ/mol */
    float rmsd_nm;               /* NaN where there is no reference */
    float radius_of_gyration_nm; /* of the feature atoms */
    uint8_t *contact_map;        /* [ddmd_contact_map_bytes(n_points)] */
} ddmd_frame;

/*
 * Create a frame file (H5MD 1.1; layout in docs/formats.md); IO where it exists. The topology is
 * stored beside the frames, so the file explains itself. n_points: feature atoms of the contact
 * map.
 */
enum ddmd_status ddmd_frame_file_create(const char *path, const ddmd_structure *structure,
                                        size_t n_points, const char *creator_note,
                                        ddmd_frame_file **file, ddmd_error *err);

/*
 * Open for appending, after a crash too: marks left by a killed writer are cleared, and everything
 * beyond the first n_frames frames, which nobody vouched for, is cut off. FORMAT where fewer than
 * n_frames are there. A file has one writer, here as in ddmd_frame_file_create(): TIMEOUT where
 * another process is it; the message has its pid.
 */
enum ddmd_status ddmd_frame_file_recover(const char *path, uint64_t n_frames,
                                         ddmd_frame_file **file, ddmd_error *err);

/*
 * Open for reading, also while somebody else appends (SWMR) or recovers: the frames that were
 * synced, those of a killed writer too.
 */
enum ddmd_status ddmd_frame_file_open(const char *path, ddmd_frame_file **file, ddmd_error *err);

/*
 * Append n frames. They are durable, and seen by readers, only after ddmd_frame_file_sync(); the
 * writer itself reads them at once. After IO (a full disk), here or there, the file on disk stays
 * as it is: what was synced is safe, and only closing is left to do.
 */
enum ddmd_status ddmd_frame_file_append(ddmd_frame_file *file, const ddmd_frame *frames, size_t n,
                                        ddmd_error *err);

/* Flush HDF5 and fsync: what was appended survives SIGKILL and power loss. */
enum ddmd_status ddmd_frame_file_sync(ddmd_frame_file *file, ddmd_error *err);

uint64_t ddmd_frame_file_frames(const ddmd_frame_file *file);
size_t ddmd_frame_file_atoms(const ddmd_frame_file *file);
size_t ddmd_frame_file_points(const ddmd_frame_file *file);

/* Look again how many frames there are (a reader beside a writer). */
enum ddmd_status ddmd_frame_file_refresh(ddmd_frame_file *file, ddmd_error *err);

/*
 * Read frame number `row` of the file; NULL arrays of *frame are passed over.
 */
enum ddmd_status ddmd_frame_file_read(ddmd_frame_file *file, uint64_t row, ddmd_frame *frame,
                                      ddmd_error *err);

/*
 * Columns of rows first .. first+n-1; any pointer may be NULL. maps: [n][bytes a map].
 */
typedef struct ddmd_frame_columns {
    uint32_t *simulation, *index;
    float *rmsd_nm;
    uint8_t *contact_maps;
} ddmd_frame_columns;
enum ddmd_status ddmd_frame_file_read_columns(ddmd_frame_file *file, uint64_t first, size_t n,
                                              const ddmd_frame_columns *columns, ddmd_error *err);

/* The structure stored in the file, with the positions of its first frame where there is one. */
enum ddmd_status ddmd_frame_file_structure(ddmd_frame_file *file, ddmd_structure **structure,
                                           ddmd_error *err);

void ddmd_frame_file_close(ddmd_frame_file **file);

/* ---- catalogue ----------------------------------------------------------------------------- */

typedef struct ddmd_catalogue ddmd_catalogue;

/*
 * Rows are checked by the schema (src/store/schema.sql): INVALID where one does not fit, a
 * simulation without its parent for example. NaN is stored as NULL. Every change outside a
 * transaction is durable when its function returns.
 */

/* IO where it exists. */
enum ddmd_status ddmd_catalogue_create(const char *path, const char *campaign, const char *mode,
                                       uint64_t seed, ddmd_catalogue **catalogue, ddmd_error *err);
/* For writing (one process at a time: TIMEOUT where another holds it) or only for reading. */
enum ddmd_status ddmd_catalogue_open(const char *path, bool read_only, ddmd_catalogue **catalogue,
                                     ddmd_error *err);
/* Does some process have the catalogue at this path open for writing? */
enum ddmd_status ddmd_catalogue_is_held(const char *path, bool *held, ddmd_error *err);
void ddmd_catalogue_close(ddmd_catalogue **catalogue);

/* Everything between begin and commit becomes durable together, or not at all. */
enum ddmd_status ddmd_catalogue_begin(ddmd_catalogue *catalogue, ddmd_error *err);
enum ddmd_status ddmd_catalogue_commit(ddmd_catalogue *catalogue, ddmd_error *err);
void ddmd_catalogue_rollback(ddmd_catalogue *catalogue);

/* Why a simulation ended. */
#define DDMD_END_MAP(X) X(running) X(replaced) X(failed) X(culled) X(finished)
enum ddmd_end {
#define DDMD_END_ENUM(name) DDMD_END_##name,
    DDMD_END_MAP(DDMD_END_ENUM)
#undef DDMD_END_ENUM
};
const char *ddmd_end_name(enum ddmd_end end);

typedef struct ddmd_simulation_row {
    uint32_t id;
    uint32_t replica;                        /* slot it runs in */
    uint32_t file;                           /* its frames are in frames-FILE.h5 */
    uint32_t round;                          /* iteration that started it, from 1 */
    int64_t parent_simulation, parent_frame; /* -1: a start structure, parent_frame its model */
    bool velocities_kept;                    /* from the parent frame; else drawn */
    double temperature_kelvin;
    char engine[32];
    uint64_t n_frames; /* durable ones */
    uint64_t n_steps;  /* durable ones */
    enum ddmd_end end;
    char reason[256]; /* of a failure */
} ddmd_simulation_row;

enum ddmd_status ddmd_catalogue_add_simulation(ddmd_catalogue *catalogue,
                                               const ddmd_simulation_row *row, ddmd_error *err);
/* n_frames, n_steps, end and reason of an existing row. */
enum ddmd_status ddmd_catalogue_update_simulation(ddmd_catalogue *catalogue,
                                                  const ddmd_simulation_row *row, ddmd_error *err);

/*
 * The newest simulation of each slot, whether it still runs or has failed ([n] rows, one a replica;
 * id UINT32_MAX: the slot has had none yet). */
enum ddmd_status ddmd_catalogue_running(ddmd_catalogue *catalogue, ddmd_simulation_row *rows,
                                        size_t n, ddmd_error *err);
/* Has a simulation been started from this frame? */
enum ddmd_status ddmd_catalogue_has_children(ddmd_catalogue *catalogue, uint32_t simulation,
                                             uint32_t frame, bool *has, ddmd_error *err);
enum ddmd_status ddmd_catalogue_simulation(ddmd_catalogue *catalogue, uint32_t id,
                                           ddmd_simulation_row *row, ddmd_error *err);
/* Durable frames in frames-FILE.h5 that the catalogue knows of. */
enum ddmd_status ddmd_catalogue_file_frames(ddmd_catalogue *catalogue, uint32_t file, uint64_t *n,
                                            ddmd_error *err);

/*
 * How far a sequential campaign has come. Phases in order; `phase` is the one to do next.
 */
#define DDMD_PHASE_MAP(X) X(simulate) X(train) X(infer) X(decide)
enum ddmd_phase {
#define DDMD_PHASE_ENUM(name) DDMD_PHASE_##name,
    DDMD_PHASE_MAP(DDMD_PHASE_ENUM)
#undef DDMD_PHASE_ENUM
};
const char *ddmd_phase_name(enum ddmd_phase phase);

/* X(name): running, finished (a stop rule was met), stopped (interrupted), failed. */
#define DDMD_STATE_MAP(X) X(running) X(finished) X(stopped) X(failed)
enum ddmd_campaign_state {
#define DDMD_STATE_ENUM(name) DDMD_STATE_##name,
    DDMD_STATE_MAP(DDMD_STATE_ENUM)
#undef DDMD_STATE_ENUM
};
const char *ddmd_campaign_state_name(enum ddmd_campaign_state state);

typedef struct ddmd_progress_row {
    enum ddmd_campaign_state state;
    char reason[256]; /* why it ended: "rmsd 1.52 angstrom <= 1.6", "interrupted" */
    uint32_t round;   /* iteration under way, from 1 */
    enum ddmd_phase phase;
    uint32_t next_simulation;            /* next free id */
    uint32_t model_version;              /* newest; 0: none */
    uint64_t n_frames;                   /* durable, in all files together */
    uint64_t round_frame;                /* frames before this round: in mode sequential, the row of
                                            its first one */
    double elapsed_s;                    /* over all sittings */
    double best_rmsd_nm;                 /* NaN: none */
    int64_t best_simulation, best_frame; /* -1: none */
} ddmd_progress_row;
enum ddmd_status ddmd_catalogue_set_progress(ddmd_catalogue *catalogue,
                                             const ddmd_progress_row *row, ddmd_error *err);
enum ddmd_status ddmd_catalogue_progress(ddmd_catalogue *catalogue, ddmd_progress_row *row,
                                         ddmd_error *err);

typedef struct ddmd_model_row {
    uint32_t version;
    uint32_t round;
    int latent_dim;
    uint64_t n_samples;                 /* frames trained on, held-out ones included, */
    uint64_t n_maps;                    /* and distinct contact maps among them */
    int epochs;                         /* done */
    double train_loss, validation_loss; /* reconstruction + kl, nats a map */
    double train_reconstruction, validation_reconstruction;
    bool kept; /* false: a latent dimension that was tried and not chosen */
    double seconds;
    char file[128]; /* relative to the run directory; "" where not kept */
} ddmd_model_row;
enum ddmd_status ddmd_catalogue_add_model(ddmd_catalogue *catalogue, const ddmd_model_row *row,
                                          ddmd_error *err);
/* The newest kept one; version 0 where there is none. */
enum ddmd_status ddmd_catalogue_newest_model(ddmd_catalogue *catalogue, ddmd_model_row *row,
                                             ddmd_error *err);

/* What a model is worth on new frames, which it has not seen, before it is trained on. */
typedef struct ddmd_model_check_row {
    uint32_t round;
    uint32_t version;                /* of the model that was looked at */
    uint64_t n_frames, n_maps;       /* new frames, distinct contact maps among them */
    double reconstruction;           /* on them, nats a map */
    double reference_reconstruction; /* on held-out maps when the model was trained */
    bool trained;                    /* a training followed; false: the weights stayed */
} ddmd_model_check_row;
enum ddmd_status ddmd_catalogue_add_model_check(ddmd_catalogue *catalogue,
                                                const ddmd_model_check_row *row, ddmd_error *err);
/* The newest one (round 0 where there is none), and how many of all led to no training. */
enum ddmd_status ddmd_catalogue_model_checks(ddmd_catalogue *catalogue,
                                             ddmd_model_check_row *newest, uint64_t *n_skipped,
                                             ddmd_error *err);

typedef struct ddmd_round_row {
    uint32_t round;
    char strategy[32];
    uint32_t model_version; /* 0: none */
    uint64_t n_candidates;
    double eps; /* 0: no DBSCAN */
    uint64_t n_outliers;
    uint64_t n_clusters;               /* of DBSCAN, or states */
    uint64_t n_points;                 /* restart points given */
    uint64_t n_restarts;               /* replicas restarted from them */
    double best_rmsd_nm, mean_rmsd_nm; /* of the round's new frames; NaN: no reference */
    double seconds;
    double decision_median_s, decision_p95_s; /* from a frame's creation to its place in the
                                                ranking; NaN: nothing was ranked */
} ddmd_round_row;
enum ddmd_status ddmd_catalogue_add_round(ddmd_catalogue *catalogue, const ddmd_round_row *row,
                                          ddmd_error *err);
/* n_restarts of an existing row. */
enum ddmd_status ddmd_catalogue_set_restarts(ddmd_catalogue *catalogue, uint32_t round,
                                             uint64_t n_restarts, ddmd_error *err);
enum ddmd_status ddmd_catalogue_newest_round(ddmd_catalogue *catalogue, ddmd_round_row *row,
                                             ddmd_error *err);

/*
 * From a frame's creation to its place in a ranking, over the *n rankings that know it: the median
 * of their medians, and the 95th percentile of their 95th percentiles, so that in 19 of 20 rankings
 * 19 of 20 frames have waited no longer. NaN where there is no such ranking.
 */
enum ddmd_status ddmd_catalogue_decision_times(ddmd_catalogue *catalogue, double *median_s,
                                               double *p95_s, uint64_t *n, ddmd_error *err);

/* Trainings (one for all latent dimensions) and rankings, and means over them; NaN: there is none.
 */
typedef struct ddmd_learning_totals {
    uint64_t trainings;
    double training_samples, training_epochs; /* frames, epochs; of the model that was kept */
    double training_s;                        /* for all latent dimensions */
    uint64_t rankings;
    double ranking_samples, ranking_outliers, ranking_s; /* frames looked at, outliers, seconds */
} ddmd_learning_totals;
enum ddmd_status ddmd_catalogue_learning(ddmd_catalogue *catalogue, ddmd_learning_totals *totals,
                                         ddmd_error *err);

typedef struct ddmd_point_row {
    uint32_t round, rank; /* rank from 0, best first */
    uint32_t simulation, frame;
    double score, lof; /* NaN: not computed */
    double rmsd_nm;
    int cluster;
    int64_t used_by; /* simulation started from it; -1: none */
} ddmd_point_row;
/* All of them or none. */
enum ddmd_status ddmd_catalogue_add_points(ddmd_catalogue *catalogue, const ddmd_point_row *rows,
                                           size_t n, ddmd_error *err);
/* *rows (the caller frees): the points of one round, best first. */
enum ddmd_status ddmd_catalogue_points(ddmd_catalogue *catalogue, uint32_t round,
                                       ddmd_point_row **rows, size_t *n, ddmd_error *err);
enum ddmd_status ddmd_catalogue_use_point(ddmd_catalogue *catalogue, uint32_t round, uint32_t rank,
                                          uint32_t simulation, ddmd_error *err);

/* What a part was doing, for the timeline: role "simulate", part 3, activity "compute". */
enum ddmd_status ddmd_catalogue_add_activity(ddmd_catalogue *catalogue, const char *role, int part,
                                             const char *activity, uint32_t round, double from_s,
                                             double to_s, ddmd_error *err);

/* Wall time of a phase: of each round, from the beginning of its first part to the end of its last.
 */
enum ddmd_status ddmd_catalogue_phase_time(ddmd_catalogue *catalogue, enum ddmd_phase phase,
                                           double *seconds, ddmd_error *err);

/* Seconds of each activity of each role, all of its parts together, over the whole campaign. */
typedef struct ddmd_time_use_row {
    char role[16], activity[16];
    double seconds;
} ddmd_time_use_row;
/* *rows[*n] (the caller frees), ordered by role and activity. */
enum ddmd_status ddmd_catalogue_time_use(ddmd_catalogue *catalogue, ddmd_time_use_row **rows,
                                         size_t *n, ddmd_error *err);

/* A warning or an error worth keeping; simulation -1: of the campaign. */
enum ddmd_status ddmd_catalogue_add_event(ddmd_catalogue *catalogue, const char *level,
                                          int64_t simulation, const char *message, ddmd_error *err);

/* A start point (parent frame) that blew up; *failures counts it. Three ban it. */
enum ddmd_status ddmd_catalogue_count_failure(ddmd_catalogue *catalogue, int64_t parent_simulation,
                                              int64_t parent_frame, int *failures, ddmd_error *err);
enum ddmd_status ddmd_catalogue_failures(ddmd_catalogue *catalogue, int64_t parent_simulation,
                                         int64_t parent_frame, int *failures, ddmd_error *err);

typedef struct ddmd_totals {
    uint64_t simulations, simulations_running, simulations_failed, simulations_culled;
    uint64_t frames, steps;
} ddmd_totals;
enum ddmd_status ddmd_catalogue_totals(ddmd_catalogue *catalogue, ddmd_totals *totals,
                                       ddmd_error *err);

/* Campaign name, mode and seed as given at creation; buffers of `size` bytes. */
enum ddmd_status ddmd_catalogue_identity(ddmd_catalogue *catalogue, char *campaign, char *mode,
                                         size_t size, uint64_t *seed, ddmd_error *err);

#ifdef __cplusplus
}
#endif
#endif
