# Arrow::arrow and Parquet::parquet, whichever way they come: a CMake package of the system
# (distribution, Homebrew, vcpkg, conda), or else the pinned PyPI wheel in the cache.
find_package(Arrow CONFIG QUIET)
find_package(Parquet CONFIG QUIET)

if(Arrow_FOUND AND Parquet_FOUND)
  if(NOT TARGET Arrow::arrow)
    add_library(Arrow::arrow ALIAS Arrow::arrow_shared)
  endif()
  if(NOT TARGET Parquet::parquet)
    add_library(Parquet::parquet ALIAS Parquet::parquet_shared)
  endif()
  message(STATUS "Arrow ${Arrow_VERSION} from ${Arrow_DIR}")
else()
  string(TOLOWER "${CMAKE_SYSTEM_PROCESSOR}" arrow_arch)
  if(arrow_arch STREQUAL "arm64")
    set(arrow_arch aarch64)
  endif()
  lakegate_fetch("arrow;${arrow_arch}" "arrow-${ARROW_VERSION}-${arrow_arch}")
  set(arrow_root "${LAKEGATE_CACHE}/arrow-${ARROW_VERSION}-${arrow_arch}/pyarrow")

  add_library(Arrow::arrow SHARED IMPORTED)
  set_target_properties(
    Arrow::arrow
    PROPERTIES IMPORTED_LOCATION "${arrow_root}/libarrow.so.${ARROW_SO_VERSION}"
               INTERFACE_INCLUDE_DIRECTORIES "${arrow_root}/include"
               INTERFACE_SYSTEM_INCLUDE_DIRECTORIES "${arrow_root}/include")
  add_library(Parquet::parquet SHARED IMPORTED)
  set_target_properties(
    Parquet::parquet
    PROPERTIES IMPORTED_LOCATION "${arrow_root}/libparquet.so.${ARROW_SO_VERSION}"
               INTERFACE_INCLUDE_DIRECTORIES "${arrow_root}/include"
               INTERFACE_SYSTEM_INCLUDE_DIRECTORIES "${arrow_root}/include"
               INTERFACE_LINK_LIBRARIES Arrow::arrow)
  message(STATUS "Arrow ${ARROW_VERSION} from the pinned wheel")
endif()
