#include "text/jinja/unicode.h"

#include <algorithm>
#include <cstring>
#include <memory>
#include <unicode/ucasemap.h>
#include <unicode/uchar.h>

#include "text/utf8.h"

namespace ferrum::jinja {
namespace {

bool is_continuation(char c) { return (static_cast<unsigned char>(c) & 0xc0) == 0x80; }

bool is_ascii(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return (c & 0x80) == 0; });
}

UChar32 icu(char32_t c) { return static_cast<UChar32>(c); }

int numeric_type(char32_t c) { return u_getIntPropertyValue(icu(c), UCHAR_NUMERIC_TYPE); }

using CaseMap = std::unique_ptr<UCaseMap, decltype(&ucasemap_close)>;

// Maps by ICU, growing the result when it did not fit.
template <class Convert>
std::string map_case(std::string_view text, uint32_t options, Convert convert) {
  UErrorCode status = U_ZERO_ERROR;
  const CaseMap map(ucasemap_open("", options, &status), &ucasemap_close);
  std::string out(text.size() + 16, '\0');
  for (;;) {
    status = U_ZERO_ERROR;
    const int32_t size = convert(map.get(), out.data(), static_cast<int32_t>(out.size()),
                                 text.data(), static_cast<int32_t>(text.size()), &status);
    const bool fitted = size <= static_cast<int32_t>(out.size());
    out.resize(static_cast<size_t>(size));
    if (fitted) return out;
  }
}

}  // namespace

int64_t count_code_points(std::string_view text) {
  return std::count_if(text.begin(), text.end(), [](char c) { return !is_continuation(c); });
}

char32_t next_code_point(std::string_view text, size_t& position) {
  const CodePoint point = first_code_point(text.substr(position));
  position += point.bytes;
  return point.value;
}

char32_t previous_code_point(std::string_view text, size_t& end) {
  const CodePoint point = last_code_point(text.substr(0, end));
  end -= point.bytes;
  return point.value;
}

size_t byte_offset(std::string_view text, int64_t index) {
  size_t position = 0;
  while (index > 0 && position < text.size()) {
    do ++position;
    while (position < text.size() && is_continuation(text[position]));
    --index;
  }
  return position;
}

std::u32string to_code_points(std::string_view text) {
  std::u32string out;
  for (size_t i = 0; i < text.size();) out += next_code_point(text, i);
  return out;
}

std::string to_utf8(std::u32string_view code_points) {
  std::string out;
  for (const char32_t c : code_points) append_code_point(c, out);
  return out;
}

bool is_space(char32_t c) {
  return (c >= 9 && c <= 13) || (c >= 0x1c && c <= 0x20) || c == 0x85 || c == 0xa0 ||
         c == 0x1680 || (c >= 0x2000 && c <= 0x200a) || c == 0x2028 || c == 0x2029 ||
         c == 0x202f || c == 0x205f || c == 0x3000;
}

bool is_line_break(char32_t c) {
  return (c >= 10 && c <= 13) || (c >= 0x1c && c <= 0x1e) || c == 0x85 || c == 0x2028 ||
         c == 0x2029;
}

bool is_printable(char32_t c) {
  if (c == ' ') return true;
  return (U_GET_GC_MASK(icu(c)) & (U_GC_C_MASK | U_GC_Z_MASK)) == 0;
}

bool is_alpha(char32_t c) { return u_isalpha(icu(c)); }
bool is_decimal(char32_t c) { return numeric_type(c) == U_NT_DECIMAL; }
bool is_digit(char32_t c) { return is_decimal(c) || numeric_type(c) == U_NT_DIGIT; }
bool is_numeric(char32_t c) { return numeric_type(c) != U_NT_NONE; }
bool is_upper(char32_t c) { return u_isUUppercase(icu(c)); }
bool is_lower(char32_t c) { return u_isULowercase(icu(c)); }
bool is_cased(char32_t c) { return is_upper(c) || is_lower(c) || u_istitle(icu(c)); }
bool is_word(char32_t c) { return c == '_' || is_alpha(c) || is_numeric(c); }
bool is_name_start(char32_t c) { return c == '_' || u_hasBinaryProperty(icu(c), UCHAR_XID_START); }
bool is_name_part(char32_t c) { return u_hasBinaryProperty(icu(c), UCHAR_XID_CONTINUE); }

std::string to_upper(std::string_view text) {
  if (!is_ascii(text)) return map_case(text, 0, ucasemap_utf8ToUpper);
  std::string out(text);
  for (char& c : out) c = c >= 'a' && c <= 'z' ? static_cast<char>(c - 32) : c;
  return out;
}

std::string to_lower(std::string_view text) {
  if (!is_ascii(text)) return map_case(text, 0, ucasemap_utf8ToLower);
  std::string out(text);
  for (char& c : out) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
  return out;
}

std::string to_folded(std::string_view text) {
  return is_ascii(text) ? to_lower(text) : map_case(text, 0, ucasemap_utf8FoldCase);
}

std::string to_title_case(char32_t c) {
  std::string text;
  append_code_point(c, text);
  if (c < 0x80) return to_upper(text);
  return map_case(text, U_TITLECASE_WHOLE_STRING | U_TITLECASE_NO_BREAK_ADJUSTMENT,
                  ucasemap_utf8ToTitle);
}

size_t find_first(std::string_view text, std::string_view part, size_t from) {
  if (from > text.size()) return text.npos;
  if (part.empty()) return from;
  const void* found = memmem(text.data() + from, text.size() - from, part.data(), part.size());
  return found ? static_cast<size_t>(static_cast<const char*>(found) - text.data()) : text.npos;
}

size_t find_last(std::string_view text, std::string_view part) {
  const std::string reversed_text(text.rbegin(), text.rend());
  const std::string reversed_part(part.rbegin(), part.rend());
  const size_t found = find_first(reversed_text, reversed_part);
  return found == text.npos ? found : text.size() - found - part.size();
}

std::string_view strip_left(std::string_view text) {
  size_t begin = 0;
  for (size_t i = 0; i < text.size() && is_space(next_code_point(text, i));) begin = i;
  return text.substr(begin);
}

std::string_view strip_right(std::string_view text) {
  size_t end = text.size();
  for (size_t i = end; i > 0 && is_space(previous_code_point(text, i));) end = i;
  return text.substr(0, end);
}

}  // namespace ferrum::jinja
