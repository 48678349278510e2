// Filters that make or measure numbers.

#include <charconv>
#include <cmath>

#include "text/jinja/builtins.h"
#include "text/jinja/operators.h"
#include "text/jinja/python_text.h"

namespace ferrum::jinja {
namespace {

using Args = Arguments;

Value absolute(Runtime& rt, const Value& self, const Args&) {
  if (self.is(Kind::kFloat)) return Value::real(std::abs(self.as_double()));
  if (!self.is_integral()) {
    if (self.is_undefined()) rt.fail_undefined(self);
    rt.fail("bad operand type for abs(): '" + std::string(type_name(self)) + "'");
  }
  return self.as_int() < 0 ? negate(rt, self) : Value::integer(self.as_int());
}

Value truncated(Runtime& rt, double d, const Value& fallback) {
  if (!std::isfinite(d)) return fallback;
  if (std::abs(d) >= 0x1p63) rt.fail("the integer does not fit 64 bits");
  return Value::integer(static_cast<int64_t>(d));
}

Value to_int(Runtime& rt, const Value& self, const Args& args) {
  const Value fallback = args.value_or(0, Value::integer(0));
  const int64_t base = args.integer(1, 10);
  if (self.is_undefined()) rt.fail_undefined(self);
  if (self.is_integral()) return Value::integer(self.as_int());
  if (self.is(Kind::kFloat)) return truncated(rt, self.as_double(), fallback);
  if (!self.is_string()) return fallback;
  const bool valid_base = base == 0 || (base >= 2 && base <= 36);
  bool overflow = false;
  const auto integer = valid_base ? parse_int(self.as_string(), static_cast<int>(base), overflow)
                                  : std::nullopt;
  if (overflow) rt.fail("the integer does not fit 64 bits");
  if (integer) return Value::integer(*integer);
  const auto real = parse_float(self.as_string());
  return real ? truncated(rt, *real, fallback) : fallback;
}

Value to_float(Runtime& rt, const Value& self, const Args& args) {
  if (self.is_undefined()) rt.fail_undefined(self);
  if (self.is_number()) return Value::real(self.as_double());
  const auto real = self.is_string() ? parse_float(self.as_string()) : std::nullopt;
  return real ? Value::real(*real) : args.value_or(0, Value::real(0));
}

// Correctly rounded, halves to even, as Python's round(d, digits).
double round_double(double d, int64_t digits) {
  if (!std::isfinite(d) || digits > 323) return d;
  if (digits < -308) return std::copysign(0.0, d);
  if (digits < 0) {
    const double unit = std::pow(10.0, double(-digits));
    return std::nearbyint(d / unit) * unit;
  }
  char buffer[1024];
  const auto end = std::to_chars(buffer, buffer + sizeof buffer, d, std::chars_format::fixed,
                                 static_cast<int>(digits));
  double result = 0;
  std::from_chars(buffer, end.ptr, result);
  return result;
}

Value round_integer(Runtime& rt, int64_t i, int64_t digits) {
  if (digits >= 0) return Value::integer(i);
  if (digits < -18) return Value::integer(0);
  int64_t unit = 1;
  for (; digits < 0; ++digits) unit *= 10;
  const int64_t half = unit / 2;
  const int64_t rest = ((i % unit) + unit) % unit;
  const Value down = calculate(rt, Arithmetic::kSubtract, Value::integer(i), Value::integer(rest));
  const bool even = (down.as_int() / unit) % 2 == 0;
  if (rest < half || (rest == half && even)) return down;
  return calculate(rt, Arithmetic::kAdd, down, Value::integer(unit));
}

Value round_filter(Runtime& rt, const Value& self, const Args& args) {
  const int64_t digits = args.integer(0, 0);
  const std::string method = args.has(1) ? args.string(1) : "common";
  if (method != "common" && method != "ceil" && method != "floor") {
    rt.fail("method must be common, ceil or floor");
  }
  if (self.is_undefined()) rt.fail_undefined(self);
  if (!self.is_number()) {
    rt.fail("type " + std::string(type_name(self)) + " doesn't define __round__ method");
  }
  if (method == "common") {
    if (self.is_integral()) return round_integer(rt, self.as_int(), digits);
    return Value::real(round_double(self.as_double(), digits));
  }
  const Value unit = calculate(rt, Arithmetic::kPower, Value::integer(10), Value::integer(digits));
  const Value scaled = calculate(rt, Arithmetic::kMultiply, self, unit);
  if (scaled.is_integral()) return calculate(rt, Arithmetic::kDivide, scaled, unit);
  const double d = scaled.as_double();
  const Value whole = truncated(rt, method == "ceil" ? std::ceil(d) : std::floor(d), Value());
  return calculate(rt, Arithmetic::kDivide, whole, unit);
}

Value length(Runtime& rt, const Value& self, const Args&) {
  const auto size = length_of(rt, self);
  if (!size) rt.fail("object of type '" + std::string(type_name(self)) + "' has no len()");
  return Value::integer(*size);
}

Value sum(Runtime& rt, const Value& self, const Args& args) {
  Value total = args.value_or(1, Value::integer(0));
  if (total.is_string()) rt.fail("sum() can't sum strings");
  const Next next = iterate(rt, self);
  for (Value item; next(item);) {
    const Value term = args.has_value(0) ? get_path(rt, item, args[0]) : item;
    total = calculate(rt, Arithmetic::kAdd, total, term);
  }
  return total;
}

constexpr Builtin kFilters[] = {
    {"abs", absolute},
    {"count", length},
    {"float", to_float, 0, {"default"}},
    {"int", to_int, 0, {"default", "base"}},
    {"length", length},
    {"round", round_filter, 0, {"precision", "method"}},
    {"sum", sum, 0, {"attribute", "start"}},
};

}  // namespace

std::span<const Builtin> number_filters() { return kFilters; }

}  // namespace ferrum::jinja
