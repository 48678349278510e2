#include "cli/printable.h"

#include <algorithm>
#include <array>
#include <cstdio>

#include "ferrum/text/utf8.h"

namespace ferrum::cli {
namespace {

size_t bytes_of_character(char first) {
  const auto byte = static_cast<unsigned char>(first);
  return byte < 0x80 ? 1 : byte < 0xe0 ? 2 : byte < 0xf0 ? 3 : 4;
}

// One character of valid UTF-8. What moves the cursor, erases, ends a line unseen or turns the
// direction of writing is not safe.
bool is_safe(std::string_view character) {
  const auto byte = [&](size_t i) { return static_cast<unsigned char>(character[i]); };
  if (character.size() == 1) {
    return byte(0) == '\n' || byte(0) == '\t' || (byte(0) >= 0x20 && byte(0) != 0x7f);
  }
  if (character.size() == 2) return byte(0) != 0xc2 || byte(1) >= 0xa0;
  if (character.size() != 3 || byte(0) != 0xe2) return true;
  const unsigned code = 0x2000u + ((byte(1) & 0x3fu) << 6) + (byte(2) & 0x3fu);
  return !(0x200e <= code && code <= 0x200f) && !(0x2028 <= code && code <= 0x202e) &&
         !(0x2066 <= code && code <= 0x2069);
}

// "\x1b" for each byte.
std::string escaped(std::string_view bytes) {
  std::string text;
  for (const char c : bytes) {
    std::array<char, 5> escape{};
    std::snprintf(escape.data(), escape.size(), "\\x%02x", static_cast<unsigned char>(c));
    text += escape.data();
  }
  return text;
}

// "\u009b": one character of at most three bytes, as JSON writes it.
std::string escaped_in_json(std::string_view character) {
  unsigned code = static_cast<unsigned char>(character[0]);
  if (character.size() > 1) code &= 0xffu >> (character.size() + 1);
  for (const char c : character.substr(1)) code = code << 6 | (static_cast<unsigned>(c) & 0x3f);
  std::array<char, 7> escape{};
  std::snprintf(escape.data(), escape.size(), "\\u%04x", code & 0xffff);
  return escape.data();
}

std::string make_safe(std::string_view text, std::string (*escape)(std::string_view)) {
  std::string safe;
  while (!text.empty()) {
    const size_t valid = find_invalid_utf8(text).value_or(text.size());
    for (size_t at = 0, bytes = 0; at < valid; at += bytes) {
      bytes = bytes_of_character(text[at]);
      const std::string_view character = text.substr(at, bytes);
      if (is_safe(character)) safe += character;
      else safe += escape(character);
    }
    text.remove_prefix(valid);
    if (text.empty()) break;
    safe += escape(text.substr(0, 1));
    text.remove_prefix(1);
  }
  return safe;
}

}  // namespace

bool begins_character(char c) { return (static_cast<unsigned char>(c) & 0xc0) != 0x80; }

size_t characters(std::string_view text) {
  return static_cast<size_t>(std::count_if(text.begin(), text.end(), begins_character));
}

std::string printable(std::string_view text) { return make_safe(text, escaped); }

std::string printable_json(std::string_view text) { return make_safe(text, escaped_in_json); }

std::string printable_line(std::string_view text) {
  std::string line;
  for (const char c : printable(text)) {
    if (c == '\n' || c == '\t') line += escaped({&c, 1});
    else line += c;
  }
  return line;
}

}  // namespace ferrum::cli
