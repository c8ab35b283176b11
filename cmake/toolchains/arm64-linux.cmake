# Builds for arm64 on another machine: Debian's cross compiler with a folder of arm64 libraries and
# headers beside it. `tools/setup arm64` installs the one and fetches the other.
set(CMAKE_SYSTEM_NAME Linux)
set(CMAKE_SYSTEM_PROCESSOR aarch64)
set(CMAKE_C_COMPILER aarch64-linux-gnu-gcc)
set(CMAKE_CXX_COMPILER aarch64-linux-gnu-g++)
set(CMAKE_LIBRARY_ARCHITECTURE aarch64-linux-gnu)

if(DEFINED ENV{LAKEGATE_CACHE})
  set(cache "$ENV{LAKEGATE_CACHE}")
else()
  set(cache "$ENV{HOME}/.cache/lakegate")
endif()
set(CMAKE_SYSROOT "${cache}/sysroot-arm64")
if(NOT EXISTS "${CMAKE_SYSROOT}/.complete")
  message(FATAL_ERROR "The libraries for arm64 are not there; run: tools/setup arm64")
endif()

# Programs are the machine's own; what is compiled in or linked comes from the cache alone.
set(CMAKE_FIND_ROOT_PATH "${cache}")
set(CMAKE_FIND_ROOT_PATH_MODE_PROGRAM NEVER)
set(CMAKE_FIND_ROOT_PATH_MODE_LIBRARY ONLY)
set(CMAKE_FIND_ROOT_PATH_MODE_INCLUDE ONLY)
set(CMAKE_FIND_ROOT_PATH_MODE_PACKAGE ONLY)
