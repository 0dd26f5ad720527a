/*
 * A campaign at work: what the phases of a round share.
 */
#ifndef DDMD_CAMPAIGN_STATE_H
#define DDMD_CAMPAIGN_STATE_H

#include "campaign/log_file.h"
#include "campaign/map_window.h"
#include "campaign/report_queue.h"
#include "campaign/simulate.h"
#include "campaign/subject.h"
#include "ddmd/campaign.h"
#include "ddmd/select.h"

#include <pthread.h>
#include <stdio.h>

/* One simulator with the thread that runs it and the queue that it fills. */
typedef struct ddmd_worker {
    ddmd_simulator *simulator;
    ddmd_report_queue *queue;
    int first, n; /* replicas */
    const ddmd_assignment *assignments;
    int64_t n_reports;
    atomic_int cancel;
    pthread_t thread;
    double waited_s;     /* blocked on a full queue in this segment */
    double from_s, to_s; /* campaign time of this segment's work */
    const struct ddmd_campaign *campaign;
} ddmd_worker;

typedef struct ddmd_campaign {
    ddmd_config *config;
    char *run_dir;
    const ddmd_campaign_options *options;
    ddmd_log log; /* to RUN_DIR/log/ddmd.log and the caller's */
    ddmd_log_file log_file;

    ddmd_subject *subject;
    ddmd_strategy_info strategy;
    ddmd_catalogue *catalogue;
    ddmd_frame_file *frames;
    size_t n_starts;
    float *starts; /* [n_starts][n_atoms][3], nm */

    ddmd_progress_row row; /* as it stands in the catalogue, or will with the next commit */
    ddmd_totals totals;
    int n_replicas;
    ddmd_simulation_row *slots; /* [n_replicas], the simulation that each runs */

    ddmd_map_window *maps; /* of the newest frames; NULL until they are asked for */
    uint64_t maps_end;     /* rows of the frame file that it has seen */

    int n_workers;
    ddmd_worker *workers;

    double began_s;        /* monotonic clock, this sitting */
    double elapsed_before; /* of earlier sittings */
    double simulating_s;   /* this sitting, wall time of the simulate phases, */
    double simulated_ns;   /* and what they gave */

    size_t n_created; /* creation times of the frames of this round, campaign time */
    size_t created_capacity;
    double *created_s;

    ddmd_campaign_progress progress;
    double told_s; /* when the caller was last told */
} ddmd_campaign;

/* Seconds of the campaign so far, over all sittings. */
double ddmd_campaign_elapsed(const ddmd_campaign *campaign);

bool ddmd_campaign_stop_asked(const ddmd_campaign *campaign);

/* Tell the caller; without `now`, at most four times a second. */
void ddmd_campaign_tell(ddmd_campaign *campaign, enum ddmd_phase phase, double fraction, bool now,
                        const char *doing, ...) __attribute__((format(printf, 5, 6)));

/* Simulated time of the whole campaign. */
double ddmd_campaign_simulated_ns(const ddmd_campaign *campaign);

/* Count a frame that was stored, and remember it where it is the nearest to the reference so far.
 */
void ddmd_campaign_count_frame(ddmd_campaign *campaign, uint32_t simulation, uint32_t index,
                               float rmsd_nm);

/* For the end of a log line: "; best RMSD so far ...", or "" where there is none. */
void ddmd_campaign_describe_best(const ddmd_campaign *campaign, char *buffer, size_t size);

/*
 * Is a stop rule met? Then true, and the reason is in buffer. `between_rounds`: the rule on the
 * number of rounds counts as well.
 */
bool ddmd_campaign_enough(const ddmd_campaign *campaign, bool between_rounds, char *buffer,
                          size_t size);

/*
 * Put campaign->row into the catalogue with the elapsed time; inside a transaction. Phases call it
 * with what they add, then commit.
 */
enum ddmd_status ddmd_campaign_put_row(ddmd_campaign *campaign, ddmd_error *err);

/*
 * The distinct contact maps of the newest n_frames frames, at most as many as the larger of
 * model.max_samples and selection.max_samples. Only frames that are new since the last call are
 * read.
 */
enum ddmd_status ddmd_campaign_newest_maps(ddmd_campaign *campaign, size_t n_frames,
                                           ddmd_map_set *set, ddmd_error *err);

/* The phases. Each ends with a commit that names the next phase. */
enum ddmd_status ddmd_phase_simulate(ddmd_campaign *campaign, ddmd_error *err);
enum ddmd_status ddmd_phase_train(ddmd_campaign *campaign, ddmd_error *err);
enum ddmd_status ddmd_phase_infer(ddmd_campaign *campaign, ddmd_error *err);
enum ddmd_status ddmd_phase_decide(ddmd_campaign *campaign, ddmd_error *err);

/* Checkpoint of a model, relative to the run directory: models/model-0003-d10.h5. */
void ddmd_campaign_model_file(char *buffer, size_t size, uint32_t version, int latent_dim);

#endif
