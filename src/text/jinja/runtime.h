#pragma once
// One rendering: where it is, what it may still spend, and what its names mean.

#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "ferrum/text/chat_template.h"
#include "text/jinja/value.h"

namespace ferrum::jinja {

// The variables of one block. Names point into the program, which outlives the rendering.
struct Scope {
  std::shared_ptr<Scope> parent;
  std::map<std::string_view, Value> variables;
  bool captured = false;
};

class Runtime {
 public:
  // All three must outlive the runtime. `context` is a dict.
  Runtime(const ChatTemplateOptions& options, const DictObject& context, std::string& out);
  // Breaks the cycles that macros and namespaces can form.
  ~Runtime();
  Runtime(const Runtime&) = delete;
  Runtime& operator=(const Runtime&) = delete;

  int line = 1;  // of the node being evaluated
  std::shared_ptr<Scope> scope;
  Value captured_text;  // of the block whose filters are about to run

  [[noreturn]] void fail(const std::string& message) const;
  [[noreturn]] void fail_undefined(const Value& value) const { fail(value.undefined_message()); }
  [[noreturn]] void exhausted(const std::string& what) const;

  // Spends steps; throws when none are left.
  void step(int64_t count = 1) {
    if ((steps_left_ -= count) < 0) exhausted("evaluation steps");
  }
  // Spends what scanning the value's text costs.
  void scan(const Value& value) {
    if (value.is_string()) step(static_cast<int64_t>(value.as_string().size()) / 64);
  }
  // Checks a size before it is allocated.
  void reserve_text(int64_t bytes) const;
  int64_t text_limit() const { return options_.limits.output_bytes; }

  Value text(std::string text, bool markup = false);
  Value list(std::vector<Value> items, Kind kind = Kind::kList);
  Value tuple(std::vector<Value> items) { return list(std::move(items), Kind::kTuple); }
  Value range(int64_t start, int64_t stop, int64_t step);
  Value dict(std::vector<std::pair<Value, Value>> entries);
  Value name_space(std::vector<std::pair<Value, Value>> entries);
  Value iterator(Next next, int source_depth);
  Value function(std::string name, std::function<Value(Runtime&, Call&)> call, int depth = 0);
  void set_entry(DictObject& dict, const Value& key, Value value);
  // Throws when an object with contents this deep may not be made.
  void check_value_depth(int depth) const;
  void spend_bytes(int64_t bytes);

  void emit(std::string_view text);
  // Redirects output into `buffer`; returns where it went before.
  std::string* redirect(std::string* buffer) { return std::exchange(out_, buffer); }

  Value lookup(std::string_view name);
  void assign(std::string_view name, Value value) { scope->variables[name] = std::move(value); }
  // The current scope, kept alive for a closure.
  std::shared_ptr<Scope> capture();

  std::tm now() const;

  // Counts nested evaluations while it lives.
  class Nesting {
   public:
    explicit Nesting(Runtime& runtime) : runtime_(runtime) {
      runtime.step();
      if (++runtime.depth_ > runtime.options_.limits.depth) {
        --runtime.depth_;
        runtime.exhausted("nested evaluations");
      }
    }
    ~Nesting() { --runtime_.depth_; }
    Nesting(const Nesting&) = delete;
    Nesting& operator=(const Nesting&) = delete;

   private:
    Runtime& runtime_;
  };

 private:
  const ChatTemplateOptions& options_;
  const DictObject& context_;
  std::string* out_;
  int64_t steps_left_;
  int64_t bytes_left_;
  int depth_ = 0;
  std::vector<std::shared_ptr<Scope>> captured_;
  std::vector<std::shared_ptr<DictObject>> namespaces_;
};

// A scope inside another for as long as it lives.
class ScopeGuard {
 public:
  ScopeGuard(Runtime& runtime, std::shared_ptr<Scope> parent)
      : runtime_(runtime), outer_(std::move(runtime.scope)) {
    runtime_.scope = std::make_shared<Scope>();
    runtime_.scope->parent = std::move(parent);
  }
  explicit ScopeGuard(Runtime& runtime) : ScopeGuard(runtime, runtime.scope) {}
  ~ScopeGuard() { runtime_.scope = std::move(outer_); }
  ScopeGuard(const ScopeGuard&) = delete;
  ScopeGuard& operator=(const ScopeGuard&) = delete;

 private:
  Runtime& runtime_;
  std::shared_ptr<Scope> outer_;
};

// Output goes into `text` for as long as it lives.
class Capture {
 public:
  explicit Capture(Runtime& runtime) : runtime_(runtime), outer_(runtime.redirect(&text)) {}
  ~Capture() { runtime_.redirect(outer_); }
  Capture(const Capture&) = delete;
  Capture& operator=(const Capture&) = delete;

  std::string text;

 private:
  Runtime& runtime_;
  std::string* outer_;
};

}  // namespace ferrum::jinja
