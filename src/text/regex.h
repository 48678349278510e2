#pragma once
// Regular expressions of tokenizer files, matched by PCRE2 (just-in-time compiled if it can).

#include <memory>
#include <string>
#include <string_view>

#include "ferrum/types/function_ref.h"

struct pcre2_real_code_8;

namespace ferrum {

// Immutable and thread-safe.
class Regex {
 public:
  // In Oniguruma's syntax. Throws kUnsupported when it cannot be compiled.
  explicit Regex(std::string_view pattern);

  // Matches exactly `text`.
  static Regex literal(std::string_view text);

  // Calls on_match(begin, end) for the matches from left to right; an empty match directly behind
  // another match is passed over. `text` is valid UTF-8. Throws kResourceExhausted when matching
  // takes more steps or memory than any sane expression needs.
  void for_each_match(std::string_view text, FunctionRef<void(size_t, size_t)> on_match) const;

 private:
  struct Delete {
    void operator()(pcre2_real_code_8* code) const;
  };

  std::string pattern_;
  std::unique_ptr<pcre2_real_code_8, Delete> code_;
};

}  // namespace ferrum
