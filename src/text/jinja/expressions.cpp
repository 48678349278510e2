#include "text/jinja/expressions.h"

#include <algorithm>

#include "text/jinja/python_text.h"

namespace ferrum::jinja {

Value Sequence::run(Runtime& runtime) const {
  std::vector<Value> values;
  for (const auto& item : items) values.push_back(item->evaluate(runtime));
  return runtime.list(std::move(values), kind);
}

Value DictDisplay::run(Runtime& runtime) const {
  std::vector<std::pair<Value, Value>> values;
  for (const auto& [key, value] : entries) {
    Value evaluated_key = key->evaluate(runtime);
    values.emplace_back(std::move(evaluated_key), value->evaluate(runtime));
  }
  runtime.line = line;
  return runtime.dict(std::move(values));
}

Value Attribute::run(Runtime& runtime) const {
  const Value value = object->evaluate(runtime);
  runtime.line = line;
  return get_attribute(runtime, value, name);
}

Value Item::run(Runtime& runtime) const {
  const Value value = object->evaluate(runtime);
  const Value index = key->evaluate(runtime);
  runtime.line = line;
  return get_item(runtime, value, index);
}

Value SliceItem::run(Runtime& runtime) const {
  const auto end = [&](const ExpressionPtr& e) { return e ? e->evaluate(runtime) : Value::none(); };
  const Value value = object->evaluate(runtime);
  const Value from = end(start);
  const Value to = end(stop);
  const Value by = end(step);
  runtime.line = line;
  return get_slice(runtime, value, from, to, by);
}

Call ArgumentList::evaluate(Runtime& runtime) const {
  Call call;
  for (const auto& argument : positional) call.positional.push_back(argument->evaluate(runtime));
  if (star) {
    for (Value& value : to_vector(runtime, star->evaluate(runtime))) {
      call.positional.push_back(std::move(value));
    }
  }
  for (const auto& [name, argument] : named) {
    call.named.emplace_back(name, argument->evaluate(runtime));
  }
  if (double_star) {
    const Value mapping = double_star->evaluate(runtime);
    if (!mapping.is(Kind::kDict)) runtime.fail("argument after ** must be a mapping");
    for (const auto& [key, value] : mapping.as_dict().entries) {
      if (!key.is_string()) runtime.fail("keywords must be strings");
      runtime.step();
      call.named.emplace_back(key.as_string(), value);
    }
  }
  return call;
}

int ArgumentList::height() const {
  int height = 0;
  const auto add = [&](const ExpressionPtr& e) {
    if (e) height = std::max(height, e->height);
  };
  for (const auto& argument : positional) add(argument);
  for (const auto& argument : named) add(argument.second);
  add(star);
  add(double_star);
  return height;
}

Value CallExpression::run(Runtime& runtime) const {
  const Value function = callee->evaluate(runtime);
  Call call = arguments.evaluate(runtime);
  runtime.line = line;
  return call_value(runtime, function, call);
}

Value CallExpression::run_with_caller(Runtime& runtime, Value caller) const {
  const Value function = callee->evaluate(runtime);
  Call call = arguments.evaluate(runtime);
  call.named.emplace_back("caller", std::move(caller));
  runtime.line = line;
  return call_value(runtime, function, call);
}

Value Filter::run(Runtime& runtime) const {
  const Value value = input->evaluate(runtime);
  Call call = arguments.evaluate(runtime);
  runtime.line = line;
  if (!builtin) runtime.fail("No filter named '" + name + "'.");
  return invoke(runtime, *builtin, value, call);
}

Value Test::run(Runtime& runtime) const {
  const Value value = input->evaluate(runtime);
  Call call = arguments.evaluate(runtime);
  runtime.line = line;
  if (!builtin) runtime.fail("No test named '" + name + "'.");
  return invoke(runtime, *builtin, value, call);
}

Value Unary::run(Runtime& runtime) const {
  const Value value = operand->evaluate(runtime);
  runtime.line = line;
  switch (op) {
    case Op::kNot: return Value::boolean(!truth(runtime, value));
    case Op::kNegate: return negate(runtime, value);
    case Op::kPlus: return plus(runtime, value);
  }
  __builtin_unreachable();
}

Value Binary::run(Runtime& runtime) const {
  const Value a = left->evaluate(runtime);
  const Value b = right->evaluate(runtime);
  runtime.line = line;
  return calculate(runtime, op, a, b);
}

Value Logical::run(Runtime& runtime) const {
  Value value = left->evaluate(runtime);
  return truth(runtime, value) == is_and ? right->evaluate(runtime) : value;
}

Value Concatenation::run(Runtime& runtime) const {
  std::string out;
  for (const auto& part : parts) {
    const Value value = part->evaluate(runtime);
    runtime.line = line;
    out += to_str(runtime, value);
    runtime.reserve_text(static_cast<int64_t>(out.size()));
  }
  return runtime.text(std::move(out));
}

Value Comparisons::run(Runtime& runtime) const {
  Value left = first->evaluate(runtime);
  for (const auto& [op, operand] : rest) {
    Value right = operand->evaluate(runtime);
    runtime.line = line;
    if (!compare(runtime, op, left, right)) return Value::boolean(false);
    left = std::move(right);
  }
  return Value::boolean(true);
}

Value Conditional::run(Runtime& runtime) const {
  const Value test = condition->evaluate(runtime);
  if (truth(runtime, test)) return value->evaluate(runtime);
  if (otherwise) return otherwise->evaluate(runtime);
  return Value::undefined("the inline if-expression on line " + std::to_string(line) +
                          " evaluated to false and no else section was defined.");
}

}  // namespace ferrum::jinja
