/* The options of subcommands and benchmarks: tables that say where each value goes. */
#ifndef DDMD_CLI_OPTIONS_H
#define DDMD_CLI_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>

/* "--set" values in the order given. */
typedef struct cli_overrides {
    const char **items; /* who reads the options frees it; the strings are loans */
    size_t n;
} cli_overrides;

/*
 * One option. Where its value goes is one of the pointers; a flag has none, and with flag and text
 * it may be left out ("--json", "--json=FILE").
 */
typedef struct cli_option {
    const char *name;
    char letter; /* 'q': also -q */
    bool *flag;
    const char **text;        /* a loan */
    long *count;              /* a whole number from 1 to most */
    double *number;           /* from least to most */
    cli_overrides *overrides; /* any number of times */
    double least, most;
} cli_option;

/*
 * Read the options of a command ("run", "bench md"), --help and -h besides those of the table,
 * which ends with an empty entry; the arguments begin at argv[optind] then. False: there is nothing
 * left to do (help was printed, or what is wrong), and *exit_status says how to end.
 */
bool cli_read_options(const char *command, int argc, char **argv, const cli_option *options,
                      const char *help, int *exit_status);

#endif
