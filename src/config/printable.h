/* Text that can be shown on a terminal and stand between double quotes in YAML, as it is. */
#ifndef DDMD_CONFIG_PRINTABLE_H
#define DDMD_CONFIG_PRINTABLE_H

#include <stdbool.h>
#include <stddef.h>

/* Whether it is UTF-8 without control characters, line separators and byte-order marks. */
bool ddmd_text_is_printable(const char *text);

/* Put '?' for each byte of what is not. */
void ddmd_text_make_printable(char *text);

#endif
