#include "ddmd/error.h"

#undef ddmd_error_set /* a macro for the static analyzer */

#include <stdio.h>
#include <string.h>

const char *ddmd_status_name(enum ddmd_status status)
{
    switch (status) {
#define CASE(name, number, phrase) \
    case DDMD_##name:              \
        return #name;
        DDMD_STATUS_MAP(CASE)
#undef CASE
    }
    return "UNKNOWN";
}

const char *ddmd_status_phrase(enum ddmd_status status)
{
    switch (status) {
#define CASE(name, number, phrase) \
    case DDMD_##name:              \
        return phrase;
        DDMD_STATUS_MAP(CASE)
#undef CASE
    }
    return "unknown status";
}

enum ddmd_status ddmd_error_setv(ddmd_error *err, enum ddmd_status status, const char *format,
                                 va_list args)
{
    if (err) {
        err->status = status;
        vsnprintf(err->message, sizeof err->message, format, args);
    }
    return status;
}

enum ddmd_status ddmd_error_set(ddmd_error *err, enum ddmd_status status, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    ddmd_error_setv(err, status, format, args);
    va_end(args);
    return status;
}

void ddmd_error_prefix(ddmd_error *err, const char *format, ...)
{
    if (!err)
        return;
    char rest[DDMD_ERROR_MESSAGE_SIZE];
    memcpy(rest, err->message, sizeof rest);

    va_list args;
    va_start(args, format);
    vsnprintf(err->message, sizeof err->message, format, args);
    va_end(args);

    size_t used = strlen(err->message);
    snprintf(err->message + used, sizeof err->message - used, "%s", rest);
}
