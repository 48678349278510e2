# add_vector_kernels(<target> <name>): plain loops, compiled once per vector instruction set.
#
# <name>.h declares a table of functions and how to get it:
#     struct <Name> { ... };
#     const <Name>& <name>(VectorIsa isa = best_vector_isa());
# <name>.inc, in namespace ferrum, has the loops and  extern const <Name> FERRUM_KERNELS = {...};
# It calls no function of other headers: an inline one might end up, for all its users, in the
# instruction set of one of these files.
#
# Nothing in the loops reads errno or the floating-point flags, and -O3 holds in every build type,
# so they are always vectorised; -ffp-contract=off keeps the results of all levels equal.

set(vector_flags_scalar -O3 -fno-math-errno -fno-trapping-math)
set(vector_flags_avx2 ${vector_flags_scalar} -mavx2 -mfma -mf16c)
set(vector_flags_avx512 ${vector_flags_avx2} -mavx512f -mavx512bw -mavx512vl -mavx512dq
                        -mprefer-vector-width=512)

function(to_pascal_case result name)
  set(pascal "")
  string(REPLACE "_" ";" words ${name})
  foreach(word IN LISTS words)
    string(SUBSTRING ${word} 0 1 first)
    string(SUBSTRING ${word} 1 -1 rest)
    string(TOUPPER ${first} first)
    string(APPEND pascal ${first}${rest})
  endforeach()
  set(${result} ${pascal} PARENT_SCOPE)
endfunction()

function(add_vector_kernels target name)
  file(RELATIVE_PATH path ${PROJECT_SOURCE_DIR}/src ${CMAKE_CURRENT_SOURCE_DIR}/${name})
  to_pascal_case(type ${name})
  set(levels scalar)
  if(CMAKE_SYSTEM_PROCESSOR MATCHES "x86_64|AMD64")
    list(APPEND levels avx2 avx512)
  endif()
  set(declarations "")
  set(choices "")
  foreach(level IN LISTS levels)
    set(source ${CMAKE_CURRENT_BINARY_DIR}/${name}_${level}.cpp)
    file(CONFIGURE OUTPUT ${source} @ONLY CONTENT
"#define FERRUM_KERNELS ${name}_${level}
#include \"${path}.inc\"
")
    set_source_files_properties(${source} TARGET_DIRECTORY ${target}
                                PROPERTIES COMPILE_OPTIONS "${vector_flags_${level}}")
    target_sources(${target} PRIVATE ${source})
    to_pascal_case(level_name ${level})
    string(APPEND declarations "extern const ${type} ${name}_${level};\n")
    string(PREPEND choices "  if (isa == VectorIsa::k${level_name}) return ${name}_${level};\n")
  endforeach()
  set(source ${CMAKE_CURRENT_BINARY_DIR}/${name}_levels.cpp)
  file(CONFIGURE OUTPUT ${source} @ONLY CONTENT
"#include \"${path}.h\"

namespace ferrum {

${declarations}
const ${type}& ${name}(VectorIsa isa) {
${choices}  return ${name}_scalar;
}

}  // namespace ferrum
")
  target_sources(${target} PRIVATE ${source})
endfunction()
