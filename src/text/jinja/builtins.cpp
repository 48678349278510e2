#include "text/jinja/builtins.h"

#include <algorithm>

#include "text/jinja/operators.h"

namespace ferrum::jinja {
namespace {

const Builtin* find_in(std::span<const Builtin> table, std::string_view name) {
  const auto found = std::find_if(table.begin(), table.end(),
                                  [&](const Builtin& builtin) { return builtin.name == name; });
  return found == table.end() ? nullptr : &*found;
}

size_t count_parameters(const Builtin& builtin) {
  size_t count = 0;
  while (count < builtin.parameters.size() && !builtin.parameters[count].empty()) ++count;
  return count;
}

}  // namespace

Arguments::Arguments(Runtime& runtime, const Builtin& builtin, Call& call)
    : runtime_(runtime), call_(call) {
  if (builtin.variadic) return;
  const std::string name = std::string(builtin.name) + "()";
  const size_t count = count_parameters(builtin);
  if (call.positional.size() > count) {
    runtime.fail(name + " takes at most " + std::to_string(count) + " arguments, but " +
                 std::to_string(call.positional.size()) + " were given");
  }
  for (size_t i = 0; i < call.positional.size(); ++i) bound_[i] = &call.positional[i];
  for (const auto& [key, value] : call.named) {
    const auto* end = builtin.parameters.begin() + count;
    const auto* found = std::find(builtin.parameters.begin(), end, key);
    if (found == end) runtime.fail(name + " takes no argument '" + key + "'");
    const auto i = static_cast<size_t>(found - builtin.parameters.begin());
    if (bound_[i]) runtime.fail(name + " got two values for argument '" + key + "'");
    bound_[i] = &value;
  }
  for (size_t i = 0; i < builtin.required; ++i) {
    if (!bound_[i]) {
      runtime.fail(name + " needs the argument '" + std::string(builtin.parameters[i]) + "'");
    }
  }
}

int64_t Arguments::integer(size_t i, int64_t fallback) const {
  return has(i) ? to_index(runtime_, *bound_[i]) : fallback;
}

bool Arguments::boolean(size_t i, bool fallback) const {
  return has(i) ? truth(runtime_, *bound_[i]) : fallback;
}

const std::string& Arguments::string(size_t i) const {
  if (bound_[i]->is_undefined()) runtime_.fail_undefined(*bound_[i]);
  if (!bound_[i]->is_string()) {
    runtime_.fail("expected str, got " + std::string(type_name(*bound_[i])));
  }
  return bound_[i]->as_string();
}

const Builtin* find_filter(std::string_view name) {
  for (const auto table :
       {text_filters(), number_filters(), sequence_filters(), selection_filters()}) {
    if (const Builtin* found = find_in(table, name)) return found;
  }
  return nullptr;
}

Value invoke(Runtime& runtime, const Builtin& builtin, const Value& self, Call& call) {
  runtime.step();
  runtime.scan(self);
  for (const Value& argument : call.positional) runtime.scan(argument);
  for (const auto& argument : call.named) runtime.scan(argument.second);
  return builtin.run(runtime, self, Arguments(runtime, builtin, call));
}

Value bind_builtin(Runtime& runtime, const Builtin& builtin, const Value& self) {
  return runtime.function(
      std::string(builtin.name),
      [&builtin, self](Runtime& rt, Call& call) { return invoke(rt, builtin, self, call); },
      self.depth());
}

}  // namespace ferrum::jinja
