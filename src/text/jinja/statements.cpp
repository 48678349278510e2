#include "text/jinja/statements.h"

#include <algorithm>

#include "text/jinja/python_text.h"

namespace ferrum::jinja {

Flow execute(Runtime& runtime, const Block& block) {
  for (const auto& statement : block) {
    const Flow flow = statement->execute(runtime);
    if (flow != Flow::kNext) return flow;
  }
  return Flow::kNext;
}

void Target::assign(Runtime& runtime, Value value) const {
  if (is_tuple) {
    const std::vector<Value> values = to_vector(runtime, value);
    if (values.size() != parts.size()) {
      runtime.fail("cannot unpack " + std::to_string(values.size()) + " values into " +
                   std::to_string(parts.size()) + " names");
    }
    for (size_t i = 0; i < parts.size(); ++i) parts[i].assign(runtime, values[i]);
  } else if (attribute.empty()) {
    runtime.assign(name, std::move(value));
  } else {
    const Value object = runtime.lookup(name);
    if (!object.is(Kind::kNamespace)) {
      runtime.fail("cannot assign attribute on non-namespace object");
    }
    if (attribute.starts_with('_')) {
      fail_private_attribute(runtime, attribute);
    }
    DictObject& attributes = object.as_namespace();
    runtime.set_entry(attributes, Value::constant(attribute), std::move(value));
    attributes.depth = 1;
  }
}

Flow Text::run(Runtime& runtime) const {
  runtime.emit(text);
  return Flow::kNext;
}

Flow Print::run(Runtime& runtime) const {
  const Value result = value->evaluate(runtime);
  if (result.is_string()) {
    runtime.emit(result.as_string());
  } else {
    runtime.line = line;
    runtime.emit(to_str(runtime, result));
  }
  return Flow::kNext;
}

Flow If::run(Runtime& runtime) const {
  for (const auto& [condition, body] : branches) {
    const Value value = condition->evaluate(runtime);
    if (truth(runtime, value)) return jinja::execute(runtime, body);
  }
  return jinja::execute(runtime, otherwise);
}

Flow For::run(Runtime& runtime) const {
  const Value items = iterable->evaluate(runtime);
  runtime.line = line;
  return loop(runtime, items, 0);
}

Next For::filtered(Runtime& runtime, Next source) const {
  return [this, &runtime, source = std::move(source), home = runtime.capture()](Value& out) {
    while (source(out)) {
      const ScopeGuard scope(runtime, home);
      target.assign(runtime, out);
      const Value keep = condition->evaluate(runtime);
      if (truth(runtime, keep)) return true;
    }
    return false;
  };
}

Flow For::loop(Runtime& runtime, const Value& items, int depth0) const {
  auto state = std::make_shared<LoopObject>();
  runtime.spend_bytes(sizeof(LoopObject));
  state->depth = items.depth() + 1;
  runtime.check_value_depth(state->depth);
  state->depth0 = depth0;
  state->source = iterate(runtime, items);
  if (condition) {
    state->source = filtered(runtime, std::move(state->source));
  } else {
    state->known_length = items.is(Kind::kLoop) ? -1 : length_of(runtime, items).value_or(-1);
  }
  if (recursive) {
    state->recurse = [this, home = runtime.capture()](Runtime& rt, const Value& nested, int depth) {
      const Capture output(rt);
      const ScopeGuard scope(rt, home);
      loop(rt, nested, depth);
      return rt.text(output.text);
    };
  }
  const auto outer = runtime.scope;
  const Value loop_value(Kind::kLoop, state);
  bool visited = false;
  while (state->advance()) {
    visited = true;
    const ScopeGuard scope(runtime, outer);
    runtime.assign("loop", loop_value);
    runtime.line = line;
    target.assign(runtime, state->current);
    if (jinja::execute(runtime, body) == Flow::kBreak) return Flow::kNext;
  }
  if (visited) return Flow::kNext;
  const ScopeGuard scope(runtime, outer);
  return jinja::execute(runtime, otherwise);
}

Flow Set::run(Runtime& runtime) const {
  Value result = value->evaluate(runtime);
  runtime.line = line;
  target.assign(runtime, std::move(result));
  return Flow::kNext;
}

Flow SetBlock::run(Runtime& runtime) const {
  Value result;
  {
    const Capture output(runtime);
    const ScopeGuard scope(runtime);
    const Flow flow = jinja::execute(runtime, body);
    if (flow != Flow::kNext) return flow;
    result = runtime.text(output.text);
    if (filter) {
      runtime.captured_text = std::move(result);
      result = filter->evaluate(runtime);
    }
  }
  runtime.line = line;
  target.assign(runtime, std::move(result));
  return Flow::kNext;
}

Flow FilterBlock::run(Runtime& runtime) const {
  Value result;
  {
    const Capture output(runtime);
    const ScopeGuard scope(runtime);
    const Flow flow = jinja::execute(runtime, body);
    if (flow != Flow::kNext) return flow;
    runtime.captured_text = runtime.text(output.text);
    result = filter->evaluate(runtime);
  }
  runtime.emit(to_str(runtime, result));
  return Flow::kNext;
}

Flow With::run(Runtime& runtime) const {
  std::vector<Value> values;
  for (const auto& variable : variables) values.push_back(variable.second->evaluate(runtime));
  const ScopeGuard scope(runtime);
  for (size_t i = 0; i < values.size(); ++i) variables[i].first.assign(runtime, values[i]);
  return jinja::execute(runtime, body);
}

Flow Generation::run(Runtime& runtime) const {
  const ScopeGuard scope(runtime);
  return jinja::execute(runtime, body);
}

Value MacroBody::bind(Runtime& runtime) const {
  return runtime.function(name, [this, home = runtime.capture()](Runtime& rt, Call& arguments) {
    return call(rt, home, arguments);
  });
}

void MacroBody::bind_named(Runtime& runtime, Call& arguments) const {
  std::vector<std::pair<Value, Value>> rest;
  for (auto& argument : arguments.named) {
    const std::string& key = argument.first;
    const auto parameter = std::find_if(parameters.begin(), parameters.end(),
                                        [&](const auto& p) { return p.first == key; });
    if (parameter != parameters.end() && runtime.scope->variables.count(key) == 0) {
      runtime.assign(parameter->first, std::move(argument.second));
    } else if (key == "caller" && takes_caller) {
      runtime.assign("caller", std::move(argument.second));
    } else if (takes_kwargs) {
      rest.emplace_back(runtime.text(key), std::move(argument.second));
    } else {
      runtime.fail("macro '" + name + "' takes no keyword argument '" + key + "'");
    }
  }
  if (takes_kwargs) runtime.assign("kwargs", runtime.dict(std::move(rest)));
}

Value MacroBody::call(Runtime& runtime, const std::shared_ptr<Scope>& home,
                      Call& arguments) const {
  const Capture output(runtime);
  const ScopeGuard scope(runtime, home);
  auto& given = arguments.positional;
  if (given.size() > parameters.size() && !takes_varargs) {
    runtime.fail("macro '" + name + "' takes not more than " + std::to_string(parameters.size()) +
                 " argument(s)");
  }
  const size_t bound = std::min(given.size(), parameters.size());
  for (size_t i = 0; i < bound; ++i) runtime.assign(parameters[i].first, given[i]);
  if (takes_varargs) {
    runtime.assign("varargs", runtime.tuple({given.begin() + static_cast<ptrdiff_t>(bound),
                                             given.end()}));
  }
  bind_named(runtime, arguments);
  if (takes_caller && runtime.scope->variables.count("caller") == 0) {
    runtime.assign("caller", Value::undefined("No caller defined"));
  }
  for (const auto& [parameter, fallback] : parameters) {
    if (runtime.scope->variables.count(parameter)) continue;
    runtime.assign(parameter, fallback ? fallback->evaluate(runtime)
                                       : Value::undefined("parameter '" + parameter +
                                                          "' was not provided"));
  }
  jinja::execute(runtime, body);
  return runtime.text(output.text);
}

Flow Macro::run(Runtime& runtime) const {
  runtime.assign(macro.name, macro.bind(runtime));
  return Flow::kNext;
}

Flow CallBlock::run(Runtime& runtime) const {
  const Value result = call->run_with_caller(runtime, macro.bind(runtime));
  runtime.line = line;
  runtime.emit(to_str(runtime, result));
  return Flow::kNext;
}

}  // namespace ferrum::jinja
