#include "core/text.h"

#include <ctype.h>
#include <errno.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool make_room(ddmd_text *text, size_t extra)
{
    size_t needed = text->length + extra + 1;
    if (needed <= text->capacity)
        return true;
    size_t wanted = text->capacity ? text->capacity * 2 : 256;
    if (wanted < needed)
        wanted = needed;
    char *bytes = realloc(text->bytes, wanted);
    if (!bytes) {
        text->failed = true;
        return false;
    }
    text->bytes = bytes;
    text->capacity = wanted;
    return true;
}

void ddmd_text_add_bytes(ddmd_text *text, const char *bytes, size_t length)
{
    if (text->failed || !make_room(text, length))
        return;
    memcpy(text->bytes + text->length, bytes, length);
    text->length += length;
    text->bytes[text->length] = '\0';
}

static void addv(ddmd_text *text, const char *format, va_list args)
{
    va_list again;
    va_copy(again, args);
    int length = vsnprintf(NULL, 0, format, args);
    if (length < 0)
        text->failed = true;
    else if (!text->failed && make_room(text, (size_t)length)) {
        vsnprintf(text->bytes + text->length, (size_t)length + 1, format, again);
        text->length += (size_t)length;
    }
    va_end(again);
}

void ddmd_text_add(ddmd_text *text, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    addv(text, format, args);
    va_end(args);
}

enum ddmd_status ddmd_text_take(ddmd_text *text, char **string, ddmd_error *err)
{
    if (!text->failed && !text->bytes)
        ddmd_text_add_bytes(text, "", 0);
    if (text->failed) {
        ddmd_text_clear(text);
        return ddmd_error_set(err, DDMD_NOMEM, "out of memory for text");
    }
    *string = text->bytes;
    *text = (ddmd_text){0};
    return DDMD_OK;
}

void ddmd_text_clear(ddmd_text *text)
{
    free(text->bytes);
    *text = (ddmd_text){0};
}

enum ddmd_status ddmd_text_format(char **string, ddmd_error *err, const char *format, ...)
{
    ddmd_text text = {0};
    va_list args;
    va_start(args, format);
    addv(&text, format, args);
    va_end(args);
    return ddmd_text_take(&text, string, err);
}

/* Edit distance with insertions, deletions, substitutions and swaps of neighbours; 64 for words
 * longer than that. */
static size_t edit_distance(const char *a, const char *b)
{
    enum { MAX = 64 };
    size_t la = strlen(a), lb = strlen(b);
    if (la >= MAX || lb >= MAX)
        return MAX;
    size_t d[3][MAX + 1];
    for (size_t j = 0; j <= lb; j++)
        d[0][j] = j;
    for (size_t i = 1; i <= la; i++) {
        size_t *row = d[i % 3], *above = d[(i + 2) % 3], *above2 = d[(i + 1) % 3];
        row[0] = i;
        for (size_t j = 1; j <= lb; j++) {
            int ca = tolower((unsigned char)a[i - 1]), cb = tolower((unsigned char)b[j - 1]);
            size_t best = above[j - 1] + (ca != cb);
            if (above[j] + 1 < best)
                best = above[j] + 1;
            if (row[j - 1] + 1 < best)
                best = row[j - 1] + 1;
            if (i > 1 && j > 1 && ca == tolower((unsigned char)b[j - 2]) &&
                tolower((unsigned char)a[i - 2]) == cb && above2[j - 2] + 1 < best)
                best = above2[j - 2] + 1;
            row[j] = best;
        }
    }
    return d[la % 3][lb];
}

const char *ddmd_text_nearest(const char *word, const char *const *candidates, size_t n)
{
    size_t limit = strlen(word) / 3 + 1;
    if (limit > 3)
        limit = 3;
    const char *best = NULL;
    size_t best_distance = limit + 1;
    for (size_t i = 0; i < n; i++) {
        size_t distance = edit_distance(word, candidates[i]);
        if (distance < best_distance) {
            best = candidates[i];
            best_distance = distance;
        }
    }
    return best;
}

bool ddmd_text_to_double(const char *string, double *value)
{
    if (!*string || isspace((unsigned char)*string))
        return false;
    char *end;
    double v = strtod(string, &end);
    if (*end || !isfinite(v))
        return false;
    *value = v;
    return true;
}

bool ddmd_text_to_long(const char *string, long *value)
{
    if (!*string || isspace((unsigned char)*string))
        return false;
    char *end;
    errno = 0;
    long v = strtol(string, &end, 10);
    if (*end || errno)
        return false;
    *value = v;
    return true;
}

const char *ddmd_text_decimal(double value, ddmd_decimal text)
{
    bool whole = fabs(value) >= 9999.5 && fabs(value) < 1e18;
    snprintf(text, sizeof(ddmd_decimal), whole ? "%.0f" : "%.4g", value);
    return text;
}
