ddmd_test(contract.engine
          SOURCES engine.c engine_states.c engine_dynamics.c engine_energy.c engine_systems.c
          LIBRARIES ddmd_engine)
