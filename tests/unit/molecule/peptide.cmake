ddmd_test(unit.molecule.peptide SOURCES peptide.c LIBRARIES ddmd_molecule)
ddmd_test(unit.molecule.peptide_geometry SOURCES peptide_geometry.c LIBRARIES ddmd_molecule)
ddmd_test(unit.molecule.bead_chain SOURCES bead_chain.c LIBRARIES ddmd_molecule)
