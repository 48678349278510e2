# Compiler settings that hold for every target.

set(CMAKE_CXX_STANDARD 20)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_POSITION_INDEPENDENT_CODE ON)

if(NOT CMAKE_BUILD_TYPE)
  set(CMAKE_BUILD_TYPE Release CACHE STRING "" FORCE)
endif()
# Assertions stay on where developers build; the default of this build type turns them off.
set(CMAKE_CXX_FLAGS_RELWITHDEBINFO "-O2 -g")
set(CMAKE_C_FLAGS_RELWITHDEBINFO "-O2 -g")

find_program(FERRUM_CCACHE ccache)
if(FERRUM_CCACHE AND NOT CMAKE_CXX_COMPILER_LAUNCHER)
  set(CMAKE_CXX_COMPILER_LAUNCHER ${FERRUM_CCACHE})
  set(CMAKE_C_COMPILER_LAUNCHER ${FERRUM_CCACHE})
endif()

add_compile_options(-Wall -Wextra -Wshadow -Wnon-virtual-dtor -Woverloaded-virtual)
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU" AND CMAKE_CXX_COMPILER_VERSION VERSION_LESS 13)
  # GCC 12 sees overlaps in std::string::operator+ that cannot be (its bug 105651).
  add_compile_options(-Wno-restrict)
endif()
# Results must not depend on the compiler's mood: a*b+c is fused only where a kernel says so.
add_compile_options(-ffp-contract=off)
if(FERRUM_WERROR)
  add_compile_options(-Werror)
endif()

if(FERRUM_SANITIZE)
  # -O1 -g1: half the time to compile, and reports need only the lines.
  add_compile_options(-O1 -g1)
  add_compile_options(-fsanitize=${FERRUM_SANITIZE} -fno-sanitize-recover=all
                      -fno-omit-frame-pointer)
  add_link_options(-fsanitize=${FERRUM_SANITIZE})
  if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
    # Instrumented code confuses GCC's flow analysis; other builds keep the warning.
    add_compile_options(-Wno-maybe-uninitialized)
  endif()
endif()

if(FERRUM_FUZZ)  # coverage in the libraries; tests/fuzz links the driver
  add_compile_options(-fsanitize=fuzzer-no-link)
endif()
