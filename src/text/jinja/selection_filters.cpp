// Filters that apply other filters and tests: map, select, reject and their kin. Lazy, as in
// Python: elements are computed when they are asked for.

#include "text/jinja/builtins.h"
#include "text/jinja/operators.h"
#include "text/jinja/python_text.h"

namespace ferrum::jinja {
namespace {

using Args = Arguments;

const Builtin& require(Runtime& rt, const Value& name, std::string_view what,
                       const Builtin* (*find)(std::string_view)) {
  const Builtin* found = name.is_string() ? find(name.as_string()) : nullptr;
  if (!found) rt.fail("No " + std::string(what) + " named " + to_repr(rt, name) + ".");
  return *found;
}

int depth_of(const Value& self, const Call& call) {
  int depth = self.depth();
  for (const Value& value : call.positional) depth = std::max(depth, value.depth());
  for (const auto& argument : call.named) depth = std::max(depth, argument.second.depth());
  return depth;
}

Value map_attribute(Runtime& rt, const Value& self, const Call& call) {
  Value path, fallback = Value::none();
  for (const auto& [name, value] : call.named) {
    if (name != "attribute" && name != "default") {
      rt.fail("Unexpected keyword argument '" + name + "'");
    }
    (name == "attribute" ? path : fallback) = value;
  }
  return rt.iterator(
      [&rt, path, fallback, source = iterate(rt, self)](Value& out) {
        Value item;
        if (!source(item)) return false;
        out = get_path(rt, item, path, fallback);
        return true;
      },
      depth_of(self, call));
}

Value map(Runtime& rt, const Value& self, const Args& args) {
  Call call = args.call();
  if (!truth(rt, self)) return rt.iterator([](Value&) { return false; }, 0);
  const bool by_attribute = call.positional.empty() &&
                            std::any_of(call.named.begin(), call.named.end(),
                                        [](const auto& a) { return a.first == "attribute"; });
  if (by_attribute) return map_attribute(rt, self, call);
  if (call.positional.empty()) rt.fail("map requires a filter argument");
  const int depth = depth_of(self, call);
  const Value name = call.positional.front();
  call.positional.erase(call.positional.begin());
  return rt.iterator(
      [&rt, name, call, source = iterate(rt, self)](Value& out) {
        Value item;
        if (!source(item)) return false;
        Call arguments = call;
        out = invoke(rt, require(rt, name, "filter", find_filter), item, arguments);
        return true;
      },
      depth);
}

template <bool keep, bool by_attribute>
Value select(Runtime& rt, const Value& self, const Args& args) {
  Call call = args.call();
  if (!truth(rt, self)) return rt.iterator([](Value&) { return false; }, 0);
  const int depth = depth_of(self, call);
  const auto take_front = [&] {
    const Value front = call.positional.front();
    call.positional.erase(call.positional.begin());
    return front;
  };
  if (by_attribute && call.positional.empty()) rt.fail("Missing parameter for attribute name");
  const Value path = by_attribute ? take_front() : Value::none();
  const Value name = call.positional.empty() ? Value::none() : take_front();
  return rt.iterator(
      [&rt, path, name, call, source = iterate(rt, self)](Value& out) {
        while (source(out)) {
          const Value tested = by_attribute ? get_path(rt, out, path) : out;
          bool passes = false;
          if (name.is_none()) {
            passes = truth(rt, tested);
          } else {
            Call arguments = call;
            passes = truth(rt, invoke(rt, require(rt, name, "test", find_test), tested, arguments));
          }
          if (passes == keep) return true;
        }
        return false;
      },
      depth);
}

Value attribute(Runtime& rt, const Value& self, const Args& args) {
  const std::string& name = args.string(0);
  const Value missing = Value::undefined(quote(type_description(self)) + " has no attribute " +
                                         quote(name));
  // Unlike self.name, items do not count.
  if (self.is(Kind::kDict) && !find_dict_method(name)) return missing;
  return get_attribute(rt, self, name);
}

constexpr Builtin kFilters[] = {
    {"attr", attribute, 1, {"name"}},
    {"map", map, 0, {}, true},
    {"reject", select<false, false>, 0, {}, true},
    {"rejectattr", select<false, true>, 0, {}, true},
    {"select", select<true, false>, 0, {}, true},
    {"selectattr", select<true, true>, 0, {}, true},
};

}  // namespace

std::span<const Builtin> selection_filters() { return kFilters; }

}  // namespace ferrum::jinja
