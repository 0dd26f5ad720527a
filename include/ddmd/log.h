/*
 * Log lines go to a sink that the caller provides; the library itself prints nothing.
 */
#ifndef DDMD_LOG_H
#define DDMD_LOG_H

#ifdef __cplusplus
extern "C" {
#endif

enum ddmd_log_level { DDMD_LOG_DEBUG, DDMD_LOG_INFO, DDMD_LOG_WARNING, DDMD_LOG_ERROR };

/* Called with one line, without a newline at its end. May be called from several threads. */
typedef void ddmd_log_fn(void *user, enum ddmd_log_level level, const char *line);

typedef struct ddmd_log {
    ddmd_log_fn *write;
    void *user;
    enum ddmd_log_level minimum; /* lines below this level are dropped before formatting */
} ddmd_log;

/* Format one line (cut at 2 KiB) and hand it to the sink. log, or its write, may be NULL. */
void ddmd_log_line(const ddmd_log *log, enum ddmd_log_level level, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* "debug", "info", "warning", "error". */
const char *ddmd_log_level_name(enum ddmd_log_level level);

#ifdef __cplusplus
}
#endif
#endif
