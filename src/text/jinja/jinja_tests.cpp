// Jinja's tests: what may stand after "is".

#include <algorithm>

#include "text/jinja/builtins.h"
#include "text/jinja/operators.h"
#include "text/jinja/python_text.h"

namespace ferrum::jinja {
namespace {

using Args = Arguments;

Value yes_if(bool b) { return Value::boolean(b); }

template <Kind kind>
Value is_kind(Runtime&, const Value& self, const Args&) {
  return yes_if(self.is(kind));
}

Value is_defined(Runtime&, const Value& self, const Args&) { return yes_if(!self.is_undefined()); }

template <bool wanted>
Value is_exactly(Runtime&, const Value& self, const Args&) {
  return yes_if(self.is(Kind::kBool) && self.as_bool() == wanted);
}

Value is_number(Runtime&, const Value& self, const Args&) { return yes_if(self.is_number()); }

Value is_sequence(Runtime&, const Value& self, const Args&) {
  const bool items = self.is_sequence() && !self.is(Kind::kKeys) && !self.is(Kind::kValues) &&
                     !self.is(Kind::kItems);
  return yes_if(items || self.is_string() || self.is(Kind::kDict) || self.is_undefined());
}

Value is_iterable_test(Runtime&, const Value& self, const Args&) {
  return yes_if(is_iterable(self));
}

// Loops and undefined values define __call__ as well.
Value is_callable(Runtime&, const Value& self, const Args&) {
  return yes_if(self.is(Kind::kFunction) || self.is(Kind::kLoop) || self.is_undefined());
}

Value is_escaped(Runtime&, const Value& self, const Args&) {
  return yes_if(self.is_string() && self.as_text().markup);
}

bool divides(Runtime& rt, const Value& self, int64_t divisor) {
  const Value rest = calculate(rt, Arithmetic::kModulo, self, Value::integer(divisor));
  return equal(rt, rest, Value::integer(0));
}

Value is_even(Runtime& rt, const Value& self, const Args&) { return yes_if(divides(rt, self, 2)); }

Value is_odd(Runtime& rt, const Value& self, const Args&) {
  const Value rest = calculate(rt, Arithmetic::kModulo, self, Value::integer(2));
  return yes_if(equal(rt, rest, Value::integer(1)));
}

Value is_divisible(Runtime& rt, const Value& self, const Args& args) {
  const Value rest = calculate(rt, Arithmetic::kModulo, self, args[0]);
  return yes_if(equal(rt, rest, Value::integer(0)));
}

Value by_method(Runtime& rt, const Value& self, std::string_view method) {
  Call call;
  return invoke(rt, *find_string_method(method), rt.text(to_str(rt, self)), call);
}

Value is_lower(Runtime& rt, const Value& self, const Args&) {
  return by_method(rt, self, "islower");
}

Value is_upper(Runtime& rt, const Value& self, const Args&) {
  return by_method(rt, self, "isupper");
}

// Identity: small values are one object each in Python; others are the same if they share storage.
Value is_same(Runtime& rt, const Value& self, const Args& args) {
  if (self.kind() != args[0].kind()) return yes_if(false);
  if (self.object() || args[0].object()) {
    const bool equal_texts = self.is_string() && self.as_string() == args[0].as_string();
    return yes_if(self.object() == args[0].object() || equal_texts);
  }
  return yes_if(equal(rt, self, args[0]));
}

template <Comparison op>
Value compares(Runtime& rt, const Value& self, const Args& args) {
  return yes_if(compare(rt, op, self, args[0]));
}

Value is_filter(Runtime&, const Value& self, const Args&) {
  return yes_if(self.is_string() && find_filter(self.as_string()));
}

Value is_test(Runtime&, const Value& self, const Args&) {
  return yes_if(self.is_string() && find_test(self.as_string()));
}

constexpr Builtin kTests[] = {
    {"!=", compares<Comparison::kNotEqual>, 1, {"other"}},
    {"<", compares<Comparison::kLess>, 1, {"other"}},
    {"<=", compares<Comparison::kLessEqual>, 1, {"other"}},
    {"==", compares<Comparison::kEqual>, 1, {"other"}},
    {">", compares<Comparison::kGreater>, 1, {"other"}},
    {">=", compares<Comparison::kGreaterEqual>, 1, {"other"}},
    {"boolean", is_kind<Kind::kBool>},
    {"callable", is_callable},
    {"defined", is_defined},
    {"divisibleby", is_divisible, 1, {"num"}},
    {"eq", compares<Comparison::kEqual>, 1, {"other"}},
    {"equalto", compares<Comparison::kEqual>, 1, {"other"}},
    {"escaped", is_escaped},
    {"even", is_even},
    {"false", is_exactly<false>},
    {"filter", is_filter},
    {"float", is_kind<Kind::kFloat>},
    {"ge", compares<Comparison::kGreaterEqual>, 1, {"other"}},
    {"greaterthan", compares<Comparison::kGreater>, 1, {"other"}},
    {"gt", compares<Comparison::kGreater>, 1, {"other"}},
    {"in", compares<Comparison::kIn>, 1, {"seq"}},
    {"integer", is_kind<Kind::kInt>},
    {"iterable", is_iterable_test},
    {"le", compares<Comparison::kLessEqual>, 1, {"other"}},
    {"lessthan", compares<Comparison::kLess>, 1, {"other"}},
    {"lower", is_lower},
    {"lt", compares<Comparison::kLess>, 1, {"other"}},
    {"mapping", is_kind<Kind::kDict>},
    {"ne", compares<Comparison::kNotEqual>, 1, {"other"}},
    {"none", is_kind<Kind::kNone>},
    {"number", is_number},
    {"odd", is_odd},
    {"sameas", is_same, 1, {"other"}},
    {"sequence", is_sequence},
    {"string", is_kind<Kind::kString>},
    {"test", is_test},
    {"true", is_exactly<true>},
    {"undefined", is_kind<Kind::kUndefined>},
    {"upper", is_upper},
};

}  // namespace

const Builtin* find_test(std::string_view name) {
  const auto* found = std::find_if(std::begin(kTests), std::end(kTests),
                                   [&](const Builtin& t) { return t.name == name; });
  return found == std::end(kTests) ? nullptr : found;
}

}  // namespace ferrum::jinja
