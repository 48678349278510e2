#pragma once
// The "normalizer" of a tokenizer file: what happens to text before it is split.

#include <string>
#include <variant>
#include <vector>

#include "ferrum/types/json.h"
#include "text/regex.h"
#include "text/unicode.h"

namespace ferrum {

// Immutable and thread-safe.
class Normalizer {
 public:
  Normalizer() = default;  // leaves text as it is

  // Throws kUnsupported for an unknown kind.
  static Normalizer parse(const Json& json);

  // Throws kResourceExhausted when the text grows beyond every use of a normaliser.
  void apply(std::string& text) const;

 private:
  struct Prepend { std::string text; };
  struct Replace { Regex pattern; std::string content; };
  struct Lowercase {};
  struct Strip { bool left = true, right = true; };
  using Step = std::variant<NormalizationForm, Prepend, Replace, Lowercase, Strip>;

  void add(const Json& json);
  static void apply(const Step& step, std::string& text, size_t limit);

  std::vector<Step> steps_;
};

}  // namespace ferrum
