ddmd_test(physics.openmm SOURCES openmm.c LIBRARIES ddmd_engine PkgConfig::JANSSON m)
