#pragma once
// Values as Python writes and reads them: str(), repr(), int(), float().

#include <optional>
#include <string>
#include <string_view>

#include "text/jinja/runtime.h"
#include "text/jinja/value.h"

namespace ferrum::jinja {

// str(value): a string is itself, undefined is empty.
std::string to_str(Runtime& runtime, const Value& value);
void append_repr(Runtime& runtime, const Value& value, std::string& out);
std::string to_repr(Runtime& runtime, const Value& value);

// 'text', with Python's choice of quotes and escapes.
std::string quote(std::string_view text);
// The shortest digits that read back as `d`, laid out as Python's repr: 1.0, 1e+16, inf.
std::string repr_double(double d);

// int(text, base) and float(text); nothing where Python raises ValueError. Digits past 64 bits
// are no integer here: `overflow` is set.
std::optional<int64_t> parse_int(std::string_view text, int base, bool& overflow);
std::optional<double> parse_float(std::string_view text);

}  // namespace ferrum::jinja
