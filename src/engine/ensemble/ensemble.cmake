# The kernels are compiled once for each instruction set; kernels.c chooses at run time.
set(kernels ensemble/kernel_step.c ensemble/kernel_stars.c ensemble/kernel_born.c
            ensemble/kernel_pairs.c ensemble/kernel_bonded.c)

# ensemble_kernels(ISA flags...): the kernels for one instruction set.
function(ensemble_kernels isa)
  string(TOUPPER ${isa} upper)
  add_library(ddmd_ensemble_${isa} OBJECT ${kernels})
  target_include_directories(ddmd_ensemble_${isa} PRIVATE ${PROJECT_SOURCE_DIR}/include
                                                          ${PROJECT_SOURCE_DIR}/src)
  target_compile_definitions(ddmd_ensemble_${isa} PRIVATE DDMD_LANES_${upper})
  target_compile_options(ddmd_ensemble_${isa} PRIVATE ${ARGN})
  target_sources(ddmd_engine PRIVATE $<TARGET_OBJECTS:ddmd_ensemble_${isa}>)
endfunction()

target_sources(ddmd_engine PRIVATE ensemble/ensemble.c ensemble/group.c ensemble/hct_fit.c
                                   ensemble/kernels.c ensemble/minimize.c ensemble/model.c
                                   ensemble/model_bonded.c ensemble/model_pairs.c)
ensemble_kernels(plain)
if(CMAKE_SYSTEM_PROCESSOR MATCHES "^(x86_64|AMD64|amd64)$")
  ensemble_kernels(avx2 -mavx2 -mfma)
  ensemble_kernels(avx512 -mavx512f -mavx512dq -mavx512bw -mavx512vl -mavx2 -mfma
                   -mprefer-vector-width=512)
  target_compile_definitions(ddmd_engine PRIVATE DDMD_ENSEMBLE_X86)
elseif(CMAKE_SYSTEM_PROCESSOR MATCHES "^(aarch64|arm64|ARM64)$")
  ensemble_kernels(neon)
  target_compile_definitions(ddmd_engine PRIVATE DDMD_ENSEMBLE_NEON)
endif()
