ddmd_test(physics.frame_velocities SOURCES frame_velocities.c sampling.c LIBRARIES ddmd_engine m)
