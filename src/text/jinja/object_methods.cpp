// The methods of list, tuple, range, dict and loop.

#include <algorithm>

#include "text/jinja/builtins.h"
#include "text/jinja/operators.h"
#include "text/jinja/python_text.h"

namespace ferrum::jinja {
namespace {

using Args = Arguments;

Value sequence_index(Runtime& rt, const Value& self, const Args& args) {
  const auto& items = self.items();
  const auto size = static_cast<int64_t>(items.size());
  const auto bound = [&](size_t i, int64_t open) {
    const int64_t index = args.integer(i, open);
    return std::clamp<int64_t>(index < 0 ? index + size : index, 0, size);
  };
  const int64_t end = bound(2, size);
  for (int64_t i = bound(1, 0); i < end; ++i) {
    if (equal(rt, items[static_cast<size_t>(i)], args[0])) return Value::integer(i);
  }
  rt.fail(to_repr(rt, args[0]) + " is not in the " + std::string(type_name(self)));
}

Value sequence_count(Runtime& rt, const Value& self, const Args& args) {
  int64_t count = 0;
  for (const Value& item : self.items()) count += equal(rt, item, args[0]);
  return Value::integer(count);
}

Value copy(Runtime&, const Value& self, const Args&) { return self; }

Value dict_get(Runtime& rt, const Value& self, const Args& args) {
  if (!DictObject::hashable(args[0])) {
    rt.fail("unhashable type: '" + std::string(type_name(args[0])) + "'");
  }
  const Value* found = self.as_dict().find(args[0]);
  return found ? *found : args.value_or(1, Value::none());
}

template <Kind kind>
Value dict_view(Runtime& rt, const Value& self, const Args&) {
  std::vector<Value> items;
  for (const auto& [key, value] : self.as_dict().entries) {
    rt.step();
    items.push_back(kind == Kind::kKeys ? key
                    : kind == Kind::kValues ? value : rt.tuple({key, value}));
  }
  return rt.list(std::move(items), kind);
}

Value loop_cycle(Runtime& rt, const Value& self, const Args& args) {
  const auto& choices = args.call().positional;
  if (choices.empty()) rt.fail("no items for cycling given");
  return choices[static_cast<size_t>(self.as_loop().index0) % choices.size()];
}

Value loop_changed(Runtime& rt, const Value& self, const Args& args) {
  LoopObject& loop = self.as_loop();
  const auto& now = args.call().positional;
  const bool same = loop.changed_called && loop.last_changed.size() == now.size() &&
                    std::equal(now.begin(), now.end(), loop.last_changed.begin(),
                               [&](const Value& a, const Value& b) { return equal(rt, a, b); });
  for (const Value& value : now) {
    if (value.depth() >= loop.depth) rt.fail("loop.changed() takes no loops or deeper values");
  }
  loop.changed_called = true;
  loop.last_changed = now;
  return Value::boolean(!same);
}

constexpr Builtin kSequence[] = {
    {"count", sequence_count, 1, {"value"}},
    {"index", sequence_index, 1, {"value", "start", "stop"}},
    {"copy", copy},
};

constexpr Builtin kDict[] = {
    {"copy", copy},
    {"get", dict_get, 1, {"key", "default"}},
    {"items", dict_view<Kind::kItems>},
    {"keys", dict_view<Kind::kKeys>},
    {"values", dict_view<Kind::kValues>},
};

constexpr Builtin kLoop[] = {
    {"changed", loop_changed, 0, {}, true},
    {"cycle", loop_cycle, 0, {}, true},
};

template <size_t n>
const Builtin* find_in(const Builtin (&table)[n], std::string_view name) {
  const auto* found = std::find_if(table, table + n,
                                   [&](const Builtin& m) { return m.name == name; });
  return found == table + n ? nullptr : found;
}

}  // namespace

const Builtin* find_sequence_method(std::string_view name) { return find_in(kSequence, name); }
const Builtin* find_dict_method(std::string_view name) { return find_in(kDict, name); }
const Builtin* find_loop_method(std::string_view name) { return find_in(kLoop, name); }

}  // namespace ferrum::jinja
