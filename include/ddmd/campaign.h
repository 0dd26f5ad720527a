/*
 * Campaigns: many simulations steered by what a model learns of them.
 *
 * One round of mode `sequential` (DeepDriveMD-F) is simulate, train, infer, decide, each finished
 * before the next begins; frames are aggregated while they are simulated. The end of every phase is
 * made durable in the catalogue in one transaction, and each phase is a function of what the
 * catalogue and the stores hold at its beginning. A campaign that was killed at any moment and
 * resumed therefore does the unfinished phase again and ends with the same frames, weights and
 * decisions, bit for bit (engines without DDMD_ENGINE_DETERMINISTIC excepted).
 */
#ifndef DDMD_CAMPAIGN_H
#define DDMD_CAMPAIGN_H

#include "ddmd/config.h"
#include "ddmd/log.h"
#include "ddmd/store.h"

#include <stdatomic.h>

/* What the campaign is doing now; handed to the caller about once a second and at every change. */
typedef struct ddmd_campaign_progress {
    const char *campaign;
    uint32_t round;
    uint32_t rounds; /* of the stop rule; 0: no such rule */
    enum ddmd_phase phase;
    double fraction;      /* of the phase, 0 to 1; NaN where it cannot be told */
    char doing[96];       /* "report 12 of 20", "latent_dim 3, epoch 4 of 20, loss 61.2" */
    uint64_t simulations; /* started */
    uint64_t frames;
    double simulated_ns;
    double ns_per_day;         /* over the time spent simulating */
    double best_rmsd_angstrom; /* NaN: no reference */
    double elapsed_s;          /* over all sittings */
    double wall_limit_s;       /* 0: none */
} ddmd_campaign_progress;

typedef void ddmd_campaign_progress_fn(void *user, const ddmd_campaign_progress *progress);

typedef struct ddmd_campaign_options {
    const ddmd_log *log;                 /* may be NULL; RUN_DIR/log/ddmd.log is written anyway */
    ddmd_campaign_progress_fn *progress; /* may be NULL; called from one thread */
    void *user;
    const atomic_int *stop; /* not 0: end cleanly, soon; may be NULL */
} ddmd_campaign_options;

/*
 * Check a configuration against the world: that files are there and fit together, templates exist
 * for every residue, the reference has the selected atoms, the engine can do what the system
 * needs, the model can take the maps. Creates nothing. CONFIG where `mistakes` gained any. What is
 * allowed but seldom meant goes to the log (may be NULL) as warnings. *summary (may be NULL; the
 * caller frees) says what would be run, in a few lines.
 */
enum ddmd_status ddmd_campaign_check(const ddmd_config *config, const ddmd_log *log, char **summary,
                                     ddmd_mistakes *mistakes, ddmd_error *err);

/*
 * Run a campaign in a new directory. Everything is checked before the directory is made; CONFIG
 * (with mistakes) leaves nothing behind. OK: a stop rule was met. CANCELLED: `stop` was set; the
 * campaign can be resumed. Other codes: it failed while running; can be resumed once mended.
 */
enum ddmd_status ddmd_campaign_run(const ddmd_config *config, const char *run_dir,
                                   const ddmd_campaign_options *options, ddmd_mistakes *mistakes,
                                   ddmd_error *err);

/*
 * Go on with a stopped, killed or finished campaign. overrides may change the section `stop` only
 * ("stop.rounds=20"). A campaign whose stop rule is met already stays as it is and returns OK.
 */
enum ddmd_status ddmd_campaign_resume(const char *run_dir, const char *const *overrides,
                                      size_t n_overrides, const ddmd_campaign_options *options,
                                      ddmd_mistakes *mistakes, ddmd_error *err);

/* How the processes (or threads) of a role spent their time, all of them together. */
typedef struct ddmd_role_use {
    char role[16];
    double seconds;
    /* shares of it: computing, waiting for something to do, waiting for others to take what it has,
       writing frames, unpacking them, and the rest: starting and stopping */
    double compute, wait, blocked, write, unpack, other;
} ddmd_role_use;

enum { DDMD_ROLES_MAX = 8 };

/* What `ddmd status` shows. Numbers that do not exist are NaN, ids -1. */
typedef struct ddmd_campaign_status {
    char campaign[256];
    char mode[32];
    char engine[32];
    char strategy[32];
    enum ddmd_campaign_state state;
    bool alive;       /* state is running and a process is at work on it */
    char reason[256]; /* why it ended */
    uint32_t round;   /* under way, or the last one */
    enum ddmd_phase phase;
    uint32_t iterations; /* rounds completed */
    uint32_t replicas;
    uint64_t simulations_started, simulations_finished, simulations_failed, simulations_culled;
    uint64_t frames;
    double simulated_ns;
    double ns_per_day; /* over elapsed_s */
    double best_rmsd_angstrom;
    int64_t best_simulation, best_frame;
    uint32_t model_version;
    double train_loss, validation_loss;
    uint64_t trainings_skipped; /* since the model was good enough */
    int64_t outliers_last_round;
    double simulate_share, train_share, infer_share, other_share; /* of elapsed_s, wall time */
    double busy_fraction;      /* of the simulation slots, over elapsed_s */
    double unblocked_fraction; /* of the time that simulators ran, neither waiting nor blocked */
    double io_fraction; /* spent writing and unpacking frames; of elapsed_s, or, in mode streaming,
                           of the time of all processes */
    double decision_median_s, decision_p95_s; /* frame to its place in a ranking, last round */
    double all_decisions_median_s, all_decisions_p95_s; /* ddmd_catalogue_decision_times() */
    uint64_t n_decisions;                               /* rankings that these are over */
    size_t n_roles;
    ddmd_role_use roles[DDMD_ROLES_MAX];
    double elapsed_s;
} ddmd_campaign_status;

enum ddmd_status ddmd_campaign_status_read(const char *run_dir, ddmd_campaign_status *status,
                                           ddmd_error *err);

/* One simulation, simulated again. */
typedef struct ddmd_replay_result {
    uint32_t simulation;
    uint64_t n_frames; /* stored */
    bool identical;    /* all of them; otherwise */
    uint64_t frame;    /* the first that is not, counted from 0, */
    char value[288];   /* which of its values: "velocity z of atom 12", or what happened instead, */
    double stored, simulated; /* and that value; NaN: it is no number */
} ddmd_replay_result;

typedef struct ddmd_replay_options {
    const ddmd_log *log;    /* may be NULL */
    const atomic_int *stop; /* not 0: CANCELLED, soon; may be NULL */
    /* Told of each simulation when it is over; another status than OK ends the replay with it. */
    enum ddmd_status (*result)(void *user, const ddmd_replay_result *result, ddmd_error *err);
    void *user;
} ddmd_replay_options;

/*
 * Simulate simulations[n] of a campaign (n 0: all that it has) again, from their starts, and
 * compare steps, positions, velocities and energies of every durable frame with what is stored, bit
 * by bit. A simulation that had failed has to fail at the same report. The campaign may be running;
 * nothing of it is changed. *deterministic: the engine promises the same bits on this machine
 * (DDMD_ENGINE_DETERMINISTIC); where it does not, differences mean nothing. It is known before the
 * first result is told. INVALID: there is no such simulation. FORMAT: a frame that the catalogue
 * counts is not stored.
 */
enum ddmd_status ddmd_campaign_replay(const char *run_dir, const uint32_t *simulations, size_t n,
                                      const ddmd_replay_options *options, bool *deterministic,
                                      ddmd_mistakes *mistakes, ddmd_error *err);

#endif
