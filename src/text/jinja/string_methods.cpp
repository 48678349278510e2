// The methods of str.

#include <algorithm>

#include "text/jinja/builtins.h"
#include "text/jinja/format.h"
#include "text/jinja/operators.h"
#include "text/jinja/python_text.h"
#include "text/jinja/text_operations.h"
#include "text/jinja/unicode.h"

namespace ferrum::jinja {
namespace {

using Args = Arguments;

Value text(Runtime& rt, std::string_view s) { return rt.text(std::string(s)); }

template <bool left, bool right>
Value strip_method(Runtime& rt, const Value& self, const Args& args) {
  return text(rt, strip_ends(rt, self.as_string(), args.has(0) ? &args[0] : nullptr, left, right));
}

// --- splitting ---

std::vector<Value> split_at(Runtime& rt, std::string_view s, const std::string& separator,
                            int64_t count) {
  std::vector<Value> parts;
  size_t at = 0;
  for (; count != 0; --count) {
    const size_t found = find_first(s, separator, at);
    if (found == s.npos) break;
    parts.push_back(text(rt, s.substr(at, found - at)));
    at = found + separator.size();
  }
  parts.push_back(text(rt, s.substr(at)));
  return parts;
}

std::vector<Value> split_at_back(Runtime& rt, std::string_view s, const std::string& separator,
                                 int64_t count) {
  // Splitting the reversed text from its front keeps the search linear.
  const std::string reversed(s.rbegin(), s.rend());
  const std::string reversed_separator(separator.rbegin(), separator.rend());
  std::vector<Value> parts;
  size_t at = 0;
  for (; count != 0; --count) {
    const size_t found = find_first(reversed, reversed_separator, at);
    if (found == s.npos) break;
    parts.push_back(text(rt, s.substr(s.size() - found, found - at)));
    at = found + separator.size();
  }
  parts.push_back(text(rt, s.substr(0, s.size() - at)));
  std::reverse(parts.begin(), parts.end());
  return parts;
}

std::vector<Value> split_at_space(Runtime& rt, std::string_view s, int64_t count) {
  std::vector<Value> parts;
  s = strip_left(s);
  for (; !s.empty(); --count) {
    if (count == 0) {
      parts.push_back(text(rt, s));
      break;
    }
    size_t end = 0;
    for (size_t i = 0; i < s.size() && !is_space(next_code_point(s, i));) end = i;
    parts.push_back(text(rt, s.substr(0, end)));
    s = strip_left(s.substr(end));
  }
  return parts;
}

std::vector<Value> split_at_space_back(Runtime& rt, std::string_view s, int64_t count) {
  std::vector<Value> parts;
  s = strip_right(s);
  for (; !s.empty(); --count) {
    if (count == 0) {
      parts.push_back(text(rt, s));
      break;
    }
    size_t begin = s.size();
    for (size_t i = begin; i > 0 && !is_space(previous_code_point(s, i));) begin = i;
    parts.push_back(text(rt, s.substr(begin)));
    s = strip_right(s.substr(0, begin));
  }
  std::reverse(parts.begin(), parts.end());
  return parts;
}

template <bool from_back>
Value split_method(Runtime& rt, const Value& self, const Args& args) {
  const int64_t count = args.integer(1, -1);
  if (!args.has_value(0)) {
    return rt.list(from_back ? split_at_space_back(rt, self.as_string(), count)
                             : split_at_space(rt, self.as_string(), count));
  }
  const std::string& separator = args.string(0);
  if (separator.empty()) rt.fail("empty separator");
  return rt.list(from_back ? split_at_back(rt, self.as_string(), separator, count)
                           : split_at(rt, self.as_string(), separator, count));
}

template <bool from_back>
Value partition(Runtime& rt, const Value& self, const Args& args) {
  const std::string_view s = self.as_string();
  const std::string& separator = args.string(0);
  if (separator.empty()) rt.fail("empty separator");
  const size_t found = from_back ? find_last(s, separator) : find_first(s, separator);
  if (found == s.npos) {
    return from_back ? rt.tuple({text(rt, ""), text(rt, ""), self})
                     : rt.tuple({self, text(rt, ""), text(rt, "")});
  }
  return rt.tuple({text(rt, s.substr(0, found)), args[0],
                   text(rt, s.substr(found + separator.size()))});
}

Value splitlines(Runtime& rt, const Value& self, const Args& args) {
  return rt.list(split_lines(rt, self.as_string(), args.boolean(0, false)));
}

// --- searching ---

// The part of self between the optional arguments start and end, and where it begins.
struct Window {
  std::string_view text;
  int64_t start;
  bool valid;  // false where start lies past the end
};

Window window(Runtime& rt, const Value& self, const Args& args) {
  const StringObject& s = self.as_text();
  const auto bound = [&](size_t i, int64_t open) {
    if (!args.has_value(i)) return open;
    const int64_t index = to_index(rt, args[i]);
    return std::max<int64_t>(0, index < 0 ? index + s.length : index);
  };
  const int64_t start = bound(1, 0);
  const int64_t end = std::min(bound(2, s.length), s.length);
  if (start > s.length || start > end) return {{}, start, false};
  const size_t from = byte_offset(s.text, start);
  const std::string_view rest = std::string_view(s.text).substr(from);
  return {rest.substr(0, byte_offset(rest, end - start)), start, true};
}

template <bool last>
int64_t find_index(Runtime& rt, const Value& self, const Args& args) {
  const Window w = window(rt, self, args);
  if (!w.valid) return -1;
  const std::string& part = args.string(0);
  const size_t found = last ? find_last(w.text, part) : find_first(w.text, part);
  return found == w.text.npos ? -1 : w.start + count_code_points(w.text.substr(0, found));
}

template <bool last>
Value find_method(Runtime& rt, const Value& self, const Args& args) {
  return Value::integer(find_index<last>(rt, self, args));
}

template <bool last>
Value index_method(Runtime& rt, const Value& self, const Args& args) {
  const int64_t found = find_index<last>(rt, self, args);
  if (found < 0) rt.fail("substring not found");
  return Value::integer(found);
}

Value count_method(Runtime& rt, const Value& self, const Args& args) {
  const Window w = window(rt, self, args);
  const std::string& part = args.string(0);
  if (!w.valid) return Value::integer(0);
  if (part.empty()) return Value::integer(count_code_points(w.text) + 1);
  int64_t count = 0;
  for (size_t at = 0; (at = find_first(w.text, part, at)) != w.text.npos; at += part.size()) {
    ++count;
  }
  rt.step(count);
  return Value::integer(count);
}

template <bool at_start>
Value has_affix(Runtime& rt, const Value& self, const Args& args) {
  const Window w = window(rt, self, args);
  const auto matches = [&](const Value& affix) {
    if (affix.is_undefined()) rt.fail_undefined(affix);
    if (!affix.is_string()) rt.fail("expected str or a tuple of str");
    rt.scan(affix);
    if (!w.valid) return false;
    return at_start ? w.text.starts_with(affix.as_string()) : w.text.ends_with(affix.as_string());
  };
  if (!args[0].is(Kind::kTuple)) return Value::boolean(matches(args[0]));
  const auto& affixes = args[0].items();
  return Value::boolean(std::any_of(affixes.begin(), affixes.end(), matches));
}

Value removeprefix(Runtime& rt, const Value& self, const Args& args) {
  std::string_view s = self.as_string();
  if (s.starts_with(args.string(0))) s.remove_prefix(args.string(0).size());
  return text(rt, s);
}

Value removesuffix(Runtime& rt, const Value& self, const Args& args) {
  std::string_view s = self.as_string();
  if (s.ends_with(args.string(0))) s.remove_suffix(args.string(0).size());
  return text(rt, s);
}

// --- making ---

Value replace(Runtime& rt, const Value& self, const Args& args) {
  return replace_text(rt, self.as_string(), args.string(0), args.string(1), args.integer(2, -1));
}

Value join(Runtime& rt, const Value& self, const Args& args) {
  return join_texts(rt, self.as_string(), args[0], false);
}

Value format(Runtime& rt, const Value& self, const Args& args) {
  return format_braces(rt, self, args.call());
}

template <char side>
Value justify_method(Runtime& rt, const Value& self, const Args& args) {
  const std::string fill = args.has(1) ? args.string(1) : " ";
  if (count_code_points(fill) != 1) {
    rt.fail("the fill character must be exactly one character long");
  }
  return justify(rt, self.as_string(), args.integer(0, 0), fill, side);
}

Value zfill(Runtime& rt, const Value& self, const Args& args) {
  std::string_view s = self.as_string();
  const bool is_signed = s.starts_with('-') || s.starts_with('+');
  const std::string sign(s.substr(0, is_signed ? 1 : 0));
  if (is_signed) s.remove_prefix(1);
  const int64_t width = std::max<int64_t>(0, args.integer(0, 0)) - (is_signed ? 1 : 0);
  return text(rt, sign + justify(rt, s, width, "0", '>').as_string());
}

// --- cases and classes ---

Value upper(Runtime& rt, const Value& self, const Args&) {
  return rt.text(to_upper(self.as_string()));
}
Value lower(Runtime& rt, const Value& self, const Args&) {
  return rt.text(to_lower(self.as_string()));
}
Value casefold(Runtime& rt, const Value& self, const Args&) {
  return rt.text(to_folded(self.as_string()));
}
Value capitalize_method(Runtime& rt, const Value& self, const Args&) {
  return capitalize(rt, self.as_string());
}

// Maps code point by code point: convert(code point, its text, whether a cased one precedes).
template <class Convert>
Value map_points(Runtime& rt, const Value& self, Convert convert) {
  const std::string_view s = self.as_string();
  std::string out;
  bool after_cased = false;
  rt.step(static_cast<int64_t>(s.size()) / 8);
  for (size_t i = 0; i < s.size();) {
    const size_t begin = i;
    const char32_t c = next_code_point(s, i);
    out += convert(c, s.substr(begin, i - begin), after_cased);
    after_cased = is_cased(c);
  }
  return rt.text(std::move(out));
}

Value title(Runtime& rt, const Value& self, const Args&) {
  return map_points(rt, self, [](char32_t c, std::string_view s, bool after_cased) {
    return after_cased ? to_lower(s) : to_title_case(c);
  });
}

Value swapcase(Runtime& rt, const Value& self, const Args&) {
  return map_points(rt, self, [](char32_t c, std::string_view s, bool) {
    return is_upper(c) ? to_lower(s) : is_lower(c) ? to_upper(s) : std::string(s);
  });
}

template <bool (*accept)(char32_t)>
Value all_points(Runtime&, const Value& self, const Args&) {
  const std::string_view s = self.as_string();
  for (size_t i = 0; i < s.size();) {
    if (!accept(next_code_point(s, i))) return Value::boolean(false);
  }
  return Value::boolean(!s.empty());
}

bool is_alphanumeric(char32_t c) { return is_alpha(c) || is_numeric(c); }

// Some code point is cased, and all cased ones are `wanted`.
template <bool (*wanted)(char32_t)>
Value all_cased(Runtime&, const Value& self, const Args&) {
  const std::string_view s = self.as_string();
  bool any = false;
  for (size_t i = 0; i < s.size();) {
    const char32_t c = next_code_point(s, i);
    if (!is_cased(c)) continue;
    if (!wanted(c)) return Value::boolean(false);
    any = true;
  }
  return Value::boolean(any);
}

Value istitle(Runtime&, const Value& self, const Args&) {
  const std::string_view s = self.as_string();
  bool any = false, after_cased = false;
  for (size_t i = 0; i < s.size();) {
    const char32_t c = next_code_point(s, i);
    if (is_cased(c) && is_lower(c) != after_cased) return Value::boolean(false);
    after_cased = is_cased(c);
    any |= after_cased;
  }
  return Value::boolean(any);
}

constexpr Builtin kMethods[] = {
    {"capitalize", capitalize_method},
    {"casefold", casefold},
    {"center", justify_method<'^'>, 1, {"width", "fillchar"}},
    {"count", count_method, 1, {"sub", "start", "end"}},
    {"endswith", has_affix<false>, 1, {"suffix", "start", "end"}},
    {"find", find_method<false>, 1, {"sub", "start", "end"}},
    {"format", format, 0, {}, true},
    {"index", index_method<false>, 1, {"sub", "start", "end"}},
    {"isalnum", all_points<is_alphanumeric>},
    {"isalpha", all_points<is_alpha>},
    {"isdecimal", all_points<is_decimal>},
    {"isdigit", all_points<is_digit>},
    {"islower", all_cased<is_lower>},
    {"isnumeric", all_points<is_numeric>},
    {"isspace", all_points<is_space>},
    {"istitle", istitle},
    {"isupper", all_cased<is_upper>},
    {"join", join, 1, {"iterable"}},
    {"ljust", justify_method<'<'>, 1, {"width", "fillchar"}},
    {"lower", lower},
    {"lstrip", strip_method<true, false>, 0, {"chars"}},
    {"partition", partition<false>, 1, {"sep"}},
    {"removeprefix", removeprefix, 1, {"prefix"}},
    {"removesuffix", removesuffix, 1, {"suffix"}},
    {"replace", replace, 2, {"old", "new", "count"}},
    {"rfind", find_method<true>, 1, {"sub", "start", "end"}},
    {"rindex", index_method<true>, 1, {"sub", "start", "end"}},
    {"rjust", justify_method<'>'>, 1, {"width", "fillchar"}},
    {"rpartition", partition<true>, 1, {"sep"}},
    {"rsplit", split_method<true>, 0, {"sep", "maxsplit"}},
    {"rstrip", strip_method<false, true>, 0, {"chars"}},
    {"split", split_method<false>, 0, {"sep", "maxsplit"}},
    {"splitlines", splitlines, 0, {"keepends"}},
    {"startswith", has_affix<true>, 1, {"prefix", "start", "end"}},
    {"strip", strip_method<true, true>, 0, {"chars"}},
    {"swapcase", swapcase},
    {"title", title},
    {"upper", upper},
    {"zfill", zfill, 1, {"width"}},
};

}  // namespace

const Builtin* find_string_method(std::string_view name) {
  const auto* found = std::find_if(std::begin(kMethods), std::end(kMethods),
                                   [&](const Builtin& m) { return m.name == name; });
  return found == std::end(kMethods) ? nullptr : found;
}

}  // namespace ferrum::jinja
