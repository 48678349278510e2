#include "text/byte_alphabet.h"

#include <array>
#include <cstdint>

#include "text/utf8.h"

namespace ferrum {
namespace {

constexpr char32_t kEnd = 0x100 + 68;

struct Tables {
  std::array<char32_t, 256> character{};
  std::array<int16_t, kEnd> byte{};  // -1 outside the alphabet
};

constexpr Tables make_tables() {
  Tables tables;
  tables.byte.fill(-1);
  char32_t next = 0x100;
  for (int byte = 0; byte < 256; ++byte) {
    const bool printable = (byte > 0x20 && byte < 0x7F) || (byte > 0xA0 && byte != 0xAD);
    const char32_t c = printable ? static_cast<char32_t>(byte) : next++;
    tables.character[static_cast<size_t>(byte)] = c;
    tables.byte[c] = static_cast<int16_t>(byte);
  }
  return tables;
}

constexpr Tables kTables = make_tables();

}  // namespace

void append_byte_alphabet(std::string_view bytes, std::string& out) {
  for (const char byte : bytes) {
    append_code_point(kTables.character[static_cast<uint8_t>(byte)], out);
  }
}

bool append_bytes_of_alphabet(std::string_view text, std::string& out) {
  const size_t before = out.size();
  while (!text.empty()) {
    const CodePoint c = first_code_point(text);
    if (c.value >= kEnd || kTables.byte[c.value] < 0) {
      out.resize(before);
      return false;
    }
    out += static_cast<char>(kTables.byte[c.value]);
    text.remove_prefix(c.bytes);
  }
  return true;
}

}  // namespace ferrum
