// Filters on lists and dicts: picking, ordering, grouping.

#include <algorithm>

#include "text/jinja/builtins.h"
#include "text/jinja/operators.h"
#include "text/jinja/python_text.h"
#include "text/jinja/unicode.h"

namespace ferrum::jinja {
namespace {

using Args = Arguments;

// Strings by lower case unless case matters; other values as they are.
Value fold(Runtime& rt, const Value& value, bool case_sensitive) {
  if (case_sensitive || !value.is_string()) return value;
  return rt.text(to_lower(value.as_string()));
}

struct Keyed {
  Value key, value;
};

void sort_by_key(Runtime& rt, std::vector<Keyed>& items, bool reverse) {
  std::stable_sort(items.begin(), items.end(), [&](const Keyed& a, const Keyed& b) {
    return reverse ? less(rt, b.key, a.key) : less(rt, a.key, b.key);
  });
}

std::vector<Value> values_of(std::vector<Keyed> items) {
  std::vector<Value> values;
  for (Keyed& item : items) values.push_back(std::move(item.value));
  return values;
}

Value attribute_of(Runtime& rt, const Value& item, const Args& args, size_t i) {
  return args.has_value(i) ? get_path(rt, item, args[i]) : item;
}

Value default_filter(Runtime& rt, const Value& self, const Args& args) {
  const bool missing = self.is_undefined() || (args.boolean(1, false) && !truth(rt, self));
  return missing ? args.value_or(0, Value::constant("")) : self;
}

Value list(Runtime& rt, const Value& self, const Args&) { return rt.list(to_vector(rt, self)); }

Value items(Runtime& rt, const Value& self, const Args&) {
  if (self.is_undefined()) return rt.iterator(iterate(rt, self), 0);
  if (!self.is(Kind::kDict)) rt.fail("Can only get item pairs from a mapping.");
  std::vector<Value> pairs;
  for (const auto& [key, value] : self.as_dict().entries) pairs.push_back(rt.tuple({key, value}));
  const Value list = rt.list(std::move(pairs));
  return rt.iterator(iterate(rt, list), list.depth());
}

Value first(Runtime& rt, const Value& self, const Args&) {
  Value item;
  if (iterate(rt, self)(item)) return item;
  return Value::undefined("No first item, sequence was empty.");
}

// What reversed() takes.
bool is_reversible(const Value& value) {
  return value.is_sequence() || value.is_string() || value.is(Kind::kDict) ||
         value.is_undefined();
}

Value last(Runtime& rt, const Value& self, const Args&) {
  if (!is_reversible(self)) {
    rt.fail("'" + std::string(type_name(self)) + "' object is not reversible");
  }
  const std::vector<Value> all = to_vector(rt, self);
  return all.empty() ? Value::undefined("No last item, sequence was empty.") : all.back();
}

Value reverse(Runtime& rt, const Value& self, const Args&) {
  if (!is_iterable(self)) rt.fail("argument must be iterable");
  std::vector<Value> all = to_vector(rt, self);
  std::reverse(all.begin(), all.end());
  if (self.is_string()) {
    std::string out;
    for (const Value& c : all) out += c.as_string();
    return rt.text(std::move(out));
  }
  const Value reversed = rt.list(std::move(all));
  if (!is_reversible(self)) return reversed;
  return rt.iterator(iterate(rt, reversed), reversed.depth());
}

Value sort(Runtime& rt, const Value& self, const Args& args) {
  const bool reverse = args.boolean(0, false), case_sensitive = args.boolean(1, false);
  std::vector<Value> paths = {Value::none()};
  if (args.has_value(2)) paths[0] = args[2];
  if (paths[0].is_string()) {
    Call call{{rt.text(",")}, {}};
    paths = invoke(rt, *find_string_method("split"), args[2], call).items();
  }
  std::vector<Keyed> keyed;
  for (Value& item : to_vector(rt, self)) {
    std::vector<Value> keys;
    for (const Value& path : paths) {
      keys.push_back(fold(rt, path.is_none() ? item : get_path(rt, item, path), case_sensitive));
    }
    keyed.push_back({rt.list(std::move(keys)), std::move(item)});
  }
  sort_by_key(rt, keyed, reverse);
  return rt.list(values_of(std::move(keyed)));
}

Value dictsort(Runtime& rt, const Value& self, const Args& args) {
  const bool case_sensitive = args.boolean(0, false), reverse = args.boolean(2, false);
  const std::string by = args.has(1) ? args.string(1) : "key";
  if (by != "key" && by != "value") rt.fail("You can only sort by either \"key\" or \"value\"");
  if (self.is_undefined()) rt.fail_undefined(self);
  if (!self.is(Kind::kDict)) {
    rt.fail("'" + std::string(type_name(self)) + "' object has no attribute 'items'");
  }
  std::vector<Keyed> keyed;
  for (const auto& [key, value] : self.as_dict().entries) {
    keyed.push_back({fold(rt, by == "key" ? key : value, case_sensitive), rt.tuple({key, value})});
  }
  sort_by_key(rt, keyed, reverse);
  return rt.list(values_of(std::move(keyed)));
}

template <bool largest>
Value extreme(Runtime& rt, const Value& self, const Args& args) {
  const bool case_sensitive = args.boolean(0, false);
  const Next next = iterate(rt, self);
  Value best, best_key, item;
  if (!next(best)) return Value::undefined("No aggregated item, sequence was empty.");
  best_key = fold(rt, attribute_of(rt, best, args, 1), case_sensitive);
  while (next(item)) {
    const Value key = fold(rt, attribute_of(rt, item, args, 1), case_sensitive);
    if (largest ? less(rt, best_key, key) : less(rt, key, best_key)) {
      best = item;
      best_key = key;
    }
  }
  return best;
}

Value unique(Runtime& rt, const Value& self, const Args& args) {
  const bool case_sensitive = args.boolean(0, false);
  const Value path = args.has_value(1) ? args[1] : Value::none();
  auto seen = std::make_shared<DictObject>();
  const auto next = [&rt, path, case_sensitive, seen, source = iterate(rt, self)](Value& out) {
    while (source(out)) {
      const Value key = fold(rt, path.is_none() ? out : get_path(rt, out, path), case_sensitive);
      if (DictObject::hashable(key) && seen->find(key)) continue;
      rt.set_entry(*seen, key, Value::none());
      return true;
    }
    return false;
  };
  return rt.iterator(next, self.depth());
}

// (grouper, list) tuples, which templates also read by those names.
Value groupby(Runtime& rt, const Value& self, const Args& args) {
  const bool case_sensitive = args.boolean(2, false);
  const Value fallback = args.value_or(1, Value::none());
  const auto group_of = [&](const Value& item) { return get_path(rt, item, args[0], fallback); };
  std::vector<Keyed> keyed;
  for (Value& item : to_vector(rt, self)) {
    Value key = fold(rt, group_of(item), case_sensitive);
    keyed.push_back({std::move(key), std::move(item)});
  }
  sort_by_key(rt, keyed, false);
  std::vector<Value> groups;
  for (size_t i = 0; i < keyed.size();) {
    std::vector<Value> members;
    const Value key = keyed[i].key;
    for (; i < keyed.size() && equal(rt, keyed[i].key, key); ++i) members.push_back(keyed[i].value);
    const Value grouper = case_sensitive ? key : group_of(members[0]);
    groups.push_back(rt.tuple({grouper, rt.list(std::move(members))}));
  }
  return rt.list(std::move(groups));
}

Value batch(Runtime& rt, const Value& self, const Args& args) {
  const int64_t size = args.integer(0, 0);
  std::vector<Value> batches, current;
  const auto flush = [&] { batches.push_back(rt.list(std::exchange(current, {}))); };
  const Next next = iterate(rt, self);
  for (Value item; next(item);) {
    if (static_cast<int64_t>(current.size()) == size) flush();
    current.push_back(item);
  }
  if (!current.empty()) {
    while (args.has_value(1) && static_cast<int64_t>(current.size()) < size) {
      rt.step();
      rt.spend_bytes(sizeof(Value));
      current.push_back(args[1]);
    }
    flush();
  }
  const Value all = rt.list(std::move(batches));
  return rt.iterator(iterate(rt, all), all.depth());
}

Value slice(Runtime& rt, const Value& self, const Args& args) {
  const int64_t slices = args.integer(0, 0);
  if (slices == 0) rt.fail("integer division or modulo by zero");
  const std::vector<Value> all = to_vector(rt, self);
  const auto length = static_cast<int64_t>(all.size());
  std::vector<Value> out;
  int64_t at = 0;
  for (int64_t i = 0; i < slices; ++i) {
    const bool extra = i < length % slices;
    const int64_t end = at + length / slices + (extra ? 1 : 0);
    std::vector<Value> part(all.begin() + at, all.begin() + end);
    if (args.has_value(1) && !extra) part.push_back(args[1]);
    out.push_back(rt.list(std::move(part)));
    rt.step();
    at = end;
  }
  const Value list = rt.list(std::move(out));
  return rt.iterator(iterate(rt, list), list.depth());
}

constexpr Builtin kFilters[] = {
    {"batch", batch, 1, {"linecount", "fill_with"}},
    {"d", default_filter, 0, {"default_value", "boolean"}},
    {"default", default_filter, 0, {"default_value", "boolean"}},
    {"dictsort", dictsort, 0, {"case_sensitive", "by", "reverse"}},
    {"first", first},
    {"groupby", groupby, 1, {"attribute", "default", "case_sensitive"}},
    {"items", items},
    {"last", last},
    {"list", list},
    {"max", extreme<true>, 0, {"case_sensitive", "attribute"}},
    {"min", extreme<false>, 0, {"case_sensitive", "attribute"}},
    {"reverse", reverse},
    {"slice", slice, 1, {"slices", "fill_with"}},
    {"sort", sort, 0, {"reverse", "case_sensitive", "attribute"}},
    {"unique", unique, 0, {"case_sensitive", "attribute"}},
};

}  // namespace

std::span<const Builtin> sequence_filters() { return kFilters; }

}  // namespace ferrum::jinja
