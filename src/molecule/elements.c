#include "elements.h"

#include <strings.h>

/* In order of mass, which is not quite that of the atomic numbers (Ar and K, Co and Ni, Te and I).
 */
static const char symbols[][4] = {
    "",   "H",  "D",  "He", "Li", "Be", "B",  "C",  "N",  "O",  "F",  "Ne", "Na", "Mg", "Al",
    "Si", "P",  "S",  "Cl", "K",  "Ar", "Ca", "Sc", "Ti", "V",  "Cr", "Mn", "Fe", "Ni", "Co",
    "Cu", "Zn", "Ga", "Ge", "As", "Se", "Br", "Kr", "Rb", "Sr", "Y",  "Zr", "Nb", "Mo", "Tc",
    "Ru", "Rh", "Pd", "Ag", "Cd", "In", "Sn", "Sb", "I",  "Te", "Xe", "Cs", "Ba", "La", "Ce",
    "Pr", "Nd", "Pm", "Sm", "Eu", "Gd", "Tb", "Dy", "Ho", "Er", "Tm", "Yb", "Lu", "Hf", "Ta",
    "W",  "Re", "Os", "Ir", "Pt", "Au", "Hg", "Tl", "Pb", "Bi", "Po", "At", "Rn", "Fr", "Ra",
    "Ac", "Pa", "Th", "Np", "U",  "Am", "Pu", "Cm", "Bk", "Cf", "Es", "Fm", "Md", "No", "Rf",
    "Lr", "Db", "Bh", "Sg", "Mt", "Hs", "Rg", "Ds", "Nh", "Cn", "Mc", "Fl", "Lv", "Ts", "Og",
};

enum { N_SYMBOLS = sizeof symbols / sizeof symbols[0] };

int32_t ddmd_element_find(const char *symbol)
{
    for (int32_t i = 0; i < N_SYMBOLS; i++)
        if (strcasecmp(symbols[i], symbol) == 0)
            return i;
    return -1;
}

const char *ddmd_element_symbol(int32_t element)
{
    return element >= 0 && element < N_SYMBOLS ? symbols[element] : "";
}
