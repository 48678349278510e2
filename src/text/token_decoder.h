#pragma once
// The "decoder" of a tokenizer file: spelled tokens back into text, one at a time.

#include <memory>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "ferrum/types/function_ref.h"
#include "ferrum/types/json.h"
#include "text/regex.h"

namespace ferrum {

// A chain of steps with what they hold back; a copy starts from the state of its original. Text
// that comes out is final, so streaming and decoding at once are the same code.
class TokenDecoder {
 public:
  // Null joins tokens with spaces. Throws kUnsupported for an unknown kind, or an order of steps
  // that would need the whole text before any of it is certain.
  static TokenDecoder parse(const Json& json);

  // `token` is valid UTF-8; appends whole characters. Throws kResourceExhausted when replacements
  // inflate a token.
  void push(std::string_view token, std::string& out);

  // Appends what was held back.
  void finish(std::string& out);

 private:
  using Emit = FunctionRef<void(std::string_view)>;

  // Steps up to the first that joins see tokens; those behind it see one text in fragments.
  struct JoinWithSpaces {
    bool first = true;
    void push(std::string_view token, Emit emit);
    void finish(Emit) {}
  };
  struct Fuse {
    void push(std::string_view token, Emit emit) { emit(token); }
    void finish(Emit) {}
  };
  struct ByteLevel {  // joins
    std::string pending;
    void push(std::string_view token, Emit emit);
    void finish(Emit emit);
  };
  struct ByteFallback {  // a run of <0xNN> tokens is one string if it is UTF-8
    std::string pending;
    void push(std::string_view token, Emit emit);
    void finish(Emit emit);
  };
  struct Replace {
    std::shared_ptr<const Regex> pattern;
    std::string content;
    void push(std::string_view token, Emit emit);
    void finish(Emit) {}
  };
  struct StripTokens {
    std::string content;  // one character
    size_t start, stop;
    void push(std::string_view token, Emit emit);
    void finish(Emit) {}
  };
  struct StripText {
    std::string content;
    size_t start, stop;  // start counts down
    size_t held = 0;     // characters at the end that finish() may have to drop
    void push(std::string_view fragment, Emit emit);
    void finish(Emit) {}
  };
  using Step = std::variant<JoinWithSpaces, Fuse, ByteLevel, ByteFallback, Replace, StripTokens,
                            StripText>;

  void add(const Json& json, bool& joined);
  static Step parse_replace(JsonReader& reader, bool joined);
  static Step parse_strip(JsonReader& reader, bool joined);
  void push_from(size_t step, std::string_view text, std::string& out);

  std::vector<Step> steps_;
};

}  // namespace ferrum
