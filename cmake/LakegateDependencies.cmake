# Everything else: Debian's packages, as static archives where it has them, and simdjson.
set(THREADS_PREFER_PTHREAD_FLAG ON)
find_package(Threads REQUIRED)
find_package(nlohmann_json REQUIRED)
find_package(fmt REQUIRED)
find_package(tl-expected REQUIRED)
find_package(CLI11 REQUIRED)
find_package(FastFloat REQUIRED)
find_package(hwy REQUIRED)
if(BUILD_TESTING)
  find_package(GTest REQUIRED)
  find_package(benchmark QUIET)
endif()

# A static archive with its header, under one target name; the shared library only where the
# distribution has no archive. libparquet exports symbols of some of these (OpenSSL, simdjson,
# zstd, ...), so every archive declares it as its own dependency: that makes CMake put it behind
# the archives on each link line, and the program's calls bind to the program's own copy.
function(lakegate_archive target library header)
  cmake_parse_arguments(arg "" "" "LINK" ${ARGN})
  string(MAKE_C_IDENTIFIER "LAKEGATE_${target}" name)
  find_library(${name}_LIBRARY NAMES lib${library}.a ${library} REQUIRED)
  find_path(${name}_INCLUDE "${header}" REQUIRED)
  add_library(${target} UNKNOWN IMPORTED GLOBAL)
  set_target_properties(
    ${target}
    PROPERTIES IMPORTED_LOCATION "${${name}_LIBRARY}"
               INTERFACE_INCLUDE_DIRECTORIES "${${name}_INCLUDE}"
               INTERFACE_LINK_LIBRARIES "${arg_LINK};Parquet::parquet")
endfunction()

lakegate_archive(nettle::nettle nettle nettle/sha2.h)
lakegate_archive(zstd::zstd zstd zstd.h)
lakegate_archive(zlib::zlib z zlib.h)
lakegate_archive(libdeflate::libdeflate deflate libdeflate.h)
lakegate_archive(minizip::minizip minizip minizip/zip.h LINK zlib::zlib)
lakegate_archive(sqlite::sqlite3 sqlite3 sqlite3.h LINK Threads::Threads ${CMAKE_DL_LIBS} m)
lakegate_archive(yaml-cpp::yaml-cpp yaml-cpp yaml-cpp/yaml.h)

# fmt compiled once: with the package's header-only target every source would compile it again. Debian
# has it as a shared library, which a package for Lambda has no use for. What is to be instantiated is
# fmt 9's own list (its src/format.cc, which the package leaves out); another fmt is used as headers.
if(fmt_VERSION VERSION_GREATER_EQUAL 9 AND fmt_VERSION VERSION_LESS 10)
  get_target_property(fmt_include fmt::fmt-header-only INTERFACE_INCLUDE_DIRECTORIES)
  add_library(lakegate_fmt STATIC "${PROJECT_SOURCE_DIR}/cmake/fmt9.cc")
  target_include_directories(lakegate_fmt SYSTEM PUBLIC ${fmt_include})
else()
  add_library(lakegate_fmt INTERFACE)
  target_link_libraries(lakegate_fmt INTERFACE fmt::fmt-header-only)
endif()
add_library(fmt::static ALIAS lakegate_fmt)

# simdjson is compiled into the program: never a shared one (see above).
lakegate_fetch(simdjson "simdjson-${SIMDJSON_VERSION}")
add_library(lakegate_simdjson STATIC "${LAKEGATE_CACHE}/simdjson-${SIMDJSON_VERSION}/simdjson.cpp")
add_library(simdjson::simdjson ALIAS lakegate_simdjson)
target_include_directories(lakegate_simdjson SYSTEM
                           PUBLIC "${LAKEGATE_CACHE}/simdjson-${SIMDJSON_VERSION}")
target_compile_options(lakegate_simdjson PRIVATE -w)
target_link_libraries(lakegate_simdjson INTERFACE Parquet::parquet)

# The AWS Common Runtime: aws::<part> for the parts that the project calls, static archives from the
# cache. Parquet::parquet comes last for the reason above: it exports another libcrypto.
string(TOLOWER "${CMAKE_SYSTEM_PROCESSOR}" awscrt_arch)
if(awscrt_arch STREQUAL "arm64")
  set(awscrt_arch aarch64)
elseif(awscrt_arch STREQUAL "amd64")
  set(awscrt_arch x86_64)
endif()
set(awscrt_folder "awscrt-${AWSCRT_VERSION}-${AWSCRT_BUILD}-${awscrt_arch}")
set(awscrt_root "${LAKEGATE_CACHE}/${awscrt_folder}")
lakegate_fetch("awscrt;${awscrt_arch};${CMAKE_TOOLCHAIN_FILE}" "${awscrt_folder}")
function(lakegate_awscrt part library)
  add_library(aws::${part} STATIC IMPORTED GLOBAL)
  set_target_properties(
    aws::${part}
    PROPERTIES IMPORTED_LOCATION "${awscrt_root}/lib/lib${library}.a"
               INTERFACE_INCLUDE_DIRECTORIES "${awscrt_root}/include"
               INTERFACE_LINK_LIBRARIES "${ARGN};Parquet::parquet")
endfunction()
lakegate_awscrt(crypto crypto Threads::Threads)
lakegate_awscrt(s2n s2n aws::crypto Threads::Threads m)
lakegate_awscrt(common aws-c-common Threads::Threads ${CMAKE_DL_LIBS} m rt)
lakegate_awscrt(sdkutils aws-c-sdkutils aws::common)
lakegate_awscrt(checksums aws-checksums aws::common)
lakegate_awscrt(cal aws-c-cal aws::common aws::crypto)
lakegate_awscrt(io aws-c-io aws::s2n aws::cal aws::common)
lakegate_awscrt(compression aws-c-compression aws::common)
lakegate_awscrt(http aws-c-http aws::io aws::compression)
lakegate_awscrt(auth aws-c-auth aws::http aws::sdkutils)
