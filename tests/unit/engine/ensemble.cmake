ddmd_test(unit.engine.ensemble SOURCES ensemble.c LIBRARIES ddmd_engine m)

# Kernel pieces, with the flags that their instruction set is compiled with.
function(ensemble_lanes_test isa)
  string(TOUPPER ${isa} upper)
  ddmd_test(unit.engine.ensemble_${isa} SOURCES ensemble_lanes.c LIBRARIES ddmd_engine m)
  target_compile_definitions(test-unit-engine-ensemble_${isa} PRIVATE DDMD_LANES_${upper}
                                                                      DDMD_TEST_ISA=${isa})
  target_compile_options(test-unit-engine-ensemble_${isa} PRIVATE ${ARGN})
endfunction()

ensemble_lanes_test(plain)
if(CMAKE_SYSTEM_PROCESSOR MATCHES "^(x86_64|AMD64|amd64)$")
  ensemble_lanes_test(avx2 -mavx2 -mfma)
  ensemble_lanes_test(avx512 -mavx512f -mavx512dq -mavx512bw -mavx512vl -mavx2 -mfma
                      -mprefer-vector-width=512)
elseif(CMAKE_SYSTEM_PROCESSOR MATCHES "^(aarch64|arm64|ARM64)$")
  ensemble_lanes_test(neon)
endif()

# For aarch64, with a cross compiler; run where there is qemu. 77: no such compiler.
add_test(NAME unit.engine.ensemble_aarch64
         COMMAND ${PROJECT_SOURCE_DIR}/tests/cross/aarch64 ${PROJECT_SOURCE_DIR})
set_tests_properties(unit.engine.ensemble_aarch64 PROPERTIES
                     LABELS unit TIMEOUT 600 SKIP_RETURN_CODE 77)
