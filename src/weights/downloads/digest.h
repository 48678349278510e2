#pragma once
// Hashes of bytes that arrive in pieces.

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>

namespace ferrum {

class Digest {
 public:
  static Digest sha256();
  // The name that git gives to a file: SHA-1 of "blob <size>", a zero byte and the content.
  static Digest git_blob(int64_t size);

  Digest(const Digest& other);
  Digest& operator=(const Digest& other);
  Digest(Digest&&) noexcept;
  Digest& operator=(Digest&&) noexcept;
  ~Digest();

  void update(std::span<const std::byte> bytes);
  // Of all bytes so far, in lower case; more may follow.
  std::string hex() const;

 private:
  struct Context;
  explicit Digest(std::unique_ptr<Context> context);
  std::unique_ptr<Context> context_;
};

std::string sha256_hex(std::string_view text);

// Whether `text` is a lower-case hexadecimal number of `digits`: a hash that may be a file's name.
bool is_hex(std::string_view text, size_t digits);

}  // namespace ferrum
