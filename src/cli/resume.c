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
    static const struct option options[] = {
        {"set", required_argument, NULL, 's'},
        {"quiet", no_argument, NULL, 'q'},
        {"help", no_argument, NULL, 'h'},
        {0},
    };
    int exit_status = CLI_FAILED;
    bool quiet = false;
    cli_overrides overrides = {0};
    ddmd_mistakes mistakes = {0};
    ddmd_error err = {0};

    for (int c; (c = getopt_long(argc, argv, ":qh", options, NULL)) != -1;)
        switch (c) {
        case 's':
            if (!cli_add_override(&overrides, optarg))
                goto out;
            break;
        case 'q':
            quiet = true;
            break;
        case 'h':
            fputs(help, stdout);
            exit_status = cli_flush();
            goto out;
        default:
            exit_status = cli_bad_option("resume", argv, c);
            goto out;
        }
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
