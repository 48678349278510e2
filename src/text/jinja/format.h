#pragma once
// Python's two ways to format: "%s" % value and "{}".format(value).

#include <string_view>

#include "text/jinja/runtime.h"
#include "text/jinja/value.h"

namespace ferrum::jinja {

// format % values, where values is a tuple, a dict for %(name)s, or one value.
Value format_percent(Runtime& runtime, const Value& format, const Value& values);
// format.format(*positional, **named).
Value format_braces(Runtime& runtime, const Value& format, const Call& arguments);

// What stands between the % or : and the type letter, and the letter.
struct FormatSpec {
  std::string fill = " ";
  char align = '\0';       // < > ^ =, or the type's default
  char sign = '-';         // + - or space
  bool alternate = false;  // #
  char grouping = '\0';    // , or _
  int64_t width = 0;
  int64_t precision = -1;
  char type = '\0';
};

// One number or text laid out by the spec. `type` must be one that fits the value; throws else.
std::string format_value(Runtime& runtime, const Value& value, const FormatSpec& spec);

}  // namespace ferrum::jinja
