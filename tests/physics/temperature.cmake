ddmd_test(physics.temperature SOURCES temperature.c sampling.c LIBRARIES ddmd_engine m)
# Two to three minutes of one core, which may be shared.
set_tests_properties(physics.temperature PROPERTIES TIMEOUT 3600)
