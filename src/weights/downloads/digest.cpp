#include "weights/downloads/digest.h"

#include <algorithm>

namespace ferrum {

std::string sha256_hex(std::string_view text) {
  Digest digest = Digest::sha256();
  digest.update(std::as_bytes(std::span(text)));
  return digest.hex();
}

bool is_hex(std::string_view text, size_t digits) {
  return text.size() == digits && std::all_of(text.begin(), text.end(), [](char c) {
           return ('0' <= c && c <= '9') || ('a' <= c && c <= 'f');
         });
}

}  // namespace ferrum
