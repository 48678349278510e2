#include "text/jinja/text_operations.h"

#include <algorithm>

#include "text/jinja/operators.h"
#include "text/jinja/python_text.h"
#include "text/jinja/unicode.h"

namespace ferrum::jinja {

std::string_view strip_ends(Runtime& runtime, std::string_view text, const Value* characters,
                            bool left, bool right) {
  if (!characters || characters->is_none()) {
    if (left) text = strip_left(text);
    return right ? strip_right(text) : text;
  }
  if (!characters->is_string()) runtime.fail("strip arg must be None or str");
  std::u32string set = to_code_points(characters->as_string());
  std::sort(set.begin(), set.end());
  const auto in_set = [&](char32_t c) { return std::binary_search(set.begin(), set.end(), c); };
  size_t begin = 0, end = text.size();
  if (left) {
    for (size_t i = 0; i < text.size() && in_set(next_code_point(text, i));) begin = i;
  }
  if (right) {
    for (size_t i = end; i > begin && in_set(previous_code_point(text, i));) end = i;
  }
  return text.substr(begin, end - begin);
}

Value replace_text(Runtime& runtime, std::string_view text, std::string_view old,
                   std::string_view with, int64_t count) {
  std::string out;
  size_t at = 0;
  // An empty pattern matches before every code point and at the end.
  for (; count != 0; --count) {
    const size_t found = find_first(text, old, at);
    if (found == text.npos) break;
    runtime.step();
    out += text.substr(at, found - at);
    out += with;
    runtime.reserve_text(static_cast<int64_t>(out.size()));
    at = found + old.size();
    if (!old.empty()) continue;
    if (at == text.size()) return runtime.text(std::move(out));
    const size_t begin = at;
    next_code_point(text, at);
    out += text.substr(begin, at - begin);
  }
  out += text.substr(at);
  return runtime.text(std::move(out));
}

Value capitalize(Runtime& runtime, std::string_view text) {
  if (text.empty()) return runtime.text("");
  size_t end = 0;
  const char32_t first = next_code_point(text, end);
  return runtime.text(to_title_case(first) + to_lower(text.substr(end)));
}

std::vector<Value> split_lines(Runtime& runtime, std::string_view text, bool keep_ends) {
  std::vector<Value> lines;
  size_t begin = 0;
  while (begin < text.size()) {
    size_t end = begin, next = begin;
    while (next < text.size()) {
      end = next;
      const char32_t c = next_code_point(text, next);
      if (!is_line_break(c)) {
        end = next;
        continue;
      }
      if (c == '\r' && next < text.size() && text[next] == '\n') ++next;
      break;
    }
    const size_t length = (keep_ends ? next : end) - begin;
    lines.push_back(runtime.text(std::string(text.substr(begin, length))));
    begin = next;
  }
  return lines;
}

Value justify(Runtime& runtime, std::string_view text, int64_t width, std::string_view fill,
              char side) {
  const int64_t missing = std::max<int64_t>(0, width - count_code_points(text));
  if (missing > runtime.text_limit()) runtime.exhausted("bytes in one text");
  runtime.reserve_text(missing * static_cast<int64_t>(fill.size()));
  // CPython gives the odd one to the left when the width is odd.
  const int64_t left = side == '>' ? missing
                       : side == '<' ? 0 : missing / 2 + (missing & width & 1);
  std::string out;
  for (int64_t i = 0; i < left; ++i) out += fill;
  out += text;
  for (int64_t i = left; i < missing; ++i) out += fill;
  return runtime.text(std::move(out));
}

Value join_texts(Runtime& runtime, std::string_view separator, const Value& items, bool convert) {
  std::string out;
  const Next next = iterate(runtime, items);
  bool first = true;
  for (Value item; next(item); first = false) {
    if (!first) out += separator;
    if (!convert && !item.is_string()) {
      runtime.fail("sequence item: expected str instance, " + std::string(type_name(item)) +
                   " found");
    }
    runtime.step();
    out += to_str(runtime, item);
    runtime.reserve_text(static_cast<int64_t>(out.size()));
  }
  return runtime.text(std::move(out));
}

}  // namespace ferrum::jinja
