// "{}".format(value).

#include "text/jinja/format.h"
#include "text/jinja/operators.h"
#include "text/jinja/python_text.h"
#include "text/jinja/unicode.h"

namespace ferrum::jinja {
namespace {

class BraceFormatter {
 public:
  BraceFormatter(Runtime& runtime, const Call& arguments)
      : runtime_(runtime), arguments_(arguments) {}

  // Two levels, as in Python: a spec may hold fields, those may not.
  std::string run(std::string_view format, int levels) {
    if (levels < 0) runtime_.fail("max string recursion exceeded");
    std::string out;
    for (size_t i = 0; i < format.size(); ++i) {
      const char c = format[i];
      const bool doubled = i + 1 < format.size() && format[i + 1] == c;
      if (c != '{' && c != '}') {
        out += c;
      } else if (doubled) {
        out += c;
        ++i;
      } else if (c == '}') {
        runtime_.fail("single '}' encountered in format string");
      } else {
        const size_t end = field_end(format, i + 1);
        out += format_field(format.substr(i + 1, end - i - 1), levels);
        i = end;
      }
      runtime_.reserve_text(static_cast<int64_t>(out.size()));
    }
    return out;
  }

 private:
  size_t field_end(std::string_view format, size_t begin) {
    int depth = 1;
    for (size_t i = begin; i < format.size(); ++i) {
      if (format[i] == '{') ++depth;
      if (format[i] == '}' && --depth == 0) return i;
    }
    runtime_.fail("expected '}' before end of string");
  }

  std::string format_field(std::string_view field, int levels) {
    const size_t colon = field.find(':');
    std::string_view name = field.substr(0, colon);
    char conversion = '\0';
    if (const size_t mark = name.find('!'); mark != name.npos) {
      if (name.size() != mark + 2) runtime_.fail("expected one conversion character after '!'");
      conversion = name[mark + 1];
      name = name.substr(0, mark);
    }
    Value value = find_value(name);
    if (conversion == 's') value = runtime_.text(to_str(runtime_, value));
    if (conversion == 'r') value = runtime_.text(to_repr(runtime_, value));
    if (conversion && conversion != 's' && conversion != 'r') {
      runtime_.fail(std::string("unknown conversion specifier '") + conversion + "'");
    }
    // After the value, so that automatic numbers count from left to right.
    const std::string spec =
        colon == field.npos ? "" : run(field.substr(colon + 1), levels - 1);
    if (spec.empty()) return to_str(runtime_, value);
    return format_value(runtime_, value, parse_spec(spec, value));
  }

  std::optional<int64_t> as_number(std::string_view text) {
    if (text.empty() || text.find_first_not_of("0123456789") != text.npos) return std::nullopt;
    bool overflow = false;
    return parse_int(text, 10, overflow);
  }

  Value find_value(std::string_view name) {
    size_t end = name.find_first_of(".[");
    const std::string_view first = name.substr(0, end);
    Value value = find_argument(first);
    while (end < name.size()) {
      if (name[end] == '.') {
        const size_t next = std::min(name.find_first_of(".[", end + 1), name.size());
        value = get_attribute(runtime_, value, name.substr(end + 1, next - end - 1));
        end = next;
      } else {
        const size_t close = name.find(']', end);
        if (close == name.npos) runtime_.fail("missing ']' in format string");
        const std::string_view key = name.substr(end + 1, close - end - 1);
        const auto number = as_number(key);
        value = get_item(runtime_, value,
                         number ? Value::integer(*number) : runtime_.text(std::string(key)));
        end = close + 1;
      }
    }
    return value;
  }

  Value find_argument(std::string_view name) {
    const auto number = as_number(name);
    if (name.empty() || number) {
      const int64_t index = number ? *number : automatic_++;
      if (index >= static_cast<int64_t>(arguments_.positional.size())) {
        runtime_.fail("replacement index " + std::to_string(index) + " out of range");
      }
      return arguments_.positional[static_cast<size_t>(index)];
    }
    for (const auto& [key, value] : arguments_.named) {
      if (key == name) return value;
    }
    runtime_.fail("format has no argument " + quote(name));
  }

  // [[fill]align][sign][#][0][width][grouping][.precision][type]
  FormatSpec parse_spec(std::string_view text, const Value& value) {
    FormatSpec spec;
    size_t i = 0;
    const auto is_align = [&](size_t at) {
      return at < text.size() && std::string_view("<>=^").find(text[at]) != std::string_view::npos;
    };
    size_t after_fill = 0;
    next_code_point(text, after_fill);
    const bool has_fill = is_align(after_fill);
    if (has_fill) {
      spec.fill = text.substr(0, after_fill);
      i = after_fill;
    }
    if (is_align(i)) spec.align = text[i++];
    const auto one_of = [&](std::string_view choices) {
      return i < text.size() && choices.find(text[i]) != choices.npos ? text[i++] : '\0';
    };
    if (const char sign = one_of("+- ")) spec.sign = sign;
    spec.alternate = one_of("#") != '\0';
    if (one_of("0") && !has_fill) {
      spec.fill = "0";
      if (!spec.align) spec.align = value.is_number() ? '=' : '<';
    }
    spec.width = read_number(text, i);
    spec.grouping = one_of(",_");
    if (one_of(".")) spec.precision = read_number(text, i);
    spec.type = one_of("sdxXobeEfFgG%");
    if (i != text.size()) runtime_.fail("invalid format specifier " + quote(text));
    if (value.is_integral() && !spec.type && spec.precision >= 0) {
      runtime_.fail("precision not allowed in integer format specifier");
    }
    return spec;
  }

  int64_t read_number(std::string_view text, size_t& i) {
    int64_t number = 0;
    for (; i < text.size() && text[i] >= '0' && text[i] <= '9'; ++i) {
      number = number * 10 + (text[i] - '0');
      runtime_.reserve_text(number);
    }
    return number;
  }

  Runtime& runtime_;
  const Call& arguments_;
  int64_t automatic_ = 0;
};

}  // namespace

Value format_braces(Runtime& runtime, const Value& format, const Call& arguments) {
  return runtime.text(BraceFormatter(runtime, arguments).run(format.as_string(), 1));
}

}  // namespace ferrum::jinja
