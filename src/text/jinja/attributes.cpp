// value.name, value[key], value[a:b:c].

#include <algorithm>
#include <array>

#include "text/jinja/builtins.h"
#include "text/jinja/operators.h"
#include "text/jinja/python_text.h"
#include "text/jinja/unicode.h"
#include "text/utf8.h"

namespace ferrum::jinja {
namespace {

// Methods by which Python changes a value in place; the sandbox forbids them.
bool changes(const Value& value, std::string_view name) {
  static constexpr std::array kList = {"append", "clear",  "pop",    "reverse",
                                       "insert", "sort",   "extend", "remove"};
  static constexpr std::array kDict = {"clear", "pop", "popitem", "setdefault", "update"};
  const auto has = [&](const auto& names) {
    return std::find(names.begin(), names.end(), name) != names.end();
  };
  return (value.is(Kind::kList) && has(kList)) || (value.is(Kind::kDict) && has(kDict));
}

// Methods of Python's str and dict that templates do not use and this interpreter lacks.
bool is_missing_method(const Value& value, std::string_view name) {
  static constexpr std::array kString = {"encode", "expandtabs", "format_map", "isascii",
                                         "isidentifier", "isprintable", "maketrans", "translate"};
  if (value.is(Kind::kDict)) return name == "fromkeys";
  return value.is_string() && std::find(kString.begin(), kString.end(), name) != kString.end();
}

Value no_attribute(const Value& value, std::string_view name) {
  return Value::undefined(quote(type_description(value)) + " has no attribute " + quote(name));
}

const Builtin* find_method(const Value& value, std::string_view name) {
  switch (value.kind()) {
    case Kind::kString: return find_string_method(name);
    case Kind::kList:
    case Kind::kTuple:
    case Kind::kRange: return find_sequence_method(name);
    case Kind::kDict: return find_dict_method(name);
    case Kind::kLoop: return find_loop_method(name);
    default: return nullptr;
  }
}

std::optional<Value> loop_property(Runtime& runtime, const Value& value, std::string_view name) {
  LoopObject& loop = value.as_loop();
  const auto integer = [](int64_t i) { return Value::integer(i); };
  if (name == "index") return integer(loop.index0 + 1);
  if (name == "index0") return integer(loop.index0);
  if (name == "first") return Value::boolean(loop.index0 == 0);
  if (name == "last") return Value::boolean(loop.peek() == nullptr);
  if (name == "length") return integer(loop.length(runtime));
  if (name == "revindex") return integer(loop.length(runtime) - loop.index0);
  if (name == "revindex0") return integer(loop.length(runtime) - loop.index0 - 1);
  if (name == "depth") return integer(loop.depth0 + 1);
  if (name == "depth0") return integer(loop.depth0);
  if (name == "previtem") {
    return loop.index0 == 0 ? Value::undefined("there is no previous item") : loop.previous;
  }
  if (name == "nextitem") {
    const Value* next = loop.peek();
    return next ? *next : Value::undefined("there is no next item");
  }
  return std::nullopt;
}

// What Python's getattr finds, before items are looked at.
std::optional<Value> own_attribute(Runtime& runtime, const Value& value, std::string_view name) {
  if (value.is_undefined()) runtime.fail_undefined(value);
  if (value.is(Kind::kNamespace)) {
    const Value* found = value.as_namespace().find(name);
    return found ? std::optional(*found) : std::nullopt;
  }
  const bool internal = name.size() > 4 && name.starts_with("__") && name.ends_with("__");
  if (internal || changes(value, name)) {
    return Value::undefined("access to attribute " + quote(name) + " of '" +
                            std::string(type_name(value)) + "' object is unsafe.");
  }
  if (value.is(Kind::kLoop)) {
    if (auto property = loop_property(runtime, value, name)) return property;
  }
  if (const Builtin* method = find_method(value, name)) {
    return bind_builtin(runtime, *method, value);
  }
  if (is_missing_method(value, name)) {
    runtime.fail(std::string(type_name(value)) + "." + std::string(name) + " is not supported");
  }
  return std::nullopt;
}

std::optional<Value> indexed(Runtime& runtime, const Value& value, int64_t index) {
  if (value.is_string()) {
    const StringObject& text = value.as_text();
    if (index < 0) index += text.length;
    if (index < 0 || index >= text.length) return std::nullopt;
    if (text.ascii()) return runtime.text(std::string(1, text.text[static_cast<size_t>(index)]));
    runtime.scan(value);
    const size_t begin = byte_offset(text.text, index);
    size_t end = begin;
    next_code_point(text.text, end);
    return runtime.text(text.text.substr(begin, end - begin));
  }
  const auto& items = value.items();
  const auto size = static_cast<int64_t>(items.size());
  if (index < 0) index += size;
  if (index < 0 || index >= size) return std::nullopt;
  return items[static_cast<size_t>(index)];
}

bool takes_index(const Value& value) {
  return value.is_string() || value.is(Kind::kList) || value.is(Kind::kTuple) ||
         value.is(Kind::kRange);
}

struct Slice {
  int64_t start, stop, step, count;
};

// Python's slice.indices(), and how many elements that is.
Slice resolve_slice(Runtime& runtime, int64_t size, const Value& start, const Value& stop,
                    const Value& step) {
  const auto given = [](const Value& v) { return !v.is_none(); };
  const auto index = [&](const Value& v) {
    if (v.is_undefined()) runtime.fail_undefined(v);
    if (!v.is_integral()) runtime.fail("slice indices must be integers or None");
    return v.as_int();
  };
  Slice slice{0, 0, given(step) ? index(step) : 1, 0};
  if (slice.step == 0) runtime.fail("slice step cannot be zero");
  slice.step = std::max(slice.step, -INT64_MAX);
  const bool back = slice.step < 0;
  const int64_t low = back ? -1 : 0;
  const int64_t high = back ? size - 1 : size;
  const auto clamp = [&](const Value& v, int64_t open) {
    if (!given(v)) return open;
    const int64_t i = index(v);
    return std::clamp(i < 0 ? i + size : i, low, high);
  };
  slice.start = clamp(start, back ? high : low);
  slice.stop = clamp(stop, back ? low : high);
  const int64_t span = back ? slice.start - slice.stop : slice.stop - slice.start;
  if (span > 0) slice.count = (span - 1) / (back ? -slice.step : slice.step) + 1;
  return slice;
}

Value slice_text(Runtime& runtime, const Value& value, const Slice& slice) {
  const std::string& text = value.as_string();
  runtime.scan(value);
  if (slice.count == 0) return runtime.text("");
  if (slice.step == 1) {
    const size_t begin = byte_offset(text, slice.start);
    const std::string_view rest = std::string_view(text).substr(begin);
    return runtime.text(std::string(rest.substr(0, byte_offset(rest, slice.count))));
  }
  const std::u32string points = to_code_points(text);
  std::string out;
  for (int64_t i = 0; i < slice.count; ++i) {
    append_code_point(points[static_cast<size_t>(slice.start + i * slice.step)], out);
  }
  return runtime.text(std::move(out));
}

}  // namespace

Value get_attribute(Runtime& runtime, const Value& value, std::string_view name) {
  if (auto own = own_attribute(runtime, value, name)) return *std::move(own);
  if (value.is(Kind::kDict)) {
    if (const Value* found = value.as_dict().find(name)) return *found;
  }
  return no_attribute(value, name);
}

Value get_item(Runtime& runtime, const Value& value, const Value& key) {
  if (value.is_undefined()) runtime.fail_undefined(value);
  runtime.scan(key);
  if (value.is(Kind::kDict) && DictObject::hashable(key)) {
    if (const Value* found = value.as_dict().find(key)) return *found;
  }
  if (takes_index(value) && key.is_integral()) {
    if (auto item = indexed(runtime, value, key.as_int())) return *std::move(item);
  }
  if (key.is_string()) {
    if (auto own = own_attribute(runtime, value, key.as_string())) return *std::move(own);
    return no_attribute(value, key.as_string());
  }
  return Value::undefined(type_description(value) + " has no element " + to_repr(runtime, key));
}

Value get_path(Runtime& runtime, const Value& value, const Value& path, const Value& fallback) {
  Value at = value;
  const auto descend = [&](const Value& key) {
    at = get_item(runtime, at, key);
    if (at.is_undefined() && !fallback.is_none()) at = fallback;
  };
  if (!path.is_string()) {
    descend(path);
    return at;
  }
  const std::string_view text = path.as_string();
  for (size_t begin = 0; begin <= text.size();) {
    const size_t end = std::min(text.find('.', begin), text.size());
    const std::string_view part = text.substr(begin, end - begin);
    bool overflow = false;
    const bool digits = !part.empty() && part.find_first_not_of("0123456789") == part.npos;
    const auto index = digits ? parse_int(part, 10, overflow) : std::nullopt;
    descend(index ? Value::integer(*index) : runtime.text(std::string(part)));
    begin = end + 1;
  }
  return at;
}

Value get_slice(Runtime& runtime, const Value& value, const Value& start, const Value& stop,
                const Value& step) {
  if (value.is_undefined()) runtime.fail_undefined(value);
  if (!takes_index(value)) {
    runtime.fail("'" + std::string(type_name(value)) + "' object cannot be sliced");
  }
  const int64_t size = *length_of(runtime, value);
  const Slice slice = resolve_slice(runtime, size, start, stop, step);
  if (value.is_string()) return slice_text(runtime, value, slice);
  if (value.is(Kind::kRange)) {
    const RangeObject& range = value.as_range();
    const auto at = [&](int64_t i) {
      return calculate(runtime, Arithmetic::kAdd, Value::integer(range.start),
                       calculate(runtime, Arithmetic::kMultiply, Value::integer(i),
                                 Value::integer(range.step)))
          .as_int();
    };
    const Value stride = calculate(runtime, Arithmetic::kMultiply, Value::integer(range.step),
                                   Value::integer(slice.step));
    return runtime.range(at(slice.start), at(slice.stop), stride.as_int());
  }
  runtime.step(slice.count);
  std::vector<Value> items;
  for (int64_t i = 0; i < slice.count; ++i) {
    items.push_back(value.items()[static_cast<size_t>(slice.start + i * slice.step)]);
  }
  return runtime.list(std::move(items), value.kind());
}

}  // namespace ferrum::jinja
