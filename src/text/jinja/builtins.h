#pragma once
// What templates can call by name: filters, tests, methods of values, global functions.
//
// All are one kind of thing, a Builtin in a table; the tables stand in the source files.

#include <array>
#include <span>
#include <string_view>
#include <vector>

#include "text/jinja/runtime.h"
#include "text/jinja/value.h"

namespace ferrum::jinja {

struct Builtin;

// The arguments of one call, bound to the parameters of the builtin.
class Arguments {
 public:
  // Throws, as Python would, for missing, unknown and surplus arguments.
  Arguments(Runtime& runtime, const Builtin& builtin, Call& call);

  bool has(size_t i) const { return bound_[i] != nullptr; }
  // Given and not None.
  bool has_value(size_t i) const { return has(i) && !bound_[i]->is_none(); }
  const Value& operator[](size_t i) const { return *bound_[i]; }
  Value value_or(size_t i, Value fallback) const { return has(i) ? *bound_[i] : fallback; }
  int64_t integer(size_t i, int64_t fallback) const;
  bool boolean(size_t i, bool fallback) const;
  const std::string& string(size_t i) const;

  // Everything as written, for variadic builtins.
  Call& call() const { return call_; }

 private:
  static constexpr size_t kMaxParameters = 5;
  Runtime& runtime_;
  Call& call_;
  std::array<const Value*, kMaxParameters> bound_{};
};

struct Builtin {
  std::string_view name;
  // `self` is the filtered or tested value, or the object of a method.
  Value (*run)(Runtime& runtime, const Value& self, const Arguments& arguments);
  size_t required = 0;
  std::array<std::string_view, 5> parameters{};
  bool variadic = false;
};

// Null when there is none.
const Builtin* find_filter(std::string_view name);
const Builtin* find_test(std::string_view name);
const Builtin* find_global(std::string_view name);
const Builtin* find_string_method(std::string_view name);
const Builtin* find_sequence_method(std::string_view name);
const Builtin* find_dict_method(std::string_view name);
const Builtin* find_loop_method(std::string_view name);

Value invoke(Runtime& runtime, const Builtin& builtin, const Value& self, Call& call);
// The builtin as a function value: a method taken from its object, a global function.
Value bind_builtin(Runtime& runtime, const Builtin& builtin, const Value& self);

// The tables, by file.
std::span<const Builtin> text_filters();
std::span<const Builtin> number_filters();
std::span<const Builtin> sequence_filters();
std::span<const Builtin> selection_filters();

}  // namespace ferrum::jinja
