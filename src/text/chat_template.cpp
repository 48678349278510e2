#include "ferrum/text/chat_template.h"

#include "ferrum/text/utf8.h"
#include "text/jinja/parser.h"

namespace ferrum {
namespace {

using jinja::DictObject;
using jinja::Kind;
using jinja::Value;

[[noreturn]] void refuse(const std::string& what) {
  throw Error(ErrorCode::kInvalidArgument, "chat template context: " + what);
}

std::string checked_text(const std::string& text) {
  if (find_invalid_utf8(text)) refuse("a string is not valid UTF-8");
  return text;
}

std::shared_ptr<DictObject> to_dict(const OrderedJson& json, int depth);

Value to_value(const OrderedJson& json, int depth) {
  if (depth > ChatTemplateLimits::kValueDepth) refuse("values are nested too deeply");
  switch (json.type()) {
    case OrderedJson::value_t::null: return Value::none();
    case OrderedJson::value_t::boolean: return Value::boolean(json.get<bool>());
    case OrderedJson::value_t::number_float: return Value::real(json.get<double>());
    case OrderedJson::value_t::number_integer: return Value::integer(json.get<int64_t>());
    case OrderedJson::value_t::number_unsigned:
      if (json.get<uint64_t>() > INT64_MAX) {
        refuse("the integer " + json.dump() + " does not fit 64 bits");
      }
      return Value::integer(json.get<int64_t>());
    case OrderedJson::value_t::string:
      return Value::constant(checked_text(json.get_ref<const std::string&>()));
    case OrderedJson::value_t::object: return Value(Kind::kDict, to_dict(json, depth));
    case OrderedJson::value_t::array: {
      auto list = std::make_shared<jinja::SequenceObject>();
      for (const auto& item : json) {
        list->items.push_back(to_value(item, depth + 1));
        list->depth = std::max(list->depth, list->items.back().depth() + 1);
      }
      return Value(Kind::kList, std::move(list));
    }
    default: refuse("a value is no JSON");
  }
}

std::shared_ptr<DictObject> to_dict(const OrderedJson& json, int depth) {
  auto dict = std::make_shared<DictObject>();
  for (const auto& [key, item] : json.items()) {
    Value value = to_value(item, depth + 1);
    dict->depth = std::max(dict->depth, value.depth() + 1);
    dict->set(Value::constant(checked_text(key)), std::move(value));
  }
  return dict;
}

}  // namespace

struct ChatTemplate::Program {
  ChatTemplateOptions options;
  jinja::Block statements;
};

ChatTemplate::ChatTemplate(std::unique_ptr<const Program> program)
    : program_(std::move(program)) {}
ChatTemplate::ChatTemplate(ChatTemplate&&) noexcept = default;
ChatTemplate& ChatTemplate::operator=(ChatTemplate&&) noexcept = default;
ChatTemplate::~ChatTemplate() = default;

ChatTemplate ChatTemplate::parse(std::string_view source, ChatTemplateOptions options) {
  if (static_cast<int64_t>(source.size()) > options.limits.source_bytes) {
    throw Error(ErrorCode::kResourceExhausted,
                "chat template: " + std::to_string(source.size()) + " bytes, more than the " +
                    std::to_string(options.limits.source_bytes) + " that are read");
  }
  auto program = std::make_unique<Program>();
  program->statements = jinja::parse_template(source);
  program->options = std::move(options);
  return ChatTemplate(std::move(program));
}

std::string ChatTemplate::render(const OrderedJson& context) const {
  if (!context.is_object()) refuse("it must be an object");
  const auto values = to_dict(context, 0);
  std::string out;
  jinja::Runtime runtime(program_->options, *values, out);
  jinja::execute(runtime, program_->statements);
  return out;
}

}  // namespace ferrum
