#include "text/jinja/format.h"

#include <algorithm>
#include <charconv>
#include <cmath>

#include "text/jinja/python_text.h"
#include "text/jinja/unicode.h"

namespace ferrum::jinja {
namespace {

constexpr int64_t kMaxPrecision = 400;

std::string integer_digits(Runtime& runtime, uint64_t magnitude, const FormatSpec& spec) {
  const int base = spec.type == 'x' || spec.type == 'X' ? 16 : spec.type == 'o' ? 8
                   : spec.type == 'b' ? 2 : 10;
  char buffer[72];
  const auto end = std::to_chars(buffer, buffer + sizeof buffer, magnitude, base);
  std::string digits(buffer, end.ptr);
  if (spec.precision > 0) {
    runtime.reserve_text(spec.precision);
    const auto least = static_cast<size_t>(spec.precision);
    if (digits.size() < least) digits.insert(0, least - digits.size(), '0');
  }
  if (spec.alternate && base != 10) digits.insert(0, base == 16 ? "0x" : base == 8 ? "0o" : "0b");
  return spec.type == 'X' ? to_upper(digits) : digits;
}

// %g: the shorter of fixed and scientific, without trailing zeros.
std::string general_digits(double magnitude, int precision, bool alternate) {
  char buffer[512];
  precision = std::max(precision, 1);
  auto end = std::to_chars(buffer, buffer + sizeof buffer, magnitude, std::chars_format::scientific,
                           precision - 1);
  std::string text(buffer, end.ptr);
  const size_t e = text.find('e');
  int exponent = 0;
  std::from_chars(text.data() + e + (text[e + 1] == '+' ? 2 : 1), text.data() + text.size(),
                  exponent);
  const bool fixed = exponent >= -4 && exponent < precision;
  std::string tail = text.substr(e);
  text.resize(e);
  if (fixed) {
    end = std::to_chars(buffer, buffer + sizeof buffer, magnitude, std::chars_format::fixed,
                        precision - 1 - exponent);
    text.assign(buffer, end.ptr);
    tail.clear();
  }
  if (!alternate && text.find('.') != text.npos) {
    text.resize(text.find_last_not_of('0') + 1);
    if (text.ends_with('.')) text.pop_back();
  }
  return text + tail;
}

std::string float_digits(Runtime& runtime, double magnitude, const FormatSpec& spec) {
  const char type = static_cast<char>(spec.type | 0x20);
  std::string digits;
  if (spec.precision > kMaxPrecision) runtime.exhausted("digits in a number");
  const int precision = spec.precision < 0 ? 6 : static_cast<int>(spec.precision);
  if (std::isnan(magnitude) || std::isinf(magnitude)) {
    digits = std::isnan(magnitude) ? "nan" : "inf";
  } else if (spec.type == '\0') {
    digits = spec.precision < 0 ? repr_double(magnitude)
                                : general_digits(magnitude, precision, spec.alternate);
    if (spec.precision >= 0 && digits.find_first_of(".e") == digits.npos) digits += ".0";
  } else if (type == 'g') {
    digits = general_digits(magnitude, precision, spec.alternate);
  } else {
    char buffer[1024];  // 309 digits before the point, kMaxPrecision behind it
    const double scaled = type == '%' ? magnitude * 100 : magnitude;
    const auto style = type == 'e' ? std::chars_format::scientific : std::chars_format::fixed;
    const auto end = std::to_chars(buffer, buffer + sizeof buffer, scaled, style, precision);
    digits.assign(buffer, end.ptr);
    if (spec.type == '%') digits += '%';
  }
  return spec.type >= 'A' && spec.type <= 'Z' ? to_upper(digits) : digits;
}

void group_thousands(std::string& digits, char separator) {
  size_t end = 0;
  while (end < digits.size() && digits[end] >= '0' && digits[end] <= '9') ++end;
  for (size_t i = end; i > 3; i -= 3) digits.insert(i - 3, 1, separator);
}

std::string pad(Runtime& runtime, const FormatSpec& spec, char align, std::string_view sign,
                const std::string& body) {
  const int64_t length = count_code_points(body) + static_cast<int64_t>(sign.size());
  const int64_t missing = std::max<int64_t>(0, spec.width - length);
  runtime.reserve_text(missing * static_cast<int64_t>(spec.fill.size()));
  const auto filled = [&](int64_t count) {
    std::string out;
    for (int64_t i = 0; i < count; ++i) out += spec.fill;
    return out;
  };
  const std::string whole = std::string(sign) + body;
  switch (align) {
    case '<': return whole + filled(missing);
    case '^': return filled(missing / 2) + whole + filled(missing - missing / 2);
    case '=': return std::string(sign) + filled(missing) + body;
    default: return filled(missing) + whole;
  }
}

}  // namespace

std::string format_value(Runtime& runtime, const Value& value, const FormatSpec& spec) {
  const auto type_in = [&](std::string_view types) {
    return spec.type != '\0' && types.find(spec.type) != types.npos;
  };
  const bool is_integer_type = type_in("dxXob");
  const bool is_float_type = type_in("eEfFgG%");
  const auto refuse = [&] {
    runtime.fail(std::string("unknown format code '") + spec.type + "' for object of type '" +
                 std::string(type_name(value)) + "'");
  };
  const auto sign = [&](bool negative) -> std::string_view {
    if (negative) return "-";
    return spec.sign == '+' ? "+" : spec.sign == ' ' ? " " : "";
  };
  if (value.is_integral() && !is_float_type) {
    if (spec.type && !is_integer_type) refuse();
    const int64_t i = value.as_int();
    const auto bits = static_cast<uint64_t>(i);
    const uint64_t magnitude = i < 0 ? uint64_t{0} - bits : bits;
    std::string digits = integer_digits(runtime, magnitude, spec);
    if (spec.grouping) group_thousands(digits, spec.grouping);
    return pad(runtime, spec, spec.align ? spec.align : '>', sign(i < 0), digits);
  }
  if (value.is_number()) {
    if (is_integer_type || (spec.type && !is_float_type)) refuse();
    const double d = value.as_double();
    std::string digits = float_digits(runtime, std::abs(d), spec);
    if (spec.grouping) group_thousands(digits, spec.grouping);
    const bool negative = std::signbit(d) && !std::isnan(d);
    return pad(runtime, spec, spec.align ? spec.align : '>', sign(negative), digits);
  }
  if (!value.is_string() || (spec.type && spec.type != 's') || spec.align == '=') refuse();
  std::string text = value.as_string();
  runtime.scan(value);
  if (spec.precision >= 0) text.resize(byte_offset(text, spec.precision));
  return pad(runtime, spec, spec.align ? spec.align : '<', "", text);
}

}  // namespace ferrum::jinja
