#pragma once
// Typed, bounded access to the keys of a model's config.json. Keys that nobody reads are allowed:
// the file is full of other tools' business. Errors are kInvalidFormat and name the key.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "ferrum/types/json.h"

namespace ferrum {

class ConfigReader {
 public:
  // Borrows `object`, which must be a JSON object.
  explicit ConfigReader(const Json& object, std::string where = "config.json");

  // Absent and null are the same: no value.
  const Json* find(std::string_view key) const;

  // A count of something: 1 to 2^31 - 1.
  int64_t size(std::string_view key) const;
  int64_t size_or(std::string_view key, int64_t otherwise) const;
  // A finite number above zero.
  double positive_or(std::string_view key, double otherwise) const;
  double positive(std::string_view key) const;
  bool flag_or(std::string_view key, bool otherwise) const;
  std::string text_or(std::string_view key, std::string_view otherwise) const;

  [[noreturn]] void fail(std::string_view key, const std::string& why) const;

 private:
  const Json& object_;
  std::string where_;
};

}  // namespace ferrum
