/* A process of a streaming campaign, as the coordinator starts it. */
#include "cli.h"

#include "campaign/role/roles.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const ddmd_role_ops *find_role(enum ddmd_role role)
{
    static const ddmd_role_ops *const roles[] = {&ddmd_role_simulate, &ddmd_role_aggregate,
                                                 &ddmd_role_train, &ddmd_role_infer};
    for (size_t i = 0; i < sizeof roles / sizeof(const ddmd_role_ops *); i++)
        if (roles[i]->role == role)
            return roles[i];
    return NULL;
}

int cli_role(int argc, char **argv)
{
    static const struct option options[] = {
        {"run-dir", required_argument, NULL, 'r'},  {"sockets", required_argument, NULL, 's'},
        {"campaign", required_argument, NULL, 'c'}, {"epoch", required_argument, NULL, 'e'},
        {"known", required_argument, NULL, 'k'},    {NULL, 0, NULL, 0},
    };
    ddmd_process_start start = {0};
    int option;
    opterr = 0;
    while ((option = getopt_long(argc, argv, ":", options, NULL)) != -1)
        switch (option) {
        case 'r':
            start.run_dir = optarg;
            break;
        case 's':
            start.sockets = optarg;
            break;
        case 'c':
            start.identity.campaign = strtoull(optarg, NULL, 16);
            break;
        case 'e':
            start.identity.epoch = (uint32_t)strtoul(optarg, NULL, 10);
            break;
        case 'k':
            start.known = strtoull(optarg, NULL, 10);
            break;
        default:
            return cli_bad_option("role", argv, option);
        }
    const ddmd_role_ops *ops = NULL;
    if (optind == argc - 1 &&
        ddmd_peer_from_name(argv[optind], strlen(argv[optind]), &start.identity.peer))
        ops = find_role(start.identity.peer.role);
    if (!ops || !start.run_dir || !start.sockets || start.identity.epoch == 0)
        return cli_usage("role", "this command is for `ddmd run` to start its processes with");
    ddmd_error err = {0};
    enum ddmd_status status = ddmd_process_run(ops, &start, &err);
    return status == DDMD_OK ? CLI_DONE : CLI_FAILED;
}
