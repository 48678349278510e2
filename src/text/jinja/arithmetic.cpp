// +, -, *, /, //, %, ** on numbers, texts and lists.

#include <cmath>

#include "text/jinja/format.h"
#include "text/jinja/operators.h"
#include "text/jinja/python_text.h"

namespace ferrum::jinja {
namespace {

constexpr std::string_view kSymbols[] = {"+", "-", "*", "/", "//", "%", "**"};

std::string_view symbol(Arithmetic op) { return kSymbols[static_cast<size_t>(op)]; }

[[noreturn]] void overflow(Runtime& runtime, Arithmetic op) {
  runtime.fail("the result of '" + std::string(symbol(op)) + "' does not fit 64 bits");
}

int64_t power(Runtime& runtime, int64_t base, int64_t exponent) {
  int64_t result = 1;
  while (exponent > 0) {
    if ((exponent & 1) && __builtin_mul_overflow(result, base, &result)) {
      overflow(runtime, Arithmetic::kPower);
    }
    exponent >>= 1;
    if (exponent > 0 && __builtin_mul_overflow(base, base, &base)) {
      overflow(runtime, Arithmetic::kPower);
    }
  }
  return result;
}

double float_modulo(double a, double b) {
  const double r = std::fmod(a, b);
  if (r == 0) return std::copysign(0.0, b);
  return (r < 0) != (b < 0) ? r + b : r;
}

double float_floor_divide(double a, double b) {
  const double quotient = (a - float_modulo(a, b)) / b;
  if (quotient == 0) return std::copysign(0.0, a / b);
  const double floor = std::floor(quotient);
  return quotient - floor > 0.5 ? floor + 1 : floor;
}

Value on_floats(Runtime& runtime, Arithmetic op, double a, double b) {
  switch (op) {
    case Arithmetic::kAdd: return Value::real(a + b);
    case Arithmetic::kSubtract: return Value::real(a - b);
    case Arithmetic::kMultiply: return Value::real(a * b);
    case Arithmetic::kPower: {
      if (a == 0 && b < 0) runtime.fail("zero cannot be raised to a negative power");
      const double result = std::pow(a, b);
      if (std::isnan(result) && !std::isnan(a) && !std::isnan(b)) {
        runtime.fail("the result of '**' is a complex number");
      }
      if (std::isinf(result) && std::isfinite(a) && std::isfinite(b)) {
        runtime.fail("the result of '**' is too large for a float");
      }
      return Value::real(result);
    }
    default: break;
  }
  if (b == 0) runtime.fail("division by zero");
  if (op == Arithmetic::kDivide) return Value::real(a / b);
  return Value::real(op == Arithmetic::kModulo ? float_modulo(a, b) : float_floor_divide(a, b));
}

Value on_integers(Runtime& runtime, Arithmetic op, int64_t a, int64_t b) {
  int64_t r = 0;
  switch (op) {
    case Arithmetic::kAdd:
      if (__builtin_add_overflow(a, b, &r)) overflow(runtime, op);
      return Value::integer(r);
    case Arithmetic::kSubtract:
      if (__builtin_sub_overflow(a, b, &r)) overflow(runtime, op);
      return Value::integer(r);
    case Arithmetic::kMultiply:
      if (__builtin_mul_overflow(a, b, &r)) overflow(runtime, op);
      return Value::integer(r);
    case Arithmetic::kPower:
      if (b < 0) return on_floats(runtime, op, double(a), double(b));
      return Value::integer(power(runtime, a, b));
    default: break;
  }
  if (b == 0) runtime.fail("division by zero");
  if (op == Arithmetic::kDivide) return Value::real(double(a) / double(b));
  if (b == -1) {  // the one divisor whose quotient can overflow
    if (op == Arithmetic::kModulo) return Value::integer(0);
    return negate(runtime, Value::integer(a));
  }
  const int64_t quotient = a / b;
  const int64_t remainder = a % b;
  const bool adjust = remainder != 0 && (remainder < 0) != (b < 0);
  if (op == Arithmetic::kModulo) return Value::integer(adjust ? remainder + b : remainder);
  return Value::integer(adjust ? quotient - 1 : quotient);
}

Value repeat(Runtime& runtime, const Value& value, int64_t count) {
  if (count < 0) count = 0;
  if (value.is_string()) {
    const auto& unit = value.as_string();
    int64_t size = 0;
    if (__builtin_mul_overflow(count, static_cast<int64_t>(unit.size()), &size)) {
      runtime.exhausted("bytes in one text");
    }
    runtime.reserve_text(size);
    std::string out;
    out.reserve(static_cast<size_t>(size));
    while (static_cast<int64_t>(out.size()) < size) out += unit;
    return runtime.text(std::move(out), value.as_text().markup);
  }
  const auto& unit = value.items();
  int64_t size = 0;
  if (__builtin_mul_overflow(count, static_cast<int64_t>(unit.size()), &size) ||
      size > runtime.text_limit() / static_cast<int64_t>(sizeof(Value))) {
    runtime.exhausted("elements in one list");
  }
  runtime.step(size);
  std::vector<Value> items;
  while (static_cast<int64_t>(items.size()) < size) {
    items.insert(items.end(), unit.begin(), unit.end());
  }
  return runtime.list(std::move(items), value.kind());
}

Value concatenate(Runtime& runtime, const Value& a, const Value& b) {
  if (a.is_string()) {
    const bool markup = a.as_text().markup || b.as_text().markup;
    const Value left = markup ? escape(runtime, a) : a;
    const Value right = markup ? escape(runtime, b) : b;
    runtime.reserve_text(
        static_cast<int64_t>(left.as_string().size() + right.as_string().size()));
    return runtime.text(left.as_string() + right.as_string(), markup);
  }
  runtime.step(static_cast<int64_t>(a.items().size() + b.items().size()));
  std::vector<Value> items = a.items();
  items.insert(items.end(), b.items().begin(), b.items().end());
  return runtime.list(std::move(items), a.kind());
}

bool repeatable(const Value& value) {
  return value.is_string() || value.is(Kind::kList) || value.is(Kind::kTuple);
}

}  // namespace

Value calculate(Runtime& runtime, Arithmetic op, const Value& a, const Value& b) {
  if (a.is_undefined()) runtime.fail_undefined(a);
  if (op == Arithmetic::kModulo && a.is_string()) return format_percent(runtime, a, b);
  if (b.is_undefined()) runtime.fail_undefined(b);
  if (a.is_integral() && b.is_integral()) return on_integers(runtime, op, a.as_int(), b.as_int());
  if (a.is_number() && b.is_number()) return on_floats(runtime, op, a.as_double(), b.as_double());
  if (op == Arithmetic::kAdd && a.kind() == b.kind() && repeatable(a)) {
    return concatenate(runtime, a, b);
  }
  if (op == Arithmetic::kMultiply && repeatable(a) && b.is_integral()) {
    return repeat(runtime, a, b.as_int());
  }
  if (op == Arithmetic::kMultiply && repeatable(b) && a.is_integral()) {
    return repeat(runtime, b, a.as_int());
  }
  runtime.fail("unsupported operand types for " + std::string(symbol(op)) + ": '" +
               std::string(type_name(a)) + "' and '" + std::string(type_name(b)) + "'");
}

Value negate(Runtime& runtime, const Value& value) {
  if (value.is_undefined()) runtime.fail_undefined(value);
  if (value.is(Kind::kFloat)) return Value::real(-value.as_double());
  if (!value.is_integral()) {
    runtime.fail("bad operand type for unary -: '" + std::string(type_name(value)) + "'");
  }
  return on_integers(runtime, Arithmetic::kSubtract, 0, value.as_int());
}

Value plus(Runtime& runtime, const Value& value) {
  if (value.is_undefined()) runtime.fail_undefined(value);
  if (value.is(Kind::kFloat)) return value;
  if (!value.is_integral()) {
    runtime.fail("bad operand type for unary +: '" + std::string(type_name(value)) + "'");
  }
  return Value::integer(value.as_int());
}

}  // namespace ferrum::jinja
