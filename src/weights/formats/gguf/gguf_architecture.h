#pragma once
// Typed, bounded access to what a GGUF file says of its model: the keys "llama.block_count" and so
// on. Errors are kInvalidFormat and name file and key.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "weights/formats/gguf/gguf_values.h"

namespace ferrum {

class GgufArchitecture {
 public:
  // Borrows `values`. Throws kUnsupported unless the architecture is one that can be presented as
  // transformers' (llama).
  GgufArchitecture(const GgufValues& values, std::string file);

  // Keys without the name of the architecture: "attention.head_count".
  const Json* find(std::string_view key) const;
  bool contains(std::string_view key) const { return find(key) != nullptr; }
  // From 1 to 2^31 - 1; of a list with one value for each layer, the one that all have.
  int64_t size(std::string_view key) const;
  int64_t size_or(std::string_view key, int64_t otherwise) const;
  double number_or(std::string_view key, double otherwise) const;
  std::string text_or(std::string_view key, std::string_view otherwise) const;

  [[noreturn]] void fail(std::string_view key, const std::string& why) const;
  [[noreturn]] void refuse(const std::string& what) const;  // kUnsupported

 private:
  std::string full(std::string_view key) const { return name_ + "." + std::string(key); }

  const GgufValues& values_;
  std::string file_, name_;
};

}  // namespace ferrum
