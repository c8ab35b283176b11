# Reads tools/versions.env into variables of the same names, and names the cache folder.
set(versions_file "${PROJECT_SOURCE_DIR}/tools/versions.env")
set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS "${versions_file}")
file(STRINGS "${versions_file}" version_lines REGEX "^[A-Z0-9_]+=")
foreach(line IN LISTS version_lines)
  string(REGEX MATCH "^([A-Z0-9_]+)=(.*)$" matched "${line}")
  set(${CMAKE_MATCH_1} "${CMAKE_MATCH_2}")
endforeach()

if(DEFINED ENV{LAKEGATE_CACHE})
  set(LAKEGATE_CACHE "$ENV{LAKEGATE_CACHE}")
else()
  set(LAKEGATE_CACHE "$ENV{HOME}/.cache/lakegate")
endif()

# Puts a pinned download into the cache unless it is there already.
function(lakegate_fetch what folder)
  if(NOT EXISTS "${LAKEGATE_CACHE}/${folder}/.complete")
    execute_process(COMMAND "${PROJECT_SOURCE_DIR}/tools/fetch" ${what}
                    RESULT_VARIABLE failed)
    if(failed)
      message(FATAL_ERROR "tools/fetch ${what} failed (see above). `make setup` installs what it needs.")
    endif()
  endif()
endfunction()
