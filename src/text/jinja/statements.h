#pragma once
// The statements of a parsed template. Nodes are immutable and execute themselves.

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "text/jinja/expressions.h"

namespace ferrum::jinja {

// How a statement ended: on to the next one, or out of the innermost loop's body.
enum class Flow { kNext, kBreak, kContinue };

struct Statement {
  virtual ~Statement() = default;
  Flow execute(Runtime& runtime) const {
    const Runtime::Nesting nesting(runtime);
    runtime.line = line;
    return run(runtime);
  }
  virtual Flow run(Runtime& runtime) const = 0;

  int line = 0;
};

using StatementPtr = std::unique_ptr<Statement>;
using Block = std::vector<StatementPtr>;

Flow execute(Runtime& runtime, const Block& block);

// Where an assignment goes: a name, an attribute of a namespace, or a tuple of targets.
struct Target {
  std::string name;
  std::string attribute;      // empty for a plain name
  std::vector<Target> parts;  // not empty for a tuple
  bool is_tuple = false;
  int line = 0;

  void assign(Runtime& runtime, Value value) const;
};

struct Text : Statement {
  std::string text;
  Flow run(Runtime& runtime) const override;
};

struct Print : Statement {
  ExpressionPtr value;
  Flow run(Runtime& runtime) const override;
};

struct If : Statement {
  std::vector<std::pair<ExpressionPtr, Block>> branches;
  Block otherwise;
  Flow run(Runtime& runtime) const override;
};

struct For : Statement {
  Target target;
  ExpressionPtr iterable;
  ExpressionPtr condition;  // null when absent
  Block body, otherwise;
  bool recursive = false;
  Flow run(Runtime& runtime) const override;

 private:
  Flow loop(Runtime& runtime, const Value& items, int depth0) const;
  Next filtered(Runtime& runtime, Next source) const;
};

struct Jump : Statement {
  Flow flow = Flow::kBreak;
  Flow run(Runtime&) const override { return flow; }
};

struct Set : Statement {
  Target target;
  ExpressionPtr value;
  Flow run(Runtime& runtime) const override;
};

struct SetBlock : Statement {
  Target target;
  ExpressionPtr filter;  // of the captured text; null when absent
  Block body;
  Flow run(Runtime& runtime) const override;
};

struct FilterBlock : Statement {
  ExpressionPtr filter;  // of the captured text
  Block body;
  Flow run(Runtime& runtime) const override;
};

struct With : Statement {
  std::vector<std::pair<Target, ExpressionPtr>> variables;
  Block body;
  Flow run(Runtime& runtime) const override;
};

// Renders its body in place, inside a scope of its own: {% generation %}.
struct Generation : Statement {
  Block body;
  Flow run(Runtime& runtime) const override;
};

// What macros and call blocks share: parameters and a body that becomes a text.
struct MacroBody {
  std::string name;  // "caller" for a call block
  std::vector<std::pair<std::string, ExpressionPtr>> parameters;  // null default: required
  Block body;
  bool takes_varargs = false, takes_kwargs = false, takes_caller = false;

  // A function that runs the body inside the scope where it was made.
  Value bind(Runtime& runtime) const;

 private:
  Value call(Runtime& runtime, const std::shared_ptr<Scope>& home, Call& call) const;
  void bind_named(Runtime& runtime, Call& call) const;
};

struct Macro : Statement {
  MacroBody macro;
  Flow run(Runtime& runtime) const override;
};

struct CallBlock : Statement {
  std::unique_ptr<CallExpression> call;
  MacroBody macro;
  Flow run(Runtime& runtime) const override;
};

}  // namespace ferrum::jinja
