#include "weights/sources/s3/s3_checksum.h"

#include <openssl/evp.h>

#include <vector>

namespace ferrum {
namespace {

constexpr size_t kMaxBase64 = 128;

}  // namespace

std::optional<std::string> base64_to_hex(const std::string& text) {
  if (text.empty() || text.size() > kMaxBase64 || text.size() % 4 != 0) return std::nullopt;
  std::vector<unsigned char> bytes(text.size() / 4 * 3);
  const int count =
      EVP_DecodeBlock(bytes.data(), reinterpret_cast<const unsigned char*>(text.data()),
                      static_cast<int>(text.size()));
  if (count < 0) return std::nullopt;
  const size_t padding = text.ends_with("==") ? 2 : text.ends_with('=') ? 1 : 0;
  std::string hex;
  for (size_t i = 0; i + padding < bytes.size(); ++i) {
    hex += "0123456789abcdef"[bytes[i] >> 4];
    hex += "0123456789abcdef"[bytes[i] & 15];
  }
  return hex;
}

}  // namespace ferrum
