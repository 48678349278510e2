#include "text/jinja/value.h"

#include <array>
#include <bit>
#include <cmath>

#include "text/jinja/python_text.h"
#include "text/jinja/runtime.h"
#include "text/jinja/unicode.h"

namespace ferrum::jinja {
namespace {

constexpr std::array kTypeNames = {
    "Undefined", "NoneType", "bool",      "int",       "float",     "str",
    "list",      "tuple",    "range",     "dict_keys", "dict_values", "dict_items",
    "dict",      "Namespace", "generator", "LoopContext", "function"};

struct UndefinedObject : Object {
  std::string message;
};

// The text by which equal keys that are no strings are equal.
std::string canonical(const Value& key) {
  switch (key.kind()) {
    case Kind::kBool:
    case Kind::kInt: return "i" + std::to_string(key.as_int());
    case Kind::kFloat: {
      const double d = key.as_double();
      if (d == std::floor(d) && std::abs(d) < 0x1p63) {
        return "i" + std::to_string(static_cast<int64_t>(d));
      }
      return "f" + std::to_string(std::bit_cast<int64_t>(d));
    }
    case Kind::kString: return "s" + std::to_string(key.as_string().size()) + key.as_string();
    case Kind::kTuple: {
      std::string text = "(";
      for (const Value& item : key.items()) text += canonical(item) + ",";
      return text + ")";
    }
    default: return "o" + std::to_string(std::bit_cast<uintptr_t>(key.object()));
  }
}

}  // namespace

Value Value::real(double d) {
  Value value(Kind::kFloat);
  value.real_ = d;
  return value;
}

Value Value::constant(std::string text) {
  return Value(Kind::kString, std::make_shared<StringObject>(std::move(text)));
}

Value Value::undefined(std::string message) {
  auto object = std::make_shared<UndefinedObject>();
  object->message = std::move(message);
  object->depth = 0;
  return Value(Kind::kUndefined, std::move(object));
}

const StringObject& Value::as_text() const { return static_cast<StringObject&>(*object_); }
const std::string& Value::as_string() const { return as_text().text; }
const std::vector<Value>& Value::items() const {
  return static_cast<SequenceObject&>(*object_).items;
}
const RangeObject& Value::as_range() const { return static_cast<RangeObject&>(*object_); }
const DictObject& Value::as_dict() const { return static_cast<DictObject&>(*object_); }
DictObject& Value::as_namespace() const { return static_cast<DictObject&>(*object_); }
IteratorObject& Value::as_iterator() const { return static_cast<IteratorObject&>(*object_); }
LoopObject& Value::as_loop() const { return static_cast<LoopObject&>(*object_); }
const FunctionObject& Value::as_function() const {
  return static_cast<FunctionObject&>(*object_);
}

std::string Value::undefined_message() const {
  return object_ ? static_cast<UndefinedObject&>(*object_).message : "a value is undefined";
}

StringObject::StringObject(std::string t, bool is_markup)
    : text(std::move(t)), length(count_code_points(text)), markup(is_markup) {
  depth = 0;
}

const Value* DictObject::find(std::string_view key) const {
  const auto found = strings_.find(key);
  return found == strings_.end() ? nullptr : &entries[found->second].second;
}

const Value* DictObject::find(const Value& key) const {
  if (key.is_string()) return find(key.as_string());
  const auto found = others_.find(canonical(key));
  return found == others_.end() ? nullptr : &entries[found->second].second;
}

void DictObject::set(const Value& key, Value value) {
  const bool is_string = key.is_string();
  const auto [slot, added] = is_string ? strings_.try_emplace(key.as_string(), entries.size())
                                       : others_.try_emplace(canonical(key), entries.size());
  if (added) {
    entries.emplace_back(key, std::move(value));
  } else {
    entries[slot->second].second = std::move(value);
  }
}

bool DictObject::hashable(const Value& key) {
  if (key.is(Kind::kTuple)) {
    for (const Value& item : key.items()) {
      if (!hashable(item)) return false;
    }
  }
  return !key.is(Kind::kList) && !key.is(Kind::kDict) && !key.is(Kind::kKeys) &&
         !key.is(Kind::kItems);
}

bool LoopObject::advance() {
  Value next;
  if (!ahead.empty()) {
    next = std::move(ahead.back());
    ahead.pop_back();
  } else if (exhausted || !source(next)) {
    exhausted = true;
    return false;
  }
  ++index0;
  previous = std::move(current);
  current = std::move(next);
  return true;
}

const Value* LoopObject::peek() {
  if (ahead.empty() && !exhausted) {
    Value next;
    if (source(next)) {
      ahead.push_back(std::move(next));
    } else {
      exhausted = true;
    }
  }
  return ahead.empty() ? nullptr : &ahead.back();
}

int64_t LoopObject::length(Runtime& runtime) {
  if (known_length >= 0) return known_length;
  std::vector<Value> rest;
  Value next;
  while (!exhausted && source(next)) {
    runtime.step();
    rest.push_back(std::move(next));
  }
  exhausted = true;
  ahead.insert(ahead.begin(), rest.rbegin(), rest.rend());
  known_length = index0 + 1 + static_cast<int64_t>(ahead.size());
  return known_length;
}

std::string_view type_name(const Value& value) {
  return kTypeNames[static_cast<size_t>(value.kind())];
}

std::string type_description(const Value& value) {
  if (value.is_none()) return "None";
  return std::string(type_name(value)) + " object";
}

bool truth(Runtime& runtime, const Value& value) {
  switch (value.kind()) {
    case Kind::kUndefined:
    case Kind::kNone: return false;
    case Kind::kBool:
    case Kind::kInt: return value.as_int() != 0;
    case Kind::kFloat: return value.as_double() != 0;
    case Kind::kString: return !value.as_string().empty();
    case Kind::kDict: return !value.as_dict().entries.empty();
    case Kind::kLoop: return value.as_loop().length(runtime) != 0;
    case Kind::kNamespace:
    case Kind::kIterator:
    case Kind::kFunction: return true;
    default: return !value.items().empty();
  }
}

}  // namespace ferrum::jinja
