#pragma once
// Finds the functions of a C++ source without a compiler, by its braces.

#include <cstddef>
#include <string>
#include <vector>

namespace ferrum::house {

struct Function {
  size_t first_line;  // 1-based, where its declaration begins
  size_t last_line;   // of its closing brace
};

struct FunctionScan {
  std::vector<Function> functions;  // lambdas and local classes belong to the function around them
  bool balanced;                    // false when the braces do not match
};

FunctionScan scan_functions(const std::vector<std::string>& lines);

// The text with comments, literals and preprocessor lines blanked; line breaks stay.
std::string blank_out(const std::vector<std::string>& lines);

}  // namespace ferrum::house
