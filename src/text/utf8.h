#pragma once
// UTF-8 that may be broken, and code points.

#include <cstdint>
#include <string>
#include <string_view>

namespace ferrum {

// Appends `bytes` with every maximal invalid part replaced by U+FFFD (Unicode 15, section 3.9,
// "U+FFFD Substitution of Maximal Subparts"; Python's bytes.decode("utf-8", "replace")).
void append_valid_utf8(std::string_view bytes, std::string& out);

// As append_valid_utf8, but a last character that more bytes could complete stays in `pending`.
void drain_valid_utf8(std::string& pending, std::string& out);

void append_code_point(char32_t code_point, std::string& out);

// The following need valid, non-empty text.
struct CodePoint {
  char32_t value;
  size_t bytes;
};
CodePoint first_code_point(std::string_view text);
CodePoint last_code_point(std::string_view text);

}  // namespace ferrum
