/*
 * The simulate part: advances a share of the replicas and hands out a report of each at every
 * report interval, features measured while the frame is hot.
 *
 * Reports of one simulator come in the order (report, replica), so whoever merges several
 * simulators gets the same order of frames whatever their number.
 */
#ifndef DDMD_CAMPAIGN_SIMULATE_H
#define DDMD_CAMPAIGN_SIMULATE_H

#include "campaign/subject.h"

#include <stdatomic.h>

/* Where a replica starts, or goes on. */
typedef struct ddmd_assignment {
    uint32_t simulation;
    uint32_t first_frame; /* index of the next frame in its simulation */
    uint64_t first_step;
    double temperature_kelvin;
    const float *positions;  /* [n_atoms][3], nm */
    const float *velocities; /* [n_atoms][3], nm/ps; NULL: draw */
} ddmd_assignment;

typedef struct ddmd_report {
    int replica;
    bool failed; /* then none of this replica will follow, and of the frame, which was not reached,
                    only simulation and index are there */
    char reason[256];
    ddmd_frame frame; /* its arrays are a loan for the time of the call */
    double created_s; /* monotonic clock */
} ddmd_report;

/* Takes a report; CANCELLED ends the segment early. */
typedef enum ddmd_status ddmd_report_fn(void *user, const ddmd_report *report, ddmd_error *err);

typedef struct ddmd_simulator ddmd_simulator;

/*
 * How replicas are shared out among workers: as many workers as configured, none without a replica;
 * worker w has the replicas *first .. *first + *n - 1.
 */
int ddmd_simulator_workers(const ddmd_config *config);
void ddmd_simulator_share(const ddmd_config *config, int worker, int *first, int *n);
/* The worker that has a replica. */
int ddmd_simulator_worker_of(const ddmd_config *config, int replica);

/* For the replicas first .. first+n-1. config and subject outlive it. */
enum ddmd_status ddmd_simulator_create(const ddmd_config *config, const ddmd_subject *subject,
                                       int first, int n, const ddmd_log *log,
                                       ddmd_simulator **simulator, ddmd_error *err);
void ddmd_simulator_destroy(ddmd_simulator **simulator);

ddmd_engine *ddmd_simulator_engine(ddmd_simulator *simulator); /* a loan */

/*
 * Start (or start anew) one of its replicas, counted from 0 here. What the engine cannot start is
 * reported as a failure by the next interval.
 */
enum ddmd_status ddmd_simulator_assign(ddmd_simulator *simulator, int slot,
                                       const ddmd_assignment *assignment, ddmd_error *err);
void ddmd_simulator_release(ddmd_simulator *simulator, int slot);
/* Replicas that run, or whose failure is still to be reported. */
int ddmd_simulator_running(const ddmd_simulator *simulator);

/*
 * Advance what runs by one report interval and report it. Ends CANCELLED as soon as *cancel is not
 * 0, or sink says so.
 */
enum ddmd_status ddmd_simulator_interval(ddmd_simulator *simulator, ddmd_report_fn *sink,
                                         void *user, const atomic_int *cancel, ddmd_error *err);

/* Assign all replicas ([n]) and advance by n_reports intervals. */
enum ddmd_status ddmd_simulator_segment(ddmd_simulator *simulator,
                                        const ddmd_assignment *assignments, int64_t n_reports,
                                        ddmd_report_fn *sink, void *user, const atomic_int *cancel,
                                        ddmd_error *err);

#endif
