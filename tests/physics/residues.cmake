ddmd_test(physics.residues SOURCES residues.c LIBRARIES ddmd_molecule m)
