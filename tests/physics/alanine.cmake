ddmd_test(physics.alanine SOURCES alanine.c sampling.c LIBRARIES ddmd_engine m)
# Two to three minutes of one core, which may be shared.
set_tests_properties(physics.alanine PROPERTIES TIMEOUT 3600)
