# Every library that ddmd links, found once. Where one is missing, the message names the Debian
# package that brings it; ./packages.txt lists them all for demo.sh, test.sh and CI.

find_package(PkgConfig REQUIRED)
find_package(Threads REQUIRED)

# ddmd_need(PREFIX MODULE PACKAGE): a pkg-config module as target PkgConfig::PREFIX.
macro(ddmd_need prefix module package)
  pkg_check_modules(${prefix} IMPORTED_TARGET QUIET ${module})
  if(NOT ${prefix}_FOUND)
    message(FATAL_ERROR "${module} was not found: install the package ${package} "
                        "(Debian, Ubuntu: apt-get install ${package})")
  endif()
endmacro()

ddmd_need(XML2 libxml-2.0 libxml2-dev)
ddmd_need(SQLITE sqlite3 libsqlite3-dev)
ddmd_need(YAML yaml-0.1 libyaml-dev)
ddmd_need(JANSSON jansson libjansson-dev)
ddmd_need(ZMQ libzmq libzmq3-dev)

find_package(HDF5 QUIET COMPONENTS C HL)
if(NOT HDF5_FOUND)
  message(FATAL_ERROR "HDF5 was not found: install the package libhdf5-dev")
endif()

find_path(DNNL_INCLUDE_DIR oneapi/dnnl/dnnl.h)
find_library(DNNL_LIBRARY NAMES dnnl)
if(NOT DNNL_INCLUDE_DIR OR NOT DNNL_LIBRARY)
  message(FATAL_ERROR "oneDNN was not found: install the package libdnnl-dev")
endif()

# OpenMM is optional: without it the engine `openmm` still has its name and says what to install.
find_path(OPENMM_INCLUDE_DIR OpenMM.h)
find_library(OPENMM_LIBRARY NAMES OpenMM)
if(OPENMM_INCLUDE_DIR AND OPENMM_LIBRARY)
  set(DDMD_HAVE_OPENMM ON)
else()
  set(DDMD_HAVE_OPENMM OFF)
  message(STATUS "OpenMM was not found: engine openmm is left out "
                 "(install libopenmm-dev and libopenmm-plugins to have it)")
endif()

