#pragma once
// The alphabet of byte-level vocabularies: one printable character per byte, so that any bytes can
// be written as text. Printable Latin-1 stands for itself, the other 68 bytes are U+0100 and up in
// their order (GPT-2, "bytes_to_unicode").

#include <string>
#include <string_view>

namespace ferrum {

void append_byte_alphabet(std::string_view bytes, std::string& out);

// The inverse; false, and nothing appended, when a character is outside the alphabet.
// `text` is valid UTF-8.
bool append_bytes_of_alphabet(std::string_view text, std::string& out);

}  // namespace ferrum
