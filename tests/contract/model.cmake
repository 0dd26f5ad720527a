ddmd_test(contract.model SOURCES model.c LIBRARIES ddmd_model)
