foreach(name force_field force_field_find template system_terms system_openmm energy
             bead_chain_system)
  ddmd_test(unit.molecule.${name} SOURCES ${name}.c toy_molecule.c LIBRARIES ddmd_molecule m)
endforeach()
