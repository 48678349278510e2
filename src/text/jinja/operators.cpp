#include "text/jinja/operators.h"

#include <algorithm>
#include <compare>

#include "text/jinja/python_text.h"
#include "text/jinja/unicode.h"

namespace ferrum::jinja {
namespace {

constexpr std::string_view kComparisons[] = {"==", "!=", "<", "<=", ">", ">=", "in", "not in"};

// long double holds every int64_t and every double exactly on the targets we build for.
long double widen(const Value& value) {
  return value.is_integral() ? static_cast<long double>(value.as_int())
                             : static_cast<long double>(value.as_double());
}

bool same_sequence_type(const Value& a, const Value& b) {
  return a.kind() == b.kind() && a.is_sequence() && !a.is(Kind::kValues);
}

bool equal_items(Runtime& runtime, const Value& a, const Value& b) {
  const auto& x = a.items();
  const auto& y = b.items();
  return x.size() == y.size() && std::equal(x.begin(), x.end(), y.begin(),
                                            [&](const Value& l, const Value& r) {
                                              return equal(runtime, l, r);
                                            });
}

bool equal_dicts(Runtime& runtime, const DictObject& a, const DictObject& b) {
  if (a.entries.size() != b.entries.size()) return false;
  for (const auto& [key, value] : a.entries) {
    const Value* other = b.find(key);
    if (!other || !equal(runtime, value, *other)) return false;
  }
  return true;
}

// a <=> b of values that Python can order; `op` is for the message.
std::partial_ordering order(Runtime& runtime, const Value& a, const Value& b,
                            std::string_view op) {
  const Runtime::Nesting nesting(runtime);
  if (a.is_undefined()) runtime.fail_undefined(a);
  if (b.is_undefined()) runtime.fail_undefined(b);
  if (a.is_number() && b.is_number()) return widen(a) <=> widen(b);
  if (a.is_string() && b.is_string()) {
    runtime.scan(a);
    return a.as_string().compare(b.as_string()) <=> 0;  // UTF-8 sorts as its code points do
  }
  if (a.kind() == b.kind() && (a.is(Kind::kList) || a.is(Kind::kTuple))) {
    const auto& x = a.items();
    const auto& y = b.items();
    for (size_t i = 0; i < std::min(x.size(), y.size()); ++i) {
      if (!equal(runtime, x[i], y[i])) return order(runtime, x[i], y[i], op);
    }
    return x.size() <=> y.size();
  }
  runtime.fail("'" + std::string(op) + "' not supported between instances of '" +
               std::string(type_name(a)) + "' and '" + std::string(type_name(b)) + "'");
}

}  // namespace

bool equal(Runtime& runtime, const Value& a, const Value& b) {
  const Runtime::Nesting nesting(runtime);
  if (a.is_number() && b.is_number()) return widen(a) == widen(b);
  if (a.is_string() && b.is_string()) {
    if (a.as_string().size() != b.as_string().size()) return false;
    runtime.scan(a);
    return a.as_string() == b.as_string();
  }
  if (same_sequence_type(a, b)) return equal_items(runtime, a, b);
  if (a.is(Kind::kDict) && b.is(Kind::kDict)) {
    return equal_dicts(runtime, a.as_dict(), b.as_dict());
  }
  if (a.kind() != b.kind()) return false;
  return a.is_undefined() || a.is_none() || a.object() == b.object();
}

bool less(Runtime& runtime, const Value& a, const Value& b) {
  return order(runtime, a, b, "<") < 0;
}

bool compare(Runtime& runtime, Comparison op, const Value& a, const Value& b) {
  const std::string_view name = kComparisons[static_cast<size_t>(op)];
  switch (op) {
    case Comparison::kEqual: return equal(runtime, a, b);
    case Comparison::kNotEqual: return !equal(runtime, a, b);
    case Comparison::kLess: return order(runtime, a, b, name) < 0;
    case Comparison::kLessEqual: return order(runtime, a, b, name) <= 0;
    case Comparison::kGreater: return order(runtime, a, b, name) > 0;
    case Comparison::kGreaterEqual: return order(runtime, a, b, name) >= 0;
    case Comparison::kIn: return contains(runtime, b, a);
    case Comparison::kNotIn: return !contains(runtime, b, a);
  }
  __builtin_unreachable();
}

bool contains(Runtime& runtime, const Value& container, const Value& item) {
  if (container.is_string()) {
    if (item.is_undefined()) {
      runtime.fail("'in <string>' requires string as left operand, not Undefined");
    }
    if (!item.is_string()) {
      runtime.fail("'in <string>' requires string as left operand, not " +
                   std::string(type_name(item)));
    }
    runtime.scan(container);
    return find_first(container.as_string(), item.as_string()) != std::string::npos;
  }
  if (container.is(Kind::kDict)) {
    if (!DictObject::hashable(item)) {
      runtime.fail("unhashable type: '" + std::string(type_name(item)) + "'");
    }
    return container.as_dict().find(item) != nullptr;
  }
  if (!is_iterable(container)) {
    runtime.fail("argument of type '" + std::string(type_name(container)) + "' is not iterable");
  }
  const Next next = iterate(runtime, container);
  for (Value element; next(element);) {
    if (equal(runtime, element, item)) return true;
  }
  return false;
}

bool is_iterable(const Value& value) {
  return value.is_sequence() || value.is_string() || value.is_undefined() ||
         value.is(Kind::kDict) || value.is(Kind::kIterator) || value.is(Kind::kLoop);
}

Next iterate(Runtime& runtime, const Value& value) {
  if (value.is_sequence()) {
    return [&runtime, value, i = size_t{0}](Value& out) mutable {
      if (i == value.items().size()) return false;
      runtime.step();
      out = value.items()[i++];
      return true;
    };
  }
  if (value.is_string()) {
    return [&runtime, value, i = size_t{0}](Value& out) mutable {
      const std::string& text = value.as_string();
      if (i == text.size()) return false;
      const size_t begin = i;
      next_code_point(text, i);
      out = runtime.text(text.substr(begin, i - begin));
      runtime.step();
      return true;
    };
  }
  if (value.is(Kind::kDict)) {
    return [&runtime, value, i = size_t{0}](Value& out) mutable {
      if (i == value.as_dict().entries.size()) return false;
      runtime.step();
      out = value.as_dict().entries[i++].first;
      return true;
    };
  }
  if (value.is(Kind::kIterator)) {
    return [&runtime, value](Value& out) {
      const Runtime::Nesting nesting(runtime);
      return value.as_iterator().next(out);
    };
  }
  if (value.is(Kind::kLoop)) {  // yields (item, loop), as a LoopContext does
    return [&runtime, value](Value& out) {
      LoopObject& loop = value.as_loop();
      if (!loop.advance()) return false;
      out = runtime.tuple({loop.current, value});
      return true;
    };
  }
  if (value.is_undefined()) return [](Value&) { return false; };
  runtime.fail("'" + std::string(type_name(value)) + "' object is not iterable");
}

std::vector<Value> to_vector(Runtime& runtime, const Value& value) {
  if (value.is_sequence()) {
    runtime.step(static_cast<int64_t>(value.items().size()));
    runtime.spend_bytes(static_cast<int64_t>(value.items().size() * sizeof(Value)));
    return value.items();
  }
  std::vector<Value> items;
  const Next next = iterate(runtime, value);
  for (Value element; next(element);) {
    runtime.spend_bytes(sizeof(Value));
    items.push_back(std::move(element));
  }
  return items;
}

std::optional<int64_t> length_of(Runtime& runtime, const Value& value) {
  if (value.is_undefined()) return 0;
  if (value.is_string()) return value.as_text().length;
  if (value.is_sequence()) return static_cast<int64_t>(value.items().size());
  if (value.is(Kind::kDict)) return static_cast<int64_t>(value.as_dict().entries.size());
  if (value.is(Kind::kLoop)) return value.as_loop().length(runtime);
  return std::nullopt;
}

int64_t to_index(Runtime& runtime, const Value& value) {
  if (value.is_undefined()) runtime.fail_undefined(value);
  if (!value.is_integral()) {
    runtime.fail("'" + std::string(type_name(value)) +
                 "' object cannot be interpreted as an integer");
  }
  return value.as_int();
}

Value call_value(Runtime& runtime, const Value& callee, Call& call) {
  if (callee.is_undefined()) runtime.fail_undefined(callee);
  if (callee.is(Kind::kFunction)) return callee.as_function().call(runtime, call);
  if (callee.is(Kind::kLoop)) {
    const LoopObject& loop = callee.as_loop();
    if (!loop.recurse) {
      runtime.fail("the loop must have the 'recursive' marker to be called recursively");
    }
    if (call.positional.size() != 1 || !call.named.empty()) {
      runtime.fail("loop() takes one argument, the nested items");
    }
    return loop.recurse(runtime, call.positional[0], loop.depth0 + 1);
  }
  runtime.fail("'" + std::string(type_name(callee)) + "' object is not callable");
}

void fail_private_attribute(Runtime& runtime, std::string_view name) {
  runtime.fail(
      "Chat templates cannot store underscore-prefixed attributes on a namespace, but got " +
      quote(name) + ". Please rename the attribute.");
}

Value escape(Runtime& runtime, const Value& value) {
  if (value.is_string() && value.as_text().markup) return value;
  const std::string text = to_str(runtime, value);
  std::string out;
  for (const char c : text) {
    switch (c) {
      case '&': out += "&amp;"; break;
      case '<': out += "&lt;"; break;
      case '>': out += "&gt;"; break;
      case '"': out += "&#34;"; break;
      case '\'': out += "&#39;"; break;
      default: out += c;
    }
  }
  return runtime.text(std::move(out), true);
}

}  // namespace ferrum::jinja
