# ferrum_test(<name> SOURCES ... LINKS ... [LABELS ...] [TIMEOUT s])
# One GoogleTest binary, registered test by test with ctest.
include(GoogleTest)

# Waits are this many times longer: under a sanitizer all is slower, and no test measures time.
set(FERRUM_TIME_FACTOR 1)
if(FERRUM_SANITIZE)
  set(FERRUM_TIME_FACTOR 10)
endif()

function(ferrum_test name)
  if(NOT BUILD_TESTING)
    return()
  endif()
  cmake_parse_arguments(T "" "TIMEOUT" "SOURCES;LINKS;LABELS" ${ARGN})
  if(NOT T_TIMEOUT)
    set(T_TIMEOUT 300)
  endif()
  math(EXPR T_TIMEOUT "${T_TIMEOUT} * ${FERRUM_TIME_FACTOR}")
  add_executable(${name} ${T_SOURCES})
  target_include_directories(${name} PRIVATE ${PROJECT_SOURCE_DIR}/src ${PROJECT_SOURCE_DIR}/tests)
  target_compile_definitions(${name} PRIVATE FERRUM_SOURCE_DIR="${PROJECT_SOURCE_DIR}")
  target_link_libraries(${name} PRIVATE ${T_LINKS} GTest::gtest_main GTest::gmock)
  # One ctest entry per binary: thousands of parametrised cases as processes would cost minutes.
  add_test(NAME ${name} COMMAND ${name} --gtest_brief=1)
  # Nothing of the user's is touched.
  set_tests_properties(${name} PROPERTIES TIMEOUT ${T_TIMEOUT} LABELS "${T_LABELS}"
                       ENVIRONMENT "FERRUM_CACHE=${CMAKE_BINARY_DIR}/test_cache")
endfunction()
