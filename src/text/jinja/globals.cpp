// The functions every template can call.

#include <algorithm>

#include "text/jinja/builtins.h"
#include "text/jinja/operators.h"
#include "text/jinja/python_text.h"

namespace ferrum::jinja {
namespace {

using Args = Arguments;
using Entries = std::vector<std::pair<Value, Value>>;

Value range(Runtime& rt, const Value&, const Args& args) {
  const int64_t first = args.integer(0, 0);
  const int64_t step = args.integer(2, 1);
  if (step == 0) rt.fail("range() arg 3 must not be zero");
  return args.has(1) ? rt.range(first, args.integer(1, 0), step) : rt.range(0, first, 1);
}

// The arguments of dict() and namespace(): a mapping or pairs, and keywords.
Entries read_entries(Runtime& rt, const Call& call) {
  Entries entries;
  if (call.positional.size() > 1) rt.fail("dict expected at most 1 argument");
  if (!call.positional.empty()) {
    const Value& source = call.positional[0];
    if (source.is(Kind::kDict)) {
      rt.step(static_cast<int64_t>(source.as_dict().entries.size()));
      entries = source.as_dict().entries;
    } else {
      for (const Value& pair : to_vector(rt, source)) {
        std::vector<Value> parts = to_vector(rt, pair);
        if (parts.size() != 2) rt.fail("dict() takes pairs of key and value");
        entries.emplace_back(std::move(parts[0]), std::move(parts[1]));
      }
    }
  }
  for (const auto& [key, value] : call.named) entries.emplace_back(rt.text(key), value);
  return entries;
}

Value dict(Runtime& rt, const Value&, const Args& args) {
  return rt.dict(read_entries(rt, args.call()));
}

Value name_space(Runtime& rt, const Value&, const Args& args) {
  Entries entries = read_entries(rt, args.call());
  for (const auto& entry : entries) {
    const Value& key = entry.first;
    if (key.is_string() && key.as_string().starts_with('_')) {
      fail_private_attribute(rt, key.as_string());
    }
  }
  return rt.name_space(std::move(entries));
}

Value raise_exception(Runtime& rt, const Value&, const Args& args) {
  throw Error(ErrorCode::kInvalidArgument, to_str(rt, args[0]),
              "raised by the chat template, line " + std::to_string(rt.line));
}

// One directive of strftime in the C locale, or nothing for one that is unknown.
bool append_time(const std::tm& time, char directive, std::string& out) {
  if (std::string_view("aAbBcdHIjmMpSUwWxXyYZz").find(directive) == std::string_view::npos) {
    return false;
  }
  // datetime.now() knows no time zone.
  if (directive == 'Z' || directive == 'z') return true;
  const char format[] = {'%', directive, '\0'};
  char buffer[64];
  out.append(buffer, std::strftime(buffer, sizeof buffer, format, &time));
  return true;
}

Value strftime_now(Runtime& rt, const Value&, const Args& args) {
  const std::string& format = args.string(0);
  const std::tm time = rt.now();
  std::string out;
  for (size_t i = 0; i < format.size(); ++i) {
    if (format[i] != '%') {
      out += format[i];
      continue;
    }
    // glibc's flag for "without leading zeros", which templates use as in %-d.
    const bool bare = i + 1 < format.size() && format[i + 1] == '-';
    const size_t at = i + (bare ? 2 : 1);
    const char directive = at < format.size() ? format[at] : '\0';
    std::string field;
    if (directive == '%') {
      field = "%";
    } else if (!append_time(time, directive, field)) {
      rt.fail("strftime_now() does not know the directive " + quote(format.substr(i, at - i + 1)));
    }
    if (bare) field.erase(0, std::min(field.find_first_not_of('0'), field.size() - 1));
    out += field;
    i = at;
  }
  return rt.text(std::move(out));
}

constexpr Builtin kGlobals[] = {
    {"dict", dict, 0, {}, true},
    {"namespace", name_space, 0, {}, true},
    {"raise_exception", raise_exception, 1, {"message"}},
    {"range", range, 1, {"start", "stop", "step"}},
    {"strftime_now", strftime_now, 1, {"format"}},
};

}  // namespace

const Builtin* find_global(std::string_view name) {
  const auto* found = std::find_if(std::begin(kGlobals), std::end(kGlobals),
                                   [&](const Builtin& g) { return g.name == name; });
  return found == std::end(kGlobals) ? nullptr : found;
}

}  // namespace ferrum::jinja
