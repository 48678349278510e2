#pragma once
// Reading the tagged objects of a tokenizer file.

#include <cstdint>
#include <limits>
#include <string>
#include <string_view>
#include <utility>

#include "ferrum/types/json.h"
#include "text/regex.h"

namespace ferrum {

// The "type" of an object; it counts as read.
inline std::string kind_of(JsonReader& reader) {
  std::string kind;
  reader.require("type", kind);
  return kind;
}

// `part` is "normalizer", `known` the kinds that this build reads.
[[noreturn]] inline void refuse_kind(std::string_view part, const std::string& kind,
                                     const std::string& known) {
  throw Error(ErrorCode::kUnsupported,
              "the tokenizer asks for the " + std::string(part) + " '" + kind.substr(0, 200) +
                  "', which is not known here",
              "known: " + known);
}

// A token id of the document; get<int32_t>() would wrap what does not fit.
inline int32_t to_token_id(const Json& json) {
  if (json.is_number_unsigned()) {
    const auto id = json.get<int64_t>();
    // From 2^63 on it is negative.
    if (id >= 0 && id < std::numeric_limits<int32_t>::max()) return static_cast<int32_t>(id);
  }
  throw Error(ErrorCode::kInvalidFormat,
              "a token id must be an integer from 0 to 2147483646, found " +
                  json.dump().substr(0, 100));
}

// {"String": ...} or {"Regex": ...}.
struct PatternText {
  std::string text;
  bool is_regex = false;

  Regex compile() const { return is_regex ? Regex(text) : Regex::literal(text); }
};

inline void from_json(const Json& json, PatternText& pattern) {
  JsonReader reader(json, "pattern");
  const bool is_string = reader.read("String", pattern.text);
  pattern.is_regex = !is_string;
  if (!is_string) reader.require("Regex", pattern.text);
  reader.finish();
}

}  // namespace ferrum
