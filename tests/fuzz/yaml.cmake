ddmd_fuzz(yaml LIBRARIES ddmd_config)
