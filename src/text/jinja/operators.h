#pragma once
// What the operators of expressions do to values, with Python's rules and errors.

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "text/jinja/runtime.h"
#include "text/jinja/value.h"

namespace ferrum::jinja {

enum class Arithmetic { kAdd, kSubtract, kMultiply, kDivide, kFloorDivide, kModulo, kPower };
enum class Comparison {
  kEqual, kNotEqual, kLess, kLessEqual, kGreater, kGreaterEqual, kIn, kNotIn,
};

Value calculate(Runtime& runtime, Arithmetic op, const Value& a, const Value& b);
Value negate(Runtime& runtime, const Value& value);
Value plus(Runtime& runtime, const Value& value);

bool compare(Runtime& runtime, Comparison op, const Value& a, const Value& b);
bool equal(Runtime& runtime, const Value& a, const Value& b);
bool less(Runtime& runtime, const Value& a, const Value& b);
bool contains(Runtime& runtime, const Value& container, const Value& item);

// value.name: methods first, then items, then undefined.
Value get_attribute(Runtime& runtime, const Value& value, std::string_view name);
// value[key]: items first, then attributes, then undefined.
Value get_item(Runtime& runtime, const Value& value, const Value& key);
// value[start:stop:step]; None leaves an end open.
Value get_slice(Runtime& runtime, const Value& value, const Value& start, const Value& stop,
                const Value& step);

// value["a"][0] for the path "a.0" (or for an integer); `fallback`, unless None, stands in for
// undefined parts.
Value get_path(Runtime& runtime, const Value& value, const Value& path,
               const Value& fallback = Value::none());

// The elements of an iterable: items, keys, code points. Throws for anything else.
Next iterate(Runtime& runtime, const Value& value);
std::vector<Value> to_vector(Runtime& runtime, const Value& value);
bool is_iterable(const Value& value);
// len(value), or nothing where Python raises TypeError.
std::optional<int64_t> length_of(Runtime& runtime, const Value& value);

// The value as an integer index; throws for what is none.
int64_t to_index(Runtime& runtime, const Value& value);
Value call_value(Runtime& runtime, const Value& callee, Call& call);
// Refuses an underscore-prefixed attribute of a namespace, in the words of transformers.
[[noreturn]] void fail_private_attribute(Runtime& runtime, std::string_view name);
// HTML-escaped text, as Markup.
Value escape(Runtime& runtime, const Value& value);

}  // namespace ferrum::jinja
