#include "ddmd/log.h"

#include <stdarg.h>
#include <stdio.h>

void ddmd_log_line(const ddmd_log *log, enum ddmd_log_level level, const char *format, ...)
{
    if (!log || !log->write || level < log->minimum)
        return;
    char line[2048];
    va_list args;
    va_start(args, format);
    vsnprintf(line, sizeof line, format, args);
    va_end(args);
    log->write(log->user, level, line);
}

const char *ddmd_log_level_name(enum ddmd_log_level level)
{
    static const char *const names[] = {"debug", "info", "warning", "error"};
    return (unsigned)level < sizeof names / sizeof *names ? names[level] : "unknown";
}
