#pragma once
// Keeps strangers' text from writing special tokens through a chat template.
//
// If a message could, its author could end his turn and begin another's. So before rendering every
// string of the context is cut by a mark, a character that occurs nowhere in the context, wherever
// a special token is spelled out, and at an end with which it might complete one together with its
// neighbour; plain words stay whole. After rendering, the text is encoded piece by piece between
// the marks: a special token in two pieces is none. Text without such places, nearly all, is
// encoded as ever.

#include <string>
#include <string_view>
#include <vector>

#include "ferrum/text/tokenizer.h"
#include "ferrum/types/json.h"

namespace ferrum {

class SpecialTokenGuard {
 public:
  // Borrows `tokenizer`.
  explicit SpecialTokenGuard(const Tokenizer& tokenizer);

  // A mark for this context: a noncharacter (The Unicode Standard, 23.7), of which texts have no
  // use. Throws kInvalidArgument for a context that holds them all.
  static std::string find_mark(const OrderedJson& context);

  // Every string and key in `value`, cut where it must be.
  OrderedJson cut(const OrderedJson& value, const std::string& mark) const;
  std::string cut(std::string text, const std::string& mark) const;

  // The tokens of rendered text, special tokens read but not across a mark.
  std::vector<int32_t> encode(std::string_view text, const std::string& mark) const;

 private:
  const Tokenizer& tokenizer_;
  std::vector<std::string> spellings_;  // of the special tokens, two characters or more
};

}  // namespace ferrum
