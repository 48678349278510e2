#include <algorithm>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "cli/command.h"
#include "cli/interrupt.h"
#include "cli/model_target.h"
#include "cli/printable.h"
#include "cli/secrets.h"
#include "cli/terminal.h"
#include "cli/validators.h"
#include "cli/weight_options.h"
#include "ferrum/engine/parts.h"
#include "ferrum/text/utf8.h"
#include "ferrum/types/error.h"
#include "ferrum/types/format_bytes.h"
#include "ferrum/weights/model_files.h"
#include "ferrum/weights/model_weights.h"
#include "ferrum/weights/weight_location.h"

namespace ferrum::cli {
namespace {

constexpr const char* kExamples = R"(Examples:
  ferrum inspect path/to/model
  ferrum inspect model.safetensors --json | jq '.weights.tensors | keys'
  ferrum inspect path/to/model --summary
  ferrum inspect checkpoint.pt --from pytorch:key=optimizer.state
  ferrum inspect hf:org/name
  ferrum inspect s3://bucket/model.safetensors

Only headers are read, of remote files too.)";

struct InspectOptions {
  std::string target, from;
  WeightOptions weights;
  bool json = false;
  bool summary = false;
};

struct Inspection {
  std::optional<ModelInfo> model;
  std::string refusal;  // why the model cannot be run, where it cannot
  std::optional<WeightMetadata> weights;  // nothing where the model's weight files are missing
};

// In one sentence after another, without the last full stop.
std::string in_words(const Error& error) {
  return error.hint().empty() ? error.message() : error.message() + "; " + error.hint();
}

// Of all files of the model.
WeightMetadata describe_weights(const ModelFiles& files, WeightLoader& loader) {
  const ModelWeights weights(files, loader);
  WeightMetadata all;
  all.total_size_bytes = weights.total_size_bytes();
  for (const WeightSource& source : weights.sources()) {
    const WeightMetadata metadata = loader.get_metadata(source);
    all.format = metadata.format;
    all.extra.update(metadata.extra);
    all.tensors.insert(metadata.tensors.begin(), metadata.tensors.end());
    all.unreadable.insert(metadata.unreadable.begin(), metadata.unreadable.end());
    for (const DataType dtype : metadata.dtypes) {
      if (std::find(all.dtypes.begin(), all.dtypes.end(), dtype) == all.dtypes.end()) {
        all.dtypes.push_back(dtype);
      }
    }
  }
  return all;
}

void describe_model(const ModelFiles& files, const Parts& parts, Inspection& result) {
  try {
    const Json config = read_json(files, "config.json");
    result.model = parse_model_config(parts.models, config)->info();
    refuse_quantized(config, parts.quantizations);
  } catch (const Error& error) {
    result.refusal = in_words(error);
  }
}

// A file that is a model makes its tokenizer of what it says of it, and not of everything.
void describe_tokenizer(const ModelFiles& files, Inspection& result) try {
  constexpr int64_t kMostBytes = int64_t{256} << 20;
  if (result.refusal.empty() && files.contains("tokenizer.json")) {
    files.read_text("tokenizer.json", kMostBytes);
  }
} catch (const Error& error) {
  result.refusal = in_words(error);
}

Inspection inspect_model(const ModelFiles& files, const Parts& parts, WeightLoader& loader) {
  Inspection result;
  describe_model(files, parts, result);
  try {
    result.weights = describe_weights(files, loader);
  } catch (const Error& error) {
    if (error.code() != ErrorCode::kNotFound || !result.model) throw;
    if (!result.refusal.empty()) result.refusal += "; ";
    result.refusal += "the weights are missing: " + in_words(error);
  }
  return result;
}

Inspection inspect_target(const std::string& target, const std::string& from,
                          const WeightLoaderConfig& weights) {
  const Parts parts = create_parts();
  const BackendConfig config;
  const auto backend = parts.backends.get(config.backend_type).create(config);
  backend->initialize(Device::cpu());
  const auto loader = create_weight_loader(parts.weights, backend->tensor_factory(), weights);
  const auto file = find_file_target(parts.weights, target, from, weights);
  if (!file) {
    return inspect_model(*open_model_folder(parts.weights, target, weights), parts, *loader);
  }
  Inspection result;
  result.weights = loader->get_metadata(*file);
  if (parts.weights.formats.get(result.weights->format).open_model) {
    const auto files = open_model(parts.weights, target, weights);
    describe_model(*files, parts, result);
    describe_tokenizer(*files, result);
  }
  return result;
}

void print_model(const ModelInfo& m) {
  write_out(m.architecture + "  " + std::to_string(m.parameters) + " parameters\n" + "  layers " +
            std::to_string(m.layers) + ", hidden " + std::to_string(m.hidden_size) + ", heads " +
            std::to_string(m.heads) + "/" + std::to_string(m.kv_heads) + " of " +
            std::to_string(m.head_dim) + ", feed-forward " + std::to_string(m.intermediate_size) +
            "\n  vocabulary " + std::to_string(m.vocab_size) + ", context " +
            std::to_string(m.max_positions) +
            (m.sliding_window > 0 ? ", window " + std::to_string(m.sliding_window) : "") + "\n");
}

// As stored, and what that is loaded as where it must be decoded: "q4_k -> f32".
std::string stored_kind(const TensorInfo& info) {
  const std::string dtype(to_string(info.dtype));
  return info.encoding.empty() ? dtype : info.encoding + " -> " + dtype;
}
int64_t stored_bytes(const TensorInfo& info) {
  return info.encoding.empty() ? info.size_bytes : info.stored_bytes;
}

// A chat template has pages.
Json shortened(const Json& values) {
  constexpr size_t kShown = 200;
  Json result = values;
  for (Json& value : result) {
    if (!value.is_string() || value.get_ref<std::string&>().size() <= kShown) continue;
    std::string start = value.get<std::string>().substr(0, kShown);
    while (find_invalid_utf8(start)) start.pop_back();
    value = start + "...";
  }
  return result;
}

// A line for each tensor. Names beyond kWidest columns push the rest of their own line aside.
std::string table_of(const WeightMetadata& w) {
  constexpr size_t kWidest = 72;
  std::vector<std::string> names;
  size_t widest = 0;
  for (const auto& [name, info] : w.tensors) {
    names.push_back(printable_line(name));
    const size_t columns = characters(names.back());
    if (columns <= kWidest) widest = std::max(widest, columns);
  }
  std::string table;
  size_t at = 0;
  for (const auto& [name, info] : w.tensors) {
    const std::string& shown = names[at++];
    const size_t columns = characters(shown);
    std::string kind = stored_kind(info);
    kind.resize(std::max<size_t>(kind.size() + 1, 8), ' ');
    table += "  " + shown + std::string(columns < widest ? widest - columns + 2 : 2, ' ') + kind +
             to_string(info.shape) + "  " + format_bytes(stored_bytes(info)) + "\n";
  }
  return table;
}

void print_weights(const WeightMetadata& w, bool summary) {
  std::map<std::string, int64_t> bytes_by_kind;
  int64_t total = 0;
  for (const auto& [tensor, info] : w.tensors) {
    bytes_by_kind[stored_kind(info)] += stored_bytes(info);
    total += stored_bytes(info);
  }
  std::string text = w.format + "  " + std::to_string(w.tensors.size()) +
                     (w.tensors.size() == 1 ? " tensor, " : " tensors, ") + format_bytes(total) +
                     "\n";
  for (const auto& [kind, bytes] : bytes_by_kind) {
    text += "  " + kind + "  " + format_bytes(bytes) + "\n";
  }
  if (!w.extra.empty()) text += "  metadata " + printable_line(shortened(w.extra).dump()) + "\n";
  if (!summary) text += table_of(w);
  for (const auto& [name, why] : w.unreadable) {
    text += "  " + printable_line(name) + "  cannot be loaded: " + printable_line(why) + "\n";
  }
  write_out(text);
}

int inspect(const InspectOptions& o) {
  const EndOnInterrupt ends;
  const Inspection result = inspect_target(o.target, o.from, to_loader_config(o.weights));
  if (o.json) {
    Json json{{"target", without_secrets(o.target)}, {"weights", nullptr}};
    if (result.weights) json["weights"] = *result.weights;
    if (result.model) json["model"] = *result.model;
    if (!result.refusal.empty()) json["cannot_run"] = result.refusal;
    write_json(json);
    return kDone;
  }
  if (result.model) print_model(*result.model);
  if (!result.refusal.empty()) write_out("cannot be run: " + printable_line(result.refusal) + "\n");
  if (result.weights) print_weights(*result.weights, o.summary);
  return kDone;
}

}  // namespace

void add_inspect(CLI::App& app, Action& action) {
  auto o = std::make_shared<InspectOptions>();
  CLI::App* command =
      app.add_subcommand("inspect", "Show what a model directory or weight file holds");
  command
      ->add_option("TARGET", o->target,
                   "Model or weight file: a path, hf:org/name[@rev], https://..., s3://...")
      ->required()
      ->check(not_empty());
  command->add_option("--from", o->from, kFromHelp)->check(not_empty());
  command->add_flag("--summary", o->summary, "Leave out the list of tensors");
  command->add_flag("--json", o->json, "Print one JSON object");
  add_weight_options(*command, o->weights);
  command->footer(kExamples);
  command->callback([o, &action] { action = [o] { return inspect(*o); }; });
}

}  // namespace ferrum::cli
