/* Text that grows, and the small things that error messages need. */
#ifndef DDMD_CORE_TEXT_H
#define DDMD_CORE_TEXT_H

#include "ddmd/error.h"

#include <stdbool.h>
#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Zero-initialised is empty. bytes is always terminated once anything was added. */
typedef struct ddmd_text {
    char *bytes;
    size_t length;
    size_t capacity;
    bool failed; /* an addition ran out of memory; checked once, at the end */
} ddmd_text;

void ddmd_text_add(ddmd_text *text, const char *format, ...) __attribute__((format(printf, 2, 3)));
void ddmd_text_add_bytes(ddmd_text *text, const char *bytes, size_t length);

/* *string takes over the bytes (never NULL; the caller frees), text is empty afterwards. */
enum ddmd_status ddmd_text_take(ddmd_text *text, char **string, ddmd_error *err);
void ddmd_text_clear(ddmd_text *text);

/* A new string from a format; NOMEM leaves *string as it was. */
enum ddmd_status ddmd_text_format(char **string, ddmd_error *err, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/*
 * The candidate nearest to `word` by edit distance (at most a third of its length, and 3), or NULL:
 * "did you mean ...?".
 */
const char *ddmd_text_nearest(const char *word, const char *const *candidates, size_t n);

/*
 * A quantity for people: four significant digits, or the whole number where that has more; no
 * exponent between 0.0001 and 10^18. Returns text.
 */
typedef char ddmd_decimal[32];
const char *ddmd_text_decimal(double value, ddmd_decimal text);

/*
 * Strict numbers: the whole string must be one, in range and finite. Return false otherwise.
 */
bool ddmd_text_to_double(const char *string, double *value);
bool ddmd_text_to_long(const char *string, long *value);

#ifdef __cplusplus
}
#endif
#endif
