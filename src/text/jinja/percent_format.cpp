// "%s" % value.

#include <cmath>

#include "text/jinja/format.h"
#include "text/jinja/operators.h"
#include "text/jinja/python_text.h"
#include "text/jinja/unicode.h"
#include "text/utf8.h"

namespace ferrum::jinja {
namespace {

class PercentFormatter {
 public:
  PercentFormatter(Runtime& runtime, std::string_view format, const Value& values)
      : runtime_(runtime), rest_(format), values_(values) {}

  std::string run() {
    while (!rest_.empty()) {
      const size_t percent = rest_.find('%');
      out_ += rest_.substr(0, percent);
      if (percent == rest_.npos) break;
      rest_.remove_prefix(percent + 1);
      format_one();
      runtime_.reserve_text(static_cast<int64_t>(out_.size()));
    }
    const bool takes_all = values_.is(Kind::kTuple) || !values_.is(Kind::kDict);
    const size_t count = values_.is(Kind::kTuple) ? values_.items().size() : 1;
    if (takes_all && used_ < count && !by_name_ && !is_collection()) {
      runtime_.fail("not all arguments converted during string formatting");
    }
    return std::move(out_);
  }

 private:
  // Python lets a lone list or other mapping-like value go unused.
  bool is_collection() const { return values_.is(Kind::kList) || values_.is(Kind::kRange); }

  bool next_is(std::string_view characters) const {
    return !rest_.empty() && characters.find(rest_[0]) != characters.npos;
  }

  char next() {
    if (rest_.empty()) runtime_.fail("incomplete format");
    const char c = rest_[0];
    rest_.remove_prefix(1);
    return c;
  }

  Value next_value() {
    if (values_.is(Kind::kTuple) && used_ < values_.items().size()) return values_.items()[used_++];
    if (!values_.is(Kind::kTuple) && used_ == 0) {
      ++used_;
      return values_;
    }
    runtime_.fail("not enough arguments for format string");
  }

  int64_t read_count() {
    if (next_is("*")) {
      next();
      return to_index(runtime_, next_value());
    }
    int64_t count = 0;
    while (next_is("0123456789")) {
      count = count * 10 + (next() - '0');
      runtime_.reserve_text(count);
    }
    return count;
  }

  Value read_named() {
    const size_t close = rest_.find(')');
    if (close == rest_.npos) runtime_.fail("incomplete format key");
    if (!values_.is(Kind::kDict)) runtime_.fail("format requires a mapping");
    const std::string name(rest_.substr(0, close));
    rest_.remove_prefix(close + 1);
    by_name_ = true;
    const Value* found = values_.as_dict().find(name);
    if (!found) runtime_.fail("no key " + quote(name) + " for the format");
    return *found;
  }

  FormatSpec read_flags() {
    FormatSpec spec;
    spec.align = '>';
    bool zero = false;
    while (next_is("-+ #0")) {
      const char flag = next();
      if (flag == '-') spec.align = '<';
      if (flag == '+' || (flag == ' ' && spec.sign != '+')) spec.sign = flag;
      if (flag == '#') spec.alternate = true;
      if (flag == '0') zero = true;
    }
    if (zero && spec.align == '>') {
      spec.align = '=';
      spec.fill = "0";
    }
    return spec;
  }

  void format_one() {
    if (next_is("%")) {
      out_ += next();
      return;
    }
    std::optional<Value> named;
    if (next_is("(")) {
      next();
      named = read_named();
    }
    FormatSpec spec = read_flags();
    spec.width = read_count();
    if (spec.width < 0) {
      spec.align = '<';
      spec.width = spec.width == INT64_MIN ? INT64_MAX : -spec.width;
    }
    if (next_is(".")) {
      next();
      spec.precision = std::max<int64_t>(0, read_count());
    }
    while (next_is("hlL")) next();
    spec.type = next();
    const Value value = named ? *named : next_value();
    out_ += convert(value, spec);
  }

  std::string convert(const Value& value, FormatSpec spec) {
    const char type = spec.type;
    if (type == 's' || type == 'r' || type == 'c') {
      std::string text = type == 'r' ? to_repr(runtime_, value) : to_str(runtime_, value);
      if (type == 'c') text = character(value);
      spec.type = 's';
      if (spec.align == '=') spec.align = '>', spec.fill = " ";
      return format_value(runtime_, Value::constant(std::move(text)), spec);
    }
    if (std::string_view("diuxXoeEfFgG").find(type) == std::string_view::npos) {
      runtime_.fail(std::string("unsupported format character '") + type + "'");
    }
    if (value.is_undefined()) runtime_.fail_undefined(value);
    if (!value.is_number()) {
      runtime_.fail(std::string("%") + type + " format: a number is required, not " +
                    std::string(type_name(value)));
    }
    const bool truncates = type == 'd' || type == 'i' || type == 'u';
    if (truncates) spec.type = 'd';
    if (truncates && value.is(Kind::kFloat)) {
      const double whole = std::trunc(value.as_double());
      if (!(std::abs(whole) < 0x1p63)) runtime_.fail("the number does not fit 64 bits");
      return format_value(runtime_, Value::integer(static_cast<int64_t>(whole)), spec);
    }
    return format_value(runtime_, value, spec);
  }

  std::string character(const Value& value) {
    if (value.is_string() && value.as_text().length == 1) return value.as_string();
    if (!value.is_integral() || value.as_int() < 0 || value.as_int() > 0x10ffff ||
        (value.as_int() >= 0xd800 && value.as_int() <= 0xdfff)) {
      runtime_.fail("%c requires int or char");
    }
    std::string text;
    append_code_point(static_cast<char32_t>(value.as_int()), text);
    return text;
  }

  Runtime& runtime_;
  std::string_view rest_;
  const Value& values_;
  std::string out_;
  size_t used_ = 0;
  bool by_name_ = false;
};

}  // namespace

Value format_percent(Runtime& runtime, const Value& format, const Value& values) {
  return runtime.text(PercentFormatter(runtime, format.as_string(), values).run());
}

}  // namespace ferrum::jinja
