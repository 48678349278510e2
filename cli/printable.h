#pragma once
// Text from a stranger's file, made safe to show on a terminal: control characters, what turns the
// direction of writing, and bytes that are no UTF-8 are escaped.

#include <cstddef>
#include <string>
#include <string_view>

namespace ferrum::cli {

// As "\x1b" each byte; line ends and tabs stay.
std::string printable(std::string_view text);
// Of a name: line ends and tabs are escaped, too.
std::string printable_line(std::string_view text);
// Of a JSON document: as "\u009b" each character.
std::string printable_json(std::string_view text);

// Characters of valid UTF-8.
bool begins_character(char c);
size_t characters(std::string_view text);

}  // namespace ferrum::cli
