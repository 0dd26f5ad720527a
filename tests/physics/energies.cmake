ddmd_test(physics.energies SOURCES energies.c LIBRARIES ddmd_molecule PkgConfig::JANSSON m)
