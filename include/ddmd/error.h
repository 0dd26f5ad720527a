/*
 * How functions of ddmd report failure.
 *
 * Every function that can fail returns an enum ddmd_status (0 is success) and takes, as its last
 * argument, a ddmd_error owned by the caller, which may be NULL. Library code never prints, never
 * exits and keeps no global error state. On failure, outputs and objects are as they were before
 * the call unless the function's own comment says otherwise.
 *
 * Messages are lower case, without a full stop, name the culprit (file, line, residue, atom) and
 * add a hint where one is known.
 */
#ifndef DDMD_ERROR_H
#define DDMD_ERROR_H

#include <stdarg.h>

#ifdef __cplusplus
extern "C" {
#endif

/* X(name, number, phrase): a code is chosen by what the caller does next. */
#define DDMD_STATUS_MAP(X)                                                                    \
    X(OK, 0, "success")                                                                       \
    X(INVALID, 1, "invalid argument")          /* a mistake of the calling code */            \
    X(CONFIG, 2, "bad configuration or input") /* a mistake of the user: exit status 2 */     \
    X(UNSUPPORTED, 3, "not supported")         /* choose another engine, model or build */    \
    X(NOMEM, 4, "out of memory")                                                              \
    X(IO, 5, "input/output error")            /* missing file, no permission, full disk */    \
    X(FORMAT, 6, "malformed file or message") /* the bytes do not follow their format */      \
    X(EXTERNAL, 7, "failure in a library")    /* OpenMM, oneDNN, HDF5, SQLite said no */      \
    X(NUMERIC, 8, "numerical failure")        /* NaN, no convergence, energy out of bounds */ \
    X(TIMEOUT, 9, "timed out")                                                                \
    X(CANCELLED, 10, "cancelled") /* the caller asked to stop */

enum ddmd_status {
#define DDMD_STATUS_ENUM(name, number, phrase) DDMD_##name = number,
    DDMD_STATUS_MAP(DDMD_STATUS_ENUM)
#undef DDMD_STATUS_ENUM
};

enum { DDMD_ERROR_MESSAGE_SIZE = 1024 };

/* Zero-initialise before first use: ddmd_error err = {0}. */
typedef struct ddmd_error {
    enum ddmd_status status;
    char message[DDMD_ERROR_MESSAGE_SIZE];
} ddmd_error;

/* Name ("CONFIG") and phrase ("bad configuration or input") of a status. Never NULL. */
const char *ddmd_status_name(enum ddmd_status status);
const char *ddmd_status_phrase(enum ddmd_status status);

/* Store status and message in err (which may be NULL); too long a message is cut. Returns status.
 */
enum ddmd_status ddmd_error_set(ddmd_error *err, enum ddmd_status status, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
enum ddmd_status ddmd_error_setv(ddmd_error *err, enum ddmd_status status, const char *format,
                                 va_list args) __attribute__((format(printf, 3, 0)));

#ifdef __clang_analyzer__
/* The static analyzer does not look into error.c: this tells it that the status comes back. */
#define ddmd_error_set(err, status, ...) (ddmd_error_set((err), (status), __VA_ARGS__), (status))
#endif

/* Put text in front of the message that err holds ("engine openmm: "). No effect on NULL. */
void ddmd_error_prefix(ddmd_error *err, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

#ifdef __cplusplus
}
#endif
#endif
