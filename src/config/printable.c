#include "config/printable.h"

#include <stdint.h>

/* The next character, or -1 where the bytes are no UTF-8; *text is moved behind it. */
static int32_t next_character(const unsigned char **text)
{
    static const int32_t least[] = {0, 0x80, 0x800, 0x10000};
    const unsigned char *t = *text;
    int more = *t < 0x80 ? 0 : *t >> 5 == 6 ? 1 : *t >> 4 == 14 ? 2 : *t >> 3 == 30 ? 3 : -1;
    if (more < 0)
        return -1;
    int32_t character = more == 0 ? *t : *t & (0x3F >> more);
    for (int i = 1; i <= more; i++) {
        if (t[i] >> 6 != 2)
            return -1;
        character = character << 6 | (t[i] & 0x3F);
    }
    *text = t + more + 1;
    bool surrogate = character >= 0xD800 && character <= 0xDFFF;
    return character < least[more] || character > 0x10FFFF || surrogate ? -1 : character;
}

/* Whether the next character may be shown; *text is moved behind it, or by a byte where not. */
static bool step(const unsigned char **text)
{
    const unsigned char *start = *text;
    int32_t c = next_character(text);
    bool control = c < 0x20 || (c >= 0x7F && c < 0xA0); /* -1 too */
    bool special = c == 0x2028 || c == 0x2029 || c == 0xFEFF || c == 0xFFFE || c == 0xFFFF;
    if (control || special)
        *text = start + 1;
    return !control && !special;
}

bool ddmd_text_is_printable(const char *text)
{
    for (const unsigned char *t = (const unsigned char *)text; *t;)
        if (!step(&t))
            return false;
    return true;
}

void ddmd_text_make_printable(char *text)
{
    for (const unsigned char *t = (const unsigned char *)text; *t;) {
        size_t at = (size_t)((const char *)t - text);
        if (!step(&t))
            text[at] = '?';
    }
}
