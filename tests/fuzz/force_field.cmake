ddmd_fuzz(force_field LIBRARIES ddmd_molecule)
