/*
 * How a campaign at work shows itself: one line that is redrawn on a terminal, with log lines
 * passing above it; plain log lines, and a progress line now and then, otherwise.
 */
#ifndef DDMD_CLI_PROGRESS_H
#define DDMD_CLI_PROGRESS_H

#include "ddmd/campaign.h"

#include <pthread.h>

typedef struct cli_progress {
    pthread_mutex_t lock; /* log lines come from several threads */
    bool terminal;
    bool line_shown;
    double last_plain_s;
} cli_progress;

void cli_progress_init(cli_progress *progress);
/* Take the progress line off the screen. */
void cli_progress_clear(cli_progress *progress);
void cli_progress_destroy(cli_progress *progress);

/* A ddmd_campaign_progress_fn and a ddmd_log_fn; user is the cli_progress. */
void cli_progress_show(void *user, const ddmd_campaign_progress *now);
void cli_progress_log(void *user, enum ddmd_log_level level, const char *line);

/* "2:31", "1:02:31" */
void cli_format_time(double seconds, char *buffer, size_t size);

/* What `iterations` of a campaign counts: "rounds", or "rankings" in mode streaming. */
const char *cli_iterations_name(const ddmd_campaign_status *campaign);

#endif
