# embed_files(<target> <folder>): puts the files of a folder into the target's read-only data by the
# assembler's .incbin, and a table of them into a generated source:
#   std::vector<std::pair<std::string, std::string_view>> ferrum::embedded_files();
# Markdown is for readers of the repository and stays out. A missing folder gives an empty table.
function(embed_files target folder)
  file(GLOB files CONFIGURE_DEPENDS ${folder}/*)
  list(FILTER files EXCLUDE REGEX "\\.md$")
  set(assembly ".section .rodata\n")
  set(symbols "")
  set(rows "")
  set(index 0)
  foreach(file IN LISTS files)
    get_filename_component(name ${file} NAME)
    set(symbol ferrum_embedded_${index})
    string(APPEND assembly
           ".balign 64\n.global ${symbol}\n${symbol}:\n.incbin \"${file}\"\n"
           ".global ${symbol}_end\n${symbol}_end:\n.byte 0\n")
    string(APPEND symbols "extern const char ${symbol}[], ${symbol}_end[];\n")
    string(APPEND rows
           "      {\"${name}\", {${symbol}, static_cast<size_t>(${symbol}_end - ${symbol})}},\n")
    math(EXPR index "${index} + 1")
  endforeach()
  string(APPEND assembly ".section .note.GNU-stack,\"\",%progbits\n")
  set(generated ${CMAKE_CURRENT_BINARY_DIR}/embedded_files)
  # .S, not .s: Clang warns of the options it has no use for in a file without a preprocessor.
  file(CONFIGURE OUTPUT ${generated}.S CONTENT "${assembly}" @ONLY)
  file(CONFIGURE OUTPUT ${generated}.cpp CONTENT
"#include <string>
#include <string_view>
#include <utility>
#include <vector>

extern \"C\" {
${symbols}}

namespace ferrum {

std::vector<std::pair<std::string, std::string_view>> embedded_files() {
  return {
${rows}  };
}

}  // namespace ferrum
" @ONLY)
  set_source_files_properties(${generated}.S PROPERTIES OBJECT_DEPENDS "${files}")
  target_sources(${target} PRIVATE ${generated}.S ${generated}.cpp)
endfunction()
