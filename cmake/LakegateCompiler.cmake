# Language, warnings, CPU baseline, sanitizers and ccache for every target of the project.
option(LAKEGATE_SANITIZE "Address and undefined-behaviour sanitizers, and the fuzz targets" OFF)

set(CMAKE_CXX_STANDARD 20)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_CXX_VISIBILITY_PRESET hidden)
set(CMAKE_C_VISIBILITY_PRESET hidden)
set(CMAKE_VISIBILITY_INLINES_HIDDEN ON)
set(CMAKE_POSITION_INDEPENDENT_CODE ON)
set(CMAKE_CXX_SCAN_FOR_MODULES OFF)

# Sections, so that the linker drops what nobody calls (lakegate_executable): packages have a limit.
set(CMAKE_CXX_FLAGS_RELEASE "-O3 -DNDEBUG -ffunction-sections -fdata-sections")
set(CMAKE_CXX_FLAGS_DEBUG "-Og -g -D_GLIBCXX_ASSERTIONS")

find_program(LAKEGATE_CCACHE ccache)
if(LAKEGATE_CCACHE)
  # Paths relative to the clone, so that another clone or build folder hits the same cache.
  set(launcher "${CMAKE_COMMAND}" -E env "CCACHE_BASEDIR=${PROJECT_SOURCE_DIR}" CCACHE_NOHASHDIR=1
               CCACHE_SLOPPINESS=pch_defines,time_macros "${LAKEGATE_CCACHE}")
  set(CMAKE_CXX_COMPILER_LAUNCHER "${launcher}")
  set(CMAKE_C_COMPILER_LAUNCHER "${launcher}")
endif()

# The oldest CPUs of the target machines, never -march=native: users of other builds met SIGILL.
# Wider SIMD hides behind run-time dispatch.
if(CMAKE_SYSTEM_PROCESSOR MATCHES "^(x86_64|AMD64)$")
  add_compile_options(-march=haswell)
elseif(CMAKE_SYSTEM_PROCESSOR MATCHES "^(aarch64|arm64)$")
  # With the AES instructions, which Highway's NEON counts on and all machines with this CPU have.
  add_compile_options(-mcpu=neoverse-n1+crypto)
endif()

if(LAKEGATE_SANITIZE)
  if(NOT CMAKE_CXX_COMPILER_ID MATCHES "Clang")
    message(FATAL_ERROR "libFuzzer comes with clang: configure with `cmake --preset sanitize`.")
  endif()
  # Line numbers are all that reports need; full debug information doubles the time of the build.
  set(CMAKE_CXX_FLAGS_DEBUG "-O1 -gline-tables-only -D_GLIBCXX_ASSERTIONS")
  # vptr and function would need the type information of Arrow's prebuilt libraries.
  add_compile_options(-fsanitize=address,undefined -fno-sanitize=vptr,function
                      -fno-sanitize-recover=all -fno-omit-frame-pointer -fsanitize=fuzzer-no-link)
  add_link_options(-fsanitize=address,undefined)
endif()

# Applied by lakegate_library and its siblings, so that code of others stays out of it.
add_library(lakegate_warnings INTERFACE)
target_compile_options(lakegate_warnings INTERFACE -Wall -Wextra -Wpedantic -Wshadow -Wconversion
                                                   -Wno-sign-conversion
                                                   # A field left out takes its default: wanted.
                                                   -Wno-missing-field-initializers -Werror)
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
  # g++ 12 gives false alarms of these in its own standard library when it optimises.
  target_compile_options(
    lakegate_warnings INTERFACE -Wno-restrict -Wno-maybe-uninitialized -Wno-array-bounds
                                -Wno-stringop-overflow -Wno-stringop-overread
                                -Wno-free-nonheap-object)
endif()
if(CMAKE_CXX_COMPILER_ID MATCHES "Clang")
  # clang 19 blames std::stable_sort of g++ 12's library on whoever calls it; g++ keeps the warning.
  target_compile_options(lakegate_warnings INTERFACE -Wno-deprecated-declarations)
endif()
