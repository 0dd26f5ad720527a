# Language level, warnings and sanitizers for every target of the project.

set(CMAKE_C_STANDARD 11)
set(CMAKE_C_EXTENSIONS ON)
set(CMAKE_CXX_STANDARD 17)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_POSITION_INDEPENDENT_CODE ON)

if(NOT CMAKE_BUILD_TYPE)
  set(CMAKE_BUILD_TYPE Release)
endif()

option(DDMD_WERROR "Treat compiler warnings as errors (CI does)" OFF)
set(DDMD_SANITIZE "" CACHE STRING "Comma-separated sanitizers, e.g. address,undefined or thread")

# -ffp-contract=off: the same source gives the same bits whether or not the compiler could fuse a
# multiply with an add; kernels ask for fused operations by name where they want them.
add_compile_options(-Wall -Wextra -Wvla -Wpointer-arith -ffp-contract=off -fno-math-errno)
add_compile_options($<$<COMPILE_LANGUAGE:C>:-Wstrict-prototypes>
                    $<$<COMPILE_LANGUAGE:C>:-Wmissing-prototypes>)
if(DDMD_WERROR)
  add_compile_options(-Werror)
endif()
set(CMAKE_C_FLAGS_RELEASE "-O3 -g -DNDEBUG")
set(CMAKE_CXX_FLAGS_RELEASE "-O2 -g -DNDEBUG")
set(CMAKE_C_FLAGS_DEBUG "-O1 -g")
set(CMAKE_CXX_FLAGS_DEBUG "-O1 -g")

if(DDMD_SANITIZE)
  add_compile_options(-fsanitize=${DDMD_SANITIZE} -fno-sanitize-recover=all -fno-omit-frame-pointer)
  add_link_options(-fsanitize=${DDMD_SANITIZE})
endif()

add_compile_definitions(_GNU_SOURCE)

# ddmd_library(NAME SOURCES... ): the static library ddmd_NAME of one source folder.
function(ddmd_library name)
  add_library(ddmd_${name} STATIC ${ARGN})
  target_include_directories(ddmd_${name} PUBLIC ${PROJECT_SOURCE_DIR}/include
                                                 ${PROJECT_SOURCE_DIR}/src)
endfunction()
