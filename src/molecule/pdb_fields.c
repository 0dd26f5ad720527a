#include "pdb_fields.h"

#include "core/text.h"
#include "elements.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void ddmd_pdb_field(const ddmd_pdb_line *line, size_t first, size_t last,
                    char field[DDMD_PDB_FIELD_SIZE])
{
    size_t start = first - 1, end = last < line->length ? last : line->length;
    while (start < end && line->text[start] == ' ')
        start++;
    while (end > start && line->text[end - 1] == ' ')
        end--;
    size_t n = end > start ? end - start : 0;
    if (n)
        memcpy(field, line->text + start, n);
    field[n] = '\0';
}

char ddmd_pdb_column(const ddmd_pdb_line *line, size_t column)
{
    return column <= line->length ? line->text[column - 1] : ' ';
}

/* Digits with a point: exact, since both the digits and the power of ten are exact doubles. */
static bool plain_number(const char *field, double *value)
{
    static const double powers[] = {1e0, 1e1, 1e2,  1e3,  1e4,  1e5,  1e6,  1e7,
                                    1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15};
    bool negative = *field == '-';
    const char *at = field + (*field == '-' || *field == '+');
    int64_t digits = 0;
    int n = 0, decimals = -1;
    for (; *at; at++) {
        if (*at == '.' && decimals < 0)
            decimals = 0;
        else if (isdigit((unsigned char)*at) && n < 15) {
            digits = digits * 10 + (*at - '0');
            n++;
            decimals += decimals >= 0;
        } else
            return false;
    }
    if (n == 0)
        return false;
    double size = (double)digits / powers[decimals > 0 ? decimals : 0];
    *value = negative ? -size : size;
    return true;
}

bool ddmd_pdb_number(const ddmd_pdb_line *line, size_t first, size_t last, double *value)
{
    char field[DDMD_PDB_FIELD_SIZE];
    ddmd_pdb_field(line, first, last, field);
    if (plain_number(field, value))
        return true;
    return strspn(field, "0123456789.+-eE") == strlen(field) && ddmd_text_to_double(field, value);
}

static bool in_base(const char *field, int base, char letter, int64_t *value)
{
    *value = 0;
    for (const char *at = field; *at; at++) {
        int digit = -1;
        if (isdigit((unsigned char)*at))
            digit = *at - '0';
        else if (*at >= letter && *at <= letter + 25)
            digit = *at - letter + 10;
        if (digit < 0 || digit >= base)
            return false;
        *value = *value * base + digit;
    }
    return true;
}

static int64_t power(int64_t base, int exponent)
{
    int64_t result = 1;
    while (exponent-- > 0)
        result *= base;
    return result;
}

bool ddmd_pdb_count(const char *field, int width, bool *hexadecimal, int32_t *value)
{
    int64_t number;
    size_t length = strlen(field);
    if (length == 0 || length > 8 || length > (size_t)width)
        return false;
    bool full = length == (size_t)width;
    if (isalpha((unsigned char)*field)) {
        char letter = isupper((unsigned char)*field) ? 'A' : 'a';
        if (!full || !in_base(field, 36, letter, &number))
            return false;
        number += power(10, width) + (letter == 'A' ? -10 : 16) * power(36, width - 1);
    } else {
        bool negative = *field == '-';
        const char *digits = field + (*field == '-' || *field == '+');
        if (!*digits)
            return false;
        bool decimal = strspn(digits, "0123456789") == strlen(digits);
        if (decimal && !(*hexadecimal && full && !negative)) {
            if (!in_base(digits, 10, 'a', &number))
                return false;
        } else {
            if (negative ||
                (!in_base(digits, 16, 'a', &number) && !in_base(digits, 16, 'A', &number)))
                return false;
            *hexadecimal = true;
        }
        if (negative)
            number = -number;
    }
    if (number > INT32_MAX)
        return false;
    *value = (int32_t)number;
    return true;
}

bool ddmd_pdb_format_count(int32_t value, int width, char field[DDMD_PDB_FIELD_SIZE])
{
    int64_t number = value, block = 26 * power(36, width - 1);
    if (number < power(10, width) && number > -power(10, width - 1)) {
        snprintf(field, DDMD_PDB_FIELD_SIZE, "%*d", width, value);
        return true;
    }
    number -= power(10, width);
    if (number < 0 || number >= 2 * block)
        return false;
    const char *digits = number < block ? "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                        : "0123456789abcdefghijklmnopqrstuvwxyz";
    number = number % block + 10 * power(36, width - 1);
    field[width] = '\0';
    for (int i = width; i-- > 0; number /= 36)
        field[i] = digits[number % 36];
    return true;
}

/* The symbol of the element that the first n letters of a name spell, or "". */
static const char *symbol_of(const char *name, size_t n)
{
    char symbol[4] = {(char)toupper((unsigned char)name[0])};
    if (n == 2)
        symbol[1] = (char)tolower((unsigned char)name[1]);
    int32_t element = ddmd_element_find(symbol);
    return element > 0 ? ddmd_element_symbol(element) : "";
}

/* Ions as CHARMM calls them. */
static const char *ion_of(const char *name)
{
    static const char ions[][2][4] = {
        {"SOD", "Na"}, {"CLA", "Cl"}, {"POT", "K"},  {"CES", "Cs"},
        {"CAL", "Ca"}, {"LIT", "Li"}, {"RUB", "Rb"}, {"CAD", "Cd"},
    };
    for (size_t i = 0; i < sizeof ions / sizeof *ions; i++)
        if (strcmp(name, ions[i][0]) == 0)
            return ions[i][1];
    return "";
}

const char *ddmd_pdb_guess_element(const char columns[4], bool known, bool alone)
{
    char name[5] = "";
    size_t n = 0;
    for (int i = 0; i < 4; i++)
        if (n || (columns[i] != ' ' && !isdigit((unsigned char)columns[i])))
            name[n++] = columns[i];
    name[n] = '\0';
    while (n && name[n - 1] == ' ')
        name[--n] = '\0';
    if (!isalpha((unsigned char)*name))
        return "";
    if (known)
        return symbol_of(name, 1);

    size_t letters = 0;
    while (isalpha((unsigned char)name[letters]))
        letters++;
    bool two = letters >= 2 && *symbol_of(name, 2);
    if (alone) {
        if (*ion_of(name))
            return ion_of(name);
        return two ? symbol_of(name, 2) : symbol_of(name, 1);
    }
    /* Symbols end in column 14: "FE  " is iron, " NE " nitrogen; "HG11" and such are hydrogens that
     * need the column. */
    bool in_first_column = columns[0] == *name && *name != 'H' && *name != 'h';
    bool halogen = strncasecmp(name, "CL", 2) == 0 || strncasecmp(name, "BR", 2) == 0;
    if (two && (halogen || (in_first_column && letters == 2)))
        return symbol_of(name, 2);
    return symbol_of(name, 1);
}
