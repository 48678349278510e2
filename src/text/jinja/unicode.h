#pragma once
// Python's view of text over UTF-8: code points, their classes and their cases.
// All functions expect valid UTF-8.

#include <cstdint>
#include <string>
#include <string_view>

namespace ferrum::jinja {

int64_t count_code_points(std::string_view text);
// Reads the code point at `position` and moves past it.
char32_t next_code_point(std::string_view text, size_t& position);
// Reads the code point that ends at `end` and moves `end` to its start.
char32_t previous_code_point(std::string_view text, size_t& end);
// The byte at which code point `index` begins, or the size of the text past its end.
size_t byte_offset(std::string_view text, int64_t index);
std::u32string to_code_points(std::string_view text);
std::string to_utf8(std::u32string_view code_points);

bool is_space(char32_t c);         // str.isspace
bool is_line_break(char32_t c);    // what str.splitlines breaks at
bool is_printable(char32_t c);     // what repr() shows unescaped
bool is_alpha(char32_t c);
bool is_decimal(char32_t c);
bool is_digit(char32_t c);
bool is_numeric(char32_t c);
bool is_upper(char32_t c);
bool is_lower(char32_t c);
bool is_cased(char32_t c);
bool is_word(char32_t c);          // \w of Python's re
bool is_name_start(char32_t c);
bool is_name_part(char32_t c);

std::string to_upper(std::string_view text);
std::string to_lower(std::string_view text);
std::string to_folded(std::string_view text);
std::string to_title_case(char32_t c);

// The first (last) byte position of `part` at or after `from`, or npos. Linear for every input.
size_t find_first(std::string_view text, std::string_view part, size_t from = 0);
size_t find_last(std::string_view text, std::string_view part);

std::string_view strip_left(std::string_view text);
std::string_view strip_right(std::string_view text);
inline std::string_view strip(std::string_view text) { return strip_left(strip_right(text)); }

}  // namespace ferrum::jinja
