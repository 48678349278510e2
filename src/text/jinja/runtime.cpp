#include "text/jinja/runtime.h"

#include <algorithm>
#include <chrono>

#include "text/jinja/builtins.h"

namespace ferrum::jinja {

Runtime::Runtime(const ChatTemplateOptions& options, const DictObject& context, std::string& out)
    : scope(std::make_shared<Scope>()),
      options_(options),
      context_(context),
      out_(&out),
      steps_left_(options.limits.steps),
      bytes_left_(options.limits.made_bytes) {}

Runtime::~Runtime() {
  for (const auto& captured : captured_) captured->variables.clear();
  for (const auto& name_space : namespaces_) name_space->entries.clear();
}

void Runtime::fail(const std::string& message) const {
  throw Error(ErrorCode::kInvalidFormat,
              "chat template, line " + std::to_string(line) + ": " + message);
}

void Runtime::exhausted(const std::string& what) const {
  throw Error(ErrorCode::kResourceExhausted, "chat template, line " + std::to_string(line) +
                                                 ": more " + what + " than one rendering may use");
}

void Runtime::reserve_text(int64_t bytes) const {
  if (bytes > text_limit()) exhausted("bytes in one text");
}

void Runtime::spend_bytes(int64_t bytes) {
  if ((bytes_left_ -= bytes) < 0) exhausted("bytes of values");
}

void Runtime::check_value_depth(int depth) const {
  if (depth > ChatTemplateLimits::kValueDepth) exhausted("nested values");
}

Value Runtime::text(std::string text, bool markup) {
  const auto size = static_cast<int64_t>(text.size());
  reserve_text(size);
  step(size / 64);
  spend_bytes(size + 64);
  return Value(Kind::kString, std::make_shared<StringObject>(std::move(text), markup));
}

Value Runtime::list(std::vector<Value> items, Kind kind) {
  spend_bytes(static_cast<int64_t>(items.size() * sizeof(Value)) + 64);
  auto object = std::make_shared<SequenceObject>();
  for (const Value& item : items) object->depth = std::max(object->depth, item.depth() + 1);
  check_value_depth(object->depth);
  object->items = std::move(items);
  return Value(kind, std::move(object));
}

Value Runtime::range(int64_t start, int64_t stop, int64_t by) {
  auto object = std::make_shared<RangeObject>();
  object->start = start;
  object->stop = stop;
  object->step = by;
  const auto distance = by > 0 ? static_cast<__int128>(stop) - start
                               : static_cast<__int128>(start) - stop;
  const auto stride = by > 0 ? static_cast<__int128>(by) : -static_cast<__int128>(by);
  const auto count = distance <= 0 ? 0 : (distance + stride - 1) / stride;
  if (count > ChatTemplateLimits::kRange) {
    exhausted("than " + std::to_string(ChatTemplateLimits::kRange) + " elements in a range");
  }
  spend_bytes(static_cast<int64_t>(count) * static_cast<int64_t>(sizeof(Value)));
  for (int64_t i = 0; i < static_cast<int64_t>(count); ++i) {
    object->items.push_back(Value::integer(start + i * by));
  }
  return Value(Kind::kRange, std::move(object));
}

void Runtime::set_entry(DictObject& dict, const Value& key, Value value) {
  if (!DictObject::hashable(key)) fail("unhashable type: '" + std::string(type_name(key)) + "'");
  step();
  scan(key);
  spend_bytes(2 * sizeof(Value) + 96 + (key.is_string() ? key.as_string().size() : 0));
  dict.depth = std::max({dict.depth, key.depth() + 1, value.depth() + 1});
  check_value_depth(dict.depth);
  dict.set(key, std::move(value));
}

Value Runtime::dict(std::vector<std::pair<Value, Value>> entries) {
  auto object = std::make_shared<DictObject>();
  for (auto& [key, value] : entries) set_entry(*object, key, std::move(value));
  return Value(Kind::kDict, std::move(object));
}

Value Runtime::name_space(std::vector<std::pair<Value, Value>> entries) {
  auto object = std::make_shared<DictObject>();
  spend_bytes(256);
  namespaces_.push_back(object);
  for (auto& [key, value] : entries) set_entry(*object, key, std::move(value));
  object->depth = 1;  // its contents come and go; ~Runtime takes it apart without recursion
  return Value(Kind::kNamespace, std::move(object));
}

Value Runtime::iterator(Next next, int source_depth) {
  spend_bytes(256);
  auto object = std::make_shared<IteratorObject>();
  object->next = std::move(next);
  object->depth = source_depth + 1;
  check_value_depth(object->depth);
  return Value(Kind::kIterator, std::move(object));
}

Value Runtime::function(std::string name, std::function<Value(Runtime&, Call&)> call, int depth) {
  spend_bytes(256);
  auto object = std::make_shared<FunctionObject>();
  object->name = std::move(name);
  object->call = std::move(call);
  object->depth = depth + 1;
  check_value_depth(object->depth);
  return Value(Kind::kFunction, std::move(object));
}

void Runtime::emit(std::string_view text) {
  const int64_t size = static_cast<int64_t>(out_->size() + text.size());
  if (size > options_.limits.output_bytes) exhausted("bytes of output");
  step(static_cast<int64_t>(text.size()) / 64);
  spend_bytes(static_cast<int64_t>(text.size()));
  out_->append(text);
}

Value Runtime::lookup(std::string_view name) {
  for (const Scope* s = scope.get(); s; s = s->parent.get()) {
    const auto found = s->variables.find(name);
    if (found != s->variables.end()) return found->second;
  }
  if (const Value* value = context_.find(name)) return *value;
  if (const Builtin* builtin = find_global(name)) return bind_builtin(*this, *builtin, {});
  return Value::undefined("'" + std::string(name) + "' is undefined");
}

std::shared_ptr<Scope> Runtime::capture() {
  if (!scope->captured) {
    scope->captured = true;
    spend_bytes(256);
    captured_.push_back(scope);
  }
  return scope;
}

std::tm Runtime::now() const {
  if (options_.now) return options_.now();
  const std::time_t seconds = std::chrono::system_clock::to_time_t(
      std::chrono::system_clock::now());
  std::tm local{};
  localtime_r(&seconds, &local);
  return local;
}

}  // namespace ferrum::jinja
