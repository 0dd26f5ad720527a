#include "campaign_session.h"
#include "cli.h"

#include <stdio.h>
#include <stdlib.h>

static const char help[] =
    "ddmd resume RUN_DIR [--set stop.KEY=VALUE]... [--quiet]\n"
    "\n"
    "Continue a campaign that was stopped, killed, or has met its stop rule.\n"
    "\n"
    "  --set KEY=VALUE  change a stop rule, e.g. --set stop.rounds=20\n"
    "  --quiet          only warnings and the result\n";

int cli_resume(int argc, char **argv)
{
    cli_overrides overrides = {0};
    bool quiet = false;
    const cli_option options[] = {
        {"set", .overrides = &overrides},
        {"quiet", 'q', .flag = &quiet},
        {0},
    };
    int exit_status = CLI_FAILED;
    ddmd_mistakes mistakes = {0};
    ddmd_error err = {0};

    if (!cli_read_options("resume", argc, argv, options, help, &exit_status))
        goto out;
    if (argc - optind != 1) {
        exit_status = cli_usage("resume", "one run directory is needed");
        goto out;
    }
    cli_session session;
    cli_session_begin(&session, quiet);
    enum ddmd_status status = ddmd_campaign_resume(argv[optind], overrides.items, overrides.n,
                                                   &session.options, &mistakes, &err);
    exit_status = cli_session_end(&session, "resume", argv[optind], status, &mistakes, &err);
out:
    ddmd_mistakes_clear(&mistakes);
    free(overrides.items);
    return exit_status;
}
