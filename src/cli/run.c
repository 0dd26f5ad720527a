#include "campaign_session.h"
#include "cli.h"

#include "core/text.h"

#include <stdio.h>
#include <stdlib.h>

static const char help[] =
    "ddmd run CONFIG.yaml [--run-dir DIR] [--set KEY=VALUE]... [--quiet]\n"
    "\n"
    "Check the configuration and every input file, then run the campaign until a stop rule is\n"
    "met. Ctrl-C once ends it cleanly, to be continued with `ddmd resume`; twice, at once.\n"
    "\n"
    "  --run-dir DIR    where everything goes; must not exist yet (default: runs/CAMPAIGN)\n"
    "  --set KEY=VALUE  change a key, e.g. --set simulation.replicas=4\n"
    "  --quiet          only warnings and the result\n";

int cli_run(int argc, char **argv)
{
    const char *given_dir = NULL;
    cli_overrides overrides = {0};
    bool quiet = false;
    const cli_option options[] = {
        {"run-dir", .text = &given_dir},
        {"set", .overrides = &overrides},
        {"quiet", 'q', .flag = &quiet},
        {0},
    };
    int exit_status = CLI_FAILED;
    char *run_dir = NULL;
    ddmd_config *config = NULL;
    ddmd_mistakes mistakes = {0};
    ddmd_error err = {0};

    if (!cli_read_options("run", argc, argv, options, help, &exit_status))
        goto out;
    if (argc - optind != 1) {
        exit_status = cli_usage("run", argc == optind ? "a configuration file is needed"
                                                      : "one configuration file at a time");
        goto out;
    }
    enum ddmd_status status =
        ddmd_config_load(argv[optind], overrides.items, overrides.n, &config, &mistakes, &err);
    if (status != DDMD_OK) {
        exit_status = mistakes.n ? cli_mistakes("run", &mistakes) : cli_fail(status, &err);
        goto out;
    }
    status = given_dir ? ddmd_text_format(&run_dir, &err, "%s", given_dir)
                       : ddmd_text_format(&run_dir, &err, "runs/%s", config->campaign);
    if (status != DDMD_OK) {
        exit_status = cli_fail(status, &err);
        goto out;
    }
    cli_session session;
    cli_session_begin(&session, quiet);
    status = ddmd_campaign_run(config, run_dir, &session.options, &mistakes, &err);
    exit_status = cli_session_end(&session, "run", run_dir, status, &mistakes, &err);
out:
    ddmd_config_destroy(&config);
    ddmd_mistakes_clear(&mistakes);
    free(run_dir);
    free(overrides.items);
    return exit_status;
}
