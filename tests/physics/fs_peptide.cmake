ddmd_test(physics.fs_peptide SOURCES fs_peptide.c sampling.c LIBRARIES ddmd_engine m)
# Two to four minutes of one core, which may be shared.
set_tests_properties(physics.fs_peptide PROPERTIES TIMEOUT 3600)
