ddmd_test(physics.ensemble SOURCES ensemble.c LIBRARIES ddmd_engine m)
