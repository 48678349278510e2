#pragma once
// The expressions of a parsed template. Nodes are immutable and evaluate themselves.

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "text/jinja/builtins.h"
#include "text/jinja/operators.h"
#include "text/jinja/runtime.h"
#include "text/jinja/value.h"

namespace ferrum::jinja {

struct Expression {
  virtual ~Expression() = default;
  // Evaluates under the budget, with the runtime's line set to this node's.
  Value evaluate(Runtime& runtime) const {
    const Runtime::Nesting nesting(runtime);
    runtime.line = line;
    return run(runtime);
  }
  virtual Value run(Runtime& runtime) const = 0;

  int line = 0;
  int height = 1;  // of the tree below; the parser bounds it
};

using ExpressionPtr = std::unique_ptr<Expression>;

struct Constant : Expression {
  Value value;
  Value run(Runtime&) const override { return value; }
};

struct Name : Expression {
  std::string name;
  Value run(Runtime& runtime) const override { return runtime.lookup(name); }
};

struct Sequence : Expression {
  Kind kind = Kind::kTuple;  // or kList
  std::vector<ExpressionPtr> items;
  Value run(Runtime& runtime) const override;
};

struct DictDisplay : Expression {
  std::vector<std::pair<ExpressionPtr, ExpressionPtr>> entries;
  Value run(Runtime& runtime) const override;
};

struct Attribute : Expression {
  ExpressionPtr object;
  std::string name;
  Value run(Runtime& runtime) const override;
};

struct Item : Expression {
  ExpressionPtr object, key;
  Value run(Runtime& runtime) const override;
};

struct SliceItem : Expression {
  ExpressionPtr object;
  ExpressionPtr start, stop, step;  // null where open
  Value run(Runtime& runtime) const override;
};

struct ArgumentList {
  std::vector<ExpressionPtr> positional;
  std::vector<std::pair<std::string, ExpressionPtr>> named;
  ExpressionPtr star, double_star;  // *args, **kwargs; null when absent

  Call evaluate(Runtime& runtime) const;
  int height() const;
};

struct CallExpression : Expression {
  ExpressionPtr callee;
  ArgumentList arguments;
  Value run(Runtime& runtime) const override;
  // The call with one more named argument, `caller`.
  Value run_with_caller(Runtime& runtime, Value caller) const;
};

// The text of a {% filter %} or {% set %} block, as the input of its innermost filter.
struct CapturedText : Expression {
  Value run(Runtime& runtime) const override { return runtime.captured_text; }
};

struct Filter : Expression {
  ExpressionPtr input;
  std::string name;
  const Builtin* builtin = nullptr;  // null: unknown, and refused where it runs
  ArgumentList arguments;
  Value run(Runtime& runtime) const override;
};

struct Test : Expression {
  ExpressionPtr input;
  std::string name;
  const Builtin* builtin = nullptr;
  ArgumentList arguments;
  Value run(Runtime& runtime) const override;
};

struct Unary : Expression {
  enum class Op { kNot, kNegate, kPlus } op = Op::kNot;
  ExpressionPtr operand;
  Value run(Runtime& runtime) const override;
};

struct Binary : Expression {
  Arithmetic op = Arithmetic::kAdd;
  ExpressionPtr left, right;
  Value run(Runtime& runtime) const override;
};

struct Logical : Expression {
  bool is_and = false;
  ExpressionPtr left, right;
  Value run(Runtime& runtime) const override;
};

struct Concatenation : Expression {  // a ~ b ~ c
  std::vector<ExpressionPtr> parts;
  Value run(Runtime& runtime) const override;
};

struct Comparisons : Expression {  // a < b <= c
  ExpressionPtr first;
  std::vector<std::pair<Comparison, ExpressionPtr>> rest;
  Value run(Runtime& runtime) const override;
};

struct Conditional : Expression {  // value if condition else otherwise
  ExpressionPtr condition, value;
  ExpressionPtr otherwise;  // may be null
  Value run(Runtime& runtime) const override;
};

}  // namespace ferrum::jinja
