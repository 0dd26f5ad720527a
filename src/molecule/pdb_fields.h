/* The fields of PDB records: fixed columns, counted from 1 as in the format's description. */
#ifndef DDMD_MOLECULE_PDB_FIELDS_H
#define DDMD_MOLECULE_PDB_FIELDS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct ddmd_pdb_line {
    const char *text; /* without its line end */
    size_t length;
    int32_t number; /* from 1 */
} ddmd_pdb_line;

enum { DDMD_PDB_FIELD_SIZE = 17 };

/* Columns first .. last (at most 16) without the blanks around them; "" beyond the line's end. */
void ddmd_pdb_field(const ddmd_pdb_line *line, size_t first, size_t last,
                    char field[DDMD_PDB_FIELD_SIZE]);

/* One column; ' ' beyond the line's end. */
char ddmd_pdb_column(const ddmd_pdb_line *line, size_t column);

/* A decimal number that fills the columns but for blanks; false where there is none. */
bool ddmd_pdb_number(const ddmd_pdb_line *line, size_t first, size_t last, double *value);

/*
 * A counting number of `width` columns, trimmed: decimal; hybrid-36 ("A000" is 10000, as cctbx
 * writes it); or hexadecimal, which VMD turns to when the columns are full: *hexadecimal is set
 * when the first such number is met and holds for those that follow.
 */
bool ddmd_pdb_count(const char *field, int width, bool *hexadecimal, int32_t *value);

/* The same number in `width` columns, hybrid-36 where it is too large; false beyond that. */
bool ddmd_pdb_format_count(int32_t value, int width, char field[DDMD_PDB_FIELD_SIZE]);

/* The element of an atom by its name in the file (four columns), where the columns for it say
 * nothing: "" where it cannot be told. known: the residue is one of residue_bonds.h. */
const char *ddmd_pdb_guess_element(const char columns[4], bool known, bool alone);

#endif
