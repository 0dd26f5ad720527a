ddmd_fuzz(message LIBRARIES ddmd_stream)
