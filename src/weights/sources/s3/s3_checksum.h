#pragma once
// The checksums that S3 keeps of whole objects.

#include <optional>
#include <string>

namespace ferrum {

// Of the whole object, not of its parts, as the server keeps it beside the object.
struct S3Checksum {
  std::string algorithm;  // "sha256" or one of Crc's
  std::string value;      // base64 of the big-endian number
};

// Hexadecimal digits, two for each byte; nothing for what is not base64.
std::optional<std::string> base64_to_hex(const std::string& text);

}  // namespace ferrum
