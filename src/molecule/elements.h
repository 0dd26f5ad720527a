/* Chemical elements by symbol, as numbers that are ordered by atomic mass. */
#ifndef DDMD_MOLECULE_ELEMENTS_H
#define DDMD_MOLECULE_ELEMENTS_H

#include <stddef.h>
#include <stdint.h>

enum {
    DDMD_ELEMENT_NONE = 0, /* "": not known, or no element at all */
    DDMD_ELEMENT_HYDROGEN = 1,
    DDMD_ELEMENT_CARBON = 7
};

/* The number of "Cl" or "CL"; -1 where there is no such element. */
int32_t ddmd_element_find(const char *symbol);

/* "Cl"; "" for DDMD_ELEMENT_NONE. */
const char *ddmd_element_symbol(int32_t element);

#endif
