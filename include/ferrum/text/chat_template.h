#pragma once
// The chat template of a model repository: from messages to the prompt the model was trained on.
//
// Templates are programs in Jinja2, written for transformers, which renders them by Python's
// jinja2 (3.1, immutable sandbox, trim_blocks, lstrip_blocks, loop controls, {% generation %},
// tojson as json.dumps, raise_exception, strftime_now). ChatTemplate interprets that dialect and
// gives the same bytes. What it does not know (a statement, filter, test or method) is refused by
// name and line, never skipped. Templates are foreign code: they reach nothing but their context,
// cannot change it, and run under the limits below.
//
// Differences from Python: integers are 64-bit, and an overflow is an error; the inheritance
// statements (extends, block, include, import) are refused; printing a function or an iterator,
// which in Python shows a memory address, is an error.

#include <cstdint>
#include <ctime>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "ferrum/types/json.h"

namespace ferrum {

// What one template may cost. Exceeding a limit is kResourceExhausted, naming the limit.
struct ChatTemplateLimits {
  int64_t source_bytes = 1 << 20;       // of the template text
  int64_t steps = 20'000'000;           // nodes evaluated, elements visited, 64 bytes scanned
  int64_t output_bytes = 64 << 20;      // of the prompt, and of each string on the way to it
  int64_t made_bytes = 512 << 20;       // of all strings, lists and dicts made while rendering
  int depth = 1000;                     // nested evaluations: statements, expressions, macro calls
  static constexpr int kSyntaxDepth = 200;  // nested or chained syntax, found while parsing
  static constexpr int kValueDepth = 200;   // lists in lists in ..., in context and template
  static constexpr int kRange = 100'000;    // elements of one range(), as the sandbox has it
};

struct ChatTemplateOptions {
  ChatTemplateLimits limits;
  // The time that strftime_now tells, in local time; empty is the system's clock.
  std::function<std::tm()> now;
};

class ChatTemplate {
 public:
  // Throws kInvalidFormat, with the line, for text that is not a template of the dialect.
  static ChatTemplate parse(std::string_view source, ChatTemplateOptions options = {});

  ChatTemplate(ChatTemplate&&) noexcept;
  ChatTemplate& operator=(ChatTemplate&&) noexcept;
  ~ChatTemplate();

  // `context` is an object: messages, add_generation_prompt, bos_token, eos_token and whatever
  // else the template reads. transformers always passes tools and documents, null when there are
  // none; so should the caller, since templates tell "null" from "absent". Keys keep their order.
  //
  // Thread-safe. Throws kInvalidArgument with the template's own words where it calls
  // raise_exception ("Conversation roles must alternate ..."), and for a context that is not an
  // object of valid UTF-8 and 64-bit numbers; kInvalidFormat, with the line, where the template
  // fails otherwise; kResourceExhausted past a limit.
  std::string render(const OrderedJson& context) const;

 private:
  struct Program;
  explicit ChatTemplate(std::unique_ptr<const Program> program);
  std::unique_ptr<const Program> program_;
};

}  // namespace ferrum
