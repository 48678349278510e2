#include "text/utf8.h"

#include <cassert>

#include "ferrum/text/utf8.h"

namespace ferrum {
namespace {

constexpr std::string_view kReplacement = "\xEF\xBF\xBD";

// What a sequence looks like from its first byte (Unicode 15, table 3-7).
struct Lead {
  size_t bytes = 0;  // 0: no character starts with this byte
  uint8_t second_min = 0x80, second_max = 0xBF;
};

Lead lead_of(uint8_t byte) {
  if (byte < 0x80) return {1};
  if (byte < 0xC2) return {};
  if (byte < 0xE0) return {2};
  if (byte < 0xF0) {
    return {3, static_cast<uint8_t>(byte == 0xE0 ? 0xA0 : 0x80),
            static_cast<uint8_t>(byte == 0xED ? 0x9F : 0xBF)};
  }
  if (byte < 0xF5) {
    return {4, static_cast<uint8_t>(byte == 0xF0 ? 0x90 : 0x80),
            static_cast<uint8_t>(byte == 0xF4 ? 0x8F : 0xBF)};
  }
  return {};
}

struct Part {
  size_t bytes;     // at least 1
  bool valid;       // a whole character
  bool incomplete;  // a beginning that the end of the text cut off
};

Part first_part(std::string_view text) {
  const Lead lead = lead_of(static_cast<uint8_t>(text[0]));
  if (lead.bytes == 0) return {1, false, false};
  size_t have = 1;
  while (have < lead.bytes && have < text.size()) {
    const auto byte = static_cast<uint8_t>(text[have]);
    const uint8_t min = have == 1 ? lead.second_min : 0x80;
    const uint8_t max = have == 1 ? lead.second_max : 0xBF;
    if (byte < min || byte > max) return {have, false, false};
    ++have;
  }
  return {have, have == lead.bytes, have < lead.bytes};
}

// Appends what is certain and returns how many bytes that was.
size_t append_parts(std::string_view bytes, bool hold_incomplete, std::string& out) {
  size_t at = 0;
  size_t valid_from = 0;
  while (at < bytes.size()) {
    const Part part = first_part(bytes.substr(at));
    if (!part.valid) {
      out.append(bytes, valid_from, at - valid_from);
      if (part.incomplete && hold_incomplete) return at;
      out.append(kReplacement);
      valid_from = at + part.bytes;
    }
    at += part.bytes;
  }
  out.append(bytes, valid_from);
  return at;
}

}  // namespace

void append_valid_utf8(std::string_view bytes, std::string& out) {
  append_parts(bytes, false, out);
}

void drain_valid_utf8(std::string& pending, std::string& out) {
  pending.erase(0, append_parts(pending, true, out));
}

std::optional<size_t> find_invalid_utf8(std::string_view bytes) {
  size_t at = 0;
  while (at < bytes.size()) {
    const Part part = first_part(bytes.substr(at));
    if (!part.valid) return at;
    at += part.bytes;
  }
  return std::nullopt;
}

void append_code_point(char32_t c, std::string& out) {
  assert(c < 0x110000 && (c < 0xD800 || c > 0xDFFF));
  const auto tail = [&](int shift) { out += static_cast<char>(0x80 | ((c >> shift) & 0x3F)); };
  if (c < 0x80) {
    out += static_cast<char>(c);
  } else if (c < 0x800) {
    out += static_cast<char>(0xC0 | (c >> 6));
    tail(0);
  } else if (c < 0x10000) {
    out += static_cast<char>(0xE0 | (c >> 12));
    tail(6), tail(0);
  } else {
    out += static_cast<char>(0xF0 | (c >> 18));
    tail(12), tail(6), tail(0);
  }
}

CodePoint first_code_point(std::string_view text) {
  const auto lead = static_cast<uint8_t>(text[0]);
  const size_t bytes = lead_of(lead).bytes;
  char32_t value = bytes == 1 ? lead : lead & (0xFFu >> (bytes + 1));
  for (size_t i = 1; i < bytes; ++i) value = (value << 6) | (static_cast<uint8_t>(text[i]) & 0x3F);
  return {value, bytes};
}

CodePoint last_code_point(std::string_view text) {
  size_t begin = text.size() - 1;
  while ((static_cast<uint8_t>(text[begin]) & 0xC0) == 0x80) --begin;
  return first_code_point(text.substr(begin));
}

}  // namespace ferrum
