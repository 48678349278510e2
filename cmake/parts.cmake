# Parts and axes: how a backend, format, source, transformation, quantisation or model family
# enters the build.
#
#   add_part(<axis> <name>)      in the axis' CMakeLists, the one line that names a new part.
#       The part is the folder <name>/ with a CMakeLists.txt, or the file <name>.cpp.
#       It defines   void ferrum::register_<name>(<axis catalog>&).
#   part_missing(REASON REMEDY)  in a part's CMakeLists when it cannot be built here. The part is
#       then listed at run time with both texts instead of vanishing.
#   finish_axis(<axis> TARGET <lib> CATALOG <type> HEADER <header>)
#       generates  void ferrum::register_<axis>s(<type>&), which calls every part once, in order.

macro(part_missing reason remedy)
  set(FERRUM_PART_REASON "${reason}" PARENT_SCOPE)
  set(FERRUM_PART_REMEDY "${remedy}" PARENT_SCOPE)
endmacro()

function(add_part axis name)
  set(FERRUM_PART_REASON "")
  set(FERRUM_PART_REMEDY "")
  if(EXISTS ${CMAKE_CURRENT_SOURCE_DIR}/${name}/CMakeLists.txt)
    add_subdirectory(${name})
  elseif(EXISTS ${CMAKE_CURRENT_SOURCE_DIR}/${name}.cpp)
    set_property(GLOBAL APPEND PROPERTY FERRUM_SOURCES_${axis}
                 ${CMAKE_CURRENT_SOURCE_DIR}/${name}.cpp)
  else()
    message(FATAL_ERROR "add_part(${axis} ${name}): neither ${name}/CMakeLists.txt nor ${name}.cpp")
  endif()
  if(FERRUM_PART_REASON)
    message(STATUS "${axis} ${name}: not built: ${FERRUM_PART_REASON}")
    set(line "  catalog.add_missing(\"${name}\", R\"(${FERRUM_PART_REASON})\",
                      R\"(${FERRUM_PART_REMEDY})\");")
  else()
    set(line "  register_${name}(catalog);")
    set_property(GLOBAL APPEND PROPERTY FERRUM_PARTS_${axis} ${name})
  endif()
  set_property(GLOBAL APPEND_STRING PROPERTY FERRUM_CALLS_${axis} "${line}\n")
endfunction()

function(finish_axis axis)
  cmake_parse_arguments(A "" "TARGET;CATALOG;HEADER" "" ${ARGN})
  get_property(parts GLOBAL PROPERTY FERRUM_PARTS_${axis})
  get_property(calls GLOBAL PROPERTY FERRUM_CALLS_${axis})
  get_property(sources GLOBAL PROPERTY FERRUM_SOURCES_${axis})
  set(declarations "")
  foreach(part IN LISTS parts)
    string(APPEND declarations "void register_${part}(${A_CATALOG}& catalog);\n")
  endforeach()
  set(generated ${CMAKE_CURRENT_BINARY_DIR}/register_${axis}s.cpp)
  file(CONFIGURE OUTPUT ${generated} CONTENT
"// Generated from the add_part(${axis} ...) lines.
#include \"${A_HEADER}\"

namespace ferrum {

${declarations}
void register_${axis}s([[maybe_unused]] ${A_CATALOG}& catalog) {
${calls}}

}  // namespace ferrum
" @ONLY)
  target_sources(${A_TARGET} PRIVATE ${generated} ${sources})
  foreach(part IN LISTS parts)
    if(TARGET ferrum_${axis}_${part})
      target_link_libraries(${A_TARGET} PUBLIC ferrum_${axis}_${part})
    endif()
  endforeach()
endfunction()

# A floor or part: a static library that sees the contract book and its own private headers.
function(ferrum_library name)
  cmake_parse_arguments(L "" "" "SOURCES;LINKS" ${ARGN})
  add_library(${name} STATIC ${L_SOURCES})
  target_include_directories(${name} PUBLIC ${PROJECT_SOURCE_DIR}/include
                                     PRIVATE ${PROJECT_SOURCE_DIR}/src)
  target_link_libraries(${name} PUBLIC ${L_LINKS})
  set_property(GLOBAL APPEND PROPERTY FERRUM_LIBRARIES ${name})
endfunction()
