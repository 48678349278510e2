#include "text/jinja/python_text.h"

#include <charconv>
#include <cmath>

#include "text/jinja/unicode.h"
#include "text/utf8.h"

namespace ferrum::jinja {
namespace {

void append_hex(std::string& out, char32_t c) {
  char buffer[12];
  if (c <= 0xff) {
    std::snprintf(buffer, sizeof buffer, "\\x%02x", unsigned(c));
  } else if (c <= 0xffff) {
    std::snprintf(buffer, sizeof buffer, "\\u%04x", unsigned(c));
  } else {
    std::snprintf(buffer, sizeof buffer, "\\U%08x", unsigned(c));
  }
  out += buffer;
}

void append_items(Runtime& runtime, const std::vector<Value>& items, std::string& out) {
  for (size_t i = 0; i < items.size(); ++i) {
    if (i) out += ", ";
    append_repr(runtime, items[i], out);
  }
}

void append_entries(Runtime& runtime, const DictObject& dict, std::string& out) {
  out += '{';
  bool first = true;
  for (const auto& [key, value] : dict.entries) {
    if (!first) out += ", ";
    first = false;
    append_repr(runtime, key, out);
    out += ": ";
    append_repr(runtime, value, out);
  }
  out += '}';
}

void append_sequence(Runtime& runtime, const Value& value, std::string& out) {
  const auto& items = value.items();
  if (value.is(Kind::kRange)) {
    const RangeObject& range = value.as_range();
    out += "range(" + std::to_string(range.start) + ", " + std::to_string(range.stop);
    if (range.step != 1) out += ", " + std::to_string(range.step);
    out += ')';
  } else if (value.is(Kind::kTuple)) {
    out += '(';
    append_items(runtime, items, out);
    out += items.size() == 1 ? ",)" : ")";
  } else {
    const bool view = !value.is(Kind::kList);
    if (view) out += std::string(type_name(value)) + "(";
    out += '[';
    append_items(runtime, items, out);
    out += view ? "])" : "]";
  }
}

// Python's digits may hold single underscores between them.
std::optional<std::string> without_underscores(std::string_view text) {
  const auto is_digit_at = [&](size_t i) {
    return i < text.size() && std::isalnum(static_cast<unsigned char>(text[i])) != 0;
  };
  std::string out;
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '_') {
      out += text[i];
    } else if (i == 0 || !is_digit_at(i - 1) || !is_digit_at(i + 1)) {
      return std::nullopt;
    }
  }
  return out;
}

}  // namespace

std::string quote(std::string_view text) {
  const bool use_double = text.find('\'') != text.npos && text.find('"') == text.npos;
  const char mark = use_double ? '"' : '\'';
  std::string out(1, mark);
  for (size_t i = 0; i < text.size();) {
    const char32_t c = next_code_point(text, i);
    if (c == static_cast<char32_t>(mark) || c == '\\') {
      out += '\\';
      out += static_cast<char>(c);
    } else if (c == '\n') {
      out += "\\n";
    } else if (c == '\r') {
      out += "\\r";
    } else if (c == '\t') {
      out += "\\t";
    } else if (is_printable(c)) {
      append_code_point(c, out);
    } else {
      append_hex(out, c);
    }
  }
  return out + mark;
}

std::string repr_double(double d) {
  if (std::isnan(d)) return "nan";
  if (std::isinf(d)) return d < 0 ? "-inf" : "inf";
  char buffer[32];
  const auto end = std::to_chars(buffer, buffer + sizeof buffer, d, std::chars_format::scientific);
  const std::string_view text(buffer, static_cast<size_t>(end.ptr - buffer));
  const size_t e = text.find('e');
  int exponent = 0;
  std::from_chars(text.data() + e + (text[e + 1] == '+' ? 2 : 1), text.data() + text.size(),
                  exponent);
  const bool negative = text[0] == '-';
  std::string digits(1, text[negative ? 1 : 0]);
  if (const size_t point = text.find('.'); point != text.npos) {
    digits += text.substr(point + 1, e - point - 1);
  }
  std::string out = negative ? "-" : "";
  const int count = static_cast<int>(digits.size());
  if (exponent < -4 || exponent >= 16) {
    out += digits[0];
    if (count > 1) out += "." + digits.substr(1);
    const std::string magnitude = std::to_string(std::abs(exponent));
    return out + (exponent < 0 ? "e-" : "e+") + (magnitude.size() < 2 ? "0" : "") + magnitude;
  }
  const auto zeros = [](int n) { return std::string(static_cast<size_t>(n), '0'); };
  if (exponent < 0) return out + "0." + zeros(-exponent - 1) + digits;
  if (exponent + 1 >= count) return out + digits + zeros(exponent + 1 - count) + ".0";
  const auto whole = static_cast<size_t>(exponent + 1);
  return out + digits.substr(0, whole) + "." + digits.substr(whole);
}

void append_repr(Runtime& runtime, const Value& value, std::string& out) {
  const Runtime::Nesting nesting(runtime);
  runtime.reserve_text(static_cast<int64_t>(out.size()));
  switch (value.kind()) {
    case Kind::kUndefined: out += "Undefined"; break;
    case Kind::kNone: out += "None"; break;
    case Kind::kBool: out += value.as_bool() ? "True" : "False"; break;
    case Kind::kInt: out += std::to_string(value.as_int()); break;
    case Kind::kFloat: out += repr_double(value.as_double()); break;
    case Kind::kString:
      runtime.scan(value);
      if (value.as_text().markup) {
        out += "Markup(" + quote(value.as_string()) + ")";
      } else {
        out += quote(value.as_string());
      }
      break;
    case Kind::kDict: append_entries(runtime, value.as_dict(), out); break;
    case Kind::kNamespace:
      out += "<Namespace ";
      append_entries(runtime, value.as_namespace(), out);
      out += '>';
      break;
    case Kind::kLoop:
      out += "<LoopContext " + std::to_string(value.as_loop().index0 + 1) + "/" +
             std::to_string(value.as_loop().length(runtime)) + ">";
      break;
    case Kind::kIterator:
    case Kind::kFunction:
      runtime.fail("a " + std::string(type_name(value)) +
                   " has no text; is a call or |list missing?");
    default: append_sequence(runtime, value, out);
  }
}

std::string to_repr(Runtime& runtime, const Value& value) {
  std::string out;
  append_repr(runtime, value, out);
  return out;
}

std::string to_str(Runtime& runtime, const Value& value) {
  if (value.is_string()) {
    runtime.scan(value);
    return value.as_string();
  }
  return value.is_undefined() ? std::string() : to_repr(runtime, value);
}

std::optional<int64_t> parse_int(std::string_view text, int base, bool& overflow) {
  overflow = false;
  const auto cleaned = without_underscores(strip(text));
  if (!cleaned) return std::nullopt;
  std::string_view digits = *cleaned;
  const bool negative = digits.starts_with('-');
  if (negative || digits.starts_with('+')) digits.remove_prefix(1);
  if (digits.size() > 2 && digits[0] == '0') {
    const char mark = static_cast<char>(digits[1] | 0x20);
    const int marked = mark == 'x' ? 16 : mark == 'o' ? 8 : mark == 'b' ? 2 : 0;
    if (marked && (base == 0 || base == marked)) {
      base = marked;
      digits.remove_prefix(2);
    }
  }
  if (base == 0) {
    if (digits.size() > 1 && digits[0] == '0' && digits.find_first_not_of('0') != digits.npos) {
      return std::nullopt;
    }
    base = 10;
  }
  if (digits.empty() || digits[0] == '-' || digits[0] == '+') return std::nullopt;
  const std::string signed_digits = (negative ? "-" : "") + std::string(digits);
  int64_t result = 0;
  const char* end = signed_digits.data() + signed_digits.size();
  const auto parsed = std::from_chars(signed_digits.data(), end, result, base);
  if (parsed.ptr != end) return std::nullopt;
  overflow = parsed.ec == std::errc::result_out_of_range;
  return overflow ? std::nullopt : std::optional(result);
}

std::optional<double> parse_float(std::string_view text) {
  const auto cleaned = without_underscores(strip(text));
  if (!cleaned || cleaned->empty()) return std::nullopt;
  std::string_view digits = *cleaned;
  const bool negative = digits[0] == '-';
  if (negative || digits[0] == '+') digits.remove_prefix(1);
  const std::string lower = to_lower(digits);
  if (lower == "inf" || lower == "infinity") return negative ? -HUGE_VAL : HUGE_VAL;
  if (lower == "nan") return std::nan("");
  if (lower.empty() || lower.find_first_not_of("0123456789.e+-") != lower.npos ||
      !(std::isdigit(static_cast<unsigned char>(lower[0])) || lower[0] == '.')) {
    return std::nullopt;
  }
  double result = 0;
  const char* end = lower.data() + lower.size();
  const auto parsed = std::from_chars(lower.data(), end, result);
  if (parsed.ptr != end) return std::nullopt;
  // Out of range: strtod tells infinity from zero.
  if (parsed.ec == std::errc::result_out_of_range) result = std::strtod(lower.c_str(), nullptr);
  return negative ? -result : result;
}

}  // namespace ferrum::jinja
