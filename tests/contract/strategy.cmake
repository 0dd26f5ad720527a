ddmd_test(contract.strategy SOURCES strategy.c LIBRARIES ddmd_select m)
