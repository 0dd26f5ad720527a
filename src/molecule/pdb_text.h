#ifndef DDMD_MOLECULE_PDB_TEXT_H
#define DDMD_MOLECULE_PDB_TEXT_H

#include "core/text.h"
#include "ddmd/structure.h"

/* What ddmd_structure_write_pdb writes, added to text. */
enum ddmd_status ddmd_pdb_format(const ddmd_structure *structure, const double *positions,
                                 int32_t n_models, ddmd_text *text, ddmd_error *err);

#endif
