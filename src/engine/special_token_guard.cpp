#include "engine/special_token_guard.h"

#include <algorithm>
#include <cctype>

namespace ferrum {
namespace {

size_t first_character(std::string_view text) {
  size_t length = 1;
  while (length < text.size() && (static_cast<unsigned char>(text[length]) & 0xc0) == 0x80) {
    ++length;
  }
  return length;
}

// "user", "tool_call_3": such strings steer templates, which build special tokens of them.
bool is_word(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](unsigned char c) {
    return std::isalnum(c) || c == '_' || c == '-';
  });
}

// Whether an end of `left` is a beginning of `right`, but not all of it.
bool may_continue(std::string_view left, std::string_view right) {
  for (size_t length = std::min(left.size(), right.size() - 1); length > 0; --length) {
    if (left.ends_with(right.substr(0, length))) return true;
  }
  return false;
}

// Whether a beginning of `right` is an end of `left`, but not all of it.
bool may_complete(std::string_view left, std::string_view right) {
  for (size_t length = std::min(left.size() - 1, right.size()); length > 0; --length) {
    if (right.starts_with(left.substr(left.size() - length))) return true;
  }
  return false;
}

}  // namespace

SpecialTokenGuard::SpecialTokenGuard(const Tokenizer& tokenizer) : tokenizer_(tokenizer) {
  for (int32_t id = 0; id < tokenizer.vocab_size(); ++id) {
    const std::string_view spelling = tokenizer.token(id);
    if (tokenizer.is_special(id) && first_character(spelling) < spelling.size()) {
      spellings_.emplace_back(spelling);
    }
  }
}

std::string SpecialTokenGuard::find_mark(const OrderedJson& context) {
  const std::string text = context.dump(-1, ' ', false, OrderedJson::error_handler_t::replace);
  for (int last = 0x90; last <= 0xaf; ++last) {
    const std::string mark{'\xef', '\xb7', static_cast<char>(last)};  // U+FDD0 ... U+FDEF
    if (text.find(mark) == std::string::npos) return mark;
  }
  throw Error(ErrorCode::kInvalidArgument,
              "the conversation holds every noncharacter from U+FDD0 to U+FDEF");
}

std::string SpecialTokenGuard::cut(std::string text, const std::string& mark) const {
  if (is_word(text)) return text;
  bool begin = false, end = false;
  for (const std::string& spelling : spellings_) {
    begin = begin || may_complete(spelling, text);
    end = end || may_continue(text, spelling);
    const size_t first = first_character(spelling);
    for (size_t at = text.find(spelling); at != std::string::npos; at = text.find(spelling, at)) {
      text.insert(at + first, mark);
      at += first + mark.size();
    }
  }
  return (begin ? mark : "") + text + (end ? mark : "");
}

OrderedJson SpecialTokenGuard::cut(const OrderedJson& value, const std::string& mark) const {
  if (value.is_string()) return cut(value.get<std::string>(), mark);
  if (value.is_array()) {
    OrderedJson result = OrderedJson::array();
    for (const OrderedJson& item : value) result.push_back(cut(item, mark));
    return result;
  }
  if (value.is_object()) {
    OrderedJson result = OrderedJson::object();
    for (const auto& [key, item] : value.items()) result[cut(key, mark)] = cut(item, mark);
    return result;
  }
  return value;
}

std::vector<int32_t> SpecialTokenGuard::encode(std::string_view text,
                                               const std::string& mark) const {
  std::vector<int32_t> tokens;
  while (true) {
    const size_t end = std::min(text.find(mark), text.size());
    const auto piece = tokenizer_.encode(
        text.substr(0, end), {.add_special_tokens = false, .parse_special = true});
    tokens.insert(tokens.end(), piece.begin(), piece.end());
    if (end == text.size()) return tokens;
    text.remove_prefix(end + mark.size());
  }
}

}  // namespace ferrum
