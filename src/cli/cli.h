/*
 * The command line: one file a subcommand, each an entry of commands.def. Results go to standard
 * output, everything else to standard error. Exit status: 0 done, 1 failed while running, 2 bad
 * usage or input, 130 interrupted (state saved).
 */
#ifndef DDMD_CLI_H
#define DDMD_CLI_H

#include "ddmd/config.h"
#include "ddmd/error.h"
#include "ddmd/log.h"
#include "options.h"

#include <getopt.h>
#include <jansson.h>
#include <stdbool.h>

enum { CLI_DONE = 0, CLI_FAILED = 1, CLI_BAD_INPUT = 2, CLI_INTERRUPTED = 130 };

/* Every subcommand: argv[0] is its name. */
#define COMMAND(name, arguments, summary) int cli_##name(int argc, char **argv);
#include "commands.def"
#undef COMMAND

/* Not for users: a process of a streaming campaign. */
int cli_role(int argc, char **argv);

/* "ddmd: message" on standard error. Returns the exit status that fits. */
int cli_fail(enum ddmd_status status, const ddmd_error *err);

/* A line of the log on standard error: "warning: message". */
void cli_print_log(void *user, enum ddmd_log_level level, const char *line);

/* Warnings and errors, printed as above. */
extern const ddmd_log cli_warnings;

/* Each mistake on a line of its own, then their number. Returns CLI_BAD_INPUT. */
int cli_mistakes(const char *what, const ddmd_mistakes *mistakes);

/*
 * One wrong use of the command line: "ddmd run: message" and where to find help. Returns
 * CLI_BAD_INPUT.
 */
int cli_usage(const char *command, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* After getopt_long() returned '?' or ':': says what was wrong. Returns CLI_BAD_INPUT. */
int cli_bad_option(const char *command, char **argv, int result);

/* A JSON number, or null where it is not finite. */
json_t *cli_number(double value);

/* Print and release a JSON object. Returns CLI_DONE, or CLI_FAILED where it cannot be written. */
int cli_print_json(json_t *object);

/* Flush standard output; CLI_FAILED with a message where that fails (a full disk, a closed pipe).
 */
int cli_flush(void);

#endif
