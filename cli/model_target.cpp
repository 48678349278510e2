#include "cli/model_target.h"

#include <algorithm>
#include <array>
#include <filesystem>

#include "cli/command.h"
#include "cli/validators.h"
#include "ferrum/weights/weight_location.h"

namespace ferrum::cli {
namespace {

// A number or a truth value as such, anything else as text.
Json to_value(const std::string& text) {
  Json value = Json::parse(text, nullptr, false);
  return value.is_number_integer() || value.is_boolean() ? value : Json(text);
}

Json parse_format_options(const std::string& text) {
  Json options = Json::object();
  for (const std::string& option : split(text, ',')) {
    const size_t equals = option.find('=');
    if (equals == option.npos) {
      throw UsageError("'" + option + "' in --from is not OPTION=VALUE",
                       "Write for example --from raw:dtype=f16,shape=32000x2048.");
    }
    const std::string name = option.substr(0, equals), value = option.substr(equals + 1);
    Json& json = options[name];
    if (name != "shape") {
      json = to_value(value);
      continue;
    }
    json = Json::array();
    for (const std::string& size : split(value, 'x')) json.push_back(to_value(size));
  }
  return options;
}

WeightSource parse_file_target(const WeightCatalogs& catalogs, const std::string& target,
                               const std::string& from) {
  WeightSource source = parse_weight_source(catalogs, target);
  const size_t colon = from.find(':');
  source.format = from.substr(0, colon);
  catalogs.formats.get(*source.format);  // says what there is
  if (colon != from.npos) source.format_options = parse_format_options(from.substr(colon + 1));
  return source;
}

}  // namespace

std::optional<WeightSource> find_file_target(const WeightCatalogs& catalogs,
                                             const std::string& target, const std::string& from,
                                             const WeightLoaderConfig& config) {
  if (from.empty()) return find_weight_file(catalogs, target, config);
  return parse_file_target(catalogs, target, from);
}

bool is_here(const std::string& target) {
  std::error_code unknown;
  return std::filesystem::exists(target, unknown);
}

bool is_beside_weights(std::string_view name) {
  constexpr std::array kEndings{".json", ".txt", ".jinja", ".model", ".tiktoken"};
  return std::any_of(kEndings.begin(), kEndings.end(),
                     [&](const char* ending) { return name.ends_with(ending); });
}

void ask_for_texts(const ModelFiles& files) {
  for (const char* name : {"config.json", "generation_config.json", "tokenizer.json",
                           "tokenizer_config.json", "chat_template.jinja"}) {
    files.contains(name);
  }
}

}  // namespace ferrum::cli
