// Filters on texts.

#include <algorithm>

#include "text/jinja/builtins.h"
#include "text/jinja/format.h"
#include "text/jinja/json_text.h"
#include "text/jinja/operators.h"
#include "text/jinja/python_text.h"
#include "text/jinja/text_operations.h"
#include "text/jinja/unicode.h"

namespace ferrum::jinja {
namespace {

using Args = Arguments;

// The input as text; markup stays markup.
Value as_text(Runtime& rt, const Value& self) {
  return self.is_string() ? self : rt.text(to_str(rt, self));
}

const std::string& require_string(Runtime& rt, const Value& self) {
  if (self.is_undefined()) rt.fail_undefined(self);
  if (!self.is_string()) rt.fail("expected str, got " + std::string(type_name(self)));
  return self.as_string();
}

Value string(Runtime& rt, const Value& self, const Args&) { return as_text(rt, self); }

Value safe(Runtime& rt, const Value& self, const Args&) {
  return rt.text(to_str(rt, self), true);
}

Value escape_filter(Runtime& rt, const Value& self, const Args&) { return escape(rt, self); }

Value forceescape(Runtime& rt, const Value& self, const Args&) {
  return escape(rt, rt.text(to_str(rt, self)));
}

Value upper(Runtime& rt, const Value& self, const Args&) {
  return rt.text(to_upper(to_str(rt, self)));
}

Value lower(Runtime& rt, const Value& self, const Args&) {
  return rt.text(to_lower(to_str(rt, self)));
}

Value capitalize_filter(Runtime& rt, const Value& self, const Args&) {
  return capitalize(rt, to_str(rt, self));
}

// Words begin after any of -({[< and white space.
Value title(Runtime& rt, const Value& self, const Args&) {
  const std::string s = to_str(rt, self);
  std::string out, word;
  const auto flush = [&] {
    if (word.empty()) return;
    size_t end = 0;
    next_code_point(word, end);
    out += to_upper(word.substr(0, end)) + to_lower(word.substr(end));
    word.clear();
  };
  for (size_t i = 0; i < s.size();) {
    const size_t begin = i;
    const char32_t c = next_code_point(s, i);
    const bool separates = is_space(c) || std::u32string_view(U"-({[<").find(c) != s.npos;
    if (separates) flush();
    (separates ? out : word).append(s, begin, i - begin);
  }
  flush();
  return rt.text(std::move(out));
}

Value trim(Runtime& rt, const Value& self, const Args& args) {
  const std::string s = to_str(rt, self);
  return rt.text(std::string(strip_ends(rt, s, args.has(0) ? &args[0] : nullptr, true, true)),
                 self.is_string() && self.as_text().markup);
}

Value replace(Runtime& rt, const Value& self, const Args& args) {
  const int64_t count = args.has_value(2) ? args.integer(2, -1) : -1;
  return replace_text(rt, to_str(rt, self), to_str(rt, args[0]), to_str(rt, args[1]), count);
}

Value center(Runtime& rt, const Value& self, const Args& args) {
  return justify(rt, to_str(rt, self), args.integer(0, 80), " ", '^');
}

Value format_filter(Runtime& rt, const Value& self, const Args& args) {
  Call& call = args.call();
  const Value format = as_text(rt, self);
  if (call.named.empty()) return format_percent(rt, format, rt.tuple(call.positional));
  if (!call.positional.empty()) {
    rt.fail("can't handle positional and keyword arguments at the same time");
  }
  std::vector<std::pair<Value, Value>> entries;
  for (const auto& [key, value] : call.named) entries.emplace_back(rt.text(key), value);
  return format_percent(rt, format, rt.dict(std::move(entries)));
}

Value indent(Runtime& rt, const Value& self, const Args& args) {
  const std::string& s = require_string(rt, self);
  std::string unit = "    ";
  if (args.has(0) && args[0].is_string()) {
    unit = args[0].as_string();
  } else if (args.has(0)) {
    const int64_t width = std::max<int64_t>(0, args.integer(0, 4));
    rt.reserve_text(width);
    unit.assign(static_cast<size_t>(width), ' ');
  }
  const bool first = args.boolean(1, false), blank = args.boolean(2, false);
  const std::vector<Value> lines = split_lines(rt, s + "\n", false);
  std::string out;
  for (size_t i = 0; i < lines.size(); ++i) {
    const std::string& line = lines[i].as_string();
    if (i > 0) out += '\n';
    if (i == 0 ? first : (blank || !line.empty())) out += unit;
    out += line;
    rt.reserve_text(static_cast<int64_t>(out.size()));
  }
  return rt.text(std::move(out), self.as_text().markup);
}

Value truncate(Runtime& rt, const Value& self, const Args& args) {
  const std::string& s = require_string(rt, self);
  const std::string end = args.has(2) ? args.string(2) : "...";
  const int64_t length = args.integer(0, 255);
  const int64_t leeway = args.has_value(3) ? args.integer(3, 5) : 5;
  const int64_t room = length - count_code_points(end);
  if (room < 0) rt.fail("truncate() needs a length of at least that of its end");
  if (leeway < 0) rt.fail("truncate() needs a leeway of at least 0");
  if (count_code_points(s) - leeway <= length) return self;
  std::string_view kept = std::string_view(s).substr(0, byte_offset(s, room));
  if (!args.boolean(1, false)) kept = kept.substr(0, kept.rfind(' '));
  return rt.text(std::string(kept) + end);
}

Value wordcount(Runtime& rt, const Value& self, const Args&) {
  const std::string s = to_str(rt, self);
  int64_t words = 0;
  bool inside = false;
  rt.step(static_cast<int64_t>(s.size()) / 8);
  for (size_t i = 0; i < s.size();) {
    const bool word = is_word(next_code_point(s, i));
    words += word && !inside;
    inside = word;
  }
  return Value::integer(words);
}

Value join(Runtime& rt, const Value& self, const Args& args) {
  const std::string separator = args.has(0) ? to_str(rt, args[0]) : "";
  if (!args.has_value(1)) return join_texts(rt, separator, self, true);
  std::vector<Value> items;
  for (const Value& item : to_vector(rt, self)) items.push_back(get_path(rt, item, args[1]));
  return join_texts(rt, separator, rt.list(std::move(items)), true);
}

Value tojson(Runtime& rt, const Value& self, const Args& args) {
  JsonStyle style;
  style.ensure_ascii = args.boolean(0, false);
  style.multiline = args.has_value(1);
  if (style.multiline) {
    style.item_separator = ",";
    if (args[1].is_string()) {
      style.indent = args[1].as_string();
    } else {
      const int64_t width = std::max<int64_t>(0, args.integer(1, 0));
      rt.reserve_text(width);
      style.indent.assign(static_cast<size_t>(width), ' ');
    }
  }
  if (args.has_value(2)) {
    const std::vector<Value> pair = to_vector(rt, args[2]);
    if (pair.size() != 2 || !pair[0].is_string() || !pair[1].is_string()) {
      rt.fail("the separators of tojson() must be two strings");
    }
    style.item_separator = pair[0].as_string();
    style.key_separator = pair[1].as_string();
  }
  style.sort_keys = args.boolean(3, false);
  return rt.text(dump_json(rt, self, style));
}

constexpr Builtin kFilters[] = {
    {"capitalize", capitalize_filter},
    {"center", center, 0, {"width"}},
    {"e", escape_filter},
    {"escape", escape_filter},
    {"forceescape", forceescape},
    {"format", format_filter, 0, {}, true},
    {"indent", indent, 0, {"width", "first", "blank"}},
    {"join", join, 0, {"d", "attribute"}},
    {"lower", lower},
    {"replace", replace, 2, {"old", "new", "count"}},
    {"safe", safe},
    {"string", string},
    {"title", title},
    {"tojson", tojson, 0, {"ensure_ascii", "indent", "separators", "sort_keys"}},
    {"trim", trim, 0, {"chars"}},
    {"truncate", truncate, 0, {"length", "killwords", "end", "leeway"}},
    {"upper", upper},
    {"wordcount", wordcount},
};

}  // namespace

std::span<const Builtin> text_filters() { return kFilters; }

}  // namespace ferrum::jinja
