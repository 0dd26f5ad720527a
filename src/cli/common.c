#include "cli.h"

#include <errno.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int cli_fail(enum ddmd_status status, const ddmd_error *err)
{
    fprintf(stderr, "ddmd: %s\n", *err->message ? err->message : ddmd_status_phrase(status));
    switch (status) {
    case DDMD_OK:
        return CLI_DONE;
    case DDMD_INVALID:
    case DDMD_CONFIG:
    case DDMD_UNSUPPORTED:
    case DDMD_IO:
    case DDMD_FORMAT:
        return CLI_BAD_INPUT;
    case DDMD_CANCELLED:
        return CLI_INTERRUPTED;
    case DDMD_NOMEM:
    case DDMD_EXTERNAL:
    case DDMD_NUMERIC:
    case DDMD_TIMEOUT:
        break;
    }
    return CLI_FAILED;
}

void cli_print_log(void *user, enum ddmd_log_level level, const char *line)
{
    (void)user;
    if (level >= DDMD_LOG_WARNING)
        fprintf(stderr, "%s: %s\n", ddmd_log_level_name(level), line);
    else
        fprintf(stderr, "%s\n", line);
}

const ddmd_log cli_warnings = {.write = cli_print_log, .minimum = DDMD_LOG_WARNING};

int cli_mistakes(const char *what, const ddmd_mistakes *mistakes)
{
    for (size_t i = 0; i < mistakes->n; i++)
        fprintf(stderr, "%s\n", mistakes->lines[i]);
    fprintf(stderr, "ddmd %s: %zu mistake%s; nothing was written\n", what, mistakes->n,
            mistakes->n == 1 ? "" : "s");
    return CLI_BAD_INPUT;
}

int cli_usage(const char *command, const char *format, ...)
{
    fprintf(stderr, "ddmd %s: ", command);
    va_list args;
    va_start(args, format);
    vfprintf(stderr, format, args);
    va_end(args);
    fprintf(stderr, " (see `ddmd %s --help`)\n", command);
    return CLI_BAD_INPUT;
}

int cli_bad_option(const char *command, char **argv, int result)
{
    const char *given = argv[optind - 1];
    if (result == ':')
        return cli_usage(command, "option %s needs a value", given);
    return cli_usage(command, "no option %s", given);
}

json_t *cli_number(double value)
{
    return isfinite(value) ? json_real(value) : json_null();
}

int cli_flush(void)
{
    if (fflush(stdout) == 0 && !ferror(stdout))
        return CLI_DONE;
    fprintf(stderr, "ddmd: standard output: %s\n", strerror(errno));
    return CLI_FAILED;
}

int cli_print_json(json_t *object)
{
    if (!object) {
        fprintf(stderr, "ddmd: out of memory\n");
        return CLI_FAILED;
    }
    /* 15 digits: every decimal that was put in comes out the same */
    json_dumpf(object, stdout, JSON_INDENT(2) | JSON_REAL_PRECISION(15));
    printf("\n");
    json_decref(object);
    return cli_flush();
}
