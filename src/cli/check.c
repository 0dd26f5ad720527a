#include "cli.h"

#include "ddmd/campaign.h"

#include <stdio.h>
#include <stdlib.h>

static const char help[] =
    "ddmd check CONFIG.yaml [--set KEY=VALUE]...\n"
    "\n"
    "Validate a configuration and every file that it names, as `ddmd run` does first, and say\n"
    "what would be run. Writes nothing.\n";

int cli_check(int argc, char **argv)
{
    cli_overrides overrides = {0};
    const cli_option options[] = {{"set", .overrides = &overrides}, {0}};
    int exit_status = CLI_FAILED;
    ddmd_config *config = NULL;
    ddmd_mistakes mistakes = {0};
    ddmd_error err = {0};
    char *summary = NULL;

    if (!cli_read_options("check", argc, argv, options, help, &exit_status))
        goto out;
    if (argc - optind != 1) {
        exit_status = cli_usage("check", "one configuration file is needed");
        goto out;
    }
    enum ddmd_status status =
        ddmd_config_load(argv[optind], overrides.items, overrides.n, &config, &mistakes, &err);
    if (status == DDMD_OK)
        status = ddmd_campaign_check(config, &cli_warnings, &summary, &mistakes, &err);
    if (status != DDMD_OK) {
        exit_status = mistakes.n ? cli_mistakes("check", &mistakes) : cli_fail(status, &err);
        goto out;
    }
    printf("%s: no mistakes\n%s", argv[optind], summary);
    exit_status = cli_flush();
out:
    free(summary);
    ddmd_config_destroy(&config);
    ddmd_mistakes_clear(&mistakes);
    free(overrides.items);
    return exit_status;
}
