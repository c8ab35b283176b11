# The project's own target functions. They glob, so that a new source file needs no edit here.
include(GoogleTest)

# Most of a compilation is headers and the templates that they bring, so sources of one target are
# compiled some at a time: a third of the work. OFF (preset debug): each one alone, which is quicker
# after an edit and shows which source lacks an include.
option(LAKEGATE_UNITY "Compile the sources of a target some at a time" ON)
function(lakegate_unity target)
  if(LAKEGATE_UNITY)
    set_target_properties(${target} PROPERTIES UNITY_BUILD ON UNITY_BUILD_BATCH_SIZE 8)
  endif()
endfunction()

# Of the sanitizers' build, only what they are to look at for long is worth an optimiser's time.
function(lakegate_quick target)
  if(LAKEGATE_SANITIZE)
    target_compile_options(${target} PRIVATE -O0)
  endif()
endfunction()

# What `ctest -L 'unit|fuzz'` runs, and tools/fuzz.
add_custom_target(unit_tests)

# What every executable of the project needs on its link line.
function(lakegate_executable target)
  target_link_libraries(${target} PRIVATE lakegate_warnings)
  target_link_options(${target} PRIVATE -Wl,--as-needed $<$<CONFIG:Release>:-Wl,--gc-sections>)
  # Static archives stay private to the program (see LakegateDependencies). Not so the sanitizers'
  # own archive: its malloc must serve the shared libraries too.
  if(NOT LAKEGATE_SANITIZE)
    target_link_options(${target} PRIVATE -Wl,--exclude-libs,ALL)
  endif()
endfunction()

# lakegate_library(<folder> [SMALL] [DEPS target...])
# The static library lakegate_<folder> of all *.cc under src/<folder>; headers only, as long as
# there is no source. Include paths start at src/. SMALL: nothing in it runs once a row or a request,
# so a release compiles it for size (a function's package has a limit).
function(lakegate_library folder)
  cmake_parse_arguments(arg "SMALL" "" "DEPS" ${ARGN})
  file(GLOB_RECURSE sources CONFIGURE_DEPENDS "${PROJECT_SOURCE_DIR}/src/${folder}/*.cc")
  set(target lakegate_${folder})
  if(sources)
    add_library(${target} STATIC ${sources})
    target_include_directories(${target} PUBLIC "${PROJECT_SOURCE_DIR}/src")
    target_link_libraries(${target} PUBLIC ${arg_DEPS} PRIVATE lakegate_warnings)
    if(arg_SMALL)
      target_compile_options(${target} PRIVATE $<$<CONFIG:Release>:-Os>)
      lakegate_quick(${target})
    endif()
    lakegate_unity(${target})
  else()
    add_library(${target} INTERFACE)
    target_include_directories(${target} INTERFACE "${PROJECT_SOURCE_DIR}/src")
    target_link_libraries(${target} INTERFACE ${arg_DEPS})
  endif()
endfunction()

# lakegate_test(<folder> [DEPS target...])
# The GoogleTest executable <folder>_test of all *.cc under tests/unit/<folder>, linked with
# lakegate_<folder>. LAKEGATE_CASES_DIR is the path of tests/cases; include paths start at src/
# and tests/.
function(lakegate_test folder)
  if(NOT BUILD_TESTING)
    return()
  endif()
  cmake_parse_arguments(arg "" "" "DEPS" ${ARGN})
  file(GLOB_RECURSE sources CONFIGURE_DEPENDS "${PROJECT_SOURCE_DIR}/tests/unit/${folder}/*.cc")
  if(NOT sources)
    return()
  endif()
  set(target ${folder}_test)
  add_executable(${target} ${sources})
  target_include_directories(${target} PRIVATE "${PROJECT_SOURCE_DIR}/tests")
  target_compile_definitions(${target}
                             PRIVATE LAKEGATE_CASES_DIR="${PROJECT_SOURCE_DIR}/tests/cases")
  target_link_libraries(${target} PRIVATE lakegate_${folder} ${arg_DEPS} GTest::gmock
                                          GTest::gtest_main)
  lakegate_executable(${target})
  lakegate_unity(${target})
  lakegate_quick(${target})
  set_target_properties(${target} PROPERTIES RUNTIME_OUTPUT_DIRECTORY "${PROJECT_BINARY_DIR}/tests")
  # One ctest a test executable: it starts once, and gtest names the case that fails.
  add_test(NAME unit.${folder} COMMAND ${target})
  add_dependencies(unit_tests ${target})
  set_tests_properties(unit.${folder} PROPERTIES LABELS unit TIMEOUT 600 ENVIRONMENT
                                                 "${LAKEGATE_TEST_ENVIRONMENT}")
endfunction()

# lakegate_server_test(<name> SERVERS s3|dynamodb|moto|emulator... [DEPS target...])
# The GoogleTest executable <name>_server_test of all *.cc under tests/contract/<name>, run as the test
# servers.<name> with these real servers beside it: tools/with_servers says which variables name them
# (AWS_ENDPOINT_URL_S3, LAKEGATE_TEST_BUCKET, ...). By hand, one case:
#   tools/with_servers s3 -- build/release/tests/s3_server_test --gtest_filter='*Lists*'
function(lakegate_server_test name)
  if(NOT BUILD_TESTING)
    return()
  endif()
  cmake_parse_arguments(arg "" "" "SERVERS;DEPS" ${ARGN})
  file(GLOB_RECURSE sources CONFIGURE_DEPENDS "${PROJECT_SOURCE_DIR}/tests/contract/${name}/*.cc")
  if(NOT sources)
    return()
  endif()
  set(target ${name}_server_test)
  add_executable(${target} ${sources})
  target_include_directories(${target} PRIVATE "${PROJECT_SOURCE_DIR}/tests")
  target_link_libraries(${target} PRIVATE ${arg_DEPS} GTest::gmock GTest::gtest_main)
  lakegate_executable(${target})
  lakegate_unity(${target})
  lakegate_quick(${target})
  set_target_properties(${target} PROPERTIES RUNTIME_OUTPUT_DIRECTORY "${PROJECT_BINARY_DIR}/tests")
  add_test(NAME servers.${name} COMMAND "${PROJECT_SOURCE_DIR}/tools/with_servers" ${arg_SERVERS} --
                                        $<TARGET_FILE:${target}>)
  set_tests_properties(servers.${name} PROPERTIES LABELS servers TIMEOUT 900 ENVIRONMENT
                                                  "${LAKEGATE_TEST_ENVIRONMENT}")
endfunction()

# lakegate_fuzz_target(<name> [DEPS target...])
# tests/fuzz/<name>_fuzz.cc with its corpus in tests/fuzz/corpus/<name>/. The sanitize preset links
# libFuzzer; the others link a stand-in. In both the corpus is replayed as the test fuzz.<name>, so
# that what was found once stays repaired.
function(lakegate_fuzz_target name)
  cmake_parse_arguments(arg "" "" "DEPS" ${ARGN})
  set(target ${name}_fuzz)
  set(folder "${PROJECT_SOURCE_DIR}/tests/fuzz")
  if(LAKEGATE_SANITIZE)
    add_executable(${target} "${folder}/${name}_fuzz.cc")
    target_link_options(${target} PRIVATE -fsanitize=fuzzer)
    set(replay ${target} -runs=0 "${folder}/corpus/${name}")
  else()
    add_executable(${target} "${folder}/${name}_fuzz.cc" "${folder}/replay/replay.cc")
    set(replay ${target} "${folder}/corpus/${name}")
  endif()
  target_include_directories(${target} PRIVATE "${PROJECT_SOURCE_DIR}/tests")
  target_link_libraries(${target} PRIVATE ${arg_DEPS})
  lakegate_executable(${target})
  set_target_properties(${target} PROPERTIES RUNTIME_OUTPUT_DIRECTORY "${PROJECT_BINARY_DIR}/fuzz")
  add_test(NAME fuzz.${name} COMMAND ${replay})
  add_dependencies(unit_tests ${target})
  set_tests_properties(fuzz.${name} PROPERTIES LABELS fuzz TIMEOUT 300 ENVIRONMENT
                                               "${LAKEGATE_TEST_ENVIRONMENT}")
endfunction()

# Environment of every test: where the real data is, and an allocator that sanitizers can see.
set(LAKEGATE_TEST_ENVIRONMENT "")
if(DEFINED ENV{LAKEGATE_REALDATA})
  list(APPEND LAKEGATE_TEST_ENVIRONMENT "LAKEGATE_REALDATA=$ENV{LAKEGATE_REALDATA}")
elseif(EXISTS "${PROJECT_SOURCE_DIR}/../shared/data")
  get_filename_component(realdata "${PROJECT_SOURCE_DIR}/../shared/data" ABSOLUTE)
  list(APPEND LAKEGATE_TEST_ENVIRONMENT "LAKEGATE_REALDATA=${realdata}")
endif()
if(LAKEGATE_SANITIZE)
  list(APPEND LAKEGATE_TEST_ENVIRONMENT "ARROW_DEFAULT_MEMORY_POOL=system"
       "ASAN_OPTIONS=detect_stack_use_after_return=1:strict_string_checks=1"
       "UBSAN_OPTIONS=print_stacktrace=1")
endif()
