#pragma once
// What the readers of foreign JSON say of a text that is none.

#include <exception>
#include <string>

namespace ferrum {

// From what the library's parser found: "is not valid JSON: line 1, column 12: syntax error while
// parsing value - unexpected end of input". Holds no byte of the text itself.
std::string describe_json_error(const std::exception& error);

}  // namespace ferrum
