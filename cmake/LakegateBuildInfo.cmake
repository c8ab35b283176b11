# build_info.h in the build tree: what `lakegate --version` tells about this build.
string(TOLOWER "${CMAKE_SYSTEM_PROCESSOR}-${CMAKE_SYSTEM_NAME}" LAKEGATE_TARGET)
configure_file("${PROJECT_SOURCE_DIR}/cmake/build_info.h.in"
               "${PROJECT_BINARY_DIR}/build_info/build_info.h" @ONLY)
add_library(lakegate_build_info INTERFACE)
target_include_directories(lakegate_build_info INTERFACE "${PROJECT_BINARY_DIR}/build_info")
