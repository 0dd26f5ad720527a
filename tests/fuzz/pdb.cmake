ddmd_fuzz(pdb LIBRARIES ddmd_molecule)
