/* What `ddmd run` and `ddmd resume` share: signals, progress, and the last words. */
#ifndef DDMD_CLI_CAMPAIGN_SESSION_H
#define DDMD_CLI_CAMPAIGN_SESSION_H

#include "ddmd/campaign.h"
#include "progress.h"

typedef struct cli_session {
    cli_progress progress;
    ddmd_log log;
    ddmd_campaign_options options;
} cli_session;

/* SIGINT or SIGTERM once: the campaign ends cleanly; twice: the process ends at once. */
void cli_session_begin(cli_session *session, bool quiet);

/* Prints what happened and what the campaign gave. Returns the exit status. */
int cli_session_end(cli_session *session, const char *command, const char *run_dir,
                    enum ddmd_status status, const ddmd_mistakes *mistakes, const ddmd_error *err);

#endif
